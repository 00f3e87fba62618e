/*
 * schema - which form of store/keys.h a store has
 *
 * The version stands in the store.  A new store gets it together with its id
 * and seed in one transaction; an older one is upgraded in place, step by
 * step, while nobody else has it open; a newer one is refused in words.
 */
#ifndef TLSTALLY_STORE_SCHEMA_H
#define TLSTALLY_STORE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* From version `from` to from + 1, in one transaction with the number.  What is
 * too much for one is done by prepare() before it, and is found done when that
 * was ended and begins again; NULL: nothing is. */
struct schema_step {
	uint32_t from;
	int (*prepare)(struct db *db, struct err *err);
	void (*run)(struct db_txn *txn);
};

struct schema_plan {
	uint32_t version; /* what this program knows */
	const struct schema_step *steps;
	size_t step_count;
};

/* This program's. */
extern const struct schema_plan schema_plan;

struct schema_ids {
	uint64_t store_id;
	uint64_t seed;
};

/* ERR_IO: the store's version is newer than the plan's.  A store without a
 * version, not filled yet, is all right. */
int schema_check(struct db *db, const struct schema_plan *plan,
                 struct err *err);

/* Creates or upgrades, unless the store is open read-only, and gives the ids.
 * ERR_BUSY: an upgrade is due and others have the store open. */
int schema_open(struct db *db, const struct schema_plan *plan,
                struct schema_ids *ids, struct err *err);

#endif
