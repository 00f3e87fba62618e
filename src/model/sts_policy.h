/*
 * sts_policy - MTA-STS by RFC 8461: the TXT record and the policy file
 *
 * Parsing is pure; fetching is policy/sts_fetch.
 */
#ifndef TLSTALLY_MODEL_STS_POLICY_H
#define TLSTALLY_MODEL_STS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum {
	STS_ID_MAX = 32,
	STS_POLICY_MAX = 64 * 1024, /* RFC 8461 section 3.3 */
	STS_MAX_AGE = 31557600,     /* more is taken as this */
	STS_MX_MAX = 100,
};

enum sts_mode { STS_NONE, STS_TESTING, STS_ENFORCE };
const char *sts_mode_word(enum sts_mode mode);

/* Does the TXT record begin with "v=STSv1", white space or not, and ";"?
 * Others are discarded before counting (section 3.1). */
bool sts_record_is_candidate(const char *text, size_t len);

/* The record's id.  ERR_PARSE in words. */
int sts_record_parse(const char *text, size_t len, char id[STS_ID_MAX + 1],
                     struct err *err);

struct sts_policy {
	enum sts_mode mode;
	int64_t max_age; /* secs */
	const char **mx; /* canonical patterns, in the file's order */
	size_t mx_count;
	const char **lines; /* as RFC 8460 wants them in policy-string */
	size_t line_count;
};

/* The file (section 3.2); strings live in the arena.  ERR_PARSE names the
 * line: "line 3: mode 'on' is not testing, enforce or none". */
int sts_policy_parse(const char *text, size_t len, struct arena *arena,
                     struct sts_policy *policy, struct err *err);

/* Section 4.1: does the MX host match a pattern?  "*." stands for exactly
 * one label. */
bool sts_policy_matches(const struct sts_policy *policy, const char *mx_host);

#endif
