/* The part of an edit that needs no write transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "base/moment.h"
#include "base/xalloc.h"
#include "outbox/edit.h"
#include "outbox/edit_old.h"
#include "outbox/shown.h"
#include "report/report_id.h"
#include "report/report_json.h"

struct edit *edit_new(void)
{
	struct edit *edit = xcalloc(1, sizeof(*edit));

	edit->before = object_new();
	edit->after = object_new();
	return edit;
}

void edit_free(struct edit **edit)
{
	if (*edit == NULL)
		return;
	object_free(&(*edit)->before);
	object_free(&(*edit)->after);
	strbuf_clear(&(*edit)->packed);
	free(*edit);
	*edit = NULL;
}

void edit_old_clear(struct edit_old *old)
{
	free(old->destinations);
	old->destinations = NULL;
}

static int refuse_in_flight(const struct outbox_destination *dest, int64_t now,
                            struct err *err)
{
	char until[TIME_TEXT];

	if (dest->state != DELIVERY_INFLIGHT ||
	    moment_has_come(dest->due, now, OUTBOX_DUE_LONGEST))
		return 0;
	return err_set(err, ERR_BUSY,
	               "the report is being delivered to %.200s: try again "
	               "after that, at %s at the latest",
	               dest->rua.uri, day_format_time(dest->due, until));
}

int edit_old_load(struct db_txn *txn, uint64_t id, int64_t now,
                  struct edit_old *old, struct err *err)
{
	if (!outbox_head_get(txn, id, &old->head))
		return db_failed(txn)
		               ? db_failure(txn, err)
		               : err_set(err, ERR_NOTFOUND, "no such report");
	old->destinations = xcalloc(old->head.destination_count + 1u,
	                            sizeof(*old->destinations));
	for (uint16_t i = 0; i < old->head.destination_count; i++) {
		struct outbox_destination *dest =
			&old->destinations[old->count];

		if (!outbox_destination_get(txn, id, i, dest))
			continue;
		if (refuse_in_flight(dest, now, err) < 0)
			return err->class;
		old->arrived |= dest->state == DELIVERY_DELIVERED ||
		                dest->state == DELIVERY_INFLIGHT ||
		                dest->uncertain;
		old->count++;
	}
	return db_failed(txn) ? db_failure(txn, err) : 0;
}

int edit_look(struct edit *edit, struct db_txn *txn, uint64_t id, int64_t now,
              struct err *err)
{
	auto_(edit_old_clear) struct edit_old old = {0};
	int found;

	if (edit_old_load(txn, id, now, &old, err) < 0)
		return err->class;
	found = shown_load(txn, SHOWN_OUTBOX, id, true, edit->before, err);
	if (found < 0)
		return found;
	edit->arrived = old.arrived;
	edit->digest = outbox_digest(txn, id);
	return db_failed(txn) ? db_failure(txn, err) : 0;
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
	for (rev = tail; rev > id && ascii_is_digit(rev[-1]); rev--)
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
		               "the report was already delivered, so it needs "
		               "a new reportId, and the present one is too "
		               "long to append a revision: specify another");
	report->report_id = made;
	return 0;
}

static bool is_new(const struct edit *edit)
{
	return edit->before->id == 0;
}

/* What goes out is a text of JSON: equal texts, equal reports. */
static bool same_bytes(const struct edit *edit, const struct strbuf *json)
{
	auto_(strbuf_clear) struct strbuf before = {0};

	if (is_new(edit) ||
	    strcmp(edit->before->domain, edit->after->domain) != 0)
		return false;
	report_json_write(edit->before->report, false, &before);
	return before.len == json->len &&
	       memcmp(before.data, json->data, json->len) == 0;
}

/* What nobody said of a report that is made by hand is as in those of the
 * rollup; its id is another than that of the day's own report. */
static void fill_in(struct edit *edit, const struct conf *conf)
{
	struct report *report = edit->after->report;
	const char *contact = conf->report.contact_info;
	uint64_t seed;

	if (is_new(edit) && contact[0] != '\0') {
		if (report->organization_name == NULL)
			report->organization_name = conf_organization(conf);
		if (report->contact_info == NULL)
			report->contact_info = contact;
	}
	if (report->report_id != NULL)
		return;
	hash_random_bytes(&seed, sizeof(seed));
	report->report_id =
		report_id_make(&report->mem, day_of(report->start),
	                       edit->after->domain, conf_submitter(conf), seed);
}

int edit_pack(struct edit *edit, const struct conf *conf, struct err *err)
{
	auto_(gzip_free) struct gzip *gzip = NULL;
	auto_(strbuf_clear) struct strbuf json = {0};

	fill_in(edit, conf);
	report_json_write(edit->after->report, false, &json);
	edit->size = json.len;
	edit->bytes = !same_bytes(edit, &json);
	edit->deliver_at = is_new(edit) ||
	                   edit->before->deliver_at != edit->after->deliver_at;
	if (!edit->bytes)
		return 0;
	if (edit->arrived && strcmp(edit->before->report->report_id,
	                            edit->after->report->report_id) == 0) {
		if (give_new_id(edit->after->report, err) < 0)
			return err->class;
		strbuf_reset(&json);
		report_json_write(edit->after->report, false, &json);
	}
	if (json.len > conf->report.max_report_size)
		return err_set(
			err, ERR_LIMIT,
			"the report has %zu bytes of JSON, but max_report_size "
			"is %llu",
			json.len,
			(unsigned long long)conf->report.max_report_size);
	gzip = gzip_new();
	gzip_pack(gzip, json.data, json.len, &edit->packed);
	return 0;
}
