/*
 * due_table - what is to be sent when, in the order of time
 *
 * A row is a destination of a report, or a receiver that has had its share of
 * the hour: then all that waits for it stands in a queue of its own, in the
 * order of the reports, and in the list of what is due there is one row for the
 * whole of it.  So a backlog of any size costs nothing while it waits.
 */
#ifndef TLSTALLY_STORE_DUE_TABLE_H
#define TLSTALLY_STORE_DUE_TABLE_H

#include <stdint.h>

#include "base/domain.h"
#include "store/db.h"

struct due_row {
	int64_t due; /* secs, above 0 */
	uint64_t id; /* of the report; 0: of a receiver */
	uint16_t index;
	char receiver[DOMAIN_TEXT]; /* "": of a destination */
};

void due_put(struct db_txn *txn, int64_t due, uint64_t id, uint16_t index);
void due_delete(struct db_txn *txn, int64_t due, uint64_t id, uint16_t index);

/* The first row after that one (begin with all zero) whose time is at most
 * `until`; 0 when there is none. */
int due_next(struct db_txn *txn, int64_t until, struct due_row *row);

/* When the first of all is due; 0: nothing is. */
int64_t due_first(struct db_txn *txn);

/* When the receiver's turn is; 0: nothing is said about it. */
int64_t due_receiver(struct db_txn *txn, const char *receiver);
/* 0: never. */
void due_receiver_set(struct db_txn *txn, const char *receiver, int64_t due);

/* A receiver's queue. */
struct due_waiting {
	uint64_t id;
	uint16_t index;
};
void due_queue_put(struct db_txn *txn, const char *receiver,
                   struct due_waiting waiting);
void due_queue_delete(struct db_txn *txn, const char *receiver,
                      struct due_waiting waiting);
/* The one after that (begin with all zero); 0 at the end. */
int due_queue_next(struct db_txn *txn, const char *receiver,
                   struct due_waiting *waiting);

#endif
