/*
 * policy_text - a TLS policy as Postfix reads it
 *
 *     secure match=.example.com servername=hostname
 *     may policy_type=sts policy_domain=d.test { policy_string = mode: testing
 * }
 *
 * The right side of smtp_tls_policy_maps: a level, then attributes.  Postfix
 * defers all mail for one that it cannot read ("client TLS configuration
 * problem"), so what we answer, and what stands in the table of overrides, is
 * looked at here first.  The rules are those of Postfix 3.11's smtp(8), and
 * what was seen of 3.7 and 3.10; where they differ the strictest is taken.
 */
#ifndef TLSTALLY_DOMAIN_POLICY_TEXT_H
#define TLSTALLY_DOMAIN_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Postfix reads replies of up to 100,000 bytes. */
enum { POLICY_TEXT_MAX = 90000 };

/* Does Postfix take it?  `tlsrpt`: with the attributes that 3.10 brought.
 * ERR_PARSE and ERR_LIMIT in words: "unknown attribute 'foo'". */
int policy_text_check(const char *text, size_t len, bool tlsrpt,
                      struct err *err);

/* What Postfix takes for a host name, in policy_domain and servername. */
bool policy_text_is_hostname(const char *name, size_t len);

/* Can it stand in braces: some text, no control characters, UTF-8, braces in
 * pairs? */
bool policy_text_is_string(const char *text, size_t len);

#endif
