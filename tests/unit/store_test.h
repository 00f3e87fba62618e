/* A temporary store for a test: made, opened, closed and removed. */
#ifndef TLSTALLY_TESTS_UNIT_STORE_TEST_H
#define TLSTALLY_TESTS_UNIT_STORE_TEST_H

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/new_file.h"
#include "base/xalloc.h"
#include "store/db.h"
#include "store/keys.h"
#include "unit/test.h"

struct fixture {
	char *directory; /* exists; the store is in it */
	struct db *db;
	struct err err;
};

static inline struct db_options fixture_options(const struct fixture *f)
{
	return (struct db_options){.directory = f->directory,
	                           .map_size = 256u << 20,
	                           .create = true};
}

static inline int remove_entry(const char *path, const struct stat *st,
                               int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void fixture_make(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");

	memset(f, 0, sizeof(*f));
	f->directory = xasprintf("%s/tlstally-test.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->directory));
}

static inline void fixture_open(struct fixture *f)
{
	struct db_options options = fixture_options(f);

	if (db_open(&f->db, &options, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static inline void fixture_clear(struct fixture *f)
{
	db_close(&f->db);
	if (f->directory != NULL)
		nftw(f->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	xfree_str(&f->directory);
}

/* For cmocka: every test gets a store of its own. */
static inline int store_setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	fixture_make(f);
	fixture_open(f);
	*state = f;
	return 0;
}

static inline int store_teardown(void **state)
{
	fixture_clear(*state);
	free(*state);
	return 0;
}

/* A copy under that name, which must be free, as `tlstally backup` makes it. */
static inline int backup_to(struct db *db, const char *path, struct err *err)
{
	auto_(new_file_drop) struct new_file *file = NULL;

	if (new_file_open(&file, path, 0640, false, err) != 0 ||
	    db_copy(db, new_file_fd(file), path, err) != 0)
		return err->class;
	return new_file_commit(file, err);
}

/* 0 whether there was a store or not. */
static inline int restore_from(const struct db_options *options,
                               const char *path, struct err *err)
{
	struct db_backup backup = {open(path, O_RDONLY | O_CLOEXEC), path};
	int rc;

	assert_true(backup.fd >= 0);
	rc = db_restore(options, &backup, err);
	close(backup.fd);
	return rc > 0 ? 0 : rc;
}

static inline void commit_ok(struct db_txn **txn)
{
	struct err err = {0};

	if (db_commit(txn, &err) != 0)
		fail_msg("commit: %s", err.text);
}

/* Any bytes as a key, as no module would make it. */
static inline struct db_key raw_key(enum db_table table, const void *key,
                                    size_t len)
{
	struct db_key out = {.table = table, .len = len};

	if (len <= sizeof(out.bytes))
		memcpy(out.bytes, key, len);
	return out;
}

static inline void raw_put(struct db_txn *txn, enum db_table table,
                           const void *key, size_t key_len, const void *data,
                           size_t len)
{
	struct db_key k = raw_key(table, key, key_len);

	db_put_bytes(txn, &k, data, len);
}

static inline int raw_get(struct db_txn *txn, enum db_table table,
                          const void *key, size_t key_len,
                          struct db_value *value)
{
	struct db_key k = raw_key(table, key, key_len);
	struct db_row row;

	if (!db_get(txn, &k, &row))
		return 0;
	*value = row.value;
	return 1;
}

#define STORE_TEST(fn)                                                         \
	cmocka_unit_test_setup_teardown(fn, store_setup, store_teardown)

static inline size_t rows_in(struct db_txn *txn, enum db_table table)
{
	struct db_key all = key_of(table);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	size_t n = 0;

	while (db_rows_next(&rows))
		n++;
	return n;
}

#endif
