#include "show/posture_verdict.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "domain/sts_policy.h"
#include "show/doc.h"

struct verdict {
	json_t *doc;
	const json_t *tlsrpt, *sts, *mx; /* of what is published */
	json_t *reasons, *notes, *cut_off;
	bool enforced, tests;
};

static void say(json_t *list, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(json_t *list, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	doc_append(list, strbuf_text(&text));
}

static bool is(const json_t *object, const char *name, const char *word)
{
	return strcmp(doc_text(object, name), word) == 0;
}

static bool is_status(const json_t *object, const char *name,
                      enum view_status status)
{
	return is(object, name, word_api(&words_lookups, status));
}

/* --- what fails --- */

/* What a failure of that kind does to mail. */
enum effect {
	CUTS_OFF,  /* nothing while testing; mail does not come when enforced */
	NO_POLICY, /* the sender cannot have the policy, and delivers */
	BY_DANE,   /* mail does not come, whatever MTA-STS says */
};

static const enum effect effects[RESULT_TYPES] = {
	[RESULT_OTHER] = CUTS_OFF,
	[RESULT_STARTTLS_NOT_SUPPORTED] = CUTS_OFF,
	[RESULT_CERTIFICATE_HOST_MISMATCH] = CUTS_OFF,
	[RESULT_CERTIFICATE_NOT_TRUSTED] = CUTS_OFF,
	[RESULT_CERTIFICATE_EXPIRED] = CUTS_OFF,
	[RESULT_VALIDATION_FAILURE] = CUTS_OFF,
	[RESULT_STS_POLICY_FETCH_ERROR] = NO_POLICY,
	[RESULT_STS_POLICY_INVALID] = NO_POLICY,
	[RESULT_STS_WEBPKI_INVALID] = NO_POLICY,
	[RESULT_TLSA_INVALID] = BY_DANE,
	[RESULT_DNSSEC_INVALID] = BY_DANE,
	[RESULT_DANE_REQUIRED] = BY_DANE,
};

static enum effect effect_of(const json_t *fault)
{
	int result = word_find(&words_results, doc_text(fault, "result"));

	return result < 0 ? CUTS_OFF : effects[result];
}

/* "certificate-expired at mx2.example.com since 2026-11-03, last on 2026-11-30:
 * 120 sessions, according to Google Inc." */
static void tell_fault(const json_t *fault, struct strbuf *out)
{
	int result = word_find(&words_results, doc_text(fault, "result"));
	const json_t *names = doc_get(fault, "organizations"), *name;
	const char *host = doc_text(fault, "host");
	size_t i;

	strbuf_puts(out, result < 0 ? doc_text(fault, "result")
	                            : word_label(&words_results, result));
	if (host[0] != '\0')
		strbuf_printf(out, " at %s", host);
	strbuf_printf(out, " since %s", doc_text(fault, "since"));
	if (!is(fault, "lastDay", doc_text(fault, "since")))
		strbuf_printf(out, ", last on %s", doc_text(fault, "lastDay"));
	strbuf_printf(out, ": %" PRIu64 " %s", doc_number(fault, "sessions"),
	              doc_number(fault, "sessions") == 1 ? "session"
	                                                 : "sessions");
	json_array_foreach (names, i, name)
		strbuf_printf(out, "%s%s", i == 0 ? ", according to " : ", ",
		              json_string_value(name));
	if (json_is_true(doc_get(fault, "hasMore")))
		strbuf_puts(out, " and others");
}

/* A host that DNS does not show any more keeps nobody away. */
static bool is_former(const struct verdict *v, const char *host)
{
	const json_t *hosts = doc_get(v->doc, "hosts"), *item;
	size_t i;

	json_array_foreach (doc_get(v->mx, "hosts"), i, item)
		if (is(item, "host", host))
			return false;
	json_array_foreach (hosts, i, item)
		if (is(item, "host", host))
			return true;
	return false;
}

static void add_cut_off(struct verdict *v, const json_t *fault)
{
	const json_t *name, *known;
	size_t i, j;

	json_array_foreach (doc_get(fault, "organizations"), i, name) {
		bool is_new = true;

		json_array_foreach (v->cut_off, j, known)
			is_new &= !json_equal(known, name);
		if (is_new)
			doc_append(v->cut_off, json_string_value(name));
	}
}

static void judge_fault(struct verdict *v, const json_t *fault)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	enum effect effect = effect_of(fault);

	tell_fault(fault, &text);
	if (!json_is_true(doc_get(fault, "isOpen"))) {
		say(v->notes, "%s; it seems to be over", strbuf_text(&text));
	} else if (is_former(v, doc_text(fault, "host"))) {
		say(v->notes, "%s; DNS does not show this host any more",
		    strbuf_text(&text));
	} else if (effect == NO_POLICY) {
		say(v->reasons,
		    "%s; these senders do not know the policy, and deliver "
		    "without it",
		    strbuf_text(&text));
	} else {
		say(v->reasons, "%s; %s", strbuf_text(&text),
		    effect == BY_DANE
		            ? "senders that do DANE do not deliver there"
		    : v->enforced ? "these senders do not deliver there"
		                  : "these senders would not deliver there");
		add_cut_off(v, fault);
	}
}

/* --- what is published --- */

static void judge_hosts(struct verdict *v)
{
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(v->mx, "hosts"), i, item)
		if (json_is_false(doc_get(item, "inPolicy")))
			say(v->reasons,
			    "MX %s does not match any mx line of the policy: "
			    "senders that enforce it do not deliver there",
			    doc_text(item, "host"));
}

static void judge_policy(struct verdict *v)
{
	const char *problem = doc_text(v->sts, "problem");

	if (is_status(v->sts, "record", VIEW_NONE))
		say(v->reasons, "the domain has no MTA-STS record: there is "
		                "nothing to enforce");
	else if (!is_status(v->sts, "record", VIEW_OK))
		say(v->reasons, "the MTA-STS record cannot be used%s%s",
		    problem[0] != '\0' ? ": " : "", problem);
	else if (!is_status(v->sts, "policy", VIEW_OK))
		say(v->reasons, "the MTA-STS policy cannot be had%s%s",
		    problem[0] != '\0' ? ": " : "", problem);
	else if (!v->tests && !v->enforced)
		say(v->reasons, "the MTA-STS policy has mode none: senders "
		                "report nothing of it");
}

/* --- what is known --- */

static uint64_t reported_days(const json_t *doc)
{
	uint64_t count = 0;
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(doc, "days"), i, item)
		count += doc_number(item, "reports") > 0;
	json_array_foreach (doc_get(doc, "hosts"), i, item)
		if (count == 0 && doc_number(item, "reports") > 0)
			count = 1;
	return count;
}

/* True: enough. */
static bool tell_reports(struct verdict *v)
{
	uint64_t days = reported_days(v->doc);

	if (is_status(v->tlsrpt, "status", VIEW_NONE))
		say(v->notes,
		    "the domain has no TLSRPT record: nobody reports");
	else if (!is_status(v->tlsrpt, "status", VIEW_OK))
		say(v->notes, "the TLSRPT record cannot be used: %s",
		    doc_text(v->tlsrpt, "problem"));
	if (days == 0)
		say(v->notes, "no report that counts has come for these days");
	else if (days < POSTURE_DAYS_WANTED)
		say(v->notes,
		    "reports of %" PRIu64 " days have come; of %d would be "
		    "enough",
		    days, POSTURE_DAYS_WANTED);
	return days >= POSTURE_DAYS_WANTED;
}

static void tell_seen(struct verdict *v)
{
	uint64_t messages = 0, clear = 0, old = 0;
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(v->doc, "days"), i, item) {
		const json_t *seen = doc_get(item, "seen");

		messages += doc_number(seen, "messages");
		clear += doc_number(seen, "clear");
		old += doc_number(seen, "oldTls");
	}
	if (messages > 0)
		say(v->notes,
		    "the milter saw %" PRIu64
		    " messages from other sites, %" PRIu64
		    " of them in clear text and %" PRIu64
		    " with TLS before 1.2: MTA-STS changes nothing for "
		    "senders without TLS",
		    messages, clear, old);
}

static enum readiness decide(struct verdict *v, bool known)
{
	if (v->enforced)
		return json_array_size(v->reasons) > 0 ? READY_FAILING
		                                       : READY_DONE;
	if (json_array_size(v->reasons) > 0)
		return READY_NO;
	return known ? READY_YES : READY_NOT_YET;
}

static enum readiness judge(struct verdict *v)
{
	const json_t *fault;
	bool known;
	size_t i;

	if (json_is_true(doc_get(v->mx, "nullMx")))
		return READY_NO_MAIL;
	judge_policy(v);
	judge_hosts(v);
	json_array_foreach (doc_get(v->doc, "faults"), i, fault)
		judge_fault(v, fault);
	known = tell_reports(v);
	tell_seen(v);
	return decide(v, known);
}

/* Was it asked, and answered? */
static bool is_known(const json_t *published)
{
	const json_t *sts = doc_get(published, "mtaSts");

	return json_is_object(sts) &&
	       json_is_object(doc_get(published, "mx")) &&
	       !is_status(sts, "record", VIEW_TEMPFAIL) &&
	       !is_status(sts, "record", VIEW_UNKNOWN) &&
	       !is_status(sts, "policy", VIEW_TEMPFAIL);
}

static void tell_unknown(struct verdict *v, const json_t *published)
{
	const char *failure = doc_text(published, "failure");
	const char *problem = doc_text(v->sts, "problem");

	if (failure[0] != '\0')
		say(v->reasons, "%s", failure);
	else if (json_is_object(v->sts))
		say(v->reasons, "no answer from DNS about MTA-STS%s%s",
		    problem[0] != '\0' ? ": " : "", problem);
}

void posture_judge(json_t *doc, const struct conf_list *addresses, int64_t now)
{
	const json_t *published = doc_get(doc, "published");
	const json_t *sts = doc_get(published, "mtaSts");
	bool has_policy = is_status(sts, "policy", VIEW_OK);
	enum readiness ready = READY_UNKNOWN;
	struct verdict v = {
		.doc = doc,
		.tlsrpt = doc_get(published, "tlsrpt"),
		.sts = sts,
		.mx = doc_get(published, "mx"),
		.reasons = doc_array(doc, "reasons"),
		.notes = doc_array(doc, "notes"),
		.cut_off = doc_array(doc, "cutOff"),
		.enforced = has_policy &&
	                    is(sts, "mode",
	                       word_api(&words_sts_modes, STS_ENFORCE)),
		.tests = has_policy &&
	                 is(sts, "mode",
	                    word_api(&words_sts_modes, STS_TESTING)),
	};

	if (is_known(published))
		ready = judge(&v);
	else
		tell_unknown(&v, published);
	json_set_string(doc, "ready", word_api(&words_readiness, ready));
	json_set_string(doc, "sentence",
	                word_sentence(&words_readiness, ready));
	posture_publish(doc, ready, addresses, now);
}
