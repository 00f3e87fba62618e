/*
 * policy_askers - the services of master.cf that ask tlstally-policyd
 *
 * What it tells is told to all of them, so that it depends on the levels of
 * all.
 */
#ifndef TLSTALLY_POSTFIX_POLICY_ASKERS_H
#define TLSTALLY_POSTFIX_POLICY_ASKERS_H

#include <stdbool.h>

#include "domain/site_level.h"
#include "postfix/postfix_facts.h"

struct policy_askers {
	unsigned levels; /* SITE_LEVEL_BIT() */
	bool every_dane; /* all of them do DANE */
	bool any_dane;   /* one does it for all mail */
	bool verifies_host;
};

/* Nobody asks. */
#define POLICY_ASKERS_NONE                                                     \
	((struct policy_askers){.every_dane = true, .verifies_host = true})

/* Has it the socket at which tlstally-policyd listens in smtp_tls_policy_maps?
 * _only: and no other table, which may say anything. */
bool policy_askers_have(const struct postfix_facts *facts,
                        const struct postfix_client *client, const char *ours);
bool policy_askers_have_only(const struct postfix_facts *facts,
                             const struct postfix_client *client,
                             const char *ours);

/* `validates`: the resolver that Postfix asks. */
void policy_askers_add(struct policy_askers *askers,
                       const struct postfix_client *client, bool validates);

#endif
