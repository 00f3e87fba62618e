#include "intake/policy_told.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "base/xalloc.h"
#include "domain/domain_view.h"
#include "store/paged.h"
#include "store/tally_settle.h"
#include "store/tally_table.h"
#include "store/told_table.h"

enum {
	OPEN_MAX = 1024, /* domains with sessions to settle; more stay so */
	/* policyd writes down what it tells once a second */
	SETTLE_SECS = 60,
	UNKNOWN_SECS = 15, /* by then it would have */
};

/* A domain's day with sessions whose policy could not be had. */
struct open_day {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
	int64_t since; /* secs */
	bool done;     /* in the transaction under way */
};

struct policy_told {
	struct open_day open[OPEN_MAX];
	size_t count;
	bool begun; /* what was left open by the one before is among them */
};

struct policy_told *policy_told_new(void)
{
	return xcalloc(1, sizeof(struct policy_told));
}

void policy_told_free(struct policy_told **told)
{
	free(*told);
	*told = NULL;
}

static void note_open(struct policy_told *t, int32_t day, const char *domain,
                      int64_t now)
{
	struct open_day *open = t->open;

	while (open < t->open + t->count &&
	       (open->day != day || strcmp(open->domain, domain) != 0))
		open++;
	if (open == t->open + OPEN_MAX ||
	    strlen(domain) >= sizeof(open->domain))
		return;
	t->count += open == t->open + t->count;
	open->day = day;
	strcpy(open->domain, domain);
	open->since = now;
}

/* What the tlstallyd before this one left. */
static void find_open(struct policy_told *t, struct db *db, int64_t now)
{
	struct paged paged = {.db = db};
	char domain[TALLY_DOMAIN_TEXT] = "";
	int32_t day = day_of(now) - 1;
	struct tally_head head;
	struct err err;

	while (tally_head_next(paged_txn(&paged), &day, domain, &head) &&
	       day <= day_of(now))
		if (head.unjudged > 0)
			note_open(t, day, domain, now);
	t->begun = paged_end(&paged, &err) == 0;
}

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

/* No MX took part in it.  False: nothing failed. */
static bool failure_of(const struct told *told, struct failure_detail *detail)
{
	*detail = (struct failure_detail){
		.result = domain_view_fetch_result(told->sts_fetch),
		.reason = told->problem,
	};
	return detail->result != RESULT_OTHER;
}

/* One transaction's reading. */
struct look {
	struct policy_told *told;
	struct db_txn *txn;
	struct tally *tally;
	struct arena arena;
	int64_t now;
};

static void look_at_policy(struct look *look, struct tally_domain *domain,
                           struct tally_policy *policy)
{
	struct session_policy of;
	struct failure_detail detail;
	struct told told;
	bool bare, found;

	if (session_policy_type(policy->key.bytes, policy->key.len) !=
	            POLICY_STS ||
	    session_policy_decode(policy->key.bytes, policy->key.len,
	                          &look->arena, &of, NULL) < 0)
		return;
	bare = session_policy_is_bare(&of);
	if (bare && policy->unjudged > 0)
		note_open(look->told, domain->day, domain->domain, look->now);
	found = bare ? find_failed(look->txn, domain->domain, look->now,
	                           &look->arena, &told)
	             : told_get(look->txn, domain->domain, look->now,
	                        &look->arena, &told);
	if (found && failure_of(&told, &detail))
		tally_add_detail(look->tally, domain, policy, &detail,
		                 policy->success + policy->failure +
		                         (bare ? 0 : policy->unjudged));
}

static void look_end(struct look *look)
{
	db_abort(&look->txn);
	arena_clear(&look->arena);
}

void policy_told_look(struct policy_told *told, struct db *db,
                      struct tally *tally, struct tally_domain **domains,
                      size_t count, int64_t now)
{
	auto_(look_end) struct look look = {
		.told = told, .tally = tally, .now = now};

	if (!told->begun)
		find_open(told, db, now);
	arena_init(&look.arena);
	look.txn = db_begin_read(db);
	for (size_t i = 0; i < count; i++) {
		struct tally_policy *policy = domains[i]->policies;

		for (; policy != NULL; policy = policy->next)
			look_at_policy(&look, domains[i], policy);
		arena_reset(&look.arena);
	}
}

/* How the sessions went whose policy could not be had; false: that is not known
 * yet. */
static bool find_verdict(struct db_txn *txn, const struct open_day *open,
                         int64_t now, struct arena *arena,
                         struct failure_detail *detail,
                         struct session_policy *verdict)
{
	struct told told;

	*verdict = (struct session_policy){.failures = detail};
	if (find_failed(txn, open->domain, now, arena, &told) &&
	    failure_of(&told, detail)) {
		verdict->failed = true;
		verdict->failure_count = 1;
		return true;
	}
	return moment_age(open->since, now) >= UNKNOWN_SECS &&
	       !told_get(txn, open->domain, INT64_MAX, arena, &told);
}

static void settle_day(struct db_txn *txn, struct open_day *open, int64_t now,
                       const struct tally_limits *limits)
{
	auto_(arena_clear) struct arena arena = {0};
	struct tally_unjudged at = {.policy_id = 0};
	struct session_policy verdict;
	struct failure_detail detail;

	open->done = moment_age(open->since, now) >= SETTLE_SECS;
	if (!find_verdict(txn, open, now, &arena, &detail, &verdict))
		return;
	open->done = true;
	while (tally_unjudged_next(txn, open->day, open->domain, &arena, &at))
		if (session_policy_is_bare(&at.policy))
			tally_settle(txn, open->day, open->domain, at.policy_id,
			             at.sessions, &verdict, limits);
}

void policy_told_settle(struct policy_told *told, struct db_txn *txn,
                        int64_t now, const struct tally_limits *limits)
{
	for (size_t i = 0; i < told->count; i++)
		settle_day(txn, &told->open[i], now, limits);
}

void policy_told_committed(struct policy_told *told)
{
	size_t kept = 0;

	for (size_t i = 0; i < told->count; i++)
		if (!told->open[i].done)
			told->open[kept++] = told->open[i];
	told->count = kept;
}
