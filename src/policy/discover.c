#include "policy/discover.h"

#include <string.h>

#include "base/strbuf.h"

enum {
	KEEP_MIN = 60, /* secs: however short the TTL is */
	KEEP_AFTER_FAILURE = 60,
	/* For all questions about one domain. */
	PATIENCE_MS = 120 * 1000,
};

/* The old view with its strings in our arena; what cannot be read back is
 * none. */
static const struct domain_view *copy_view(const struct domain_view *old,
                                           struct arena *arena)
{
	struct domain_view *copy = arena_alloc(arena, sizeof(*copy));
	struct strbuf bytes = {0};

	if (old == NULL)
		return copy;
	domain_view_encode(old, &bytes);
	if (domain_view_decode(bytes.data, bytes.len, arena, copy, NULL) < 0)
		memset(copy, 0, sizeof(*copy));
	strbuf_clear(&bytes);
	return copy;
}

static int64_t keep_until(const struct lookup *lookup)
{
	const struct domain_view *view = &lookup->view;
	int64_t ttl = lookup->ttl;

	if (lookup->failed)
		ttl = KEEP_AFTER_FAILURE;
	/* it may be there at the next try */
	if (view->sts_record == VIEW_OK && ttl > LOOKUP_STS_PAUSE &&
	    domain_view_fetch_result(view->sts_fetch) != RESULT_OTHER)
		ttl = LOOKUP_STS_PAUSE;
	if (view->sts == VIEW_OK && view->sts_expires_at - lookup->now < ttl)
		ttl = view->sts_expires_at - lookup->now;
	if (ttl < KEEP_MIN)
		ttl = KEEP_MIN;
	return lookup->now + (ttl < VIEW_KEEP_MAX ? ttl : VIEW_KEEP_MAX);
}

void discover_begin(struct lookup *lookup,
                    const struct discover_options *options, const char *domain,
                    const struct domain_view *old)
{
	*lookup = (struct lookup){
		.clock = options->clock,
		.reach = options->reach,
		.sts = options->sts,
		.dane = options->dane,
		.thorough = options->thorough,
		.unvouched = options->unvouched,
		.knows_the_place = options->knows_the_place,
		.now = clock_secs(options->clock),
		.until_ms = clock_monotonic_ms(options->clock) + PATIENCE_MS,
	};
	lookup->old = copy_view(old, &lookup->kept);
	lookup->domain = arena_strdup(&lookup->kept, domain);
}

bool discover_pass(struct lookup *lookup)
{
	arena_reset(&lookup->arena);
	lookup->view = (struct domain_view){.domain = lookup->domain,
	                                    .checked_at = lookup->now,
	                                    .unvouched = lookup->unvouched};
	lookup->ttl = UINT32_MAX;
	lookup->failed = lookup->answered = lookup->waits = false;
	tlsrpt_lookup(lookup);
	if (lookup->sts)
		sts_lookup(lookup);
	else
		sts_lookup_not(lookup);
	if (mx_lookup(lookup) && lookup->dane)
		dane_lookup(lookup);
	lookup->view.expires_at = keep_until(lookup);
	return !lookup->waits;
}

void discover_clear(struct lookup *lookup)
{
	arena_clear(&lookup->arena);
	arena_clear(&lookup->kept);
}
