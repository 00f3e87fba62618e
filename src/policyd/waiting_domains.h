/*
 * waiting_domains - domains that are looked up while clients wait for them
 *
 * By name, and by when they were asked for first: the time limit of all who
 * wait for one is that of the first, so that Postfix, which asks again for each
 * MX host, does not wait for a dead domain again and again.
 */
#ifndef TLSTALLY_POLICYD_WAITING_DOMAINS_H
#define TLSTALLY_POLICYD_WAITING_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policyd/policy_client.h"

struct waiting_domain {
	struct waiting_domain *chain, *sooner, *later;
	uint64_t hash;
	int64_t until_ms;
	bool is_over; /* the time limit, or nobody answers us at present */
	struct policy_client *first; /* who waits */
	size_t len;
	char domain[];
};

struct waiting_domains;

struct waiting_domains *waiting_domains_new(void);
/* Nobody waits any more. */
void waiting_domains_free(struct waiting_domains **all);

/* NULL: it is not looked up. */
struct waiting_domain *waiting_domains_find(struct waiting_domains *all,
                                            const char *domain, size_t len);
struct waiting_domain *waiting_domains_add(struct waiting_domains *all,
                                           const char *domain, size_t len,
                                           int64_t until_ms);
/* Nobody waits for it. */
void waiting_domains_remove(struct waiting_domains *all,
                            struct waiting_domain **domain);

/* The one whose time limit comes first and is not over; NULL. */
struct waiting_domain *waiting_domains_first(struct waiting_domains *all);
/* From now on it is not among these. */
void waiting_domains_over(struct waiting_domains *all,
                          struct waiting_domain *domain);

void waiting_domain_join(struct waiting_domain *domain,
                         struct policy_client *client);
void waiting_domain_leave(struct policy_client *client);

#endif
