/*
 * sts_policy - MTA-STS by RFC 8461: the TXT record and the policy file
 *
 *     _mta-sts.example.com. TXT "v=STSv1; id=20160831085700Z;"
 *
 *     version: STSv1
 *     mode: enforce
 *     mx: mail.example.com
 *     mx: *.example.net
 *     max_age: 604800
 *
 * Parsing is pure; fetching is policy/sts_fetch.  What the grammar does not
 * allow spoils the record or the file as a whole; unknown fields are read
 * over; of a field that stands twice the first counts (section 3.2), except
 * mx.
 */
#ifndef TLSTALLY_DOMAIN_STS_POLICY_H
#define TLSTALLY_DOMAIN_STS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "words/words.h"

enum {
	STS_ID_MAX = 32,
	STS_POLICY_MAX = 64 * 1024, /* RFC 8461 section 3.3 */
	STS_MAX_AGE = 31557600,     /* more is taken as this */
	STS_LINES_MAX = 100,        /* as many as a report carries */
};

/* Does the TXT record begin with "v=STSv1", white space or not, and ";"?
 * Others are discarded before counting (section 3.1; erratum 6285). */
bool sts_record_is_candidate(const char *text, size_t len);

/* Which of several TXT records counts: exactly one candidate, or none at all.
 * 1 and *which, 0: no candidate, ERR_PARSE: several. */
int sts_record_choose(const char *const *texts, const size_t *lens,
                      size_t count, size_t *which, struct err *err);

/* The record's id.  ERR_PARSE in words. */
int sts_record_parse(const char *text, size_t len, char id[STS_ID_MAX + 1],
                     struct err *err);

struct sts_policy {
	enum sts_mode mode;
	int64_t max_age;    /* secs */
	const char **mx;    /* canonical patterns, in the file's order */
	size_t mx_count;    /* bounded by the file's size alone */
	const char **lines; /* the first STS_LINES_MAX, as RFC 8460 section 4.5
	                       wants them in policy-string */
	size_t line_count;
};

/* The file (section 3.2); strings live in the arena.  ERR_PARSE names the
 * line: "line 2: mode 'on' is not testing, enforce or none"; ERR_LIMIT for a
 * file over STS_POLICY_MAX.  The lines are there after ERR_PARSE, too: a
 * report shows a policy "including any errors". */
int sts_policy_parse(const char *text, size_t len, struct arena *arena,
                     struct sts_policy *policy, struct err *err);

/* Into mx and mx_count: the patterns of those lines that are mx lines, where a
 * policy's lines are all that is known of it; others are read over. */
void sts_policy_take_mx(struct sts_policy *policy, const char *const *lines,
                        size_t count, struct arena *arena);

/* Section 4.1: does the MX host (canonical) match a pattern?  "*." stands for
 * exactly one label. */
bool sts_policy_matches(const struct sts_policy *policy, const char *mx_host);

#endif
