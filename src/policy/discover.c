#include "policy/discover.h"

#include <string.h>

#include "base/strbuf.h"
#include "policy/lookup.h"

enum {
	KEEP_MIN = 60, /* secs: however short the TTL is */
	KEEP_AFTER_FAILURE = 60,
	/* For all questions about one domain: whoever has many hosts and slow
	 * servers must not keep a thread from the others. */
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
	const struct domain_view *view = lookup->view;
	int64_t ttl = lookup->ttl;

	if (lookup->failed)
		ttl = KEEP_AFTER_FAILURE;
	if (view->sts == VIEW_OK && view->sts_expires_at - lookup->now < ttl)
		ttl = view->sts_expires_at - lookup->now;
	if (ttl < KEEP_MIN)
		ttl = KEEP_MIN;
	return lookup->now + (ttl < VIEW_KEEP_MAX ? ttl : VIEW_KEEP_MAX);
}

bool discover(const struct discover_options *options, const char *domain,
              const struct domain_view *old, struct arena *arena,
              struct domain_view *view)
{
	struct lookup lookup = {
		.resolver = options->resolver,
		.fetcher = options->fetcher,
		.reach = options->reach,
		.clock = options->clock,
		.stop = options->stop,
		.thorough = options->thorough,
		.old = copy_view(old, arena),
		.arena = arena,
		.view = view,
		.now = clock_secs(options->clock),
		.ttl = UINT32_MAX,
		.until_ms = clock_monotonic_ms(options->clock) + PATIENCE_MS,
	};

	memset(view, 0, sizeof(*view));
	view->domain = arena_strdup(arena, domain);
	view->checked_at = lookup.now;
	tlsrpt_lookup(&lookup);
	if (options->fetcher != NULL)
		sts_lookup(&lookup);
	if (mx_lookup(&lookup) && options->dane)
		dane_lookup(&lookup);
	view->expires_at = keep_until(&lookup);
	return !lookup.failed;
}
