/*
 * dsn - a delivery status notification (RFC 3464), as far as we need it
 *
 * multipart/report; report-type=delivery-status, whose second part has a block
 * of fields for the message and one for each recipient:
 *
 *     Final-Recipient: rfc822; tls@example.com
 *     Action: failed
 *     Status: 5.1.1
 *     Diagnostic-Code: smtp; 550 5.1.1 <tls@example.com>: User unknown
 *
 * MIME is GMime's business.  Servers get it slightly wrong: no report-type, a
 * delivery-status without a report around it, Status as "5.1.1 (text)" or only
 * in the Diagnostic-Code, no blank line before the first recipient, Action in
 * capitals.  All of these are read.  What has no delivery-status at all (an
 * auto-reply, a person's answer) is none.
 */
#ifndef TLSTALLY_MODEL_DSN_H
#define TLSTALLY_MODEL_DSN_H

#include <stddef.h>

#include "base/err.h"

enum dsn_action {
	DSN_FAILED,
	DSN_DELAYED,
	DSN_OTHER, /* delivered, relayed, expanded, what we do not know */
};

struct dsn_recipient {
	char address[256]; /* printable; Final-, else Original-Recipient */
	enum dsn_action action;
	int status[3];        /* 5, 1, 1; zeros when there is none */
	char diagnostic[256]; /* one printable line; "" */
};

enum { DSN_RECIPIENTS_MAX = 16 };

struct dsn {
	size_t count;
	struct dsn_recipient recipients[DSN_RECIPIENTS_MAX];
};

/*
 * A whole message, header and body.  0; ERR_NOTFOUND: it is no delivery status
 * notification; ERR_LIMIT, ERR_PARSE: in words.
 */
int dsn_read(const void *message, size_t len, struct dsn *dsn, struct err *err);

#endif
