/*
 * db_lmdb - what db.c, db_door.c, db_env.c and db_open.c share, and the only
 * file that includes lmdb.h; nobody else includes it
 */
#ifndef TLSTALLY_STORE_DB_LMDB_H
#define TLSTALLY_STORE_DB_LMDB_H

#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <lmdb.h>

#include "store/db.h"
#include "store/db_fault.h"
#include "store/schema.h"
#include "store/store_dir.h"

/* db_memory(), db_txn_memory() */
struct db_memory {
	void *data; /* NULL: not asked for yet */
	void (*free)(void *data);
};

struct db {
	struct db_options options; /* but the directory: see dir */
	struct store_dir dir;
	struct schema_ids ids;
	pid_t pid;

	pthread_mutex_t mutex; /* for what follows; see db_enter() */
	pthread_cond_t door;
	unsigned inside;         /* transactions of this process */
	struct db_guest *guests; /* whose they are */
	bool is_alone;           /* somebody waits to be alone, or is */
	bool is_full;            /* a writer found no room in the map */
	struct db_memory memories[DB_MEMORIES];
	uint64_t map_size;    /* grows: see db_make_room() */
	MDB_env *env;         /* replaced by who is alone */
	struct stat files[2]; /* data.mdb and lock.mdb as they were opened */
	MDB_dbi dbis[DB_TABLES];
	bool has_table[DB_TABLES];
};

struct db_txn {
	struct db *db;
	MDB_txn *txn; /* NULL: could not begin */
	bool write;
	bool entered;
	size_t written;
	struct err failure;
	struct db_memory memories[DB_MEMORIES];
	struct db_rows *rows; /* that are gone through */
	/* Its place in each table: the next row is mostly near. */
	MDB_cursor *places[DB_TABLES];
};

#define DB_DAMAGED                                                             \
	"data.mdb is damaged: restore a backup (tlstally restore FILE); "      \
	"`tlstally check-store` says what cannot be read"

/* In words, and with the class of what the caller can do. */
int db_lmdb_error(const struct db *db, int rc, const char *what,
                  struct err *err);

/* "it is damaged", of what err says. */
int db_damaged_file(const struct db *db, struct err *err);

/* Opens what db->env is with the files and tables, or closes it; the caller is
 * alone. */
int db_start_env(struct db *db, struct err *err);
void db_stop_env(struct db *db);
/* The environment alone. */
int db_open_env(struct db *db, struct err *err);
/* All at once, in one transaction; without create, those that are there. */
int db_open_tables(struct db *db, bool create, struct err *err);
/* Are the files still those that were opened? */
int db_check_files(const struct db *db, struct err *err);

/*
 * The door.  Between enter and leave the environment and its map stay where
 * they are: LMDB changes them only while this process has no transaction.
 * Whoever finds the environment dead (MDB_PANIC) or the map too small waits
 * until the others have left, and nobody new comes in meanwhile, but for a
 * second transaction of a thread that is inside already: it could not leave
 * else.
 */
void db_door_init(struct db *db);
void db_door_clear(struct db *db);
int db_enter(struct db *db, struct err *err);
void db_leave(struct db *db);

/* Inside, after a begin that failed with rc: 0 when it is worth another
 * try. */
int db_mend(struct db *db, int rc, struct err *err);

/*
 * Inside, before a write transaction, when one before found the map full:
 * takes the size that the settings say by now; when that is no larger, a
 * quarter more than it, since even deleting needs room.  What cannot be had is
 * no failure: the transaction finds out.
 */
void db_make_room(struct db *db);

#endif
