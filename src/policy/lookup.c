#include "policy/lookup.h"

void lookup_ask(struct lookup *lookup, const char *name, enum dns_type type,
                struct dns_answer *answer)
{
	struct resolver *resolver = lookup->resolver;
	const char *refusal = NULL;

	if (lookup->stop != NULL && atomic_load(lookup->stop))
		refusal = "stopped";
	else if (clock_monotonic_ms(lookup->clock) > lookup->until_ms)
		refusal = "not asked, because the domain's DNS is too slow";
	if (refusal != NULL)
		*answer = (struct dns_answer){.status = VIEW_TEMPFAIL,
		                              .owner = name,
		                              .problem = refusal};
	else
		resolver->query(resolver, name, type, lookup->arena, answer);
	if (answer->problem != NULL)
		answer->problem = arena_printf(lookup->arena, "%s: %s", name,
		                               answer->problem);
	if (answer->status == VIEW_TEMPFAIL)
		lookup->failed = true;
	else if (answer->status == VIEW_BOGUS)
		lookup->ttl = 0; /* such a thing is soon mended */
	else if (type != DNS_A && type != DNS_AAAA && answer->ttl < lookup->ttl)
		/* the life of an address says nothing about the life of what
		 * stands there: they are short where hosts are moved about */
		lookup->ttl = answer->ttl;
}

struct lookup_texts lookup_texts(struct lookup *lookup,
                                 const struct dns_answer *answer)
{
	size_t count = answer->count;
	struct lookup_texts texts = {
		.texts = arena_array(lookup->arena, count, sizeof(char *)),
		.lens = arena_array(lookup->arena, count, sizeof(size_t)),
		.count = count,
	};

	for (size_t i = 0; i < count; i++) {
		texts.texts[i] = (const char *)answer->records[i].data;
		texts.lens[i] = answer->records[i].len;
	}
	return texts;
}
