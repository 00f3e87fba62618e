/*
 * policy_counter - the counters of tlstally-policyd, each with one name
 *
 * "policyd/answers/stsEnforce" for each kind of answer, "policyd/cold" and the
 * like for the rest (store/counter_table.h).
 */
#ifndef TLSTALLY_STORE_POLICY_COUNTER_H
#define TLSTALLY_STORE_POLICY_COUNTER_H

#include "store/counter_table.h"
#include "words/words.h"

/* Those below TOLD_KINDS are answers of that kind. */
enum policy_counter {
	/* Of queries. */
	COUNT_COLD = TOLD_KINDS, /* whose answer was not in memory */
	COUNT_STALE,             /* answered by what was known before, since
	                            the lookup took too long */
	COUNT_TIMEOUTS,          /* the same, and nothing was known */
	COUNT_PLAIN,             /* TLSRPT was left out for this Postfix */
	COUNT_BAD,               /* that are no queries */
	/* Of lookups. */
	COUNT_LOOKUPS,
	COUNT_REFRESHES, /* before the answer expired */
	COUNT_FAILURES,  /* something was not answered */
	POLICY_COUNTS
};

/* "cold"; of an answer its kind. */
const char *policy_counter_word(unsigned what);
/* As the store has it. */
void policy_counter_name(unsigned what, char name[COUNTER_NAME_TEXT]);

#endif
