#include "api/object.h"

#include <stdlib.h>
#include <string.h>

#include "api/property.h"
#include "base/json_at.h"
#include "base/xalloc.h"
#include "report/report_id.h"

#define LIST(type, items, item_count)                                          \
	.offset = offsetof(type, items),                                       \
	.count_offset = offsetof(type, item_count) - offsetof(type, items)

/* --- TlsFailureDetails --- */

#define DETAIL(member) .offset = offsetof(struct report_detail, member)

static const struct property detail_rows[] = {
	{"resultType", &property_enum, DETAIL(detail.result),
         .words = &words_results, .need = JSON_MUST, .label = "Result",
         .help = "What went wrong"},
	{"sendingMtaIp", &property_ip, DETAIL(detail.sending_ip),
         .label = "Sending address",
         .help = "The address that the mail server connected from"},
	{"receivingMxHostname", &property_text, DETAIL(detail.mx_host),
         .max = SESSION_STRING_MAX, .label = "MX",
         .help = "The name of the host that was contacted"},
	{"receivingMxHelo", &property_text, DETAIL(detail.mx_helo),
         .max = SESSION_STRING_MAX, .label = "Greeting",
         .help = "The name in the greeting of the host"},
	{"receivingIp", &property_ip, DETAIL(detail.receiving_ip),
         .label = "Receiving address",
         .help = "The address of the host that was contacted"},
	{"failedSessionCount", &property_count, DETAIL(count),
         .label = "Failed sessions",
         .help = "How many sessions failed in this way"},
	{"additionalInformation", &property_text, DETAIL(detail.additional),
         .max = SESSION_REASON_MAX, .label = "More information",
         .help = "A URI with more about this failure"},
	{"failureReasonCode", &property_text, DETAIL(detail.reason),
         .max = SESSION_REASON_MAX, .label = "Reason",
         .help = "The cause in words or as a code"},
};

static const struct property_table detail_table = {
	PROPERTY_ROWS(detail_rows),
	.name = "TlsFailureDetails",
	.size = sizeof(struct report_detail),
};

/* --- TlsReportPolicy --- */

#define POLICY(member) .offset = offsetof(struct report_policy, member)

static const struct property policy_rows[] = {
	{"policyType", &property_enum, POLICY(type), .need = JSON_MUST,
         .words = &words_policies, .label = "Policy",
         .help = "The kind of policy that applied"},
	{"policyStrings", &property_texts,
         LIST(struct report_policy, strings, string_count),
         .label = "Policy text",
         .help = "The lines of the MTA-STS policy, or the TLSA records"},
	{"policyDomain", &property_domain, POLICY(domain), .need = JSON_MUST,
         .label = "Policy domain",
         .help = "The domain that the policy was found for"},
	{"mxHosts", &property_patterns,
         LIST(struct report_policy, mx_hosts, mx_count), .label = "MX patterns",
         .help = "The MX hosts that the policy names"},
	{"totalSuccessfulSessions", &property_count, POLICY(success),
         .label = "Successful sessions",
         .help = "How many sessions met the policy"},
	{"totalFailedSessions", &property_count, POLICY(failure),
         .label = "Failed sessions",
         .help = "How many sessions did not meet it"},
	{"failureDetails", &property_objects,
         LIST(struct report_policy, details, detail_count),
         .items = &detail_table, .label = "Failures",
         .help = "The kinds of failure, with their counts"},
};

const struct property_table object_policy_table = {
	PROPERTY_ROWS(policy_rows),
	.name = "TlsReportPolicy",
	.size = sizeof(struct report_policy),
};

/* --- TlsReport --- */

#define REPORT(member) .offset = offsetof(struct report, member)

static const struct property report_rows[] = {
	{"organizationName", &property_text, REPORT(organization_name),
         .max = SESSION_STRING_MAX, .label = "Organization",
         .help = "Who sends the report; without it the submitter of the "
                 "settings"},
	{"contactInfo", &property_text, REPORT(contact_info),
         .max = SESSION_REASON_MAX, .label = "Contact",
         .help = "How the sender of the report can be reached"},
	{"reportId", &property_text, REPORT(report_id),
         .max = REPORT_ID_TEXT - 1, .label = "Report id",
         .help = "The id that the report bears"},
	{"dateRangeStart", &property_time, REPORT(start), .need = JSON_MUST,
         .label = "From", .help = "The first moment that the report is about"},
	{"dateRangeEnd", &property_time, REPORT(end), .need = JSON_MUST,
         .label = "Until", .help = "The last moment that the report is about"},
	{"policies", &property_objects,
         LIST(struct report, policies, policy_count),
         .items = &object_policy_table, .label = "Policies",
         .help = "The policies that applied, with their sessions"},
};

static void check_report(const struct json_at *at, const void *thing)
{
	const struct report *report = thing;
	struct json_at end = {.in = at->in, .up = at, .name = "dateRangeEnd"};

	if (report->end < report->start)
		json_at_fail(&end, ERR_PARSE, "before dateRangeStart");
}

const struct property_table object_report_table = {
	PROPERTY_ROWS(report_rows),
	.name = "TlsReport",
	.size = sizeof(struct report),
	.check = check_report,
};

/* A report has memory of its own: it outlives the object that it came in. */
static void read_report(const struct json_at *at, const struct property *row,
                        struct arena *mem, void *field)
{
	struct report *report = *(struct report **)field;

	(void)mem;
	if (!json_is_object(at->json))
		json_at_fail(at, ERR_PARSE, "not an object");
	else
		property_table_read(at, row->items, &report->mem, report);
}

static json_t *write_report(const struct property *row, const void *field)
{
	return property_table_write(row->items, *(struct report *const *)field);
}

const struct property_kind object_report_kind = {read_report, write_report,
                                                 NULL};

/* --- destinations --- */

static const struct property try_rows[] = {
	{"at", &property_moment, .offset = offsetof(struct object_try, at),
         .label = "Time", .help = "When it was tried"},
	{"answer", &property_word,
         .offset = offsetof(struct object_try, answer), .label = "Answer",
         .help = "What the receiving server said"},
};

static const struct property_table try_table = {
	PROPERTY_ROWS(try_rows),
	.name = "TlsReportAttempt",
	.size = sizeof(struct object_try),
};

#define DESTINATION(member)                                                    \
	.offset = offsetof(struct object_destination, member)

static const struct property destination_rows[] = {
	{"uri", &property_word, DESTINATION(uri), .label = "Address",
         .help = "Where the report goes"},
	{"state", &property_made_enum, DESTINATION(state),
         .words = &words_states, .label = "State",
         .help = "What became of it there"},
	{"attempts", &property_uint, DESTINATION(attempts), .label = "Attempts",
         .help = "How often it was tried"},
	{"lastAttempt", &property_moment, DESTINATION(last_attempt),
         .label = "Last attempt", .help = "When it was tried last"},
	{"nextAttempt", &property_moment, DESTINATION(next_attempt),
         .label = "Next attempt", .help = "When it is tried next"},
	{"uncertain", &property_made_bool, DESTINATION(uncertain),
         .label = "Uncertain",
         .help = "Whether an answer was lost, so that it may have arrived"},
	{"copy", &property_made_bool, DESTINATION(is_copy), .label = "Copy",
         .help = "Whether it is a copy for this site itself"},
	{"lastAnswer", &property_word, DESTINATION(last_answer),
         .label = "Last answer", .help = "What the receiving server said last"},
	{"history", &property_made_objects,
         LIST(struct object_destination, tries, try_count), .items = &try_table,
         .label = "History", .help = "The last attempts"},
	{"blobId", &property_word, DESTINATION(blob), .label = "Blob",
         .help = "What is sent there"},
};

static const struct property_table destination_table = {
	PROPERTY_ROWS(destination_rows),
	.name = "TlsReportDestination",
	.size = sizeof(struct object_destination),
};

/* --- TlsInternalReport --- */

#define OBJECT(member) .offset = offsetof(struct internal_report, member)

static const struct property object_rows[] = {
	{"id", &property_id, OBJECT(id), .label = "Id",
         .help = "The id of the object"},
	{"policyIdentifiers", &property_identifiers,
         LIST(struct internal_report, policy_ids, policy_id_count),
         .max = OBJECT_POLICY_IDS_MAX, .label = "Policy identifiers",
         .help = "The numbers of the policies that the report was made of"},
	{"mailRua", &property_addresses,
         LIST(struct internal_report, mail_rua, mail_count),
         .max = OBJECT_LIST_MAX, .label = "Mail addresses",
         .help = "The addresses that get the report by mail"},
	{"httpRua", &property_uris,
         LIST(struct internal_report, http_rua, http_count),
         .max = OBJECT_LIST_MAX, .label = "HTTPS addresses",
         .help = "The URIs that get the report by HTTPS"},
	{"report", &object_report_kind, OBJECT(report), .need = JSON_MUST,
         .items = &object_report_table, .label = "Report",
         .help = "The report itself (RFC 8460)"},
	{"domain", &property_domain, OBJECT(domain), .need = JSON_MUST,
         .label = "Domain",
         .help = "The policy domain that the report is about"},
	{"createdAt", &property_time, OBJECT(created_at), .need = JSON_MUST,
         .label = "Created", .help = "When the report was made"},
	{"deliverAt", &property_time, OBJECT(deliver_at), .need = JSON_MUST,
         .label = "Deliver at", .help = "When delivery is due"},
	{"day", &property_word, OBJECT(day), .label = "Day",
         .help = "The UTC day that the report is about"},
	{"doneAt", &property_moment, OBJECT(done_at), .label = "Done",
         .help = "When it left the outbox"},
	{"status", &property_word, OBJECT(status), .words = &words_statuses,
         .label = "Status", .help = "What becomes of the report"},
	{"successfulSessions", &property_uint, OBJECT(success),
         .label = "Successful sessions", .help = "Of all policies together"},
	{"failedSessions", &property_uint, OBJECT(failure),
         .label = "Failed sessions", .help = "Of all policies together"},
	{"missingHosts", &property_word, OBJECT(missing),
         .label = "Missing hosts",
         .help = "Hosts whose counts are not in the report: they had not sent "
                 "the day when it was made"},
	{"jsonBlobId", &property_word, OBJECT(json_blob), .label = "JSON",
         .help = "The report as JSON"},
	{"gzipBlobId", &property_word, OBJECT(gzip_blob),
         .label = "JSON, compressed",
         .help = "The report as it is attached or posted"},
	{"destinations", &property_made_objects,
         LIST(struct internal_report, destinations, destination_count),
         .items = &destination_table, .label = "Destinations",
         .help = "What became of the report at each address"},
};

const struct property_table object_table = {
	PROPERTY_ROWS(object_rows),
	.name = "x:TlsInternalReport",
	.size = sizeof(struct internal_report),
};

struct internal_report *object_new(void)
{
	struct internal_report *object = xcalloc(1, sizeof(*object));

	arena_init(&object->mem);
	object->report = report_new();
	return object;
}

void object_free(struct internal_report **object)
{
	if (*object == NULL)
		return;
	report_free(&(*object)->report);
	arena_clear(&(*object)->mem);
	free(*object);
	*object = NULL;
}

void object_reset(struct internal_report *object)
{
	struct report *report = object->report;
	struct arena mem = object->mem;

	report_reset(report);
	arena_reset(&mem);
	*object = (struct internal_report){.report = report, .mem = mem};
}

json_t *object_write(const struct internal_report *object)
{
	return property_table_write(&object_table, object);
}

int object_read(json_t *json, struct internal_report *object, json_t *paths,
                struct err *err)
{
	struct json_in in = {.err = err, .paths = paths};
	struct json_at root = json_at_root(&in, json);

	object_reset(object);
	property_table_read(&root, &object_table, &object->mem, object);
	/* half an object is none */
	if (in.class != 0)
		object_reset(object);
	return in.class;
}
