/* The hosts that take a domain's mail (RFC 5321 section 5.1, RFC 7505). */
#include "policy/lookup.h"

#include <stdlib.h>
#include <string.h>

enum { HOSTS_MAX = 200 /* that a domain can have */ };

static void note(struct lookup *lookup, const char *words)
{
	const char *before = lookup->view.mx_problem;

	lookup->view.mx_problem =
		before == NULL
			? words
			: arena_printf(&lookup->arena, "%s; %s", before, words);
}

/* No answer: what was known stays, TLSA records included. */
static void keep_old(struct lookup *lookup, const struct dns_answer *answer)
{
	struct domain_view *view = &lookup->view;
	const struct domain_view *old = lookup->old;

	view->mx = answer->status;
	view->mx_problem = answer->problem;
	view->mx_doubted = old->mx_doubted;
	view->mx_checked_at = old->mx_checked_at;
	if (answer->status == VIEW_BOGUS || !domain_view_is_fact(old->mx))
		return;
	view->mx = old->mx;
	view->mx_anew = old->mx_anew;
	view->mx_secure = old->mx_secure;
	view->null_mx = old->null_mx;
	view->mxs = old->mxs;
	view->mx_count = old->mx_count;
	view->mx_problem = old->mx_problem;
}

static int by_preference(const void *a, const void *b)
{
	const struct view_mx *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	return strcmp(x->host, y->host);
}

static void add_host(struct domain_view *view, const char *host,
                     unsigned preference)
{
	for (size_t i = 0; i < view->mx_count; i++)
		if (strcmp(view->mxs[i].host, host) == 0) {
			if (preference < view->mxs[i].preference)
				view->mxs[i].preference = preference;
			return;
		}
	view->mxs[view->mx_count++] =
		(struct view_mx){.host = host, .preference = preference};
}

static void take_hosts(struct lookup *lookup, const struct dns_answer *answer)
{
	struct domain_view *view = &lookup->view;
	const struct dns_record *first = &answer->records[0];

	view->mx = VIEW_OK;
	view->mx_secure = answer->secure;
	if (answer->count == 1 && first->host != NULL &&
	    strcmp(first->host, ".") == 0) {
		view->null_mx = true;
		return;
	}
	view->mxs =
		arena_array(&lookup->arena, answer->count, sizeof(*view->mxs));
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *record = &answer->records[i];

		if (record->host == NULL)
			note(lookup,
			     "an MX record whose host is not a host name");
		else if (strcmp(record->host, ".") == 0)
			note(lookup, "a null MX among other MX records");
		else
			add_host(view, record->host, record->preference);
	}
	if (view->mx_count == 0)
		view->mx = VIEW_BAD;
	else
		qsort(view->mxs, view->mx_count, sizeof(*view->mxs),
		      by_preference);
	if (view->mx_count > HOSTS_MAX)
		view->mx_count = HOSTS_MAX;
	if (view->mx_count > LOOKUP_TLSA_OF)
		note(lookup, "TLSA records are looked up for the first 20 MX "
		             "hosts only");
}

/* Without MX the domain's own host takes its mail, when there is one. */
static void without_mx(struct lookup *lookup, const struct dns_answer *none)
{
	struct domain_view *view = &lookup->view;
	struct dns_answer address;

	if (!lookup_ask(lookup, view->domain, DNS_A, &address) ||
	    (address.status == VIEW_NONE &&
	     !lookup_ask(lookup, view->domain, DNS_AAAA, &address)))
		return;
	if (address.status == VIEW_TEMPFAIL || address.status == VIEW_BOGUS) {
		keep_old(lookup, &address);
		return;
	}
	view->mx = address.status;
	view->mx_secure = none->secure && address.secure;
	if (address.status != VIEW_OK)
		return;
	view->mxs = arena_array(&lookup->arena, 1, sizeof(*view->mxs));
	add_host(view, view->domain, 0);
}

bool mx_lookup(struct lookup *lookup)
{
	bool failed_before = lookup->failed, waited_before = lookup->waits;
	struct dns_answer answer;
	bool answered;

	lookup->failed = lookup->waits = false;
	lookup->view.mx_checked_at = lookup->now;
	lookup->view.mx_anew = lookup->old->mx_doubted;
	if (!lookup_ask(lookup, lookup->domain, DNS_MX, &answer))
		;
	else if (answer.status == VIEW_OK)
		take_hosts(lookup, &answer);
	else if (answer.status == VIEW_NONE)
		without_mx(lookup, &answer);
	else
		keep_old(lookup, &answer);
	answered = !lookup->failed && !lookup->waits;
	lookup->failed |= failed_before;
	lookup->waits |= waited_before;
	return answered;
}
