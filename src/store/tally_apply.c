/* tally_apply() of store/tally_table.h, and store/tally_settle.h: what changes
 * the counts of a domain's day. */
#include "store/tally_settle.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/day_table.h"
#include "store/intern.h"
#include "store/journal_news.h"
#include "store/journal_view.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

/* One domain at work. */
struct work {
	struct db_txn *txn;
	const struct tally_domain *delta; /* of tally_apply() */
	const struct tally_limits *limits;
	struct db_key domain; /* tally_domain_key() */
	struct tally_head head;
	/* what stands there, but for its texts; NULL: nothing */
	const struct tally_head *before;
	struct tally_head before_room;
	struct strbuf value;  /* rows are built in it */
	struct strbuf folded; /* a policy's or detail's other form */
	struct arena mem;     /* for folding only */
	unsigned type;        /* of the policy at hand */
};

static bool has_policy(struct work *w, uint64_t id, struct tally_sums *sums)
{
	struct db_key key = tally_policy_key(&w->domain, id);
	struct db_row row;

	if (!db_get(w->txn, &key, &row))
		return false;
	db_row_is(w->txn, &row, tally_sums_read(&row, sums));
	return true;
}

/* The type that the bytes of a policy or a failure detail begin with
 * (session/session_code.c); those that have none fail the transaction. */
static unsigned type_of(struct work *w, const void *blob, size_t len,
                        unsigned types)
{
	const uint8_t *bytes = blob;

	if (len > 0 && bytes[0] < types)
		return bytes[0];
	db_fail(w->txn, ERR_IO, "a policy or failure of %s has no known type",
	        (const char *)w->domain.bytes + sizeof(int32_t));
	return 0;
}

/* Into w->folded: what the policy counts under past the cap. */
static bool fold_policy(struct work *w, const struct db_value *from)
{
	struct session_policy policy = {0};
	struct err err;

	arena_reset(&w->mem);
	strbuf_reset(&w->folded);
	if (session_policy_decode(from->data, from->len, &w->mem, &policy,
	                          &err) != 0) {
		db_fail(w->txn, err.class, "%s", err.text);
		return false;
	}
	policy = session_policy_folded(&policy, w->delta->domain);
	session_policy_encode(&policy, &w->folded);
	return true;
}

/*
 * The id of the row that the policy counts in, and what stands there.  A
 * policy past the cap is not even interned; the one it counts under is let in
 * past the cap: there are no more of those than policy types.
 */
static uint64_t choose_policy(struct work *w, const struct tally_policy *from,
                              struct tally_sums *sums)
{
	bool full = w->head.policies >= w->limits->max_policies;
	int32_t day = w->delta->day;
	struct db_value blob = {from->key.bytes, from->key.len};
	uint64_t id = from->id, wanted = from->id;

	if ((blob.data == NULL ||
	     intern_find(w->txn, day, blob.data, blob.len, &id)) &&
	    has_policy(w, id, sums))
		return id;
	if (full) {
		if ((blob.data == NULL &&
		     !intern_get(w->txn, day, id, &blob)) ||
		    !fold_policy(w, &blob))
			return 0;
		blob = (struct db_value){w->folded.data, w->folded.len};
		wanted = 0;
		if (intern_find(w->txn, day, blob.data, blob.len, &id) &&
		    has_policy(w, id, sums))
			return id;
	}
	*sums = (struct tally_sums){0};
	w->head.policies++;
	return id != 0 ? id
	               : intern_add(w->txn, day, blob.data, blob.len, wanted);
}

static uint64_t apply_policy(struct work *w, const struct tally_policy *from)
{
	struct db_value blob = {from->key.bytes, from->key.len};
	struct tally_sums sums = {0};
	struct db_key key;
	uint64_t id;

	if (blob.data == NULL &&
	    !intern_get(w->txn, w->delta->day, from->id, &blob))
		return 0;
	w->type = type_of(w, blob.data, blob.len, POLICY_TYPES);
	id = choose_policy(w, from, &sums);
	key = tally_policy_key(&w->domain, id);
	w->head.kinds.policy_success[w->type] += from->success;
	w->head.kinds.policy_failure[w->type] += from->failure;
	sums.success += from->success;
	sums.failure += from->failure;
	sums.unjudged += from->unjudged;
	tally_sums_put(w->txn, &key, &sums, &w->value);
	return id;
}

/*
 * Adds to the row of these bytes.  False when there is none and none may be
 * made.
 */
static bool count_detail(struct work *w, uint64_t policy_id, const void *blob,
                         size_t len, uint64_t n, bool may_add)
{
	struct db_key key = tally_details_key(&w->domain, policy_id);
	uint64_t count;

	if (!counted_find(w->txn, &key, blob, len, &count)) {
		if (!may_add)
			return false;
		w->head.details++;
	}
	counted_put(w->txn, &key, count + n, blob, len);
	return true;
}

/* The same for the detail folded. */
static bool count_folded(struct work *w, uint64_t policy_id,
                         const struct failure_detail *detail,
                         enum fold_level level, uint64_t n, bool may_add)
{
	struct failure_detail folded = session_failure_folded(detail, level);

	strbuf_reset(&w->folded);
	session_failure_encode(&folded, &w->folded);
	return count_detail(w, policy_id, w->folded.data, w->folded.len, n,
	                    may_add);
}

static void apply_detail(struct work *w, uint64_t policy_id,
                         const struct tally_detail *from)
{
	size_t max = w->limits->max_details, most = max + max / 10;
	struct failure_detail detail = {0};
	struct err err;

	w->head.kinds.results[w->type][type_of(w, from->key.bytes,
	                                       from->key.len, RESULT_TYPES)] +=
		from->count;
	if (count_detail(w, policy_id, from->key.bytes, from->key.len,
	                 from->count, w->head.details < max))
		return;
	arena_reset(&w->mem);
	if (session_failure_decode(from->key.bytes, from->key.len, &w->mem,
	                           &detail, &err) != 0) {
		db_fail(w->txn, err.class, "%s", err.text);
		return;
	}
	w->head.folded += from->count;
	if (!count_folded(w, policy_id, &detail, FOLD_PEER, from->count,
	                  w->head.details < most))
		count_folded(w, policy_id, &detail, FOLD_TYPE, from->count,
		             true);
}

static void apply_open(struct work *w)
{
	const struct tally_domain *delta = w->delta;

	w->head.success += delta->success;
	w->head.failure += delta->failure;
	w->head.unjudged += delta->unjudged;
	w->head.valid = delta->valid;
	tally_head_take_record(&w->head, delta->record, delta->record_at,
	                       delta->record_changed);
	for (struct tally_policy *p = delta->policies; p != NULL; p = p->next) {
		uint64_t id = apply_policy(w, p);

		for (struct tally_detail *d = p->details; d != NULL;
		     d = d->next)
			apply_detail(w, id, d);
	}
}

static void work_clear(struct work *w)
{
	strbuf_clear(&w->value);
	strbuf_clear(&w->folded);
	arena_clear(&w->mem);
}

static void work_init(struct work *w, struct db_txn *txn, int32_t day,
                      const char *domain, const struct tally_limits *limits)
{
	w->txn = txn;
	w->limits = limits;
	w->domain = tally_domain_key(day, domain);
	strbuf_init(&w->value, 0);
	strbuf_init(&w->folded, 0);
	arena_init(&w->mem);
}

/* False: there is none yet. */
static bool find_head(struct work *w)
{
	w->before = NULL;
	if (!tally_head_at(w->txn, &w->domain, &w->head))
		return false;
	memcpy(&w->before_room, &w->head, offsetof(struct tally_head, record));
	w->before = &w->before_room;
	return true;
}

static void put_head(struct work *w, uint32_t commits)
{
	w->head.revision += commits;
	tally_head_put(w->txn, &w->domain, w->before, &w->head, &w->value);
}

void tally_apply_journal(struct db_txn *txn, const struct tally_domain *delta,
                         const struct tally_limits *limits)
{
	auto_(work_clear) struct work w;

	work_init(&w, txn, delta->day, delta->domain, limits);
	w.delta = delta;
	if (!find_head(&w))
		tally_head_begin(txn, delta->day, &w.head);
	if (tally_head_is_open(&w.head)) {
		apply_open(&w);
	} else {
		w.head.late_success += delta->success;
		w.head.late_failure += delta->failure;
		w.head.unjudged += delta->unjudged;
	}
	put_head(&w, delta->commits > 0 ? delta->commits : 1);
}

/* What the journal has of the domain, so that all is in its order. */
static void apply_waiting(struct db_txn *txn, int32_t day, const char *domain,
                          const struct tally_limits *limits)
{
	auto_(arena_clear) struct arena mem = {0};
	struct day_domains had, have;
	struct tally_domain counts;
	struct day_sums sums;

	if (!journal_view_has(txn, day, domain) ||
	    !journal_view_counts(txn, day, domain, UINT64_MAX, &mem, &counts))
		return;
	day_sums_get(txn, day, &sums);
	had = day_sums_domains(&sums);
	tally_apply_journal(txn, &counts, limits);
	day_sums_get(txn, day, &sums);
	have = day_sums_domains(&sums);
	journal_news_take(txn, day, &had, &have);
	journal_view_mark(txn, day, domain);
}

void tally_apply(struct db_txn *txn, const struct tally_domain *delta,
                 const struct tally_limits *limits)
{
	apply_waiting(txn, delta->day, delta->domain, limits);
	tally_apply_journal(txn, delta, limits);
}

int tally_unjudged_next(struct db_txn *txn, int32_t day, const char *domain,
                        const struct tally_limits *limits, struct arena *arena,
                        struct tally_unjudged *unjudged)
{
	struct db_key key = tally_domain_key(day, domain);
	struct db_key from = tally_policy_key(&key, unjudged->policy_id + 1);
	auto_(db_rows_end) struct db_rows rows = db_rows_from(txn, &from);
	struct tally_sums sums;
	struct tally_row row;
	struct db_value blob;

	if (unjudged->policy_id == 0)
		apply_waiting(txn, day, domain, limits);
	while (db_rows_next(&rows) && tally_row_read(txn, &rows.row, &row) &&
	       row.day == day && strcmp(row.domain, domain) == 0 &&
	       row.kind == TALLY_POLICY &&
	       db_row_is(txn, &rows.row, tally_sums_read(&rows.row, &sums))) {
		if (sums.unjudged == 0)
			continue;
		unjudged->policy_id = row.policy_id;
		unjudged->sessions = sums.unjudged;
		return intern_get(txn, day, row.policy_id, &blob) &&
		       db_row_is(txn, &rows.row,
		                 session_policy_decode(blob.data, blob.len,
		                                       arena, &unjudged->policy,
		                                       NULL) == 0);
	}
	return 0;
}

static void settle_details(struct work *w, uint64_t policy_id, uint64_t n,
                           const struct session_policy *verdict)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};

	for (size_t i = 0; i < verdict->failure_count; i++) {
		struct tally_detail detail = {.count = n};

		strbuf_reset(&bytes);
		session_failure_encode(&verdict->failures[i], &bytes);
		detail.key.bytes = bytes.data;
		detail.key.len = bytes.len;
		apply_detail(w, policy_id, &detail);
	}
}

void tally_settle(struct db_txn *txn, int32_t day, const char *domain,
                  uint64_t policy_id, uint64_t n,
                  const struct session_policy *verdict,
                  const struct tally_limits *limits)
{
	auto_(work_clear) struct work w;
	struct tally_sums sums = {0};
	uint64_t success = verdict->failed ? 0 : n;
	uint64_t failure = verdict->failed ? n : 0;
	struct day_stats stats = {
		.success = success, .failure = failure, .unjudged = -n};
	struct db_value blob;
	struct db_key key;

	apply_waiting(txn, day, domain, limits);
	work_init(&w, txn, day, domain, limits);
	key = tally_policy_key(&w.domain, policy_id);
	if (!find_head(&w) || !intern_get(txn, day, policy_id, &blob) ||
	    !has_policy(&w, policy_id, &sums))
		return;
	w.type = type_of(&w, blob.data, blob.len, POLICY_TYPES);
	sums.unjudged -= n;
	/* of several policies of a session another may have failed */
	w.head.unjudged -= n < w.head.unjudged ? n : w.head.unjudged;
	if (tally_head_is_open(&w.head)) {
		sums.success += success;
		sums.failure += failure;
		w.head.kinds.policy_success[w.type] += success;
		w.head.kinds.policy_failure[w.type] += failure;
		w.head.success += success;
		w.head.failure += failure;
		settle_details(&w, policy_id, n, verdict);
	} else {
		w.head.late_success += success;
		w.head.late_failure += failure;
	}
	tally_sums_put(txn, &key, &sums, &w.value);
	put_head(&w, 1);
	day_table_stats_add(txn, day, &stats);
}
