/*
 * MTA-STS (RFC 8461): the record tells whether there is a policy and, by its
 * id, whether it is another than the one we have; the policy comes by HTTPS.
 * A policy that we have stays in force until max_age is over, whatever becomes
 * of its record or its host.
 */
#include "policy/lookup.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/moment.h"
#include "base/strbuf.h"

enum {
	ADDRESSES_MAX = 16,
	REFRESH = 24 * 60 * 60, /* RFC 8461 section 3.3: daily, say */
};

/* May the policy of the old view still be applied? */
static bool is_in_force(const struct lookup *lookup)
{
	return domain_view_sts_in_force(lookup->old, lookup->now);
}

static void keep_policy(struct lookup *lookup)
{
	if (lookup->old->sts == VIEW_OK && !is_in_force(lookup)) {
		lookup->view.sts = lookup->old->sts_fetch;
		return;
	}
	lookup->view.sts = lookup->old->sts;
	lookup->view.sts_policy = lookup->old->sts_policy;
	lookup->view.sts_expires_at = lookup->old->sts_expires_at;
}

static void keep_fetch(struct lookup *lookup)
{
	lookup->view.sts_fetch = lookup->old->sts_fetch;
	lookup->view.sts_fetched_at = lookup->old->sts_fetched_at;
	lookup->view.sts_problem = lookup->old->sts_problem;
}

/* A policy that is over is none, and says nothing about the one to come. */
static bool old_policy_says_something(const struct lookup *lookup)
{
	enum view_status old = lookup->old->sts;

	if (old == VIEW_OK)
		return is_in_force(lookup);
	return old != VIEW_UNKNOWN && old != VIEW_TEMPFAIL && old != VIEW_BOGUS;
}

/* No answer about the record: what was known stays. */
static void keep_all(struct lookup *lookup, const struct dns_answer *answer)
{
	struct domain_view *view = &lookup->view;
	const struct domain_view *old = lookup->old;

	view->sts_record = answer->status;
	if (domain_view_is_fact(old->sts_record)) {
		view->sts_record = old->sts_record;
		view->sts_id = old->sts_id;
	}
	view->sts = answer->status;
	keep_fetch(lookup);
	if (old_policy_says_something(lookup))
		keep_policy(lookup);
	else
		view->sts_problem = answer->problem;
}

/* There is no record that counts. */
static void without_record(struct lookup *lookup, enum view_status status,
                           const char *problem)
{
	lookup->view.sts_record = status;
	lookup->view.sts_problem = problem;
	lookup->view.sts = VIEW_NONE;
	/* "none" needs its record */
	if (is_in_force(lookup) && lookup->old->sts_policy.mode != STS_NONE)
		keep_policy(lookup);
}

/* The fetch gave no policy that can be applied. */
static void fetch_failed(struct lookup *lookup, enum view_status status,
                         const char *problem)
{
	struct domain_view *view = &lookup->view;

	view->sts_fetch = view->sts = status;
	view->sts_problem = problem;
	if (is_in_force(lookup))
		keep_policy(lookup);
}

static void take_policy(struct lookup *lookup, const struct sts_reply *reply)
{
	struct domain_view *view = &lookup->view;
	struct sts_policy policy;
	struct err err = {0};

	if (sts_policy_parse(reply->body, reply->len, &lookup->arena, &policy,
	                     &err) < 0) {
		view->sts_policy = policy; /* its lines can be shown */
		fetch_failed(lookup, VIEW_BAD,
		             arena_strdup(&lookup->arena, err.text));
		return;
	}
	view->sts = view->sts_fetch = VIEW_OK;
	view->sts_policy = policy;
	view->sts_expires_at = lookup->now + policy.max_age;
	view->sts_problem = reply->problem;
}

/* By a fault of our own, which says nothing about the domain. */
static void not_fetched(struct lookup *lookup, const char *problem)
{
	struct domain_view *view = &lookup->view;

	lookup->failed = true;
	view->sts = VIEW_TEMPFAIL;
	view->sts_problem = problem;
	if (lookup->fetch.reply.hurried)
		view->sts_fetch = VIEW_TEMPFAIL; /* it has a pause, too */
	else
		view->sts_fetched_at = lookup->old->sts_fetched_at;
	if (is_in_force(lookup))
		keep_policy(lookup);
}

void lookup_fetched(struct lookup *lookup)
{
	int64_t now = clock_monotonic_ms(lookup->clock) / 1000;
	struct sts_reply *reply = &lookup->fetch.reply;
	struct sts_reach *reach = lookup->reach;

	lookup->fetch_state = LOOKUP_ANSWERED;
	if (reach == NULL)
		return;
	if (reply->connected)
		sts_reach_connected(reach, now);
	if (!reply->missed || sts_reach_missed(reach, lookup->domain, now))
		return;
	reply->status = VIEW_TEMPFAIL;
	reply->problem = arena_printf(
		&lookup->kept,
		"%s; this host has not reached any policy host %s: can it "
		"connect to port 443 of other hosts?",
		reply->problem,
		sts_reach_is_out(reach, now) ? "lately" : "in the last day");
}

/* What is found out of the policy host's addresses. */
struct place {
	struct strbuf list; /* ",192.0.2.1,[2001:db8::1]" */
	unsigned count;
	enum view_status status; /* when there is none */
	const char *problem;
};

/* No answer is no fact about the host. */
static void add_addresses(struct place *place, enum dns_type type,
                          const struct dns_answer *answer)
{
	size_t bytes = type == DNS_A ? 4 : 16;

	if (answer->problem != NULL)
		place->problem = answer->problem;
	if (answer->status == VIEW_TEMPFAIL)
		place->status = VIEW_TEMPFAIL;
	for (size_t i = 0; i < answer->count && place->count < ADDRESSES_MAX;
	     i++) {
		char text[INET6_ADDRSTRLEN];

		if (answer->records[i].len != bytes)
			continue;
		inet_ntop(type == DNS_A ? AF_INET : AF_INET6,
		          answer->records[i].data, text, sizeof(text));
		strbuf_printf(&place->list, type == DNS_A ? ",%s" : ",[%s]",
		              text);
		place->count++;
	}
}

/* Both kinds of addresses are asked for side by side.  False: one is not known
 * yet. */
static bool find_host(struct lookup *lookup)
{
	const char *host =
		arena_printf(&lookup->arena, "mta-sts.%s", lookup->domain);
	struct place place = {.status = VIEW_FETCH_ERROR,
	                      .problem = "has no address"};
	struct dns_answer v4, v6;
	bool known = lookup_ask_plainly(lookup, host, DNS_AAAA, &v6);

	known &= lookup_ask_plainly(lookup, host, DNS_A, &v4);
	if (!known)
		return false;
	add_addresses(&place, DNS_AAAA, &v6);
	add_addresses(&place, DNS_A, &v4);
	if (place.count > 0)
		lookup->fetch.addresses =
			arena_strdup(&lookup->kept, place.list.data + 1);
	else
		lookup->fetch.reply = (struct sts_reply){
			.status = place.status,
			.problem = arena_printf(&lookup->kept, "%s: %s", host,
		                                place.problem),
		};
	strbuf_clear(&place.list);
	return true;
}

static void fetch(struct lookup *lookup)
{
	struct sts_call *call = &lookup->fetch;

	lookup->view.sts_fetched_at = lookup->now;
	if (!lookup->fetch_wanted) {
		*call = (struct sts_call){.domain = lookup->domain,
		                          .arena = &lookup->kept};
		if (!lookup->knows_the_place && !find_host(lookup))
			return;
		lookup->fetch_wanted = true;
		if (call->reply.status == VIEW_UNKNOWN &&
		    lookup_is_late(lookup))
			call->reply = (struct sts_reply){
				.status = VIEW_TEMPFAIL,
				.problem = "not fetched, because the domain's "
					   "DNS is too slow"};
		if (call->reply.status != VIEW_UNKNOWN)
			lookup_fetched(lookup);
	}
	if (lookup->fetch_state != LOOKUP_ANSWERED)
		lookup->waits = true;
	else if (call->reply.status == VIEW_OK)
		take_policy(lookup, &call->reply);
	else if (call->reply.status == VIEW_TEMPFAIL)
		not_fetched(lookup, call->reply.problem);
	else
		fetch_failed(lookup, call->reply.status, call->reply.problem);
}

static bool is_time_to_fetch(const struct lookup *lookup)
{
	const struct domain_view *old = lookup->old;
	int64_t age = moment_age(old->sts_fetched_at, lookup->now);
	int64_t half = old->sts_policy.max_age / 2;

	if (old->sts_id == NULL ||
	    strcmp(old->sts_id, lookup->view.sts_id) != 0 ||
	    old->sts_fetch == VIEW_UNKNOWN)
		return true;
	if (old->sts_fetch != VIEW_OK)
		return age >= LOOKUP_STS_PAUSE;
	return !is_in_force(lookup) || age >= (half < REFRESH ? half : REFRESH);
}

static void choose(struct lookup *lookup, const struct dns_answer *answer)
{
	struct lookup_texts texts = lookup_texts(lookup, answer);
	char id[STS_ID_MAX + 1];
	struct err err = {0};
	size_t which;
	int rc = sts_record_choose(texts.texts, texts.lens, texts.count, &which,
	                           &err);

	if (rc > 0 && sts_record_parse(texts.texts[which], texts.lens[which],
	                               id, &err) < 0)
		rc = err.class;
	if (rc > 0) {
		lookup->view.sts_record = VIEW_OK;
		lookup->view.sts_id = arena_strdup(&lookup->arena, id);
		if (is_time_to_fetch(lookup)) {
			fetch(lookup);
		} else {
			keep_fetch(lookup);
			keep_policy(lookup);
			lookup->failed |=
				lookup->view.sts_fetch == VIEW_TEMPFAIL;
		}
	} else if (rc == 0) {
		without_record(lookup, VIEW_NONE, NULL);
	} else {
		without_record(lookup, VIEW_BAD,
		               arena_strdup(&lookup->arena, err.text));
	}
}

/* Until when a policy was enforced that we had.  It is taken back by another
 * one, and by a record that is gone; not by what cannot be had. */
static int64_t enforced_until(const struct lookup *lookup)
{
	const struct domain_view *view = &lookup->view, *old = lookup->old;
	bool record_is_gone = domain_view_is_fact(view->sts_record) &&
	                      view->sts_record != VIEW_OK;

	if (view->sts == VIEW_OK && view->sts_policy.mode == STS_ENFORCE)
		return view->sts_expires_at;
	if (view->sts == VIEW_OK || record_is_gone)
		return 0;
	if (old->sts == VIEW_OK && old->sts_policy.mode == STS_ENFORCE &&
	    old->sts_expires_at > old->sts_enforced_until)
		return old->sts_expires_at;
	return old->sts_enforced_until;
}

void sts_lookup(struct lookup *lookup)
{
	const char *name = arena_printf(&lookup->arena, "_mta-sts.%s",
	                                lookup->view.domain);
	struct dns_answer answer;

	if (!lookup_ask(lookup, name, DNS_TXT, &answer))
		return;
	if (answer.status == VIEW_TEMPFAIL || answer.status == VIEW_BOGUS)
		keep_all(lookup, &answer);
	else
		choose(lookup, &answer);
	lookup->view.sts_enforced_until = enforced_until(lookup);
}

void sts_lookup_not(struct lookup *lookup)
{
	if (is_in_force(lookup))
		keep_policy(lookup);
	lookup->view.sts_enforced_until = enforced_until(lookup);
}
