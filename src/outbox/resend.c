#include "outbox/resend.h"

#include "base/auto.h"
#include "outbox/settle_report.h"
#include "store/outbox_table.h"

/* A person who forces it knows that it is sent twice; nothing else may take a
 * destination out of delivered, so the table of states has no such row. */
static bool begins_anew(struct outbox_destination *dest, bool force)
{
	if (dest->state == DELIVERY_DELIVERED && force)
		dest->state = DELIVERY_PENDING;
	return dest->state == DELIVERY_PENDING ||
	       delivery_state_next(dest->state, EVENT_RESCHEDULE, &dest->state);
}

static void begin(int64_t due, struct outbox_destination *dest)
{
	dest->attempts = 0;
	dest->first_attempt = 0;
	dest->due = due;
}

/* How many of them would begin anew. */
static uint64_t count_those(struct db_txn *txn, const struct outbox_head *head,
                            bool force)
{
	struct outbox_destination dest;
	uint64_t n = 0;

	for (uint16_t i = 0; i < head->destination_count; i++)
		n += archive_destination_get(txn, head->id, i, &dest) &&
		     begins_anew(&dest, force);
	return n;
}

int resend_in(struct db_txn *txn, uint64_t id, int64_t at, int64_t now,
              bool force, uint64_t *count, struct err *err)
{
	struct outbox_head head = {0};
	struct outbox_destination dest;
	uint64_t n;

	if (!archive_head_get(txn, id, &head))
		return db_failed(txn) ? db_failure(txn, err)
		                      : err_set(err, ERR_NOTFOUND,
		                                "no such report was sent");
	n = count_those(txn, &head, force);
	if (n == 0)
		return db_failed(txn)
		               ? db_failure(txn, err)
		               : err_set(err, ERR_LIMIT,
		                         "the report was delivered to all its "
		                         "destinations");
	/* it is not too old for who asks for it */
	head.deliver_at = at > now ? at : now;
	head.planned = false;
	/* whose day it was does not matter to who asks for it */
	head.of_fleet = false;
	head.done_at = 0;
	head.status = OUTBOX_PENDING;
	archive_move_back(txn, &head);
	for (uint16_t i = 0; i < head.destination_count; i++) {
		if (!outbox_destination_get(txn, id, i, &dest))
			continue;
		/* the others are in the sums of the day when it settled */
		dest.is_counted = !begins_anew(&dest, force);
		if (!dest.is_counted)
			begin(head.deliver_at, &dest);
		outbox_destination_put(txn, id, &dest);
	}
	settle_report(txn, &head, now);
	*count += n;
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

int resend_report(struct db *db, uint64_t id, int64_t now, bool force,
                  uint64_t *count, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct outbox_head head;

	if (outbox_head_get(txn, id, &head))
		return err_set(err, ERR_NOTFOUND,
		               "the report is still in the outbox: `tlstally "
		               "deliver --id` sends it now");
	if (resend_in(txn, id, now, now, force, count, err) < 0)
		return err->class;
	return db_commit(&txn, err);
}
