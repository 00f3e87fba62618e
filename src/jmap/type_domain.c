/* tally:Domain: the counters of one day and policy domain. */
#include <string.h>

#include "api/object.h"
#include "base/auto.h"
#include "jmap/day_row.h"
#include "jmap/jmap_types.h"
#include "show/doc.h"
#include "store/domain_order.h"

struct facts {
	struct day_row row;
	struct tally_head head;
};

struct shown {
	struct day_row_shown row;
	uint64_t success, failure, unjudged, late_success, late_failure;
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
	DAY_ROW_PROPERTIES,
	{"totalSuccessfulSessions", &property_uint, SHOWN(success)},
	{"totalFailedSessions", &property_uint, SHOWN(failure)},
	{"notJudgedSessions", &property_uint, SHOWN(unjudged)},
	{"lateSuccessfulSessions", &property_uint, SHOWN(late_success)},
	{"lateFailedSessions", &property_uint, SHOWN(late_failure)},
	{"policyCount", &property_uint, SHOWN(policies)},
	{"failureDetailCount", &property_uint, SHOWN(details)},
	{"foldedFailures", &property_uint, SHOWN(folded)},
	{"mark", &property_word, SHOWN(mark)},
	{"reason", &property_word, SHOWN(reason)},
	{"record", &property_word, SHOWN(record)},
	{"reportObjectId", &property_id, SHOWN(report_id)},
	{"policies", &property_made_objects, SHOWN(applied),
         .count_offset = offsetof(struct shown, applied_count) -
                         offsetof(struct shown, applied),
         .items = &object_policy_table},
};

static const struct property_table shown_table = {
	PROPERTY_ROWS(rows),
	.size = sizeof(struct shown),
};

#define FACT(member) offsetof(struct facts, member)

static const struct jmap_sort sorts[] = {
	DAY_ROW_SORTS,
	{"totalSuccessfulSessions", FIELD_UINT64, FACT(head.success)},
	{"totalFailedSessions", FIELD_UINT64, FACT(head.failure)},
	{"notJudgedSessions", FIELD_UINT64, FACT(head.unjudged)},
	{0},
};

static const struct jmap_condition conditions[] = {
	DAY_ROW_CONDITIONS,
	{"mark", MATCH_WORD, FACT(head.mark), 0, &words_marks, NULL},
	{"hasFailures", MATCH_HAS, FACT(head.failure), 0, NULL, NULL},
	{"hasNotJudged", MATCH_HAS, FACT(head.unjudged), 0, NULL, NULL},
	{"hasLateFailures", MATCH_HAS, FACT(head.late_failure), 0, NULL, NULL},
	{0},
};

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* policies: NULL when they are not wanted. */
static json_t *show(const struct facts *facts, const struct report *policies)
{
	const struct tally_head *head = &facts->head;
	struct shown shown = {
		.success = head->success,
		.failure = head->failure,
		.unjudged = head->unjudged,
		.late_success = head->late_success,
		.late_failure = head->late_failure,
		.policies = head->policies,
		.details = head->details,
		.folded = head->folded,
		.mark = word_api(&words_marks, head->mark),
		.reason = or_null(head->reason),
		.record = or_null(head->record),
		.report_id = head->outbox_id,
		.applied = policies ? policies->policies : NULL,
		.applied_count = policies ? policies->policy_count : 0,
	};

	day_row_show(&facts->row, &shown.row);
	return property_table_write(&shown_table, &shown);
}

static int next(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;

	return tally_head_next(txn, &facts->row.day, facts->row.domain,
	                       &facts->head);
}

static int at(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;

	return tally_head_get(txn, facts->row.day, facts->row.domain,
	                      &facts->head);
}

/* --- in the orders of lists --- */

static struct domain_days_asked days_asked(const struct jmap_bounds *bounds)
{
	return (struct domain_days_asked){bounds->first_day, bounds->last_day,
	                                  bounds->has_failures};
}

static uint64_t count_within(struct db_txn *txn,
                             const struct jmap_bounds *bounds)
{
	struct domain_days_asked days = days_asked(bounds);

	return domain_order_count(txn, &days);
}

/* The rows that there are orders for.  Of one day's domains each has another
 * name, and of one domain each row has another day: what follows behind the
 * two says no more. */
static const struct {
	const char *first;
	bool descending;
	const char *second; /* NULL: none */
	bool one_day;       /* only then */
	enum domain_order order;
} orders[] = {
	{"id", false, NULL, false, DOMAINS_BY_DAY},
	{"day", false, NULL, false, DOMAINS_BY_DAY},
	{"day", false, "domain", false, DOMAINS_BY_DAY},
	{"day", true, NULL, false, DOMAINS_BY_DAY_DOWN},
	{"day", true, "domain", false, DOMAINS_BY_DAY_DOWN},
	{"domain", false, NULL, false, DOMAINS_BY_NAME},
	{"domain", false, "day", false, DOMAINS_BY_NAME},
	{"totalFailedSessions", true, NULL, false, DOMAINS_BY_FAILURES},
	{"totalFailedSessions", true, "domain", true, DOMAINS_BY_FAILURES},
};

static bool is_by(const struct jmap_comparator *by, const char *property,
                  bool descending)
{
	return strcmp(by->sort->property, property) == 0 && !by->casemap &&
	       by->descending == descending;
}

/* -1: there is none. */
static int find_order(const struct jmap_order *order,
                      const struct jmap_bounds *bounds)
{
	bool one_day = bounds->first_day == bounds->last_day;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (is_by(&order->by[0], orders[i].first,
		          orders[i].descending) &&
		    (orders[i].second == NULL
		             ? order->count == 1
		             : order->count == 2 &&
		                       is_by(&order->by[1], orders[i].second,
		                             false)) &&
		    (one_day || !orders[i].one_day))
			return (int)orders[i].order;
	return -1;
}

static bool has_order(const struct jmap_order *order,
                      const struct jmap_bounds *bounds)
{
	return bounds->domain == NULL && find_order(order, bounds) >= 0;
}

struct in_order {
	struct jmap_scan *scan;
	struct facts facts;
};

static bool visit(void *arg, int32_t day, const char *domain,
                  const struct tally_head *head)
{
	struct in_order *in = arg;

	in->facts.row.day = day;
	strcpy(in->facts.row.domain, domain);
	in->facts.head = *head;
	return in->scan->visit(in->scan, &in->facts);
}

static void each_in_order(struct db_txn *txn, const void *place,
                          struct jmap_scan *scan)
{
	struct domain_days_asked days = days_asked(scan->bounds);
	const struct facts *facts = place;
	struct domain_place after = {facts->row.day, facts->head.failure, ""};
	struct in_order in = {.scan = scan};

	strcpy(after.domain, facts->row.domain);
	domain_order_each(
		txn, (enum domain_order)find_order(scan->order, scan->bounds),
		&days, &after, visit, &in);
}

/* --- one of them --- */

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	auto_(report_free) struct report *policies = NULL;
	struct facts facts;
	int found = day_row_find(txn, &type_domain, id, &facts);

	if (found == 1 && doc_wants(wanted, "policies")) {
		policies = report_new();
		if (tally_load(txn, facts.row.day, facts.row.domain, policies,
		               err) < 0)
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
	.may = {.get = PERMIT_TALLY_READ, .query = PERMIT_TALLY_READ},
	.walk = {sorts, conditions, next, sizeof(struct facts), .at = at,
                 .has_order = has_order, .each_in_order = each_in_order,
                 .count_within = count_within, DAY_ROW_WALK},
	.show =
		{
			.table = &shown_table,
			.word = "domain",
			.columns = "id,day,domain,totalSuccessfulSessions,"
				   "totalFailedSessions,mark,reason",
			.load = load,
		},
};
