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
         .words = &words_results, .need = JSON_MUST},
	{"sendingMtaIp", &property_ip, DETAIL(detail.sending_ip)},
	{"receivingMxHostname", &property_text, DETAIL(detail.mx_host),
         .max = SESSION_STRING_MAX},
	{"receivingMxHelo", &property_text, DETAIL(detail.mx_helo),
         .max = SESSION_STRING_MAX},
	{"receivingIp", &property_ip, DETAIL(detail.receiving_ip)},
	{"failedSessionCount", &property_count, DETAIL(count)},
	{"additionalInformation", &property_text, DETAIL(detail.additional),
         .max = SESSION_REASON_MAX},
	{"failureReasonCode", &property_text, DETAIL(detail.reason),
         .max = SESSION_REASON_MAX},
};

static const struct property_table detail_table = {
	PROPERTY_ROWS(detail_rows),
	.size = sizeof(struct report_detail),
};

/* --- TlsReportPolicy --- */

#define POLICY(member) .offset = offsetof(struct report_policy, member)

static const struct property policy_rows[] = {
	{"policyType", &property_enum, POLICY(type), .need = JSON_MUST,
         .words = &words_policies},
	{"policyStrings", &property_texts,
         LIST(struct report_policy, strings, string_count)},
	{"policyDomain", &property_domain, POLICY(domain), .need = JSON_MUST},
	{"mxHosts", &property_patterns,
         LIST(struct report_policy, mx_hosts, mx_count)},
	{"totalSuccessfulSessions", &property_count, POLICY(success)},
	{"totalFailedSessions", &property_count, POLICY(failure)},
	{"failureDetails", &property_objects,
         LIST(struct report_policy, details, detail_count),
         .items = &detail_table},
};

const struct property_table object_policy_table = {
	PROPERTY_ROWS(policy_rows),
	.size = sizeof(struct report_policy),
};

/* --- TlsReport --- */

#define REPORT(member) .offset = offsetof(struct report, member)

static const struct property report_rows[] = {
	{"organizationName", &property_text, REPORT(organization_name),
         .max = SESSION_STRING_MAX},
	{"contactInfo", &property_text, REPORT(contact_info),
         .max = SESSION_REASON_MAX},
	{"reportId", &property_text, REPORT(report_id),
         .max = REPORT_ID_TEXT - 1},
	{"dateRangeStart", &property_time, REPORT(start), .need = JSON_MUST},
	{"dateRangeEnd", &property_time, REPORT(end), .need = JSON_MUST},
	{"policies", &property_objects,
         LIST(struct report, policies, policy_count),
         .items = &object_policy_table},
};

static void check_report(const struct json_at *at, const void *thing)
{
	const struct report *report = thing;
	struct json_at end = {.in = at->in, .up = at, .name = "dateRangeEnd"};

	if (report->end < report->start)
		json_at_fail(&end, ERR_PARSE, "before dateRangeStart");
}

static const struct property_table report_table = {
	PROPERTY_ROWS(report_rows),
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

static const struct property_kind kind_report = {read_report, write_report,
                                                 NULL};

/* --- destinations --- */

static const struct property try_rows[] = {
	{"at", &property_moment, .offset = offsetof(struct object_try, at)},
	{"answer", &property_word,
         .offset = offsetof(struct object_try, answer)},
};

static const struct property_table try_table = {
	PROPERTY_ROWS(try_rows),
	.size = sizeof(struct object_try),
};

#define DESTINATION(member)                                                    \
	.offset = offsetof(struct object_destination, member)

static const struct property destination_rows[] = {
	{"uri", &property_word, DESTINATION(uri)},
	{"state", &property_made_enum, DESTINATION(state),
         .words = &words_states},
	{"attempts", &property_uint, DESTINATION(attempts)},
	{"lastAttempt", &property_moment, DESTINATION(last_attempt)},
	{"nextAttempt", &property_moment, DESTINATION(next_attempt)},
	{"uncertain", &property_made_bool, DESTINATION(uncertain)},
	{"copy", &property_made_bool, DESTINATION(is_copy)},
	{"lastAnswer", &property_word, DESTINATION(last_answer)},
	{"history", &property_made_objects,
         LIST(struct object_destination, tries, try_count),
         .items = &try_table},
	{"blobId", &property_word, DESTINATION(blob)},
};

static const struct property_table destination_table = {
	PROPERTY_ROWS(destination_rows),
	.size = sizeof(struct object_destination),
};

/* --- TlsInternalReport --- */

#define OBJECT(member) .offset = offsetof(struct internal_report, member)

static const struct property object_rows[] = {
	{"id", &property_id, OBJECT(id)},
	{"policyIdentifiers", &property_identifiers,
         LIST(struct internal_report, policy_ids, policy_id_count),
         .max = OBJECT_POLICY_IDS_MAX},
	{"mailRua", &property_addresses,
         LIST(struct internal_report, mail_rua, mail_count),
         .max = OBJECT_LIST_MAX},
	{"httpRua", &property_uris,
         LIST(struct internal_report, http_rua, http_count),
         .max = OBJECT_LIST_MAX},
	{"report", &kind_report, OBJECT(report), .need = JSON_MUST,
         .items = &report_table},
	{"domain", &property_domain, OBJECT(domain), .need = JSON_MUST},
	{"createdAt", &property_time, OBJECT(created_at), .need = JSON_MUST},
	{"deliverAt", &property_time, OBJECT(deliver_at), .need = JSON_MUST},
	{"day", &property_word, OBJECT(day)},
	{"doneAt", &property_moment, OBJECT(done_at)},
	{"status", &property_word, OBJECT(status)},
	{"successfulSessions", &property_uint, OBJECT(success)},
	{"failedSessions", &property_uint, OBJECT(failure)},
	{"jsonBlobId", &property_word, OBJECT(json_blob)},
	{"gzipBlobId", &property_word, OBJECT(gzip_blob)},
	{"destinations", &property_made_objects,
         LIST(struct internal_report, destinations, destination_count),
         .items = &destination_table},
};

const struct property_table object_table = {
	PROPERTY_ROWS(object_rows),
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
