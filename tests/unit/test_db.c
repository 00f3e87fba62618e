#include "unit/store_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/feed_table.h"
#include "store/keys.h"
#include "store/schema.h"
#include "store/store_dir.h"

static void put(struct db *db, const char *key, const char *value)
{
	struct db_txn *txn = db_begin_write(db);

	db_put(txn, TABLE_FEED, key, strlen(key), value, strlen(value));
	commit_ok(&txn);
}

/* The value, or "" when it is not there. */
static const char *get(struct db *db, const char *key)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	static char text[256];
	struct db_value v;

	text[0] = '\0';
	if (db_get(txn, TABLE_FEED, key, strlen(key), &v))
		snprintf(text, sizeof(text), "%.*s", (int)v.len,
		         (const char *)v.data);
	assert_false(db_failed(txn));
	return text;
}

static void test_what_is_put_is_there_again(void **state)
{
	struct fixture *f = *state;
	uint64_t id = db_store_id(f->db), seed = db_seed(f->db);

	put(f->db, "a", "1");
	assert_string_equal(get(f->db, "a"), "1");
	assert_string_equal(get(f->db, "b"), "");
	assert_int_not_equal(id, seed);
	db_close(&f->db);
	fixture_open(f);
	assert_string_equal(get(f->db, "a"), "1");
	assert_int_equal(db_store_id(f->db), id);
	assert_int_equal(db_seed(f->db), seed);
}

static void test_first_failure_stays(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct db_value v;
	struct err err;

	db_put(txn, TABLE_FEED, "a", 1, "1", 1);
	db_fail(txn, ERR_NOTFOUND, "no outbox entry %d", 7);
	db_fail(txn, ERR_IO, "later");
	db_put(txn, TABLE_FEED, "b", 1, "1", 1);
	assert_int_equal(db_get(txn, TABLE_FEED, "a", 1, &v), 0);
	assert_int_equal(db_commit(&txn, &err), ERR_NOTFOUND);
	assert_null(txn);
	assert_string_equal(err.text, "no outbox entry 7");
	assert_string_equal(get(f->db, "a"), "");
}

static void test_a_reader_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_read(f->db);

	db_put(txn, TABLE_FEED, "a", 1, "1", 1);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "read transaction"));
}

static void test_keys_have_limits(void **state)
{
	struct fixture *f = *state;
	static char long_key[KEY_MAX + 1];
	struct key key;
	struct db_txn *txn = db_begin_write(f->db);

	key_init(&key);
	key_bytes(&key, long_key, sizeof(long_key));
	key_u8(&key, 1);
	assert_int_equal(key.len, KEY_MAX + 2);
	db_put(txn, TABLE_FEED, key.bytes, key.len, "1", 1);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "longer than 511"));
}

static void test_cursors(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	auto_(db_cursor_close) struct db_cursor *c =
		db_cursor_open(txn, TABLE_FEED);
	struct db_value key, value;

	for (char k = 'a'; k <= 'e'; k++)
		db_put(txn, TABLE_FEED, &k, 1, &k, 1);
	assert_true(db_seek(c, "bb", 2));
	db_at(c, &key, &value);
	assert_memory_equal(key.data, "c", 1);
	db_cursor_delete(c);
	assert_true(db_next(c));
	db_at(c, &key, NULL);
	assert_memory_equal(key.data, "d", 1);
	assert_true(db_prev(c));
	db_at(c, &key, NULL);
	assert_memory_equal(key.data, "b", 1);
	assert_true(db_last(c));
	assert_false(db_next(c));
	assert_false(db_seek(c, "f", 1));
	commit_ok(&txn);
	assert_false(db_last(c)); /* outlived its transaction */
}

static void test_modes_and_descriptors(void **state)
{
	static const char *const names[] = {"data.mdb", "lock.mdb",
	                                    "store.lock"};
	struct fixture *f = *state;
	auto_(xfree_str) char *sub = xasprintf("%s/a/b", f->directory);
	struct db_options options = fixture_options(f);
	struct db *db;
	struct stat st;
	mode_t mask = umask(0077);

	options.directory = sub;
	assert_int_equal(db_open(&db, &options, &f->err), 0);
	umask(mask);
	for (size_t i = 0; i < COUNT(names); i++) {
		auto_(xfree_str) char *path = xasprintf("%s/%s", sub, names[i]);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
	}
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	/* every descriptor of either store ends with exec */
	for (int fd = 3; fd < 64; fd++) {
		char link[64], path[512] = "";

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, path, sizeof(path) - 1) > 0 &&
		    strstr(path, "tlstally-test") != NULL)
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
	db_close(&db);
}

static void test_opening(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *empty = xasprintf("%s/empty", f->directory);
	auto_(xfree_str) char *none = xasprintf("%s/none", f->directory);
	auto_(xfree_str) char *junk = xasprintf("%s/junk", f->directory);
	auto_(xfree_str) char *file =
		xasprintf("%s/junk/data.mdb", f->directory);
	const struct {
		const char *name, *directory;
		bool create, read_only;
		int want;
		const char *words;
	} rows[] = {
		{"no directory", none, false, false, ERR_NOTFOUND, none},
		{"an empty directory", empty, false, false, ERR_NOTFOUND,
	         empty},
		{"reading only", f->directory, false, true, 0, NULL},
		{"no LMDB file", junk, true, false, ERR_IO, "no LMDB file"},
	};
	char noise[8192];
	int fd;

	memset(noise, 'x', sizeof(noise));
	assert_int_equal(mkdir(empty, 0700), 0);
	assert_int_equal(mkdir(junk, 0700), 0);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
	close(fd);
	db_close(&f->db);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_options options = {.directory = rows[i].directory,
		                             .map_size = 1u << 20,
		                             .create = rows[i].create,
		                             .read_only = rows[i].read_only};
		struct db *db;
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(db_open(&db, &options, &err), rows[i].want);
		if (rows[i].words != NULL)
			assert_non_null(strstr(err.text, rows[i].words));
		if (db != NULL && rows[i].read_only) {
			struct db_txn *txn = db_begin_write(db);

			assert_int_equal(db_commit(&txn, &err), ERR_IO);
			assert_non_null(strstr(err.text, "reading only"));
		}
		db_close(&db);
	}
}

static void test_the_default_map_fits(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	uint64_t used, file;

	db_close(&f->db);
	options.map_size = UINT64_C(64) << 30;
	if (db_open(&f->db, &options, &f->err) != 0)
		fail_msg("%s", f->err.text);
	put(f->db, "a", "1");
	assert_int_equal(db_size(f->db, &used, &file, &f->err), 0);
	assert_true(used > 0 && used <= file && file < 1 << 20);
}

static void test_file_systems(void **state)
{
	static const struct {
		const char *name;
		uint32_t f_type;
		const char *want;
	} rows[] = {
		{"ext4", 0xef53, NULL},       {"tmpfs", 0x01021994, NULL},
		{"xfs", 0x58465342, NULL},    {"btrfs", 0x9123683e, NULL},
		{"zfs", 0x2fc12fc1, NULL},    {"overlay", 0x794c7630, NULL},
		{"nfs", 0x6969, "NFS"},       {"cifs", 0xff534d42, "CIFS"},
		{"smb2", 0xfe534d42, "SMB2"}, {"9p", 0x01021997, "9P"},
		{"fuse", 0x65735546, "FUSE"}, {"ceph", 0x00c36400, "Ceph"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = network_file_system(rows[i].f_type);

		ROW(&rows[i]);
		if (rows[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].want);
	}
}

static void bump(struct db_txn *txn)
{
	db_put(txn, TABLE_FEED, "upgraded", 8, "yes", 3);
}

static void no_way(struct db_txn *txn)
{
	db_put(txn, TABLE_FEED, "upgraded", 8, "half", 4);
	db_fail(txn, ERR_IO, "cannot");
}

static void test_schema(void **state)
{
	static const struct schema_step good[] = {{1, bump}, {2, bump}};
	static const struct schema_step bad[] = {{1, bump}, {2, no_way}};
	static const struct {
		const char *name;
		struct schema_plan plan;
		int want;
		const char *words, *upgraded;
		uint64_t version;
	} rows[] = {
		{"the same version", {.version = 1}, 0, NULL, "", 1},
		{"no step to take",
	         {.version = 2},
	         ERR_IO,
	         "no way from there to 2",
	         "",
	         1},
		{"a step fails: what it did is gone",
	         {3, bad, 2},
	         ERR_IO,
	         "cannot",
	         "yes",
	         2},
		{"two steps", {3, good, 2}, 0, NULL, "yes", 3},
		{"a newer store",
	         {.version = 1},
	         ERR_IO,
	         "store of schema 3, this program knows 1: upgrade tlstally",
	         "yes",
	         3},
	};
	struct fixture *f = *state;
	struct schema_ids ids;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = NULL;
		struct err err = {0};
		uint64_t version;

		ROW(&rows[i]);
		assert_int_equal(schema_open(f->db, &rows[i].plan, &ids, &err),
		                 rows[i].want);
		if (rows[i].words != NULL)
			assert_non_null(strstr(err.text, rows[i].words));
		assert_string_equal(get(f->db, "upgraded"), rows[i].upgraded);
		txn = db_begin_read(f->db);
		assert_int_equal(meta_get(txn, META_SCHEMA, &version), 1);
		assert_int_equal(version, rows[i].version);
	}
}

static void test_feeds(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct feed feed = {.name = "events",
	                    .watermark = 1772359200,
	                    .seen_at = 1772359201,
	                    .last_event = -1,
	                    .events = UINT64_MAX};
	struct feed got = {0};

	assert_int_equal(feed_get(txn, "events", &got), 0);
	feed_put(txn, &feed);
	snprintf(feed.name, sizeof(feed.name), "log");
	feed_put(txn, &feed);
	got.name[0] = '\0';
	assert_int_equal(feed_next(txn, &got), 1);
	assert_string_equal(got.name, "events");
	assert_int_equal(got.watermark, 1772359200);
	assert_int_equal(got.seen_at, 1772359201);
	assert_int_equal(got.last_event, -1);
	assert_true(got.events == UINT64_MAX);
	assert_int_equal(feed_next(txn, &got), 1);
	assert_string_equal(got.name, "log");
	assert_int_equal(feed_next(txn, &got), 0);
	feed_delete(txn, "log");
	feed_delete(txn, "log");
	assert_int_equal(feed_get(txn, "log", &got), 0);
	db_put(txn, TABLE_FEED, "x\n", 2, "1", 1);
	assert_int_equal(feed_get(txn, "x\n", &got), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table feed"));
	assert_non_null(strstr(f->err.text, "'x\\x0a'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_is_put_is_there_again),
		STORE_TEST(test_first_failure_stays),
		STORE_TEST(test_a_reader_cannot_write),
		STORE_TEST(test_keys_have_limits),
		STORE_TEST(test_cursors),
		STORE_TEST(test_modes_and_descriptors),
		STORE_TEST(test_opening),
		STORE_TEST(test_the_default_map_fits),
		STORE_TEST(test_file_systems),
		STORE_TEST(test_schema),
		STORE_TEST(test_feeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
