/*
 * policy_rules - by what this site answers: its Postfix, and its own table
 *
 * Made at start, and anew when main.cf, master.cf or the table of overrides has
 * changed.  One that was made never changes; threads that are at work with it
 * keep it until they are done:
 *
 *     struct policy_rules *rules = policy_rules_get(&shelf);
 *     ...
 *     policy_rules_put(&rules);
 */
#ifndef TLSTALLY_POLICYD_POLICY_RULES_H
#define TLSTALLY_POLICYD_POLICY_RULES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "domain/policy_answer.h"
#include "policyd/overrides.h"
#include "postfix/postfix_site.h"

struct policy_rules {
	struct policy_site site;
	bool postfix_validates; /* its resolver */
	bool refused; /* [policyd] level, weaker than what the site has */
	/* This host's Postfix reads TLSRPT attributes, or is not known. */
	bool tlsrpt;
	char version[32]; /* "3.7.11"; "": not known */
	struct overrides *overrides;
	uint64_t number; /* of all that were on the shelf; from 1 on */
	_Atomic unsigned users;
};

/* Where the present ones are. */
struct policy_shelf {
	pthread_mutex_t lock;
	struct policy_rules *rules;
	uint64_t last; /* number */
};

/* By [policyd] and postconf: the services of master.cf that are smtp(8) and ask
 * us; all of them, if none does.  They all ask at one socket, so an answer has
 * to be good for each.  `validates`: the resolver that Postfix asks does. */
void policy_rules_of_site(struct policy_rules *rules, const struct conf *conf,
                          const struct postfix_site *site, bool validates);

void policy_shelf_init(struct policy_shelf *shelf);
void policy_shelf_clear(struct policy_shelf *shelf);
/* Takes them; those before live until their last user puts them back. */
void policy_shelf_set(struct policy_shelf *shelf, struct policy_rules *rules);
struct policy_rules *policy_rules_get(struct policy_shelf *shelf);
void policy_rules_put(struct policy_rules **rules);

#endif
