#include "received/received_report.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/json.h"
#include "base/json_at.h"
#include "base/json_lax.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "session/detail_text.h"

enum {
	WORD_SHOWN = 60, /* bytes of a foreign word in a problem */
	/* A day that begins at somebody's midnight, in the night in which the
	 * clocks are set back. */
	LONGEST_DAY = 25 * 3600,
};

void received_report_init(struct received_report *received)
{
	*received = (struct received_report){.report = report_new()};
}

void received_report_clear(struct received_report *received)
{
	report_free(&received->report);
}

/* --- what was odd --- */

static void note(struct received_report *received, const struct json_at *at,
                 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void note(struct received_report *received, const struct json_at *at,
                 const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct arena *mem = &received->report->mem;
	size_t len;
	va_list ap;
	char *whole;

	if (received->problem_count == RECEIVED_PROBLEMS_MAX) {
		received->problems_left_out++;
		return;
	}
	json_at_path(at, &text);
	if (text.len > 0)
		strbuf_puts(&text, ": ");
	va_start(ap, fmt);
	strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	/* a word may be cut within a character */
	whole = utf8_repair(mem, strbuf_text(&text), text.len, &len);
	received->problems[received->problem_count++] = whole;
}

/* --- members of any type --- */

static struct json_at member(struct received_report *received,
                             const struct json_at *object, const char *name,
                             enum json_need need)
{
	struct json_at at = json_at_any(object, name, JSON_MAY);

	if (at.json != NULL || object->json == NULL)
		return at;
	if (json_object_get(object->json, name) != NULL)
		note(received, &at, "null");
	else if (need == JSON_MUST)
		note(received, &at, "missing");
	return at;
}

/* The same; what is not of the type is absent. */
static struct json_at member_of(struct received_report *received,
                                const struct json_at *object, const char *name,
                                json_type type, const char *type_words,
                                enum json_need need)
{
	struct json_at at = member(received, object, name, need);

	if (at.json != NULL && json_typeof(at.json) != type) {
		note(received, &at, "not %s", type_words);
		at.json = NULL;
	}
	return at;
}

static const char *text_at(struct received_report *received,
                           const struct json_at *at, size_t max)
{
	struct arena *mem = &received->report->mem;
	size_t len;

	if (json_is_integer(at->json)) {
		note(received, at, "a number instead of a text");
		return arena_printf(mem, "%" JSON_INTEGER_FORMAT,
		                    json_integer_value(at->json));
	}
	if (at->json == NULL || !json_is_string(at->json)) {
		if (at->json != NULL)
			note(received, at, "not a text");
		return NULL;
	}
	len = json_string_length(at->json);
	if (len > max)
		note(received, at, "%zu bytes long, cut to %zu", len, max);
	return utf8_clean(mem, json_string_value(at->json), len, max);
}

static const char *read_text(struct received_report *received,
                             const struct json_at *object, const char *name,
                             size_t max, enum json_need need)
{
	struct json_at at = member(received, object, name, need);

	return text_at(received, &at, max);
}

/* Digits in a text, and 3.0, are counts, too. */
static bool count_at(const struct json_at *at, uint64_t *count)
{
	double real;

	if (json_is_integer(at->json) && json_integer_value(at->json) >= 0) {
		*count = (uint64_t)json_integer_value(at->json);
		return true;
	}
	if (json_is_string(at->json))
		return json_uint_parse(json_string_value(at->json), count);
	real = json_is_real(at->json) ? json_real_value(at->json) : -1;
	if (real < 0 || real > (double)JSON_UINT_MAX)
		return false;
	*count = (uint64_t)real;
	return (double)*count >= real; /* nothing behind the point */
}

static bool read_count(struct received_report *received,
                       const struct json_at *object, const char *name,
                       uint64_t *count)
{
	struct json_at at = member(received, object, name, JSON_MUST);

	*count = 0;
	if (at.json == NULL)
		return false;
	if (!count_at(&at, count)) {
		note(received, &at, "not a count");
		return false;
	}
	if (!json_is_integer(at.json))
		note(received, &at, "not written as a whole number");
	return true;
}

/* How a text of a list becomes what we keep; NULL: as it came. */
typedef const char *form_fn(struct received_report *received,
                            const struct json_at *at, const char *text);

static const char **read_list(struct received_report *received,
                              const struct json_at *object, const char *name,
                              size_t max, form_fn *form, size_t *count)
{
	struct json_at list = member(received, object, name, JSON_MAY);
	bool is_list = list.json == NULL || json_is_array(list.json);
	size_t most = is_list ? json_at_count(&list) : 1;
	const char **texts =
		arena_array(&received->report->mem, most, sizeof(*texts));

	*count = 0;
	if (!is_list)
		note(received, &list, "not a list");
	for (size_t i = 0; i < most; i++) {
		struct json_at item = {.in = list.in, .up = &list, .index = i};
		const struct json_at *at = is_list ? &item : &list;
		const char *text;

		item.json = json_array_get(list.json, i);
		text = text_at(received, at, max);
		if (text == NULL)
			continue;
		texts[(*count)++] =
			form != NULL ? form(received, at, text) : text;
	}
	return texts;
}

/* --- names and addresses --- */

static const char *domain_form(struct received_report *received,
                               const struct json_at *at, const char *text)
{
	char canonical[DOMAIN_TEXT];
	struct err why;

	if (domain_canonical(text, strlen(text), canonical, &why) == 0)
		return arena_strdup(&received->report->mem, canonical);
	note(received, at, "%s", why.text);
	return text;
}

/* Some write the policy file's line, "mx: mx.example.com". */
static const char *pattern_form(struct received_report *received,
                                const struct json_at *at, const char *text)
{
	char canonical[DOMAIN_TEXT];
	struct span name = span_of(text);
	struct err why;

	if (span_skip(&name, "mx:")) {
		note(received, at, "begins with 'mx:'");
		name = span_trim(name);
	}
	if (domain_pattern_canonical(name.at, name.len, canonical, &why) == 0)
		return arena_strdup(&received->report->mem, canonical);
	note(received, at, "%s", why.text);
	return arena_strndup(&received->report->mem, name.at, name.len);
}

/* A host or an address in the one spelling, if it is one. */
static const char *detail_form(struct received_report *received,
                               const struct detail_text *row, const char *text)
{
	struct arena *mem = &received->report->mem;
	char address[INET6_ADDRSTRLEN], host[DOMAIN_TEXT];

	if (row->offset == offsetof(struct failure_detail, sending_ip) ||
	    row->offset == offsetof(struct failure_detail, receiving_ip))
		return domain_ip_canonical(text, address)
		               ? arena_strdup(mem, address)
		               : text;
	if (row->offset == offsetof(struct failure_detail, mx_host))
		return domain_canonical(text, strlen(text), host, NULL) == 0
		               ? arena_strdup(mem, host)
		               : text;
	return text;
}

/* --- the report from its parts to its whole --- */

static int read_word(struct received_report *received,
                     const struct json_at *object, const char *name,
                     const struct vocabulary *words, int other)
{
	struct json_at at = member(received, object, name, JSON_MUST);
	const char *word = text_at(received, &at, SESSION_STRING_MAX);
	int number;

	if (word == NULL)
		return other;
	number = word_find_rfc(words, word);
	if (number >= 0)
		return number;
	note(received, &at, "unknown, '%.*s'", WORD_SHOWN, word);
	return other;
}

static void read_detail(struct received_report *received,
                        const struct json_at *at, struct report_detail *detail)
{
	detail->detail.result = (enum result_type)read_word(
		received, at, "result-type", &words_results, RESULT_OTHER);
	for (size_t i = 0; i < DETAIL_TEXTS; i++) {
		const struct detail_text *row = &detail_text_rows[i];
		const char *text = read_text(received, at, row->rfc,
		                             SESSION_REASON_MAX, JSON_MAY);

		if (text != NULL)
			detail_text_set(&detail->detail, row,
			                detail_form(received, row, text));
	}
	read_count(received, at, "failed-session-count", &detail->count);
}

/* At most UINT64_MAX. */
static uint64_t add(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

/* Its failed sessions by the details. */
static uint64_t read_details(struct received_report *received,
                             const struct json_at *at,
                             struct report_policy *policy)
{
	struct json_at list = member_of(received, at, "failure-details",
	                                JSON_ARRAY, "a list", JSON_MAY);
	size_t count = json_at_count(&list);
	uint64_t failed = 0;

	policy->details = arena_array(&received->report->mem, count,
	                              sizeof(*policy->details));
	for (size_t i = 0; i < count; i++) {
		struct json_at item = {.in = list.in, .up = &list, .index = i};

		item.json = json_array_get(list.json, i);
		if (!json_is_object(item.json)) {
			note(received, &item, "not an object");
			continue;
		}
		read_detail(received, &item,
		            &policy->details[policy->detail_count]);
		failed = add(failed,
		             policy->details[policy->detail_count++].count);
	}
	return failed;
}

static void read_sums(struct received_report *received,
                      const struct json_at *at, uint64_t failed_by_details,
                      struct report_policy *policy)
{
	struct json_at summary = member_of(received, at, "summary", JSON_OBJECT,
	                                   "an object", JSON_MUST);

	read_count(received, &summary, "total-successful-session-count",
	           &policy->success);
	if (!read_count(received, &summary, "total-failure-session-count",
	                &policy->failure))
		policy->failure = failed_by_details;
	if (policy->failure != failed_by_details && policy->detail_count > 0)
		note(received, at,
		     "%llu failed sessions in total, %llu in the details",
		     (unsigned long long)policy->failure,
		     (unsigned long long)failed_by_details);
}

static void read_policy(struct received_report *received,
                        const struct json_at *at, struct report_policy *policy)
{
	struct json_at what = member_of(received, at, "policy", JSON_OBJECT,
	                                "an object", JSON_MUST);
	struct json_at domain;
	const char *text;

	policy->type = POLICY_OTHER;
	if (what.json != NULL)
		policy->type = (enum policy_type)read_word(
			received, &what, "policy-type", &words_policies,
			POLICY_OTHER);
	policy->strings = read_list(received, &what, "policy-string",
	                            SESSION_POLICY_STRING_MAX, NULL,
	                            &policy->string_count);
	domain = member(received, &what, "policy-domain", JSON_MUST);
	text = text_at(received, &domain, SESSION_STRING_MAX);
	if (text != NULL)
		policy->domain = domain_form(received, &domain, text);
	policy->mx_hosts =
		read_list(received, &what, "mx-host", SESSION_STRING_MAX,
	                  pattern_form, &policy->mx_count);
	read_sums(received, at, read_details(received, at, policy), policy);
}

static void read_policies(struct received_report *received,
                          const struct json_at *list)
{
	struct report *report = received->report;
	size_t count = json_at_count(list);

	report->policies =
		arena_array(&report->mem, count, sizeof(*report->policies));
	for (size_t i = 0; i < count; i++) {
		struct json_at item = {.in = list->in, .up = list, .index = i};

		item.json = json_array_get(list->json, i);
		if (json_is_object(item.json))
			read_policy(received, &item,
			            &report->policies[report->policy_count++]);
		else
			note(received, &item, "not an object");
	}
	if (report->policy_count == 0)
		note(received, list, "empty");
}

/* --- the day --- */

/* With or without a zone, or the day alone: its first second. */
static bool time_at(struct received_report *received, const struct json_at *at,
                    int64_t *time)
{
	const char *text = text_at(received, at, SESSION_STRING_MAX);
	int32_t day;

	if (text == NULL)
		return false;
	if (day_parse_time(text, time, NULL) == 0)
		return true;
	if (day_parse_time(arena_printf(&received->report->mem, "%sZ", text),
	                   time, NULL) == 0) {
		note(received, at, "has no time zone, read as UTC");
		return true;
	}
	if (day_parse(text, &day, NULL) == 0) {
		note(received, at, "has no time of day");
		*time = day_start(day);
		return true;
	}
	note(received, at, "not a time, '%.*s'", WORD_SHOWN, text);
	return false;
}

static void read_day(struct received_report *received,
                     const struct json_at *range)
{
	struct report *report = received->report;
	int64_t secs = report->end - report->start;

	received->day = day_of(report->start);
	if (secs < 0)
		note(received, range, "ends before it begins");
	else if (secs > LONGEST_DAY)
		note(received, range, "%lld days long",
		     (long long)(secs / DAY_SECS + (secs % DAY_SECS > 0)));
	else
		received->day = day_of(report->start + secs / 2);
	if (secs >= 0 && secs <= LONGEST_DAY &&
	    report->start != day_start(received->day))
		note(received, range, "does not begin at 00:00 UTC");
	else if (secs == DAY_SECS)
		note(received, range, "ends at 00:00 of the next day");
}

static int read_range(struct received_report *received,
                      const struct json_at *root, struct err *err)
{
	struct json_at range = member_of(received, root, "date-range",
	                                 JSON_OBJECT, "an object", JSON_MUST);
	struct json_at start =
		member(received, &range, "start-datetime", JSON_MUST);
	struct json_at end =
		member(received, &range, "end-datetime", JSON_MUST);

	if (!time_at(received, &start, &received->report->start))
		return err_set(err, ERR_PARSE, "date-range.start-datetime: %s",
		               start.json != NULL ? "not a time" : "missing");
	if (!time_at(received, &end, &received->report->end))
		received->report->end =
			day_end(day_of(received->report->start));
	read_day(received, &range);
	return 0;
}

static int read_report(struct received_report *received,
                       const struct json_at *root, struct err *err)
{
	struct json_at policies = json_at_any(root, "policies", JSON_MAY);
	struct report *report = received->report;

	if (!json_is_object(root->json) || !json_is_array(policies.json))
		return err_set(err, ERR_PARSE,
		               "not a report: it has no list 'policies'");
	report->organization_name =
		read_text(received, root, "organization-name",
	                  SESSION_STRING_MAX, JSON_MUST);
	report->contact_info = read_text(received, root, "contact-info",
	                                 SESSION_STRING_MAX, JSON_MUST);
	report->report_id = read_text(received, root, "report-id",
	                              SESSION_STRING_MAX, JSON_MUST);
	if (read_range(received, root, err) < 0)
		return ERR_PARSE;
	read_policies(received, &policies);
	return 0;
}

/* Text as jansson wants it; what is not UTF-8 is repaired. */
static struct span text_form(struct received_report *received, struct span text)
{
	static const struct json_at top = {0};
	size_t len;
	const char *repaired;

	span_skip(&text, "\xef\xbb\xbf");
	if (utf8_valid(text.at, text.len))
		return text;
	note(received, &top, "not UTF-8");
	repaired = utf8_repair(&received->report->mem, text.at, text.len, &len);
	return (struct span){repaired, len};
}

int received_report_read(struct received_report *received, const char *text,
                         size_t len, struct err *err)
{
	auto_(json_free) json_t *json = NULL;
	struct report *report = received->report;
	struct json_in in = {0};
	struct json_at root = {.in = &in};
	struct span whole;
	int rc;

	report_reset(report);
	*received = (struct received_report){.report = report};
	if (len > RECEIVED_JSON_MAX)
		return err_set(err, ERR_LIMIT,
		               "the report is longer than %d bytes",
		               RECEIVED_JSON_MAX);
	if (json_has_more_values(text, len, RECEIVED_VALUES_MAX))
		return err_set(err, ERR_LIMIT,
		               "the report has more than %d values",
		               RECEIVED_VALUES_MAX);
	whole = text_form(received, (struct span){text, len});
	json = json_lax_read(whole.at, whole.len, JSON_LAX_BIG_TEXT, err);
	if (json == NULL)
		return err_prefix(err, "the report");
	root.json = json;
	rc = read_report(received, &root, err);
	if (rc < 0) {
		report_reset(report);
		*received = (struct received_report){.report = report};
	}
	return rc;
}
