/*
 * dmarc_record - what a domain wants done with mail that is not authenticated
 *
 * "v=DMARC1; p=reject; rua=mailto:dmarc@example.com" at _dmarc.example.com
 * (RFC 7489 section 6.3).  Reports leave with From: and an envelope sender of
 * the submitter's own domain, and are signed by that very domain: both are
 * aligned, strictly too, and nothing needs to be known of organizational
 * domains.  So all that counts here is whether the record says anything, and
 * what happens to a report without either.
 */
#ifndef TLSTALLY_DOMAIN_DMARC_RECORD_H
#define TLSTALLY_DOMAIN_DMARC_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };

struct dmarc_record {
	enum dmarc_policy policy;    /* p= */
	enum dmarc_policy subdomain; /* sp=, or p= */
};

/* May this TXT record be one at all?  Others are discarded before counting
 * (section 6.6.3). */
bool dmarc_record_is_candidate(const char *text, size_t len);

/* ERR_PARSE: receivers see none, in words. */
int dmarc_record_read(const char *text, size_t len, struct dmarc_record *record,
                      struct err *err);

const char *dmarc_policy_word(enum dmarc_policy policy);

#endif
