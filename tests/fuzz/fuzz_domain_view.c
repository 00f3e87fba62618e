/* Any bytes as a stored view: what is read is written the same again, and
 * everything that looks at a view can look at it. */
#include "base/auto.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "domain/domain_view.h"
#include "judge/judge.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problems(const struct domain_view *view, struct arena *arena)
{
	const char **problems;
	size_t count = domain_view_problems(view, arena, &problems);

	for (size_t i = 0; i < count; i++)
		check(problems[i][0] != '\0');
}

static void check_judge(const struct domain_view *view)
{
	const struct judge_options options = {.dane = true, .sts = true};
	const struct log_session log_session = {
		.domain = "d.test",
		.mx_host = view->mx_count > 0 ? view->mxs[0].host : NULL,
		.outcome = LOG_TLS,
		.untrusted = true,
	};
	auto_(session_clear) struct session session;

	session_init(&session);
	check(judge(&options, &log_session, view, &session, NULL) == 0);
	check(session.policy_count == 1);
	check(session.policies[0].failure_count > 0 ||
	      !session.policies[0].failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(arena_clear) struct arena arena = {0};
	auto_(strbuf_clear) struct strbuf bytes = {0};
	struct domain_view view;
	struct err err = {0};

	if (domain_view_decode(data, size, &arena, &view, &err) != 0) {
		check_words(err.text);
		return 0;
	}
	domain_view_encode(&view, &bytes);
	/* a text may hold a NUL there, and ends at it here; an older form is
	 * written as the present one, whose number is the first byte */
	check(bytes.len <= size || data[0] != (uint8_t)bytes.data[0]);
	if (bytes.len == size && data[0] == (uint8_t)bytes.data[0])
		check(memcmp(bytes.data, data, size) == 0);
	domain_view_is_complete(&view, true, true);
	check_problems(&view, &arena);
	check_judge(&view);
	return 0;
}
