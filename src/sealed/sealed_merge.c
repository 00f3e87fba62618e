#include "sealed/sealed_merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "domain/tlsrpt_record.h"

struct sealed_merge {
	struct tally *tally;  /* of all that was added */
	struct tally *capped; /* within the caps */
	struct arena mem;     /* of sorted lists and the record */
	struct sealed_domain result;
	const char *record;
	bool record_is_valid;
};

struct sealed_merge *sealed_merge_new(const struct tally_limits *caps)
{
	/* each of some dozen hosts has bounded what it counted */
	struct tally_limits limits = {
		.max_policies = SIZE_MAX / 4,
		.max_details = SIZE_MAX / 4,
		.soft_bytes = SIZE_MAX / 4,
		.hard_bytes = SIZE_MAX / 2,
	};
	struct sealed_merge *merge = xcalloc(1, sizeof(*merge));

	merge->tally = tally_new(0, &limits);
	limits.max_policies = caps->max_policies;
	limits.max_details = caps->max_details;
	merge->capped = tally_new(0, &limits);
	arena_init(&merge->mem);
	return merge;
}

void sealed_merge_free(struct sealed_merge **merge)
{
	if (*merge == NULL)
		return;
	tally_free(&(*merge)->tally);
	tally_free(&(*merge)->capped);
	arena_clear(&(*merge)->mem);
	free(*merge);
	*merge = NULL;
}

void sealed_merge_begin(struct sealed_merge *merge)
{
	tally_reset(merge->tally);
	tally_reset(merge->capped);
	arena_reset(&merge->mem);
	memset(&merge->result, 0, sizeof(merge->result));
	merge->record = NULL;
	merge->record_is_valid = false;
}

static bool is_valid(const char *text)
{
	struct tlsrpt_record record;

	if (tlsrpt_record_parse(text, strlen(text), &record, NULL) < 0)
		return false;
	tlsrpt_record_clear(&record);
	return true;
}

static void choose_record(struct sealed_merge *merge,
                          const struct sealed_domain *from)
{
	const char *record = from->counts.record;
	int64_t at = from->record_at;
	bool valid, better;

	if (record == NULL || record[0] == '\0')
		return;
	valid = is_valid(record);
	if (merge->record == NULL || valid != merge->record_is_valid)
		better = merge->record == NULL || valid;
	else if (at != merge->result.record_at)
		better = at > merge->result.record_at;
	else
		better = strcmp(record, merge->record) > 0;
	if (!better)
		return;
	merge->record = arena_strdup(&merge->mem, record);
	merge->record_is_valid = valid;
	merge->result.record_at = at;
}

void sealed_merge_add(struct sealed_merge *merge,
                      const struct sealed_domain *from)
{
	/* never at its bound */
	tally_add_counts(merge->tally, &from->counts);
	choose_record(merge, from);
	merge->result.folded += from->folded;
	merge->result.waits |= from->waits;
}

static int by_bytes(const struct tally_key *a, const struct tally_key *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->bytes, b->bytes, len);

	if (order != 0)
		return order;
	return a->len < b->len ? -1 : a->len > b->len;
}

static int policy_order(const void *a, const void *b)
{
	const struct tally_policy *x = *(struct tally_policy *const *)a;
	const struct tally_policy *y = *(struct tally_policy *const *)b;

	return by_bytes(&x->key, &y->key);
}

static int detail_order(const void *a, const void *b)
{
	const struct tally_detail *x = *(struct tally_detail *const *)a;
	const struct tally_detail *y = *(struct tally_detail *const *)b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return by_bytes(&x->key, &y->key);
}

static void sort_details(struct sealed_merge *merge,
                         struct tally_policy *policy, size_t most)
{
	struct tally_detail **list =
		arena_array(&merge->mem, most, sizeof(struct tally_detail *));
	size_t count = 0;

	for (struct tally_detail *d = policy->details; d; d = d->next)
		list[count++] = d;
	if (count == 0)
		return;
	qsort(list, count, sizeof(struct tally_detail *), detail_order);
	for (size_t i = 0; i < count; i++)
		list[i]->next = i + 1 < count ? list[i + 1] : NULL;
	policy->details = list[0];
}

static void sort_policies(struct sealed_merge *merge,
                          struct tally_domain *domain)
{
	struct tally_policy **list =
		arena_array(&merge->mem, domain->policy_count,
	                    sizeof(struct tally_policy *));
	size_t count = 0;

	for (struct tally_policy *p = domain->policies; p; p = p->next) {
		list[count++] = p;
		sort_details(merge, p, domain->detail_count);
	}
	if (count == 0)
		return;
	qsort(list, count, sizeof(struct tally_policy *), policy_order);
	for (size_t i = 0; i < count; i++)
		list[i]->next = i + 1 < count ? list[i + 1] : NULL;
	domain->policies = list[0];
}

const struct sealed_domain *sealed_merge_end(struct sealed_merge *merge)
{
	struct tally_domain *domain;

	if (tally_domain_count(merge->tally) == 0)
		return NULL;
	/* sorted before, so that the same is folded each time, and after */
	domain = tally_sorted(merge->tally)[0];
	sort_policies(merge, domain);
	tally_reset(merge->capped);
	if (!tally_add_folded(merge->capped, domain))
		return NULL;
	domain = tally_sorted(merge->capped)[0];
	sort_policies(merge, domain);
	merge->result.counts = *domain;
	merge->result.counts.record = merge->record;
	return &merge->result;
}

/* --- counts that do not fit --- */

bool sealed_fits(const char *text, size_t len)
{
	return len <= SEALED_LINE_MAX &&
	       !json_has_more_values(text, len, SEALED_VALUES_MAX);
}

/* Appends it, if it fits: 1. */
static int try_put(const struct sealed_domain *domain, sealed_put_fn *put,
                   void *arg, struct strbuf *out, struct err *err)
{
	size_t at = out->len;
	int rc = put(arg, domain, out, err);

	if (rc < 0 || sealed_fits(out->data + at, out->len - at))
		return rc < 0 ? rc : 1;
	strbuf_cut(out, at);
	return 0;
}

int sealed_put_fitting(const struct sealed_domain *domain, sealed_put_fn *put,
                       void *arg, struct strbuf *out, struct err *err)
{
	struct tally_limits caps = {
		.max_policies = domain->counts.policy_count,
		.max_details = domain->counts.detail_count,
	};
	int rc = try_put(domain, put, arg, out, err);

	while (rc == 0 && (caps.max_policies > 0 || caps.max_details > 0)) {
		auto_(sealed_merge_free) struct sealed_merge *merge = NULL;
		const struct sealed_domain *folded;

		caps.max_policies /= 2;
		caps.max_details /= 2;
		merge = sealed_merge_new(&caps);
		sealed_merge_begin(merge);
		sealed_merge_add(merge, domain);
		folded = sealed_merge_end(merge);
		rc = folded != NULL ? try_put(folded, put, arg, out, err)
		                    : err_set(err, ERR_PARSE,
		                              "the counts of %s are damaged",
		                              domain->counts.domain);
	}
	if (rc == 0)
		rc = err_set(err, ERR_LIMIT, "the counts of %s do not fit",
		             domain->counts.domain);
	return rc < 0 ? rc : 0;
}
