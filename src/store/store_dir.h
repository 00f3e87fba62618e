/*
 * store_dir - the directory that the store lives in, and who may have it open
 *
 * Makes the directory, refuses network file systems, and holds the lock on
 * DIRECTORY/store.lock for as long as the store is open: shared by everybody,
 * exclusive for what replaces or rewrites the data file.  The lock belongs to
 * the open file (flock), is closed on exec, and no child keeps it.
 */
#ifndef TLSTALLY_STORE_STORE_DIR_H
#define TLSTALLY_STORE_STORE_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The group may read the store.  Who reads holds a lock: LMDB's readers write
 * themselves down in lock.mdb. */
enum {
	STORE_DIR_MODE = 0750,
	STORE_FILE_MODE = 0640,
	STORE_LOCK_MODE = 0660,
};

struct store_dir {
	char *path;
	int lock; /* -1: closed */
};

/*
 * Opens and locks it.  ERR_NOTFOUND: no such directory and not told to
 * create; ERR_BUSY: held by another; ERR_IO: rights, or a file system that
 * LMDB must not live on.
 */
int store_dir_open(struct store_dir *dir, const char *path, bool create,
                   bool exclusive, struct err *err);
void store_dir_close(struct store_dir *dir);

/* Changes the lock that is held.  When it cannot be had (ERR_BUSY) none is
 * held any more: close the store. */
int store_dir_lock(struct store_dir *dir, bool exclusive, struct err *err);

/* "DIRECTORY/name"; the caller frees. */
char *store_dir_file(const struct store_dir *dir, const char *name);

/*
 * The name of a file system, told by statfs(2)'s f_type, on which a memory
 * map and locks cannot be trusted between hosts; NULL for all others.  FUSE
 * is among them: sshfs and a local FUSE driver have the same number.
 */
const char *store_dir_network_name(uint32_t f_type);

#endif
