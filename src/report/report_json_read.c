/* Reading a report, of the store or of anybody, into the struct. */
#include "report/report_json.h"

#include <string.h>

#include "base/auto.h"
#include "base/domain.h"
#include "base/gzip.h"
#include "base/json.h"
#include "base/json_at.h"
#include "session/detail_text.h"

static const char *read_text(const struct json_at *object, const char *name,
                             enum json_need need, struct arena *mem)
{
	const char *text = json_at_string(object, name, need);

	return text ? arena_strdup(mem, text) : NULL;
}

static const char **read_list(const struct json_at *object, const char *name,
                              struct arena *mem, size_t *count)
{
	struct json_at list =
		json_at_member(object, name, JSON_ARRAY, JSON_MAY);
	const char **texts;

	*count = json_at_count(&list);
	texts = arena_array(mem, *count, sizeof(*texts));
	for (size_t i = 0; i < *count; i++) {
		struct json_at item = json_at_item(&list, i, JSON_STRING);

		texts[i] = arena_strdup(
			mem, item.json ? json_string_value(item.json) : "");
	}
	return texts;
}

static const char *read_domain(const struct json_at *object, const char *name,
                               struct arena *mem)
{
	struct json_at at =
		json_at_member(object, name, JSON_STRING, JSON_MUST);
	char canonical[DOMAIN_TEXT];
	const char *text;
	struct err why;

	if (at.json == NULL)
		return NULL;
	text = json_string_value(at.json);
	if (domain_canonical(text, strlen(text), canonical, &why) < 0) {
		json_at_fail_err(&at, &why);
		return NULL;
	}
	return arena_strdup(mem, canonical);
}

static void read_detail(const struct json_at *at, struct arena *mem,
                        struct report_detail *detail)
{
	const char *word = json_at_string(at, "result-type", JSON_MUST);
	int result = word != NULL ? word_find_rfc(&words_results, word) : 0;

	detail->detail.result = (enum result_type)result;
	if (result < 0)
		json_at_fail(at, ERR_PARSE, "unknown result-type '%.60s'",
		             word);
	for (size_t i = 0; i < DETAIL_TEXTS; i++)
		detail_text_set(
			&detail->detail, &detail_text_rows[i],
			read_text(at, detail_text_rows[i].rfc, JSON_MAY, mem));
	detail->count = json_at_uint(at, "failed-session-count", JSON_MUST);
}

static void read_details(const struct json_at *at, struct arena *mem,
                         struct report_policy *policy)
{
	struct json_at list =
		json_at_member(at, "failure-details", JSON_ARRAY, JSON_MAY);

	policy->detail_count = json_at_count(&list);
	policy->details = arena_array(mem, policy->detail_count,
	                              sizeof(*policy->details));
	for (size_t i = 0; i < policy->detail_count; i++) {
		struct json_at item = json_at_item(&list, i, JSON_OBJECT);

		read_detail(&item, mem, &policy->details[i]);
	}
}

static void read_policy(const struct json_at *at, struct arena *mem,
                        struct report_policy *policy)
{
	struct json_at what =
		json_at_member(at, "policy", JSON_OBJECT, JSON_MUST);
	struct json_at summary =
		json_at_member(at, "summary", JSON_OBJECT, JSON_MUST);
	const char *word = json_at_string(&what, "policy-type", JSON_MUST);
	int type = word != NULL ? word_find_rfc(&words_policies, word) : 0;

	policy->type = (enum policy_type)type;
	if (type < 0)
		json_at_fail(&what, ERR_PARSE, "unknown policy-type '%.60s'",
		             word);
	policy->strings =
		read_list(&what, "policy-string", mem, &policy->string_count);
	policy->domain = read_domain(&what, "policy-domain", mem);
	policy->mx_hosts = read_list(&what, "mx-host", mem, &policy->mx_count);
	policy->success = json_at_uint(
		&summary, "total-successful-session-count", JSON_MUST);
	policy->failure = json_at_uint(&summary, "total-failure-session-count",
	                               JSON_MUST);
	read_details(at, mem, policy);
}

static void read_report(const struct json_at *root, struct report *report)
{
	struct arena *mem = &report->mem;
	struct json_at range =
		json_at_member(root, "date-range", JSON_OBJECT, JSON_MUST);
	struct json_at list =
		json_at_member(root, "policies", JSON_ARRAY, JSON_MUST);

	report->organization_name =
		read_text(root, "organization-name", JSON_MAY, mem);
	report->contact_info = read_text(root, "contact-info", JSON_MAY, mem);
	report->report_id = read_text(root, "report-id", JSON_MUST, mem);
	report->start = json_at_time(&range, "start-datetime", JSON_MUST);
	report->end = json_at_time(&range, "end-datetime", JSON_MUST);
	report->policy_count = json_at_count(&list);
	report->policies = arena_array(mem, report->policy_count,
	                               sizeof(*report->policies));
	for (size_t i = 0; i < report->policy_count; i++) {
		struct json_at item = json_at_item(&list, i, JSON_OBJECT);

		read_policy(&item, mem, &report->policies[i]);
	}
}

int report_json_read(const char *text, size_t len, struct report *report,
                     struct err *err)
{
	auto_(json_free) json_t *json = NULL;
	struct json_in in = {.err = err};
	struct json_at root;

	report_reset(report);
	json = json_read(text, len, false, err);
	if (json == NULL)
		return ERR_PARSE;
	root = json_at_root(&in, json);
	read_report(&root, report);
	/* half a report is none */
	if (in.class != 0)
		report_reset(report);
	return in.class;
}

int report_stored_read(const void *gzip, size_t len, struct report *report,
                       struct err *err)
{
	auto_(strbuf_clear) struct strbuf json = {0};

	if (gzip_unpack(gzip, len, REPORT_STORED_MAX, &json, err) < 0 ||
	    report_json_read(json.data, json.len, report, err) < 0)
		return err_prefix(err, "the stored report");
	return 0;
}
