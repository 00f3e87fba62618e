/*
 * domain_order - the domains of some days in the orders of lists
 *
 * A list of 3,000,000 rows shows 50: by name or by failures over thirty days,
 * the first of each day are compared and no others are read.
 *
 *     domain_order_each(txn, DOMAINS_BY_FAILURES, &days, &start, visit, arg);
 *
 * What is equal stands by day and name.
 */
#ifndef TLSTALLY_STORE_DOMAIN_ORDER_H
#define TLSTALLY_STORE_DOMAIN_ORDER_H

#include "store/db.h"
#include "store/tally_table.h"

enum domain_order {
	DOMAINS_BY_DAY,      /* that of the store */
	DOMAINS_BY_DAY_DOWN, /* the last day first */
	DOMAINS_BY_NAME,
	DOMAINS_BY_FAILURES, /* the most first */
};

struct domain_days_asked {
	int32_t first, last;
	bool has_failures; /* only those */
};

/* A row that was visited; all zero: from the first on. */
struct domain_place {
	int32_t day;
	uint64_t failure;
	char domain[TALLY_DOMAIN_TEXT];
};

typedef bool domain_order_visit(void *arg, int32_t day, const char *domain,
                                const struct tally_head *head);

/* All after that place, until visit() says no. */
void domain_order_each(struct db_txn *txn, enum domain_order order,
                       const struct domain_days_asked *days,
                       const struct domain_place *after,
                       domain_order_visit *visit, void *arg);

/* How many rows those days have. */
uint64_t domain_order_count(struct db_txn *txn,
                            const struct domain_days_asked *days);

#endif
