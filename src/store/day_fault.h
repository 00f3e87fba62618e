/*
 * day_fault - whose fault it looks like that many domains failed alike on a day
 *
 *     40 of 400 domains, at 35 receivers, certificate-not-trusted, and on the
 * days before 2: ours, such as an old CA file
 *     30 of 400, 28 of them at mx.big.example: theirs; its owner had a bad day
 *     50 of 400, at 50 receivers, starttls-not-supported, as every day: theirs
 *
 * A receiver's own trouble takes the domains that it receives mail for, and no
 * more.  Ours takes what it can: a broken resolver all domains with DANE, an
 * old CA file many that have a policy with certificates, a clock that is wrong
 * or a firewall nearly all.  So what is compared is how many receivers failed
 * alike, and how large a part of those that could; and that with the days
 * before, for some domains fail all the time.
 *
 * The rule is in the manual, tlstally(1), "domain-period"; its table has a
 * test.
 */
#ifndef TLSTALLY_STORE_DAY_FAULT_H
#define TLSTALLY_STORE_DAY_FAULT_H

#include "store/day_receivers.h"
#include "store/db.h"

/* What is known of a day's failures with one result, or with any. */
struct fault_alike {
	uint64_t at_risk; /* domains with a policy of the type under which most
	                   * of the failures were */
	uint64_t alike;   /* domains whose failures had mostly that result */
	/* Of those that were looked at: all, how many receivers they have, and
	 * how many have the receiver that most of them have. */
	uint64_t looked_at, receivers, at_one;
};

struct fault_facts {
	uint64_t domains; /* that were counted on the day */
	struct fault_alike on;
	/* Earlier days that it is compared with, and the one of them on which
	 * it was as usual: as many had a larger share as a smaller one. */
	uint64_t days;
	struct fault_alike usual;
};

/* FAULT_THEIRS, FAULT_OURS or FAULT_UNCLEAR. */
enum fault day_fault_judge(const struct fault_facts *facts);
/* Have most domains of the day failed, whatever the results, and not usually?
 * Then none of them did by its own fault. */
bool day_fault_is_all(const struct fault_facts *facts);

/* Of the domains of a day that failed alike. */
struct day_fault {
	enum fault fault; /* FAULT_NONE: no domain */
	uint64_t alike, at_risk;
	/* Those of a usual day, if there are days to compare with; where the
	 * fault does not depend on them they are not asked for. */
	bool has_usual;
	uint64_t usual;
	/* The receiver that most of those looked at have, if they are several
	 * and more than half; else "". */
	char receiver[TALLY_DOMAIN_TEXT];
};
/* Cheap: false says that no part of these sums looks like ours, at whatever
 * receivers. */
bool day_fault_is_thinkable(const struct day_sums *sums);

/* By result; at ALIKE_ANY stands FAULT_OURS if most domains failed, whatever
 * the results, and then all results have it.  Of an earlier day the worst
 * domains are looked at only if many failed alike. */
void day_fault_look(struct db_txn *txn, int32_t day,
                    const struct day_sums *sums,
                    struct day_fault faults[ALIKE_KINDS]);

#endif
