#include "judge/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/xalloc.h"
#include "judge/apply_work.h"
#include "store/day_table.h"
#include "store/log_pending_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/tally_aside.h"
#include "store/tally_table.h"

enum {
	BATCH_DOMAINS = DB_BATCH_ROWS,
	/* Look-ups that must have failed before an old answer is good enough:
	 * seven minutes by the keeper's back-off. */
	TRIES = 3,
};

/* Was the view good on that day?  What was valid at any moment of a day that is
 * over is nearer to its sessions than what is found out now. */
static bool is_fresh(const struct apply *a, int32_t day)
{
	int64_t moment = day < day_of(a->now) ? day_start(day) : a->now;

	return domain_view_was_good(&a->view, moment, a->now) &&
	       !a->view.mx_doubted;
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
	if (!domain_is_canonical(place->domain) || domain_is_ip(place->domain))
		return VERDICT_WITHOUT;
	asked = policy_wanted_get(txn, place->domain, &due, &failures);
	/* without a wish, a young view is all there is to be had for now */
	tried = asked ? failures >= TRIES || a->now - due >= DAY_SECS
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

static void flush_stats(struct apply *a)
{
	if (a->stats.events > 0)
		day_table_stats_add(a->txn, a->stats_day, &a->stats);
	memset(&a->stats, 0, sizeof(a->stats));
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

static void put_wish(struct apply *a, const char *domain)
{
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
	while (log_pending_take(a->txn, place->day, place->domain,
	                        apply_session, &judging))
		if (a->rows >= TXN_ROWS)
			return false;
	if (a->doubts) { /* ask for the MX set again, whatever the cache has */
		a->view.mx_doubted = true;
		policy_cache_put(a->txn, &a->view);
		put_wish(a, place->domain);
	} else if (verdict == VERDICT_WITHOUT &&
	           !is_waited_for(a, place->domain)) {
		policy_wanted_delete(a->txn, place->domain);
	}
	return true;
}

/* What the reader saw may have changed, so each is looked at again. */
static bool settle_domain(struct apply *a, const struct place *place)
{
	enum verdict verdict = look_at(a, a->txn, place);

	if (verdict == VERDICT_WANT)
		put_wish(a, place->domain);
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
		if (settle_domain(a, &a->batch[at]))
			at++;
	apply_flush(a);
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

int apply_waiting(const struct apply_options *options, uint64_t *moved,
                  uint64_t *wanted, struct err *err)
{
	auto_(apply_clear) struct apply a = {
		.options = options,
		.now = clock_secs(options->clock),
		.at.day = INT32_MIN,
		.batch = xcalloc(BATCH_DOMAINS, sizeof(*a.batch)),
		.tally = tally_new(db_seed(options->db), &options->limits),
	};
	struct err other;
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
	/* what cannot be read is out of the way the next time */
	if (rc == ERR_IO && !options->leaves_damage && a.count > 0)
		tally_aside_days(options->db, a.batch[0].day,
		                 a.batch[a.count - 1].day, &other);
	return rc;
}
