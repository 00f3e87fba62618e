/* tally:Domain: the counters of one day and policy domain; its id is the day
 * and the domain (jmap/id_text.h): "d20513-example_com". */
#include <stdio.h>
#include <string.h>

#include "jmap/id_text.h"
#include "jmap/jmap_type.h"
#include "base/auto.h"
#include "base/day.h"
#include "api/object.h"
#include "store/tally_table.h"
#include "show/doc.h"

struct facts {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;
};

struct shown {
	const char *id;
	const char *day;
	const char *domain;
	uint64_t success, failure, late_success, late_failure;
	uint64_t policies, details, folded;
	const char *mark;
	const char *reason;
	const char *record;
	uint64_t report_id; /* of the report made of it; 0: none */
	const struct report_policy *applied;
	size_t applied_count;
};

#define SHOWN(member) .offset = offsetof(struct shown, member)

static const struct property rows[] = {
	{"id", &kind_word, SHOWN(id)},
	{"day", &kind_word, SHOWN(day)},
	{"domain", &kind_word, SHOWN(domain)},
	{"totalSuccessfulSessions", &kind_uint, SHOWN(success)},
	{"totalFailedSessions", &kind_uint, SHOWN(failure)},
	{"lateSuccessfulSessions", &kind_uint, SHOWN(late_success)},
	{"lateFailedSessions", &kind_uint, SHOWN(late_failure)},
	{"policyCount", &kind_uint, SHOWN(policies)},
	{"failureDetailCount", &kind_uint, SHOWN(details)},
	{"foldedFailures", &kind_uint, SHOWN(folded)},
	{"mark", &kind_word, SHOWN(mark)},
	{"reason", &kind_word, SHOWN(reason)},
	{"record", &kind_word, SHOWN(record)},
	{"reportObjectId", &kind_id, SHOWN(report_id)},
	{"policies", &kind_made_objects, SHOWN(applied),
         .count_offset = offsetof(struct shown, applied_count) -
                         offsetof(struct shown, applied),
         .items = &object_policy_table},
};

static const struct property_table shown_table = {
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct shown),
};

static const struct property_table *table(void)
{
	return &shown_table;
}

#define FACT(member) offsetof(struct facts, member)

static const struct jmap_sort sorts[] = {
	{"id", FIELD_ID, 0},
	{"day", FIELD_INT32, FACT(day)},
	{"domain", FIELD_TEXT, FACT(domain)},
	{"totalSuccessfulSessions", FIELD_UINT64, FACT(head.success)},
	{"totalFailedSessions", FIELD_UINT64, FACT(head.failure)},
};

static const char *mark_word(int value)
{
	return value < TALLY_MARKS ? tally_mark_word((enum tally_mark)value)
	                           : NULL;
}

static const struct jmap_condition conditions[] = {
	{"day", MATCH_DAY, FACT(day), 0, NULL},
	{"dayBefore", MATCH_DAY_BEFORE, FACT(day), 0, NULL},
	{"dayAfter", MATCH_DAY_AFTER, FACT(day), 0, NULL},
	{"domain", MATCH_EQUAL, FACT(domain), 0, NULL},
	{"text", MATCH_CONTAINS, FACT(domain), 0, NULL},
	{"mark", MATCH_WORD, FACT(head.mark), 0, mark_word},
	{"hasFailures", MATCH_HAS, FACT(head.failure), 0, NULL},
};

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* policies: NULL when they are not wanted. */
static json_t *show(const struct facts *facts, const struct report *policies)
{
	const struct tally_head *head = &facts->head;
	char id[JMAP_ID_TEXT], day[DAY_TEXT];
	struct shown shown = {
		.id = id,
		.day = day_format(facts->day, day),
		.domain = facts->domain,
		.success = head->success,
		.failure = head->failure,
		.late_success = head->late_success,
		.late_failure = head->late_failure,
		.policies = head->policies,
		.details = head->details,
		.folded = head->folded,
		.mark = tally_mark_word(head->mark),
		.reason = or_null(head->reason),
		.record = or_null(head->record),
		.report_id = head->outbox_id,
		.applied = policies ? policies->policies : NULL,
		.applied_count = policies ? policies->policy_count : 0,
	};

	id_text_write_day(facts->day, facts->domain, id);
	return properties_write(&shown_table, &shown);
}

static int next(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;

	return tally_head_next(txn, &facts->day, facts->domain, &facts->head);
}

/* Of one domain there is a row a day at most. */
static int next_of_domain(struct db_txn *txn, struct facts *facts,
                          const struct jmap_bounds *bounds)
{
	int32_t day =
		facts->domain[0] != '\0' ? facts->day + 1 : bounds->first_day;
	int32_t first, last;

	if (!tally_day_range(txn, &first, &last))
		return 0;
	snprintf(facts->domain, sizeof(facts->domain), "%s", bounds->domain);
	for (facts->day = day > first ? day : first;
	     facts->day <= last && facts->day <= bounds->last_day; facts->day++)
		if (tally_head_get(txn, facts->day, facts->domain,
		                   &facts->head))
			return 1;
	return 0;
}

static int next_within(struct db_txn *txn, void *arg,
                       const struct jmap_bounds *bounds)
{
	struct facts *facts = arg;

	if (bounds->domain != NULL)
		return next_of_domain(txn, facts, bounds);
	if (facts->day < bounds->first_day) {
		facts->day = bounds->first_day;
		facts->domain[0] = '\0';
	}
	return next(txn, facts) && facts->day <= bounds->last_day;
}

static struct jmap_key id_key(const void *arg, struct arena *mem)
{
	const struct facts *facts = arg;

	return id_text_day_key(facts->day, facts->domain, mem);
}

static int find(struct db_txn *txn, const char *id, struct facts *facts)
{
	const char *rest = id_text_read_day(id, &facts->day);
	char domain[TALLY_DOMAIN_TEXT];
	bool hashed;

	facts->domain[0] = '\0';
	if (rest == NULL)
		return 0;
	if (!id_text_read(rest, domain, sizeof(domain), &hashed))
		return hashed ? jmap_scan_for(txn, &type_domain, id,
		                              (size_t)(rest - id), facts)
		              : 0;
	snprintf(facts->domain, sizeof(facts->domain), "%s", domain);
	return tally_head_get(txn, facts->day, domain, &facts->head);
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	auto_(report_free) struct report *policies = NULL;
	struct facts facts;
	int found = find(txn, id, &facts);

	if (found == 1 && doc_wants(wanted, "policies")) {
		policies = report_new();
		if (tally_load(txn, facts.day, facts.domain, policies, err) < 0)
			return err->class;
		report_sort(policies);
	}
	if (db_failed(txn))
		return db_failure(txn, err);
	if (found == 1)
		*object = show(&facts, policies);
	return found;
}

const struct jmap_type type_domain = {
	.name = "tally:Domain",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_DOMAIN,
	.get = PERMIT_TALLY_READ,
	.query = PERMIT_TALLY_READ,
	.table = table,
	.sorts = sorts,
	.sort_count = sizeof(sorts) / sizeof(sorts[0]),
	.conditions = conditions,
	.condition_count = sizeof(conditions) / sizeof(conditions[0]),
	.next = next,
	.next_within = next_within,
	.facts_size = sizeof(struct facts),
	.id_key = id_key,
	.id_text = id_text_of_key,
	.load = load,
};
