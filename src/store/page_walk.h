/*
 * page_walk - data.mdb from end to end, without LMDB
 *
 * Read with pread(2), so that a file that somebody cuts meanwhile is an answer
 * and no signal.  A store that others write to must be held: walk the
 * transaction that a read transaction of LMDB keeps.
 */
#ifndef TLSTALLY_STORE_PAGE_WALK_H
#define TLSTALLY_STORE_PAGE_WALK_H

#include <stdint.h>

#include "base/err.h"

/*
 * Is the file long enough for what it holds?  LMDB does not write pages at the
 * end that are free, so a file may be shorter than its last page says; then
 * the list of free pages has to say the same.  0 also for an empty file.
 * ERR_IO in words: "it has 8192 bytes of 421888".
 */
int page_walk_size(int fd, struct err *err);

struct page_walk {
	int fd;
	uint64_t txn_id; /* of the snapshot; 0: the newest */
	/* Called with each fault; table is "" where none is known. */
	void (*fault)(void *arg, const char *table, const char *words);
	void *arg;
	/* Results. */
	uint64_t faults;
	uint64_t pages, free_pages, tables, rows;
};

/* Walks all trees.  0, whatever it finds (see faults); ERR_BUSY: the snapshot
 * is gone, ask again. */
int page_walk_all(struct page_walk *walk, struct err *err);

#endif
