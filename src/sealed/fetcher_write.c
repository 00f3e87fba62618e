/* Writing of fetcher_answer.h. */
#include "sealed/fetcher_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/utf8.h"
#include "sealed/sealed_merge.h"
#include "session/detail_text.h"
#include "session/session.h"
#include "words/words.h"

/* As an event has them in its JSON: equal texts add up. */
struct failure {
	uint64_t hash; /* first, for base/slots.h */
	const struct policy *policy;
	const char *text;
	uint64_t count;
	struct failure *next;
};

struct policy {
	const char *text;
	uint64_t success, failure;
	struct failure *failures, **last;
	struct policy *next;
};

struct texts {
	struct arena mem;
	struct slots failures; /* of all policies */
	struct policy *policies;
};

/* --- as Python's json.dumps() writes --- */

/* ASCII only; jansson's JSON_ENSURE_ASCII has upper-case digits, and leaves
 * DEL as it is. */
static void put_character(struct strbuf *out, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c < 0x80 && c != 0 ? strchr(from, (int)c) : NULL;

	if (at != NULL)
		strbuf_printf(out, "\\%c", to[at - from]);
	else if (c >= 0x20 && c < 0x7f)
		strbuf_putc(out, (char)c);
	else if (c < 0x10000)
		strbuf_printf(out, "\\u%04x", (unsigned)c);
	else
		strbuf_printf(out, "\\u%04x\\u%04x",
		              (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
		              (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
}

static void put_string(struct strbuf *out, const char *text)
{
	strbuf_putc(out, '"');
	while (*text != '\0')
		put_character(out, utf8_next(&text));
	strbuf_putc(out, '"');
}

/* And ", " before all but the first. */
static void put_name(struct strbuf *out, const char *name)
{
	strbuf_printf(out,
	              "%s\"%s\": ", out->data[out->len - 1] == '{' ? "" : ", ",
	              name);
}

static void put_list(struct strbuf *out, const char *name, const char **list,
                     size_t count)
{
	if (count == 0)
		return;
	put_name(out, name);
	for (size_t i = 0; i < count; i++) {
		strbuf_puts(out, i == 0 ? "[" : ", ");
		put_string(out, list[i]);
	}
	strbuf_putc(out, ']');
}

/* Members in the order in which libtlsrpt writes them. */
static const char *policy_text(const struct session_policy *policy,
                               struct arena *mem)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	int64_t type = words_policies.words[policy->type].libtlsrpt;

	if (type == 0)
		type = words_policies.words[POLICY_NONE].libtlsrpt;
	strbuf_putc(&out, '{');
	put_name(&out, "policy-type");
	strbuf_printf(&out, "%" PRId64, type);
	if (policy->domain != NULL) {
		put_name(&out, "policy-domain");
		put_string(&out, policy->domain);
	}
	put_list(&out, "policy-string", policy->strings, policy->string_count);
	put_list(&out, "mx-host", policy->mx_hosts, policy->mx_count);
	strbuf_putc(&out, '}');
	return arena_strdup(mem, strbuf_text(&out));
}

static const char *failure_text(const struct failure_detail *detail,
                                struct arena *mem)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	int64_t code = words_results.words[detail->result].libtlsrpt;

	if (code == 0)
		code = words_results.words[RESULT_VALIDATION_FAILURE].libtlsrpt;
	strbuf_putc(&out, '{');
	put_name(&out, "c");
	strbuf_printf(&out, "%" PRId64, code);
	for (size_t i = 0; i < DETAIL_TEXTS; i++) {
		const char *text =
			detail_text_get(detail, &detail_text_rows[i]);

		if (text == NULL)
			continue;
		put_name(&out, detail_text_rows[i].libtlsrpt);
		put_string(&out, text);
	}
	strbuf_putc(&out, '}');
	return arena_strdup(mem, strbuf_text(&out));
}

/* --- a domain's counts as texts --- */

static struct failure *find_failure(struct texts *texts, struct policy *policy,
                                    const char *text)
{
	uint64_t hash = hash64(0, text, strlen(text));
	struct failure *failure;
	size_t at = hash;

	while ((failure = slots_find(&texts->failures, hash, &at)) != NULL)
		if (failure->policy == policy &&
		    strcmp(failure->text, text) == 0)
			return failure;
	failure = arena_alloc(&texts->mem, sizeof(*failure));
	*failure = (struct failure){hash, policy, text, 0, NULL};
	slots_insert(&texts->failures, failure);
	*policy->last = failure;
	policy->last = &failure->next;
	return failure;
}

static struct policy *find_policy(struct texts *texts, const char *text)
{
	struct policy **list = &texts->policies;

	while (*list != NULL && strcmp((*list)->text, text) != 0)
		list = &(*list)->next;
	if (*list == NULL) {
		*list = arena_alloc(&texts->mem, sizeof(**list));
		(*list)->text = text;
		(*list)->last = &(*list)->failures;
	}
	return *list;
}

static int add_policy(struct texts *texts, const struct tally_policy *from,
                      struct err *err)
{
	struct arena *mem = &texts->mem;
	struct session_policy policy = {0};
	struct policy *to;

	if (from->success + from->failure == 0)
		return 0;
	if (session_policy_decode(from->key.bytes, from->key.len, mem, &policy,
	                          err) < 0)
		return ERR_PARSE;
	to = find_policy(texts, policy_text(&policy, mem));
	to->success += from->success;
	to->failure += from->failure;
	for (const struct tally_detail *d = from->details; d; d = d->next) {
		struct failure_detail detail = {0};

		if (session_failure_decode(d->key.bytes, d->key.len, mem,
		                           &detail, err) < 0)
			return ERR_PARSE;
		find_failure(texts, to, failure_text(&detail, mem))->count +=
			d->count;
	}
	return 0;
}

/* --- the answers --- */

void fetcher_write_head(int64_t now, int32_t complete, struct strbuf *out)
{
	char clock[TIME_TEXT], day[DAY_TEXT];

	/* "2026-03-02T00:10:00Z" */
	day_format_time(now, clock);
	clock[10] = ' ';
	clock[19] = '\0';
	strbuf_printf(out, "%s\n%s\n%s\n", FETCHER_VERSION, clock,
	              day_format(complete, day));
}

void fetcher_write_name(const char *domain, struct strbuf *out)
{
	strbuf_printf(out, "%s\n", domain);
}

void fetcher_write_end(struct strbuf *out)
{
	strbuf_puts(out, ".\n");
}

/* A line as json.dumps(indent=4) begins it. */
static void put_line(struct strbuf *out, int depth, const char *before)
{
	strbuf_printf(out, "%s\n%*s", before, 4 * depth, "");
}

static void put_failures(const struct failure *list, struct strbuf *out)
{
	put_line(out, 4, ",");
	strbuf_puts(out, "\"failures\": {");
	for (const struct failure *f = list; f != NULL; f = f->next) {
		put_line(out, 5, f == list ? "" : ",");
		put_string(out, f->text);
		strbuf_printf(out, ": %" PRIu64, f->count);
	}
	if (list != NULL)
		put_line(out, 4, "");
	strbuf_putc(out, '}');
}

static void put_policies(const struct policy *list, struct strbuf *out)
{
	for (const struct policy *p = list; p != NULL; p = p->next) {
		put_line(out, 3, p == list ? "" : ",");
		put_string(out, p->text);
		strbuf_puts(out, ": {");
		put_line(out, 4, "");
		strbuf_printf(out, "\"cntrtotal\": %" PRIu64,
		              p->success + p->failure);
		put_line(out, 4, ",");
		strbuf_printf(out, "\"cntrfailure\": %" PRIu64, p->failure);
		put_failures(p->failures, out);
		put_line(out, 3, "");
		strbuf_putc(out, '}');
	}
}

static void put_domain(const char *domain, const char *record,
                       const struct policy *list, struct strbuf *out)
{
	strbuf_putc(out, '{');
	put_line(out, 1, "");
	strbuf_puts(out, "\"d\": ");
	put_string(out, domain);
	put_line(out, 1, ",");
	strbuf_puts(out, "\"policies\": {");
	if (list != NULL) {
		put_line(out, 2, "");
		put_string(out, record);
		strbuf_puts(out, ": {");
		put_policies(list, out);
		put_line(out, 2, "");
		strbuf_putc(out, '}');
		put_line(out, 1, "");
	}
	strbuf_putc(out, '}');
	put_line(out, 0, "");
	strbuf_puts(out, "}\n");
}

static int put_counts(void *arg, const struct sealed_domain *domain,
                      struct strbuf *out, struct err *err)
{
	const struct tally_domain *counts = &domain->counts;
	struct texts texts = {.policies = NULL};
	int rc = 0;

	(void)arg;
	arena_init(&texts.mem);
	slots_init(&texts.failures);
	for (const struct tally_policy *p = counts->policies; p && rc == 0;
	     p = p->next)
		rc = add_policy(&texts, p, err);
	if (rc == 0)
		put_domain(counts->domain, counts->record ? counts->record : "",
		           texts.policies, out);
	arena_clear(&texts.mem);
	slots_clear(&texts.failures);
	return rc < 0 ? err_prefix(err, "%s", counts->domain) : 0;
}

int fetcher_write_domain(const struct sealed_domain *domain, struct strbuf *out,
                         struct err *err)
{
	return sealed_put_fitting(domain, put_counts, NULL, out, err);
}

void fetcher_write_nothing(const char *domain, struct strbuf *out)
{
	put_domain(domain, "", NULL, out);
}
