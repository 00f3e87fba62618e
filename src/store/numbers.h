/*
 * numbers - rows that are a struct of u64s, in the order of its members
 *
 * A struct may grow at its end: a row that was written before is shorter, and
 * what it lacks is 0.  Sums are added to modulo 2^64, so that a delta may take
 * away, too.
 */
#ifndef TLSTALLY_STORE_NUMBERS_H
#define TLSTALLY_STORE_NUMBERS_H

#include "store/db.h"

/* 1; or 0, and all are 0. */
int numbers_get(struct db_txn *txn, const struct db_key *key, void *numbers,
                size_t size);
/* Adds each to the one of the row, which is made when there is none. */
void numbers_add(struct db_txn *txn, const struct db_key *key,
                 const void *delta, size_t size);

/* The same in memory. */
void numbers_sum(void *numbers, const void *delta, size_t size);

/* Numbers of which most are 0, within a row: which are not, and those, as
 * varints.  At most 64. */
void numbers_pack(const uint64_t *numbers, int count, struct strbuf *out);
void numbers_unpack(struct reader *reader, uint64_t *numbers, int count);

#endif
