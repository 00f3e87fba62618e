#include "policyd/policy_explain.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "policyd/policy_key.h"
#include "show/doc.h"
#include "show/lookup_doc.h"

static void explain_domain(json_t *doc, const struct policy_source *source,
                           const struct policy_rules *rules, const char *domain,
                           int64_t now)
{
	auto_(arena_clear) struct arena arena = {0};
	struct policy_known known = {
		.domain = domain,
		.override = overrides_find(rules->overrides, span_of(domain)),
		.now = now,
	};
	struct policy_answer answer;
	struct domain_view view;
	struct err err = {0};

	if (known.override == NULL &&
	    source->cached(source->self, domain, &arena, &view, &err) > 0) {
		known.view = &view;
		json_set_time(doc, "checkedAt", view.checked_at);
		json_set_time(doc, "expiresAt", view.expires_at);
	}
	policy_answer_make(&rules->site, &known, &arena, &answer);
	lookup_doc_told(&answer, rules->tlsrpt, doc);
}

/* A next hop: only the table of overrides knows it. */
static void explain_key(json_t *doc, const struct policy_rules *rules,
                        struct span key, const char *why)
{
	const char *text = overrides_find(rules->overrides, key);
	struct policy_answer answer = {.kind = TOLD_OVERRIDE,
	                               .failure = VIEW_OK,
	                               .text = text,
	                               .why = "the table [policyd] overrides "
	                                      "says so"};

	if (text == NULL)
		answer = (struct policy_answer){.kind = TOLD_NONE,
		                                .failure = VIEW_OK,
		                                .text = "",
		                                .why = why};
	answer.plain_len = strlen(answer.text);
	lookup_doc_told(&answer, rules->tlsrpt, doc);
}

char *policy_explain(const struct policy_source *source,
                     const struct policy_rules *rules, const char *key,
                     int64_t now)
{
	auto_(json_free) json_t *doc = json_object();
	struct strbuf out = {0};
	char domain[DOMAIN_TEXT];
	const char *why = policy_key_domain(span_of(key), domain);

	doc_set(doc, "key", key);
	if (why == NULL) {
		doc_set(doc, "domain", domain);
		explain_domain(doc, source, rules, domain, now);
	} else {
		explain_key(doc, rules, span_of(key), why);
	}
	if (!rules->tlsrpt)
		doc_set(doc, "postfix", rules->version);
	json_write(doc, &out);
	return strbuf_take(&out);
}
