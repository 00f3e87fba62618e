/* Any bytes as an STS policy: a good one written again from what was read
 * says the same; whatever it is, its lines can stand in a report. */
#include "base/auto.h"
#include "base/domain.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "domain/sts_policy.h"
#include "session/detail_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_policy(const struct sts_policy *policy)
{
	check(policy->mode < STS_MODES);
	check(policy->max_age >= 0 && policy->max_age <= STS_MAX_AGE);
	check(policy->mode == STS_NONE || policy->mx_count > 0);
	for (size_t i = 0; i < policy->mx_count; i++) {
		const char *mx = policy->mx[i];

		check(domain_is_canonical(mx[0] == '*' ? mx + 2 : mx));
		check(mx[0] == '*' || sts_policy_matches(policy, mx));
	}
}

static void check_same(const struct sts_policy *policy, struct arena *arena)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct sts_policy again;

	strbuf_printf(&text, "version: STSv1\nmode: %s\nmax_age: %d\n",
	              word_api(&words_sts_modes, policy->mode),
	              (int)policy->max_age);
	for (size_t i = 0; i < policy->mx_count; i++)
		strbuf_printf(&text, "mx:%s\n", policy->mx[i]);
	if (text.len > STS_POLICY_MAX)
		return;
	check(sts_policy_parse(text.data, text.len, arena, &again, NULL) == 0);
	check(again.mode == policy->mode && again.max_age == policy->max_age);
	check(again.mx_count == policy->mx_count);
	for (size_t i = 0; i < again.mx_count; i++)
		check(strcmp(again.mx[i], policy->mx[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(arena_clear) struct arena arena = {0};
	struct sts_policy policy;
	struct err err = {0};
	int rc = sts_policy_parse((const char *)data, size, &arena, &policy,
	                          &err);

	check(policy.line_count <= STS_LINES_MAX);
	for (size_t i = 0; i < policy.line_count; i++)
		check(detail_text_is_plain(policy.lines[i]));
	if (rc != 0) {
		check_words(err.text);
		return 0;
	}
	check_policy(&policy);
	check_same(&policy, &arena);
	return 0;
}
