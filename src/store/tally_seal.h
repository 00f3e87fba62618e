/*
 * tally_seal - what this store counted, as it leaves it (sealed/sealed_day.h)
 */
#ifndef TLSTALLY_STORE_TALLY_SEAL_H
#define TLSTALLY_STORE_TALLY_SEAL_H

#include <stdint.h>

#include "base/arena.h"
#include "sealed/sealed_day.h"
#include "store/db.h"

/* A domain's day with its policies and details, everything in the arena; what
 * came too late for the day is no part of it.  1 or 0.  Whether the domain
 * waits is for the caller to say. */
int tally_seal(struct db_txn *txn, int32_t day, const char *name,
               struct arena *arena, struct sealed_domain *domain);

#endif
