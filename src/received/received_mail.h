/*
 * received_mail - a mail that may carry a report (RFC 8460 section 5.3)
 *
 * The report is in the part of type application/tlsrpt+gzip or +json; some
 * senders write application/tlsrpt, octet-stream, gzip, zip or json, with or
 * without a name, or the report is all of the message.  What is around it,
 * which RFC 8460 describes and senders vary, is kept as it came.
 *
 * Who signed the mail is known by the Authentication-Results fields (RFC 8601)
 * that our own servers add.  What stands below their Received fields was there
 * when the mail came in, so the sender may have written it.  Postfix adds its
 * own Received above what most milters add (smfi_insheader() at 1): how many
 * Received fields stand above our own results is for the site to say.
 */
#ifndef TLSTALLY_RECEIVED_RECEIVED_MAIL_H
#define TLSTALLY_RECEIVED_RECEIVED_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/err.h"
#include "base/span.h"
#include "received/auth_results.h"

enum {
	/* base64 of a report that does not compress at all */
	RECEIVED_MAIL_MAX = 36 * 1024 * 1024,
	RECEIVED_RESULTS_MAX = 8,
	RECEIVED_HEADER_MAX = 998, /* of each text below */
};

struct received_mail {
	/* Of the header, cleaned; NULL: absent. */
	const char *from, *to, *subject, *message_id;
	const char *report_domain; /* TLS-Report-Domain */
	const char *submitter;     /* TLS-Report-Submitter */
	/* The domain of the only address in From, canonical; "": there is
	 * none, or several. */
	char from_domain[DOMAIN_TEXT];
	/* From top to bottom. */
	struct auth_results results[RECEIVED_RESULTS_MAX];
	size_t result_count;
	/* As it was attached, to be unpacked; empty: the mail has no report. */
	struct span body;
	struct arena mem; /* all of it */
};

void received_mail_init(struct received_mail *mail);
void received_mail_clear(struct received_mail *mail);

/*
 * A whole message, of whose Authentication-Results those count that have at
 * most that many Received fields above them.  ERR_NOTFOUND: nothing in it looks
 * like a report; ERR_LIMIT: it is longer than RECEIVED_MAIL_MAX, or has so many
 * parts that not all were looked at; ERR_PARSE: it is not a message.  What was
 * read before is forgotten.
 */
int received_mail_read(struct received_mail *mail, const void *message,
                       size_t len, size_t received_above, struct err *err);

#endif
