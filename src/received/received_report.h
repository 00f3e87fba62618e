/*
 * received_report - what somebody else reports about us (RFC 8460 section 4.4)
 *
 * The reader for reports that others wrote.  report/report_json.h is strict,
 * for it reads our own; this one takes what real senders send and says what
 * was odd:
 *
 *     policies[0].policy.mx-host: a text instead of a list
 *     date-range.end-datetime: has no time zone, read as UTC
 *     policies[1].policy.policy-type: unknown, 'invalid-policy-type'
 *
 * A word that we do not know is "other" in the struct and stands in the
 * problem as it came (section 4.3 lets senders add some); a text without a
 * problem is as it was sent, but for control characters, which are left out.
 * Nothing is corrected by guessing: where total and details contradict each
 * other the total stands, and the problem says so.
 */
#ifndef TLSTALLY_RECEIVED_RECEIVED_REPORT_H
#define TLSTALLY_RECEIVED_RECEIVED_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "report/report.h"

enum {
	RECEIVED_JSON_MAX = 25 * 1024 * 1024, /* bytes */
	/* A failure detail of all members has nine. */
	RECEIVED_VALUES_MAX = 1000 * 1000,
	RECEIVED_PROBLEMS_MAX = 100,
};

struct received_report {
	/* organization_name, contact_info and report_id may be NULL, and so may
	 * a policy's domain; one that is not a domain name is as it came. */
	struct report *report;
	/* The UTC day that it is about: that of the middle of its range, for
	 * some begin it at their own midnight; of a range of several days the
	 * first. */
	int32_t day;
	/* What was odd, in the report's arena. */
	const char *problems[RECEIVED_PROBLEMS_MAX];
	size_t problem_count;
	size_t problems_left_out;
};

void received_report_init(struct received_report *received);
void received_report_clear(struct received_report *received);

/*
 * JSON, UTF-8 or nearly.  ERR_PARSE: it is not JSON, or no report, for it has
 * no policies or does not say about which day it is; ERR_LIMIT: it is longer
 * than RECEIVED_JSON_MAX or has more than RECEIVED_VALUES_MAX values.  What
 * was read before is forgotten.
 */
int received_report_read(struct received_report *received, const char *text,
                         size_t len, struct err *err);

#endif
