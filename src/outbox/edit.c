#include "outbox/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/xalloc.h"
#include "outbox/edit_old.h"
#include "outbox/settle_report.h"
#include "outbox/shown.h"
#include "store/day_table.h"
#include "store/token_table.h"

/* mailRua and httpRua; a report of the rollup may have a directory, too. */
enum { DESTINATIONS_MAX = 2 * OBJECT_LIST_MAX };

static void free_ruas(struct rua **ruas)
{
	free(*ruas);
	*ruas = NULL;
}

/* What stands in the object is canonical and so can be read again. */
static size_t ruas_of(const struct internal_report *object, struct rua *ruas)
{
	size_t n = 0;
	struct err err;

	for (size_t i = 0; i < object->mail_count && n < DESTINATIONS_MAX; i++)
		n += rua_from_address(object->mail_rua[i],
		                      strlen(object->mail_rua[i]), &ruas[n],
		                      &err) == 0;
	for (size_t i = 0; i < object->http_count && n < DESTINATIONS_MAX; i++)
		n += rua_parse(object->http_rua[i], strlen(object->http_rua[i]),
		               &ruas[n], &err) == 0;
	return n;
}

/* The members that come from the object; 0 in the index of what is due means
 * never. */
static void fill_head(const struct internal_report *object,
                      struct outbox_head *head)
{
	const struct report *report = object->report;

	snprintf(head->domain, sizeof(head->domain), "%s", object->domain);
	snprintf(head->report_id, sizeof(head->report_id), "%s",
	         report->report_id);
	head->day = day_of(report->start);
	head->created_at = object->created_at;
	head->deliver_at = object->deliver_at > 0 ? object->deliver_at : 1;
	head->start = report->start;
	head->end = report->end;
	head->success = report_success(report);
	head->failure = report_failure(report);
	head->policy_count = (uint32_t)report->policy_count;
}

/* --- writing --- */

struct change {
	const struct edit *edit;
	struct edit_old old; /* its head becomes the new one */
};

static void change_clear(struct change *change)
{
	edit_old_clear(&change->old);
}

static const struct outbox_destination *find_old(const struct change *change,
                                                 const struct rua *rua)
{
	const struct outbox_destination *all = change->old.destinations;

	for (size_t i = 0; i < change->old.count; i++)
		if (strcmp(all[i].rua.uri, rua->uri) == 0)
			return &all[i];
	return NULL;
}

/* Again from the beginning; its bytes are the same, so what fixed them
 * stays. */
static void begin_anew(struct outbox_destination *dest)
{
	if (dest->state == DELIVERY_INFLIGHT &&
	    delivery_state_next(dest->state, EVENT_LEASE_LOST, &dest->state))
		dest->uncertain = true;
	if (!delivery_state_next(dest->state, EVENT_RESCHEDULE, &dest->state))
		return;
	dest->attempts = 0;
	dest->first_attempt = 0;
	dest->lease_run = 0;
	dest->is_counted = false;
}

/* A bounce of what was taken away leads nowhere. */
static void forget_tokens(struct db_txn *txn, const struct outbox_head *head)
{
	struct outbox_destination dest;

	for (uint16_t i = 0; i < head->destination_count; i++)
		if (outbox_destination_get(txn, head->id, i, &dest))
			token_delete(txn, dest.token);
}

static void put_destination(struct db_txn *txn, const struct change *change,
                            const struct rua *rua, bool is_copy, uint16_t index)
{
	const struct outbox_destination *old = find_old(change, rua);
	struct outbox_destination dest = {.rua = *rua};
	bool anew = old == NULL || change->edit->bytes;

	if (!anew)
		dest = *old;
	if (change->edit->deliver_at && !anew) {
		begin_anew(&dest);
		anew = dest.state == DELIVERY_PENDING;
	}
	dest.index = index;
	dest.is_copy = is_copy;
	if (anew)
		dest.due = change->old.head.deliver_at;
	if (change->old.head.status == OUTBOX_HELD)
		dest.due = 0;
	outbox_destination_put(txn, change->old.head.id, &dest);
	token_keep(txn, change->old.head.id, &dest);
}

/* A directory and the copies of the settings are in no list of the object: they
 * stay, but for a copy that is in a list now, or of what goes nowhere. */
static bool stays(const struct outbox_destination *dest, const struct rua *ruas,
                  size_t rua_count)
{
	if (dest->rua.kind == RUA_DIRECTORY)
		return true;
	for (size_t i = 0; i < rua_count; i++)
		if (strcmp(dest->rua.uri, ruas[i].uri) == 0)
			return false;
	return dest->is_copy && rua_count > 0;
}

static void put_destinations(struct db_txn *txn, struct change *change,
                             const struct rua *ruas, size_t rua_count)
{
	uint16_t count = 0, before = change->old.head.destination_count;

	forget_tokens(txn, &change->old.head);
	for (size_t i = 0; i < change->old.count; i++) {
		const struct outbox_destination *old =
			&change->old.destinations[i];

		if (stays(old, ruas, rua_count))
			put_destination(txn, change, &old->rua, old->is_copy,
			                count++);
	}
	for (size_t i = 0; i < rua_count; i++)
		put_destination(txn, change, &ruas[i], false, count++);
	for (uint16_t i = count; i < before; i++)
		outbox_destination_remove(txn, change->old.head.id, i);
	change->old.head.destination_count = count;
}

static void settle(struct db_txn *txn, struct change *change, int64_t now)
{
	struct outbox_head *head = &change->old.head;

	if (head->destination_count == 0)
		head->status = OUTBOX_IDLE;
	if (head->status == OUTBOX_IDLE || head->status == OUTBOX_HELD) {
		head->delivered_count = 0;
		outbox_head_put(txn, head);
	} else {
		settle_report(txn, head, now);
	}
}

static bool same_texts(const char **left, size_t left_count, const char **right,
                       size_t right_count)
{
	if (left_count != right_count)
		return false;
	for (size_t i = 0; i < left_count; i++)
		if (strcmp(left[i], right[i]) != 0)
			return false;
	return true;
}

/* What the lists are now, whether given again or changed. */
static void write_change(struct db_txn *txn, const struct conf *conf,
                         struct change *change, int64_t now)
{
	auto_(free_ruas) struct rua *ruas =
		xcalloc(DESTINATIONS_MAX, sizeof(*ruas));
	const struct edit *edit = change->edit;
	const struct internal_report *old = edit->before, *new = edit->after;
	size_t rua_count = ruas_of(new, ruas);
	struct outbox_head *head = &change->old.head;

	if (!edit->bytes && !edit->deliver_at &&
	    same_texts(old->mail_rua, old->mail_count, new->mail_rua,
	               new->mail_count) &&
	    same_texts(old->http_rua, old->http_count, new->http_rua,
	               new->http_count)) {
		outbox_head_put(txn, head);
		return;
	}
	if (head->status == OUTBOX_IDLE && rua_count > 0)
		head->status = conf->report.mode == MODE_PREVIEW
		                       ? OUTBOX_HELD
		                       : OUTBOX_PENDING;
	put_destinations(txn, change, ruas, rua_count);
	settle(txn, change, now);
}

static void write_body(struct db_txn *txn, struct change *change)
{
	struct internal_report *after = change->edit->after;
	const void *body = change->edit->packed.data;
	size_t len = change->edit->packed.len;

	if (change->edit->bytes) {
		change->old.head.frozen = false;
		change->old.head.body_len = (uint32_t)len;
	} else {
		outbox_body_get(txn, change->old.head.id, &after->mem, &body,
		                &len, NULL, NULL);
	}
	outbox_body_put(txn, change->old.head.id, body, len, after->policy_ids,
	                after->policy_id_count);
}

static int update(const struct edit *edit, struct db_txn *txn,
                  const struct conf *conf, int64_t now, struct err *err)
{
	auto_(change_clear) struct change change = {.edit = edit};
	struct hash128 digest = outbox_digest(txn, edit->before->id);

	if (digest.high != edit->digest.high || digest.low != edit->digest.low)
		return db_failed(txn) ? db_failure(txn, err) : 1;
	if (edit_old_load(txn, edit->before->id, now, &change.old, err) < 0)
		return err->class;
	fill_head(edit->after, &change.old.head);
	if (edit->deliver_at)
		change.old.head.planned = false;
	write_body(txn, &change);
	write_change(txn, conf, &change, now);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

static int create(struct edit *edit, struct db_txn *txn,
                  const struct conf *conf, int64_t now_ms, struct err *err)
{
	auto_(free_ruas) struct rua *ruas =
		xcalloc(DESTINATIONS_MAX, sizeof(*ruas));
	struct internal_report *object = edit->after;
	struct outbox_new new = {
		.ruas = ruas,
		.rua_count = ruas_of(object, ruas),
		.body = edit->packed.data,
		.body_len = edit->packed.len,
		.policy_ids = object->policy_ids,
		.policy_id_count = object->policy_id_count,
	};

	fill_head(object, &new.head);
	new.head.status = conf->report.mode == MODE_PREVIEW &&new.rua_count > 0
	                          ? OUTBOX_HELD
	                          : OUTBOX_PENDING;
	object->id = outbox_add(txn, &new, now_ms);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

int edit_write(struct edit *edit, struct db_txn *txn, const struct conf *conf,
               int64_t now_ms, struct err *err)
{
	if (edit->before->id == 0)
		return create(edit, txn, conf, now_ms, err);
	edit->after->id = edit->before->id;
	return update(edit, txn, conf, now_ms / 1000, err);
}

/* The body is the one just written. */
int edit_result(struct edit *edit, struct db_txn *txn, struct err *err)
{
	struct internal_report *now = edit->before, *after = edit->after;
	struct report *report = now->report;
	int found = shown_load(txn, SHOWN_OUTBOX, after->id, false, now, err);

	if (found != 1)
		return found;
	now->report = after->report;
	after->report = report;
	now->policy_ids = after->policy_ids;
	now->policy_id_count = after->policy_id_count;
	return 1;
}

int edit_destroy(struct db_txn *txn, uint64_t id, int64_t now, struct err *err)
{
	auto_(edit_old_clear) struct edit_old old = {0};

	if (edit_old_load(txn, id, now, &old, err) < 0)
		return err->class;
	forget_tokens(txn, &old.head);
	outbox_remove(txn, id);
	/* or the host that takes the day over would make it anew */
	if (old.head.of_fleet)
		day_table_deleted_put(txn, old.head.day, old.head.domain);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}
