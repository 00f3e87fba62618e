/* Any bytes as a stored view, answered for sites of all kinds: whatever a
 * domain publishes, Postfix can read what it is told, and nothing in it is an
 * attribute that we did not write.  The first byte is the site. */
#include "base/auto.h"
#include "base/err.h"
#include "base/span.h"
#include "domain/domain_view.h"
#include "domain/policy_answer.h"
#include "domain/policy_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1772359200, HOUR = 3600 };

/* The attributes that stand outside of braces, in the order of ours. */
static void check_attributes(const char *text)
{
	static const char *const ours[] = {
		"match=", "servername=hostname", "policy_type=sts",
		"policy_domain=d.test", "mx_host_pattern="};
	struct span rest = span_of(text), word;
	size_t at = 0;
	bool more;

	more = span_split(&rest, ' ', &word);
	check(word.len > 0 && memchr(word.at, '=', word.len) == NULL);
	while (more && rest.at[0] != '{') {
		more = span_split(&rest, ' ', &word);
		while (at < 5 && !span_starts(word, ours[at]))
			at++;
		check(at < 5);
	}
	/* then strings, each in its braces */
	while (more) {
		size_t depth = 0;

		check(span_skip(&rest, "{ policy_string = "));
		for (depth = 1; depth > 0; span_drop(&rest, 1)) {
			check(rest.len > 0);
			depth += rest.at[0] == '{';
			depth -= rest.at[0] == '}';
		}
		more = rest.len > 0;
		check(!more || span_skip(&rest, " "));
	}
}

/* What takes the place of the site's own level is no weaker.  "secure" for
 * "dane" is told only where there are no TLSA records. */
static void check_strength(const char *text, unsigned own)
{
	struct span rest = span_of(text), word;
	char level[16] = "";

	span_split(&rest, ' ', &word);
	check(word.len < sizeof(level));
	memcpy(level, word.at, word.len);
	if (site_level_of(level) == SITE_LEVEL_SECURE)
		own &= ~SITE_LEVEL_BIT(SITE_LEVEL_DANE);
	check(site_level_of(level) < SITE_LEVELS);
	check(site_level_holds(site_level_of(level), own));
}

static void check_answer(const struct policy_answer *answer, unsigned own)
{
	size_t len = strlen(answer->text);

	check(answer->kind < TOLD_KINDS && answer->kind != TOLD_OVERRIDE);
	check(answer->why != NULL && answer->why[0] != '\0');
	check(answer->plain_len <= len);
	if (answer->kind == TOLD_TEMP) {
		check_words(answer->text);
		return;
	}
	if (len > 0) {
		check(policy_text_check(answer->text, len, true, NULL) == 0);
		check_attributes(answer->text);
		check_strength(answer->text, own);
	}
	if (answer->plain_len > 0)
		check(policy_text_check(answer->text, answer->plain_len, false,
		                        NULL) == 0);
	check(answer->kind != TOLD_NONE || len == 0);
	check(answer->kind != TOLD_STS_ENFORCE || answer->plain_len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const levels[] = {
		"may",  "encrypt", "dane",      "",
		"none", "secure",  "dane-only", "fingerprint"};
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	struct policy_known known = {
		.domain = "d.test", .view = &view, .now = NOW};
	struct policy_site site = {.temp_secs = HOUR};
	struct policy_answer answer;

	if (size == 0 ||
	    domain_view_decode(data + 1, size - 1, &arena, &view, NULL) != 0)
		return 0;
	site.level = levels[data[0] & 7];
	if (site.level[0] != '\0')
		site.own = SITE_LEVEL_BIT(site_level_of(site.level));
	site.dane = (data[0] & 8) != 0;
	site.dane_only = (data[0] & 16) != 0;
	site.validates = (data[0] & 32) != 0;
	site.defers = known.outage = (data[0] & 64) != 0;
	if ((data[0] & 128) != 0)
		view.sts_enforced_until = NOW - 1;
	/* a policy that lasts, or one that is over by now */
	if ((data[0] & 128) == 0)
		view.sts_expires_at = NOW + 1;
	policy_answer_make(&site, &known, &arena, &answer);
	check_answer(&answer, site.own);
	return 0;
}
