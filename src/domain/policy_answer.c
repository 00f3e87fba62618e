#include "domain/policy_answer.h"

#include <inttypes.h>
#include <string.h>

#include "base/ascii.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "domain/policy_text.h"

enum {
	PATTERN_LONG = 255,
	/* Past that only those of the domain's MX hosts are told: Postfix
	 * looks at no others.  When they are none, as many as have room: no
	 * host may match. */
	PATTERNS_MAX = POLICY_TEXT_MAX / 4,
	/* " { policy_string = mode: testing }", for which there is always room:
	 * by it an event is one of a policy in testing (session/datagram). */
	MODE_ROOM = 64,
	TEXT_ROOM = POLICY_TEXT_MAX - MODE_ROOM,
};

/* What is worked on. */
struct making {
	const struct policy_site *site;
	const struct policy_known *known;
	const struct domain_view *view;
	struct arena *arena;
	struct policy_answer *answer;
	const char *not_dane; /* why not, though it has TLSA; NULL */
};

/* --- which answer it is --- */

struct tlsa_seen {
	size_t usable, unusable, failed;
};

static struct tlsa_seen look_at_tlsa(const struct domain_view *view)
{
	struct tlsa_seen seen = {0};

	for (size_t i = 0; i < view->mx_count; i++) {
		enum view_status tlsa = view->mxs[i].tlsa;

		seen.usable += tlsa == VIEW_OK;
		seen.unusable += tlsa == VIEW_BAD;
		/* unknown: who looked it up did not look for these */
		seen.failed += tlsa == VIEW_TEMPFAIL || tlsa == VIEW_BOGUS ||
		               tlsa == VIEW_UNKNOWN;
	}
	return seen;
}

static void say_level(struct making *making, enum told_kind kind,
                      const char *level)
{
	making->answer->kind = kind;
	making->answer->text = level;
	making->answer->plain_len = strlen(level);
}

/* "dane" is "may" for a host whose TLSA records Postfix does not find, and
 * "dane-only" does not deliver to it. */
static bool say_dane(struct making *making, bool every_host, const char *why)
{
	const struct policy_site *site = making->site;
	bool only =
		every_host && (site->dane_only ||
	                       !site_level_holds(SITE_LEVEL_DANE, site->own));
	enum site_level level = only ? SITE_LEVEL_DANE_ONLY : SITE_LEVEL_DANE;

	if (!site_level_holds(level, site->own)) {
		making->not_dane = arena_printf(
			making->arena,
			"%s; 'dane' could be weaker than the level of this "
			"site, which stands",
			why);
		return false;
	}
	say_level(making, TOLD_DANE, site_level_text(level));
	making->answer->why = why;
	return true;
}

/* True when DANE decides. */
static bool try_dane(struct making *making)
{
	const struct domain_view *view = making->view;
	struct tlsa_seen seen = look_at_tlsa(view);

	if (!making->site->dane)
		return false;
	if (view->mx_secure && seen.usable > 0)
		return say_dane(
			making, seen.usable == view->mx_count,
			arena_printf(making->arena,
		                     "%zu of its %zu MX hosts have usable TLSA "
		                     "records, signed by DNSSEC; DANE comes "
		                     "before MTA-STS",
		                     seen.usable, view->mx_count));
	if (!making->site->validates &&
	    seen.usable + seen.unusable + seen.failed > 0)
		return say_dane(making, false,
		                "it may have TLSA records, but the resolver "
		                "here does not say whether they are signed by "
		                "DNSSEC; Postfix asks its own");
	if (view->mx_secure && seen.failed > 0)
		return say_dane(
			making, false,
			"its TLSA records are not known, as the lookup failed "
			"or did not ask for them; Postfix looks them up itself "
			"and defers mail when it must");
	return false;
}

/* Did fetching the policy that the domain announces now fail? */
static enum view_status failure_of(const struct domain_view *view)
{
	if (view->sts_record == VIEW_OK &&
	    (view->sts_fetch == VIEW_BAD ||
	     view->sts_fetch == VIEW_FETCH_ERROR ||
	     view->sts_fetch == VIEW_WEBPKI_ERROR))
		return view->sts_fetch;
	return VIEW_OK;
}

static const char *reason(const struct making *making, const char *fallback)
{
	const char *problem = making->view->sts_problem;

	return problem != NULL ? problem : fallback;
}

static const char *sts_why(const struct making *making)
{
	char until[TIME_TEXT];
	const char *mode =
		word_api(&words_sts_modes, making->view->sts_policy.mode);

	day_format_time(making->view->sts_expires_at, until);
	if (making->answer->failure == VIEW_OK)
		return arena_printf(making->arena,
		                    "its MTA-STS policy, mode %s, is in force "
		                    "until %s",
		                    mode, until);
	return arena_printf(
		making->arena,
		"an MTA-STS policy that was fetched earlier, mode "
		"%s, is in force until %s; the present one could "
		"not be had: %s",
		mode, until,
		reason(making,
	               word_label(&words_lookups, making->answer->failure)));
}

/* --- the text --- */

/* ["*."] Domain: what can stand in match= and in mx_host_pattern= */
static bool is_pattern(const char *pattern)
{
	size_t len = strlen(pattern);
	const char *name =
		strncmp(pattern, "*.", 2) == 0 ? pattern + 2 : pattern;

	if (len == 0 || len > PATTERN_LONG || name[0] == '.' ||
	    name[0] == '\0' || pattern[len - 1] == '.')
		return false;
	for (; *name != '\0'; name++)
		if (!ascii_is_alnum(*name) && *name != '-' && *name != '.')
			return false;
	return true;
}

/*
 * What match= does not take for a name.  Postfix has words of its own there,
 * which compare with names that DNS gave: these would be hosts that have such a
 * name.  And what looks like an address is one to OpenSSL, which then accepts
 * no certificate that has only names (seen with Postfix 3.7).
 */
static bool is_other_in_match(const char *pattern)
{
	const char *last = strrchr(pattern, '.');

	last = last != NULL ? last + 1 : pattern;
	return last[strspn(last, "0123456789")] == '\0' ||
	       strcmp(pattern, "hostname") == 0 ||
	       strcmp(pattern, "nexthop") == 0 ||
	       strcmp(pattern, "dot-nexthop") == 0;
}

static bool matches_an_mx(const struct domain_view *view, const char *pattern)
{
	const struct sts_policy one = {.mx = &pattern, .mx_count = 1};

	for (size_t i = 0; i < view->mx_count; i++)
		if (sts_policy_matches(&one, view->mxs[i].host))
			return true;
	return false;
}

struct patterns {
	const char **list;
	size_t count;
};

static void choose_by_mx(const struct domain_view *view,
                         const struct sts_policy *policy,
                         struct patterns *chosen)
{
	for (size_t i = 0; i < policy->mx_count; i++)
		if (is_pattern(policy->mx[i]) &&
		    matches_an_mx(view, policy->mx[i]))
			chosen->list[chosen->count++] = policy->mx[i];
}

static struct patterns choose_patterns(const struct making *making)
{
	const struct sts_policy *policy = &making->view->sts_policy;
	struct patterns chosen = {.list = arena_array(making->arena,
	                                              policy->mx_count + 1,
	                                              sizeof(*chosen.list))};
	size_t bytes = 0, first = 0; /* so many have room */

	for (; first < policy->mx_count; first++) {
		bytes += 2 * strlen(policy->mx[first]) +
		         sizeof("mx_host_pattern=");
		if (bytes > PATTERNS_MAX)
			break;
	}
	if (first < policy->mx_count)
		choose_by_mx(making->view, policy, &chosen);
	if (chosen.count > 0)
		return chosen;
	for (size_t i = 0; i < first; i++)
		if (is_pattern(policy->mx[i]))
			chosen.list[chosen.count++] = policy->mx[i];
	return chosen;
}

/* Appends only while there is room. */
static bool add(struct strbuf *out, const char *before, const char *value,
                const char *after)
{
	if (out->len + strlen(before) + strlen(value) + strlen(after) >
	    TEXT_ROOM)
		return false;
	strbuf_puts(out, before);
	strbuf_puts(out, value);
	strbuf_puts(out, after);
	return true;
}

/* match=mx.d.test:.d.test; false: no host can match. */
static bool add_match(struct strbuf *out, const struct patterns *patterns)
{
	bool any = false;

	for (size_t i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->list[i];

		if (is_other_in_match(pattern))
			continue;
		/* below that name: "*." is one label, and Postfix has only a
		 * word for one or more */
		if (pattern[0] == '*')
			pattern++;
		any |= add(out, any ? ":" : " match=", pattern, "");
	}
	return any;
}

static const char before_string[] = " { policy_string = ";
static const char after_string[] = " }";

/* Which line says the mode; line_count: it is not among those kept, or not
 * whole. */
static size_t find_mode(const struct sts_policy *policy)
{
	const char *mode = word_api(&words_sts_modes, policy->mode);

	for (size_t i = 0; i < policy->line_count; i++) {
		struct span line = span_of(policy->lines[i]), key;
		size_t whole =
			line.len + sizeof(before_string) + sizeof(after_string);

		if (span_until(&line, ':', &key) &&
		    span_is(span_trim(key), "mode"))
			return span_is(span_trim(line), mode) &&
			                       whole <= MODE_ROOM
			               ? i
			               : policy->line_count;
	}
	return policy->line_count;
}

static void add_mode(struct strbuf *out, const char *line)
{
	strbuf_puts(out, before_string);
	strbuf_puts(out, line);
	strbuf_puts(out, after_string);
}

/* In the order of the file; but a mode that is not found there comes first. */
static void add_lines(struct strbuf *out, const struct sts_policy *policy,
                      struct arena *arena)
{
	size_t mode = find_mode(policy), count = policy->line_count;

	if (mode == count) {
		add_mode(out, arena_printf(arena, "mode: %s",
		                           word_api(&words_sts_modes,
		                                    policy->mode)));
		count -= count == STS_LINES_MAX;
	}
	for (size_t i = 0; i < count; i++) {
		const char *line = policy->lines[i];

		if (i == mode)
			add_mode(out, line);
		else if (policy_text_is_string(line, strlen(line)))
			add(out, before_string, line, after_string);
	}
}

static void add_report_part(struct strbuf *out, const struct making *making,
                            const struct patterns *patterns)
{
	const struct sts_policy *policy = &making->view->sts_policy;

	strbuf_printf(out, " policy_type=sts policy_domain=%s",
	              making->known->domain);
	if (patterns == NULL)
		return;
	for (size_t i = 0; i < patterns->count; i++)
		add(out, " mx_host_pattern=", patterns->list[i], "");
	add_lines(out, policy, making->arena);
}

static void keep_text(struct making *making, const struct strbuf *out,
                      enum told_kind kind, size_t plain_len)
{
	making->answer->kind = kind;
	making->answer->text = arena_strdup(making->arena, strbuf_text(out));
	making->answer->plain_len = plain_len;
}

/* What the site does by itself stands for domains without a policy. */
static bool has_level(const struct policy_site *site)
{
	return site->level[0] != '\0' && strcmp(site->level, "none") != 0;
}

/* There is a policy, and the site's own level stands. */
static void say_untold(struct making *making, const char *why)
{
	struct policy_answer *answer = making->answer;

	answer->kind = TOLD_STS_UNTOLD;
	answer->text = "";
	answer->plain_len = 0;
	answer->why = why;
}

static void say_enforce(struct making *making)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	struct patterns patterns = choose_patterns(making);
	size_t plain_len;

	strbuf_puts(&out, "secure");
	if (!add_match(&out, &patterns)) {
		say_untold(making,
		           "it has an MTA-STS policy of mode enforce, but none "
		           "of its mx lines is a host name that Postfix can "
		           "compare (they are addresses, or words that mean "
		           "something else to Postfix), so it is not enforced");
		return;
	}
	if (!site_level_takes_sts(making->site->own,
	                          making->site->verifies_host)) {
		say_untold(making,
		           "it has an MTA-STS policy of mode enforce, which "
		           "could be weaker than the level of this site, so "
		           "that level stands");
		return;
	}
	making->answer->why = sts_why(making);
	strbuf_puts(&out, " servername=hostname");
	plain_len = out.len;
	add_report_part(&out, making, &patterns);
	keep_text(making, &out, TOLD_STS_ENFORCE, plain_len);
}

/* At these Postfix compares names, and then asks for an MX host that the policy
 * has, in testing mode, too. */
static bool compares_names(const char *level)
{
	return strcmp(level, "fingerprint") == 0 ||
	       strcmp(level, "verify") == 0 || strcmp(level, "secure") == 0;
}

/* `whole`: there is a policy to be reported. */
static void say_report_only(struct making *making, enum told_kind kind,
                            bool whole)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	struct patterns patterns = {0};

	if (making->site->differs) {
		say_untold(making,
		           arena_printf(making->arena,
		                        "%s; it is not reported, as the "
		                        "services of Postfix that ask have "
		                        "different levels",
		                        making->answer->why));
		return;
	}
	if (whole)
		patterns = choose_patterns(making);
	if (compares_names(making->site->level))
		patterns.count = 0;
	if (has_level(making->site)) {
		strbuf_puts(&out, making->site->level);
		/* the certificate that the policy is about (RFC 8461 section
		 * 4.2 wants SNI); DANE has its own name there */
		if (whole && strncmp(making->site->level, "dane", 4) != 0)
			strbuf_puts(&out, " servername=hostname");
		add_report_part(&out, making, whole ? &patterns : NULL);
	}
	keep_text(making, &out, kind, 0);
}

/* --- MTA-STS --- */

static void say_temp(struct making *making, const char *text)
{
	making->answer->kind = TOLD_TEMP;
	making->answer->text = making->answer->why = text;
}

/* An enforced policy is over, and what its domain says now cannot be had: mail
 * waits for it, but not for ever. */
static bool waits_for_policy(const struct making *making)
{
	const struct domain_view *view = making->view;
	int64_t until = view->sts_enforced_until;
	bool no_answer = view->sts_record == VIEW_TEMPFAIL ||
	                 view->sts_record == VIEW_BOGUS ||
	                 view->sts == VIEW_TEMPFAIL ||
	                 making->answer->failure != VIEW_OK;

	if (view->sts == VIEW_OK && view->sts_policy.mode == STS_ENFORCE &&
	    view->sts_expires_at > until)
		until = view->sts_expires_at;
	return until > 0 && no_answer &&
	       making->known->now < until + making->site->temp_secs;
}

static void without_policy(struct making *making)
{
	const struct domain_view *view = making->view;
	struct policy_answer *answer = making->answer;

	if (waits_for_policy(making)) {
		say_temp(making,
		         "its MTA-STS policy of mode enforce is over, and the "
		         "new one cannot be had");
	} else if (answer->failure != VIEW_OK) {
		answer->why = arena_printf(
			making->arena,
			"it has an MTA-STS policy that cannot be had: %s",
			reason(making,
		               word_label(&words_lookups, answer->failure)));
		say_report_only(making, TOLD_STS_FAILED, false);
	} else if (view->sts_record == VIEW_OK && view->sts == VIEW_TEMPFAIL) {
		answer->why = arena_printf(
			making->arena,
			"it has an MTA-STS policy that was not fetched, by a "
			"fault that is not its own: %s",
			reason(making, "try again later"));
	} else if (view->sts_record == VIEW_TEMPFAIL ||
	           view->sts_record == VIEW_BOGUS ||
	           view->sts == VIEW_TEMPFAIL) {
		answer->by_failure = true;
		if (making->known->outage && making->site->defers)
			say_temp(making, "the resolver does not answer");
		else if (view->sts_record == VIEW_OK)
			answer->why = arena_printf(
				making->arena,
				"its MTA-STS policy was not fetched: %s",
				reason(making, "no answer"));
		else
			answer->why = "DNS does not answer whether it has an "
				      "MTA-STS policy";
	} else {
		answer->why = making->not_dane != NULL
		                      ? making->not_dane
		                      : "it has neither usable TLSA records "
		                        "nor an MTA-STS policy";
	}
}

static void try_sts(struct making *making)
{
	const struct domain_view *view = making->view;

	making->answer->failure = failure_of(view);
	if (!domain_view_sts_in_force(view, making->known->now)) {
		without_policy(making);
	} else if (view->sts_policy.mode == STS_ENFORCE) {
		say_enforce(making);
	} else if (view->sts_policy.mode == STS_TESTING) {
		making->answer->why = sts_why(making);
		say_report_only(making, TOLD_STS_TESTING, true);
	} else {
		making->answer->why =
			"its MTA-STS policy has the mode none: it has no "
			"policy";
	}
}

/* --- all of it --- */

static void say_override(struct making *making)
{
	struct err err;
	const char *text = making->known->override;
	size_t len = strlen(text);

	say_level(making, TOLD_OVERRIDE, text);
	if (policy_text_check(text, len, false, &err) < 0)
		making->answer->plain_len = 0;
	making->answer->why = "the table [policyd] overrides says so";
}

/* Nobody has to see that the above is right: what Postfix does not take it is
 * not told. */
static void check_text(struct making *making)
{
	struct policy_answer *answer = making->answer;
	struct err err;

	if (answer->kind == TOLD_TEMP || answer->text[0] == '\0' ||
	    policy_text_check(answer->text, strlen(answer->text), true, &err) ==
	            0)
		return;
	say_untold(making, arena_printf(making->arena,
	                                "what it publishes cannot be told to "
	                                "Postfix: %s",
	                                err.text));
}

void policy_answer_make(const struct policy_site *site,
                        const struct policy_known *known, struct arena *arena,
                        struct policy_answer *answer)
{
	struct making making = {.site = site,
	                        .known = known,
	                        .view = known->view,
	                        .arena = arena,
	                        .answer = answer};

	*answer = (struct policy_answer){
		.kind = TOLD_NONE, .failure = VIEW_OK, .text = ""};
	if (known->override != NULL) {
		say_override(&making);
	} else if (known->view == NULL && site->defers) {
		say_temp(&making, "nothing is known of it yet");
	} else if (known->view == NULL) {
		answer->why = "nothing is known of it yet";
	} else if (!policy_text_is_hostname(known->domain,
	                                    strlen(known->domain))) {
		answer->why = "it is not a name that Postfix takes for a "
			      "domain";
	} else if (!try_dane(&making)) {
		try_sts(&making);
	}
	check_text(&making);
}
