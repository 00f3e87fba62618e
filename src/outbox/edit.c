#include "outbox/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "model/report_json.h"
#include "outbox/settle.h"
#include "store/outbox_table.h"
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

static int pack(const struct conf *conf, const struct report *report,
                struct strbuf *packed, struct err *err)
{
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	auto_(strbuf_clear) struct strbuf json = {0};

	report_json_write(report, false, &json);
	if (json.len > conf->report.max_report_size)
		return err_set(
			err, ERR_LIMIT,
			"the report is %zu bytes of JSON, "
			"max_report_size allows %llu",
			json.len,
			(unsigned long long)conf->report.max_report_size);
	gzip_pack(gzip, json.data, json.len, packed);
	return 0;
}

int edit_create(struct db_txn *txn, const struct conf *conf,
                const struct internal_report *object, int64_t now_ms,
                uint64_t *id, struct err *err)
{
	auto_(free_ruas) struct rua *ruas =
		xcalloc(DESTINATIONS_MAX, sizeof(*ruas));
	auto_(strbuf_clear) struct strbuf packed = {0};
	struct outbox_new new = {
		.ruas = ruas,
		.policy_ids = object->policy_ids,
		.policy_id_count = object->policy_id_count,
	};

	if (pack(conf, object->report, &packed, err) < 0)
		return err->class;
	fill_head(object, &new.head);
	new.rua_count = ruas_of(object, ruas);
	new.body = packed.data;
	new.body_len = packed.len;
	new.head.status = conf->report.mode == MODE_PREVIEW &&new.rua_count > 0
	                          ? OUTBOX_HELD
	                          : OUTBOX_PENDING;
	*id = outbox_add(txn, &new, now_ms);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

/* --- change --- */

struct change_of_report {
	bool bytes;      /* other bytes go out */
	bool deliver_at; /* at another time */
	bool arrived;    /* the old bytes have, or may have */
	struct outbox_head head;
	struct outbox_destination *old;
	size_t old_count;
};

static void change_clear(struct change_of_report *change)
{
	free(change->old);
	change->old = NULL;
}

static int refuse_in_flight(const struct outbox_destination *dest, int64_t now,
                            struct err *err)
{
	char until[TIME_TEXT];

	if (dest->state != DELIVERY_INFLIGHT || dest->due <= now)
		return 0;
	return err_set(err, ERR_BUSY,
	               "it is being delivered to %.200s at this moment (%s at "
	               "the latest): try again then",
	               dest->rua.uri, time_format(dest->due, until));
}

static int load_old(struct db_txn *txn, uint64_t id, int64_t now,
                    struct change_of_report *change, struct err *err)
{
	if (!outbox_head_get(txn, id, &change->head))
		return db_failed(txn)
		               ? db_failure(txn, err)
		               : err_set(err, ERR_NOTFOUND, "no such report");
	change->old = xcalloc(change->head.destination_count + 1u,
	                      sizeof(*change->old));
	for (uint16_t i = 0; i < change->head.destination_count; i++) {
		struct outbox_destination *dest =
			&change->old[change->old_count];

		if (!outbox_destination_get(txn, id, i, dest))
			continue;
		if (refuse_in_flight(dest, now, err) < 0)
			return err->class;
		change->arrived |= dest->state == DELIVERY_DELIVERED ||
		                   dest->state == DELIVERY_INFLIGHT ||
		                   dest->uncertain;
		change->old_count++;
	}
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

static bool same_report(const struct report *left, const struct report *right)
{
	auto_(strbuf_clear) struct strbuf a = {0}, b = {0};

	report_json_write(left, false, &a);
	report_json_write(right, false, &b);
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* "x@y" becomes "x.rev2@y", "x.rev2@y" becomes "x.rev3@y"; an id of another
 * form gets it at its end. */
static int give_new_id(struct report *report, struct err *err)
{
	const char *id = report->report_id, *rev, *tail = strrchr(id, '@');
	unsigned long n = 1;
	char *made;

	if (tail == NULL)
		tail = id + strlen(id);
	for (rev = tail; rev > id && rev[-1] >= '0' && rev[-1] <= '9'; rev--)
		;
	if (rev - id > 4 && tail > rev && tail - rev < 10 &&
	    memcmp(rev - 4, ".rev", 4) == 0) {
		n = strtoul(rev, NULL, 10);
		rev -= 4;
	} else {
		rev = tail;
	}
	made = arena_printf(&report->mem, "%.*s.rev%lu%s", (int)(rev - id), id,
	                    n + 1, tail);
	if (strlen(made) >= REPORT_ID_TEXT)
		return err_set(err, ERR_LIMIT,
		               "the report was delivered already, so it needs "
		               "a new reportId, and this one has no room for "
		               "a revision: give another");
	report->report_id = made;
	return 0;
}

static const struct outbox_destination *
find_old(const struct change_of_report *change, const struct rua *rua)
{
	for (size_t i = 0; i < change->old_count; i++)
		if (strcmp(change->old[i].rua.uri, rua->uri) == 0)
			return &change->old[i];
	return NULL;
}

/* Again from the beginning; its bytes are the same, so what fixed them
 * stays. */
static void begin_anew(struct outbox_destination *dest)
{
	if (dest->state == DELIVERY_INFLIGHT &&
	    delivery_next(dest->state, EVENT_LEASE_LOST, &dest->state))
		dest->uncertain = true;
	if (!delivery_next(dest->state, EVENT_RESCHEDULE, &dest->state))
		return;
	dest->attempts = 0;
	dest->first_attempt = 0;
	dest->lease_run = 0;
}

/* A bounce of what was taken away leads nowhere. */
static void forget_tokens(struct db_txn *txn, const struct outbox_head *head)
{
	struct outbox_destination dest;

	for (uint16_t i = 0; i < head->destination_count; i++)
		if (outbox_destination_get(txn, head->id, i, &dest))
			token_delete(txn, dest.token);
}

static void put_destination(struct db_txn *txn,
                            const struct change_of_report *change,
                            const struct rua *rua, uint16_t index)
{
	const struct outbox_destination *old = find_old(change, rua);
	struct outbox_destination dest = {.rua = *rua};
	bool anew = old == NULL || change->bytes;

	if (!anew)
		dest = *old;
	if (change->deliver_at && !anew) {
		begin_anew(&dest);
		anew = dest.state == DELIVERY_PENDING;
	}
	dest.index = index;
	if (anew)
		dest.due = change->head.deliver_at;
	if (change->head.status == OUTBOX_HELD)
		dest.due = 0;
	outbox_destination_put(txn, change->head.id, &dest);
	token_keep(txn, change->head.id, &dest);
}

/* A directory of the settings is in no list of the object: it stays. */
static void put_destinations(struct db_txn *txn,
                             struct change_of_report *change,
                             const struct rua *ruas, size_t rua_count)
{
	uint16_t count = 0, before = change->head.destination_count;

	forget_tokens(txn, &change->head);
	for (size_t i = 0; i < change->old_count; i++)
		if (change->old[i].rua.kind == RUA_DIRECTORY)
			put_destination(txn, change, &change->old[i].rua,
			                count++);
	for (size_t i = 0; i < rua_count; i++)
		put_destination(txn, change, &ruas[i], count++);
	for (uint16_t i = count; i < before; i++)
		outbox_destination_remove(txn, change->head.id, i);
	change->head.destination_count = count;
}

static void settle(struct db_txn *txn, struct change_of_report *change,
                   int64_t now)
{
	struct outbox_head *head = &change->head;

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
                         const struct internal_report *before,
                         const struct internal_report *after,
                         struct change_of_report *change, int64_t now)
{
	auto_(free_ruas) struct rua *ruas =
		xcalloc(DESTINATIONS_MAX, sizeof(*ruas));
	size_t rua_count = ruas_of(after, ruas);
	bool same = !change->bytes && !change->deliver_at &&
	            same_texts(before->mail_rua, before->mail_count,
	                       after->mail_rua, after->mail_count) &&
	            same_texts(before->http_rua, before->http_count,
	                       after->http_rua, after->http_count);

	if (same) {
		outbox_head_put(txn, &change->head);
		return;
	}
	if (change->head.status == OUTBOX_IDLE && rua_count > 0)
		change->head.status = conf->report.mode == MODE_PREVIEW
		                              ? OUTBOX_HELD
		                              : OUTBOX_PENDING;
	put_destinations(txn, change, ruas, rua_count);
	settle(txn, change, now);
}

static void write_body(struct db_txn *txn, struct internal_report *after,
                       const struct strbuf *packed,
                       struct change_of_report *change)
{
	const void *body = packed->data;
	size_t len = packed->len;

	if (change->bytes) {
		change->head.frozen = false;
		change->head.body_len = (uint32_t)len;
	} else {
		outbox_body_get(txn, change->head.id, &after->mem, &body, &len,
		                NULL, NULL);
	}
	outbox_body_put(txn, change->head.id, body, len, after->policy_ids,
	                after->policy_id_count);
}

int edit_update(struct db_txn *txn, const struct conf *conf,
                const struct internal_report *before,
                struct internal_report *after, int64_t now, struct err *err)
{
	auto_(change_clear) struct change_of_report change = {0};
	auto_(strbuf_clear) struct strbuf packed = {0};

	if (load_old(txn, before->id, now, &change, err) < 0)
		return err->class;
	change.bytes = strcmp(before->domain, after->domain) != 0 ||
	               !same_report(before->report, after->report);
	change.deliver_at = before->deliver_at != after->deliver_at;
	if (change.bytes && change.arrived &&
	    strcmp(before->report->report_id, after->report->report_id) == 0 &&
	    give_new_id(after->report, err) < 0)
		return err->class;
	if (change.bytes && pack(conf, after->report, &packed, err) < 0)
		return err->class;
	fill_head(after, &change.head);
	write_body(txn, after, &packed, &change);
	write_change(txn, conf, before, after, &change, now);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

int edit_destroy(struct db_txn *txn, uint64_t id, int64_t now, struct err *err)
{
	auto_(change_clear) struct change_of_report change = {0};

	if (load_old(txn, id, now, &change, err) < 0)
		return err->class;
	forget_tokens(txn, &change.head);
	outbox_remove(txn, id);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}
