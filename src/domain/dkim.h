/*
 * dkim - who signed a mail, and may the key sign reports?
 *
 * RFC 8460 section 3: a report by mail has a DKIM signature of its submitter's
 * domain, and the key's record allows the service "tlsrpt".  Nothing is
 * verified here: that is the receiver's business.  What is looked at is the
 * name of the signer in "DKIM-Signature:" and the tags of
 * SELECTOR._domainkey.DOMAIN (RFC 6376 sections 3.5 and 3.6.1).
 */
#ifndef TLSTALLY_DOMAIN_DKIM_H
#define TLSTALLY_DOMAIN_DKIM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/err.h"

struct dkim_name {
	char domain[DOMAIN_TEXT];   /* d=, canonical */
	char selector[DOMAIN_TEXT]; /* s= */
};

/* The header's value.  ERR_PARSE: it is no signature. */
int dkim_signature_read(const char *value, size_t len, struct dkim_name *name,
                        struct err *err);

enum dkim_key {
	DKIM_KEY_GOOD,
	DKIM_KEY_REVOKED,   /* p= is empty */
	DKIM_KEY_TESTING,   /* t=y: as if it were not signed */
	DKIM_KEY_NO_TLSRPT, /* s= leaves out the service tlsrpt */
	DKIM_KEY_NO_EMAIL,  /* s= leaves out email: only who knows tlsrpt
	                       takes it */
};

/* Of a key's record.  ERR_PARSE: it is none, in words. */
int dkim_key_judge(const char *text, size_t len, enum dkim_key *verdict,
                   struct err *err);

#endif
