/*
 * What becomes of one session: whose it is, whether the MX set must be looked
 * up anew first, and by which view it is judged.
 */
#include <string.h>

#include "base/auto.h"
#include "base/moment.h"
#include "base/strbuf.h"
#include "judge/apply_work.h"
#include "session/datagram.h"
#include "store/day_table.h"
#include "store/log_pending_table.h"
#include "store/policy_cache_table.h"

/* An MX set that was looked up anew serves for so long: a domain with a stream
 * of mail that this site routes is asked once a minute. */
enum { ANEW_SECS = 60 };

static bool is_mx(const struct judging *judging)
{
	const char *host = judging->session.mx_host;

	return domain_view_mx(&judging->a->view, host) != NULL;
}

/* Where a domain has no MX set, nor an address, no host can be said to be none
 * of it. */
static bool has_no_mx(const struct apply *a)
{
	return a->view.mx == VIEW_NONE;
}

/* Has DNS answered for doubts like these just now, or will it not? */
static bool is_settled(const struct apply *a)
{
	return a->verdict != VERDICT_JUDGE ||
	       (a->view.mx_anew &&
	        !moment_has_come(a->view.mx_checked_at + ANEW_SECS, a->now,
	                         ANEW_SECS));
}

/* Might a view of this moment lead to something else?  The host is no MX of
 * it, or not one of its MTA-STS policy. */
static bool is_doubtful(const struct judging *judging)
{
	const struct log_session *session = &judging->session;
	const struct domain_view *view = &judging->a->view;

	if (session->mx_host == NULL || is_settled(judging->a))
		return false;
	if (session->route != ROUTE_DOMAIN && !has_no_mx(judging->a))
		return !is_mx(judging);
	if ((judging->options.dane || judging->options.dane_by_map) &&
	    !is_mx(judging))
		return true;
	return judging->options.sts && view->sts == VIEW_OK &&
	       view->sts_policy.mode != STS_NONE &&
	       !sts_policy_matches(&view->sts_policy, session->mx_host);
}

/* True when it was at a lower level than the domain's policy asks for: then it
 * says nothing about anybody. */
static bool note_level(struct judging *judging, const struct domain_view *view)
{
	struct day_levels levels = {0};
	uint64_t n = judging->n;
	bool less;

	switch (judge_level(&judging->options, &judging->session, view,
	                    &less)) {
	case POLICY_TLSA:
		levels.dane = n;
		levels.less_than_dane = less ? n : 0;
		break;
	case POLICY_STS:
		levels.sts = n;
		levels.less_than_sts = less ? n : 0;
		break;
	default:
		return false;
	}
	day_table_levels_add(judging->a->txn, judging->place->day, &levels);
	return less;
}

void apply_flush(struct apply *a)
{
	struct tally_domain **domains = tally_sorted(a->tally);
	size_t count = tally_domain_count(a->tally);

	for (size_t i = 0; i < count && !db_failed(a->txn); i++) {
		domains[i]->record_at = a->now;
		tally_apply(a->txn, domains[i], &a->options->limits);
	}
	tally_reset(a->tally);
}

/* a->session goes into the tally of that day. */
static void count_session(struct apply *a, int32_t day, uint64_t n)
{
	const struct session *session = &a->session;
	bool kept;

	/* before anything folds for want of memory */
	if (tally_bytes(a->tally) >= a->options->limits.soft_bytes)
		apply_flush(a);
	kept = tally_add(a->tally, day, session, n);
	if (!kept) {
		apply_flush(a);
		kept = tally_add(a->tally, day, session, n);
	}
	day_table_stats_count(&a->stats, session, n, kept);
}

static void count_judged(struct judging *judging,
                         const struct domain_view *view)
{
	struct apply *a = judging->a;

	a->moved += judging->n;
	if (note_level(judging, view))
		return;
	a->stats.events += judging->n;
	if (judge(&judging->options, &judging->session, view, &a->session,
	          NULL) == 0)
		count_session(a, judging->place->day, judging->n);
	else
		a->stats.bad[BAD_MEMBER] += judging->n;
}

static void count_nobodys(struct judging *judging)
{
	const struct log_session *session = &judging->session;
	const char *host =
		session->mx_host != NULL ? session->mx_host : session->hop;

	judging->a->moved += judging->n;
	day_table_nobodys_add(judging->a->txn, judging->place->day, judging->n,
	                      host);
}

/* It waits on for the domain that it now has. */
static void pass_on(struct judging *judging)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};

	log_session_encode(&judging->session, &bytes);
	log_pending_add(judging->a->txn, judging->place->day,
	                judging->session.domain, bytes.data, bytes.len,
	                judging->n);
}

/* By the next hop's own policies and for whom the session counts.  With a
 * host, or another port, no MTA-STS policy has to do (RFC 8461 section 3); and
 * TLSA records were looked up of port 25. */
static void judge_for_hop(struct judging *judging)
{
	const struct log_session *session = &judging->session;
	const char *name =
		session->hop != NULL ? session->hop : session->mx_host;
	struct apply *a = judging->a;
	struct domain_view view = a->view;

	if (name != NULL && strcmp(name, a->view.domain) != 0 &&
	    !policy_cache_get(a->txn, name, &a->session_mem, &view))
		view = (struct domain_view){.domain = name};
	view.tlsrpt = a->view.tlsrpt;
	view.tlsrpt_record = a->view.tlsrpt_record;
	if (!session->hop_is_domain || session->other_port) {
		view.sts = view.sts_record = VIEW_NONE;
		view.sts_fetch = VIEW_UNKNOWN;
	}
	if (session->other_port) {
		view.mx = VIEW_NONE;
		view.mx_count = 0;
	}
	count_judged(judging, &view);
}

/*
 * Does the session tell something of the host, whoever sent mail there?  Names
 * in certificates and what policies demand are compared with the recipient's
 * domain: who lets his MX records point to somebody else's host for a moment
 * must not bring it failures that way.
 */
static bool tells_of_host(const struct log_session *session)
{
	if (session->mx_host == NULL)
		return false;
	if (session->outcome != LOG_FAILED)
		return true;
	switch (session->result) {
	case RESULT_STARTTLS_NOT_SUPPORTED:
	case RESULT_CERTIFICATE_NOT_TRUSTED:
	case RESULT_CERTIFICATE_EXPIRED:
	case RESULT_VALIDATION_FAILURE:
		return true;
	default:
		return false;
	}
}

static void settle_open(struct judging *judging)
{
	struct log_session *session = &judging->session;
	const struct domain_view *view = &judging->a->view;

	if (is_mx(judging) || has_no_mx(judging->a) ||
	    judging->a->verdict == VERDICT_WITHOUT) {
		session->route = ROUTE_DOMAIN;
		count_judged(judging, view);
		return;
	}
	/* an MX of the domain or not: that was not to be found out */
	if (!tells_of_host(session) ||
	    (!domain_view_is_fact(view->mx) && session->hop == NULL)) {
		count_nobodys(judging);
		return;
	}
	log_session_leave(session); /* this site chose the host */
	if (session->route == ROUTE_MOVED)
		pass_on(judging);
	else
		judge_for_hop(judging);
}

static void settle_moved(struct judging *judging)
{
	struct log_session *session = &judging->session;
	enum view_status record = judging->a->view.tlsrpt;

	if (session->hop_is_domain && session->mx_host != NULL &&
	    strcmp(session->hop, session->domain) == 0 && !is_mx(judging)) {
		/* another next hop than the one it could have been */
		session->hop = NULL;
		session->hop_is_domain = false;
		session->domain = session->mx_host;
		pass_on(judging);
	} else if (record == VIEW_OK || record == VIEW_BAD) {
		judge_for_hop(judging);
	} else if (log_session_climb(session)) {
		pass_on(judging);
	} else {
		count_nobodys(judging);
	}
}

static void settle_session(struct judging *judging)
{
	const struct log_session *session = &judging->session;

	switch (session->route) {
	case ROUTE_OPEN:
		settle_open(judging);
		break;
	case ROUTE_SITE:
		if (session->mx_host == NULL && session->hop == NULL)
			count_nobodys(judging);
		else
			judge_for_hop(judging);
		break;
	case ROUTE_MOVED:
		settle_moved(judging);
		break;
	default:
		count_judged(judging, &judging->a->view);
	}
}

/* Only a next hop whose MX records were asked for can be doubted. */
static bool can_be_doubted(const struct log_session *session)
{
	switch (session->route) {
	case ROUTE_DOMAIN:
	case ROUTE_OPEN:
		return true;
	case ROUTE_MOVED:
		return session->hop_is_domain &&
		       strcmp(session->hop, session->domain) == 0;
	default:
		return false;
	}
}

bool apply_session(void *arg, const void *data, size_t len, uint64_t n)
{
	struct judging *judging = arg;
	struct apply *a = judging->a;
	struct log_session *session = &judging->session;

	a->rows++;
	judging->n = n;
	arena_reset(&a->session_mem);
	if (log_session_decode(data, len, &a->session_mem, session, NULL) < 0) {
		a->moved += n;
		a->stats.events += n;
		a->stats.bad[BAD_MEMBER] += n;
		return true;
	}
	judging->options = session->enforces & ENFORCES_KNOWN
	                           ? judge_options_of(session->enforces)
	                           : a->options->judge;
	if (can_be_doubted(session) && is_doubtful(judging)) {
		a->doubts = true;
		return false;
	}
	settle_session(judging);
	return true;
}
