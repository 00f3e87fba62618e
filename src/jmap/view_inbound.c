/*
 * tally:InboundOverview: how mail came in for all domains of ours on some days,
 * and who still sends in clear text; its id is as that of tally:Overview.
 *
 * Rows are read one by one, for as long as one request may take: then
 * isComplete is false, and what is there is of the days from the first on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/days_id.h"
#include "show/inbound_mix.h"
#include "jmap/jmap_types.h"
#include "show/doc.h"
#include "store/inbound_table.h"

enum { BUDGET_MS = 1500, SENDERS_MAX = 20000, SENDERS_SHOWN = 50 };

#define OTHERS "*" /* not a domain */

static const char *const properties[] = {
	"firstDay", "lastDay",     "isComplete", "firstCountedDay",
	"days",     "senderCount", "senders",    NULL,
};

struct work {
	struct inbound_mix mix; /* of the day */
	json_t *senders;        /* by name */
	const char *domain;     /* at work */
	int32_t day;
};

/* Past SENDERS_MAX, and past the cap of a day, nobody knows who. */
static const char *name_of(const struct work *work,
                           const struct inbound *inbound)
{
	bool is_known = !inbound->other_senders &&
	                (json_object_size(work->senders) < SENDERS_MAX ||
	                 json_object_get(work->senders, inbound->sender));

	return is_known ? inbound->sender : OTHERS;
}

/* How many in all, and the last day and domain of ours that it wrote to. */
static void add_sender(struct work *work, const struct inbound *inbound,
                       uint64_t messages)
{
	const char *name = name_of(work, inbound);
	json_t *sender = json_object_get(work->senders, name);

	if (sender == NULL) {
		sender = json_object();
		json_object_set_new(work->senders, name, sender);
		if (strcmp(name, OTHERS) == 0)
			json_set_bool(sender, "otherSenders", true);
		else
			doc_set(sender, "sender", name);
	}
	json_set_uint(sender, "messages",
	              doc_number(sender, "messages") + messages);
	doc_set(sender, "domain", work->domain);
	doc_set_day(sender, "day", work->day);
}

static void add_outcome(void *arg, const struct inbound *inbound,
                        uint64_t messages)
{
	struct work *work = arg;

	inbound_mix_add(&work->mix, inbound, messages);
	if (inbound->client == INBOUND_MX && inbound->tls == INBOUND_CLEAR)
		add_sender(work, inbound, messages);
}

static void add_day(json_t *list, const struct work *work)
{
	const struct inbound_mix *mix = &work->mix;
	json_t *item = doc_row(list);

	doc_set_day(item, "day", work->day);
	json_set_uint(item, "messages", mix->messages);
	json_set_uint(item, "weakMessages", mix->weak);
	json_set_uint(item, "clear", mix->clear);
	json_set_uint(item, "oldTls", mix->old);
	json_set_uint(item, "tls12", mix->tls12);
	json_set_uint(item, "tls13", mix->tls13);
	json_set_uint(item, "otherTls", mix->other);
	json_set_uint(item, "submitted", mix->submitted);
	json_set_uint(item, "filtered", mix->filtered);
}

static int most_first(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	uint64_t of_x = doc_number(x, "messages");
	uint64_t of_y = doc_number(y, "messages");

	if (of_x != of_y)
		return of_x < of_y ? 1 : -1;
	return strcmp(doc_text(x, "sender"), doc_text(y, "sender"));
}

static void add_senders(json_t *object, json_t *senders)
{
	size_t count = json_object_size(senders), i = 0;
	json_t **list = xcalloc(count + 1, sizeof(json_t *));
	json_t *shown = doc_array(object, "senders"), *sender;
	const char *name;

	json_object_foreach (senders, name, sender)
		list[i++] = sender;
	qsort(list, count, sizeof(json_t *), most_first);
	for (i = 0; i < count && i < SENDERS_SHOWN; i++)
		json_array_append(shown, list[i]);
	json_set_uint(object, "senderCount", count);
	free(list);
}

/* One day, in a transaction of its own. */
static int read_day(struct db *db, struct work *work, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[DOMAIN_TEXT] = "";
	int32_t day = work->day;

	work->mix = (struct inbound_mix){0};
	work->domain = domain;
	while (inbound_table_domain_next(txn, &day, domain) && day == work->day)
		inbound_table_each(txn, day, domain, add_outcome, work);
	return db_failure(txn, err);
}

static int add_first_counted(struct db *db, json_t *object, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	char domain[DOMAIN_TEXT] = "";
	int32_t day = INT32_MIN;

	if (inbound_table_domain_next(txn, &day, domain))
		doc_set_day(object, "firstCountedDay", day);
	return db_failure(txn, err);
}

static int fill(struct jmap_look *look, int32_t first, int32_t last,
                json_t *object, struct err *err)
{
	const struct jmap *jmap = look->run->jmap;
	int64_t until = clock_monotonic_ms(jmap->clock) + BUDGET_MS;
	auto_(json_free) json_t *senders = json_object();
	json_t *days = doc_array(object, "days");
	struct work work = {.senders = senders, .day = first};

	doc_set_day(object, "firstDay", first);
	doc_set_day(object, "lastDay", last);
	for (; work.day <= last && clock_monotonic_ms(jmap->clock) <= until;
	     work.day++) {
		if (read_day(jmap->db, &work, err) < 0)
			return err->class;
		add_day(days, &work);
	}
	json_set_bool(object, "isComplete", work.day > last);
	add_senders(object, senders);
	return add_first_counted(jmap->db, object, err);
}

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	int32_t first, last;
	struct err err;
	int rc = days_id_read(look, id, &first, &last);

	if (rc <= 0)
		return rc;
	*object = json_object();
	if (fill(look, first, last, *object, &err) == 0)
		return 1;
	jmap_fail_store(look->failure, &err);
	return -1;
}

const struct jmap_view view_inbound = {
	.name = "tally:InboundOverview",
	.get = PERMIT_TALLY_READ,
	.properties = properties,
	.max_ids = 4,
	.look = look,
};
