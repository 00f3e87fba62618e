#include "show/lookup_doc.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "domain/rua.h"
#include "domain/tlsrpt_record.h"
#include "show/doc.h"

static void set_status(json_t *object, const char *name,
                       enum view_status status)
{
	json_set_string(object, name, word_api(&words_lookups, status));
}

static void add_strings(json_t *object, const char *name,
                        const char *const *strings, size_t count)
{
	json_t *list = doc_array(object, name);

	for (size_t i = 0; i < count; i++)
		doc_append(list, strings[i]);
}

static void add_tlsrpt(json_t *doc, const struct domain_view *view)
{
	auto_(tlsrpt_record_clear) struct tlsrpt_record record = {0};
	const char *text = view->tlsrpt_record;
	json_t *object = doc_object(doc, "tlsrpt"), *list, *left_out;

	set_status(object, "status", view->tlsrpt);
	doc_set(object, "record", text);
	/* where reports go, and why not elsewhere */
	list = doc_array(object, "destinations");
	left_out = doc_array(object, "leftOut");
	doc_set(object, "problem", view->tlsrpt_problem);
	if (text == NULL ||
	    tlsrpt_record_parse(text, strlen(text), &record, NULL) < 0)
		return;
	for (size_t i = 0; i < record.rua_count; i++)
		doc_append(list, record.ruas[i].uri);
	for (size_t i = 0; i < record.note_count; i++)
		doc_append(left_out, record.notes[i]);
}

static void add_sts(json_t *doc, const struct domain_view *view)
{
	const struct sts_policy *policy = &view->sts_policy;
	json_t *object = doc_object(doc, "mtaSts");

	set_status(object, "record", view->sts_record);
	doc_set(object, "id", view->sts_id);
	set_status(object, "policy", view->sts);
	doc_set(object, "problem", view->sts_problem);
	if (view->sts == VIEW_OK) {
		json_set_string(object, "mode",
		                word_api(&words_sts_modes, policy->mode));
		json_set_uint(object, "maxAge", (uint64_t)policy->max_age);
		add_strings(object, "mx", policy->mx, policy->mx_count);
	}
	if (view->sts == VIEW_OK || view->sts == VIEW_BAD)
		add_strings(object, "policyStrings", policy->lines,
		            policy->line_count);
}

static void add_mx(json_t *doc, const struct domain_view *view)
{
	const struct sts_policy *policy = &view->sts_policy;
	json_t *object = doc_object(doc, "mx"), *list;

	set_status(object, "status", view->mx);
	json_set_bool(object, "secure", view->mx_secure);
	json_set_bool(object, "nullMx", view->null_mx);
	doc_set(object, "problem", view->mx_problem);
	list = doc_array(object, "hosts");
	for (size_t i = 0; i < view->mx_count; i++) {
		const struct view_mx *mx = &view->mxs[i];
		json_t *item = doc_row(list);

		doc_set(item, "host", mx->host);
		json_set_uint(item, "preference", mx->preference);
		if (view->sts == VIEW_OK && policy->mode != STS_NONE)
			json_set_bool(item, "inPolicy",
			              sts_policy_matches(policy, mx->host));
		set_status(item, "tlsa", mx->tlsa);
		add_strings(item, "tlsaRecords", mx->tlsa_strings,
		            mx->tlsa_count);
	}
}

void lookup_doc(const struct domain_view *view, struct arena *arena,
                json_t *doc)
{
	const char **problems;
	size_t count = domain_view_problems(view, arena, &problems);

	doc_set(doc, "domain", view->domain);
	json_set_time(doc, "checkedAt", view->checked_at);
	add_tlsrpt(doc, view);
	add_sts(doc, view);
	add_mx(doc, view);
	add_strings(doc, "problems", problems, count);
}

void lookup_doc_told(const struct policy_answer *answer, bool tlsrpt,
                     json_t *object)
{
	bool is_temp = answer->kind == TOLD_TEMP;
	size_t len =
		tlsrpt || is_temp ? strlen(answer->text) : answer->plain_len;
	auto_(strbuf_clear) struct strbuf text = {0};

	json_set_string(object, "kind", word_api(&words_told, answer->kind));
	strbuf_add(&text, answer->text, len);
	if (len > 0)
		doc_set(object, is_temp ? "temporary" : "answer",
		        strbuf_text(&text));
	doc_set(object, "why", answer->why);
	if (answer->failure != VIEW_OK && answer->failure != VIEW_UNKNOWN)
		set_status(object, "failure", answer->failure);
}

int lookup_doc_verdict(const struct domain_view *view, struct err *err)
{
	if (view->tlsrpt != VIEW_TEMPFAIL || view->mx != VIEW_TEMPFAIL)
		return 0;
	return err_set(err, ERR_BUSY, "no answer from DNS: %s",
	               view->mx_problem);
}
