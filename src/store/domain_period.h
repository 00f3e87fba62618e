/*
 * domain_period - what became of domains over some days, one line each
 *
 *     example.com: 1,204 sessions, 77 failed on 3 of 30 days, and since Monday:
 *     certificate-expired, MTA-STS; other domains did not
 *
 * Whose fault it looks like is told by the most of its failing days
 * (store/day_fault.h).
 *
 * Days that are decided about come from store/domain_history.h, those that are
 * still open from their heads.
 */
#ifndef TLSTALLY_STORE_DOMAIN_PERIOD_H
#define TLSTALLY_STORE_DOMAIN_PERIOD_H

#include "store/domain_history.h"

enum { PERIOD_DAYS_MAX = 400, PERIOD_NO_DAY = -1 };

struct domain_period {
	char domain[TALLY_DOMAIN_TEXT];
	struct domain_day sums;
	uint64_t sessions; /* successes and failures */
	uint64_t counted_days, failing_days;
	int32_t last_counted;
	int32_t last_failed;   /* or PERIOD_NO_DAY */
	int32_t failing_since; /* each day that it was counted on, until the
	                          last one; PERIOD_NO_DAY: not on that */
	int main_result;       /* of most failures; -1: none */
	/* How many domains had failures of the same result as this one, on the
	 * day when most did. */
	uint64_t failing_with;
	/* The receiver at which most of those were; "": there is none. */
	char failing_at[TALLY_DOMAIN_TEXT];
	enum fault fault;
};

struct period; /* the days, and what is known of them together */

/* At most PERIOD_DAYS_MAX days; those before the first that has a row, or after
 * the last, are left out.  Lent by the transaction, which only reads, until it
 * ends or other days are asked for. */
struct period *domain_period_of(struct db_txn *txn, int32_t first,
                                int32_t last);

/* Which domains: those that have one of these on a day. */
enum {
	PERIOD_ANY = 1, /* they were counted */
	PERIOD_FAILURE = 2,
	PERIOD_CLEAR = 4, /* sessions without TLS: domain_day.clear */
};
struct domains_asked {
	const char *after; /* that one; "": from the first */
	unsigned which;
	/* Only days of domains that have one of these are read: of the others
	 * no more than the name is told, and no failure. */
	unsigned read;
};
/* In the order of names, until visit() says no. */
typedef bool domain_period_visit(void *arg, const struct domain_period *domain);
void domain_period_each(struct period *period,
                        const struct domains_asked *asked,
                        domain_period_visit *visit, void *arg);

/* 1, or 0: it was not counted on any of these days. */
int domain_period_get(struct period *period, const char *domain,
                      struct domain_period *of);

#endif
