/*
 * tally:Overview: the sums of some days over all domains; its id is the first
 * and the last of them: "d2026-03-01_2026-03-30".
 *
 * Sums of a day are kept (store/day_sums.h), so nothing is summed up here:
 * isComplete, which clients wait for, is always true.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/days_id.h"
#include "jmap/domains_concerned.h"
#include "jmap/jmap_types.h"
#include "session/datagram.h"
#include "show/doc.h"
#include "show/status.h"
#include "store/day_view.h"
#include "store/day_table.h"
#include "words/words.h"

enum {
	WORST_OF_A_DAY = 1000,
	WORST_LOOKED_AT = 100,
	WORST_SHOWN = 20,
};

static const char *const properties[] = {
	"firstDay", "lastDay",      "firstCountedDay", "isComplete",
	"days",     "worstDomains", "concerned",       NULL,
};

struct worst {
	const char *domain;
	uint64_t success, failure;
};

struct overview {
	struct db *db;
	int32_t first, last;
	int64_t now;          /* secs */
	const json_t *wanted; /* NULL: all */
	json_t *days;
	struct worst *worst; /* of all days, added up as far as known */
	size_t worst_count, worst_room;
	struct arena mem;
};

/* --- one day --- */

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

/* Which results failed under which policy. */
static void add_policy_results(json_t *item, const struct day_sums *sums)
{
	json_t *types = doc_object(item, "policyResults");

	for (int i = 0; i < POLICY_TYPES; i++)
		if (sums->policy_failure[i] > 0)
			doc_counts(types, word_api(&words_policies, i),
			           &words_results, 0, sums->policy_results[i]);
}

static void add_sums(json_t *item, const struct day_sums *sums)
{
	uint64_t results[RESULT_TYPES];

	json_set_uint(item, "domains", sums->domains);
	json_set_uint(item, "failingDomains", sums->failing_domains);
	json_set_uint(item, "clearDomains", sums->clear_domains);
	json_set_uint(item, "blockedDomains", sums->blocked_domains);
	json_set_uint(item, "successfulSessions", sums->success);
	json_set_uint(item, "failedSessions", sums->failure);
	json_set_uint(item, "notJudgedSessions", sums->unjudged);
	json_set_uint(item, "lateSuccessfulSessions", sums->late_success);
	json_set_uint(item, "lateFailedSessions", sums->late_failure);
	add_policy_types(item, sums);
	add_policy_results(item, sums);
	for (int i = 0; i < RESULT_TYPES; i++)
		results[i] = day_sums_result(sums, (enum result_type)i);
	doc_counts(item, "resultTypes", &words_results, 0, results);
	doc_counts(item, "marks", &words_marks, 0, sums->marks);
}

/* All about a day: its domains' sums, and what the intake and the delivery
 * runs keep count of themselves. */
static void add_counts(struct db_txn *txn, json_t *item, int32_t day)
{
	json_t *reports = doc_object(item, "reports");
	struct day_settled settled;
	struct day_stats stats;
	struct day_sums sums;
	uint64_t bad = 0;

	day_view_sums(txn, day, &sums);
	day_table_stats_get(txn, day, &stats);
	day_table_settled_get(txn, day, &settled);
	/* sessions that no domain's row has */
	sums.success += stats.catch_all.success;
	sums.failure += stats.catch_all.failure;
	for (int i = 0; i < POLICY_TYPES; i++) {
		sums.policy_success[i] += stats.catch_all.policy_success[i];
		sums.policy_failure[i] += stats.catch_all.policy_failure[i];
	}
	add_sums(item, &sums);
	for (int kind = BAD_NONE + 1; kind < BAD_KINDS; kind++)
		bad += stats.bad[kind];
	json_set_bool(item, "isClosed", day_table_is_closed(txn, day));
	json_set_uint(item, "events", stats.events);
	json_set_uint(item, "badInput", bad);
	json_set_uint(item, "withoutDomain",
	              stats.catch_all.success + stats.catch_all.failure);
	status_settled_write(&settled, reports);
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

/* Of a day the worst only were looked at, so the counts of those that are
 * shown are read from the days' heads. */
static void add_worst(struct overview *o, struct db_txn *txn, json_t *list)
{
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
	if (o->worst_count > 1)
		qsort(o->worst, o->worst_count, sizeof(*o->worst), most_first);
	for (size_t i = 0; i < o->worst_count && i < WORST_SHOWN; i++) {
		json_t *item = doc_row(list);

		doc_set(item, "domain", o->worst[i].domain);
		json_set_uint(item, "successfulSessions", o->worst[i].success);
		json_set_uint(item, "failedSessions", o->worst[i].failure);
	}
}

/* --- all of it --- */

static void add_day(struct overview *o, struct db_txn *txn, int32_t day)
{
	struct day_failing failing = day_failing_begin(txn, day);
	struct failing_domain at = {.failure = UINT64_MAX};
	json_t *item = doc_row(o->days);

	doc_set_day(item, "day", day);
	json_set_time(item, "summedAt", o->now);
	add_counts(txn, item, day);
	for (int i = 0; i < WORST_OF_A_DAY && day_failing_next(&failing, &at);
	     i++) {
		if (o->worst_count == o->worst_room) {
			o->worst_room = 2 * o->worst_room + WORST_OF_A_DAY;
			o->worst = xrealloc(o->worst, o->worst_room,
			                    sizeof(*o->worst));
		}
		o->worst[o->worst_count++] = (struct worst){
			.domain = arena_strdup(&o->mem, at.domain),
			.failure = at.failure};
	}
}

static void add_days(struct overview *o, struct db_txn *txn, json_t *object)
{
	o->days = doc_array(object, "days");
	for (int32_t day = o->first; day <= o->last; day++)
		add_day(o, txn, day);
	add_worst(o, txn, doc_array(object, "worstDomains"));
}

/* What was counted meanwhile must not stand on one side only: all is read in
 * one transaction. */
static int fill_overview(struct overview *o, json_t *object, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(o->db);
	int32_t first, last;

	doc_set_day(object, "firstDay", o->first);
	doc_set_day(object, "lastDay", o->last);
	if (tally_day_range(txn, &first, &last))
		doc_set_day(object, "firstCountedDay", first);
	json_set_bool(object, "isComplete", true);
	if (doc_wants(o->wanted, "days") ||
	    doc_wants(o->wanted, "worstDomains"))
		add_days(o, txn, object);
	/* what takes longest, for who asks for it */
	if (doc_wants(o->wanted, "concerned"))
		domains_concerned_add(txn, o->first, o->last, object);
	return db_failure(txn, err);
}

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	struct overview o = {
		.db = look->run->jmap->db,
		.now = clock_secs(look->run->jmap->clock),
		.wanted = look->wanted,
	};
	struct err err;
	int rc = days_id_read(look, id, &o.first, &o.last);

	if (rc <= 0)
		return rc;
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
