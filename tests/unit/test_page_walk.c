/* store/page_walk.h, page.h and store_check.h on real files. */
#include "unit/store_test.h"

#include <fcntl.h>

#include "store/keys.h"
#include "store/page.h"
#include "store/page_walk.h"
#include "store/store_check.h"

enum { PAGE = 4096 };

struct heard {
	unsigned count;
	char first[700];
};

static void hear(void *arg, const char *table, const char *words)
{
	struct heard *heard = arg;

	if (heard->count++ == 0)
		snprintf(heard->first, sizeof(heard->first), "%s: %s", table,
		         words);
}

static void put_rows(struct fixture *f, int from, int count, size_t len)
{
	struct db_txn *txn = db_begin_write(f->db);
	static char value[20000];

	for (int i = from; i < from + count; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%08d", i);
		raw_put(txn, TABLE_FEED, key, strlen(key), value, len);
	}
	commit_ok(&txn);
}

static void delete_rows(struct fixture *f, int from, int count)
{
	struct db_txn *txn = db_begin_write(f->db);

	for (int i = from; i < from + count; i++) {
		struct db_key key;
		char text[16];

		snprintf(text, sizeof(text), "%08d", i);
		key = key_of_text(TABLE_FEED, text);
		db_delete(txn, &key);
	}
	commit_ok(&txn);
}

/* The data file, opened beside the store; the caller closes. */
static int open_file(const struct fixture *f, int flags)
{
	auto_(xfree_str) char *path = xasprintf("%s/data.mdb", f->directory);
	int fd = open(path, flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static uint64_t walk(int fd, struct heard *heard, struct page_walk *walk)
{
	struct err err = {0};

	memset(heard, 0, sizeof(*heard));
	*walk = (struct page_walk){.fd = fd, .fault = hear, .arg = heard};
	if (page_walk_all(walk, &err) != 0)
		hear(heard, "", err.text);
	return heard->count;
}

static void test_sound_files(void **state)
{
	static const struct {
		const char *name;
		int rows;
		size_t len;
	} rows[] = {
		{"a few rows", 10, 10},
		{"branches", 5000, 100},
		{"long data on overflow pages", 200, 20000},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = open_file(f, O_RDONLY);
		struct page_walk found;
		struct heard heard;

		ROW(&rows[i]);
		put_rows(f, 0, rows[i].rows, rows[i].len);
		delete_rows(f, 0, rows[i].rows / 2);
		if (walk(fd, &heard, &found) != 0)
			fail_msg("%s", heard.first);
		assert_int_equal(found.tables, DB_TABLES);
		assert_true(found.rows >= (uint64_t)rows[i].rows / 2);
		assert_true(found.free_pages > 0);
		assert_int_equal(page_walk_size(fd, &f->err), 0);
		delete_rows(f, 0, rows[i].rows);
		close(fd);
	}
}

/* LMDB does not write pages at the end that nobody uses: a file that lacks them
 * is whole. */
static void test_a_file_without_its_free_end(void **state)
{
	struct fixture *f = *state;
	struct page_walk found;
	struct heard heard;
	char last[PAGE];
	struct stat st;
	off_t pages;
	int fd, cut = 0;

	put_rows(f, 0, 200, 20000);
	for (int i = 0; i < 4; i++)
		delete_rows(f, i * 50, 50);
	/* pages that are in use move to the front */
	for (int i = 0; i < 200; i++)
		put_rows(f, i % 7, 1, 10);
	fd = open_file(f, O_RDWR);
	db_close(&f->db);
	assert_int_equal(fstat(fd, &st), 0);
	pages = st.st_size / PAGE;
	while (page_walk_size(fd, &f->err) == 0) {
		assert_int_equal(walk(fd, &heard, &found), 0);
		cut++;
		assert_int_equal(pread(fd, last, PAGE, (pages - cut) * PAGE),
		                 PAGE);
		assert_int_equal(ftruncate(fd, (pages - cut) * PAGE), 0);
	}
	assert_true(cut > 1);
	assert_true(walk(fd, &heard, &found) > 0);
	assert_non_null(strstr(f->err.text, "the file has only"));
	/* one page back, and it is whole again */
	assert_int_equal(pwrite(fd, last, PAGE, (pages - cut) * PAGE), PAGE);
	close(fd);
	fixture_open(f);
	put_rows(f, 0, 200, 20000);
}

/* The number of a leaf page of the file. */
static uint64_t find_page(int fd, uint64_t pages, int flags)
{
	for (uint64_t n = PAGE_FIRST; n < pages; n++) {
		struct {
			uint64_t number;
			uint16_t pad, flags;
		} head;

		assert_int_equal(
			pread(fd, &head, sizeof(head), (off_t)(n * PAGE)),
			sizeof(head));
		if (head.number == n && head.flags == flags)
			return n;
	}
	fail_msg("no such page");
	return 0;
}

/* Bytes written over one place of a page of that kind; everything else of the
 * file is as it should be. */
static void test_damaged_files(void **state)
{
	enum { META = -1 };
	static const struct {
		const char *name;
		int page; /* flags of a page, or META */
		unsigned at;
		const char *bytes;
		size_t len;
		const char *words;
	} rows[] = {
		{"the magic number", META, 16, "\0", 1, "LMDB"},
		{"no page size", META, 40, "\0\0\0\0", 4, "numbers"},
		{"a page size that is no power of two", META, 40, "\0\x12", 2,
	         "numbers"},
		{"pages past all files", META, 142, "\xff\xff", 2, "numbers"},
		{"another page's number", 2, 0, "\xee", 1, "number"},
		{"a page of no kind", 2, 10, "\x40", 1, "no page"},
		{"more entries than fit", 2, 12, "\xff\x0f", 2, "bounds"},
		{"an entry outside", 2, 16, "\xff\xff", 2, "outside"},
		{"a branch's child", 1, 17, "\x10", 1, "outside"},
	};
	struct fixture *f = *state;
	int fd = open_file(f, O_RDWR);
	struct stat st;

	put_rows(f, 0, 5000, 100);
	db_close(&f->db);
	assert_int_equal(fstat(fd, &st), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_options options = fixture_options(f);
		uint64_t page =
			rows[i].page == META
				? 0
				: find_page(fd, (uint64_t)st.st_size / PAGE,
		                            rows[i].page);
		off_t at = (off_t)page * PAGE + rows[i].at;
		struct page_walk found;
		struct heard heard;
		struct err err = {0};
		char before[8];

		ROW(&rows[i]);
		assert_int_equal(pread(fd, before, rows[i].len, at),
		                 rows[i].len);
		assert_int_equal(pwrite(fd, rows[i].bytes, rows[i].len, at),
		                 rows[i].len);
		/* a free page may be anything */
		if (walk(fd, &heard, &found) > 0) {
			if (strstr(heard.first, rows[i].words) == NULL)
				fail_msg("%s", heard.first);
			assert_int_equal(db_open(&f->db, &options, &err),
			                 ERR_IO);
			assert_non_null(strstr(err.text, "restore a backup"));
		} else {
			assert_int_not_equal(rows[i].page, META);
		}
		assert_int_equal(pwrite(fd, before, rows[i].len, at),
		                 rows[i].len);
	}
	close(fd);
	fixture_open(f);
}

/* The last entry of a page says that it is a little shorter, or longer, than it
 * is: each lies within the page, and LMDB would move the others by that. */
static void test_entries_that_overlap(void **state)
{
	static const unsigned char node[8] = {100, 0, 0, 0, 0, 0, 8, 0};
	static const struct {
		const char *name;
		off_t at; /* in the page */
		unsigned char byte;
	} rows[] = {
		{"data that ends sooner", PAGE - 116, 98},
		{"data that goes into the next entry", PAGE - 232, 102},
		{"a key that goes into the next entry", PAGE - 232 + 6, 10},
	};
	struct fixture *f = *state;
	int fd = open_file(f, O_RDWR);
	struct stat st;

	put_rows(f, 0, 5000, 100);
	db_close(&f->db);
	assert_int_equal(fstat(fd, &st), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned refused = 0;

		ROW(&rows[i]);
		for (off_t page = 0; page < st.st_size; page += PAGE) {
			unsigned char before, bytes[8];
			struct page_walk found;
			struct heard heard;

			assert_int_equal(pread(fd, bytes, 8, page + PAGE - 116),
			                 8);
			if (memcmp(bytes, node, 8) != 0)
				continue;
			assert_int_equal(
				pread(fd, &before, 1, page + rows[i].at), 1);
			assert_int_equal(
				pwrite(fd, &rows[i].byte, 1, page + rows[i].at),
				1);
			if (walk(fd, &heard, &found) > 0) {
				assert_non_null(strstr(heard.first, "overlap"));
				refused++;
			}
			assert_int_equal(
				pwrite(fd, &before, 1, page + rows[i].at), 1);
		}
		/* a page that is free may be anything */
		assert_true(refused > 100);
	}
	close(fd);
	fixture_open(f);
}

/* Who only reads gets a damaged store open, and copies nothing. */
static void test_no_copy(void **state)
{
	enum { LARGE = 4 };
	static const char large[3 * PAGE];
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	auto_(xfree_str) char *copy = xasprintf("%s/copy", f->directory);
	struct db_txn *txn = db_begin_write(f->db);
	struct stat st;
	int fd;

	raw_put(txn, TABLE_WANTED, "a.example", 9, large, sizeof(large));
	commit_ok(&txn);
	db_close(&f->db);
	fd = open_file(f, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(
		pwrite(fd, "\xee", 1,
	               (off_t)find_page(fd, (uint64_t)st.st_size / PAGE,
	                                LARGE) *
	                       PAGE),
		1);
	close(fd);
	options.read_only = true;
	assert_int_equal(db_open(&f->db, &options, &f->err), 0);
	assert_int_equal(backup_to(f->db, copy, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "restore a backup"));
	assert_int_not_equal(access(copy, F_OK), 0);
}

/* A row that its module cannot read is told, and those after it are read. */
static void test_damaged_rows(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	struct heard heard = {0};
	struct store_check check = {.fault = hear, .arg = &heard};
	struct db_txn *txn = db_begin_write(f->db);
	auto_(xfree_str) char *copy = xasprintf("%s/copy", f->directory);
	struct db_backup backup = {.name = copy};

	raw_put(txn, TABLE_WANTED, "a.example", 9, "short", 5);
	raw_put(txn, TABLE_WANTED, "b.example", 9, "123456789012", 12);
	raw_put(txn, TABLE_WANTED, "c.example", 9, "short", 5);
	raw_put(txn, TABLE_RATE, "12345678", 8, "short", 5);
	commit_ok(&txn);
	assert_int_equal(backup_to(f->db, copy, &f->err), 0);
	db_close(&f->db);
	assert_int_equal(store_check_run(&check, &options, &f->err), 0);
	assert_int_equal(check.faults, 3);
	assert_true(check.rows >= 4);
	assert_non_null(strstr(heard.first, "rate"));
	assert_null(strstr(heard.first, "restore"));

	check.faults = 0;
	backup.fd = open(copy, O_RDONLY);
	assert_int_equal(store_check_backup(&check, &options, &backup, &f->err),
	                 0);
	close(backup.fd);
	assert_int_equal(check.faults, 3);
	fixture_open(f);
}

/* What is kept of days beside their counts: of lines, of sessions that are
 * nobody's, of levels. */
static void test_damaged_days(void **state)
{
	static const struct {
		const char *name;
		const char *key;
		size_t len;
		const char *value;
	} rows[] = {
		{"lines without a number", "\0\0\0\7\6\1\0\0\0\0\0\0\0\1", 14,
	         "short"},
		{"lines of no fate", "\0\0\0\7\6\0\0\0\0\0\0\0\0\1", 14,
	         "number 8"},
		{"lines of a user below none",
	         "\0\0\0\7\6\5\xff\xff\xff\xff\xff\xff\xff\xff", 14,
	         "number 8"},
		{"nobody's", "\0\0\0\7\7", 5, "short"},
		{"levels", "\0\0\0\7\10", 5, "short"},
	};
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct heard heard = {0};
		struct store_check check = {.fault = hear, .arg = &heard};
		struct db_key key =
			raw_key(TABLE_DAY, rows[i].key, rows[i].len);
		struct db_txn *txn = db_begin_write(f->db);

		ROW(&rows[i]);
		db_put_bytes(txn, &key, rows[i].value, strlen(rows[i].value));
		commit_ok(&txn);
		db_close(&f->db);
		assert_int_equal(store_check_run(&check, &options, &f->err), 0);
		assert_int_equal(check.faults, 1);
		assert_non_null(strstr(heard.first, "table day"));
		fixture_open(f);
		txn = db_begin_write(f->db);
		db_delete(txn, &key);
		commit_ok(&txn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_sound_files),
		STORE_TEST(test_a_file_without_its_free_end),
		STORE_TEST(test_damaged_files),
		STORE_TEST(test_entries_that_overlap),
		STORE_TEST(test_no_copy),
		STORE_TEST(test_damaged_rows),
		STORE_TEST(test_damaged_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
