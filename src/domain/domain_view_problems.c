/*
 * What a postmaster would want to hear about his domain, a sentence each.
 */
#include "domain/domain_view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "domain/tlsa.h"
#include "domain/tlsrpt_record.h"

enum {
	SENTENCE_MAX = 1024, /* bytes */
	TLSA_SHOWN = 24,     /* bytes of a TLSA record */
	/* RFC 8461 section 3.2 expects "weeks or greater" */
	MAX_AGE_SHORT = 7 * DAY_SECS,
};

struct problems {
	const struct domain_view *view;
	struct arena *arena;
	const char **list;
	size_t count, room;
};

static void say(struct problems *problems, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct problems *problems, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	if (problems->count == problems->room) {
		size_t room = problems->room > 0 ? 2 * problems->room : 8;
		const char **list =
			arena_array(problems->arena, room, sizeof(*list));

		if (problems->count > 0)
			memcpy(list, problems->list,
			       problems->count * sizeof(*list));
		problems->list = list;
		problems->room = room;
	}
	problems->list[problems->count++] =
		arena_strdup(problems->arena, sentence);
}

/* What the look-up itself met: no answer, DNSSEC, malformed. */
static void say_status(struct problems *problems, const char *what,
                       enum view_status status, const char *words)
{
	if (status == VIEW_TEMPFAIL || status == VIEW_BOGUS ||
	    status == VIEW_BAD)
		say(problems, "%s: %s%s%s", what,
		    word_label(&words_lookups, status),
		    words != NULL ? ": " : "", words != NULL ? words : "");
}

static void tlsrpt_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;
	auto_(tlsrpt_record_clear) struct tlsrpt_record record = {0};
	const char *text = view->tlsrpt_record;
	struct err err = {0};

	say_status(problems, "TLSRPT", view->tlsrpt, view->tlsrpt_problem);
	if (view->tlsrpt != VIEW_OK || text == NULL)
		return;
	if (tlsrpt_record_parse(text, strlen(text), &record, &err) != 0) {
		say(problems, "TLSRPT: %s", err.text);
		return;
	}
	if (record.rua_fields > 1)
		say(problems,
		    "TLSRPT: the record has %zu rua fields instead of one: "
		    "their destinations are merged",
		    record.rua_fields);
	for (size_t i = 0; i < record.note_count; i++)
		say(problems, "TLSRPT: a destination is ignored: %s",
		    record.notes[i]);
	if (record.rua_count == 0)
		say(problems, "TLSRPT: no usable destination remains");
}

static bool sts_in_force(const struct domain_view *view)
{
	return view->sts == VIEW_OK && view->sts_policy.mode != STS_NONE;
}

/* What came of fetching the policy that the record announces. */
static void fetch_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;
	const char *words = view->sts_problem, *phrase = NULL;

	if (view->sts_fetch == VIEW_FETCH_ERROR ||
	    view->sts_fetch == VIEW_WEBPKI_ERROR)
		phrase = word_label(&words_lookups, view->sts_fetch);
	else if (view->sts_fetch == VIEW_BAD)
		phrase = "the policy is malformed";
	else if (view->sts_fetch == VIEW_OK)
		phrase = "the policy was fetched, but";
	/* nothing is wrong with the domain */
	if (view->sts == VIEW_TEMPFAIL && (view->sts_fetch == VIEW_UNKNOWN ||
	                                   view->sts_fetch == VIEW_TEMPFAIL))
		phrase = "the policy cannot be fetched from here";
	if (phrase == NULL || (view->sts_fetch == VIEW_OK && words == NULL))
		return;
	say(problems, "MTA-STS: %s%s%s", phrase, words != NULL ? ": " : "",
	    words != NULL ? words : "");
}

static void policy_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;
	const struct sts_policy *policy = &view->sts_policy;
	char until[TIME_TEXT];

	if (sts_in_force(view) && view->sts_record == VIEW_NONE)
		say(problems,
		    "MTA-STS: the record is gone, but the policy (mode %s) "
		    "stays in force until %s",
		    word_api(&words_sts_modes, policy->mode),
		    day_format_time(view->sts_expires_at, until));
	if (policy->mode == STS_NONE)
		say(problems, "MTA-STS: the policy's mode is none: senders do "
		              "not apply it");
	if (policy->mode == STS_TESTING)
		say(problems, "MTA-STS: the policy's mode is testing: mail is "
		              "delivered even if the policy is not met");
	if (policy->mode != STS_NONE && policy->max_age < MAX_AGE_SHORT)
		say(problems,
		    "MTA-STS: max_age is only %" PRId64
		    " seconds; RFC 8461 section 3.2 expects weeks",
		    policy->max_age);
}

static void sts_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;

	if (view->sts_record == VIEW_OK)
		fetch_problems(problems);
	else
		say_status(problems, "MTA-STS", view->sts_record,
		           view->sts_problem);
	if (view->sts == VIEW_OK)
		policy_problems(problems);
}

static void cover_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;
	const struct sts_policy *policy = &view->sts_policy;

	if (!sts_in_force(view) || view->null_mx)
		return;
	for (size_t i = 0; i < view->mx_count; i++)
		if (!sts_policy_matches(policy, view->mxs[i].host))
			say(problems,
			    "MTA-STS: MX %s does not match any mx line of the "
			    "policy%s",
			    view->mxs[i].host,
			    policy->mode == STS_ENFORCE
			            ? ": senders do not deliver to it"
			            : "");
}

static void mx_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;

	say_status(problems, "MX", view->mx, view->mx_problem);
	if (view->null_mx)
		say(problems,
		    "MX: the domain does not accept mail (null MX, RFC 7505)");
	else if (view->mx == VIEW_NONE)
		say(problems, "MX: the domain has neither an MX record nor an "
		              "address record");
	if (view->mx == VIEW_OK && view->mx_problem != NULL)
		say(problems, "MX: %s", view->mx_problem);
}

static void unusable_problems(struct problems *problems,
                              const struct view_mx *mx)
{
	for (size_t i = 0; i < mx->tlsa_count; i++) {
		const char *text = mx->tlsa_strings[i];

		if (!tlsa_text_is_usable(text))
			say(problems,
			    "DANE: MX %s: TLSA record '%.*s%s' cannot be used "
			    "for SMTP (RFC 7672 section 3.1)",
			    mx->host, TLSA_SHOWN, text,
			    strlen(text) > TLSA_SHOWN ? "..." : "");
	}
	if (mx->tlsa == VIEW_BAD)
		say(problems,
		    "DANE: MX %s: none of its TLSA records can be used: "
		    "senders require TLS but do not check the certificate",
		    mx->host);
}

static bool has_tlsa(const struct view_mx *mx)
{
	return mx->tlsa == VIEW_OK || mx->tlsa == VIEW_BAD;
}

static void tlsa_problems(struct problems *problems)
{
	const struct domain_view *view = problems->view;
	size_t with = 0;

	for (size_t i = 0; i < view->mx_count; i++) {
		const struct view_mx *mx = &view->mxs[i];
		char what[SENTENCE_MAX / 2];

		snprintf(what, sizeof(what), "DANE: TLSA records of MX %s",
		         mx->host);
		if (mx->tlsa == VIEW_TEMPFAIL || mx->tlsa == VIEW_BOGUS)
			say_status(problems, what, mx->tlsa, NULL);
		if (has_tlsa(mx))
			unusable_problems(problems, mx);
		with += has_tlsa(mx);
	}
	if (with > 0 && !view->mx_secure)
		say(problems,
		    "DANE: there are TLSA records, but the MX records are not "
		    "signed by DNSSEC: senders ignore the TLSA records");
	for (size_t i = 0; with > 0 && i < view->mx_count; i++)
		if (view->mxs[i].tlsa == VIEW_NONE)
			say(problems,
			    "DANE: MX %s has no TLSA records, but other MX "
			    "hosts have",
			    view->mxs[i].host);
}

size_t domain_view_problems(const struct domain_view *view, struct arena *arena,
                            const char ***list)
{
	struct problems problems = {.view = view, .arena = arena};

	tlsrpt_problems(&problems);
	sts_problems(&problems);
	mx_problems(&problems);
	cover_problems(&problems);
	tlsa_problems(&problems);
	*list = problems.list;
	return problems.count;
}
