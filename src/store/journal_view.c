#include "store/journal_view.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/xalloc.h"
#include "store/intern.h"

/* --- rows in memory --- */

/* One commit's counts of a domain. */
struct entry {
	struct entry *next;
	uint64_t number; /* of the row */
	int64_t at;      /* secs, the same */
	const uint8_t *counts;
	uint32_t len;
};

struct node {
	uint64_t hash; /* of the name */
	const char *name;
	struct entry *first, *last;
	const char *record; /* the last said; NULL: none */
};

struct blob {
	uint64_t hash;   /* of the bytes */
	uint64_t id;     /* the first that it had */
	uint64_t number; /* of the last row that says so */
	const void *bytes;
	size_t len;
};

struct id {
	uint64_t hash; /* of the id */
	uint64_t id;
	struct blob *blob;
};

/* Rows of a day.  It only grows. */
struct part {
	unsigned users; /* under the lock */
	uint64_t seed;
	int32_t day;
	struct journal_range range;
	size_t bytes;
	int64_t since;
	struct arena mem;
	struct slots nodes, blobs, ids;
	struct node **order;
	size_t in_order, order_count, order_room;
};

/* Of a process. */
struct memory {
	pthread_mutex_t lock;
	struct part **parts;
	size_t count, room;
};

/* A day as a transaction sees it. */
struct view {
	int32_t day;
	struct journal_range range;
	struct journal_progress progress;
	bool has_marks;
	struct part *shared; /* rows of the range; NULL: not asked for yet */
	struct part *own;    /* those appended since; NULL */
};

struct views {
	struct memory *memory;
	struct view *at;
	size_t count, room;
};

static struct part *part_new(int32_t day)
{
	struct part *part = xcalloc(1, sizeof(*part));

	part->users = 1;
	part->day = day;
	hash_random_bytes(&part->seed, sizeof(part->seed));
	arena_init(&part->mem);
	slots_init(&part->nodes);
	slots_init(&part->blobs);
	slots_init(&part->ids);
	return part;
}

static void part_leave(struct part *part)
{
	if (part == NULL || --part->users > 0)
		return;
	arena_clear(&part->mem);
	slots_clear(&part->nodes);
	slots_clear(&part->blobs);
	slots_clear(&part->ids);
	free(part->order);
	free(part);
}

static void *memory_new(void)
{
	struct memory *memory = xcalloc(1, sizeof(*memory));

	pthread_mutex_init(&memory->lock, NULL);
	return memory;
}

static void memory_free(void *arg)
{
	struct memory *memory = arg;

	for (size_t i = 0; i < memory->count; i++)
		part_leave(memory->parts[i]);
	free(memory->parts);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

static void *views_new(void)
{
	return xcalloc(1, sizeof(struct views));
}

static void views_free(void *arg)
{
	struct views *views = arg;

	if (views->memory != NULL)
		pthread_mutex_lock(&views->memory->lock);
	for (size_t i = 0; i < views->count; i++) {
		part_leave(views->at[i].shared);
		part_leave(views->at[i].own);
	}
	if (views->memory != NULL)
		pthread_mutex_unlock(&views->memory->lock);
	free(views->at);
	free(views);
}

/* --- reading rows --- */

static uint64_t hash_of(const struct part *part, const void *bytes, size_t len)
{
	return hash64(part->seed, bytes, len);
}

static struct node *node_find(const struct part *part, const char *name)
{
	uint64_t hash = hash_of(part, name, strlen(name));
	size_t at = hash;
	struct node *node;

	while ((node = slots_find(&part->nodes, hash, &at)) != NULL)
		if (strcmp(node->name, name) == 0)
			break;
	return node;
}

static struct node *node_make(struct part *part, const char *name)
{
	struct node *node = node_find(part, name);

	if (node != NULL)
		return node;
	node = arena_alloc(&part->mem, sizeof(*node));
	node->hash = hash_of(part, name, strlen(name));
	node->name = arena_strdup(&part->mem, name);
	slots_insert(&part->nodes, node);
	if (part->order_count == part->order_room) {
		part->order_room = 2 * part->order_room + 64;
		part->order = xrealloc(part->order, part->order_room,
		                       sizeof(*part->order));
	}
	part->order[part->order_count++] = node;
	return node;
}

static struct blob *blob_find(const struct part *part, const void *bytes,
                              size_t len)
{
	uint64_t hash = hash_of(part, bytes, len);
	size_t at = hash;
	struct blob *blob;

	while ((blob = slots_find(&part->blobs, hash, &at)) != NULL)
		if (blob->len == len && memcmp(blob->bytes, bytes, len) == 0)
			break;
	return blob;
}

static struct id *id_find(const struct part *part, uint64_t id)
{
	uint64_t hash = hash_of(part, &id, sizeof(id));
	size_t at = hash;
	struct id *found;

	while ((found = slots_find(&part->ids, hash, &at)) != NULL)
		if (found->id == id)
			break;
	return found;
}

/* A reference that says what it is: the bytes stay where the row is kept. */
static void note_ref(struct part *part, const struct journal_ref *ref,
                     uint64_t number)
{
	struct blob *blob;
	struct id *id;

	if (ref->blob == NULL)
		return;
	blob = blob_find(part, ref->blob, ref->len);
	if (blob == NULL) {
		blob = arena_alloc(&part->mem, sizeof(*blob));
		*blob = (struct blob){
			.hash = hash_of(part, ref->blob, ref->len),
			.id = ref->id,
			.bytes = ref->blob,
			.len = ref->len,
		};
		slots_insert(&part->blobs, blob);
	}
	blob->number = number;
	if (id_find(part, ref->id) != NULL)
		return;
	id = arena_alloc(&part->mem, sizeof(*id));
	*id = (struct id){
		.hash = hash_of(part, &ref->id, sizeof(ref->id)),
		.id = ref->id,
		.blob = blob,
	};
	slots_insert(&part->ids, id);
}

static void note_counts(struct part *part, struct node *node, uint64_t number,
                        int64_t at, struct reader *in)
{
	struct entry *entry = arena_alloc(&part->mem, sizeof(*entry));
	struct journal_counts counts;

	entry->number = number;
	entry->at = at;
	entry->counts = in->at;
	journal_counts_read(in, &counts);
	for (uint64_t p = 0; p < counts.policies; p++) {
		struct journal_policy policy;

		journal_policy_read(in, &counts, &policy);
		note_ref(part, &policy.ref, number);
		for (uint64_t d = 0; d < policy.details; d++) {
			struct journal_detail detail;

			journal_detail_read(in, &detail);
			note_ref(part, &detail.ref, number);
		}
	}
	entry->len = (uint32_t)(in->at - entry->counts);
	if (counts.record != NULL)
		node->record = counts.record;
	if (node->first == NULL)
		node->first = entry;
	else
		node->last->next = entry;
	node->last = entry;
}

/* The domains of a row; they are kept. */
static void part_add(struct part *part, uint64_t number,
                     const struct journal_head *head,
                     const struct reader *domains)
{
	size_t len = reader_left(domains);
	void *kept = arena_alloc(&part->mem, len > 0 ? len : 1);
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct reader in;

	if (len > 0)
		memcpy(kept, domains->at, len);
	reader_init(&in, kept, len);
	while (reader_left(&in) > 0) {
		journal_name_read(&in, domain);
		note_counts(part, node_make(part, domain), number, head->at,
		            &in);
	}
	part->bytes += len;
	if (part->range.first == 0) {
		part->range.first = number;
		part->since = head->at;
	}
	part->range.last = number;
}

/* Reads on to that number; what cannot be read fails the transaction. */
static void part_read(struct part *part, struct db_txn *txn, uint64_t last)
{
	uint64_t number = part->range.last;
	struct journal_head head;
	struct reader domains;
	struct db_row row;

	while (number < last &&
	       journal_table_next(txn, part->day, &number, &row) &&
	       journal_table_head(txn, &row, &head, &domains) &&
	       db_row_is(txn, &row, journal_domains_are_whole(domains)))
		part_add(part, number, &head, &domains);
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

/* Days whose rows are gone need no memory. */
static void forget_days(const struct views *views)
{
	struct memory *memory = views->memory;
	size_t kept = 0;

	for (size_t i = 0; i < memory->count; i++) {
		size_t v = 0;

		while (v < views->count &&
		       views->at[v].day != memory->parts[i]->day)
			v++;
		if (v < views->count)
			memory->parts[kept++] = memory->parts[i];
		else
			part_leave(memory->parts[i]);
	}
	memory->count = kept;
}

static struct views *views_of(struct db_txn *txn)
{
	struct views *views = db_txn_memory(txn, views_new, views_free);

	if (views->memory != NULL)
		return views;
	views->memory = db_memory(txn, memory_new, memory_free);
	for (int32_t day = 0; journal_table_day_next(txn, &day); day++) {
		struct view *view = view_add(views, day);

		journal_table_range(txn, day, &view->range);
		journal_table_progress(txn, day, &view->progress);
		view->has_marks = journal_table_has_marks(txn, day);
	}
	pthread_mutex_lock(&views->memory->lock);
	forget_days(views);
	pthread_mutex_unlock(&views->memory->lock);
	return views;
}

static struct part **place_of_day(struct memory *memory, int32_t day)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->parts[i]->day == day)
			return &memory->parts[i];
	if (memory->count == memory->room) {
		memory->room = 2 * memory->room + 2;
		memory->parts = xrealloc(memory->parts, memory->room,
		                         sizeof(*memory->parts));
	}
	memory->parts[memory->count] = NULL;
	return &memory->parts[memory->count++];
}

/*
 * Under the lock.  Rows are deleted from the first on, so who has the same
 * first row has the same rows, or fewer.  A transaction that began before some
 * were deleted reads them for itself.
 */
static void find_part(struct db_txn *txn, struct views *views,
                      struct view *view)
{
	struct part **place = place_of_day(views->memory, view->day);
	struct part *part = *place;

	if (part == NULL || part->range.first < view->range.first) {
		part_leave(part);
		*place = part = part_new(view->day);
	}
	if (part->range.first > view->range.first)
		part = part_new(view->day);
	else
		part->users++;
	view->shared = part;
	if (part->range.last < view->range.last)
		part_read(part, txn, view->range.last);
}

/* Found, with its rows in memory, and locked until unlock(). */
static struct view *lock_view(struct db_txn *txn, int32_t day)
{
	struct views *views = views_of(txn);

	for (size_t i = 0; i < views->count; i++) {
		struct view *view = &views->at[i];

		if (view->day != day)
			continue;
		pthread_mutex_lock(&views->memory->lock);
		if (view->shared == NULL && view->range.last > 0)
			find_part(txn, views, view);
		return view;
	}
	return NULL;
}

static void unlock(struct db_txn *txn)
{
	struct views *views = views_of(txn);

	pthread_mutex_unlock(&views->memory->lock);
}

/* --- entries --- */

/* Those of a domain that are to be added. */
struct walk {
	const struct view *view;
	const char *domain;
	uint64_t after, until;
	struct entry *entry;
	bool is_own;
};

static struct walk walk_begin(struct db_txn *txn, const struct view *view,
                              const char *domain, uint64_t until)
{
	struct walk walk = {.view = view, .domain = domain, .until = until};
	uint64_t mark = 0;
	struct node *node =
		view->shared != NULL ? node_find(view->shared, domain) : NULL;

	if (strcmp(domain, view->progress.domain) <= 0)
		walk.after = view->progress.until;
	if (view->has_marks)
		mark = journal_table_mark(txn, view->day, domain);
	if (mark > walk.after)
		walk.after = mark;
	walk.entry = node != NULL ? node->first : NULL;
	return walk;
}

static struct entry *walk_next(struct walk *walk)
{
	for (;;) {
		const struct view *view = walk->view;
		struct entry *entry = walk->entry;
		struct node *node;

		/* other transactions may see more of what is shared */
		if (entry != NULL && !walk->is_own &&
		    entry->number > view->range.last)
			entry = NULL;
		if (entry == NULL) {
			if (walk->is_own || view->own == NULL)
				return NULL;
			walk->is_own = true;
			node = node_find(view->own, walk->domain);
			walk->entry = node != NULL ? node->first : NULL;
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

static bool add_up(struct walk *walk, struct journal_sums *sums)
{
	struct journal_counts counts;
	struct entry *entry;

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
			sums->record = counts.record;
			sums->record_at = entry->at;
		}
		sums->commits++;
		add_kinds(&in, &counts, sums);
	}
	return sums->commits > 0;
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

/* --- in order --- */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct node *const *)a)->name,
	              (*(struct node *const *)b)->name);
}

/* Those that came since are sorted and merged in, from the end. */
static void put_in_order(struct part *part)
{
	size_t old = part->in_order, fresh = part->order_count - old;
	size_t to = part->order_count;
	struct node **more;

	if (fresh == 0)
		return;
	more = xmalloc(fresh * sizeof(*more));
	memcpy(more, part->order + old, fresh * sizeof(*more));
	qsort(more, fresh, sizeof(*more), by_name);
	while (fresh > 0)
		if (old > 0 && strcmp(part->order[old - 1]->name,
		                      more[fresh - 1]->name) > 0)
			part->order[--to] = part->order[--old];
		else
			part->order[--to] = more[--fresh];
	free(more);
	part->in_order = part->order_count;
}

/* The first after the name. */
static const char *name_after(struct part *part, const char *name)
{
	size_t low = 0, high;

	if (part == NULL)
		return NULL;
	put_in_order(part);
	high = part->in_order;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(part->order[middle]->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < part->in_order ? part->order[low]->name : NULL;
}

static bool next_of_day(struct db_txn *txn, struct view *view,
                        char domain[TALLY_DOMAIN_TEXT],
                        struct journal_sums *sums)
{
	const char *name = domain;

	do {
		const char *shared = name_after(view->shared, name);
		const char *own = name_after(view->own, name);
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

static const struct blob *blob_of(const struct view *view, uint64_t id)
{
	struct id *found =
		view->shared != NULL ? id_find(view->shared, id) : NULL;

	if (found == NULL && view->own != NULL)
		found = id_find(view->own, id);
	return found != NULL ? found->blob : NULL;
}

/* Somebody else may have interned it since, or a row before, under another. */
static struct tally_policy *policy_of(struct counting *c, uint64_t ref)
{
	struct tally_policy *policy = seen_find(c, ref, NULL);
	const struct blob *blob;
	uint64_t id = ref;

	if (policy != NULL)
		return policy;
	blob = blob_of(c->view, ref);
	if (blob != NULL &&
	    !intern_find(c->txn, c->view->day, blob->bytes, blob->len, &id))
		id = blob->id;
	if (id != ref)
		policy = seen_find(c, id, NULL);
	if (policy == NULL) {
		policy = arena_alloc(c->mem, sizeof(*policy));
		policy->id = id;
		if (blob != NULL) {
			policy->key.bytes = blob->bytes;
			policy->key.len = blob->len;
		}
		policy->next = c->counts->policies;
		c->counts->policies = policy;
		c->counts->policy_count++;
		seen_note(c, id, NULL, policy);
	}
	if (id != ref)
		seen_note(c, ref, NULL, policy);
	return policy;
}

static bool count_detail(struct counting *c, struct tally_policy *policy,
                         const struct journal_detail *from)
{
	const struct blob *blob = blob_of(c->view, from->ref.id);
	struct tally_detail *detail;

	if (blob == NULL)
		return false;
	detail = seen_find(c, blob->id, policy);
	if (detail == NULL) {
		detail = arena_alloc(c->mem, sizeof(*detail));
		detail->key.bytes = blob->bytes;
		detail->key.len = blob->len;
		detail->next = policy->details;
		policy->details = detail;
		c->counts->detail_count++;
		seen_note(c, blob->id, policy, detail);
	}
	detail->count += from->count;
	return true;
}

static bool count_entry(struct counting *c, const struct entry *entry)
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
		to->record = counts.record;
		to->record_at = entry->at;
	}
	for (uint64_t p = 0; p < counts.policies; p++) {
		struct tally_policy *policy;
		struct journal_policy from;

		journal_policy_read(&in, &counts, &from);
		policy = policy_of(c, from.ref.id);
		policy->success += from.success;
		policy->failure += from.failure;
		policy->unjudged += from.unjudged;
		for (uint64_t d = 0; d < from.details; d++) {
			struct journal_detail detail;

			journal_detail_read(&in, &detail);
			if (!count_detail(c, policy, &detail))
				return false;
		}
	}
	return true;
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
	struct entry *entry;
	struct walk walk;

	*counts = (struct tally_domain){.day = day, .domain = domain};
	c.view = lock_view(txn, day);
	if (c.view == NULL)
		return false;
	slots_init(&c.seen);
	walk = walk_begin(txn, c.view, domain, until);
	while ((entry = walk_next(&walk)) != NULL)
		if (!count_entry(&c, entry)) {
			db_fail(txn, ERR_IO,
			        "the journal of counts is damaged: it has a "
			        "failure detail that no row describes");
			break;
		}
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
		*size = (struct journal_size){.bytes = view->shared->bytes,
		                              .last = view->range.last,
		                              .since = view->shared->since};
	unlock(txn);
	return size->last > 0;
}

void journal_view_mark(struct db_txn *txn, int32_t day, const char *domain)
{
	struct view *view = lock_view(txn, day);

	if (view == NULL)
		return;
	journal_table_mark_put(txn, day, domain,
	                       view->own != NULL ? view->own->range.last
	                                         : view->range.last);
	view->has_marks = true;
	unlock(txn);
}

const char *journal_view_record(struct db_txn *txn, int32_t day,
                                const char *domain)
{
	struct view *view = lock_view(txn, day);
	const char *record = NULL;
	struct node *node;

	if (view == NULL)
		return NULL;
	node = view->own != NULL ? node_find(view->own, domain) : NULL;
	if (node != NULL)
		record = node->record;
	if (record == NULL && view->shared != NULL) {
		node = node_find(view->shared, domain);
		record = node != NULL ? node->record : NULL;
	}
	unlock(txn);
	return record;
}

uint64_t journal_view_id(struct db_txn *txn, int32_t day, const void *bytes,
                         size_t len, bool *gone)
{
	struct view *view = lock_view(txn, day);
	struct blob *blob = NULL;
	uint64_t id;

	*gone = false;
	if (view == NULL)
		return 0;
	if (view->own != NULL)
		blob = blob_find(view->own, bytes, len);
	if (blob == NULL && view->shared != NULL)
		blob = blob_find(view->shared, bytes, len);
	id = blob != NULL ? blob->id : 0;
	*gone = blob != NULL && blob->number <= view->progress.until;
	unlock(txn);
	return id;
}

void journal_view_append(struct db_txn *txn, int32_t day, uint64_t number,
                         const struct strbuf *row)
{
	struct views *views = views_of(txn);
	struct view *view = lock_view(txn, day);
	struct journal_head head;
	struct reader domains;

	if (view == NULL) {
		view = view_add(views, day);
		pthread_mutex_lock(&views->memory->lock);
	}
	journal_table_append(txn, day, number, row);
	if (view->own == NULL)
		view->own = part_new(day);
	reader_init(&domains, row->data, row->len);
	if (journal_head_read(&domains, &head, NULL) == 0)
		part_add(view->own, number, &head, &domains);
	unlock(txn);
}
