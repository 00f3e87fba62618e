/*
 * lookup_desk - domains that people ask about, looked up for them
 *
 * A look-up asks DNS and a web server of strangers and takes up to two
 * minutes.  So nobody waits for it: whoever asks is told that it is under way
 * and asks again, while the service of look-ups does the work.  What was found
 * is kept for a few minutes, in memory only: the policy cache is the business
 * of those who judge sessions.
 */
#ifndef TLSTALLY_JMAP_LOOKUP_DESK_H
#define TLSTALLY_JMAP_LOOKUP_DESK_H

#include <jansson.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/err.h"
#include "policy/service.h"

enum {
	LOOKUP_PLACES = 32, /* asked for, under way and found */
	LOOKUP_KEEP_FAILED_SECS = 60,
	LOOKUP_KEEP_SECS = 5 * 60, /* found */
	LOOKUP_PER_MINUTE = 20,    /* of one token */
};

struct lookup_desk;

/* What the options point to is lent; what is looked for is all that there is.
 * The service begins with the first question. */
struct lookup_desk *
lookup_desk_new(const struct policy_service_options *options);
/* What is under way is dropped. */
void lookup_desk_free(struct lookup_desk **desk);

enum lookup_state { LOOKUP_NONE, LOOKUP_UNDER_WAY, LOOKUP_DONE };

struct lookup_answer {
	enum lookup_state state;
	int64_t asked_at;   /* secs */
	json_t *doc;        /* DONE: lookup_doc()'s; the caller's */
	struct err failure; /* DONE: class 0, or why nothing was found out */
};

/* What is known of this (canonical) domain, without asking anybody. */
void lookup_desk_see(struct lookup_desk *desk, const char *domain,
                     struct lookup_answer *answer);

/* Has it looked up, unless that is under way.  ERR_BUSY, in words: this caller
 * has asked too often, or too many look-ups wait. */
int lookup_desk_ask(struct lookup_desk *desk, const char *caller,
                    const char *domain, struct lookup_answer *answer,
                    struct err *err);

#endif
