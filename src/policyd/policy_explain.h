/*
 * policy_explain - what a key is answered with, and why, as JSON
 *
 *     {"key": "Example.com", "domain": "example.com", "kind": "stsEnforce",
 *      "answer": "secure match=...", "why": "its MTA-STS policy ...",
 *      "checkedAt": "2026-11-30T12:00:00Z"}
 *
 * By what is known; nothing is looked up.  "answer" is missing where Postfix
 * gets NOTFOUND; "temporary" is there and says why where it gets TEMP.
 */
#ifndef TLSTALLY_POLICYD_POLICY_EXPLAIN_H
#define TLSTALLY_POLICYD_POLICY_EXPLAIN_H

#include <stdint.h>

#include "policyd/policy_rules.h"
#include "policyd/policy_source.h"

/* The caller's to free. */
char *policy_explain(const struct policy_source *source,
                     const struct policy_rules *rules, const char *key,
                     int64_t now);

#endif
