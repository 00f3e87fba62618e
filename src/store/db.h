/*
 * db - the store: one LMDB environment, behind functions that do not show it
 *
 * Several processes have the store open at once and none is in another's way.
 * A transaction keeps its first failure and makes later steps no-ops;
 * db_commit() reports it, so a caller writes its steps down one after the
 * other and asks once:
 *
 *     auto_(db_abort) struct db_txn *txn = db_begin_write(db);
 *
 *     db_put(txn, &key, &value);
 *     return db_commit(&txn, err);
 *
 * A key is one value, table and all, made by a function of store/keys.h or of
 * the table's module.  Rows that are found are lent by LMDB until the
 * transaction ends or the next write: table modules copy them, nobody above
 * sees them.
 *
 * Sharing: every process holds a shared lock on DIRECTORY/store.lock; what
 * replaces the data file (restore, an upgrade) takes it exclusively or is
 * refused.  Nothing else may ever open lock.mdb: closing it would drop
 * LMDB's own locks.  One environment a process, opened after forking.
 */
#ifndef TLSTALLY_STORE_DB_H
#define TLSTALLY_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/reader.h"
#include "base/strbuf.h"

/* store/keys.h says what stands in each. */
enum db_table {
	TABLE_META,
	TABLE_TALLY,
	TABLE_INTERN,
	TABLE_DAY,
	TABLE_FEED,
	TABLE_OUTBOX,
	TABLE_DESTINATION,
	TABLE_BODY,
	TABLE_DUE,
	TABLE_ARCHIVE,
	TABLE_SUPPRESS,
	TABLE_RATE,
	TABLE_OWN_REPORT,
	TABLE_LOG_STATE,
	TABLE_LOG_PENDING,
	TABLE_POLICY,
	TABLE_WANTED,
	TABLE_TOKEN,
	TABLE_INBOUND,
	TABLE_MAIL,
	TABLE_OWN_SEEN,
	TABLE_CHANGE,
	TABLE_API_TOKEN,
	TABLE_COUNTER,
	TABLE_DOUBT,
	TABLE_TLS_OPTIONAL,
	TABLE_FINDING,
	TABLE_TOLD,
	TABLE_LOG_COMPLETING,
	TABLE_QUEUE,
	TABLE_HOST_DAY,
	TABLE_HOST_COUNT,
	TABLE_MERGED,
	TABLE_DOMAIN_INDEX,
	TABLE_UNTOLD,
	TABLE_DOMAIN_HISTORY,
	TABLE_JOURNAL,
	TABLE_OUTBOX_INDEX,
	TABLE_RECEIVED,
	TABLE_RECEIVED_SUM,
	TABLE_RECEIVED_SEEN,
	TABLE_SIGN_IN,
	TABLE_RECEIVED_EXPIRY,
	TABLE_OWN_HOST,
	TABLE_RECEIVED_RATE,
	DB_TABLES
};

struct db;
struct db_txn;
struct page_walk;

struct db_options {
	const char *directory; /* made, with its parents, when create */
	uint64_t map_size;     /* bytes, sparse */
	/* What map_size is by now, 0: not known; asked when the map is full.
	 * NULL: it stays. */
	uint64_t (*map_size_now)(void *arg);
	void *map_size_arg;
	bool create;
	bool exclusive; /* ERR_BUSY while anybody else has it open */
	bool read_only;
};

/* ERR_NOTFOUND: no store there and not told to create; ERR_BUSY: held
 * exclusively by another; ERR_IO: network file system, rights, disk, a newer
 * schema - in words. */
int db_open(struct db **db, const struct db_options *options, struct err *err);
void db_close(struct db **db);

/* A random number made with the store: hosts differ by it. */
uint64_t db_store_id(const struct db *db);
/* Another random number, the seed of hashes that are kept in the store. */
uint64_t db_seed(const struct db *db);

bool db_is_read_only(const struct db *db);

/* Takes the store for this process alone, or shares it again.  ERR_BUSY:
 * others have it open; then nothing is held any more: close it. */
int db_lock(struct db *db, bool exclusive, struct err *err);

/* Drops readers that died; call at open and every minute. */
void db_check_readers(struct db *db);

/* ERR_IO when data.mdb or lock.mdb was removed or replaced by hand since it was
 * opened: commits then succeed and nobody will ever read them, and another
 * process would lock another file.  Also when data.mdb was cut.  Call every few
 * seconds. */
int db_check_place(struct db *db, struct err *err);

/* Bytes. */
struct db_size {
	uint64_t used; /* by data */
	uint64_t file; /* on disk, with what is free in it */
	uint64_t map;  /* what used can grow to: map_size, or once that is full
	                * a quarter more */
};
int db_size(struct db *db, struct db_size *size, struct err *err);

/*
 * What a table module keeps in memory of the store, and of what a transaction
 * sees of it: made when it is first asked for, freed with the store or with the
 * transaction.  There is one of each kind.
 */
enum db_memory_kind {
	DB_MEMORY_JOURNAL,
	DB_MEMORY_WAITING,
	DB_MEMORY_SCAN,
	DB_MEMORY_FAULT,
	DB_MEMORY_PERIOD,
	DB_MEMORY_CHANGES,
	DB_MEMORIES
};
void *db_memory(struct db_txn *txn, enum db_memory_kind kind,
                void *(*make)(void), void (*free)(void *));
void *db_txn_memory(struct db_txn *txn, enum db_memory_kind kind,
                    void *(*make)(void), void (*free)(void *));

/* Never NULL: a transaction that could not begin has failed already. */
struct db_txn *db_begin_read(struct db *db);
struct db_txn *db_begin_write(struct db *db);

/*
 * Ends the transaction and sets *txn NULL.  0 or its first failure: ERR_BUSY
 * for a full disk or map (keep what you have and try again), ERR_IO else.
 * Read transactions are ended by either.
 */
int db_commit(struct db_txn **txn, struct err *err);
void db_abort(struct db_txn **txn);

/* Fails the transaction from outside; the first failure stays. */
void db_fail(struct db_txn *txn, int class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool db_failed(const struct db_txn *txn);
bool db_writes(const struct db_txn *txn);
/* The failure, or 0; for readers that do not commit. */
int db_failure(const struct db_txn *txn, struct err *err);

/* The store that the transaction is in. */
const struct db *db_of(const struct db_txn *txn);

/* LMDB's own limit.  A longer key keeps a len past it, which the store refuses
 * in words. */
enum { DB_KEY_MAX = 511 };

struct db_key {
	enum db_table table;
	size_t len;
	uint8_t bytes[DB_KEY_MAX];
};

struct db_value {
	const void *data;
	size_t len;
};

/* A row that was found; lent. */
struct db_row {
	enum db_table table;
	struct db_value key, value;
};

/* The row of that key; the first one not before it (an empty key: of the
 * table); the table's last.  1, or 0: there is none, or the transaction has
 * failed. */
int db_get(struct db_txn *txn, const struct db_key *key, struct db_row *row);
int db_get_from(struct db_txn *txn, const struct db_key *key,
                struct db_row *row);
int db_get_last(struct db_txn *txn, enum db_table table, struct db_row *row);
/* The last one before it. */
int db_get_before(struct db_txn *txn, const struct db_key *key,
                  struct db_row *row);

void db_put(struct db_txn *txn, const struct db_key *key,
            const struct strbuf *value);
void db_put_bytes(struct db_txn *txn, const struct db_key *key,
                  const void *data, size_t len);
/* The same where the key is mostly the table's last: pages get full. */
void db_put_last(struct db_txn *txn, const struct db_key *key,
                 const struct strbuf *value);
/* False: the row stood there as it is already, and was not written. */
bool db_put_changed(struct db_txn *txn, const struct db_key *key,
                    const struct strbuf *value);
/* True when there was one. */
bool db_delete(struct db_txn *txn, const struct db_key *key);

/* For decoders: `good`, or else the transaction fails, for the row cannot be
 * read. */
bool db_row_is(struct db_txn *txn, const struct db_row *row, bool good);
/* Their bytes. */
struct reader db_row_key(const struct db_row *row);
struct reader db_row_value(const struct db_row *row);

/* Rows that are one number.  db_get_u64() gives 0 where there is none. */
uint64_t db_get_u64(struct db_txn *txn, const struct db_key *key);
void db_put_u64(struct db_txn *txn, const struct db_key *key, uint64_t v);
void db_add_u64(struct db_txn *txn, const struct db_key *key, uint64_t n);

/*
 * The rows whose keys begin as the one given, or all from it on, in their
 * order:
 *
 *     auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
 *
 *     while (db_rows_next(&rows))
 *             ... rows.row ...
 *
 * Rows may be written meanwhile, also of that table.
 */
struct db_rows {
	struct db_row row;

	struct db_txn *txn; /* NULL: it has ended */
	struct db_rows *next;
	void *cursor; /* NULL: nothing was read yet */
	struct db_key at;
	size_t prefix_len;
};
struct db_rows db_rows(struct db_txn *txn, const struct db_key *prefix);
struct db_rows db_rows_from(struct db_txn *txn, const struct db_key *start);
bool db_rows_next(struct db_rows *rows);
/* Takes the row away at which it stands. */
void db_rows_delete(struct db_rows *rows);
void db_rows_end(struct db_rows *rows);

/* Deletes rows whose key is before `end`, at most max; returns how many. */
size_t db_delete_before(struct db_txn *txn, const struct db_key *end,
                        size_t max);
/* The same with DB_PURGE_ROWS, which are added to *rows.  1: there is more. */
int db_purge_before(struct db_txn *txn, const struct db_key *end,
                    uint64_t *rows);
/* Deletes the rows whose key is not before `start`. */
void db_delete_from(struct db_txn *txn, const struct db_key *start);

/* Bytes written in this transaction so far: batches end at 8 MiB. */
size_t db_written(const struct db_txn *txn);

enum { DB_BATCH_ROWS = 1000, DB_BATCH_BYTES = 8 * 1024 * 1024 };
/* A commit costs more than deleting a thousand neighbours. */
enum { DB_PURGE_ROWS = 10000 };

/* Writes a consistent, compacted copy to the descriptor, which errors call
 * `name`, while everything runs; of a damaged store none. */
int db_copy(struct db *db, int fd, const char *name, struct err *err);

/* Such a copy, to be read from where the descriptor stands: a file, a pipe. */
struct db_backup {
	int fd;
	const char *name; /* for errors */
};

/* Takes the place of the store, which nobody else may have open; the copy is
 * checked first.  1 when there was a store, whose data file is kept beside it
 * as data.mdb.before; 0 when there was none. */
int db_restore(const struct db_options *options, const struct db_backup *backup,
               struct err *err);

/* Copies the backup to a directory of its own within that one, hands it to
 * look(), and removes it. */
int db_try_backup(const char *directory, const struct db_backup *backup,
                  int (*look)(void *arg, const char *trial, struct err *err),
                  void *arg, struct err *err);

/*
 * Walks the pages of a store that may be too damaged to be opened
 * (page_walk.h; fd and txn_id are set here), while others may write to it.
 * 0, whatever it finds.
 */
int db_walk_pages(const struct db_options *options, struct page_walk *walk,
                  struct err *err);

/* As errors name it: "own-report". */
const char *db_table_name(enum db_table table);

#endif
