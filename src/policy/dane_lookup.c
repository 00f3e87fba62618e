/*
 * TLSA records of the MX hosts (RFC 7672).
 *
 * Only where the MX set is secure (section 2.2.1), and of a host only where
 * its address is (section 2.2.2): TLSA records below an insecure name are not
 * asked for, since servers of such zones often do not answer that at all.  But
 * where nobody vouches for anything all may be secure, and all is asked for.
 */
#include "policy/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "domain/tlsa.h"

enum { BASES_MAX = 2 };

/* Nobody vouches for the MX set, or for anything. */
static bool is_unvouched(const struct lookup *lookup)
{
	return lookup->unvouched && !lookup->view.mx_secure;
}

/* Where TLSA records of a host may stand, in the order to look. */
struct bases {
	enum view_status status; /* OK, or why there are none */
	const char *name[BASES_MAX];
	size_t count;
};

static void add_base(struct bases *bases, const char *name)
{
	bases->status = VIEW_OK;
	bases->name[bases->count++] = name;
}

/* The address is insecure.  If the host is an alias, and the alias itself is
 * secure, its own name will do (section 2.2.2). */
static bool find_secure_alias(struct lookup *lookup, const char *host,
                              struct bases *bases)
{
	struct dns_answer alias;

	if (!lookup_ask(lookup, host, DNS_CNAME, &alias))
		return false;
	if (alias.status == VIEW_OK && alias.secure)
		add_base(bases, host);
	else if (alias.status != VIEW_OK)
		bases->status = alias.status;
	return true;
}

/* Section 2.2.3: the name that the aliases lead to, then the host's own. False:
 * that is not known yet. */
static bool find_bases(struct lookup *lookup, const char *host,
                       struct bases *bases)
{
	struct dns_answer address;
	bool is_alias;

	*bases = (struct bases){.status = VIEW_NONE};
	if (!lookup_ask(lookup, host, DNS_A, &address) ||
	    (address.status == VIEW_NONE &&
	     !lookup_ask(lookup, host, DNS_AAAA, &address)))
		return false;
	if (address.status != VIEW_OK) {
		bases->status = address.status;
		return true;
	}
	is_alias = strcmp(address.owner, host) != 0;
	if (!address.secure && !is_unvouched(lookup))
		return !is_alias || find_secure_alias(lookup, host, bases);
	if (is_alias)
		add_base(bases, address.owner);
	add_base(bases, host);
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The records as strings, sorted, each once; OK when one of them can be
 * used. */
static void take_tlsa(struct lookup *lookup, const struct dns_answer *answer,
                      struct view_mx *mx)
{
	size_t count = 0;

	mx->tlsa = VIEW_BAD;
	mx->tlsa_strings = arena_array(&lookup->arena, answer->count,
	                               sizeof(*mx->tlsa_strings));
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *record = &answer->records[i];
		const char *text =
			tlsa_text(&lookup->arena, record->data, record->len);

		if (text != NULL)
			mx->tlsa_strings[count++] = text;
		if (tlsa_is_usable(record->data, record->len))
			mx->tlsa = VIEW_OK;
	}
	qsort(mx->tlsa_strings, count, sizeof(*mx->tlsa_strings), by_text);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(mx->tlsa_strings[mx->tlsa_count - 1],
		                     mx->tlsa_strings[i]) != 0)
			mx->tlsa_strings[mx->tlsa_count++] =
				mx->tlsa_strings[i];
}

/* Insecure records are none (section 2.2).  False: no answer yet. */
static bool look_below(struct lookup *lookup, const char *base,
                       struct view_mx *mx)
{
	const char *name = arena_printf(&lookup->arena, "_25._tcp.%s", base);
	struct dns_answer answer;

	if (!lookup_ask(lookup, name, DNS_TLSA, &answer))
		return false;
	if (answer.status == VIEW_OK && (answer.secure || is_unvouched(lookup)))
		take_tlsa(lookup, &answer, mx);
	else
		mx->tlsa = answer.status == VIEW_OK ? VIEW_NONE : answer.status;
	return true;
}

static void look_up_host(struct lookup *lookup, struct view_mx *mx)
{
	const struct view_mx *old = domain_view_mx(lookup->old, mx->host);
	struct bases bases;

	if (!find_bases(lookup, mx->host, &bases))
		return;
	mx->tlsa = bases.status;
	for (size_t i = 0; i < bases.count; i++)
		if (!look_below(lookup, bases.name[i], mx))
			return;
		else if (mx->tlsa != VIEW_NONE)
			break;
	/* no answer: what was known stays */
	if (mx->tlsa == VIEW_TEMPFAIL && old != NULL &&
	    domain_view_is_fact(old->tlsa)) {
		mx->tlsa = old->tlsa;
		mx->tlsa_strings = old->tlsa_strings;
		mx->tlsa_count = old->tlsa_count;
	}
}

void dane_lookup(struct lookup *lookup)
{
	struct domain_view *view = &lookup->view;

	for (size_t i = 0; i < view->mx_count; i++) {
		struct view_mx *mx = &view->mxs[i];

		if (i >= LOOKUP_TLSA_OF ||
		    (!view->mx_secure && !lookup->thorough &&
		     !lookup->unvouched)) {
			mx->tlsa = VIEW_NONE;
			continue;
		}
		look_up_host(lookup, mx);
	}
}
