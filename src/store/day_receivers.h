/*
 * day_receivers - at which receivers the domains are that failed alike on a day
 *
 *     certificate-expired: 32 domains looked at, at 3 receivers, 30 of them at
 *     big.example
 *
 * A receiver is the registered domain of the MX host at which most of a
 * domain's failures were, or the domain's own where no host is told, as of a
 * policy that was not fetched.
 */
#ifndef TLSTALLY_STORE_DAY_RECEIVERS_H
#define TLSTALLY_STORE_DAY_RECEIVERS_H

#include "store/day_sums.h"
#include "store/db.h"

/* Domains fail alike that have most failures with the same result (enum
 * result_type), or with any. */
enum { ALIKE_ANY = RESULT_TYPES, ALIKE_KINDS };

/* Fewer domains than these fail alike by chance. */
enum { ALIKE_LEAST = 3 };

struct day_receivers {
	/* Domains: the worst, not all of them; how many receivers those have;
	 * and how many have the receiver that most have. */
	uint64_t looked_at, receivers, at_one;
	/* That one's name, if it has several and more than half; else "". */
	char receiver[TALLY_DOMAIN_TEXT];
};
/* Looks at the day's worst domains, once: a process keeps what it found until
 * the day changes. */
void day_receivers_look(struct db_txn *txn, int32_t day,
                        const struct day_sums *sums,
                        struct day_receivers found[ALIKE_KINDS]);

/* Have so many failed alike that it matters who receives their mail?  Of
 * others nothing is looked at. */
bool day_receivers_matter(const struct day_sums *sums, int kind);

#endif
