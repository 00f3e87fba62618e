/*
 * spf_record - is a domain's SPF record one that can let its mail pass?
 *
 * "v=spf1 mx ip4:192.0.2.0/24 include:_spf.example.net -all" (RFC 7208).  It is
 * read, not evaluated: from where a report leaves is for the receiver to see.
 * A record with an error in it is "permerror" for everybody, and one that ends
 * in "-all" and allows nobody says that the domain sends no mail.
 */
#ifndef TLSTALLY_DOMAIN_SPF_RECORD_H
#define TLSTALLY_DOMAIN_SPF_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Is this TXT record one?  There must be one of them (section 4.5). */
bool spf_record_is_one(const char *text, size_t len);

enum spf_verdict {
	SPF_GOOD,
	SPF_NOBODY,    /* "v=spf1 -all" */
	SPF_EVERYBODY, /* "+all": worth nothing */
};

/* ERR_PARSE: receivers see an error, in words. */
int spf_record_judge(const char *text, size_t len, enum spf_verdict *verdict,
                     struct err *err);

#endif
