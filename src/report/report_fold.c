/*
 * Making a report smaller: the details that matter least lose what tells them
 * apart and are counted together.
 */
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "session/detail_text.h"

/* Upper bounds of what stands around the texts: member names, the longest
 * words, the longest counts, punctuation. */
enum {
	REPORT_BYTES = 320,
	POLICY_BYTES = 256,
	DETAIL_BYTES = 96,
	TEXT_BYTES = 4, /* two quotes, a colon or comma, one to spare */
	FOLD_SHARE = 8, /* fold an eighth of what is left, then look again */
};

static size_t text_bytes(const char *text)
{
	size_t bytes = TEXT_BYTES;

	if (text == NULL)
		return 0;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20)
			bytes += 6; /* \u0007 */
		else
			bytes += *text == '"' || *text == '\\' ? 2 : 1;
	}
	return bytes;
}

static size_t list_bytes(const char *const *list, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += text_bytes(list[i]);
	return bytes;
}

static size_t policy_text_bytes(const struct report_policy *policy)
{
	return list_bytes((const char *const *)policy->strings,
	                  policy->string_count) +
	       list_bytes((const char *const *)policy->mx_hosts,
	                  policy->mx_count);
}

static size_t detail_bytes(const struct failure_detail *detail)
{
	size_t bytes = DETAIL_BYTES;

	for (size_t i = 0; i < DETAIL_TEXTS; i++) {
		const char *text =
			detail_text_get(detail, &detail_text_rows[i]);

		if (text != NULL)
			bytes += strlen(detail_text_rows[i].rfc) + TEXT_BYTES +
			         text_bytes(text);
	}
	return bytes;
}

/* The form that is sent is no longer than this either: it only leaves things
 * out, but for contact-info's domain as the name. */
static size_t report_bytes(const struct report *report)
{
	size_t bytes = REPORT_BYTES + text_bytes(report->organization_name) +
	               2 * text_bytes(report->contact_info) +
	               text_bytes(report->report_id);

	for (size_t i = 0; i < report->policy_count; i++) {
		const struct report_policy *policy = &report->policies[i];

		bytes += POLICY_BYTES + text_bytes(policy->domain) +
		         policy_text_bytes(policy);
		for (size_t d = 0; d < policy->detail_count; d++)
			bytes += detail_bytes(&policy->details[d].detail);
	}
	return bytes;
}

/* Smallest count first. */
static int fold_order(const void *left, const void *right)
{
	const struct report_detail *a = *(struct report_detail *const *)left;
	const struct report_detail *b = *(struct report_detail *const *)right;

	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return session_failure_compare(&a->detail, &b->detail);
}

static int content_order(const void *left, const void *right)
{
	const struct report_detail *a = left, *b = right;

	return session_failure_compare(&a->detail, &b->detail);
}

/* Counts equal details together. */
static void merge_details(struct report_policy *policy)
{
	struct report_detail *details = policy->details;
	size_t last = 0;

	if (policy->detail_count < 2)
		return;
	qsort(details, policy->detail_count, sizeof(*details), content_order);
	for (size_t i = 1; i < policy->detail_count; i++) {
		struct report_detail *into = &details[last];

		if (content_order(into, &details[i]) != 0)
			details[++last] = details[i];
		else if (__builtin_add_overflow(into->count, details[i].count,
		                                &into->count))
			into->count = UINT64_MAX;
	}
	policy->detail_count = last + 1;
}

/* All details that are not yet folded so far; the array has room. */
static size_t unfolded(struct report *report, enum fold_level level,
                       struct report_detail **found)
{
	size_t count = 0;

	for (size_t i = 0; i < report->policy_count; i++) {
		struct report_policy *policy = &report->policies[i];

		for (size_t d = 0; d < policy->detail_count; d++) {
			struct report_detail *row = &policy->details[d];
			struct failure_detail folded =
				session_failure_folded(&row->detail, level);

			if (session_failure_compare(&row->detail, &folded) != 0)
				found[count++] = row;
		}
	}
	return count;
}

/* Folds a share of the details, the smallest; 0 when none is left. */
static size_t fold_some(struct report *report, enum fold_level level,
                        struct report_detail **room)
{
	size_t count = unfolded(report, level, room);
	size_t share = (count + FOLD_SHARE - 1) / FOLD_SHARE;

	if (count == 0)
		return 0;
	qsort(room, count, sizeof(*room), fold_order);
	for (size_t i = 0; i < share; i++)
		room[i]->detail =
			session_failure_folded(&room[i]->detail, level);
	for (size_t i = 0; i < report->policy_count; i++)
		merge_details(&report->policies[i]);
	return share;
}

static size_t fold_details(struct report *report, size_t max_bytes)
{
	struct report_detail **room;
	size_t total = 0, folded = 0, some;

	for (size_t i = 0; i < report->policy_count; i++)
		total += report->policies[i].detail_count;
	room = xcalloc(total + 1, sizeof(struct report_detail *));
	for (int level = FOLD_PEER; level <= FOLD_TYPE; level++) {
		do {
			if (report_bytes(report) <= max_bytes)
				break;
			some = fold_some(report, level, room);
			folded += some;
		} while (some > 0);
	}
	free(room);
	return folded;
}

/* The policy with the longest strings loses them; false when none has any. */
static bool strip_one(struct report *report)
{
	struct report_policy *longest = NULL;
	size_t most = 0;

	for (size_t i = 0; i < report->policy_count; i++) {
		size_t bytes = policy_text_bytes(&report->policies[i]);

		if (bytes > most) {
			most = bytes;
			longest = &report->policies[i];
		}
	}
	if (longest == NULL)
		return false;
	longest->string_count = 0;
	longest->mx_count = 0;
	return true;
}

size_t report_fold(struct report *report, size_t max_bytes)
{
	size_t changed;

	if (report_bytes(report) <= max_bytes)
		return 0;
	changed = fold_details(report, max_bytes);
	while (report_bytes(report) > max_bytes && strip_one(report))
		changed++;
	return changed;
}
