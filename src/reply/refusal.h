/*
 * refusal - what a "no" says about the address it was said to
 *
 *     550 5.1.1 <tls@example.com>: User unknown        no such address
 *     550 5.2.1 This account is disabled               in doubt
 *     550-5.2.1 The user you are trying to contact     passing
 *     550 5.2.1 is receiving mail at a rate that ...
 *     550 5.1.0 <us@sender.example> sender rejected    ours
 *     550 5.4.1 no route                               other
 *
 * One judgement for what RCPT is answered (deliver/verdict.h) and for what a
 * bounce quotes (inmail/dsn.h).  An address that is suppressed gets no report
 * for 30 days, and servers use 5.1.1 and 5.2.1 for much that is not about the
 * address.  So "no such address" is said only where the code means that, no
 * other code beside it means something else, and no word speaks of rate, quota,
 * content, networks, policy or the sender.  What is in doubt has to be said of
 * reports of several days (reply/doubt.h).
 */
#ifndef TLSTALLY_REPLY_REFUSAL_H
#define TLSTALLY_REPLY_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum refusal_kind {
	REFUSAL_OTHER,           /* routing, size, no code at all */
	REFUSAL_PASSING,         /* rate, quota, a full mailbox */
	REFUSAL_OURS,            /* our address, network, mail; their policy */
	REFUSAL_IN_DOUBT,        /* the address, perhaps */
	REFUSAL_NO_SUCH_ADDRESS, /* beyond doubt */
};

struct refusal {
	enum refusal_kind kind;
	int reply;     /* 550; 0: there is none */
	int status[3]; /* 5, 1, 1 (RFC 3463); 5, 0, 0 of a reply without such a
	                  code; zeros: neither */
};

/*
 * The text is a reply, all of its lines with their codes, on one line or on
 * several, or it quotes one: "smtp; 550 5.1.1 who?", "host mx said: 550-5.1.1
 * who?", "sorry, no mailbox here by that name (#5.1.1)".
 *
 * `beside` is the Status of a bounce; NULL, or zeros: there is none.  The
 * enhanced code of the reply counts before it, unless it says less (x.0.0).
 */
void refusal_read(struct span text, const int beside[3],
                  struct refusal *refusal);

/* An enhanced code at the beginning of a text: "5.1.10", and not the beginning
 * of an IP address. */
bool refusal_status_here(struct span text, int status[3]);

/* refusal_words.c: what the words alone say, OTHER, PASSING or OURS; and
 * whether they say that the address does not exist, or that its mailbox is
 * full. */
enum refusal_kind refusal_words(struct span text);
bool refusal_words_deny(struct span text);
bool refusal_words_full(struct span text);
/* A notice that it is tried again, and not that it has failed. */
bool refusal_words_delay(struct span text);

#endif
