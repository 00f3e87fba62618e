/*
 * outbox_sums - what is in the outbox, of all reports together
 *
 * How many reports and destinations there are by status and state, those that
 * met trouble with the latest attempt first, and what they were answered, in
 * groups: kept by whoever writes a head or a destination (outbox_table.c), in
 * the same transaction.  So `status` and /metrics read a few rows of an outbox
 * of 1,000,000.  Copies ([report] bcc) are counted by their state, apart, and
 * are in nothing else.
 */
#ifndef TLSTALLY_STORE_OUTBOX_SUMS_H
#define TLSTALLY_STORE_OUTBOX_SUMS_H

#include "store/answer_group.h"
#include "store/outbox_table.h"

/* Rooms have place for words to come: the row is these numbers. */
enum { OUTBOX_SUMS_STATUSES = 12, OUTBOX_SUMS_STATES = 16 };

struct outbox_sums {
	uint64_t reports[OUTBOX_SUMS_STATUSES];
	uint64_t destinations[OUTBOX_SUMS_STATES];
	uint64_t trouble; /* destinations: tried, and to be tried again */
	uint64_t groups;  /* of answers */
	uint64_t copies[OUTBOX_SUMS_STATES];
};

void outbox_sums_get(struct db_txn *txn, struct outbox_sums *sums);

struct outbox_trouble {
	int64_t last_attempt; /* secs */
	uint64_t id;
	uint16_t index;
};
/* The next one, the latest attempt first.  Begin with INT64_MAX. */
int outbox_sums_trouble(struct db_txn *txn, struct outbox_trouble *at);

/* The next group of answers that destinations of the outbox met; first and last
 * attempt are those since there is one.  Begin with key 0. */
int outbox_sums_group(struct db_txn *txn, struct answer_group *group);

/* A head, or a destination of the report about that domain, has become another
 * one; NULL: there was, or is, none. */
void outbox_sums_head(struct db_txn *txn, const struct outbox_head *before,
                      const struct outbox_head *head);
void outbox_sums_destination(struct db_txn *txn, uint64_t id,
                             const char *domain,
                             const struct outbox_destination *before,
                             const struct outbox_destination *destination);

/* For who compares: their part of the sums, so many times (1, -1); whether a
 * destination has its index rows; how many rows of trouble there are. */
void outbox_sums_add_head(struct outbox_sums *sums,
                          const struct outbox_head *head, int64_t times);
void outbox_sums_add_destination(struct outbox_sums *sums,
                                 const struct outbox_destination *destination,
                                 int64_t times);
/* Is it one of a group? */
bool outbox_sums_is_answered(const struct outbox_destination *destination);
bool outbox_sums_has(struct db_txn *txn, uint64_t id,
                     const struct outbox_destination *destination);
uint64_t outbox_sums_trouble_rows(struct db_txn *txn);

#endif
