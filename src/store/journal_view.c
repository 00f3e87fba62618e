#include "store/journal_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/xalloc.h"
#include "store/intern.h"
#include "store/journal_memory.h"
#include "store/journal_scan.h"

/* A day as a transaction sees it. */
struct view {
	int32_t day;
	struct journal_range range;
	struct journal_progress progress;
	bool has_marks;
	struct journal_rows
		*shared; /* rows of the range; NULL: not asked for yet */
	struct journal_rows *own; /* those appended since; NULL */
};

struct views {
	struct journal_memory *memory;
	struct view *at;
	size_t count, room;
};

static void *views_new(void)
{
	return xcalloc(1, sizeof(struct views));
}

static void views_free(void *arg)
{
	struct views *views = arg;

	if (views->memory != NULL)
		journal_memory_lock(views->memory);
	for (size_t i = 0; i < views->count; i++) {
		journal_rows_leave(views->at[i].shared);
		journal_rows_leave(views->at[i].own);
	}
	if (views->memory != NULL)
		journal_memory_unlock(views->memory);
	free(views->at);
	free(views);
}

/* --- a transaction's --- */

static struct view *view_add(struct views *views, int32_t day)
{
	if (views->count == views->room) {
		views->room = 2 * views->room + 2;
		views->at =
			xrealloc(views->at, views->room, sizeof(*views->at));
	}
	views->at[views->count] = (struct view){.day = day};
	return &views->at[views->count++];
}

static struct views *views_of(struct db_txn *txn)
{
	struct views *views =
		db_txn_memory(txn, DB_MEMORY_JOURNAL, views_new, views_free);

	if (views->memory != NULL)
		return views;
	views->memory = db_memory(txn, DB_MEMORY_JOURNAL, journal_memory_new,
	                          journal_memory_free);
	for (int32_t day = 0; journal_table_day_next(txn, &day); day++) {
		struct view *view = view_add(views, day);

		journal_table_range(txn, day, &view->range);
		journal_table_progress(txn, day, &view->progress);
		view->has_marks = journal_table_has_marks(txn, day);
	}
	journal_memory_lock(views->memory);
	journal_memory_forget(views->memory, txn);
	journal_memory_unlock(views->memory);
	return views;
}

/* Found, with its rows in memory, and locked until unlock(). */
static struct view *lock_view(struct db_txn *txn, int32_t day)
{
	struct views *views = views_of(txn);

	for (size_t i = 0; i < views->count; i++) {
		struct view *view = &views->at[i];

		if (view->day != day)
			continue;
		journal_memory_lock(views->memory);
		if (view->shared == NULL && view->range.last > 0)
			view->shared = journal_memory_find(views->memory, txn,
			                                   day, &view->range);
		return view;
	}
	return NULL;
}

static void unlock(struct db_txn *txn)
{
	journal_memory_unlock(views_of(txn)->memory);
}

/* --- entries --- */

static struct journal_entry *first_of(const struct journal_rows *rows,
                                      const char *name)
{
	const struct journal_domain *domain = journal_rows_domain(rows, name);

	return domain != NULL ? domain->first : NULL;
}

/* Those of a domain that are to be added. */
struct walk {
	const struct view *view;
	const char *domain;
	uint64_t after, until;
	struct journal_entry *entry;
	bool is_own;
};

/* The last number that is applied of the domain. */
static uint64_t applied_to(struct db_txn *txn, const struct view *view,
                           const char *domain)
{
	uint64_t mark = view->has_marks
	                        ? journal_table_mark(txn, view->day, domain)
	                        : 0;
	bool is_past = strcmp(domain, view->progress.domain) > 0;

	return is_past || mark > view->progress.until ? mark
	                                              : view->progress.until;
}

static struct walk walk_begin(struct db_txn *txn, const struct view *view,
                              const char *domain, uint64_t until)
{
	return (struct walk){
		.view = view,
		.domain = domain,
		.after = applied_to(txn, view, domain),
		.until = until,
		.entry = first_of(view->shared, domain),
	};
}

static struct journal_entry *walk_next(struct walk *walk)
{
	for (;;) {
		const struct view *view = walk->view;
		struct journal_entry *entry = walk->entry;

		/* other transactions may see more of what is shared */
		if (entry != NULL && !walk->is_own &&
		    entry->number > view->range.last)
			entry = NULL;
		if (entry == NULL) {
			if (walk->is_own || view->own == NULL)
				return NULL;
			walk->is_own = true;
			walk->entry = first_of(view->own, walk->domain);
			continue;
		}
		walk->entry = entry->next;
		if (entry->number > walk->until)
			return NULL;
		if (entry->number > walk->after)
			return entry;
	}
}

static void add_id(struct journal_sums *sums, uint64_t id)
{
	for (size_t i = 0; i < sums->policy_count; i++)
		if (sums->policies[i] == id)
			return;
	if (sums->policy_count < JOURNAL_POLICIES_MOST)
		sums->policies[sums->policy_count++] = id;
}

static void add_kinds(struct reader *in, const struct journal_counts *counts,
                      struct journal_sums *sums)
{
	struct tally_kinds *kinds = &sums->kinds;

	for (uint64_t p = 0; p < counts->policies; p++) {
		struct journal_policy policy;

		journal_policy_read(in, counts, &policy);
		add_id(sums, policy.ref.id);
		kinds->policy_success[policy.type] += policy.success;
		kinds->policy_failure[policy.type] += policy.failure;
		for (uint64_t d = 0; d < policy.details; d++) {
			struct journal_detail detail;

			journal_detail_read(in, &detail);
			kinds->results[policy.type][detail.result] +=
				detail.count;
		}
	}
}

static bool is_other(const char *before, const char *record)
{
	return before != NULL && strcmp(before, record) != 0;
}

static bool add_up(struct walk *walk, struct journal_sums *sums)
{
	struct journal_counts counts;
	struct journal_entry *entry;

	memset(sums, 0, offsetof(struct journal_sums, policies));
	sums->policy_count = 0;
	while ((entry = walk_next(walk)) != NULL) {
		struct reader in;

		reader_init(&in, entry->counts, entry->len);
		journal_counts_read(&in, &counts);
		sums->success += counts.success;
		sums->failure += counts.failure;
		sums->unjudged += counts.unjudged;
		sums->valid = counts.valid;
		if (counts.record != NULL) {
			sums->record_changed |=
				is_other(sums->record, counts.record);
			sums->record = counts.record;
			sums->record_at = entry->at;
		}
		sums->commits++;
		add_kinds(&in, &counts, sums);
	}
	return sums->commits > 0;
}

static bool tells_after(const struct journal_domain *domain, uint64_t since)
{
	return domain != NULL && domain->last->number > since;
}

bool journal_view_has(struct db_txn *txn, int32_t day, const char *domain)
{
	struct view *view = lock_view(txn, day);
	uint64_t since;
	bool has;

	if (view == NULL)
		return false;
	since = applied_to(txn, view, domain);
	has = tells_after(journal_rows_domain(view->shared, domain), since) ||
	      tells_after(journal_rows_domain(view->own, domain), since);
	unlock(txn);
	return has;
}

bool journal_view_get(struct db_txn *txn, int32_t day, const char *domain,
                      struct journal_sums *sums)
{
	struct view *view = lock_view(txn, day);
	struct walk walk;
	bool any;

	if (view == NULL)
		return false;
	walk = walk_begin(txn, view, domain, UINT64_MAX);
	any = add_up(&walk, sums);
	unlock(txn);
	return any && !db_failed(txn);
}

static bool next_of_day(struct db_txn *txn, struct view *view,
                        char domain[TALLY_DOMAIN_TEXT],
                        struct journal_sums *sums)
{
	const char *name = domain;

	do {
		const char *shared = journal_rows_after(view->shared, name);
		const char *own = journal_rows_after(view->own, name);
		struct walk walk;

		name = shared == NULL ||
		                       (own != NULL && strcmp(own, shared) < 0)
		               ? own
		               : shared;
		if (name == NULL)
			return false;
		walk = walk_begin(txn, view, name, UINT64_MAX);
		if (add_up(&walk, sums))
			break;
	} while (!db_failed(txn));
	snprintf(domain, TALLY_DOMAIN_TEXT, "%s", name);
	return !db_failed(txn);
}

bool journal_view_day_next(struct db_txn *txn, int32_t *day)
{
	struct views *views = views_of(txn);
	bool found = false;
	int32_t first = 0;

	for (size_t i = 0; i < views->count; i++)
		if (views->at[i].day >= *day &&
		    (!found || views->at[i].day < first)) {
			first = views->at[i].day;
			found = true;
		}
	if (found)
		*day = first;
	return found;
}

bool journal_view_next(struct db_txn *txn, int32_t *day,
                       char domain[TALLY_DOMAIN_TEXT],
                       struct journal_sums *sums)
{
	char at[TALLY_DOMAIN_TEXT];
	int32_t of = *day;

	snprintf(at, sizeof(at), "%s", domain);
	while (journal_view_day_next(txn, &of) && !db_failed(txn)) {
		struct view *view;
		bool found;

		if (of != *day)
			at[0] = '\0';
		view = lock_view(txn, of);
		found = next_of_day(txn, view, at, sums);
		unlock(txn);
		if (found) {
			*day = of;
			memcpy(domain, at, sizeof(at));
			return true;
		}
		of++;
	}
	return false;
}

bool journal_view_stamp(struct db_txn *txn, int32_t day,
                        struct journal_stamp *stamp)
{
	const struct views *views = views_of(txn);

	for (size_t i = 0; i < views->count; i++)
		if (views->at[i].day == day) {
			stamp->range = views->at[i].range;
			stamp->progress = views->at[i].progress;
			return true;
		}
	return false;
}

void journal_view_each(struct db_txn *txn, int32_t day, uint64_t since,
                       void (*visit)(void *arg,
                                     const struct journal_step *step),
                       void *arg)
{
	struct view *view = lock_view(txn, day);
	struct journal_step step = {.domain = NULL};
	size_t i = 0, j = 0;

	while (view != NULL && !db_failed(txn)) {
		const struct journal_domain *a =
			journal_rows_at(view->shared, i);
		const struct journal_domain *b = journal_rows_at(view->own, j);
		int order = a == NULL   ? 1
		            : b == NULL ? -1
		                        : strcmp(a->name, b->name);
		struct walk walk;

		if (a == NULL && b == NULL)
			break;
		i += order <= 0;
		j += order >= 0;
		if (!(order <= 0 && tells_after(a, since)) &&
		    !(order >= 0 && tells_after(b, since)))
			continue;
		step.domain = order <= 0 ? a->name : b->name;
		walk = walk_begin(txn, view, step.domain, since);
		add_up(&walk, &step.before);
		walk = walk_begin(txn, view, step.domain, UINT64_MAX);
		if (add_up(&walk, &step.all))
			visit(arg, &step);
	}
	if (view != NULL)
		unlock(txn);
}

/* --- all counts of a domain --- */

/* A policy by an id, or a detail of a policy by its blob. */
struct seen {
	uint64_t hash;
	uint64_t id;
	const void *of;
	void *what;
};

struct counting {
	struct db_txn *txn;
	const struct view *view;
	struct arena *mem;
	struct slots seen;
	struct tally_domain *counts;
};

static uint64_t seen_hash(uint64_t id, const void *of)
{
	return hash64((uintptr_t)of, &id, sizeof(id));
}

static void *seen_find(const struct counting *c, uint64_t id, const void *of)
{
	uint64_t hash = seen_hash(id, of);
	size_t at = hash;
	struct seen *seen;

	while ((seen = slots_find(&c->seen, hash, &at)) != NULL)
		if (seen->id == id && seen->of == of)
			return seen->what;
	return NULL;
}

static void seen_note(struct counting *c, uint64_t id, const void *of,
                      void *what)
{
	struct seen *seen = arena_alloc(c->mem, sizeof(*seen));

	*seen = (struct seen){seen_hash(id, of), id, of, what};
	slots_insert(&c->seen, seen);
}

static const struct journal_blob *blob_of(const struct view *view, uint64_t id)
{
	const struct journal_blob *blob =
		journal_rows_blob_of(view->shared, id);

	return blob != NULL ? blob : journal_rows_blob_of(view->own, id);
}

/* Somebody else may have interned it since, or a row before, under another.
 */
static uint64_t id_of(struct db_txn *txn, const struct view *view, uint64_t ref,
                      const struct journal_blob *blob)
{
	uint64_t id = ref;

	if (blob != NULL &&
	    !intern_find(txn, view->day, blob->bytes, blob->len, &id))
		id = blob->id;
	return id;
}

void journal_view_policies(struct db_txn *txn, int32_t day,
                           struct journal_sums *sums)
{
	struct view *view = lock_view(txn, day);
	size_t count = sums->policy_count;

	if (view == NULL)
		return;
	sums->policy_count = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t ref = sums->policies[i];

		add_id(sums, id_of(txn, view, ref, blob_of(view, ref)));
	}
	unlock(txn);
}

/* Policies and details that a row of its own described, and that row is
 * damaged: they count under what is left of them.  Their ids are none of the
 * store. */
enum { NAMELESS_POLICY = 1, NAMELESS_DETAIL = 2 };

static uint64_t nameless_id(unsigned kind, unsigned type)
{
	return UINT64_MAX - ((uint64_t)kind << 16 | type);
}

static struct tally_key kept_key(struct counting *c, struct strbuf *bytes)
{
	return (struct tally_key){
		.bytes = arena_strndup(c->mem, bytes->data, bytes->len),
		.len = bytes->len,
	};
}

static struct tally_key nameless_policy(struct counting *c,
                                        enum policy_type type)
{
	const struct session_policy of = {.type = type};
	struct session_policy policy =
		session_policy_folded(&of, c->counts->domain);
	auto_(strbuf_clear) struct strbuf bytes = {0};

	session_policy_encode(&policy, &bytes);
	return kept_key(c, &bytes);
}

static struct tally_key nameless_detail(struct counting *c,
                                        enum result_type result)
{
	const struct failure_detail of = {.result = result};
	struct failure_detail detail = session_failure_folded(&of, FOLD_TYPE);
	auto_(strbuf_clear) struct strbuf bytes = {0};

	session_failure_encode(&detail, &bytes);
	return kept_key(c, &bytes);
}

static struct tally_policy *policy_add(struct counting *c,
                                       const struct journal_blob *blob)
{
	struct tally_policy *policy = arena_alloc(c->mem, sizeof(*policy));

	if (blob != NULL) {
		policy->key.bytes = blob->bytes;
		policy->key.len = blob->len;
	}
	policy->next = c->counts->policies;
	c->counts->policies = policy;
	c->counts->policy_count++;
	return policy;
}

static struct tally_policy *policy_of(struct counting *c,
                                      const struct journal_policy *from)
{
	uint64_t ref = from->ref.id, id;
	struct tally_policy *policy = seen_find(c, ref, NULL);
	const struct journal_blob *blob;
	struct db_value interned;
	bool is_nameless;

	if (policy != NULL)
		return policy;
	blob = blob_of(c->view, ref);
	is_nameless = blob == NULL &&
	              !intern_get(c->txn, c->view->day, ref, &interned);
	id = is_nameless ? nameless_id(NAMELESS_POLICY, from->type)
	                 : id_of(c->txn, c->view, ref, blob);
	if (id != ref)
		policy = seen_find(c, id, NULL);
	if (policy == NULL) {
		policy = policy_add(c, blob);
		policy->id = is_nameless ? 0 : id;
		if (is_nameless)
			policy->key = nameless_policy(c, from->type);
		seen_note(c, id, NULL, policy);
	}
	if (id != ref)
		seen_note(c, ref, NULL, policy);
	return policy;
}

static void count_detail(struct counting *c, struct tally_policy *policy,
                         const struct journal_detail *from)
{
	const struct journal_blob *blob = blob_of(c->view, from->ref.id);
	uint64_t id = blob != NULL ? blob->id
	                           : nameless_id(NAMELESS_DETAIL, from->result);
	struct tally_detail *detail = seen_find(c, id, policy);

	if (detail == NULL) {
		detail = arena_alloc(c->mem, sizeof(*detail));
		if (blob == NULL) {
			detail->key = nameless_detail(c, from->result);
		} else {
			detail->key.bytes = blob->bytes;
			detail->key.len = blob->len;
		}
		detail->next = policy->details;
		policy->details = detail;
		c->counts->detail_count++;
		seen_note(c, id, policy, detail);
	}
	detail->count += from->count;
}

static void count_entry(struct counting *c, const struct journal_entry *entry)
{
	struct tally_domain *to = c->counts;
	struct journal_counts counts;
	struct reader in;

	reader_init(&in, entry->counts, entry->len);
	journal_counts_read(&in, &counts);
	to->success += counts.success;
	to->failure += counts.failure;
	to->unjudged += counts.unjudged;
	to->valid = counts.valid;
	to->commits++;
	if (counts.record != NULL) {
		to->record_changed |= is_other(to->record, counts.record);
		to->record = counts.record;
		to->record_at = entry->at;
	}
	for (uint64_t p = 0; p < counts.policies; p++) {
		struct tally_policy *policy;
		struct journal_policy from;

		journal_policy_read(&in, &counts, &from);
		policy = policy_of(c, &from);
		policy->success += from.success;
		policy->failure += from.failure;
		policy->unjudged += from.unjudged;
		for (uint64_t d = 0; d < from.details; d++) {
			struct journal_detail detail;

			journal_detail_read(&in, &detail);
			count_detail(c, policy, &detail);
		}
	}
}

/* As they were counted: what comes first gets the places under the caps. */
static void put_first_first(struct tally_domain *counts)
{
	struct tally_policy *policy = counts->policies, *next;

	counts->policies = NULL;
	for (; policy != NULL; policy = next) {
		struct tally_detail *detail = policy->details, *further;

		policy->details = NULL;
		for (; detail != NULL; detail = further) {
			further = detail->next;
			detail->next = policy->details;
			policy->details = detail;
		}
		next = policy->next;
		policy->next = counts->policies;
		counts->policies = policy;
	}
}

bool journal_view_counts(struct db_txn *txn, int32_t day, const char *domain,
                         uint64_t until, struct arena *mem,
                         struct tally_domain *counts)
{
	struct counting c = {.txn = txn, .mem = mem, .counts = counts};
	struct journal_entry *entry;
	struct walk walk;

	*counts = (struct tally_domain){.day = day, .domain = domain};
	c.view = lock_view(txn, day);
	if (c.view == NULL)
		return false;
	slots_init(&c.seen);
	walk = walk_begin(txn, c.view, domain, until);
	while ((entry = walk_next(&walk)) != NULL)
		count_entry(&c, entry);
	put_first_first(counts);
	slots_clear(&c.seen);
	unlock(txn);
	return counts->commits > 0 && !db_failed(txn);
}

/* --- of who writes --- */

bool journal_view_size(struct db_txn *txn, int32_t day,
                       struct journal_size *size)
{
	struct view *view = lock_view(txn, day);

	*size = (struct journal_size){.bytes = 0};
	if (view == NULL)
		return false;
	if (view->shared != NULL)
		*size = journal_rows_size(view->shared);
	size->last = view->range.last;
	unlock(txn);
	return size->last > 0;
}

void journal_view_mark(struct db_txn *txn, int32_t day, const char *domain)
{
	struct view *view = lock_view(txn, day);

	if (view == NULL)
		return;
	journal_table_mark_put(txn, day, domain,
	                       view->own != NULL
	                               ? journal_rows_size(view->own).last
	                               : view->range.last);
	view->has_marks = true;
	unlock(txn);
}

const char *journal_view_record(struct db_txn *txn, int32_t day,
                                const char *name)
{
	struct view *view = lock_view(txn, day);
	const struct journal_domain *domain;
	const char *record = NULL;

	if (view == NULL)
		return NULL;
	domain = journal_rows_domain(view->own, name);
	if (domain == NULL || domain->record == NULL)
		domain = journal_rows_domain(view->shared, name);
	if (domain != NULL &&
	    domain->record_number > applied_to(txn, view, name))
		record = domain->record;
	unlock(txn);
	return record;
}

uint64_t journal_view_id(struct db_txn *txn, int32_t day, const void *bytes,
                         size_t len, bool *gone)
{
	struct view *view = lock_view(txn, day);
	const struct journal_blob *blob;
	uint64_t id;

	*gone = false;
	if (view == NULL)
		return 0;
	blob = journal_rows_blob(view->own, bytes, len);
	if (blob == NULL)
		blob = journal_rows_blob(view->shared, bytes, len);
	id = blob != NULL ? blob->id : 0;
	*gone = blob != NULL && blob->number <= view->progress.until;
	unlock(txn);
	return id;
}

void journal_view_append(struct db_txn *txn, int32_t day, uint64_t number,
                         struct strbuf *row)
{
	struct views *views = views_of(txn);
	struct view *view = lock_view(txn, day);
	struct journal_head head;
	struct reader domains;

	if (view == NULL) {
		view = view_add(views, day);
		journal_memory_lock(views->memory);
	}
	reader_init(&domains, row->data, row->len);
	if (view->own == NULL)
		view->own = journal_rows_new(day);
	if (journal_head_read(&domains, &head, NULL) == 0)
		journal_rows_add(view->own, number, &head, &domains);
	journal_row_seal(row, number);
	journal_table_append(txn, day, number, row);
	journal_scan_alone(txn);
	unlock(txn);
}
