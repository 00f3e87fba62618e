#include "intake/policy_told.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/moment.h"
#include "domain/domain_view.h"
#include "store/tally_settle.h"
#include "store/tally_table.h"
#include "store/told_table.h"
#include "store/untold_table.h"

enum {
	WAIT_MS = 60 * 1000,
	/* policyd writes down what it tells once a second */
	UNKNOWN_MS = 15 * 1000,
	POLICYD_GONE_SECS = 60, /* it moves told_until() every ten */
};

/* What was told last, until then, when the policy could not be had. */
static bool find_failed(struct db_txn *txn, const char *domain, int64_t moment,
                        struct arena *arena, struct told *told)
{
	int found = told_get(txn, domain, moment, arena, told);

	while (found && told->kind != TOLD_STS_FAILED)
		found = told->since > 0 &&
		        told_get(txn, domain, told->since - 1, arena, told);
	return found;
}

/* Of sessions of a moment.  No MX took part in it; false: nothing failed, as
 * far as it is known. */
static bool find_failure(struct db_txn *txn, const char *domain, bool is_bare,
                         int64_t moment, struct arena *arena,
                         struct failure_detail *detail)
{
	struct told told;

	if (!(is_bare ? find_failed(txn, domain, moment, arena, &told)
	              : told_get(txn, domain, moment, arena, &told)))
		return false;
	*detail = (struct failure_detail){
		.result = domain_view_fetch_result(told.sts_fetch),
		.reason = told.problem,
	};
	return detail->result != RESULT_OTHER;
}

/* One transaction's reading. */
struct look {
	struct db_txn *txn;
	struct tally *tally;
	struct arena arena;
	int64_t now;
	bool is_written; /* all that was told until now, if anybody tells */
};

static void look_at_policy(struct look *look, struct tally_domain *domain,
                           struct tally_policy *policy)
{
	struct failure_detail detail;
	struct session_policy of;
	uint64_t judged;
	bool bare;

	if (session_policy_type(policy->key.bytes, policy->key.len) !=
	            POLICY_STS ||
	    session_policy_decode(policy->key.bytes, policy->key.len,
	                          &look->arena, &of, NULL) < 0)
		return;
	bare = session_policy_is_bare(&of);
	/* a policy's own lines say why it is not judged */
	judged = policy->success + policy->failure +
	         (bare ? 0 : policy->unjudged);
	policy->untold_unjudged = bare && policy->unjudged > 0;
	if (find_failure(look->txn, domain->domain, bare, look->now,
	                 &look->arena, &detail))
		tally_add_detail(look->tally, domain, policy, &detail, judged);
	else
		policy->untold = judged > 0 && !look->is_written;
}

static void look_end(struct look *look)
{
	db_abort(&look->txn);
	arena_clear(&look->arena);
}

void policy_told_look(struct db *db, struct tally *tally,
                      struct tally_domain **domains, size_t count, int64_t now)
{
	auto_(look_end) struct look look = {.tally = tally, .now = now};
	int64_t until;

	arena_init(&look.arena);
	look.txn = db_begin_read(db);
	until = told_until(look.txn);
	look.is_written =
		until > now || moment_age(until, now) >= POLICYD_GONE_SECS;
	for (size_t i = 0; i < count; i++) {
		struct tally_policy *policy = domains[i]->policies;

		for (; policy != NULL; policy = policy->next)
			look_at_policy(&look, domains[i], policy);
		arena_reset(&look.arena);
	}
}

void policy_told_keep(struct db_txn *txn, const struct tally_domain *domain,
                      int64_t now, struct clock *clock)
{
	const struct tally_policy *policy = domain->policies;
	struct untold untold = {.moment = now,
	                        .since_boot_ms = clock_boot_ms(clock),
	                        .day = domain->day};

	for (; policy != NULL; policy = policy->next) {
		if (!policy->untold && !policy->untold_unjudged)
			continue;
		snprintf(untold.domain, sizeof(untold.domain), "%s",
		         domain->domain);
		untold.policy = policy->key.bytes;
		untold.policy_len = policy->key.len;
		untold.unjudged = true;
		untold.sessions = policy->unjudged;
		if (policy->untold_unjudged)
			untold_add(txn, &untold);
		untold.unjudged = false;
		untold.sessions = policy->success + policy->failure;
		if (!policy->untold_unjudged)
			untold.sessions += policy->unjudged;
		if (policy->untold)
			untold_add(txn, &untold);
	}
}

/* --- when it is known --- */

struct settling {
	struct db_txn *txn;
	int64_t now_ms; /* clock_boot_ms() */
	const struct tally_limits *limits;
	struct arena arena;
};

static void add_failure(struct settling *s, const struct untold *untold,
                        const struct failure_detail *failure)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};
	struct tally_detail detail = {.count = untold->sessions};
	struct tally_policy policy = {
		.key = {.bytes = untold->policy, .len = untold->policy_len},
		.details = &detail,
	};
	struct tally_domain delta = {.day = untold->day,
	                             .domain = untold->domain,
	                             .policies = &policy};
	struct tally_head head;

	if (!tally_head_get(s->txn, untold->day, untold->domain, &head))
		return;
	session_failure_encode(failure, &bytes);
	detail.key.bytes = bytes.data;
	detail.key.len = bytes.len;
	delta.valid = head.valid;
	tally_apply(s->txn, &delta, s->limits);
}

/* failure NULL: they met it. */
static void settle_unjudged(struct settling *s, const struct untold *untold,
                            struct failure_detail *failure)
{
	const struct session_policy verdict = {
		.failed = failure != NULL,
		.failures = failure,
		.failure_count = failure != NULL,
	};
	struct tally_unjudged at = {.policy_id = 0};
	uint64_t n = untold->sessions;

	while (n > 0 && tally_unjudged_next(s->txn, untold->day, untold->domain,
	                                    s->limits, &s->arena, &at)) {
		uint64_t some = n < at.sessions ? n : at.sessions;

		if (!session_policy_is_bare(&at.policy))
			continue;
		tally_settle(s->txn, untold->day, untold->domain, at.policy_id,
		             some, &verdict, s->limits);
		n -= some;
	}
}

/* Since another boot nobody knows for how long. */
static bool has_waited(const struct settling *s, const struct untold *untold,
                       int64_t ms)
{
	return s->now_ms < untold->since_boot_ms ||
	       s->now_ms - untold->since_boot_ms >= ms;
}

/* Was Postfix told of the policy by another map? */
static bool is_of_another(struct settling *s, const struct untold *untold)
{
	struct told told;

	return has_waited(s, untold, UNKNOWN_MS) &&
	       !told_get(s->txn, untold->domain, INT64_MAX, &s->arena, &told);
}

/* True when they need not wait any more. */
static bool settle(void *arg, const struct untold *untold)
{
	struct settling *s = arg;
	bool over = has_waited(s, untold, WAIT_MS);
	struct failure_detail failure;
	struct session_policy policy;
	bool bare;

	arena_reset(&s->arena);
	if (session_policy_decode(untold->policy, untold->policy_len, &s->arena,
	                          &policy, NULL) < 0)
		return true;
	bare = session_policy_is_bare(&policy);
	/* nothing else can have been told of a policy that is not there, so
	 * what is told a moment later is why */
	if (find_failure(s->txn, untold->domain, bare,
	                 bare ? INT64_MAX : untold->moment, &s->arena,
	                 &failure)) {
		if (untold->unjudged)
			settle_unjudged(s, untold, &failure);
		else
			add_failure(s, untold, &failure);
		return true;
	}
	if (!bare)
		return over || told_until(s->txn) > untold->moment;
	if (!is_of_another(s, untold))
		return over;
	if (untold->unjudged)
		settle_unjudged(s, untold, NULL);
	return true;
}

void policy_told_settle(struct db_txn *txn, struct clock *clock,
                        const struct tally_limits *limits)
{
	struct settling settling = {
		.txn = txn, .now_ms = clock_boot_ms(clock), .limits = limits};

	untold_take(txn, settle, &settling);
	arena_clear(&settling.arena);
}
