#include "unit/store_test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/feed_table.h"
#include "store/keys.h"
#include "store/meta_table.h"
#include "store/schema.h"
#include "store/store_dir.h"

static void put(struct db *db, const char *key, const char *value)
{
	struct db_txn *txn = db_begin_write(db);

	raw_put(txn, TABLE_FEED, key, strlen(key), value, strlen(value));
	commit_ok(&txn);
}

/* The value, or "" when it is not there. */
static const char *get(struct db *db, const char *key)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	static __thread char text[256];
	struct db_value v;

	text[0] = '\0';
	if (raw_get(txn, TABLE_FEED, key, strlen(key), &v))
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

	raw_put(txn, TABLE_FEED, "a", 1, "1", 1);
	db_fail(txn, ERR_NOTFOUND, "no outbox entry %d", 7);
	db_fail(txn, ERR_IO, "later");
	raw_put(txn, TABLE_FEED, "b", 1, "1", 1);
	assert_int_equal(raw_get(txn, TABLE_FEED, "a", 1, &v), 0);
	assert_int_equal(db_commit(&txn, &err), ERR_NOTFOUND);
	assert_null(txn);
	assert_string_equal(err.text, "no outbox entry 7");
	assert_string_equal(get(f->db, "a"), "");
}

static void test_a_reader_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_read(f->db);

	raw_put(txn, TABLE_FEED, "a", 1, "1", 1);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "read transaction"));
}

static void test_keys_have_limits(void **state)
{
	struct fixture *f = *state;
	static char long_key[DB_KEY_MAX + 1];
	struct db_key key = key_of(TABLE_FEED);
	struct db_txn *txn = db_begin_write(f->db);

	key_bytes(&key, long_key, sizeof(long_key));
	key_u8(&key, 1);
	assert_int_equal(key.len, DB_KEY_MAX + 2);
	db_put_bytes(txn, &key, "1", 1);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "longer than 511"));
}

static char first(const struct db_value *value)
{
	assert_int_equal(value->len, 1);
	return *(const char *)value->data;
}

/* What is there of "aa" to "ea": all rows of it, in their order. */
static void test_rows(void **state)
{
	static const struct {
		const char *name;
		const char *key;
		bool from; /* all from it on */
		const char *want;
	} rows[] = {
		{"all", "", false, "abcde"},
		{"of a prefix", "c", false, "c"},
		{"of a whole key", "ca", false, "c"},
		{"of nothing", "cc", false, ""},
		{"behind the last", "f", false, ""},
		{"from a key on", "ca", true, "cde"},
		{"from between two on", "cc", true, "de"},
		{"from behind the last on", "f", true, ""},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	for (char k = 'a'; k <= 'e'; k++)
		raw_put(txn, TABLE_FEED, (char[]){k, 'a'}, 2, &k, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_key key = key_of_text(TABLE_FEED, rows[i].key);
		auto_(db_rows_end) struct db_rows each =
			rows[i].from ? db_rows_from(txn, &key)
				     : db_rows(txn, &key);
		char got[8] = "";
		size_t n = 0;

		ROW(&rows[i]);
		while (db_rows_next(&each))
			got[n++] = first(&each.row.value);
		assert_string_equal(got, rows[i].want);
	}
	commit_ok(&txn);
}

/* Rows may go, and come, while somebody goes through them. */
static void test_rows_change(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct db_key all = key_of(TABLE_FEED), key;
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	struct db_row row;

	for (char k = 'a'; k <= 'e'; k++)
		raw_put(txn, TABLE_FEED, &k, 1, &k, 1);
	for (char k = 'a'; k <= 'c'; k++) {
		assert_true(db_rows_next(&rows));
		assert_int_equal(first(&rows.row.key), k);
	}
	db_rows_delete(&rows);
	raw_put(txn, TABLE_FEED, "dd", 2, "D", 1);
	assert_true(db_rows_next(&rows));
	assert_int_equal(first(&rows.row.value), 'd');
	assert_true(db_rows_next(&rows));
	assert_int_equal(first(&rows.row.value), 'D');
	key = key_of_text(TABLE_FEED, "c");
	assert_int_equal(db_get(txn, &key, &row), 0);
	assert_int_equal(db_get_from(txn, &key, &row), 1);
	assert_int_equal(first(&row.key), 'd');
	assert_int_equal(db_get_from(txn, &all, &row), 1);
	assert_int_equal(first(&row.key), 'a');
	assert_int_equal(db_get_last(txn, TABLE_FEED, &row), 1);
	assert_int_equal(first(&row.key), 'e');
	key = key_of_text(TABLE_FEED, "f");
	assert_int_equal(db_get_from(txn, &key, &row), 0);
	assert_false(db_delete(txn, &key));
	assert_int_equal(db_get(txn, &all, &row), 0); /* LMDB has no such key */
	commit_ok(&txn);
	assert_false(db_rows_next(&rows)); /* outlived its transaction */
}

static void test_modes_and_descriptors(void **state)
{
	/* the group may read, and a reader writes itself down in the locks */
	static const struct {
		const char *name;
		mode_t mode;
	} files[] = {
		{"data.mdb", 0640}, {"lock.mdb", 0660}, {"store.lock", 0660}};
	struct fixture *f = *state;
	auto_(xfree_str) char *sub = xasprintf("%s/a/b", f->directory);
	struct db_options options = fixture_options(f);
	struct db *db;
	struct stat st;
	mode_t mask = umask(0077);

	options.directory = sub;
	assert_int_equal(db_open(&db, &options, &f->err), 0);
	umask(mask);
	for (size_t i = 0; i < COUNT(files); i++) {
		auto_(xfree_str) char *path =
			xasprintf("%s/%s", sub, files[i].name);

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, files[i].mode);
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
		{"no LMDB file", junk, true, false, ERR_IO, "LMDB file"},
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
	struct db_size size;

	db_close(&f->db);
	options.map_size = UINT64_C(64) << 30;
	if (db_open(&f->db, &options, &f->err) != 0)
		fail_msg("%s", f->err.text);
	put(f->db, "a", "1");
	assert_int_equal(db_size(f->db, &size, &f->err), 0);
	assert_true(size.used > 0 && size.used <= size.file &&
	            size.file < 1 << 20 && size.map == options.map_size);
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
		const char *got = store_dir_network_name(rows[i].f_type);

		ROW(&rows[i]);
		if (rows[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].want);
	}
}

static void bump(struct db_txn *txn)
{
	raw_put(txn, TABLE_FEED, "upgraded", 8, "yes", 3);
}

static void no_way(struct db_txn *txn)
{
	raw_put(txn, TABLE_FEED, "upgraded", 8, "half", 4);
	db_fail(txn, ERR_IO, "cannot");
}

static void test_feeds_that_count_the_same(void **state)
{
	enum { NOW = 1772359200, TWO_DAYS = 2 * 86400 };
	static const struct {
		const char *name, *mine, *there;
		int64_t last_event;
		int want;
	} rows[] = {
		{"the log, and events", "log", "events", NOW - 60, 1},
		{"events, and the log", "events", "log", NOW - 60, 1},
		{"two days ago", "log", "events", NOW - TWO_DAYS, 1},
		{"longer ago", "log", "events", NOW - TWO_DAYS - 1, 0},
		{"runs, but has counted nothing", "log", "events", 0, 0},
		{"itself", "log", "log", NOW - 60, 0},
		{"what counts something else", "log", "milter", NOW - 60, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(f->db);
		struct feed feed = {.watermark = NOW,
		                    .seen_at = NOW,
		                    .last_event = rows[i].last_event};
		struct feed other;

		ROW(&rows[i]);
		snprintf(feed.name, sizeof(feed.name), "%s", rows[i].there);
		feed_table_put(txn, &feed);
		assert_int_equal(
			feed_table_conflict(txn, rows[i].mine, NOW, &other),
			rows[i].want);
		if (rows[i].want)
			assert_string_equal(other.name, rows[i].there);
	}
}

static void test_schema(void **state)
{
	static const struct schema_step good[] = {{.from = 1, .run = bump},
	                                          {.from = 2, .run = bump}};
	static const struct schema_step bad[] = {{.from = 1, .run = bump},
	                                         {.from = 2, .run = no_way}};
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
	         "which this program cannot upgrade to 2",
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
	         "the store has schema version 3, but this program supports 1: "
	         "upgrade tlstally",
	         "yes",
	         3},
	};
	struct fixture *f = *state;
	struct db_txn *first = db_begin_write(f->db);
	struct schema_ids ids;

	meta_put(first, META_SCHEMA, 1);
	commit_ok(&first);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = NULL;
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(schema_open(f->db, &rows[i].plan, &ids, &err),
		                 rows[i].want);
		if (rows[i].words != NULL)
			assert_non_null(strstr(err.text, rows[i].words));
		assert_string_equal(get(f->db, "upgraded"), rows[i].upgraded);
		txn = db_begin_read(f->db);
		assert_int_equal(meta_get(txn, META_SCHEMA), rows[i].version);
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

	assert_int_equal(feed_table_get(txn, "events", &got), 0);
	feed_table_put(txn, &feed);
	snprintf(feed.name, sizeof(feed.name), "log");
	feed_table_put(txn, &feed);
	got.name[0] = '\0';
	assert_int_equal(feed_table_next(txn, &got), 1);
	assert_string_equal(got.name, "events");
	assert_int_equal(got.watermark, 1772359200);
	assert_int_equal(got.seen_at, 1772359201);
	assert_int_equal(got.last_event, -1);
	assert_true(got.events == UINT64_MAX);
	assert_int_equal(feed_table_next(txn, &got), 1);
	assert_string_equal(got.name, "log");
	assert_int_equal(feed_table_next(txn, &got), 0);
	raw_put(txn, TABLE_FEED, "x\n", 2, "1", 1);
	assert_int_equal(feed_table_get(txn, "x\n", &got), 0);
	assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "table feed"));
	assert_non_null(strstr(f->err.text, "'x\\x0a'"));
}

/*
 * LMDB's begin and commit, with an answer of our own first where a test asks
 * for it: what a dying disk does cannot be had otherwise.
 */
int __real_mdb_txn_begin(void *env, void *parent, unsigned flags, void **txn);
int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void **txn);
int __real_mdb_txn_commit(void *txn);
int __wrap_mdb_txn_commit(void *txn);
void mdb_txn_abort(void *txn);

/* of this thread */
static __thread int begin_answer, commit_answer;

static int take(int *answer)
{
	int rc = *answer;

	*answer = 0;
	return rc;
}

int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void **txn)
{
	int rc = take(&begin_answer);

	return rc ? rc : __real_mdb_txn_begin(env, parent, flags, txn);
}

int __wrap_mdb_txn_commit(void *txn)
{
	int rc = take(&commit_answer);

	if (rc == 0)
		return __real_mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

/* lmdb.h, which only db.c includes */
enum { PANIC = -30795, MAP_RESIZED = -30785, READERS_FULL = -30790 };

static void test_what_lmdb_says_in_words(void **state)
{
	static const struct {
		const char *name;
		int begin, commit, want;
		const char *words;
	} rows[] = {
		{"disk full", 0, ENOSPC, ERR_BUSY, "the disk is full"},
		{"disk full, as 0.9.24 says it", 0, EIO, ERR_BUSY,
	         "full or failing"},
		{"quota", 0, EDQUOT, ERR_BUSY, "quota"},
		{"ulimit", 0, EFBIG, ERR_BUSY, "ulimit -f"},
		{"readers", READERS_FULL, 0, ERR_BUSY, "simultaneous readers"},
		{"panic: opened anew at once", PANIC, 0, 0, NULL},
		{"resized: taken over", MAP_RESIZED, 0, 0, NULL},
		{"something else", 0, EINVAL, ERR_IO, "Invalid argument"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_txn *txn;
		struct err err = {0};

		ROW(&rows[i]);
		begin_answer = rows[i].begin;
		commit_answer = rows[i].commit;
		txn = db_begin_write(f->db);
		raw_put(txn, TABLE_FEED, "k", 1, rows[i].name, 4);
		assert_int_equal(db_commit(&txn, &err), rows[i].want);
		commit_answer = 0;
		if (rows[i].words != NULL) {
			assert_non_null(strstr(err.text, rows[i].words));
			assert_non_null(strstr(err.text, f->directory));
		}
		/* and the next one works */
		put(f->db, "k", "next");
		assert_string_equal(get(f->db, "k"), "next");
	}
}

static void test_panic_waits_for_the_others(void **state)
{
	struct fixture *f = *state;
	struct db_txn *reader = db_begin_read(f->db), *writer;
	struct db_value v;

	begin_answer = PANIC;
	writer = db_begin_write(f->db);
	assert_int_equal(db_commit(&writer, &f->err), ERR_BUSY);
	assert_non_null(strstr(f->err.text, "reopened"));
	assert_int_equal(raw_get(reader, TABLE_FEED, "a", 1, &v), 0);
	assert_int_equal(db_commit(&reader, &f->err), 0);
	begin_answer = PANIC;
	put(f->db, "a", "1");
	assert_string_equal(get(f->db, "a"), "1");
}

static void fill(struct db *db, char *value, size_t len, int rows,
                 struct err *err, int want)
{
	struct db_txn *txn = db_begin_write(db);

	for (int i = 0; i < rows; i++)
		raw_put(txn, TABLE_BODY, &i, sizeof(i), value, len);
	assert_int_equal(db_commit(&txn, err), want);
}

static void test_a_full_map(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	static char value[10000];

	db_close(&f->db);
	options.map_size = 1u << 20;
	assert_int_equal(db_open(&f->db, &options, &f->err), 0);
	fill(f->db, value, sizeof(value), 1000, &f->err, ERR_BUSY);
	assert_non_null(strstr(f->err.text, "map_size"));
	fill(f->db, value, sizeof(value), 1, &f->err, 0);
	/* another process with a larger map: ours follows */
	db_close(&f->db);
	fixture_open(f);
	fill(f->db, value, sizeof(value), 1000, &f->err, 0);
}

/* The settings, which a person changes. */
static uint64_t size_in_settings(void *arg)
{
	return *(const uint64_t *)arg;
}

static void open_small(struct fixture *f, uint64_t *size)
{
	struct db_options options = fixture_options(f);

	*size = 1u << 20;
	db_close(&f->db);
	options.map_size = *size;
	options.map_size_now = size_in_settings;
	options.map_size_arg = size;
	assert_int_equal(db_open(&f->db, &options, &f->err), 0);
}

static void test_a_map_that_is_raised(void **state)
{
	struct fixture *f = *state;
	static char value[10000];
	uint64_t size;

	open_small(f, &size);
	fill(f->db, value, sizeof(value), 1000, &f->err, ERR_BUSY);
	/* a quarter more, of which purging lives; then no more */
	fill(f->db, value, sizeof(value), 90, &f->err, 0);
	fill(f->db, value, sizeof(value), 1000, &f->err, ERR_BUSY);
	fill(f->db, value, sizeof(value), 1000, &f->err, ERR_BUSY);
	size = 64u << 20;
	fill(f->db, value, sizeof(value), 1000, &f->err, 0);
	/* and it goes on from there */
	fill(f->db, value, sizeof(value), 10000, &f->err, ERR_BUSY);
	size = 256u << 20;
	fill(f->db, value, sizeof(value), 10000, &f->err, 0);
}

/* Threads with transactions of their own, and one inside another, while the
 * map moves. */
struct reading {
	struct fixture *f;
	atomic_bool end;
	atomic_uint rounds;
};

static void *read_on(void *arg)
{
	struct reading *r = arg;

	while (!atomic_load(&r->end)) {
		struct db_txn *outer = db_begin_read(r->f->db);
		struct db_value v = {0};

		/* lent until the transaction ends, wherever the map goes */
		if (raw_get(outer, TABLE_FEED, "a", 1, &v) != 1 || v.len != 1)
			abort();
		for (int i = 0; i < 100; i++) {
			if (strcmp(get(r->f->db, "b"), "2") != 0 ||
			    *(const volatile char *)v.data != '1')
				abort();
		}
		db_abort(&outer);
		atomic_fetch_add(&r->rounds, 1);
	}
	return NULL;
}

static void test_a_map_that_moves_under_readers(void **state)
{
	struct fixture *f = *state;
	struct reading reading = {.f = f};
	static char value[10000];
	pthread_t threads[3];
	uint64_t size;

	open_small(f, &size);
	put(f->db, "a", "1");
	put(f->db, "b", "2");
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_on, &reading),
			0);
	fill(f->db, value, sizeof(value), 1000, &f->err, ERR_BUSY);
	size = 64u << 20;
	fill(f->db, value, sizeof(value), 1000, &f->err, 0);
	for (int i = 0; i < 20; i++) {
		begin_answer = MAP_RESIZED;
		fill(f->db, value, sizeof(value), 1, &f->err, 0);
	}
	while (atomic_load(&reading.rounds) < 10)
		usleep(1000);
	atomic_store(&reading.end, true);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
}

static void test_a_full_disk(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	auto_(xfree_str) char *mnt = xasprintf("%s/mnt", f->directory);
	static char value[10000];
	struct db *db;

	assert_int_equal(mkdir(mnt, 0700), 0);
	if (mount("tmpfs", mnt, "tmpfs", 0, "size=1m") != 0)
		skip(); /* not root, or not allowed to mount */
	options.directory = mnt;
	assert_int_equal(db_open(&db, &options, &f->err), 0);
	put(db, "before", "1");
	fill(db, value, sizeof(value), 1000, &f->err, ERR_BUSY);
	assert_non_null(strstr(f->err.text, "disk is full"));
	assert_string_equal(get(db, "before"), "1");
	assert_int_equal(mount("tmpfs", mnt, "tmpfs", MS_REMOUNT, "size=32m"),
	                 0);
	fill(db, value, sizeof(value), 1000, &f->err, 0);
	db_close(&db);
	assert_int_equal(umount(mnt), 0);
}

/* Runs the deed in a child that then waits to be killed. */
static pid_t child(struct fixture *f, void (*deed)(struct fixture *f))
{
	int pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		deed(f);
		if (write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void open_shared(struct fixture *f)
{
	struct db_options options = fixture_options(f);

	if (db_open(&f->db, &options, &f->err) != 0)
		_exit(1);
}

static void open_exclusive(struct fixture *f)
{
	struct db_options options = fixture_options(f);

	options.exclusive = true;
	if (db_open(&f->db, &options, &f->err) != 0)
		_exit(1);
}

static void find_too_new(struct fixture *f)
{
	struct db_options options = fixture_options(f);
	struct db *db;

	if (db_open(&db, &options, &f->err) != ERR_IO ||
	    strstr(f->err.text, "upgrade tlstally") == NULL)
		_exit(1);
}

static void write_and_hold(struct fixture *f)
{
	struct db_txn *txn;

	open_shared(f);
	txn = db_begin_write(f->db);
	raw_put(txn, TABLE_FEED, "half", 4, "1", 1);
}

static void read_and_hold(struct fixture *f)
{
	open_shared(f);
	if (db_failed(db_begin_read(f->db)))
		_exit(1);
}

static void test_sharing(void **state)
{
	static const struct {
		const char *name;
		void (*other)(struct fixture *f);
		bool exclusive;
		int want;
		const char *words;
	} rows[] = {
		{"both share", open_shared, false, 0, NULL},
		{"we want it alone", open_shared, true, ERR_BUSY,
	         "stop the tlstally daemons first"},
		{"the other has it alone", open_exclusive, false, ERR_BUSY,
	         "replacing or upgrading"},
		{"both alone", open_exclusive, true, ERR_BUSY,
	         "another process is using the store"},
	};
	struct fixture *f = *state;

	db_close(&f->db);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_options options = fixture_options(f);
		pid_t pid = child(f, rows[i].other);
		struct err err = {0};

		ROW(&rows[i]);
		options.exclusive = rows[i].exclusive;
		assert_int_equal(db_open(&f->db, &options, &err), rows[i].want);
		if (rows[i].words != NULL)
			assert_non_null(strstr(err.text, rows[i].words));
		db_close(&f->db);
		end_child(pid);
		assert_int_equal(db_open(&f->db, &options, &err), 0);
		db_close(&f->db);
	}
}

static void test_an_upgrade_waits_for_the_others(void **state)
{
	const uint32_t version = schema_plan.version;
	const struct schema_step steps[] = {{.from = version, .run = bump}};
	const struct schema_plan plan = {version + 1, steps, 1};
	struct fixture *f = *state;
	struct schema_ids ids;
	char words[64];
	pid_t pid;

	snprintf(words, sizeof(words),
	         "cannot upgrade the store from schema version %u to %u",
	         version, version + 1);
	db_close(&f->db);
	pid = child(f, open_shared);
	fixture_open(f);
	assert_int_equal(schema_open(f->db, &plan, &ids, &f->err), ERR_BUSY);
	assert_non_null(strstr(f->err.text, words));
	db_close(&f->db);
	end_child(pid);
	fixture_open(f);
	assert_int_equal(schema_open(f->db, &plan, &ids, &f->err), 0);
	assert_int_equal(ids.store_id, db_store_id(f->db));
	/* shared again: another may come, though it finds it too new */
	end_child(child(f, find_too_new));
}

static void test_files_that_are_taken_away(void **state)
{
	static const char *const names[] = {"data.mdb", "lock.mdb"};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		auto_(xfree_str) char *path =
			xasprintf("%s/%s", f->directory, names[i]);
		auto_(xfree_str) char *away = xasprintf("%s.away", path);
		int fd;

		assert_int_equal(db_check_place(f->db, &f->err), 0);
		assert_int_equal(rename(path, away), 0);
		assert_int_equal(db_check_place(f->db, &f->err), ERR_IO);
		assert_non_null(strstr(f->err.text, names[i]));
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(db_check_place(f->db, &f->err), ERR_IO);
		assert_int_equal(rename(away, path), 0);
	}
	assert_int_equal(db_check_place(f->db, &f->err), 0);
}

static void cut_data(const struct fixture *f)
{
	auto_(xfree_str) char *path = xasprintf("%s/data.mdb", f->directory);

	if (truncate(path, 2 * 4096) != 0)
		abort();
}

static void test_a_file_that_is_cut(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);

	assert_int_equal(db_check_place(f->db, &f->err), 0);
	cut_data(f);
	assert_int_equal(db_check_place(f->db, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "damaged: restore a backup"));
	db_close(&f->db);
	assert_int_equal(db_open(&f->db, &options, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "damaged: restore a backup"));
}

static void test_a_killed_writer(void **state)
{
	struct fixture *f = *state;

	db_close(&f->db);
	end_child(child(f, write_and_hold));
	fixture_open(f);
	assert_string_equal(get(f->db, "half"), "");
	put(f->db, "half", "2");
	assert_string_equal(get(f->db, "half"), "2");
}

/* A reader that died would keep old pages for ever. */
static void test_a_killed_reader(void **state)
{
	static char value[100000];
	struct fixture *f = *state;
	struct db_size before, after;

	db_close(&f->db);
	end_child(child(f, read_and_hold));
	fixture_open(f);
	db_check_readers(f->db);
	fill(f->db, value, sizeof(value), 10, &f->err, 0);
	assert_int_equal(db_size(f->db, &before, &f->err), 0);
	for (int i = 0; i < 20; i++)
		fill(f->db, value, sizeof(value), 10, &f->err, 0);
	assert_int_equal(db_size(f->db, &after, &f->err), 0);
	assert_true(after.file < 4 * before.file);
}

static void use_after_fork(struct fixture *f)
{
	struct db_txn *txn = db_begin_read(f->db);

	if (db_commit(&txn, &f->err) != ERR_IO ||
	    strstr(f->err.text, "before a fork") == NULL)
		_exit(1);
}

static void test_a_store_is_not_used_across_a_fork(void **state)
{
	struct fixture *f = *state;

	end_child(child(f, use_after_fork));
	put(f->db, "a", "1");
}

/* As nobody, whom neither the directory nor its files are for. */
static void open_as_nobody(struct fixture *f)
{
	struct db_options options = fixture_options(f);

	options.create = false;
	if (setgroups(0, NULL) != 0 || setgid(65534) != 0 ||
	    setuid(65534) != 0 ||
	    db_open(&f->db, &options, &f->err) != ERR_IO ||
	    strstr(f->err.text, f->directory) == NULL ||
	    strstr(f->err.text, "Permission denied") == NULL)
		_exit(1);
}

static void test_another_user_is_told(void **state)
{
	struct fixture *f = *state;

	db_close(&f->db);
	if (geteuid() != 0)
		skip();
	end_child(child(f, open_as_nobody));
	assert_int_equal(chmod(f->directory, 0755), 0);
	end_child(child(f, open_as_nobody));
}

enum { THREADS = 4, ROUNDS = 200 };

/* Both rows come from one commit: no reader ever sees one without the other. */
static void *read_pairs(void *arg)
{
	struct db *db = arg;
	size_t bad = 0;

	for (int i = 0; i < ROUNDS; i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);
		struct db_value a = {"", 0}, b = {"", 0};
		int both = raw_get(txn, TABLE_FEED, "a", 1, &a) +
		           raw_get(txn, TABLE_DAY, "b", 1, &b);

		bad += db_failed(txn) || both == 1 || a.len != b.len ||
		       memcmp(a.data, b.data, a.len) != 0;
	}
	return bad == 0 ? NULL : db;
}

static void test_threads(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_pairs, f->db),
			0);
	for (int i = 0; i < ROUNDS; i++) {
		struct db_txn *txn = db_begin_write(f->db);

		raw_put(txn, TABLE_FEED, "a", 1, &i, sizeof(i));
		raw_put(txn, TABLE_DAY, "b", 1, &i, sizeof(i));
		commit_ok(&txn);
		db_check_readers(f->db);
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *bad;

		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
}

static void test_backup_and_restore(void **state)
{
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	auto_(xfree_str) char *copy = xasprintf("%s/copy.mdb", f->directory);
	auto_(xfree_str) char *before =
		xasprintf("%s/data.mdb.before", f->directory);
	uint64_t id = db_store_id(f->db);
	struct db_txn *writer;
	struct stat st;

	put(f->db, "a", "old");
	/* while somebody writes */
	writer = db_begin_write(f->db);
	raw_put(writer, TABLE_FEED, "a", 1, "half", 4);
	assert_int_equal(backup_to(f->db, copy, &f->err), 0);
	commit_ok(&writer);
	assert_int_equal(stat(copy, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(backup_to(f->db, copy, &f->err), ERR_IO);
	assert_non_null(strstr(f->err.text, "exists already"));
	put(f->db, "a", "new");
	assert_int_equal(restore_from(&options, copy, &f->err), ERR_BUSY);
	assert_string_equal(get(f->db, "a"), "new");
	db_close(&f->db);
	if (restore_from(&options, copy, &f->err) != 0)
		fail_msg("%s", f->err.text);
	fixture_open(f);
	assert_string_equal(get(f->db, "a"), "old");
	assert_int_equal(db_store_id(f->db), id);
	assert_int_equal(stat(before, &st), 0);
	put(f->db, "a", "newer");
	db_close(&f->db);
	assert_int_equal(restore_from(&options, before, &f->err), 0);
	fixture_open(f);
	assert_string_equal(get(f->db, "a"), "new");
}
static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

/* A copy whose file was cut in the middle: reading it ends a process. */
static void cut(const char *from, const char *to, size_t len)
{
	auto_(xfree_str) char *bytes = xmalloc(len);
	int fd = open(from, O_RDONLY);

	assert_int_equal(read(fd, bytes, len), len);
	close(fd);
	write_file(to, bytes, len);
}

static void make_newer(struct db *db)
{
	struct db_txn *txn = db_begin_write(db);

	meta_put(txn, META_SCHEMA, 99);
	commit_ok(&txn);
}

static void test_what_is_not_restored(void **state)
{
	static char value[100000];
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	auto_(xfree_str) char *junk = xasprintf("%s/junk", f->directory);
	auto_(xfree_str) char *good = xasprintf("%s/good", f->directory);
	auto_(xfree_str) char *half = xasprintf("%s/half", f->directory);
	auto_(xfree_str) char *newer = xasprintf("%s/newer", f->directory);
	const struct {
		const char *name, *path;
		int want;
		const char *words;
	} rows[] = {
		{"no LMDB file", junk, ERR_IO, "LMDB file"},
		{"a cut file", half, ERR_IO, "is damaged"},
		{"a newer schema", newer, ERR_IO,
	         "the store has schema version 99"},
	};

	memset(value, 'x', sizeof(value));
	write_file(junk, value, sizeof(value));
	fill(f->db, value, sizeof(value), 10, &f->err, 0);
	assert_int_equal(backup_to(f->db, good, &f->err), 0);
	cut(good, half, 200000);
	make_newer(f->db);
	assert_int_equal(backup_to(f->db, newer, &f->err), 0);
	db_close(&f->db);
	assert_int_equal(restore_from(&options, good, &f->err), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(restore_from(&options, rows[i].path, &err),
		                 rows[i].want);
		assert_non_null(strstr(err.text, rows[i].words));
		assert_non_null(strstr(err.text, rows[i].path));
		fixture_open(f);
		db_close(&f->db);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_is_put_is_there_again),
		STORE_TEST(test_first_failure_stays),
		STORE_TEST(test_a_reader_cannot_write),
		STORE_TEST(test_keys_have_limits),
		STORE_TEST(test_rows),
		STORE_TEST(test_rows_change),
		STORE_TEST(test_modes_and_descriptors),
		STORE_TEST(test_opening),
		STORE_TEST(test_the_default_map_fits),
		STORE_TEST(test_file_systems),
		STORE_TEST(test_schema),
		STORE_TEST(test_feeds),
		STORE_TEST(test_feeds_that_count_the_same),
		STORE_TEST(test_what_lmdb_says_in_words),
		STORE_TEST(test_panic_waits_for_the_others),
		STORE_TEST(test_a_full_map),
		STORE_TEST(test_a_map_that_is_raised),
		STORE_TEST(test_a_map_that_moves_under_readers),
		STORE_TEST(test_a_full_disk),
		STORE_TEST(test_sharing),
		STORE_TEST(test_an_upgrade_waits_for_the_others),
		STORE_TEST(test_files_that_are_taken_away),
		STORE_TEST(test_a_file_that_is_cut),
		STORE_TEST(test_a_killed_writer),
		STORE_TEST(test_a_killed_reader),
		STORE_TEST(test_a_store_is_not_used_across_a_fork),
		STORE_TEST(test_another_user_is_told),
		STORE_TEST(test_threads),
		STORE_TEST(test_backup_and_restore),
		STORE_TEST(test_what_is_not_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
