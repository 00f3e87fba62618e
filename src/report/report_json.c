#include "report/report_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/json.h"
#include "base/json_at.h"
#include "session/detail_text.h"

/* --- what may be sent --- */

static bool string_may_be_sent(const struct report_policy *policy,
                               const char *text)
{
	if (policy->type == POLICY_TLSA)
		return detail_text_is_tlsa(text);
	return detail_text_is_plain(text);
}

static bool mx_may_be_sent(const struct report_policy *policy, const char *mx)
{
	if (policy->type != POLICY_STS)
		return false;
	if (strncmp(mx, "*.", 2) == 0)
		mx += 2;
	return domain_is_canonical(mx);
}

static bool detail_may_be_sent(const struct report_detail *detail)
{
	return detail->count > 0;
}

static enum policy_type sent_type(enum policy_type type)
{
	return type == POLICY_OTHER ? POLICY_NONE : type;
}

static enum result_type sent_result(enum result_type result)
{
	return result == RESULT_OTHER ? RESULT_VALIDATION_FAILURE : result;
}

/* The domain of contact-info stands in for a name that is not there. */
static const char *sent_organization(const struct report *report)
{
	const char *at;

	if (report->organization_name != NULL &&
	    detail_text_is_plain(report->organization_name))
		return report->organization_name;
	if (report->contact_info == NULL)
		return NULL;
	at = strrchr(report->contact_info, '@');
	return at != NULL && detail_text_is_plain(at + 1) ? at + 1 : NULL;
}

static bool detail_has_other(const struct report_detail *detail)
{
	if (!detail_may_be_sent(detail) ||
	    detail->detail.result != sent_result(detail->detail.result))
		return true;
	for (size_t i = 0; i < DETAIL_TEXTS; i++) {
		const char *text =
			detail_text_get(&detail->detail, &detail_text_rows[i]);

		if (text != NULL && !detail_text_rows[i].may_be_sent(text))
			return true;
	}
	return false;
}

static bool policy_has_other(const struct report_policy *policy)
{
	if (policy->type != sent_type(policy->type))
		return true;
	for (size_t i = 0; i < policy->string_count; i++)
		if (!string_may_be_sent(policy, policy->strings[i]))
			return true;
	for (size_t i = 0; i < policy->mx_count; i++)
		if (!mx_may_be_sent(policy, policy->mx_hosts[i]))
			return true;
	for (size_t i = 0; i < policy->detail_count; i++)
		if (detail_has_other(&policy->details[i]))
			return true;
	return false;
}

bool report_has_other(const struct report *report)
{
	if (sent_organization(report) != report->organization_name)
		return true;
	if (report->contact_info != NULL &&
	    !detail_text_is_plain(report->contact_info))
		return true;
	for (size_t i = 0; i < report->policy_count; i++)
		if (policy_has_other(&report->policies[i]))
			return true;
	return false;
}

/* --- writing: names are ours and ASCII, so nobody checks them again --- */

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new_nocheck(object, name, value))
		abort();
}

/* What is no UTF-8 has no place in JSON. */
static void set_text(json_t *object, const char *name, const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	if (value != NULL)
		set(object, name, value);
}

static void set_count(json_t *object, const char *name, uint64_t count)
{
	if (count > JSON_UINT_MAX)
		count = JSON_UINT_MAX;
	set(object, name, json_integer((json_int_t)count));
}

static void set_time(json_t *object, const char *name, int64_t time)
{
	char text[TIME_TEXT];

	set(object, name, json_string_nocheck(day_format_time(time, text)));
}

/* A list without items says no more than none. */
static void set_list(json_t *object, const char *name, json_t *list)
{
	if (json_array_size(list) > 0)
		set(object, name, list);
	else
		json_decref(list);
}

static void add_text(json_t *list, const char *text)
{
	json_t *value = json_string(text);

	if (value != NULL && json_array_append_new(list, value))
		abort();
}

static json_t *policy_json(const struct report_policy *policy, bool wire)
{
	json_t *json = json_object(), *strings = json_array(),
	       *hosts = json_array();

	for (size_t i = 0; i < policy->string_count; i++)
		if (!wire || string_may_be_sent(policy, policy->strings[i]))
			add_text(strings, policy->strings[i]);
	for (size_t i = 0; i < policy->mx_count; i++)
		if (!wire || mx_may_be_sent(policy, policy->mx_hosts[i]))
			add_text(hosts, policy->mx_hosts[i]);
	set_text(json, "policy-type",
	         word_rfc(&words_policies,
	                  wire ? sent_type(policy->type) : policy->type));
	set_list(json, "policy-string", strings);
	set_text(json, "policy-domain", policy->domain);
	set_list(json, "mx-host", hosts);
	return json;
}

static void set_detail_text(json_t *json, const struct failure_detail *detail,
                            const struct detail_text *row, bool wire)
{
	const char *text = detail_text_get(detail, row);

	if (text != NULL && (!wire || row->may_be_sent(text)))
		set_text(json, row->rfc, text);
}

static json_t *detail_json(const struct report_detail *detail, bool wire)
{
	const struct failure_detail *d = &detail->detail;
	json_t *json = json_object();

	set_text(json, "result-type",
	         word_rfc(&words_results,
	                  wire ? sent_result(d->result) : d->result));
	for (size_t i = 0; i < DETAIL_TEXTS_OF_PEER; i++)
		set_detail_text(json, d, &detail_text_rows[i], wire);
	set_count(json, "failed-session-count", detail->count);
	for (size_t i = DETAIL_TEXTS_OF_PEER; i < DETAIL_TEXTS; i++)
		set_detail_text(json, d, &detail_text_rows[i], wire);
	return json;
}

static json_t *details_json(const struct report_policy *policy, bool wire)
{
	json_t *list = json_array();

	for (size_t i = 0; i < policy->detail_count; i++) {
		const struct report_detail *detail = &policy->details[i];

		if (!wire || detail_may_be_sent(detail))
			json_array_append_new(list, detail_json(detail, wire));
	}
	return list;
}

static json_t *policies_json(const struct report *report, bool wire)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->policy_count; i++) {
		const struct report_policy *policy = &report->policies[i];
		json_t *json = json_object(), *summary = json_object();

		set_count(summary, "total-successful-session-count",
		          policy->success);
		set_count(summary, "total-failure-session-count",
		          policy->failure);
		set(json, "policy", policy_json(policy, wire));
		set(json, "summary", summary);
		set(json, "failure-details", details_json(policy, wire));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *report_json(const struct report *report, bool wire)
{
	const char *contact = report->contact_info;
	json_t *json = json_object();
	json_t *range = json_object();

	if (wire && contact != NULL && !detail_text_is_plain(contact))
		contact = NULL;
	set_text(json, "organization-name",
	         wire ? sent_organization(report) : report->organization_name);
	set_time(range, "start-datetime", report->start);
	set_time(range, "end-datetime", report->end);
	set(json, "date-range", range);
	set_text(json, "contact-info", contact);
	set_text(json, "report-id", report->report_id);
	set(json, "policies", policies_json(report, wire));
	return json;
}

void report_json_write(const struct report *report, bool wire,
                       struct strbuf *out)
{
	auto_(json_free) json_t *json = report_json(report, wire);

	json_write(json, out);
}

void report_json_write_pretty(const struct report *report, bool wire,
                              struct strbuf *out)
{
	auto_(json_free) json_t *json = report_json(report, wire);

	json_write_pretty(json, out);
}
