#include "outbox/settle.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "outbox/dead_address.h"
#include "outbox/settle_report.h"
#include "reply/retry.h"
#include "store/counter_table.h"
#include "store/own_report_table.h"

/* What was given back untouched is due again after that. */
enum { RELEASED_SECS = 60 };

/* So many reports made one after the other, often for one receiver, are tried
 * again in the same second: they lie together, and a transaction that claims or
 * settles them writes few pages. */
enum { NEIGHBOURS = 64 };

static void defer(const struct conf *conf, const struct claim *claim,
                  int64_t now, struct outbox_destination *dest)
{
	uint64_t seed = claim->head.id / NEIGHBOURS ^ claim->dest.index;

	dest->due =
		retry_next(now, dest->attempts, claim->answer.retry_after,
	                   dest->first_attempt + conf->deliver.retry_for, seed);
	if (retry_is_over(dest->first_attempt, dest->due,
	                  conf->deliver.retry_for) &&
	    delivery_state_next(dest->state, EVENT_TOO_OLD, &dest->state))
		dest->due = 0;
}

/* For monitoring, also of an answer that came too late.  Reports handed over to
 * the mail system make sessions of their own: the loop breaker compares with
 * these. */
static void count_attempt(struct db_txn *txn, const struct claim *claim,
                          int64_t now)
{
	enum delivery_event event = claim->answer.event;
	char name[COUNTER_NAME_TEXT];

	snprintf(name, sizeof(name), COUNTER_DELIVERIES "%s/%s",
	         claim->dest.is_copy ? "copy"
	                             : rua_kind_word(claim->dest.rua.kind),
	         word_api(&words_answers, event));
	counter_add(txn, name, 1);
	if (claim->dest.rua.kind == RUA_MAIL &&
	    (event == EVENT_ACCEPTED || event == EVENT_UNCERTAIN))
		own_report_add(txn, day_of(now), claim->dest.rua.host, 1);
}

static void count(const struct outbox_destination *dest,
                  enum delivery_event event, struct settle_counts *counts)
{
	if (dest->is_copy) {
		counts->copies_sent += dest->state == DELIVERY_DELIVERED;
		counts->copies_failed += dest->state != DELIVERY_DELIVERED &&
		                         delivery_state_is_final(dest->state);
		return;
	}
	counts->delivered += dest->state == DELIVERY_DELIVERED;
	counts->deferred += dest->state == DELIVERY_DEFERRED;
	counts->failed += dest->state == DELIVERY_FAILED;
	counts->suppressed += dest->state == DELIVERY_SUPPRESSED;
	counts->expired += dest->state == DELIVERY_EXPIRED;
	counts->uncertain += event == EVENT_UNCERTAIN;
}

/* What the answer says about the address, and the event that this makes. */
static enum delivery_event judge_address(struct db_txn *txn,
                                         const struct claim *claim,
                                         const struct outbox_head *head,
                                         int64_t now)
{
	const struct delivery_answer *answer = &claim->answer;
	const struct dead_address of = {
		.txn = txn,
		.head = head,
		.address = claim->dest.rua.address,
		.now = now,
	};

	if (claim->dest.rua.kind != RUA_MAIL)
		return answer->event;
	if (answer->event == EVENT_ACCEPTED)
		dead_address_accepted(&of);
	if (answer->event == EVENT_BAD_ADDRESS)
		dead_address_suppress(&of, answer->text);
	if (answer->doubt != 0 &&
	    dead_address_doubt(&of, answer->doubt, answer->text))
		return EVENT_BAD_ADDRESS;
	return answer->event;
}

void settle_destination(const struct conf *conf, const struct claim *claim,
                        enum delivery_event event, int64_t now,
                        struct outbox_destination *dest)
{
	const struct delivery_answer *answer = &claim->answer;

	delivery_state_next(dest->state, event, &dest->state);
	dest->due = 0;
	dest->lease_run = 0;
	dest->stage = answer->stage;
	dest->code = answer->code;
	dest->uncertain |= answer->event == EVENT_UNCERTAIN;
	dest->our_fault = answer->our_fault;
	snprintf(dest->answer, sizeof(dest->answer), "%s", answer->text);
	outbox_try_end(dest, answer->text);
	if (dest->state == DELIVERY_DEFERRED)
		defer(conf, claim, now, dest);
	if (event != EVENT_RELEASE)
		return;
	/* not its turn: no attempt, no period of retrying has begun */
	dest->due = now + RELEASED_SECS;
	dest->attempts -= dest->attempts > 0;
	dest->try_count -= dest->try_count > 0;
	if (dest->attempts == 0)
		dest->first_attempt = 0;
}

static void settle_one(struct db_txn *txn, const struct conf *conf, int64_t now,
                       const struct claim *claim, struct settle_counts *counts)
{
	struct outbox_destination dest;
	struct outbox_head head;
	enum delivery_event event;

	if (!claim->is_answered)
		count_attempt(txn, claim, now);
	if (!outbox_head_get(txn, claim->head.id, &head) ||
	    !outbox_destination_get(txn, head.id, claim->dest.index, &dest) ||
	    dest.lease_run != claim->dest.lease_run ||
	    dest.state != DELIVERY_INFLIGHT) {
		counts->not_ours++;
		return;
	}
	event = judge_address(txn, claim, &head, now);
	settle_destination(conf, claim, event, now, &dest);
	outbox_destination_put(txn, head.id, &dest);
	count(&dest, event, counts);
	/* not what waits for the ledger of the fleet */
	counts->released +=
		event == EVENT_RELEASE && !claim->is_answered && !dest.is_copy;
	counts->archived += settle_report(txn, &head, now);
}

int settle_answers(struct db *db, const struct conf *conf, int64_t now,
                   const struct claim *list, struct settle_counts *counts,
                   struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct settle_counts sum = *counts;
	int rc;

	for (; list != NULL; list = list->next)
		settle_one(txn, conf, now, list, &sum);
	rc = db_commit(&txn, err);
	if (rc == 0)
		*counts = sum;
	return rc;
}
