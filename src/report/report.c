#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/detail_text.h"

struct report *report_new(void)
{
	struct report *report = xcalloc(1, sizeof(*report));

	arena_init(&report->mem);
	return report;
}

void report_free(struct report **report)
{
	if (*report == NULL)
		return;
	arena_clear(&(*report)->mem);
	free(*report);
	*report = NULL;
}

void report_reset(struct report *report)
{
	struct arena mem = report->mem;

	arena_reset(&mem);
	*report = (struct report){.mem = mem};
}

/* At most UINT64_MAX. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	return __builtin_add_overflow(a, b, &a) ? UINT64_MAX : a;
}

struct report_policy *report_add_policy(struct report *report, const void *data,
                                        size_t len)
{
	struct report_policy *to = &report->policies[report->policy_count];
	struct session_policy policy = {0};

	if (session_policy_decode(data, len, &report->mem, &policy, NULL) != 0)
		return NULL;
	*to = (struct report_policy){
		.type = policy.type,
		.domain = policy.domain,
		.strings = policy.strings,
		.string_count = policy.string_count,
		.mx_hosts = policy.mx_hosts,
		.mx_count = policy.mx_count,
	};
	report->policy_count++;
	return to;
}

uint64_t report_success(const struct report *report)
{
	uint64_t all = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		all = sum(all, report->policies[i].success);
	return all;
}

uint64_t report_failure(const struct report *report)
{
	uint64_t all = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		all = sum(all, report->policies[i].failure);
	return all;
}

static int number_compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* Largest count first. */
static int detail_order(const void *left, const void *right)
{
	const struct report_detail *a = left, *b = right;
	int order = number_compare(b->count, a->count);

	return order ? order : session_failure_compare(&a->detail, &b->detail);
}

static int list_compare(const char *const *a, size_t a_count,
                        const char *const *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++) {
		int order = strcmp(a[i], b[i]);

		if (order != 0)
			return order;
	}
	return number_compare(a_count, b_count);
}

/* Two policies of one name differ at least in what went wrong. */
static int details_compare(const struct report_policy *a,
                           const struct report_policy *b)
{
	for (size_t i = 0; i < a->detail_count && i < b->detail_count; i++) {
		int order = detail_order(&a->details[i], &b->details[i]);

		if (order != 0)
			return order;
	}
	return number_compare(a->detail_count, b->detail_count);
}

static int policy_order(const void *left, const void *right)
{
	const struct report_policy *a = left, *b = right;
	int order = number_compare(a->type, b->type);

	if (order == 0)
		order = detail_text_compare(a->domain, b->domain);
	if (order == 0)
		order = list_compare(
			(const char *const *)a->strings, a->string_count,
			(const char *const *)b->strings, b->string_count);
	if (order == 0)
		order = list_compare(
			(const char *const *)a->mx_hosts, a->mx_count,
			(const char *const *)b->mx_hosts, b->mx_count);
	if (order == 0)
		order = number_compare(b->success, a->success);
	if (order == 0)
		order = number_compare(b->failure, a->failure);
	return order ? order : details_compare(a, b);
}

static void sort(void *items, size_t count, size_t size,
                 int (*order)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, size, order);
}

void report_sort(struct report *report)
{
	for (size_t i = 0; i < report->policy_count; i++) {
		struct report_policy *policy = &report->policies[i];

		sort(policy->details, policy->detail_count,
		     sizeof(*policy->details), detail_order);
	}
	sort(report->policies, report->policy_count, sizeof(*report->policies),
	     policy_order);
}
