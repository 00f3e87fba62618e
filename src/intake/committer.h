/*
 * committer - what a feed has counted goes into the store
 *
 *     who counts                        committing thread
 *     committer_begin()                 every interval, or when hurried:
 *       adds to the side that fills       swaps the two sides
 *     committer_end()                     writes the full one
 *
 * Between begin and end a lock is held that nobody ever holds while it waits
 * for a disk.  A commit that fails keeps its side and is tried again, while the
 * other one fills, up to the feed's own bound.  The log says so once, and once
 * again when it works.  Each commit moves the feed's watermark: all that was
 * counted before it is in the store.
 *
 * The mail log can wait, so its reader needs no second side: it runs in the
 * committing thread and calls committer_commit(), which comes back once the
 * store has taken all.  Nothing is read meanwhile.
 */
#ifndef TLSTALLY_INTAKE_COMMITTER_H
#define TLSTALLY_INTAKE_COMMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/db.h"
#include "store/feed_table.h"

enum { COMMITTER_IDLE_MS = 10000 }; /* the watermark moves on without events */

/* Of a feed.  All but taken() and wake() is called in the committing thread,
 * without the lock.  Those with "or NULL" need not be there. */
struct committer_work {
	/* The side has been taken: under the lock; or NULL. */
	void (*taken)(void *arg, int side);
	/* Before each try to write it, outside of a transaction: negative, in
	 * words, when the store is to get no more for now; or NULL. */
	int (*may_write)(void *arg, struct err *err);
	/* It could not be written, for a reason that stays: outside of a
	 * transaction, the first time only; or NULL. */
	void (*mend)(void *arg, int side);
	/* How many rows it has, in the store's order; asked once a side. */
	size_t (*rows)(void *arg, int side);
	/* Or NULL, where there are none. */
	void (*put)(struct db_txn *txn, void *arg, int side, size_t row);
	/* In the transaction of the last row, before the feed's row gets what
	 * `more` adds to it; or NULL. */
	void (*put_sums)(struct db_txn *txn, void *arg, int side,
	                 const struct feed *more);
	/* In place of the feed's row, as it would be; or NULL. */
	void (*put_feed)(struct db_txn *txn, void *arg, int side,
	                 const struct feed *feed);
	/* All of it is in the store: empties the side. */
	void (*committed)(void *arg, int side);
	/* After each round; true: it comes again before the next one, unless
	 * that is due.  Or NULL. */
	bool (*rest)(void *arg);
	/* Reads and counts until committer_is_stopping(), in place of waiting
	 * for who counts; and what wakes it.  Or both NULL. */
	void (*read)(void *arg);
	void (*wake)(void *arg);
	/* All rows in one transaction; else at most DB_BATCH_ROWS of them or
	 * DB_BATCH_BYTES in each. */
	bool whole;
};

struct committer_options {
	const char *feed; /* FEED_EVENTS, ... */
	struct db *db;
	struct clock *clock;
	int64_t interval_ms;
	const struct committer_work *work;
	void *arg;
};

/* What has happened since the start. */
struct committer_state {
	uint64_t events; /* of committer_end() */
	uint64_t commits;
	bool commit_fails; /* the last one did */
	/* when the committing thread last went round, monotonic */
	int64_t progress_ms;
};

struct committer;

struct committer *committer_new(const struct committer_options *options);
void committer_free(struct committer **committer);

int committer_start(struct committer *committer, struct err *err);

/* Commits what is there and ends the thread.  ERR_IO in words when the store
 * did not take it. */
int committer_stop(struct committer *committer, struct err *err);

/* The side to count on, and the time to count by: asked for under the lock, as
 * the watermark is, which so is never of the new day before all that counts for
 * the old one was counted. */
int committer_begin(struct committer *committer, int64_t *now);
/* So many events were counted; `hurry`: commit now, whatever the interval. */
void committer_end(struct committer *committer, uint64_t events, bool hurry);
/* The same, and waits until they are in the store: at most so long, and not
 * while it takes nothing. */
void committer_end_committed(struct committer *committer, uint64_t events,
                             int64_t ms);
/* Between begin and end: what is counted now will not be committed. */
bool committer_is_closed(const struct committer *committer);

/* For work->read(): until the store has taken the side; a negative class when
 * it is to stop and the store takes nothing. */
int committer_commit(struct committer *committer, int side,
                     const struct feed *more, struct err *err);
bool committer_is_stopping(struct committer *committer);
/* For the watchdog: the committing thread goes on. */
void committer_goes_on(struct committer *committer);

struct committer_state committer_state(struct committer *committer);

#endif
