#include "api/object.h"

#include <stdlib.h>
#include <string.h>

#include "api/property.h"
#include "base/json_at.h"
#include "base/xalloc.h"
#include "report/report_id.h"

#define ROWS(list) .rows = (list), .count = sizeof(list) / sizeof((list)[0])
#define LIST(type, items, item_count)                                          \
	.offset = offsetof(type, items),                                       \
	.count_offset = offsetof(type, item_count) - offsetof(type, items)

/* --- TlsFailureDetails --- */

#define DETAIL(member) .offset = offsetof(struct report_detail, member)

static const struct property detail_rows[] = {
	{"resultType", &kind_enum, DETAIL(detail.result),
         .words = &words_results, .need = JSON_MUST},
	{"sendingMtaIp", &kind_ip, DETAIL(detail.sending_ip)},
	{"receivingMxHostname", &kind_text, DETAIL(detail.mx_host),
         .max = SESSION_STRING_MAX},
	{"receivingMxHelo", &kind_text, DETAIL(detail.mx_helo),
         .max = SESSION_STRING_MAX},
	{"receivingIp", &kind_ip, DETAIL(detail.receiving_ip)},
	{"failedSessionCount", &kind_count, DETAIL(count)},
	{"additionalInformation", &kind_text, DETAIL(detail.additional),
         .max = SESSION_REASON_MAX},
	{"failureReasonCode", &kind_text, DETAIL(detail.reason),
         .max = SESSION_REASON_MAX},
};

static const struct property_table detail_table = {
	ROWS(detail_rows),
	.size = sizeof(struct report_detail),
};

/* --- TlsReportPolicy --- */

#define POLICY(member) .offset = offsetof(struct report_policy, member)

static const struct property policy_rows[] = {
	{"policyType", &kind_enum, POLICY(type), .need = JSON_MUST,
         .words = &words_policies},
	{"policyStrings", &kind_texts,
         LIST(struct report_policy, strings, string_count)},
	{"policyDomain", &kind_domain, POLICY(domain), .need = JSON_MUST},
	{"mxHosts", &kind_patterns,
         LIST(struct report_policy, mx_hosts, mx_count)},
	{"totalSuccessfulSessions", &kind_count, POLICY(success)},
	{"totalFailedSessions", &kind_count, POLICY(failure)},
	{"failureDetails", &kind_objects,
         LIST(struct report_policy, details, detail_count),
         .items = &detail_table},
};

const struct property_table object_policy_table = {
	ROWS(policy_rows),
	.size = sizeof(struct report_policy),
};

/* --- TlsReport --- */

#define REPORT(member) .offset = offsetof(struct report, member)

static const struct property report_rows[] = {
	{"organizationName", &kind_text, REPORT(organization_name),
         .max = SESSION_STRING_MAX},
	{"contactInfo", &kind_text, REPORT(contact_info),
         .max = SESSION_REASON_MAX},
	{"reportId", &kind_text, REPORT(report_id), .max = REPORT_ID_TEXT - 1},
	{"dateRangeStart", &kind_time, REPORT(start), .need = JSON_MUST},
	{"dateRangeEnd", &kind_time, REPORT(end), .need = JSON_MUST},
	{"policies", &kind_objects, LIST(struct report, policies, policy_count),
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
	ROWS(report_rows),
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
		properties_read(at, row->items, &report->mem, report);
}

static json_t *write_report(const struct property *row, const void *field)
{
	return properties_write(row->items, *(struct report *const *)field);
}

static const struct kind kind_report = {read_report, write_report, NULL};

/* --- destinations --- */

static const struct property try_rows[] = {
	{"at", &kind_moment, .offset = offsetof(struct object_try, at)},
	{"answer", &kind_word, .offset = offsetof(struct object_try, answer)},
};

static const struct property_table try_table = {
	ROWS(try_rows),
	.size = sizeof(struct object_try),
};

#define DESTINATION(member)                                                    \
	.offset = offsetof(struct object_destination, member)

static const struct property destination_rows[] = {
	{"uri", &kind_word, DESTINATION(uri)},
	{"state", &kind_made_enum, DESTINATION(state), .words = &words_states},
	{"attempts", &kind_uint, DESTINATION(attempts)},
	{"lastAttempt", &kind_moment, DESTINATION(last_attempt)},
	{"nextAttempt", &kind_moment, DESTINATION(next_attempt)},
	{"uncertain", &kind_made_bool, DESTINATION(uncertain)},
	{"lastAnswer", &kind_word, DESTINATION(last_answer)},
	{"history", &kind_made_objects,
         LIST(struct object_destination, tries, try_count),
         .items = &try_table},
	{"blobId", &kind_word, DESTINATION(blob)},
};

static const struct property_table destination_table = {
	ROWS(destination_rows),
	.size = sizeof(struct object_destination),
};

/* --- TlsInternalReport --- */

#define OBJECT(member) .offset = offsetof(struct internal_report, member)

static const struct property object_rows[] = {
	{"id", &kind_id, OBJECT(id)},
	{"policyIdentifiers", &kind_identifiers,
         LIST(struct internal_report, policy_ids, policy_id_count),
         .max = OBJECT_POLICY_IDS_MAX},
	{"mailRua", &kind_addresses,
         LIST(struct internal_report, mail_rua, mail_count),
         .max = OBJECT_LIST_MAX},
	{"httpRua", &kind_uris,
         LIST(struct internal_report, http_rua, http_count),
         .max = OBJECT_LIST_MAX},
	{"report", &kind_report, OBJECT(report), .need = JSON_MUST,
         .items = &report_table},
	{"domain", &kind_domain, OBJECT(domain), .need = JSON_MUST},
	{"createdAt", &kind_time, OBJECT(created_at), .need = JSON_MUST},
	{"deliverAt", &kind_time, OBJECT(deliver_at), .need = JSON_MUST},
	{"day", &kind_word, OBJECT(day)},
	{"doneAt", &kind_moment, OBJECT(done_at)},
	{"status", &kind_word, OBJECT(status)},
	{"successfulSessions", &kind_uint, OBJECT(success)},
	{"failedSessions", &kind_uint, OBJECT(failure)},
	{"jsonBlobId", &kind_word, OBJECT(json_blob)},
	{"gzipBlobId", &kind_word, OBJECT(gzip_blob)},
	{"destinations", &kind_made_objects,
         LIST(struct internal_report, destinations, destination_count),
         .items = &destination_table},
};

static const struct property_table object_table = {
	ROWS(object_rows),
	.size = sizeof(struct internal_report),
};

const struct property_table *object_properties(void)
{
	return &object_table;
}

struct internal_report *internal_report_new(void)
{
	struct internal_report *object = xcalloc(1, sizeof(*object));

	arena_init(&object->mem);
	object->report = report_new();
	return object;
}

void internal_report_free(struct internal_report **object)
{
	if (*object == NULL)
		return;
	report_free(&(*object)->report);
	arena_clear(&(*object)->mem);
	free(*object);
	*object = NULL;
}

void internal_report_reset(struct internal_report *object)
{
	struct report *report = object->report;
	struct arena mem = object->mem;

	report_reset(report);
	arena_reset(&mem);
	*object = (struct internal_report){.report = report, .mem = mem};
}

json_t *object_write(const struct internal_report *object)
{
	return properties_write(&object_table, object);
}

int object_read(json_t *json, struct internal_report *object, json_t *paths,
                struct err *err)
{
	struct json_in in = {.err = err, .paths = paths};
	struct json_at root = json_at_root(&in, json);

	internal_report_reset(object);
	properties_read(&root, &object_table, &object->mem, object);
	/* half an object is none */
	if (in.class != 0)
		internal_report_reset(object);
	return in.class;
}
