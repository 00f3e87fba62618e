/* Transactions, rows and cursors. */
#include "store/db_lmdb.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/xalloc.h"

static int begin_lmdb(struct db_txn *txn)
{
	unsigned flags = txn->write ? 0 : MDB_RDONLY;
	int rc = LMDB(mdb_txn_begin(txn->db->env, NULL, flags, &txn->txn));

	if (rc == MDB_PANIC || rc == MDB_MAP_RESIZED) {
		if (db_mend(txn->db, rc, &txn->failure) != 0)
			return txn->failure.class;
		rc = LMDB(mdb_txn_begin(txn->db->env, NULL, flags, &txn->txn));
	}
	if (rc != 0)
		return db_lmdb_error(txn->db, rc, "begin", &txn->failure);
	return 0;
}

/* For the next writer: db_make_room(). */
static void note_full(struct db_txn *txn, int rc)
{
	if (rc != MDB_MAP_FULL)
		return;
	pthread_mutex_lock(&txn->db->mutex);
	txn->db->is_full = true;
	pthread_mutex_unlock(&txn->db->mutex);
}

static struct db_txn *begin(struct db *db, bool write)
{
	struct db_txn *txn = xcalloc(1, sizeof(*txn));

	txn->db = db;
	txn->write = write;
	if (write && db->options.read_only)
		db_fail(txn, ERR_IO,
		        "store %s: the store is open for reading only",
		        db->dir.path);
	else
		txn->entered = db_enter(db, &txn->failure) == 0;
	if (txn->entered && write)
		db_make_room(db);
	if (txn->entered && begin_lmdb(txn) != 0)
		txn->txn = NULL;
	return txn;
}

struct db_txn *db_begin_read(struct db *db)
{
	return begin(db, false);
}

struct db_txn *db_begin_write(struct db *db)
{
	return begin(db, true);
}

static void drop_cursors(struct db_txn *txn)
{
	for (struct db_rows *r = txn->rows; r != NULL; r = r->next) {
		mdb_cursor_close(r->cursor);
		r->cursor = NULL;
		r->txn = NULL;
	}
	txn->rows = NULL;
	for (int i = 0; i < DB_TABLES; i++) {
		if (txn->places[i] != NULL)
			mdb_cursor_close(txn->places[i]);
		txn->places[i] = NULL;
	}
}

static void forget(struct db_memory *memory)
{
	if (memory->data != NULL)
		memory->free(memory->data);
}

static void end_txn(struct db_txn **txn)
{
	drop_cursors(*txn);
	for (size_t i = 0; i < DB_MEMORIES; i++)
		forget(&(*txn)->memories[i]);
	if ((*txn)->txn != NULL)
		mdb_txn_abort((*txn)->txn);
	if ((*txn)->entered)
		db_leave((*txn)->db);
	free(*txn);
	*txn = NULL;
}

/* mdb_txn_commit(), or what it does on a full disk. */
static int end_lmdb(MDB_txn *txn)
{
	enum failpoint_full full = failpoint_full();

	if (full == FAILPOINT_ROOM)
		return LMDB(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return full == FAILPOINT_MAP_FULL ? MDB_MAP_FULL : ENOSPC;
}

static void commit_lmdb(struct db_txn *txn)
{
	int rc;

	drop_cursors(txn);
	failpoint_hit("commit");
	rc = end_lmdb(txn->txn);
	txn->txn = NULL;
	note_full(txn, rc);
	if (rc != 0)
		db_lmdb_error(txn->db, rc, "commit", &txn->failure);
	else
		failpoint_hit("committed");
}

int db_commit(struct db_txn **txn, struct err *err)
{
	int rc;

	if ((*txn)->write && !db_failed(*txn))
		commit_lmdb(*txn);
	rc = db_failure(*txn, err);
	end_txn(txn);
	return rc;
}

void db_abort(struct db_txn **txn)
{
	if (*txn != NULL)
		end_txn(txn);
}

void db_fail(struct db_txn *txn, int class, const char *fmt, ...)
{
	va_list ap;

	if (db_failed(txn))
		return;
	va_start(ap, fmt);
	err_vset(&txn->failure, class, fmt, ap);
	va_end(ap);
}

bool db_failed(const struct db_txn *txn)
{
	return txn->failure.class != 0;
}

bool db_writes(const struct db_txn *txn)
{
	return txn->write;
}

int db_failure(const struct db_txn *txn, struct err *err)
{
	if (db_failed(txn) && err != NULL)
		*err = txn->failure;
	return txn->failure.class;
}

static void damaged(struct db_txn *txn, enum db_table table, const void *key,
                    size_t key_len)
{
	char text[300];

	db_fail(txn, ERR_IO,
	        "store %s: table %s: the row with key '%s' is damaged: restore "
	        "a backup (tlstally restore FILE); `tlstally check-store` "
	        "lists what else cannot be read",
	        txn->db->dir.path, db_table_name(table),
	        log_escape(text, sizeof(text), key, key_len));
}

bool db_row_is(struct db_txn *txn, const struct db_row *row, bool good)
{
	if (!good)
		damaged(txn, row->table, row->key.data, row->key.len);
	return good;
}

const struct db *db_of(const struct db_txn *txn)
{
	return txn->db;
}

static void *remember(struct db_memory *memory, void *(*make)(void),
                      void (*free_it)(void *))
{
	if (memory->data == NULL)
		*memory = (struct db_memory){make(), free_it};
	return memory->data;
}

void *db_memory(struct db_txn *txn, enum db_memory_kind kind,
                void *(*make)(void), void (*free_it)(void *))
{
	void *data;

	pthread_mutex_lock(&txn->db->mutex);
	data = remember(&txn->db->memories[kind], make, free_it);
	pthread_mutex_unlock(&txn->db->mutex);
	return data;
}

void *db_txn_memory(struct db_txn *txn, enum db_memory_kind kind,
                    void *(*make)(void), void (*free_it)(void *))
{
	return remember(&txn->memories[kind], make, free_it);
}

/* Keeps what LMDB said as the transaction's failure; "not there" is none. */
static bool check(struct db_txn *txn, enum db_table table, int rc)
{
	char what[32];

	if (rc == 0 || rc == MDB_NOTFOUND)
		return rc == 0;
	note_full(txn, rc);
	if (!db_failed(txn)) {
		snprintf(what, sizeof(what), "table %s", db_table_name(table));
		db_lmdb_error(txn->db, rc, what, &txn->failure);
	}
	return false;
}

/* A step is possible: the transaction is alive, the table is there. */
static bool ready(struct db_txn *txn, enum db_table table)
{
	return !db_failed(txn) && txn->db->has_table[table];
}

/* LMDB only reads what it is given, but takes it as void *. */
static MDB_val val(const void *data, size_t len)
{
	union {
		const void *in;
		void *out;
	} u = {.in = data};

	return (MDB_val){.mv_size = len, .mv_data = u.out};
}

static MDB_cursor *place(struct db_txn *txn, enum db_table table)
{
	if (txn->places[table] == NULL &&
	    !check(txn, table,
	           LMDB(mdb_cursor_open(txn->txn, txn->db->dbis[table],
	                                &txn->places[table]))))
		txn->places[table] = NULL;
	return txn->places[table];
}

static size_t kept_len(const struct db_key *key)
{
	return key->len < DB_KEY_MAX ? key->len : DB_KEY_MAX;
}

static int compare(const MDB_val *a, const struct db_key *key)
{
	size_t b_len = kept_len(key);
	size_t len = a->mv_size < b_len ? a->mv_size : b_len;
	int order = memcmp(a->mv_data, key->bytes, len);

	return order != 0           ? order
	       : a->mv_size < b_len ? -1
	                            : a->mv_size > b_len;
}

/* Whoever goes through a table would go round for ever where a damaged page
 * leads back. */
static bool goes_on(const MDB_val *at, MDB_cursor_op op,
                    const struct db_key *key)
{
	return op == MDB_NEXT        ? compare(at, key) > 0
	       : op == MDB_PREV      ? compare(at, key) < 0
	       : op == MDB_SET_RANGE ? compare(at, key) >= 0
	                             : true;
}

static bool move(struct db_txn *txn, MDB_cursor *cursor, MDB_cursor_op op,
                 const struct db_key *key, struct db_row *row)
{
	MDB_val k = val(key->bytes, key->len), v = {0};

	if (!check(txn, key->table, LMDB(mdb_cursor_get(cursor, &k, &v, op))))
		return false;
	if (k.mv_size > DB_KEY_MAX ||
	    !db_fault_is_inside(k.mv_data, k.mv_size) ||
	    !db_fault_is_inside(v.mv_data, v.mv_size) ||
	    !goes_on(&k, op, key)) {
		damaged(txn, key->table, key->bytes, kept_len(key));
		return false;
	}
	*row = (struct db_row){.table = key->table,
	                       .key = {k.mv_data, k.mv_size},
	                       .value = {v.mv_data, v.mv_size}};
	return true;
}

static int find_row(struct db_txn *txn, MDB_cursor_op op,
                    const struct db_key *key, struct db_row *row)
{
	MDB_cursor *at = ready(txn, key->table) ? place(txn, key->table) : NULL;

	return at != NULL && move(txn, at, op, key, row);
}

/* LMDB has no empty key. */
int db_get(struct db_txn *txn, const struct db_key *key, struct db_row *row)
{
	return key->len > 0 && find_row(txn, MDB_SET_KEY, key, row);
}

int db_get_from(struct db_txn *txn, const struct db_key *key,
                struct db_row *row)
{
	return find_row(txn, key->len == 0 ? MDB_FIRST : MDB_SET_RANGE, key,
	                row);
}

int db_get_last(struct db_txn *txn, enum db_table table, struct db_row *row)
{
	struct db_key key;

	key.table = table;
	key.len = 0;
	return find_row(txn, MDB_LAST, &key, row);
}

int db_get_before(struct db_txn *txn, const struct db_key *key,
                  struct db_row *row)
{
	struct db_row at;

	if (!db_get_from(txn, key, &at))
		return db_get_last(txn, key->table, row);
	return find_row(txn, MDB_PREV, key, row);
}

/* A writer's place in the table; NULL when it cannot write. */
static MDB_cursor *place_to_write(struct db_txn *txn, enum db_table table)
{
	if (!db_failed(txn) && !txn->write)
		db_fail(txn, ERR_IO, "store %s: write in a read transaction",
		        txn->db->dir.path);
	return ready(txn, table) ? place(txn, table) : NULL;
}

void db_put_bytes(struct db_txn *txn, const struct db_key *key,
                  const void *data, size_t len)
{
	MDB_val k = val(key->bytes, key->len), v = val(data, len);
	MDB_cursor *at = place_to_write(txn, key->table);

	if (at == NULL)
		return;
	check(txn, key->table, LMDB(mdb_cursor_put(at, &k, &v, 0)));
	txn->written += key->len + len;
}

void db_put_last(struct db_txn *txn, const struct db_key *key,
                 const struct strbuf *value)
{
	MDB_val k = val(key->bytes, key->len);
	MDB_val v = val(value->data, value->len);
	MDB_cursor *at = place_to_write(txn, key->table);
	int rc;

	if (at == NULL)
		return;
	rc = LMDB(mdb_cursor_put(at, &k, &v, MDB_APPEND));
	if (rc == MDB_KEYEXIST) /* it is not the last */
		rc = LMDB(mdb_cursor_put(at, &k, &v, 0));
	check(txn, key->table, rc);
	txn->written += key->len + value->len;
}

bool db_delete(struct db_txn *txn, const struct db_key *key)
{
	MDB_val k = val(key->bytes, key->len);
	MDB_cursor *at = place_to_write(txn, key->table);

	if (at == NULL || key->len == 0 ||
	    !check(txn, key->table,
	           LMDB(mdb_cursor_get(at, &k, NULL, MDB_SET))))
		return false;
	txn->written += key->len;
	return check(txn, key->table, LMDB(mdb_cursor_del(at, 0)));
}

size_t db_written(const struct db_txn *txn)
{
	return txn->written;
}

struct db_rows db_rows_from(struct db_txn *txn, const struct db_key *start)
{
	struct db_rows rows;

	rows.txn = txn;
	rows.cursor = NULL;
	rows.prefix_len = 0;
	rows.at.table = start->table;
	rows.at.len = start->len;
	memcpy(rows.at.bytes, start->bytes, kept_len(start));
	return rows;
}

struct db_rows db_rows(struct db_txn *txn, const struct db_key *prefix)
{
	struct db_rows rows = db_rows_from(txn, prefix);

	rows.prefix_len = prefix->len;
	return rows;
}

static bool open_cursor(struct db_rows *rows)
{
	struct db_txn *txn = rows->txn;
	MDB_cursor *cursor;

	if (!check(txn, rows->at.table,
	           LMDB(mdb_cursor_open(txn->txn, txn->db->dbis[rows->at.table],
	                                &cursor))))
		return false;
	rows->cursor = cursor;
	rows->next = txn->rows;
	txn->rows = rows;
	return true;
}

bool db_rows_next(struct db_rows *rows)
{
	struct db_row *row = &rows->row;
	MDB_cursor_op op = MDB_NEXT;

	if (rows->txn == NULL || !ready(rows->txn, rows->at.table))
		return false;
	if (rows->cursor == NULL) {
		if (!open_cursor(rows))
			return false;
		op = rows->at.len == 0 ? MDB_FIRST : MDB_SET_RANGE;
	}
	if (!move(rows->txn, rows->cursor, op, &rows->at, row) ||
	    row->key.len < rows->prefix_len ||
	    memcmp(row->key.data, rows->at.bytes, rows->prefix_len) != 0)
		return false;
	rows->at.len = row->key.len;
	memcpy(rows->at.bytes, row->key.data, row->key.len);
	return true;
}

void db_rows_delete(struct db_rows *rows)
{
	if (rows->cursor == NULL || db_failed(rows->txn))
		return;
	rows->txn->written += rows->at.len;
	check(rows->txn, rows->at.table, LMDB(mdb_cursor_del(rows->cursor, 0)));
}

void db_rows_end(struct db_rows *rows)
{
	if (rows->cursor == NULL)
		return;
	for (struct db_rows **p = &rows->txn->rows; *p != NULL; p = &(*p)->next)
		if (*p == rows) {
			*p = rows->next;
			break;
		}
	mdb_cursor_close(rows->cursor);
	rows->cursor = NULL;
}

static int table_bytes(struct db_txn *txn, enum db_table table, uint64_t *used)
{
	MDB_stat stat;
	int rc = LMDB(mdb_stat(txn->txn, txn->db->dbis[table], &stat));

	if (rc == 0)
		*used += (uint64_t)stat.ms_psize *
		         (stat.ms_branch_pages + stat.ms_leaf_pages +
		          stat.ms_overflow_pages);
	return rc;
}

int db_size(struct db *db, struct db_size *size, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	MDB_envinfo info;
	struct stat st;
	int fd;

	*size = (struct db_size){0};
	for (int i = 0; i < DB_TABLES; i++)
		if (ready(txn, i))
			check(txn, i, table_bytes(txn, i, &size->used));
	if (!db_failed(txn) && mdb_env_get_fd(db->env, &fd) == 0 &&
	    fstat(fd, &st) == 0)
		size->file = (uint64_t)st.st_size;
	if (!db_failed(txn) && mdb_env_info(db->env, &info) == 0)
		size->map = info.me_mapsize;
	return db_failure(txn, err);
}
