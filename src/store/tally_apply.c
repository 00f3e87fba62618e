/* tally_apply() of store/tally_table.h. */
#include "store/tally_table.h"

#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/day_table.h"
#include "store/intern.h"
#include "store/tally_row.h"

/* One domain at work. */
struct work {
	struct db_txn *txn;
	const struct tally_domain *delta;
	const struct tally_limits *limits;
	struct db_key domain; /* tally_domain_key() */
	struct tally_head head;
	struct strbuf value;  /* rows are built in it */
	struct strbuf folded; /* a policy's or detail's other form */
	struct arena mem;     /* for folding only */
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

/* Into w->folded: what the policy counts under past the cap. */
static bool fold_policy(struct work *w, const struct tally_policy *from)
{
	struct session_policy policy = {0};
	struct err err;

	arena_reset(&w->mem);
	strbuf_reset(&w->folded);
	if (session_policy_decode(from->key.bytes, from->key.len, &w->mem,
	                          &policy, &err) != 0) {
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
	const void *blob = from->key.bytes;
	size_t len = from->key.len;
	uint64_t id;

	if (intern_find(w->txn, day, blob, len, &id) && has_policy(w, id, sums))
		return id;
	if (full) {
		if (!fold_policy(w, from))
			return 0;
		blob = w->folded.data;
		len = w->folded.len;
		if (intern_find(w->txn, day, blob, len, &id) &&
		    has_policy(w, id, sums))
			return id;
	}
	*sums = (struct tally_sums){0};
	w->head.policies++;
	return id != 0 ? id : intern_add(w->txn, day, blob, len);
}

static uint64_t apply_policy(struct work *w, const struct tally_policy *from)
{
	struct tally_sums sums = {0};
	uint64_t id = choose_policy(w, from, &sums);
	struct db_key key = tally_policy_key(&w->domain, id);

	strbuf_reset(&w->value);
	strbuf_u64(&w->value, sums.success + from->success);
	strbuf_u64(&w->value, sums.failure + from->failure);
	db_put(w->txn, &key, &w->value);
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
	w->head.valid = delta->valid;
	if (delta->record != NULL) {
		size_t len = strnlen(delta->record, SESSION_RECORD_MAX);

		memcpy(w->head.record, delta->record, len);
		w->head.record[len] = '\0';
	}
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

void tally_apply(struct db_txn *txn, const struct tally_domain *delta,
                 const struct tally_limits *limits)
{
	auto_(work_clear) struct work w;

	w.txn = txn;
	w.delta = delta;
	w.limits = limits;
	w.domain = tally_domain_key(delta->day, delta->domain);
	strbuf_init(&w.value, 0);
	strbuf_init(&w.folded, 0);
	arena_init(&w.mem);
	if (!tally_head_at(txn, &w.domain, &w.head)) {
		memset(&w.head, 0, offsetof(struct tally_head, record));
		w.head.record[0] = w.head.reason[0] = '\0';
		if (day_table_is_closed(txn, delta->day))
			w.head.mark = day_table_is_unsent(txn, delta->day)
			                      ? TALLY_UNSENT
			                      : TALLY_LATE;
	}
	/* An old log may be read while its days are closed, one after the
	 * other: of them no report was made, so nothing comes too late. */
	if (w.head.mark == TALLY_OPEN || w.head.mark == TALLY_UNSENT) {
		apply_open(&w);
	} else {
		w.head.late_success += delta->success;
		w.head.late_failure += delta->failure;
	}
	w.head.revision++;
	tally_head_put(txn, &w.domain, &w.head, &w.value);
}
