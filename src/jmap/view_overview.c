/*
 * tally:Overview: the sums of some days over all domains; its id is the first
 * and the last of them: "d2026-03-01_2026-03-30".
 *
 * Sums of a day are made once (store/day_sums.h).  Those that are missing or
 * old are made here, for as long as one request may take; then isComplete is
 * false, and whoever asks again gets further.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap_types.h"
#include "session/datagram.h"
#include "show/doc.h"
#include "show/status.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "words/words.h"

enum {
	DAYS_MAX = 400,
	BUDGET_MS = 1500,
	/* Today's change all the time: so old they may be. */
	FRESH_SECS = 15,
	WORST_LOOKED_AT = 100,
	WORST_SHOWN = 20,
};

static const char *const properties[] = {
	"firstDay", "lastDay", "isComplete", "days", "worstDomains", NULL,
};

struct worst {
	const char *domain;
	uint64_t success, failure;
};

struct overview {
	struct jmap_look *look;
	struct db *db;
	int32_t first, last;
	int64_t now;      /* secs */
	int64_t until_ms; /* no day is summed up after it */
	bool complete;
	json_t *days;
	struct worst *worst; /* of all days, added up as far as known */
	size_t worst_count, worst_room;
	struct arena mem;
};

/* --- one day --- */

static bool is_empty(struct db_txn *txn, int32_t day)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t at = day;

	return !tally_head_next(txn, &at, domain, &head) || at != day;
}

/* 1: these will do; 0: they must be made; negative. */
static int kept_sums(struct overview *o, int32_t day, struct day_sums *sums,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(o->db);
	int there = day_table_sums_get(txn, day, &o->mem, sums);
	bool will_do =
		there && (sums->revision == day_table_revision(txn, day) ||
	                  o->now - sums->summed_at < FRESH_SECS);

	if (!there && is_empty(txn, day)) {
		sums->summed_at = o->now;
		will_do = true;
	}
	return db_failed(txn) ? db_failure(txn, err) : will_do;
}

/* What cannot be kept is made again the next time. */
static void keep_sums(struct overview *o, int32_t day,
                      const struct day_sums *sums)
{
	struct db_txn *txn;
	struct err err;

	if (db_is_read_only(o->db))
		return;
	txn = db_begin_write(o->db);
	day_table_sums_put(txn, day, sums);
	db_commit(&txn, &err);
}

/* 1, 0: there was no time left, or negative.  Old sums are better than none,
 * and say when they were made. */
static int sums_of(struct overview *o, int32_t day, struct day_sums *sums,
                   struct err *err)
{
	int rc = kept_sums(o, day, sums, err);

	if (rc != 0)
		return rc;
	if (clock_monotonic_ms(o->look->run->jmap->clock) > o->until_ms)
		return sums->summed_at != 0;
	if (day_sums_make(o->db, day, o->now, &o->mem, sums, err) < 0)
		return err->class;
	keep_sums(o, day, sums);
	return 1;
}

static void add_policy_types(json_t *item, const struct day_sums *sums)
{
	json_t *types = doc_object(item, "policyTypes");

	for (int i = 0; i < POLICY_TYPES; i++) {
		json_t *type;

		if (sums->policy_success[i] + sums->policy_failure[i] == 0)
			continue;
		type = doc_object(types, word_api(&words_policies, i));
		json_set_uint(type, "successfulSessions",
		              sums->policy_success[i]);
		json_set_uint(type, "failedSessions", sums->policy_failure[i]);
	}
}

static void add_sums(json_t *item, const struct day_sums *sums)
{
	json_set_time(item, "summedAt", sums->summed_at);
	json_set_uint(item, "domains", sums->domains);
	json_set_uint(item, "failingDomains", sums->failing_domains);
	json_set_uint(item, "successfulSessions", sums->success);
	json_set_uint(item, "failedSessions", sums->failure);
	json_set_uint(item, "notJudgedSessions", sums->unjudged);
	json_set_uint(item, "lateSuccessfulSessions", sums->late_success);
	json_set_uint(item, "lateFailedSessions", sums->late_failure);
	add_policy_types(item, sums);
	doc_counts(item, "resultTypes", &words_results, 0, sums->results);
	doc_counts(item, "marks", &words_marks, 0, sums->marks);
}

/* All about a day: its domains' sums, and what the intake and the delivery
 * runs keep count of themselves. */
static int add_counts(struct overview *o, json_t *item, int32_t day,
                      struct day_sums *sums, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(o->db);
	json_t *reports = doc_object(item, "reports");
	struct day_settled settled;
	struct day_stats stats;
	uint64_t bad = 0;

	day_table_stats_get(txn, day, &stats);
	day_table_settled_get(txn, day, &settled);
	/* sessions that no domain's row has */
	sums->success += stats.catch_all.success;
	sums->failure += stats.catch_all.failure;
	for (int i = 0; i < POLICY_TYPES; i++) {
		sums->policy_success[i] += stats.catch_all.policy_success[i];
		sums->policy_failure[i] += stats.catch_all.policy_failure[i];
	}
	add_sums(item, sums);
	for (int kind = BAD_NONE + 1; kind < BAD_KINDS; kind++)
		bad += stats.bad[kind];
	json_set_bool(item, "isClosed", day_table_is_closed(txn, day));
	json_set_uint(item, "events", stats.events);
	json_set_uint(item, "badInput", bad);
	json_set_uint(item, "withoutDomain",
	              stats.catch_all.success + stats.catch_all.failure);
	status_settled_write(&settled, reports);
	return db_failure(txn, err);
}

/* --- the worst --- */

static int by_domain(const void *a, const void *b)
{
	const struct worst *x = a, *y = b;

	return strcmp(x->domain, y->domain);
}

static int most_first(const void *a, const void *b)
{
	const struct worst *x = a, *y = b;

	if (x->failure != y->failure)
		return x->failure < y->failure ? 1 : -1;
	return strcmp(x->domain, y->domain);
}

/* One line a domain, the most failures first. */
static void merge_worst(struct overview *o)
{
	size_t kept = 0;

	if (o->worst_count == 0)
		return;
	qsort(o->worst, o->worst_count, sizeof(*o->worst), by_domain);
	for (size_t i = 1; i < o->worst_count; i++)
		if (by_domain(&o->worst[kept], &o->worst[i]) == 0)
			o->worst[kept].failure += o->worst[i].failure;
		else
			o->worst[++kept] = o->worst[i];
	o->worst_count = kept + 1;
	qsort(o->worst, o->worst_count, sizeof(*o->worst), most_first);
	if (o->worst_count > WORST_LOOKED_AT)
		o->worst_count = WORST_LOOKED_AT;
}

/* A day keeps its worst only, so the counts of those that are shown are read
 * from the days' heads. */
static int add_worst(struct overview *o, json_t *list, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(o->db);

	merge_worst(o);
	for (size_t i = 0; i < o->worst_count; i++) {
		struct worst *worst = &o->worst[i];
		struct tally_head head;

		worst->failure = 0;
		for (int32_t day = o->first; day <= o->last; day++) {
			if (!tally_head_get(txn, day, worst->domain, &head))
				continue;
			worst->failure += head.failure;
			worst->success += head.success;
		}
	}
	if (db_failure(txn, err) < 0)
		return err->class;
	if (o->worst_count > 1)
		qsort(o->worst, o->worst_count, sizeof(*o->worst), most_first);
	for (size_t i = 0; i < o->worst_count && i < WORST_SHOWN; i++) {
		json_t *item = doc_row(list);

		doc_set(item, "domain", o->worst[i].domain);
		json_set_uint(item, "successfulSessions", o->worst[i].success);
		json_set_uint(item, "failedSessions", o->worst[i].failure);
	}
	return 0;
}

/* --- all of it --- */

static int add_day(struct overview *o, int32_t day, struct err *err)
{
	struct day_sums sums;
	json_t *item;
	int rc = sums_of(o, day, &sums, err);

	if (rc <= 0) {
		o->complete = false;
		return rc;
	}
	item = doc_row(o->days);
	doc_set_day(item, "day", day);
	for (size_t i = 0; i < sums.worst_count; i++) {
		if (o->worst_count == o->worst_room) {
			o->worst_room = 2 * o->worst_room + DAY_WORST_MAX;
			o->worst = xrealloc(o->worst, o->worst_room,
			                    sizeof(*o->worst));
		}
		o->worst[o->worst_count++] =
			(struct worst){.domain = sums.worst[i].domain,
		                       .failure = sums.worst[i].failure};
	}
	return add_counts(o, item, day, &sums, err);
}

static int fill_overview(struct overview *o, json_t *object, struct err *err)
{
	doc_set_day(object, "firstDay", o->first);
	doc_set_day(object, "lastDay", o->last);
	o->days = doc_array(object, "days");
	for (int32_t day = o->first; day <= o->last; day++)
		if (add_day(o, day, err) < 0)
			return err->class;
	json_set_bool(object, "isComplete", o->complete);
	return add_worst(o, doc_array(object, "worstDomains"), err);
}

/* "d2026-03-01_2026-03-30" */
static bool read_id(const char *id, int32_t *first, int32_t *last)
{
	const size_t day = DAY_TEXT - 1;
	char text[2][DAY_TEXT];

	if (strlen(id) != 2 * day + 2 || id[0] != 'd' || id[day + 1] != '_')
		return false;
	snprintf(text[0], DAY_TEXT, "%.*s", (int)day, id + 1);
	snprintf(text[1], DAY_TEXT, "%.*s", (int)day, id + day + 2);
	return day_parse(text[0], first, NULL) == 0 &&
	       day_parse(text[1], last, NULL) == 0 && *first <= *last;
}

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	struct clock *clock = look->run->jmap->clock;
	struct overview o = {
		.look = look,
		.db = look->run->jmap->db,
		.now = clock_secs(clock),
		.until_ms = clock_monotonic_ms(clock) + BUDGET_MS,
		.complete = true,
	};
	struct err err;
	int rc;

	if (!read_id(id, &o.first, &o.last))
		return 0;
	if (o.last - o.first >= DAYS_MAX) {
		jmap_fail(look->failure, "requestTooLarge",
		          "ids: %.40s: more than %d days", id, DAYS_MAX);
		return -1;
	}
	arena_init(&o.mem);
	*object = json_object();
	rc = fill_overview(&o, *object, &err);
	if (rc < 0)
		jmap_fail_store(look->failure, &err);
	arena_clear(&o.mem);
	free(o.worst);
	return rc < 0 ? rc : 1;
}

const struct jmap_view view_overview = {
	.name = "tally:Overview",
	.get = PERMIT_TALLY_READ,
	.properties = properties,
	.max_ids = 4,
	.look = look,
};
