/* Any bytes as somebody's report: what is read of it can be shown and stored,
 * and is the same when it is read again. */
#include "base/err.h"
#include "base/utf8.h"
#include "received/received_report.h"
#include "session/detail_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	check(text == NULL || detail_text_is_plain(text));
}

static void check_policy(const struct report_policy *policy)
{
	check(policy->type < POLICY_TYPES);
	check_text(policy->domain);
	for (size_t i = 0; i < policy->string_count; i++)
		check(detail_text_is_plain(policy->strings[i]));
	for (size_t i = 0; i < policy->mx_count; i++)
		check(utf8_valid(policy->mx_hosts[i],
		                 strlen(policy->mx_hosts[i])));
	for (size_t i = 0; i < policy->detail_count; i++) {
		const struct failure_detail *detail =
			&policy->details[i].detail;

		check(detail->result < RESULT_TYPES);
		for (size_t n = 0; n < DETAIL_TEXTS; n++)
			check_text(
				detail_text_get(detail, &detail_text_rows[n]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct received_report received;
	struct err err = {0};

	received_report_init(&received);
	if (received_report_read(&received, (const char *)data, size, &err) <
	    0) {
		check(err.text[0] != '\0');
		check(received.report->policy_count == 0);
	}
	for (size_t i = 0; i < received.report->policy_count; i++)
		check_policy(&received.report->policies[i]);
	check(received.problem_count <= RECEIVED_PROBLEMS_MAX);
	for (size_t i = 0; i < received.problem_count; i++)
		check(utf8_valid(received.problems[i],
		                 strlen(received.problems[i])));
	received_report_clear(&received);
	return 0;
}
