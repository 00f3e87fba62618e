#include "store/journal_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/hash.h"
#include "base/slots.h"
#include "store/change_table.h"
#include "store/feed_table.h"
#include "store/intern.h"
#include "store/journal_row.h"
#include "store/journal_view.h"
#include "store/tally_row.h"

enum {
	ROW_BYTES = 3500, /* a row that has so many ends */
	ENTRY_DETAILS = 16,
	IDS_AT_ONCE = 4096,
};

/* A blob that the row at work describes. */
struct known {
	uint64_t hash;
	uint64_t id;
	const void *bytes;
	size_t len;
};

struct writing {
	struct db_txn *txn;
	const struct journal_commit *commit;
	struct journal_ids *ids;
	uint64_t number; /* of the last row */
	int32_t day;

	/* of the row at work */
	struct journal_head head;
	struct strbuf domains;
	char domain[TALLY_DOMAIN_TEXT]; /* the last one */
	struct slots known;
	struct arena mem;
};

static void end_row(struct writing *w)
{
	auto_(strbuf_clear) struct strbuf row = {0};

	w->head.at = w->commit->now;
	journal_head_put(&row, &w->head);
	strbuf_add(&row, w->domains.data, w->domains.len);
	journal_view_append(w->txn, w->day, ++w->number, &row);
	w->head = (struct journal_head){.at = 0};
	strbuf_reset(&w->domains);
	w->domain[0] = '\0';
	slots_reset(&w->known);
	arena_reset(&w->mem);
}

static uint64_t new_id(struct writing *w)
{
	struct journal_ids *ids = w->ids;

	if (ids->next == ids->end) {
		ids->next = intern_reserve(w->txn, IDS_AT_ONCE);
		ids->end = ids->next + IDS_AT_ONCE;
	}
	return ids->next++;
}

static struct known *known_find(const struct writing *w, uint64_t hash,
                                const struct tally_key *key)
{
	size_t at = hash;
	struct known *known;

	while ((known = slots_find(&w->known, hash, &at)) != NULL)
		if (known->len == key->len &&
		    memcmp(known->bytes, key->bytes, key->len) == 0)
			break;
	return known;
}

/* Of what is in no table of the store. */
static struct journal_ref ref_of(struct writing *w, const struct tally_key *key)
{
	uint64_t hash = hash64(db_seed(db_of(w->txn)), key->bytes, key->len);
	struct known *known = known_find(w, hash, key);
	struct journal_ref ref = {0};
	bool gone = false;

	if (known != NULL)
		return (struct journal_ref){.id = known->id};
	ref.id = journal_view_id(w->txn, w->day, key->bytes, key->len, &gone);
	if (ref.id != 0 && !gone)
		return ref;
	if (ref.id == 0)
		ref.id = new_id(w);
	ref.blob = key->bytes;
	ref.len = key->len;
	known = arena_alloc(&w->mem, sizeof(*known));
	*known = (struct known){hash, ref.id, key->bytes, key->len};
	slots_insert(&w->known, known);
	return ref;
}

static struct journal_ref policy_ref(struct writing *w,
                                     const struct tally_policy *policy)
{
	struct journal_ref ref = {0};

	if (intern_find(w->txn, w->day, policy->key.bytes, policy->key.len,
	                &ref.id))
		return ref;
	return ref_of(w, &policy->key);
}

static enum policy_type type_of(const struct tally_policy *policy)
{
	return session_policy_type(policy->key.bytes, policy->key.len);
}

/* Up to so many details from *from on. */
static void put_policy(struct writing *w, const struct journal_counts *of,
                       struct journal_policy *policy,
                       const struct tally_detail **from)
{
	journal_policy_put(&w->domains, of, policy);
	for (uint64_t i = 0; i < policy->details; i++) {
		struct journal_detail detail = {.count = (*from)->count};

		detail.ref = ref_of(w, &(*from)->key);
		detail.result = *(const uint8_t *)(*from)->key.bytes;
		journal_detail_put(&w->domains, &detail);
		*from = (*from)->next;
	}
}

static void begin_entry(struct writing *w, const struct tally_domain *domain,
                        const struct journal_counts *counts)
{
	if (w->domains.len >= ROW_BYTES)
		end_row(w);
	journal_name_put(&w->domains, w->domain, domain->domain);
	journal_counts_put(&w->domains, counts);
}

static uint64_t count_details(const struct tally_detail *detail)
{
	uint64_t n = 0;

	for (; detail != NULL && n < ENTRY_DETAILS; detail = detail->next)
		n++;
	return n;
}

/* What did not fit beside the sums: more entries, which add none. */
static void put_more_details(struct writing *w,
                             const struct tally_domain *domain,
                             const struct tally_policy *of)
{
	const struct journal_counts counts = {.valid = domain->valid,
	                                      .policies = 1};
	const struct tally_detail *detail = of->details;

	while (detail != NULL) {
		struct journal_policy policy = {.details =
		                                        count_details(detail)};

		begin_entry(w, domain, &counts);
		policy.ref = policy_ref(w, of);
		policy.type = type_of(of);
		put_policy(w, &counts, &policy, &detail);
	}
}

/* Does the domain's policy have its sums, and nothing to tell of? */
static bool is_plain(const struct tally_domain *domain)
{
	const struct tally_policy *policy = domain->policies;

	return domain->policy_count == 1 && domain->detail_count == 0 &&
	       policy->success == domain->success &&
	       policy->failure == domain->failure &&
	       policy->unjudged == domain->unjudged;
}

/* NULL: what the domain has seen last is the same.  The head need not have what
 * waits for it: if a record does, it is newer. */
static const char *new_record(struct writing *w,
                              const struct tally_domain *domain)
{
	struct db_key key = tally_domain_key(domain->day, domain->domain);
	struct tally_head head;
	const char *had;

	if (domain->record == NULL)
		return NULL;
	had = journal_view_record(w->txn, domain->day, domain->domain);
	if (had == NULL && tally_head_at(w->txn, &key, &head))
		had = head.record;
	return had != NULL && strcmp(had, domain->record) == 0 ? NULL
	                                                       : domain->record;
}

/* How many domains there are more, and what comes late. */
static void count_domain(struct writing *w, const struct tally_domain *domain)
{
	struct db_key key = tally_domain_key(domain->day, domain->domain);
	struct day_domains *domains = &w->head.domains;
	struct tally_head head;

	if (!tally_head_at(w->txn, &key, &head)) {
		tally_head_begin(w->txn, domain->day, &head);
		if (!journal_view_has(w->txn, domain->day, domain->domain)) {
			domains->domains++;
			domains->marks[head.mark]++;
		}
	}
	if (!tally_head_is_open(&head)) {
		domains->late_success += domain->success;
		domains->late_failure += domain->failure;
	}
}

static void put_domain(struct writing *w, const struct tally_domain *domain)
{
	bool splits = domain->detail_count > ENTRY_DETAILS;
	const struct journal_counts counts = {
		.valid = domain->valid,
		.is_plain = is_plain(domain),
		.success = domain->success,
		.failure = domain->failure,
		.unjudged = domain->unjudged,
		.record = new_record(w, domain),
		.policies = domain->policy_count,
	};

	begin_entry(w, domain, &counts);
	count_domain(w, domain);
	for (const struct tally_policy *p = domain->policies; p != NULL;
	     p = p->next) {
		const struct tally_detail *detail = p->details;
		struct journal_policy policy = {
			.ref = policy_ref(w, p),
			.type = type_of(p),
			.success = p->success,
			.failure = p->failure,
			.unjudged = p->unjudged,
			.details = splits ? 0 : count_details(detail),
		};

		put_policy(w, &counts, &policy, &detail);
	}
	for (const struct tally_policy *p = domain->policies;
	     splits && p != NULL; p = p->next)
		put_more_details(w, domain, p);
}

/* The first day after *day that there is something of. */
static bool next_day(const struct journal_commit *commit, size_t at,
                     int32_t *day)
{
	int32_t next =
		at < commit->count ? commit->domains[at]->day : INT32_MAX;

	for (size_t i = 0; i < commit->day_count; i++)
		if (commit->days[i] > *day && commit->days[i] < next)
			next = commit->days[i];
	if (next == INT32_MAX)
		return false;
	*day = next;
	return true;
}

static void put_day(struct writing *w, size_t *at)
{
	const struct journal_commit *commit = w->commit;

	for (size_t i = 0; i < commit->day_count; i++)
		if (commit->days[i] == w->day)
			w->head.stats = commit->stats[i];
	for (; *at < commit->count && commit->domains[*at]->day == w->day;
	     ++*at)
		put_domain(w, commit->domains[*at]);
}

static void writing_clear(struct writing *w)
{
	strbuf_clear(&w->domains);
	slots_clear(&w->known);
	arena_clear(&w->mem);
}

void journal_write(struct db_txn *txn, const struct journal_commit *commit,
                   struct journal_ids *ids)
{
	auto_(writing_clear) struct writing w = {
		.txn = txn,
		.commit = commit,
		.ids = ids,
		.number = change_state(txn, CHANGE_DOMAIN),
	};
	int32_t day = INT32_MIN;
	size_t at = 0;
	bool more;

	slots_init(&w.known);
	arena_init(&w.mem);
	feed_table_begin(txn, commit->feed);
	if (!next_day(commit, at, &day))
		day = day_of(commit->now);
	do {
		w.day = day;
		put_day(&w, &at);
		more = next_day(commit, at, &day);
		if (!more)
			w.head.feed = *commit->feed;
		end_row(&w);
	} while (more && !db_failed(txn));
}
