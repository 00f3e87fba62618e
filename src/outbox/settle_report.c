#include "outbox/settle_report.h"

#include "base/day.h"
#include "store/answer_group.h"
#include "store/day_table.h"

/* What the destinations of a report, or its copies, come to. */
struct sum {
	bool waits, inflight, tried;
};

static void add_to_sum(struct sum *sum, const struct outbox_destination *dest)
{
	sum->waits |= !delivery_state_is_final(dest->state);
	sum->inflight |= dest->state == DELIVERY_INFLIGHT;
	sum->tried |= dest->attempts > 0;
}

/* A day keeps what was not delivered by its answers. */
static void add_answer(struct db_txn *txn, const struct outbox_head *head,
                       const struct outbox_destination *dest, int64_t now)
{
	struct answer_group group;

	if (dest->state == DELIVERY_DELIVERED || dest->is_copy)
		return;
	answer_group_of(dest, head->domain, &group);
	answer_group_add(txn, day_of(now), &group);
}

/* What is final is counted once, on the day on which the report's own
 * destinations are, whatever it still waits for. */
static void count_final(struct db_txn *txn, const struct outbox_head *head,
                        bool it_waits, int64_t now)
{
	struct day_settled settled = {.reports = 0};
	struct outbox_destination dest;
	bool any = false;

	for (uint16_t i = 0; i < head->destination_count; i++) {
		if (!outbox_destination_get(txn, head->id, i, &dest) ||
		    !delivery_state_is_final(dest.state) || dest.is_counted)
			continue;
		if (dest.is_copy) {
			settled.copies[dest.state]++;
		} else {
			settled.destinations[dest.state]++;
			settled.reports = 1;
		}
		any = true;
		add_answer(txn, head, &dest, now);
		dest.is_counted = true;
		if (it_waits)
			outbox_destination_put(txn, head->id, &dest);
	}
	if (any)
		day_table_settled_add(txn, day_of(now), &settled);
}

bool settle_report(struct db_txn *txn, struct outbox_head *head, int64_t now)
{
	struct sum report = {0}, copies = {0};
	struct outbox_destination dest;

	head->delivered_count = 0;
	for (uint16_t i = 0; i < head->destination_count; i++) {
		if (!outbox_destination_get(txn, head->id, i, &dest))
			continue;
		add_to_sum(dest.is_copy ? &copies : &report, &dest);
		head->delivered_count +=
			!dest.is_copy && dest.state == DELIVERY_DELIVERED;
	}
	if (!report.waits)
		count_final(txn, head, copies.waits, now);
	if (report.waits || copies.waits) {
		/* a copy that is not accepted is no trouble of the report */
		head->status = report.inflight || copies.inflight
		                       ? OUTBOX_SENDING
		               : report.waits && report.tried ? OUTBOX_DEFERRED
		                                              : OUTBOX_PENDING;
		outbox_head_put(txn, head);
		return false;
	}
	head->status = OUTBOX_DONE;
	head->done_at = now;
	archive_move(txn, head);
	return true;
}
