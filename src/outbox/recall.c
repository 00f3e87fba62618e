#include "outbox/recall.h"

#include "base/auto.h"
#include "base/moment.h"
#include "store/due_table.h"
#include "store/outbox_table.h"

enum { BATCH = 500 };

static bool must_go(struct db_txn *txn, const struct due_row *row, int64_t now,
                    struct outbox_destination *dest)
{
	struct outbox_head head;
	bool is_persons; /* it waits for a moment that a person named */

	if (row->id == 0)
		return due_receiver(txn, row->receiver) == row->due &&
		       row->due > now &&
		       moment_has_come(row->due, now, OUTBOX_DUE_LONGEST);
	if (!outbox_head_get(txn, row->id, &head) ||
	    !outbox_destination_get(txn, row->id, row->index, dest))
		return false;
	is_persons = dest->state == DELIVERY_PENDING && !head.planned &&
	             dest->due == head.deliver_at;
	return dest->due > now &&
	       moment_has_come(dest->due, now,
	                       is_persons ? MOMENT_STANDS : OUTBOX_DUE_LONGEST);
}

/* The next ones after *at; usually none, and then nobody is kept from
 * writing. */
static int find(struct db *db, int64_t now, struct due_row *at,
                struct due_row found[BATCH], size_t *count, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct outbox_destination dest;

	*count = 0;
	while (*count < BATCH && due_next(txn, INT64_MAX, at))
		if (must_go(txn, at, now, &dest))
			found[(*count)++] = *at;
	return db_failure(txn, err);
}

static int recall(struct db *db, int64_t now, const struct due_row *found,
                  size_t count, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct outbox_destination dest;

	for (size_t i = 0; i < count; i++) {
		if (!must_go(txn, &found[i], now, &dest))
			continue;
		if (found[i].id == 0) {
			due_receiver_set(txn, found[i].receiver, now);
			continue;
		}
		dest.due = now;
		outbox_destination_put(txn, found[i].id, &dest);
	}
	return db_commit(&txn, err);
}

int outbox_recall(struct db *db, int64_t now, uint64_t *count, struct err *err)
{
	struct due_row at = {.due = now + OUTBOX_DUE_LONGEST,
	                     .id = UINT64_MAX,
	                     .index = UINT16_MAX};
	struct due_row found[BATCH];
	size_t n;

	do {
		if (find(db, now, &at, found, &n, err) < 0 ||
		    (n > 0 && recall(db, now, found, n, err) < 0))
			return err->class;
		*count += n;
	} while (n == BATCH);
	return 0;
}
