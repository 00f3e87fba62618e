#include "outbox/bounce.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/utf8.h"
#include "inmail/dsn_kept.h"
#include "outbox/dead_address.h"
#include "outbox/settle_report.h"
#include "reply/doubt.h"
#include "store/answer_group.h"
#include "store/day_table.h"
#include "store/meta_table.h"
#include "store/outbox_table.h"
#include "store/suppress_table.h"
#include "store/token_table.h"

/* The delivery that a token leads to. */
struct delivery {
	struct outbox_head head;
	struct outbox_destination dest;
	bool archived;
};

static bool find(struct db_txn *txn, const char *token, struct delivery *d)
{
	struct token_owner owner;

	if (!token_get(txn, token, &owner))
		return false;
	d->archived = !outbox_head_get(txn, owner.id, &d->head);
	if (!d->archived)
		return outbox_destination_get(txn, owner.id, owner.index,
		                              &d->dest) == 1;
	return archive_head_get(txn, owner.id, &d->head) == 1 &&
	       archive_destination_get(txn, owner.id, owner.index, &d->dest) ==
	               1;
}

/* Ours, or the only one there is: the address may have been an alias, and the
 * token tells whose bounce it is. */
static const struct dsn_recipient *our_recipient(const struct dsn *dsn,
                                                 const char *address)
{
	for (size_t i = 0; i < dsn->count; i++)
		if (strcasecmp(dsn->recipients[i].address, address) == 0)
			return &dsn->recipients[i];
	return dsn->count == 1 ? &dsn->recipients[0] : NULL;
}

/* "bounced: 550 5.1.1 <x@y>: User unknown", or with the status alone. */
static void put_words(const char *what, const struct dsn_recipient *recipient,
                      char *out, size_t room)
{
	const char *text = recipient->diagnostic;
	const int *status = recipient->status;
	int used;

	if (text[0] != '\0') {
		/* not cut within a character */
		used = snprintf(out, room, "%s: ", what);
		utf8_show(out + used, room - (size_t)used, text, strlen(text));
	} else if (status[0] == 0) {
		snprintf(out, room, "%s: no reason given", what);
	} else {
		snprintf(out, room, "%s: status %d.%d.%d", what, status[0],
		         status[1], status[2]);
	}
}

static void put_destination(struct db_txn *txn, struct delivery *d)
{
	if (d->archived)
		archive_destination_put(txn, d->head.id, &d->dest);
	else
		outbox_destination_put(txn, d->head.id, &d->dest);
}

/* What was in the sums of a day as delivered. */
static void count_bounced(struct db_txn *txn, const struct delivery *d,
                          int64_t now)
{
	struct day_settled bounced = {0};
	struct answer_group group;

	if (d->dest.is_copy)
		bounced.copies[DELIVERY_BOUNCED] = 1;
	else
		bounced.destinations[DELIVERY_BOUNCED] = 1;
	day_table_settled_add(txn, day_of(now), &bounced);
	if (d->dest.is_copy)
		return;
	answer_group_of(&d->dest, d->head.domain, &group);
	answer_group_add(txn, day_of(now), &group);
}

/* The head's sums; a report whose last destination this was leaves the
 * outbox. */
static void put_head(struct db_txn *txn, struct delivery *d,
                     enum delivery_state before, int64_t now)
{
	if (d->archived || d->dest.is_counted)
		count_bounced(txn, d, now);
	if (!d->archived) {
		settle_report(txn, &d->head, now);
		return;
	}
	d->head.delivered_count -=
		before == DELIVERY_DELIVERED && !d->dest.is_copy;
	archive_head_put(txn, &d->head);
}

/* Is the address dead by what came back? */
static bool judge_address(const struct dead_address *of,
                          const struct dsn_recipient *recipient,
                          const char *answer)
{
	const int *status = recipient->status;

	switch (recipient->refusal) {
	case REFUSAL_NO_SUCH_ADDRESS:
		dead_address_suppress(of, answer);
		return true;
	case REFUSAL_IN_DOUBT:
		return dead_address_doubt(of, doubt_code(status[1], status[2]),
		                          answer);
	default:
		return false;
	}
}

static bool is_suppressed(struct db_txn *txn, const char *address, int64_t now)
{
	struct suppression row;

	return suppress_get(txn, address, &row) &&
	       (row.until == 0 || row.until > now);
}

static enum bounce_result mark(struct db_txn *txn, struct delivery *d,
                               const struct dsn_recipient *recipient,
                               int64_t now)
{
	const struct dead_address of = {
		.txn = txn,
		.head = &d->head,
		.address = d->dest.rua.address,
		.now = now,
	};
	enum delivery_state before = d->dest.state;

	if (before == DELIVERY_BOUNCED)
		return is_suppressed(txn, of.address, now) ? BOUNCE_SUPPRESSED
		                                           : BOUNCE_MARKED;
	if (!delivery_state_next(before, EVENT_BOUNCED, &d->dest.state))
		return BOUNCE_IGNORED;
	d->dest.due = 0;
	d->dest.lease_run = 0;
	d->dest.uncertain = false;
	put_words("bounced", recipient, d->dest.answer, sizeof(d->dest.answer));
	put_destination(txn, d);
	if (before == DELIVERY_DELIVERED)
		dead_address_came_back(&of);
	put_head(txn, d, before, now);
	return judge_address(&of, recipient, d->dest.answer) ? BOUNCE_SUPPRESSED
	                                                     : BOUNCE_MARKED;
}

static enum bounce_result apply(struct db_txn *txn, struct delivery *d,
                                const struct dsn *dsn, int64_t now)
{
	const struct dsn_recipient *recipient =
		our_recipient(dsn, d->dest.rua.address);

	if (recipient == NULL || recipient->action == DSN_OTHER)
		return BOUNCE_IGNORED;
	if (recipient->action == DSN_FAILED)
		return mark(txn, d, recipient, now);
	if (d->dest.state != DELIVERY_DELIVERED)
		return BOUNCE_IGNORED;
	put_words("delayed", recipient, d->dest.answer, sizeof(d->dest.answer));
	put_destination(txn, d);
	return BOUNCE_NOTED;
}

/* Of a fleet, the report may be another host's. */
static void keep_for_others(struct db_txn *txn, const char *token,
                            const struct dsn *dsn,
                            struct bounce_outcome *outcome)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct fleet_seen seen;

	/* who has left it passes nothing on */
	if (!meta_fleet_get(txn, &seen) || seen.since == 0 ||
	    strlen(token) >= OUTBOX_TOKEN_TEXT)
		return;
	dsn_kept_write(dsn, &text);
	if (token_elsewhere_put(txn, token, strbuf_text(&text)))
		outcome->result = BOUNCE_PASSED_ON;
}

int bounce_apply(struct db *db, const char *token, const struct dsn *dsn,
                 int64_t now, struct bounce_outcome *outcome, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct delivery d = {0};

	memset(outcome, 0, sizeof(*outcome));
	if (!find(txn, token, &d)) {
		keep_for_others(txn, token, dsn, outcome);
		return db_commit(&txn, err);
	}
	outcome->result = apply(txn, &d, dsn, now);
	outcome->id = d.head.id;
	snprintf(outcome->address, sizeof(outcome->address), "%s",
	         d.dest.rua.address);
	snprintf(outcome->text, sizeof(outcome->text), "%s", d.dest.answer);
	return db_commit(&txn, err);
}
