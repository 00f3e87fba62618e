/* x:TlsExternalReport: what others report about us (store/received_table.h).
 * The report is read anew from what was received, odd as it may be. */
#include <string.h>

#include "api/object.h"
#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "jmap/jmap_types.h"
#include "jmap/report_facts.h"
#include "outbox/blob_id.h"
#include "received/received_report.h"
#include "show/doc.h"
#include "store/received_table.h"

/* The row, and what of it filters and sorts want as numbers. */
struct facts {
	struct received_row row;
	uint64_t authenticated, counts, odd, ours;
	uint64_t sessions;
};

#define FACT(member) offsetof(struct facts, member)

static const struct jmap_sort sorts[] = {
	{"id", FIELD_ID, 0},
	{"receivedAt", FIELD_INT64, FACT(row.received_at)},
	{"expiresAt", FIELD_INT64, FACT(row.expires_at)},
	{"day", FIELD_INT32, FACT(row.day)},
	{"domain", FIELD_TEXT, FACT(row.domain)},
	{"organization", FIELD_TEXT, FACT(row.organization)},
	{"failures", FIELD_UINT64, FACT(row.failure)},
	{"sessions", FIELD_UINT64, FACT(sessions)},
	{0},
};

static bool has_result(struct db_txn *txn, const void *facts, int result,
                       const char *text)
{
	const struct facts *of = facts;

	(void)txn;
	(void)text;
	return (of->row.results >> result & 1) != 0;
}

static bool is_about(struct db_txn *txn, const void *facts, int number,
                     const char *text)
{
	const struct facts *of = facts;

	(void)number;
	return received_is_about(txn, &of->row, text);
}

static bool names_have(struct db_txn *txn, const void *facts, int number,
                       const char *text)
{
	const struct facts *of = facts;

	(void)number;
	return received_names_have(txn, &of->row, text);
}

static const struct jmap_condition conditions[] = {
	{"domain", MATCH_TEXT_LOOKED_UP, 0, 0, NULL, is_about},
	{"organization", MATCH_EQUAL, FACT(row.organization), 0, NULL, NULL},
	{"submitter", MATCH_EQUAL, FACT(row.submitter), 0, NULL, NULL},
	{"text", MATCH_CONTAINS, FACT(row.domain), FACT(row.organization), NULL,
         names_have},
	{"reportId", MATCH_EQUAL, FACT(row.report_id), 0, NULL, NULL},
	{"receivedBy", MATCH_WORD, FACT(row.way), 0, &words_received_ways,
         NULL},
	{"result", MATCH_LOOKED_UP, 0, 0, &words_results, has_result},
	{"day", MATCH_DAY, FACT(row.day), 0, NULL, NULL},
	{"dayBefore", MATCH_DAY_BEFORE, FACT(row.day), 0, NULL, NULL},
	{"dayAfter", MATCH_DAY_AFTER, FACT(row.day), 0, NULL, NULL},
	{"receivedBefore", MATCH_BEFORE, FACT(row.received_at), 0, NULL, NULL},
	{"receivedAfter", MATCH_AFTER, FACT(row.received_at), 0, NULL, NULL},
	{"minSessions", MATCH_AT_LEAST, FACT(sessions), 0, NULL, NULL},
	{"minFailures", MATCH_AT_LEAST, FACT(row.failure), 0, NULL, NULL},
	{"hasFailures", MATCH_HAS, FACT(row.failure), 0, NULL, NULL},
	{"isAuthenticated", MATCH_HAS, FACT(authenticated), 0, NULL, NULL},
	{"isCounted", MATCH_HAS, FACT(counts), 0, NULL, NULL},
	{"isOurs", MATCH_HAS, FACT(ours), 0, NULL, NULL},
	{"hasProblems", MATCH_HAS, FACT(odd), 0, NULL, NULL},
	{0},
};

static int next(struct db_txn *txn, void *facts)
{
	struct facts *of = facts;

	if (!received_next(txn, &of->row))
		return 0;
	of->authenticated = of->row.authenticated;
	of->counts = of->row.counts;
	of->odd = of->row.problems;
	of->ours = of->row.ours;
	of->sessions = of->row.success > UINT64_MAX - of->row.failure
	                       ? UINT64_MAX
	                       : of->row.success + of->row.failure;
	return 1;
}

static struct jmap_key id_key(const void *facts, struct arena *mem)
{
	const struct facts *of = facts;

	(void)mem;
	return (struct jmap_key){.rank = of->row.id};
}

/* --- get --- */

struct shown {
	uint64_t id;
	struct report *report;
	const char *from, *subject;
	const char **to;
	size_t to_count;
	int64_t received_at, expires_at;
	const char *domain, *organization, *submitter, *report_id;
	const char *day;
	enum received_way way;
	bool authenticated, counts;
	uint64_t ours, foreign;
	const char **others;
	size_t other_count;
	uint64_t success, failure, bytes;
	const char *json_blob, *gzip_blob;
	const char **problems;
	size_t problem_count;
};

#define SHOWN(member) .offset = offsetof(struct shown, member)
#define LIST(items, item_count)                                                \
	SHOWN(items), .count_offset = offsetof(struct shown, item_count) -     \
	                              offsetof(struct shown, items)

static const struct property rows[] = {
	{"id", &property_id, SHOWN(id)},
	{"report", &object_report_kind, SHOWN(report),
         .items = &object_report_table},
	{"from", &property_word, SHOWN(from)},
	{"subject", &property_word, SHOWN(subject)},
	{"to", &property_texts, LIST(to, to_count)},
	{"receivedAt", &property_moment, SHOWN(received_at)},
	{"expiresAt", &property_moment, SHOWN(expires_at)},
	{"domain", &property_word, SHOWN(domain)},
	{"day", &property_word, SHOWN(day)},
	{"organization", &property_word, SHOWN(organization)},
	{"submitter", &property_word, SHOWN(submitter)},
	{"reportId", &property_word, SHOWN(report_id)},
	{"receivedBy", &property_made_enum, SHOWN(way),
         .words = &words_received_ways},
	{"isAuthenticated", &property_made_bool, SHOWN(authenticated)},
	{"isCounted", &property_made_bool, SHOWN(counts)},
	{"ownPolicies", &property_uint, SHOWN(ours)},
	{"otherPolicies", &property_uint, SHOWN(foreign)},
	{"otherDomains", &property_texts, LIST(others, other_count)},
	{"totalSuccessfulSessions", &property_uint, SHOWN(success)},
	{"totalFailedSessions", &property_uint, SHOWN(failure)},
	{"problems", &property_texts, LIST(problems, problem_count)},
	{"size", &property_uint, SHOWN(bytes)},
	{"jsonBlobId", &property_word, SHOWN(json_blob)},
	{"gzipBlobId", &property_word, SHOWN(gzip_blob)},
};

static const struct property_table shown_table = {
	PROPERTY_ROWS(rows),
	.size = sizeof(struct shown),
};

static const char *text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* What is wrong with what is stored is told as a problem: the rest of the row
 * can be shown. */
static void read_body(struct db_txn *txn, uint64_t id,
                      struct received_report *received)
{
	auto_(strbuf_clear) struct strbuf gzip = {0}, json = {0};
	struct err err = {0};

	if (!received_body(txn, id, &gzip))
		return;
	if (gzip_unpack(gzip.data, gzip.len, RECEIVED_JSON_MAX, &json, &err) <
	            0 ||
	    received_report_read(received, strbuf_text(&json), json.len, &err) <
	            0)
		received->problems[received->problem_count++] =
			arena_printf(&received->report->mem,
		                     "what is stored cannot be "
		                     "read: %s",
		                     err.text);
}

static json_t *show(struct db_txn *txn, const struct received_row *row,
                    struct received_report *received)
{
	struct arena *mem = &received->report->mem;
	const char *to = row->to;
	char day[DAY_TEXT];
	struct shown shown = {
		.id = row->id,
		.report = received->report,
		.from = text_or_null(row->from),
		.subject = text_or_null(row->subject),
		.to = &to,
		.to_count = row->to[0] != '\0',
		.received_at = row->received_at,
		.expires_at = row->expires_at,
		.domain = text_or_null(row->domain),
		.organization = text_or_null(row->organization),
		.submitter = text_or_null(row->submitter),
		.report_id = text_or_null(row->report_id),
		.day = day_format(row->day, day),
		.way = row->way,
		.authenticated = row->authenticated,
		.counts = row->counts,
		.ours = row->ours,
		.foreign = row->foreign,
		.success = row->success,
		.failure = row->failure,
		.bytes = row->bytes,
		.json_blob = blob_id(row->id, BLOB_RECEIVED_JSON, 0, mem),
		.gzip_blob = blob_id(row->id, BLOB_RECEIVED_GZIP, 0, mem),
		.problems = received->problems,
		.problem_count = received->problem_count,
	};

	shown.other_count = received_others(txn, row, mem, &shown.others);
	return property_table_write(&shown_table, &shown);
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	struct received_report received;
	struct received_row row;
	uint64_t number;

	if (!object_id_parse(id, &number))
		return 0;
	if (!received_get(txn, number, &row))
		return db_failure(txn, err);
	received_report_init(&received);
	if (doc_wants(wanted, "report") || doc_wants(wanted, "problems"))
		read_body(txn, number, &received);
	*object = show(txn, &row, &received);
	received_report_clear(&received);
	return db_failed(txn) ? db_failure(txn, err) : 1;
}

static bool destroy(struct jmap_set_run *set, const char *id)
{
	uint64_t number;

	if (object_id_parse(id, &number) && received_delete(set->txn, number))
		return !db_failed(set->txn);
	return db_failed(set->txn)
	               ? false
	               : jmap_refuse(set, "notFound", "no such report");
}

const struct jmap_type type_received = {
	.name = "x:TlsExternalReport",
	.capabilities = CAPABILITY_STALWART | CAPABILITY_TLSTALLY,
	.change = CHANGE_RECEIVED,
	.change_id = report_facts_change_id,
	.may = {.get = PERMIT_RECEIVED_GET,
                .query = PERMIT_RECEIVED_QUERY,
                .destroy = PERMIT_RECEIVED_DESTROY},
	.walk =
		{
			.sorts = sorts,
			.conditions = conditions,
			.next = next,
			.facts_size = sizeof(struct facts),
			.id_key = id_key,
			.id_text = report_facts_id_text,
		},
	.show =
		{
			.table = &shown_table,
			.word = "tls-external-report",
			.columns = "id,day,domain,organization,"
				   "totalSuccessfulSessions,"
				   "totalFailedSessions,isAuthenticated,"
				   "receivedAt",
			.columns_elsewhere = "id,from,subject,receivedAt,"
					     "expiresAt",
			.load = load,
		},
	.edit = {.destroy = destroy},
};
