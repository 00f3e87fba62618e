/*
 * counted - rows that say how often some bytes were seen
 *
 * Several tables have them: the key ends in a hash of the bytes, the value is
 * a count and the bytes.  What collides stands at the next free hash.
 */
#ifndef TLSTALLY_STORE_COUNTED_H
#define TLSTALLY_STORE_COUNTED_H

#include "store/keys.h"

/* False when it is no such value; the bytes are lent. */
bool counted_read(const struct db_row *row, uint64_t *count,
                  struct db_value *bytes);

/* The key, as yet what stands before the hash, becomes that of the row where
 * these bytes are (true, and their count), or should be (false, 0). */
bool counted_find(struct db_txn *txn, struct db_key *key, const void *bytes,
                  size_t len, uint64_t *count);

void counted_put(struct db_txn *txn, const struct db_key *key, uint64_t count,
                 const void *bytes, size_t len);

#endif
