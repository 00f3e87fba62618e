#include "outbox/settle_report.h"

#include "base/day.h"
#include "store/answer_group.h"
#include "store/day_table.h"

/* A day keeps what was not delivered by its answers. */
static void add_answers(struct db_txn *txn, const struct outbox_head *head,
                        int64_t now)
{
	struct outbox_destination dest;
	struct answer_group group;

	for (uint16_t i = 0; i < head->destination_count; i++) {
		if (!outbox_destination_get(txn, head->id, i, &dest) ||
		    dest.state == DELIVERY_DELIVERED || dest.is_counted)
			continue;
		answer_group_of(&dest, head->domain, &group);
		answer_group_add(txn, day_of(now), &group);
	}
}

bool settle_report(struct db_txn *txn, struct outbox_head *head, int64_t now)
{
	struct day_settled settled = {.reports = 1};
	bool inflight = false, waits = false, tried = false;

	head->delivered_count = 0;
	for (uint16_t i = 0; i < head->destination_count; i++) {
		struct outbox_destination dest;

		if (!outbox_destination_get(txn, head->id, i, &dest))
			continue;
		inflight |= dest.state == DELIVERY_INFLIGHT;
		waits |= !delivery_state_is_final(dest.state);
		tried |= dest.attempts > 0;
		head->delivered_count += dest.state == DELIVERY_DELIVERED;
		if (dest.state < DELIVERY_STATES && !dest.is_counted)
			settled.destinations[dest.state]++;
	}
	if (waits) {
		head->status = inflight ? OUTBOX_SENDING
		               : tried  ? OUTBOX_DEFERRED
		                        : OUTBOX_PENDING;
		outbox_head_put(txn, head);
		return false;
	}
	head->status = OUTBOX_DONE;
	head->done_at = now;
	day_table_settled_add(txn, day_of(now), &settled);
	if (head->delivered_count < head->destination_count)
		add_answers(txn, head, now);
	archive_move(txn, head);
	return true;
}
