/*
 * day_waiting - what the journal of counts adds to the views of a day
 *
 * To add up what 100,000 domains have in the journal takes a fifth of a second,
 * and a page asks for it several times: sums of the day, its failing domains,
 * what is to be told of each.  So a process keeps it, some 80 bytes for a
 * domain, and where the journal grew only the domains with new counts are
 * looked at again.  Once the day is applied it is dropped.
 *
 * For store/day_view.h, which adds it to what was applied.
 */
#ifndef TLSTALLY_STORE_DAY_WAITING_H
#define TLSTALLY_STORE_DAY_WAITING_H

#include "store/day_sums.h"
#include "store/db.h"
#include "store/domain_history.h"

/* A domain that the journal has something of, as it will be. */
struct waiting_domain {
	uint64_t failure;    /* sessions */
	uint32_t name, told; /* places in the text */
	bool fails_more;     /* than was applied */
	bool is_open;        /* and there is something to tell */
};

struct day_waiting {
	struct day_sums sums; /* to be added */
	struct waiting_domain *domains;
	size_t count;
	/* Places of those that fail more, the most failures first, of equally
	 * many by name. */
	uint32_t *failing;
	size_t failing_count;
	struct strbuf text;
};

/* Lent until the transaction ends or writes; NULL: nothing waits of the day. */
const struct day_waiting *day_waiting_get(struct db_txn *txn, int32_t day);

/* In the order of names. */
const char *day_waiting_name(const struct day_waiting *waiting, size_t i);
/* Of one that is open. */
void day_waiting_told(const struct day_waiting *waiting, size_t i,
                      struct domain_day *told);
/* The first after that name, as a place; all are before it: the count. */
size_t day_waiting_after(const struct day_waiting *waiting, const char *name);
/* NULL: the journal has nothing of it. */
const struct waiting_domain *day_waiting_find(const struct day_waiting *waiting,
                                              const char *name);

#endif
