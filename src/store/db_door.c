/* Who is inside, and what can change only when nobody is: the environment and
 * the size of its map. */
#include "store/db_lmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/wait.h"
#include "base/xalloc.h"

enum { ALONE_MS = 10 * 1000 };

/* A thread with transactions, and how many. */
struct db_guest {
	struct db_guest *next;
	pthread_t thread;
	unsigned count;
};

void db_door_init(struct db *db)
{
	pthread_mutex_init(&db->mutex, NULL);
	wait_cond_init(&db->door);
}

void db_door_clear(struct db *db)
{
	struct db_guest *guest;

	while ((guest = db->guests) != NULL) {
		db->guests = guest->next;
		free(guest);
	}
	pthread_cond_destroy(&db->door);
	pthread_mutex_destroy(&db->mutex);
}

static struct db_guest **guest_find(struct db *db)
{
	struct db_guest **at = &db->guests;

	while (*at != NULL && !pthread_equal((*at)->thread, pthread_self()))
		at = &(*at)->next;
	return at;
}

static unsigned own_count(struct db *db)
{
	const struct db_guest *guest = *guest_find(db);

	return guest != NULL ? guest->count : 0;
}

static void come_in(struct db *db)
{
	struct db_guest **at = guest_find(db);

	if (*at == NULL) {
		*at = xcalloc(1, sizeof(**at));
		(*at)->thread = pthread_self();
	}
	(*at)->count++;
	db->inside++;
}

static void go_out(struct db *db)
{
	struct db_guest **at = guest_find(db), *guest = *at;

	db->inside--;
	if (guest != NULL && --guest->count == 0) {
		*at = guest->next;
		free(guest);
	}
	pthread_cond_broadcast(&db->door);
}

static void wait_for_the_door(struct db *db)
{
	while (db->is_alone && own_count(db) == 0)
		pthread_cond_wait(&db->door, &db->mutex);
}

int db_enter(struct db *db, struct err *err)
{
	int rc = 0;

	if (db->pid != getpid())
		return err_set(
			err, ERR_IO,
			"store %s: opened before a fork and used after it",
			db->dir.path);
	pthread_mutex_lock(&db->mutex);
	wait_for_the_door(db);
	if (db->env == NULL)
		rc = db_start_env(db, err);
	if (rc == 0)
		come_in(db);
	pthread_mutex_unlock(&db->mutex);
	return rc;
}

void db_leave(struct db *db)
{
	pthread_mutex_lock(&db->mutex);
	go_out(db);
	pthread_mutex_unlock(&db->mutex);
}

static void stop_being_alone(struct db *db)
{
	db->is_alone = false;
	pthread_cond_broadcast(&db->door);
}

/* Under the mutex, and inside: waits until nobody else is.  False when that
 * cannot be, since this thread has another transaction, or somebody takes too
 * long; else end with stop_being_alone(). */
static bool be_alone(struct db *db)
{
	int64_t until_ms = clock_host_ms() + ALONE_MS;

	if (own_count(db) > 1)
		return false;
	db->is_alone = true;
	while (db->inside > 1 && wait_cond(&db->door, &db->mutex, until_ms))
		;
	if (db->inside > 1)
		stop_being_alone(db);
	return db->is_alone;
}

/* The map gets that size, 0: what another process gave it.  LMDB has no map
 * any more when it fails. */
static int set_map_size(struct db *db, uint64_t size, struct err *err)
{
	MDB_envinfo info;
	int fd, rc = size > SIZE_MAX ? ENOMEM
	                             : LMDB(mdb_env_set_mapsize(db->env, size));

	if (rc == 0)
		rc = mdb_env_info(db->env, &info);
	if (rc == 0)
		rc = mdb_env_get_fd(db->env, &fd);
	if (rc == 0) {
		db->map_size = info.me_mapsize;
		db_fault_watch(db->dir.path, fd);
		return 0;
	}
	db_stop_env(db);
	if (db_start_env(db, err) != 0)
		return err->class;
	return db_lmdb_error(db, rc, "map", err);
}

int db_mend(struct db *db, int rc, struct err *err)
{
	pthread_mutex_lock(&db->mutex);
	if (db->is_alone && own_count(db) == 1) {
		/* somebody else is about to do what we came for: out of the
		 * way, until it is done */
		go_out(db);
		wait_for_the_door(db);
		come_in(db);
		rc = db->env != NULL ? 0 : db_start_env(db, err);
	} else if (be_alone(db)) {
		if (rc == MDB_MAP_RESIZED) {
			rc = set_map_size(db, 0, err);
		} else {
			db_stop_env(db);
			rc = db_start_env(db, err);
		}
		stop_being_alone(db);
	} else {
		rc = db_lmdb_error(db, rc, "begin", err);
	}
	pthread_mutex_unlock(&db->mutex);
	return rc;
}

/* What the settings say by now; else the last quarter.  The size that the file
 * itself remembers is the largest it ever had: a person may want less. */
static uint64_t wanted_size(struct db *db)
{
	struct db_options *options = &db->options;
	uint64_t now = options->map_size_now == NULL
	                       ? 0
	                       : options->map_size_now(options->map_size_arg);

	if (now > 0)
		options->map_size = now;
	if (options->map_size > db->map_size)
		return options->map_size;
	return (options->map_size + options->map_size / 4) / 4096 * 4096;
}

void db_make_room(struct db *db)
{
	struct err ignored;
	uint64_t wanted;

	pthread_mutex_lock(&db->mutex);
	if (db->is_full && !db->is_alone) {
		wanted = wanted_size(db);
		if (wanted <= db->map_size) {
			db->is_full = false;
		} else if (be_alone(db)) {
			set_map_size(db, wanted, &ignored);
			db->is_full = false;
			stop_being_alone(db);
		}
	}
	pthread_mutex_unlock(&db->mutex);
}
