/*
 * intern - a policy's bytes to a short id and back
 *
 * A policy is up to 400 KiB of strings and applies to many sessions, so its
 * bytes stand in the store once a day, under an id.  Ids are never used
 * twice, also not after a purge, and stay below 2^53 so that JSON can carry
 * them (policyIdentifiers).
 *
 * They are found by their first bytes, which are a policy's type and domain,
 * and a hash of all: so the rows of neighbours are neighbours, and who interns
 * those of many domains in their order writes few pages.
 */
#ifndef TLSTALLY_STORE_INTERN_H
#define TLSTALLY_STORE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

enum intern_kind {
	INTERN_HASH = 1, /* of a store of schema version 3: by the hash alone */
	INTERN_ID = 2,
	INTERN_NEAR = 3,
};

/* 1 and the id of these bytes on that day, or 0. */
int intern_find(struct db_txn *txn, int32_t day, const void *blob, size_t len,
                uint64_t *id);

/* The same for bytes that intern_find() did not find: gives them that id, or
 * with 0 a new one. */
uint64_t intern_add(struct db_txn *txn, int32_t day, const void *blob,
                    size_t len, uint64_t id);

/* The first of so many ids that nobody else will get; 0: there are no more. */
uint64_t intern_reserve(struct db_txn *txn, uint64_t count);

/* 1 and the bytes (lent), or 0. */
int intern_get(struct db_txn *txn, int32_t day, uint64_t id,
               struct db_value *blob);

/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int intern_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

#endif
