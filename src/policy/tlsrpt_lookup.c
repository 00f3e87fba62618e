/* The TLSRPT record: where the domain wants its reports (RFC 8460 section 3).
 */
#include "policy/lookup.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "domain/tlsrpt_record.h"

/* No answer: what was known stays. */
static void keep_old(struct lookup *lookup, const struct dns_answer *answer)
{
	struct domain_view *view = &lookup->view;
	const struct domain_view *old = lookup->old;

	view->tlsrpt = answer->status;
	view->tlsrpt_problem = answer->problem;
	if (!domain_view_is_fact(old->tlsrpt))
		return;
	view->tlsrpt = old->tlsrpt;
	view->tlsrpt_record = old->tlsrpt_record;
	view->tlsrpt_problem = old->tlsrpt_problem;
}

static void bad(struct lookup *lookup, const struct err *err)
{
	lookup->view.tlsrpt = VIEW_BAD;
	lookup->view.tlsrpt_problem = arena_strdup(&lookup->arena, err->text);
}

/* Why URIs of a good record were left out. */
static const char *notes_of(const struct tlsrpt_record *record,
                            struct arena *arena)
{
	struct strbuf words = {0};
	const char *text = NULL;

	for (size_t i = 0; i < record->note_count; i++)
		strbuf_printf(&words, "%s%s", i ? "; " : "", record->notes[i]);
	if (words.len > 0)
		text = arena_strdup(arena, words.data);
	strbuf_clear(&words);
	return text;
}

static void take_record(struct lookup *lookup, const char *text, size_t len)
{
	auto_(tlsrpt_record_clear) struct tlsrpt_record record = {0};
	struct domain_view *view = &lookup->view;
	struct err err = {0};
	size_t kept = len < TLSRPT_RECORD_MAX ? len : TLSRPT_RECORD_MAX;

	view->tlsrpt_record = arena_strndup(&lookup->arena, text, kept);
	if (tlsrpt_record_parse(text, len, &record, &err) < 0) {
		bad(lookup, &err);
		return;
	}
	view->tlsrpt = VIEW_OK;
	view->tlsrpt_problem = notes_of(&record, &lookup->arena);
}

static void choose(struct lookup *lookup, const struct dns_answer *answer)
{
	struct lookup_texts texts = lookup_texts(lookup, answer);
	struct err err = {0};
	size_t which;
	int rc = tlsrpt_record_choose(texts.texts, texts.lens, texts.count,
	                              &which, &err);

	lookup->view.tlsrpt = VIEW_NONE;
	if (rc < 0)
		bad(lookup, &err);
	else if (rc > 0)
		take_record(lookup, texts.texts[which], texts.lens[which]);
}

void tlsrpt_lookup(struct lookup *lookup)
{
	const char *name = arena_printf(&lookup->arena, "_smtp._tls.%s",
	                                lookup->view.domain);
	struct dns_answer answer;

	if (!lookup_ask(lookup, name, DNS_TXT, &answer))
		return;
	if (answer.status == VIEW_TEMPFAIL || answer.status == VIEW_BOGUS)
		keep_old(lookup, &answer);
	else
		choose(lookup, &answer);
}
