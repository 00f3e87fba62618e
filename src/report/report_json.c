#include "report/report_json.h"

#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/json.h"
#include "base/json_out.h"
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

/* --- writing --- */

/* NULL: it is left out. */
static void put_text(struct json_out *json, const char *name, const char *text)
{
	if (text != NULL)
		json_out_text(json, name, text);
}

static void put_count(struct json_out *json, const char *name, uint64_t count)
{
	json_out_uint(json, name,
	              count < JSON_UINT_MAX ? count : JSON_UINT_MAX);
}

static void put_time(struct json_out *json, const char *name, int64_t time)
{
	char text[TIME_TEXT];

	json_out_text(json, name, day_format_time(time, text));
}

/* Those that may be sent, or with `may` NULL all.  A list without items says no
 * more than none. */
static void put_list(struct json_out *json, const char *name,
                     const struct report_policy *policy,
                     const char *const *texts, size_t count,
                     bool (*may)(const struct report_policy *policy,
                                 const char *text))
{
	struct json_out before = *json;
	size_t len = json->out->len;
	bool any = false;

	json_out_begin(json, name, '[');
	for (size_t i = 0; i < count; i++)
		if (may == NULL || may(policy, texts[i]))
			any |= json_out_text(json, NULL, texts[i]);
	json_out_end(json, ']');
	if (any)
		return;
	strbuf_cut(json->out, len);
	*json = before;
}

static void put_policy(struct json_out *json,
                       const struct report_policy *policy, bool wire)
{
	json_out_begin(json, "policy", '{');
	put_text(json, "policy-type",
	         word_rfc(&words_policies,
	                  wire ? sent_type(policy->type) : policy->type));
	put_list(json, "policy-string", policy, policy->strings,
	         policy->string_count, wire ? string_may_be_sent : NULL);
	put_text(json, "policy-domain", policy->domain);
	put_list(json, "mx-host", policy, policy->mx_hosts, policy->mx_count,
	         wire ? mx_may_be_sent : NULL);
	json_out_end(json, '}');
}

static void put_detail_text(struct json_out *json,
                            const struct failure_detail *detail,
                            const struct detail_text *row, bool wire)
{
	const char *text = detail_text_get(detail, row);

	if (text != NULL && (!wire || row->may_be_sent(text)))
		put_text(json, row->rfc, text);
}

static void put_detail(struct json_out *json,
                       const struct report_detail *detail, bool wire)
{
	const struct failure_detail *d = &detail->detail;

	json_out_begin(json, NULL, '{');
	put_text(json, "result-type",
	         word_rfc(&words_results,
	                  wire ? sent_result(d->result) : d->result));
	for (size_t i = 0; i < DETAIL_TEXTS_OF_PEER; i++)
		put_detail_text(json, d, &detail_text_rows[i], wire);
	put_count(json, "failed-session-count", detail->count);
	for (size_t i = DETAIL_TEXTS_OF_PEER; i < DETAIL_TEXTS; i++)
		put_detail_text(json, d, &detail_text_rows[i], wire);
	json_out_end(json, '}');
}

static void put_details(struct json_out *json,
                        const struct report_policy *policy, bool wire)
{
	json_out_begin(json, "failure-details", '[');
	for (size_t i = 0; i < policy->detail_count; i++) {
		const struct report_detail *detail = &policy->details[i];

		if (!wire || detail_may_be_sent(detail))
			put_detail(json, detail, wire);
	}
	json_out_end(json, ']');
}

static void put_policies(struct json_out *json, const struct report *report,
                         bool wire)
{
	json_out_begin(json, "policies", '[');
	for (size_t i = 0; i < report->policy_count; i++) {
		const struct report_policy *policy = &report->policies[i];

		json_out_begin(json, NULL, '{');
		put_policy(json, policy, wire);
		json_out_begin(json, "summary", '{');
		put_count(json, "total-successful-session-count",
		          policy->success);
		put_count(json, "total-failure-session-count", policy->failure);
		json_out_end(json, '}');
		put_details(json, policy, wire);
		json_out_end(json, '}');
	}
	json_out_end(json, ']');
}

void report_json_write(const struct report *report, bool wire,
                       struct strbuf *out)
{
	const char *contact = report->contact_info;
	struct json_out json = json_out_into(out);

	if (wire && contact != NULL && !detail_text_is_plain(contact))
		contact = NULL;
	json_out_begin(&json, NULL, '{');
	put_text(&json, "organization-name",
	         wire ? sent_organization(report) : report->organization_name);
	json_out_begin(&json, "date-range", '{');
	put_time(&json, "start-datetime", report->start);
	put_time(&json, "end-datetime", report->end);
	json_out_end(&json, '}');
	put_text(&json, "contact-info", contact);
	put_text(&json, "report-id", report->report_id);
	put_policies(&json, report, wire);
	json_out_end(&json, '}');
}

void report_json_write_pretty(const struct report *report, bool wire,
                              struct strbuf *out)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	auto_(json_free) json_t *json = NULL;

	report_json_write(report, wire, &text);
	json = json_read(text.data, text.len, false, NULL);
	if (json != NULL)
		json_write_pretty(json, out);
	else
		out->failed = true;
}
