/*
 * policy_desk - between a question of Postfix and what is known of a domain
 *
 *     the server's thread      the desk's thread        the lookup service
 *     -------------------      -----------------        ------------------
 *     policy_desk_ask()   ->   the store's view
 *                              good: DESK_DONE
 *                              old:  DESK_OLD      ->   looks it up
 *     policy_desk_next()  <-   none: DESK_NOTHING  ->   looks it up
 *     policy_desk_next()  <-   the told log        <-   DESK_DONE
 *
 * So the server, which answers others meanwhile, waits neither for the disk nor
 * for DNS, nor for a lock that a thread has which waits for a processor: what
 * it asks and what it gets goes through mailboxes (base/mailbox.h), and what it
 * has read goes back to be freed.  What the table of overrides has needs
 * neither.  Answers are made here (domain/policy_answer.h), by the rules of the
 * moment, and are given out when the told table has them (policyd/told_log.h).
 * When something can be fetched by policy_desk_next(), the descriptor of
 * policy_desk_fd() can be read.
 */
#ifndef TLSTALLY_POLICYD_POLICY_DESK_H
#define TLSTALLY_POLICYD_POLICY_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/domain.h"
#include "base/mailbox.h"
#include "policyd/policy_counts.h"
#include "policyd/policy_rules.h"
#include "policyd/policy_source.h"
#include "policyd/told_log.h"

struct policy_desk;

struct policy_desk_options {
	struct policy_source source;
	struct policy_shelf *shelf; /* lent, like the rest */
	struct policy_counts *counts;
	struct told_log *told; /* ends when the service is closed */
	struct clock *clock;
	bool is_out; /* the resolver answered nobody before it began */
};

int policy_desk_open(struct policy_desk **desk,
                     const struct policy_desk_options *options,
                     struct err *err);
/* The service is asked nothing more; then it can be closed, whose threads tell
 * the desk until then, and behind that the desk. */
void policy_desk_stop(struct policy_desk *desk);
void policy_desk_close(struct policy_desk **desk);

enum desk_what {
	DESK_LOOK_UP, /* somebody waits for it */
	DESK_REFRESH, /* nobody does; what is known is good for a while */
	DESK_EXPLAIN, /* what is known, as JSON; no lookup */
	DESK_DROP,    /* the desk's: rules that nobody needs */
};

struct desk_question {
	enum desk_what what; /* but DROP */
	const char *domain;  /* of EXPLAIN: the key */
	size_t len;
	uint64_t id; /* the asker's */
};

/* One thread asks, and it fetches the results. */
void policy_desk_ask(struct policy_desk *desk,
                     const struct desk_question *question);

enum desk_stage {
	DESK_NOTHING, /* nothing is known; a lookup goes on */
	DESK_OLD,     /* an answer by an old view; a lookup goes on */
	DESK_DONE,    /* an answer, the last of the question */
	DESK_NONE,    /* there will be no answer: too busy, or at the end */
};

struct desk_result {
	struct mail mail; /* the desk's */
	struct policy_desk *desk;
	enum desk_what what;
	enum desk_stage stage;
	uint64_t id;
	char domain[DOMAIN_TEXT];
	uint64_t rules; /* their number, by which it was made */
	/* DESK_OLD, DESK_DONE; the text is packed (policyd/answer_text.h), of
	 * EXPLAIN it is JSON. */
	enum told_kind kind;
	char *text;
	size_t len, text_len, plain_len;
	int64_t good_secs, refresh_secs; /* from now */
	bool by_failure;                 /* domain/policy_answer.h */
};

/* By the table of overrides, at once, whatever the store does; NULL: the domain
 * does not stand there. */
struct desk_result *policy_desk_override(struct policy_desk *desk,
                                         const struct policy_rules *rules,
                                         const char *domain, size_t len);
/* Of an override. */
void policy_desk_free_result(struct desk_result **result);

int policy_desk_fd(const struct policy_desk *desk);
/* The next result, lent; NULL: no more for now. */
struct desk_result *policy_desk_next(struct policy_desk *desk);
/* It has been read. */
void policy_desk_give_back(struct policy_desk *desk,
                           struct desk_result **result);

/* Puts them back, whose table may be large. */
void policy_desk_drop_rules(struct policy_desk *desk,
                            struct policy_rules **rules);

/* Does the resolver answer nobody (policyd/outage.h)?  Without a lock. */
bool policy_desk_is_out(struct policy_desk *desk);
/* Lookups fail: one of any other domain would tell more. */
bool policy_desk_suspects(struct policy_desk *desk);
/* A question that somebody else asked of the resolver had an answer, or none:
 * counts like that of a domain. */
void policy_desk_note(struct policy_desk *desk, const char *name,
                      bool answered);
/* A domain that was looked up in the last hour was validated by DNSSEC. */
bool policy_desk_saw_dnssec(const struct policy_desk *desk);

#endif
