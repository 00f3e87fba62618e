/*
 * milter_message - one message as a milter sees it come in
 *
 * The steps of the SMTP dialogue in, what there is to count out; no libmilter,
 * no clock, no store:
 *
 *     milter_message_begin()       MAIL, with the macros about TLS
 *     milter_message_recipient()   each RCPT
 *     milter_message_header()      each header field
 *     milter_message_body()        a piece of the body, when it is wanted
 *     milter_message_forget()      end of message, or ABORT
 *
 * Everything is a stranger's: addresses, headers, body, and what Postfix made
 * of them in macros (NULL for one that it did not give).
 *
 * Memory is bounded.  Past MILTER_DOMAINS_MAX recipient domains the message
 * counts once more under MILTER_OTHERS for all of the rest; only a message to
 * one of our own tokens (domain/own_address.h), which may be a bounce, is kept,
 * up to MILTER_TEXT_MAX of it, and one to the addresses to which others send
 * reports, whole or not at all, as long as there is room for all such messages
 * that are under way or wait to be read.
 */
#ifndef TLSTALLY_INMAIL_MILTER_MESSAGE_H
#define TLSTALLY_INMAIL_MILTER_MESSAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/strbuf.h"
#include "domain/dkim.h"
#include "inmail/inbound.h"
#include "domain/own_address.h"

enum {
	MILTER_DOMAINS_MAX = 256,
	MILTER_TEXT_MAX = 256 * 1024,
};

/* No mail goes to such a name (RFC 6761 section 6.4). */
#define MILTER_OTHERS "others.invalid"

/* Bytes of messages to [received] addresses, of all sessions together. */
struct milter_room {
	atomic_size_t taken;
	size_t max;
};

/* Gives back what a message took. */
void milter_room_give(struct milter_room *room, size_t bytes);

/* Who we are; lent. */
struct milter_site {
	const char *sender;                /* of our reports */
	const char *submitter;             /* TLS-Report-Submitter */
	const char *const *remote_mailers; /* Postfix transports */
	size_t remote_mailer_count;
	/* Of those to whom others send reports; NULL room: none are kept. */
	const char *const *inbox;
	size_t inbox_count;
	size_t inbox_max; /* bytes of a message */
	struct milter_room *room;
};

/* Where Postfix sends it. */
enum milter_way {
	MILTER_TO_US,      /* local, virtual, lmtp, a relay domain's... */
	MILTER_TO_OTHERS,  /* a transport to other sites */
	MILTER_TO_UNKNOWN, /* sendmail(1): cleanup(8) has no {rcpt_mailer} */
};

struct milter_domain {
	enum milter_way way;
	const char *name;     /* canonical */
	const char *next_hop; /* of MILTER_TO_OTHERS, canonical */
};

struct milter_message {
	const struct milter_site *site;
	/* The bounds below; a test of what happens at them may lower these. */
	size_t domains_max, text_max;
	bool begun; /* between MAIL and its end */
	struct inbound inbound;
	struct milter_domain *domains; /* each way and name once */
	size_t domain_count;

	char token[OWN_TOKEN_TEXT]; /* of ours among the recipients, or "" */
	bool to_inbox;              /* else: to an address of site->inbox */
	struct strbuf text;         /* of a message to one of them */
	size_t taken;               /* of the site's room, for it */
	bool is_cut;       /* it was too large, or there was no room: no text */
	bool tls_optional; /* "TLS-Required: No" (RFC 8689) */
	/* Of mail from our sender: the DKIM signature of the submitter's
	 * domain, else the first one by somebody else; "": none came. */
	struct dkim_name signature;

	/* Its own business. */
	struct arena arena;
	size_t domain_room;
	bool from_us, submitted_by_us, in_body;
};

void milter_message_init(struct milter_message *message,
                         const struct milter_site *site);
void milter_message_clear(struct milter_message *message);

/* The address with or without <>; the client as its address says. */
void milter_message_begin(struct milter_message *message, const char *sender,
                          const struct inbound_macros *macros,
                          enum inbound_client client);

struct milter_rcpt_macros {
	const char *addr, *host, *mailer;
};
void milter_message_recipient(struct milter_message *message,
                              const char *recipient,
                              const struct milter_rcpt_macros *macros);

void milter_message_header(struct milter_message *message, const char *name,
                           const char *value);

/* Takes a piece of the body; false when no more of it is of use. */
bool milter_message_body(struct milter_message *message, const void *data,
                         size_t len);

/* Is it a report of ours: by its envelope sender and TLS-Report-Submitter? */
bool milter_message_is_report(const struct milter_message *message);

/* Is there a signature, as far as we see, of the submitter's domain?  A signer
 * that stands behind us in smtpd_milters has yet to make its own. */
bool milter_message_is_signed(const struct milter_message *message);

/* May it be a bounce of one? */
bool milter_message_may_be_bounce(const struct milter_message *message);

/* May it bring a report of others?  Its text may have been cut. */
bool milter_message_is_for_inbox(const struct milter_message *message);

void milter_message_forget(struct milter_message *message);

#endif
