#include "outbox/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/moment.h"
#include "base/xalloc.h"
#include "outbox/letter.h"
#include "outbox/settle_report.h"
#include "reply/retry.h"
#include "store/day_table.h"
#include "store/due_table.h"
#include "store/own_report_table.h"
#include "store/suppress_table.h"
#include "store/token_table.h"

enum {
	HOUR_SECS = 3600,
	LIMIT_SPREAD_SECS = 600, /* so that not all receivers' turns come at
	                            once */
	LOOKED_AT_MAX = 1000,    /* index rows of one transaction, */
	LEFT_MAX = 20000,        /* not counting those that are left */
	LATE_RUN_SECS = 3600,    /* how late a run may come to an attempt */
	FLEET_SECS = 600, /* until the ledger of the fleet is asked again */
};

void claim_free(struct claim **claim)
{
	if (*claim == NULL)
		return;
	arena_clear(&(*claim)->mem);
	free(*claim);
	*claim = NULL;
}

int claim_make_letter(struct claim *claim, const struct conf *conf,
                      struct gzip *gzip, struct err *err)
{
	const struct letter letter = {conf,         gzip,
	                              &claim->head, &claim->dest,
	                              claim->body,  claim->body_len};

	return letter_make(&letter, &claim->mem, &claim->job, err);
}

static bool is_over(uint64_t limit, uint64_t used)
{
	return limit != 0 && used >= limit;
}

/* Of this hour, by all hosts of a fleet. */
static uint64_t used_rate(struct db_txn *txn,
                          const struct claim_context *context,
                          const char *receiver)
{
	int64_t hour = context->now / HOUR_SECS;

	return own_rate_get(txn, hour, receiver) +
	       own_rate_get_others(txn, hour, receiver);
}

/* Has the receiver had enough in this hour? */
static bool has_had_enough(struct db_txn *txn,
                           const struct claim_context *context,
                           const char *receiver)
{
	return receiver[0] != '\0' &&
	       is_over(context->conf->deliver.rate_per_host,
	               used_rate(txn, context, receiver));
}

static void put_receiver_off(struct db_txn *txn,
                             const struct claim_context *context,
                             const char *receiver)
{
	uint64_t spread = hash64(0, receiver, strlen(receiver));

	due_receiver_set(txn, receiver,
	                 (context->now / HOUR_SECS + 1) * HOUR_SECS +
	                         (int64_t)(spread % LIMIT_SPREAD_SECS));
}

/* Puts it into its receiver's queue when that had enough in this hour.  It may
 * have come from a run that died: then it is in flight no more. */
static bool put_off(struct db_txn *txn, const struct claim_context *context,
                    struct outbox_head *head, struct outbox_destination *dest)
{
	if (!has_had_enough(txn, context, dest->rua.host))
		return false;
	put_receiver_off(txn, context, dest->rua.host);
	dest->due = OUTBOX_DUE_IN_TURN;
	dest->lease_run = 0;
	outbox_destination_put(txn, head->id, dest);
	if (head->status == OUTBOX_SENDING)
		settle_report(txn, head, context->now);
	return true;
}

/* Ends the destination here and now; true when the state allows it. */
static bool end_with(struct db_txn *txn, struct outbox_head *head,
                     struct outbox_destination *dest, enum delivery_event event,
                     const char *words, int64_t now)
{
	if (!delivery_state_next(dest->state, event, &dest->state))
		return false;
	dest->due = 0;
	dest->lease_run = 0;
	snprintf(dest->answer, sizeof(dest->answer), "%s", words);
	outbox_destination_put(txn, head->id, dest);
	settle_report(txn, head, now);
	return true;
}

/* A report that no run ever came to, for a long time: nobody wants it now.
 * One that the operator names goes all the same, and a deliverAt of the past in
 * one that is made by hand means at once. */
static bool lies_too_long(const struct claim_context *context,
                          const struct outbox_head *head,
                          const struct outbox_destination *dest)
{
	int64_t since = outbox_id_time(head->id);

	if (since < head->deliver_at)
		since = head->deliver_at;
	return dest->first_attempt == 0 && context->only_id == 0 &&
	       context->now - since > context->conf->report.max_report_age;
}

/* What needs no network; true when the destination is dealt with. */
static bool settled(struct db_txn *txn, struct claim_context *context,
                    struct outbox_head *head, struct outbox_destination *dest)
{
	struct suppression row;

	/* an attempt is only ever planned within the period (settle.c), and
	 * the run that makes it always comes a little later */
	if (dest->first_attempt != 0 &&
	    retry_is_over(dest->first_attempt, context->now - LATE_RUN_SECS,
	                  context->conf->deliver.retry_for) &&
	    end_with(txn, head, dest, EVENT_TOO_OLD,
	             "given up: the retry period is over", context->now)) {
		context->expired++;
		return true;
	}
	if (lies_too_long(context, head, dest) &&
	    end_with(txn, head, dest, EVENT_TOO_OLD,
	             "never tried, and now older than max_report_age",
	             context->now)) {
		context->expired++;
		return true;
	}
	if (dest->rua.kind == RUA_MAIL &&
	    suppress_get(txn, dest->rua.address, &row) &&
	    !suppress_has_ended(&row, context->now) &&
	    end_with(txn, head, dest, EVENT_IS_SUPPRESSED,
	             "the address is on the suppression list", context->now)) {
		context->suppressed++;
		return true;
	}
	return put_off(txn, context, head, dest);
}

/* The time, so that tokens of one run lie together in the store, and 96 random
 * bits, so that nobody guesses one. */
static void make_token(char token[OUTBOX_TOKEN_TEXT], int64_t now)
{
	uint32_t random[3];

	hash_random_bytes(random, sizeof(random));
	snprintf(token, OUTBOX_TOKEN_TEXT,
	         "%08" PRIx32 "%08" PRIx32 "%08" PRIx32 "%08" PRIx32,
	         (uint32_t)now, random[0], random[1], random[2]);
}

static struct claim *take(struct db_txn *txn,
                          const struct claim_context *context,
                          struct outbox_head *head,
                          struct outbox_destination *dest)
{
	struct claim *claim;
	char token[sizeof(dest->token)];

	if (!delivery_state_next(dest->state, EVENT_CLAIM, &dest->state))
		return NULL;
	if (dest->token[0] == '\0') {
		make_token(token, context->now);
		letter_fix(context->conf, dest, token, context->now);
	}
	if (dest->first_attempt == 0)
		dest->first_attempt = context->now;
	dest->last_attempt = context->now;
	dest->attempts++;
	outbox_try_begin(dest, context->now);
	dest->lease_run = context->run;
	dest->due = context->now + context->lease_secs;
	outbox_destination_put(txn, head->id, dest);
	token_keep(txn, head->id, dest);
	own_rate_add(txn, context->now / HOUR_SECS, "", 1);
	/* a row for each receiver, which is one for each report in mail */
	if (dest->rua.host[0] != '\0' &&
	    context->conf->deliver.rate_per_host != 0)
		own_rate_add(txn, context->now / HOUR_SECS, dest->rua.host, 1);
	head->frozen = true;
	head->status = OUTBOX_SENDING;
	outbox_head_put(txn, head);
	claim = xcalloc(1, sizeof(*claim));
	claim->head = *head;
	claim->dest = *dest;
	claim->job.owner = claim;
	arena_init(&claim->mem);
	if (!outbox_body_get(txn, head->id, &claim->mem, &claim->body,
	                     &claim->body_len, NULL, NULL))
		db_fail(txn, ERR_IO, "a report in the outbox has no body");
	return claim;
}

/* May this run touch it at all? */
static bool is_free(const struct claim_context *context,
                    const struct outbox_destination *dest)
{
	if (dest->state == DELIVERY_INFLIGHT)
		return moment_has_come(dest->due, context->now,
		                       OUTBOX_DUE_LONGEST);
	return !delivery_state_is_final(dest->state) &&
	       (dest->last_attempt < context->run_start ||
	        moment_is_to_come(dest->last_attempt, context->now));
}

/* A report of the fleet: while the ledger cannot be asked, or another host
 * makes the day's reports, it waits.  It may have come from a run that died:
 * then that is told when it is taken up. */
static bool waits_for_fleet(struct db_txn *txn, struct claim_context *context,
                            const struct outbox_head *head,
                            struct outbox_destination *dest)
{
	bool given_away;

	if (!head->of_fleet)
		return false;
	/* the next run takes it out of the outbox: it is not waiting */
	given_away = day_table_is_given_away(txn, head->day);
	if (!context->no_fleet && !given_away)
		return false;
	dest->due = context->now + FLEET_SECS;
	outbox_destination_put(txn, head->id, dest);
	context->waiting += !given_away;
	return true;
}

static struct claim *look_at(struct db_txn *txn, struct claim_context *context,
                             uint64_t id, uint16_t index)
{
	struct outbox_destination dest;
	struct outbox_head head;

	if (!outbox_head_get(txn, id, &head) ||
	    !outbox_destination_get(txn, id, index, &dest)) {
		db_fail(txn, ERR_IO,
		        "the list of due deliveries names a destination that "
		        "does not exist");
		return NULL;
	}
	if (dest.rua.kind == RUA_MAIL ? context->no_mail : context->no_other) {
		context->left++;
		return NULL;
	}
	if (!is_free(context, &dest) && (context->all_now || context->only_id))
		return NULL;
	if (delivery_state_is_final(dest.state)) {
		/* nothing is due then: whoever ended it forgot the list */
		dest.due = 0;
		outbox_destination_put(txn, id, &dest);
		return NULL;
	}
	if (waits_for_fleet(txn, context, &head, &dest))
		return NULL;
	/* a run died, or hangs: what it did with this one nobody knows */
	if (dest.state == DELIVERY_INFLIGHT &&
	    delivery_state_next(dest.state, EVENT_LEASE_LOST, &dest.state))
		dest.uncertain = true;
	/* or the period in which it is tried would begin only then */
	if (moment_is_to_come(dest.first_attempt, context->now))
		dest.first_attempt = context->now;
	if (settled(txn, context, &head, &dest))
		return NULL;
	return take(txn, context, &head, &dest);
}

static bool hour_is_full(struct db_txn *txn, struct claim_context *context)
{
	uint64_t used = used_rate(txn, context, "");

	context->rate_limited =
		is_over(context->conf->deliver.rate_per_hour, used);
	return context->rate_limited;
}

struct found {
	struct claim **tail;
	int count;
};

static void keep(struct found *found, struct claim *claim)
{
	if (claim == NULL)
		return;
	*found->tail = claim;
	found->tail = &claim->next;
	found->count++;
}

/* The destinations of one report, whenever they are due. */
static void claim_report(struct db_txn *txn, struct claim_context *context,
                         size_t max, struct found *found)
{
	struct outbox_head head;

	if (!outbox_head_get(txn, context->only_id, &head))
		return;
	/* what cannot go now, because of a limit, goes when it can */
	if (head.status == OUTBOX_HELD)
		outbox_release(txn, head.id, context->now);
	for (uint16_t i = 0; i < head.destination_count; i++)
		if ((size_t)found->count < max && !hour_is_full(txn, context))
			keep(found, look_at(txn, context, head.id, i));
}

/* From what is due, or from one receiver's queue. */
struct gathering {
	struct db_txn *txn;
	struct claim_context *context;
	size_t max;
	struct found *found;
	size_t looked_at; /* rows, but for those that are left */
};

static bool may_go_on(const struct gathering *g)
{
	return (size_t)g->found->count < g->max &&
	       g->looked_at < LOOKED_AT_MAX && g->context->left < LEFT_MAX &&
	       !db_failed(g->txn) && !hour_is_full(g->txn, g->context);
}

/* False: its kind of transfer has to wait, and so does all behind it. */
static bool gather(struct gathering *g, uint64_t id, uint16_t index)
{
	size_t left = g->context->left;

	keep(g->found, look_at(g->txn, g->context, id, index));
	if (g->context->left > left)
		return false;
	g->looked_at++;
	return true;
}

/* Its end was reached: it is over, unless something of it stays. */
static void end_queue(struct db_txn *txn, const char *receiver)
{
	struct due_waiting first = {0};

	if (!due_queue_next(txn, receiver, &first))
		due_receiver_set(txn, receiver, 0);
}

/* Its turn has come: as many as it may have in this hour.  False when there may
 * be more to take at once. */
static bool gather_queue(struct gathering *g, const char *receiver)
{
	struct due_waiting at = {0};

	for (;;) {
		if (has_had_enough(g->txn, g->context, receiver)) {
			put_receiver_off(g->txn, g->context, receiver);
			return true;
		}
		if (!may_go_on(g))
			return false;
		if (!due_queue_next(g->txn, receiver, &at)) {
			end_queue(g->txn, receiver);
			return true;
		}
		if (!gather(g, at.id, at.index))
			return true;
	}
}

/* What is due. */
static void claim_list(struct db_txn *txn, struct claim_context *context,
                       size_t max, struct found *found)
{
	struct gathering g = {txn, context, max, found, 0};
	int64_t until = context->all_now ? INT64_MAX : context->now;
	struct due_row beginning = {0};
	/* What is settled moves away in the list, so it is read from its
	 * beginning, unless what stays was passed before. */
	struct due_row *at = context->all_now    ? &context->at_all
	                     : context->no_mail  ? &context->past_mail
	                     : context->no_other ? &context->past_other
	                                         : &beginning;

	context->left = 0;
	while (may_go_on(&g)) {
		struct due_row row = *at;

		if (!due_next(txn, until, &row))
			return;
		if (row.id != 0)
			gather(&g, row.id, row.index);
		else if (!gather_queue(&g, row.receiver))
			break;
		*at = row;
	}
	context->more =
		g.looked_at >= LOOKED_AT_MAX || context->left >= LEFT_MAX;
}

int claim_due(struct db *db, struct claim_context *context, size_t max,
              struct claim **list, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct found found = {.tail = list};
	int rc;

	*list = NULL;
	context->more = false;
	if (context->only_id != 0)
		claim_report(txn, context, max, &found);
	else
		claim_list(txn, context, max, &found);
	rc = db_commit(&txn, err);
	if (rc == 0)
		return found.count;
	while (*list != NULL) {
		struct claim *claim = *list;

		*list = claim->next;
		claim_free(&claim);
	}
	return rc;
}
