/*
 * domains_concerned - which domains sessions without TLS and policies that
 * failed are about, over some days
 *
 *     "concerned": {"clear": {"total": 77, "domains": [{"domain": ...}, ...]},
 *                   "tlsa": {...}, "sts": {...}}
 *
 * As tally:DomainPeriod has them with hasClear, and with policyType and
 * hasFailures, but in one walk over the domains.
 */
#ifndef TLSTALLY_JMAP_DOMAINS_CONCERNED_H
#define TLSTALLY_JMAP_DOMAINS_CONCERNED_H

#include <jansson.h>

#include "store/db.h"

enum { CONCERNED_SHOWN = 10 }; /* of each */

/* Adds the member. */
void domains_concerned_add(struct db_txn *txn, int32_t first, int32_t last,
                           json_t *object);

#endif
