/*
 * received_trust - who vouches for a mail with a report
 *
 * A report must be signed with DKIM by who makes it (RFC 8460 section 3).  We
 * verify no signature: the site's own filter does, and says so in
 * Authentication-Results fields of an authserv-id that the settings name.  A
 * signature counts that passed, is of the domain of From or of the
 * organization that has it, and of that of TLS-Report-Submitter, where there is
 * one:
 *
 *     From: noreply@reports.example.com          d=example.com: yes
 *     TLS-Report-Submitter: example.com          d=example.net: no
 */
#ifndef TLSTALLY_RECEIVED_RECEIVED_TRUST_H
#define TLSTALLY_RECEIVED_RECEIVED_TRUST_H

#include <stddef.h>

#include "base/err.h"
#include "received/received_mail.h"

/* The d= of that signature, lent by the mail; NULL: nobody vouches for it, and
 * why stands in `why` (ERR_NOTFOUND).  Servers in lower case. */
const char *received_signer(const struct received_mail *mail,
                            const char *const *servers, size_t count,
                            struct err *why);

#endif
