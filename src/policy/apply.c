#include "policy/apply.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/xalloc.h"
#include "model/datagram.h"
#include "model/domain.h"
#include "model/moment.h"
#include "store/log_table.h"
#include "store/policy_cache_table.h"
#include "store/tally_table.h"

enum {
	BATCH_DOMAINS = DB_BATCH_ROWS,
	TXN_ROWS = 10 * DB_BATCH_ROWS, /* of sessions; they are small */
	/* Look-ups that must have failed before an old answer is good enough:
	 * seven minutes by the pool's back-off. */
	TRIES = 3,
	/* An MX set that was looked up anew serves for so long: a domain with
	 * a stream of mail that this site routes is asked once a minute. */
	ANEW_SECS = 60,
};

enum verdict {
	VERDICT_WAIT,
	VERDICT_WANT,    /* to be looked up */
	VERDICT_JUDGE,   /* by its view */
	VERDICT_AT_LAST, /* by its view, since a better one is not to be had */
	VERDICT_WITHOUT, /* nobody could find anything out */
};

struct place {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
};

struct apply {
	const struct apply_options *options;
	int64_t now;
	struct place at; /* the waiting list is read up to here */
	struct place *batch;
	size_t count;

	/* One domain at work. */
	struct arena view_mem;
	struct domain_view view;
	enum verdict verdict;
	struct arena session_mem;
	struct session session;
	bool doubts; /* its MX set is to be looked up anew */

	/* One transaction at work. */
	struct db_txn *txn;
	struct tally *tally;
	size_t rows;
	int32_t stats_day;
	struct day_stats stats;
	uint64_t moved, wanted;
};

/* Was the view good on that day?  What was valid at any moment of a day that is
 * over is nearer to its sessions than what is found out now. */
static bool is_fresh(const struct apply *a, int32_t day)
{
	int64_t moment = day < day_of(a->now) ? day_start(day) : a->now;

	return domain_view_was_good(&a->view, moment, a->now) &&
	       !a->view.mx_doubted;
}

/* Has it been tried often enough, or does nobody look anything up? */
static bool was_tried(const struct apply *a, int64_t due, uint32_t failures)
{
	return failures >= TRIES || a->now - due >= DAY_SECS;
}

static bool is_address(const char *domain)
{
	char ip[INET6_ADDRSTRLEN];

	return ip_canonical(domain, ip);
}

/* Leaves the view to judge by in a->view. */
static enum verdict look_at(struct apply *a, struct db_txn *txn,
                            const struct place *place)
{
	const struct judge_options *judge = &a->options->judge;
	bool seen, complete, tried, asked;
	uint32_t failures;
	int64_t due;

	arena_reset(&a->view_mem);
	memset(&a->view, 0, sizeof(a->view));
	seen = policy_cache_get(txn, place->domain, &a->view_mem, &a->view);
	complete = seen && domain_view_is_complete(
				   &a->view, judge->dane || judge->dane_by_map,
				   judge->sts);
	if (complete && is_fresh(a, place->day))
		return VERDICT_JUDGE;
	/* mail to what is no domain is delivered, too: nothing to ask */
	if (!domain_is_canonical(place->domain) || is_address(place->domain))
		return VERDICT_WITHOUT;
	asked = policy_wanted_get(txn, place->domain, &due, &failures);
	/* without a wish, a young view is all there is to be had for now */
	tried = asked ? was_tried(a, due, failures)
	              : seen && !a->view.mx_doubted &&
	                        domain_view_is_good(&a->view, a->now);
	if (tried && complete)
		return VERDICT_AT_LAST;
	if (tried && a->now >= day_end(place->day) + LOG_GIVE_UP_SECS)
		return VERDICT_WITHOUT;
	return asked || tried ? VERDICT_WAIT : VERDICT_WANT;
}

/* The next domains for which there is something to do; usually none, and then
 * nobody is kept from writing. */
static int find_batch(struct apply *a, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(a->options->db);

	a->count = 0;
	while (a->count < BATCH_DOMAINS &&
	       log_pending_next(txn, &a->at.day, a->at.domain))
		if (look_at(a, txn, &a->at) != VERDICT_WAIT)
			a->batch[a->count++] = a->at;
	return db_failure(txn, err);
}

/* What has been judged goes into the store, still in the transaction that takes
 * it off the waiting list. */
static void flush_tally(struct apply *a)
{
	struct tally_domain **domains = tally_sorted(a->tally);
	size_t count = tally_domain_count(a->tally);

	for (size_t i = 0; i < count && !db_failed(a->txn); i++)
		tally_apply(a->txn, domains[i], &a->options->limits);
	tally_reset(a->tally);
}

static void flush_stats(struct apply *a)
{
	if (a->stats.events > 0)
		day_stats_add(a->txn, a->stats_day, &a->stats);
	memset(&a->stats, 0, sizeof(a->stats));
}

static void count(struct apply *a, int32_t day, uint64_t n)
{
	const struct session *session = &a->session;
	bool kept;

	/* before anything folds for want of memory */
	if (tally_bytes(a->tally) >= a->options->limits.soft_bytes)
		flush_tally(a);
	kept = tally_add(a->tally, day, session, n);
	if (!kept) {
		flush_tally(a);
		kept = tally_add(a->tally, day, session, n);
	}
	day_stats_count(&a->stats, session, n, kept);
}

/* A session at work. */
struct judging {
	struct apply *a;
	const struct place *place;
	struct log_session session;
	struct judge_options options;
	uint64_t n;
};

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
	struct log_levels levels = {0};
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
	log_levels_add(judging->a->txn, judging->place->day, &levels);
	return less;
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
		count(a, judging->place->day, judging->n);
	else
		a->stats.bad[BAD_MEMBER] += judging->n;
}

static void count_nobodys(struct judging *judging)
{
	const struct log_session *session = &judging->session;
	const char *host =
		session->mx_host != NULL ? session->mx_host : session->hop;

	judging->a->moved += judging->n;
	log_nobodys_add(judging->a->txn, judging->place->day, judging->n, host);
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

/* This site chose the host. */
static void leave_domain(struct judging *judging)
{
	log_session_leave(&judging->session);
	if (judging->session.route == ROUTE_MOVED)
		pass_on(judging);
	else
		judge_for_hop(judging);
}

/* Whether the host is an MX was not to be found out, and no next hop is known
 * that it is. */
static bool may_be_either(const struct judging *judging)
{
	return !view_status_is_fact(judging->a->view.mx) &&
	       judging->session.hop == NULL;
}

static void settle_open(struct judging *judging)
{
	if (is_mx(judging) || has_no_mx(judging->a) ||
	    judging->a->verdict == VERDICT_WITHOUT) {
		judging->session.route = ROUTE_DOMAIN;
		count_judged(judging, &judging->a->view);
	} else if (tells_of_host(&judging->session) &&
	           !may_be_either(judging)) {
		leave_domain(judging);
	} else {
		count_nobodys(judging);
	}
}

/* It was another next hop than the one it could have been. */
static void forget_hop(struct judging *judging)
{
	struct log_session *session = &judging->session;

	session->hop = NULL;
	session->hop_is_domain = false;
	session->domain = session->mx_host;
	pass_on(judging);
}

static void settle_moved(struct judging *judging)
{
	struct log_session *session = &judging->session;
	enum view_status record = judging->a->view.tlsrpt;

	if (session->hop_is_domain && session->mx_host != NULL &&
	    strcmp(session->hop, session->domain) == 0 && !is_mx(judging))
		forget_hop(judging);
	else if (record == VIEW_OK || record == VIEW_BAD)
		judge_for_hop(judging);
	else if (log_session_climb(session))
		pass_on(judging);
	else
		count_nobodys(judging);
}

static bool has_no_host(const struct log_session *session)
{
	return session->mx_host == NULL && session->hop == NULL;
}

static void settle_session(struct judging *judging)
{
	switch (judging->session.route) {
	case ROUTE_OPEN:
		settle_open(judging);
		break;
	case ROUTE_SITE:
		if (has_no_host(&judging->session))
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

/* False: it waits on. */
static bool judge_one(void *arg, const void *data, size_t len, uint64_t n)
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

/* Is there another day on which the domain's sessions wait? */
static bool is_waited_for(struct apply *a, const char *domain)
{
	int32_t today = day_of(a->now);

	for (int32_t day = today - 2; day <= today; day++)
		if (log_pending_has(a->txn, day, domain))
			return true;
	return false;
}

/* Nothing of it waits any longer: why should anybody go on asking? */
static void forget_wish(struct apply *a, const char *domain)
{
	if (!is_waited_for(a, domain))
		policy_wanted_delete(a->txn, domain);
}

/* The MX set is asked for again, whatever the cache has. */
static void ask_anew(struct apply *a, const char *domain)
{
	a->view.mx_doubted = true;
	policy_cache_put(a->txn, &a->view);
	policy_wanted_put(a->txn, domain, a->now, 0);
	a->wanted++;
}

/* False when there is more of the domain's day than one transaction should
 * take. */
static bool take_domain(struct apply *a, const struct place *place,
                        enum verdict verdict)
{
	struct judging judging = {.a = a, .place = place};

	a->verdict = verdict;
	a->doubts = false;
	if (place->day != a->stats_day)
		flush_stats(a);
	a->stats_day = place->day;
	if (verdict == VERDICT_WITHOUT)
		a->view = (struct domain_view){.domain = place->domain};
	while (log_pending_take(a->txn, place->day, place->domain, judge_one,
	                        &judging))
		if (a->rows >= TXN_ROWS)
			return false;
	if (a->doubts)
		ask_anew(a, place->domain);
	else if (verdict == VERDICT_WITHOUT)
		forget_wish(a, place->domain);
	return true;
}

/* What the reader saw may have changed, so each is looked at again. */
static bool settle(struct apply *a, const struct place *place)
{
	enum verdict verdict = look_at(a, a->txn, place);

	if (verdict == VERDICT_WANT) {
		policy_wanted_put(a->txn, place->domain, a->now, 0);
		a->wanted++;
	}
	if (verdict != VERDICT_WAIT && verdict != VERDICT_WANT)
		return take_domain(a, place, verdict);
	return true;
}

/* One transaction, from *done on. */
static int settle_some(struct apply *a, size_t *done, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(a->options->db);
	size_t at = *done;

	a->txn = txn;
	a->rows = 0;
	a->moved = a->wanted = 0;
	memset(&a->stats, 0, sizeof(a->stats));
	tally_reset(a->tally);
	while (at < a->count && a->rows < TXN_ROWS &&
	       db_written(txn) < DB_BATCH_BYTES && !db_failed(txn))
		if (settle(a, &a->batch[at]))
			at++;
	flush_tally(a);
	flush_stats(a);
	*done = at;
	return db_commit(&txn, err);
}

static int settle_batch(struct apply *a, uint64_t *moved, uint64_t *wanted,
                        struct err *err)
{
	size_t done = 0;

	while (done < a->count) {
		int rc = settle_some(a, &done, err);

		if (rc < 0)
			return rc;
		*moved += a->moved;
		*wanted += a->wanted;
	}
	return 0;
}

static void apply_clear(struct apply *a)
{
	tally_free(&a->tally);
	session_clear(&a->session);
	arena_clear(&a->session_mem);
	arena_clear(&a->view_mem);
	free(a->batch);
}

int policy_apply(const struct apply_options *options, uint64_t *moved,
                 uint64_t *wanted, struct err *err)
{
	auto_(apply_clear) struct apply a = {
		.options = options,
		.now = clock_secs(options->clock),
		.at.day = INT32_MIN,
		.batch = xcalloc(BATCH_DOMAINS, sizeof(*a.batch)),
		.tally = tally_new(db_seed(options->db), &options->limits),
	};
	int rc;

	*moved = *wanted = 0;
	arena_init(&a.view_mem);
	arena_init(&a.session_mem);
	session_init(&a.session);
	do {
		rc = find_batch(&a, err);
		if (rc == 0)
			rc = settle_batch(&a, moved, wanted, err);
	} while (rc == 0 && a.count == BATCH_DOMAINS);
	return rc;
}
