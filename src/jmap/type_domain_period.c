/* tally:DomainPeriod: what became of a domain over some days.  An id holds the
 * days, too: "p20513-20542-example_com". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "jmap/id_text.h"
#include "jmap/jmap_types.h"
#include "store/domain_period.h"

enum { USUAL_DAYS = 30 };

struct facts {
	int32_t first, last;
	struct domain_period of;
};

struct shown {
	const char *id, *domain, *first_day, *last_day;
	uint64_t counted_days, success, failure, unjudged, clear, failing_days;
	const char *failing_since, *last_failed, *last_counted;
	const char *main_result;
	const char *policies[POLICY_TYPES];
	const char *const *policy_list;
	size_t policy_count;
	const char *fault;
	uint64_t failing_with;
	const char *failing_at;
	const char *record;
};

#define SHOWN(member) .offset = offsetof(struct shown, member)

static const struct property rows[] = {
	{"id", &property_word, SHOWN(id)},
	{"domain", &property_word, SHOWN(domain)},
	{"firstDay", &property_word, SHOWN(first_day)},
	{"lastDay", &property_word, SHOWN(last_day)},
	{"countedDays", &property_uint, SHOWN(counted_days)},
	{"lastCountedDay", &property_word, SHOWN(last_counted)},
	{"totalSuccessfulSessions", &property_uint, SHOWN(success)},
	{"totalFailedSessions", &property_uint, SHOWN(failure)},
	{"notJudgedSessions", &property_uint, SHOWN(unjudged)},
	{"clearSessions", &property_uint, SHOWN(clear)},
	{"failingDays", &property_uint, SHOWN(failing_days)},
	{"failingSince", &property_word, SHOWN(failing_since)},
	{"lastFailedDay", &property_word, SHOWN(last_failed)},
	{"mainResult", &property_word, SHOWN(main_result)},
	{"policyTypes", &property_texts, SHOWN(policy_list),
         .count_offset = offsetof(struct shown, policy_count) -
                         offsetof(struct shown, policy_list)},
	{"fault", &property_word, SHOWN(fault)},
	{"failingWith", &property_uint, SHOWN(failing_with)},
	{"failingAt", &property_word, SHOWN(failing_at)},
	{"record", &property_word, SHOWN(record)},
};

static const struct property_table shown_table = {
	PROPERTY_ROWS(rows),
	.size = sizeof(struct shown),
};

#define FACT(member) offsetof(struct facts, member)

static const struct jmap_sort sorts[] = {
	{"id", FIELD_ID, 0},
	{"domain", FIELD_DOMAIN, FACT(of.domain)},
	{"totalSessions", FIELD_UINT64, FACT(of.sessions)},
	{"totalSuccessfulSessions", FIELD_UINT64, FACT(of.sums.success)},
	{"totalFailedSessions", FIELD_UINT64, FACT(of.sums.failure)},
	{"failingDays", FIELD_UINT64, FACT(of.failing_days)},
	{"failingSince", FIELD_INT32, FACT(of.failing_since)},
	{"lastFailedDay", FIELD_INT32, FACT(of.last_failed)},
	{0},
};

static bool has_result(struct db_txn *txn, const void *facts, int number,
                       const char *text)
{
	const struct facts *of = facts;

	(void)txn;
	(void)text;
	return of->of.sums.results[number] > 0;
}

static bool has_policy(struct db_txn *txn, const void *facts, int number,
                       const char *text)
{
	const struct facts *of = facts;

	(void)txn;
	(void)text;
	return (of->of.sums.policies >> number & 1) != 0;
}

/* Those of days are about the period: by them it is chosen (bounds). */
static const struct jmap_condition conditions[] = {
	{"day", MATCH_DAY, FACT(first), 0, NULL, NULL},
	{"dayBefore", MATCH_DAY_BEFORE, FACT(last), 0, NULL, NULL},
	{"dayAfter", MATCH_DAY_AFTER, FACT(first), 0, NULL, NULL},
	{"domain", MATCH_EQUAL, FACT(of.domain), 0, NULL, NULL},
	{"text", MATCH_CONTAINS, FACT(of.domain), 0, NULL, NULL},
	{"hasFailures", MATCH_HAS, FACT(of.sums.failure), 0, NULL, NULL},
	{"hasNotJudged", MATCH_HAS, FACT(of.sums.unjudged), 0, NULL, NULL},
	{"hasClear", MATCH_HAS, FACT(of.sums.clear), 0, NULL, NULL},
	{"result", MATCH_LOOKED_UP, 0, 0, &words_results, has_result},
	{"policyType", MATCH_LOOKED_UP, 0, 0, &words_policies, has_policy},
	{"fault", MATCH_WORD, FACT(of.fault), 0, &words_faults, NULL},
	{0},
};

/* --- ids --- */

/* The days and then the domain, in which order they sort. */
static struct jmap_key id_key(const void *arg, struct arena *mem)
{
	const struct facts *facts = arg;

	return (struct jmap_key){.rank = (uint64_t)facts->first << 32 |
	                                 (uint64_t)facts->last,
	                         .text = arena_strdup(mem, facts->of.domain)};
}

static void write_id(int32_t first, int32_t last, const char *domain,
                     char out[JMAP_ID_TEXT])
{
	char text[JMAP_ID_TEXT];

	id_text_write(domain, text);
	snprintf(out, JMAP_ID_TEXT, "p%d-%d-%.*s", first, last,
	         JMAP_ID_MAX - ID_TEXT_PREFIX, text);
}

static void id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT])
{
	write_id((int32_t)(key->rank >> 32), (int32_t)(key->rank & UINT32_MAX),
	         key->text, out);
}

/* What follows the days; NULL: it is no such id. */
static const char *read_days(const char *id, int32_t *first, int32_t *last)
{
	char days[16];
	int end = -1;

	if (sscanf(id, "p%6" SCNd32 "-%6" SCNd32 "-%n", first, last, &end) <
	            2 ||
	    end < 0 || *first < 0 || *last < *first)
		return NULL;
	/* as we write it, and in no other way */
	snprintf(days, sizeof(days), "p%d-%d-", *first, *last);
	return strncmp(id, days, strlen(days)) == 0 ? id + strlen(days) : NULL;
}

/* --- the walk --- */

/* Days that nobody asked for: to the last one, and so many. */
static void choose_days(struct db_txn *txn, const struct jmap_bounds *bounds,
                        struct facts *facts)
{
	int32_t first = bounds ? bounds->first_day : 0;
	int32_t last = bounds ? bounds->last_day : INT32_MAX;
	int32_t from, to;

	if (last == INT32_MAX && tally_day_range(txn, &from, &to))
		last = to;
	if (first <= 0)
		first = last - USUAL_DAYS + 1;
	facts->first = first > 0 ? first : 0;
	facts->last = last;
}

struct walk {
	struct jmap_scan *scan;
	struct facts *facts;
};

static bool take(void *arg, const struct domain_period *domain)
{
	struct walk *walk = arg;

	walk->facts->of = *domain;
	return walk->scan->visit(walk->scan, walk->facts);
}

/* Which of them must be read; of the others it is enough that they are there:
 * nothing of them failed. */
static unsigned to_read(const struct jmap_scan *scan)
{
	const struct jmap_order *order = scan->compared;

	if (order == NULL)
		return PERIOD_ANY;
	for (size_t i = 0; i < order->count; i++) {
		const struct jmap_sort *sort = order->by[i].sort;

		if (sort->field == FIELD_UINT64 &&
		    (sort->offset == FACT(of.sessions) ||
		     sort->offset == FACT(of.sums.success)))
			return PERIOD_ANY;
	}
	return PERIOD_FAILURE;
}

static void each(struct db_txn *txn, const void *place, struct jmap_scan *scan)
{
	const struct facts *after = place;
	struct facts facts = *after;
	struct walk walk = {scan, &facts};
	struct domains_asked asked;
	struct period *period;

	scan->txn = txn;
	choose_days(txn, scan->bounds, &facts);
	period = domain_period_of(txn, facts.first, facts.last);
	if (scan->bounds != NULL && scan->bounds->domain != NULL) {
		if (after->of.domain[0] == '\0' &&
		    domain_period_get(period, scan->bounds->domain, &facts.of))
			scan->visit(scan, &facts);
		return;
	}
	asked = (struct domains_asked){after->of.domain, PERIOD_ANY,
	                               to_read(scan)};
	if (scan->bounds != NULL && scan->bounds->has_failures)
		asked.which = PERIOD_FAILURE;
	domain_period_each(period, &asked, take, &walk);
}

/* By name, as the walk goes; of one domain there is one row. */
static bool has_order(const struct jmap_order *order,
                      const struct jmap_bounds *bounds)
{
	const struct jmap_comparator *by = order->by;

	(void)bounds;
	return !by->descending && !by->casemap &&
	       (by->sort->field == FIELD_DOMAIN || by->sort->field == FIELD_ID);
}

struct first {
	struct jmap_scan scan;
	void *facts;
	bool found;
};

static bool take_one(struct jmap_scan *scan, const void *facts)
{
	struct first *first = (struct first *)scan;

	memcpy(first->facts, facts, sizeof(struct facts));
	first->found = true;
	return false;
}

/* Of the days that the facts have, once they have some. */
static int next(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;
	struct jmap_bounds bounds = {.first_day = facts->first,
	                             .last_day = facts->last};
	struct first first = {
		.scan = {.visit = take_one,
	                 .bounds = facts->last > 0 ? &bounds : NULL},
		.facts = facts,
	};

	each(txn, facts, &first.scan);
	return first.found;
}

/* --- one object --- */

static const char *word_of(const struct vocabulary *words, int number)
{
	return number >= 0 ? word_api(words, number) : NULL;
}

/* NULL: none. */
static const char *day_text(int32_t day, char text[DAY_TEXT])
{
	return day != PERIOD_NO_DAY ? day_format(day, text) : NULL;
}

static json_t *show(const struct facts *facts, const char *record)
{
	char id[JMAP_ID_TEXT], text[5][DAY_TEXT];
	const struct domain_period *of = &facts->of;
	struct shown shown = {
		.id = id,
		.domain = of->domain,
		.first_day = day_format(facts->first, text[0]),
		.last_day = day_format(facts->last, text[1]),
		.counted_days = of->counted_days,
		.success = of->sums.success,
		.failure = of->sums.failure,
		.unjudged = of->sums.unjudged,
		.clear = of->sums.clear,
		.failing_days = of->failing_days,
		.failing_since = day_text(of->failing_since, text[2]),
		.last_failed = day_text(of->last_failed, text[3]),
		.last_counted = day_text(of->last_counted, text[4]),
		.main_result = word_of(&words_results, of->main_result),
		.fault = word_api(&words_faults, (int)of->fault),
		.failing_with = of->failing_with,
		.failing_at = of->failing_at[0] != '\0' ? of->failing_at : NULL,
		.record = record[0] != '\0' ? record : NULL,
	};

	shown.policy_list = shown.policies;
	for (int i = 0; i < POLICY_TYPES; i++)
		if ((of->sums.policies >> i & 1) != 0)
			shown.policies[shown.policy_count++] =
				word_api(&words_policies, i);
	write_id(facts->first, facts->last, of->domain, id);
	return property_table_write(&shown_table, &shown);
}

static int find(struct db_txn *txn, const struct jmap_type *type,
                const char *id, void *arg)
{
	struct facts *facts = arg;
	const char *rest = read_days(id, &facts->first, &facts->last);
	struct period *period;
	char domain[TALLY_DOMAIN_TEXT];
	bool hashed;

	if (rest == NULL)
		return 0;
	if (id_text_read(rest, domain, sizeof(domain), &hashed)) {
		period = domain_period_of(txn, facts->first, facts->last);
		return domain_period_get(period, domain, &facts->of);
	}
	return hashed ? jmap_scan_for(txn, type, id, (size_t)(rest - id), facts)
	              : 0;
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	struct facts facts = {0};
	struct tally_head head;
	int found = find(txn, &type_domain_period, id, &facts);

	(void)wanted;
	if (found == 1 &&
	    !tally_head_get(txn, facts.of.last_counted, facts.of.domain, &head))
		head.record[0] = '\0';
	if (db_failed(txn))
		return db_failure(txn, err);
	if (found == 1)
		*object = show(&facts, head.record);
	return found;
}

const struct jmap_type type_domain_period = {
	.name = "tally:DomainPeriod",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_DOMAIN,
	.may = {.get = PERMIT_TALLY_READ, .query = PERMIT_TALLY_READ},
	.walk = {sorts, conditions, next, sizeof(struct facts), .each = each,
                 .has_order = has_order, .each_in_order = each, .find = find,
                 .begins_slowly = true, .id_key = id_key, .id_text = id_text},
	.show =
		{
			.table = &shown_table,
			.word = "domain-period",
			.columns = "id,domain,totalSuccessfulSessions,"
				   "totalFailedSessions,failingSince,"
				   "mainResult,fault",
			.load = load,
		},
};
