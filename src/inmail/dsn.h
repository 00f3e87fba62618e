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
 * delivery-status without a report around it, Status as "5.1.1 (text)", empty
 * or only in the Diagnostic-Code, fields in any order, no blank line before the
 * first recipient, Action in capitals.  All of these are read, and where the
 * status names nobody the two forms of plain text that do (inmail/dsn_text.c).
 * What is none of these (an auto-reply, a person's answer) is none, and neither
 * is one that somebody forwards as message/rfc822: it is not about our mail.
 */
#ifndef TLSTALLY_INMAIL_DSN_H
#define TLSTALLY_INMAIL_DSN_H

#include <stddef.h>

#include "base/err.h"
#include "reply/refusal.h"

enum dsn_action {
	DSN_FAILED,
	DSN_DELAYED,
	DSN_OTHER, /* delivered, relayed, expanded, what we do not know */
};

struct dsn_recipient {
	/* printable; Final-, else Original-Recipient: without "rfc822;", <> */
	char address[256];
	enum dsn_action action;
	/* of the reply that the Diagnostic-Code quotes, else the Status: 5, 1,
	 * 1; zeros when there is none */
	int status[3];
	enum refusal_kind refusal; /* what both say about the address */
	char diagnostic[256];      /* one printable line, cut to fit; "" */
};

enum { DSN_RECIPIENTS_MAX = 16 };

struct dsn {
	size_t count;
	struct dsn_recipient recipients[DSN_RECIPIENTS_MAX];
};

/*
 * A whole message, header and body, of at most 256 KiB.  0, and there is at
 * least one recipient (those after the first DSN_RECIPIENTS_MAX are left out);
 * ERR_NOTFOUND: it is no delivery status notification; ERR_LIMIT: it is too
 * large, or has so many parts that not all were looked at; ERR_PARSE: its
 * status names no recipient.  May be called in any thread.
 */
int dsn_read(const void *message, size_t len, struct dsn *dsn, struct err *err);

#endif
