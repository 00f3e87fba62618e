#include "policyd/waiting_domains.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"

enum { BUCKETS = 16384 };

struct waiting_domains {
	struct waiting_domain *buckets[BUCKETS];
	struct waiting_domain *first, *last; /* by their time limit */
	uint64_t seed;
};

struct waiting_domains *waiting_domains_new(void)
{
	struct waiting_domains *all = xcalloc(1, sizeof(*all));

	hash_random_bytes(&all->seed, sizeof(all->seed));
	return all;
}

void waiting_domains_free(struct waiting_domains **all)
{
	if (*all == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((*all)->buckets[i] != NULL) {
			struct waiting_domain *domain = (*all)->buckets[i];

			waiting_domains_remove(*all, &domain);
		}
	free(*all);
	*all = NULL;
}

static struct waiting_domain **find_place(struct waiting_domains *all,
                                          uint64_t hash, const char *domain,
                                          size_t len)
{
	struct waiting_domain **at = &all->buckets[hash % BUCKETS];

	while (*at != NULL && ((*at)->hash != hash || (*at)->len != len ||
	                       memcmp((*at)->domain, domain, len) != 0))
		at = &(*at)->chain;
	return at;
}

struct waiting_domain *waiting_domains_find(struct waiting_domains *all,
                                            const char *domain, size_t len)
{
	return *find_place(all, hash64(all->seed, domain, len), domain, len);
}

/* The limit is the same for all, so who comes last has the last one. */
struct waiting_domain *waiting_domains_add(struct waiting_domains *all,
                                           const char *domain, size_t len,
                                           int64_t until_ms)
{
	struct waiting_domain *added = xcalloc(1, sizeof(*added) + len);
	struct waiting_domain **at;

	added->hash = hash64(all->seed, domain, len);
	added->until_ms = until_ms;
	added->len = len;
	memcpy(added->domain, domain, len);
	at = &all->buckets[added->hash % BUCKETS];
	added->chain = *at;
	*at = added;
	added->sooner = all->last;
	*(all->last != NULL ? &all->last->later : &all->first) = added;
	all->last = added;
	return added;
}

void waiting_domains_over(struct waiting_domains *all,
                          struct waiting_domain *domain)
{
	if (domain->is_over)
		return;
	domain->is_over = true;
	*(domain->sooner != NULL ? &domain->sooner->later : &all->first) =
		domain->later;
	*(domain->later != NULL ? &domain->later->sooner : &all->last) =
		domain->sooner;
}

void waiting_domains_remove(struct waiting_domains *all,
                            struct waiting_domain **domain)
{
	waiting_domains_over(all, *domain);
	*find_place(all, (*domain)->hash, (*domain)->domain, (*domain)->len) =
		(*domain)->chain;
	free(*domain);
	*domain = NULL;
}

struct waiting_domain *waiting_domains_first(struct waiting_domains *all)
{
	return all->first;
}

void waiting_domain_join(struct waiting_domain *domain,
                         struct policy_client *client)
{
	client->waits_for = domain;
	client->before_waiting = NULL;
	client->next_waiting = domain->first;
	if (domain->first != NULL)
		domain->first->before_waiting = client;
	domain->first = client;
}

void waiting_domain_leave(struct policy_client *client)
{
	struct waiting_domain *domain = client->waits_for;

	if (domain == NULL)
		return;
	*(client->before_waiting != NULL ? &client->before_waiting->next_waiting
	                                 : &domain->first) =
		client->next_waiting;
	if (client->next_waiting != NULL)
		client->next_waiting->before_waiting = client->before_waiting;
	client->waits_for = NULL;
}
