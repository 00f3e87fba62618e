#include "rollup/held.h"

#include <stdio.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "report/report_id.h"
#include "store/outbox_table.h"

enum { BATCH = 500 };

struct held {
	const struct conf *conf;
	int64_t now;
	uint64_t store_id;
	uint64_t *released;
	uint64_t *lapsed;
};

static void lapse(struct db_txn *txn, struct held *held,
                  struct outbox_head *head)
{
	for (uint16_t i = 0; i < head->destination_count; i++) {
		struct outbox_destination dest;

		if (!outbox_destination_get(txn, head->id, i, &dest))
			continue;
		if (!delivery_state_next(dest.state, EVENT_TOO_OLD,
		                         &dest.state))
			continue;
		dest.due = 0;
		snprintf(dest.answer, sizeof(dest.answer),
		         "held by mode = preview until it was older than "
		         "max_report_age");
		outbox_destination_put(txn, head->id, &dest);
	}
	head->status = OUTBOX_DONE;
	head->done_at = held->now;
	archive_move(txn, head);
	(*held->lapsed)++;
}

static void release(struct db_txn *txn, struct held *held,
                    struct outbox_head *head)
{
	head->deliver_at = held->now + report_spread(head->day, *held->released,
	                                             held->store_id,
	                                             held->conf->report.spread);
	head->planned = true;
	head->status = OUTBOX_PENDING;
	outbox_head_put(txn, head);
	outbox_release(txn, head->id, head->deliver_at);
	(*held->released)++;
}

/* One that was made only now, because the operator asked for its old day or
 * made it by hand, is there for a day to be looked at.  Its createdAt may be
 * anything; its id says when it was made. */
static bool is_too_old(const struct held *held, const struct outbox_head *head)
{
	return held->now - day_end(head->day) >
	               held->conf->report.max_report_age &&
	       moment_age(outbox_id_time(head->id), held->now) > DAY_SECS;
}

/* Must something happen to it now? */
static bool is_due(const struct held *held, const struct outbox_head *head)
{
	int mode = held->conf->report.mode;

	if (head->status != OUTBOX_HELD)
		return false;
	return is_too_old(held, head) || mode == MODE_ALL ||
	       (mode == MODE_FAILURES_ONLY && head->failure > 0);
}

/* The next ids after *after that something must happen to; usually none, and
 * then nobody is kept from writing. */
static size_t find_due(struct db *db, const struct held *held, uint64_t *after,
                       uint64_t ids[BATCH])
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct outbox_head head = {.id = *after};
	size_t count = 0;

	while (count < BATCH && outbox_head_next(txn, &head))
		if (is_due(held, &head))
			ids[count++] = head.id;
	*after = head.id;
	return count;
}

static int review_batch(struct db *db, struct held *held, const uint64_t *ids,
                        size_t count, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);

	for (size_t i = 0; i < count; i++) {
		struct outbox_head head;

		if (!outbox_head_get(txn, ids[i], &head) ||
		    !is_due(held, &head))
			continue;
		if (is_too_old(held, &head))
			lapse(txn, held, &head);
		else
			release(txn, held, &head);
	}
	return db_commit(&txn, err);
}

int held_review(struct db *db, const struct conf *conf, struct clock *clock,
                uint64_t *released, uint64_t *lapsed, struct err *err)
{
	struct held held = {
		.conf = conf,
		.now = clock_secs(clock),
		.store_id = db_store_id(db),
		.released = released,
		.lapsed = lapsed,
	};
	uint64_t ids[BATCH], after = 0;
	size_t count;

	while ((count = find_due(db, &held, &after, ids)) > 0)
		if (review_batch(db, &held, ids, count, err) < 0)
			return err->class;
	return 0;
}
