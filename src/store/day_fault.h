/*
 * day_fault - whose fault it looks like that many domains failed alike on a day
 *
 *     40 of 400 domains, at 35 receivers, certificate-not-trusted: ours, such
 * as an old CA file 30 of 400, 28 of them at mx.big.example: theirs; its owner
 * had a bad day
 *
 * A receiver's own trouble takes the domains that it receives mail for, and no
 * more.  Ours takes what it can: a broken resolver all domains with DANE, an
 * old CA file many that have a policy with certificates, a clock that is wrong
 * or a firewall nearly all.  So what is compared is how many receivers failed
 * alike, and how large a part of those that could.
 *
 * The rule is in the manual, tlstally(1), "domain-period"; its table has a
 * test.
 */
#ifndef TLSTALLY_STORE_DAY_FAULT_H
#define TLSTALLY_STORE_DAY_FAULT_H

#include "store/day_sums.h"
#include "store/db.h"

/* What is known of a day's failures with one result. */
struct fault_facts {
	uint64_t domains; /* that were counted on the day */
	uint64_t at_risk; /* of them, with a policy of the type under which most
	                   * of the failures were */
	uint64_t alike;   /* domains whose failures had mostly that result */
	/* Of those that were looked at: all, how many receivers they have, and
	 * how many have the receiver that most of them have. */
	uint64_t looked_at, receivers, at_one;
};

/* FAULT_THEIRS, FAULT_OURS or FAULT_UNCLEAR. */
enum fault day_fault_judge(const struct fault_facts *facts);

/* A day's results, by enum result_type. */
struct day_fault {
	enum fault fault;
	uint64_t alike; /* domains */
	/* The receiver that most of those looked at have, if they are several
	 * and more than half; else "". */
	char receiver[TALLY_DOMAIN_TEXT];
};
/* Looks at the day's worst domains, once: a process keeps what it found until
 * the day changes. */
void day_fault_look(struct db_txn *txn, int32_t day,
                    const struct day_sums *sums,
                    struct day_fault faults[RESULT_TYPES]);

#endif
