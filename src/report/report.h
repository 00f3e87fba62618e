/*
 * report - one aggregate report (RFC 8460 section 4.4) as a struct
 *
 * The rollup makes it from counters, the API from JSON; report_json writes it
 * as it is sent, object as the API shows it.  Everything it points to lives
 * in its arena.
 */
#ifndef TLSTALLY_REPORT_REPORT_H
#define TLSTALLY_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "session/session.h"

struct report_detail {
	struct failure_detail detail;
	uint64_t count; /* failed-session-count */
};

struct report_policy {
	enum policy_type type;
	const char *domain; /* canonical (base/domain.h) */
	const char **strings;
	size_t string_count;
	const char **mx_hosts;
	size_t mx_count;
	uint64_t success; /* total-successful-session-count */
	uint64_t failure; /* total-failure-session-count */
	struct report_detail *details;
	size_t detail_count;
	uint64_t id; /* of the interned policy; 0: none */
};

struct report {
	const char *organization_name; /* NULL: absent */
	const char *contact_info;      /* NULL: absent */
	const char *report_id;
	int64_t start; /* secs; whole UTC days */
	int64_t end;
	struct report_policy *policies;
	size_t policy_count;
	struct arena mem;
};

struct report *report_new(void);
void report_free(struct report **report);
void report_reset(struct report *report);

/* A policy's stored bytes (session/session.h) as the report's next policy, for
 * which there is room, without counts; its strings in the report's arena. NULL:
 * the bytes are damaged. */
struct report_policy *report_add_policy(struct report *report, const void *data,
                                        size_t len);

uint64_t report_success(const struct report *report);
uint64_t report_failure(const struct report *report);

/*
 * Brings policies and details into the order in which they are sent: policies
 * by type, domain and strings, details by count, largest first; equal input
 * gives equal bytes.
 */
void report_sort(struct report *report);

/*
 * Makes the report smaller until its JSON is surely at most max bytes: folds
 * the smallest failure details (session/session.h) one level down, merging what
 * becomes equal, then the next level, and when that is not enough leaves out
 * policy strings and MX patterns, the longest first.  Counts never get lost.
 * Returns how many details were folded and policies stripped; afterwards
 * details are in no order (report_sort()).
 */
size_t report_fold(struct report *report, size_t max_bytes);

#endif
