#include "store/journal_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/xalloc.h"

struct id {
	uint64_t hash; /* of the id */
	uint64_t id;
	struct journal_blob *blob;
};

/* Rows of a day.  It only grows. */
struct journal_rows {
	unsigned users; /* under the lock */
	uint64_t seed;
	int32_t day;
	struct journal_range range;
	size_t bytes;
	int64_t since;
	struct arena mem;
	struct slots domains, blobs, ids;
	struct journal_domain **order;
	size_t in_order, order_count, order_room;
};

/* Of a process. */
struct journal_memory {
	pthread_mutex_t lock;
	struct journal_rows **days;
	size_t count, room;
};

struct journal_rows *journal_rows_new(int32_t day)
{
	struct journal_rows *rows = xcalloc(1, sizeof(*rows));

	rows->users = 1;
	rows->day = day;
	hash_random_bytes(&rows->seed, sizeof(rows->seed));
	arena_init(&rows->mem);
	slots_init(&rows->domains);
	slots_init(&rows->blobs);
	slots_init(&rows->ids);
	return rows;
}

void journal_rows_leave(struct journal_rows *rows)
{
	if (rows == NULL || --rows->users > 0)
		return;
	arena_clear(&rows->mem);
	slots_clear(&rows->domains);
	slots_clear(&rows->blobs);
	slots_clear(&rows->ids);
	free(rows->order);
	free(rows);
}

void *journal_memory_new(void)
{
	struct journal_memory *memory = xcalloc(1, sizeof(*memory));

	pthread_mutex_init(&memory->lock, NULL);
	return memory;
}

void journal_memory_free(void *arg)
{
	struct journal_memory *memory = arg;

	for (size_t i = 0; i < memory->count; i++)
		journal_rows_leave(memory->days[i]);
	free(memory->days);
	pthread_mutex_destroy(&memory->lock);
	free(memory);
}

/* --- reading rows --- */

static uint64_t hash_of(const struct journal_rows *rows, const void *bytes,
                        size_t len)
{
	return hash64(rows->seed, bytes, len);
}

struct journal_domain *journal_rows_domain(const struct journal_rows *rows,
                                           const char *name)
{
	struct journal_domain *domain;
	uint64_t hash;
	size_t at;

	if (rows == NULL)
		return NULL;
	hash = hash_of(rows, name, strlen(name));
	at = hash;
	while ((domain = slots_find(&rows->domains, hash, &at)) != NULL)
		if (strcmp(domain->name, name) == 0)
			break;
	return domain;
}

static struct journal_domain *domain_make(struct journal_rows *rows,
                                          const char *name)
{
	struct journal_domain *domain = journal_rows_domain(rows, name);

	if (domain != NULL)
		return domain;
	domain = arena_alloc(&rows->mem, sizeof(*domain));
	domain->hash = hash_of(rows, name, strlen(name));
	domain->name = arena_strdup(&rows->mem, name);
	slots_insert(&rows->domains, domain);
	if (rows->order_count == rows->order_room) {
		rows->order_room = 2 * rows->order_room + 64;
		rows->order = xrealloc(rows->order, rows->order_room,
		                       sizeof(*rows->order));
	}
	rows->order[rows->order_count++] = domain;
	return domain;
}

struct journal_blob *journal_rows_blob(const struct journal_rows *rows,
                                       const void *bytes, size_t len)
{
	struct journal_blob *blob;
	uint64_t hash;
	size_t at;

	if (rows == NULL)
		return NULL;
	hash = hash_of(rows, bytes, len);
	at = hash;
	while ((blob = slots_find(&rows->blobs, hash, &at)) != NULL)
		if (blob->len == len && memcmp(blob->bytes, bytes, len) == 0)
			break;
	return blob;
}

static struct id *id_find(const struct journal_rows *rows, uint64_t id)
{
	uint64_t hash = hash_of(rows, &id, sizeof(id));
	size_t at = hash;
	struct id *found;

	while ((found = slots_find(&rows->ids, hash, &at)) != NULL)
		if (found->id == id)
			break;
	return found;
}

/* A reference that says what it is: the bytes stay where the row is kept. */
static void note_ref(struct journal_rows *rows, const struct journal_ref *ref,
                     uint64_t number)
{
	struct journal_blob *blob;
	struct id *id;

	if (ref->blob == NULL)
		return;
	blob = journal_rows_blob(rows, ref->blob, ref->len);
	if (blob == NULL) {
		blob = arena_alloc(&rows->mem, sizeof(*blob));
		*blob = (struct journal_blob){
			.hash = hash_of(rows, ref->blob, ref->len),
			.id = ref->id,
			.bytes = ref->blob,
			.len = ref->len,
		};
		slots_insert(&rows->blobs, blob);
	}
	blob->number = number;
	if (id_find(rows, ref->id) != NULL)
		return;
	id = arena_alloc(&rows->mem, sizeof(*id));
	*id = (struct id){
		.hash = hash_of(rows, &ref->id, sizeof(ref->id)),
		.id = ref->id,
		.blob = blob,
	};
	slots_insert(&rows->ids, id);
}

static void note_counts(struct journal_rows *rows,
                        struct journal_domain *domain, uint64_t number,
                        int64_t at, struct reader *in)
{
	struct journal_entry *entry = arena_alloc(&rows->mem, sizeof(*entry));
	struct journal_counts counts;

	entry->number = number;
	entry->at = at;
	entry->counts = in->at;
	journal_counts_read(in, &counts);
	for (uint64_t p = 0; p < counts.policies; p++) {
		struct journal_policy policy;

		journal_policy_read(in, &counts, &policy);
		note_ref(rows, &policy.ref, number);
		for (uint64_t d = 0; d < policy.details; d++) {
			struct journal_detail detail;

			journal_detail_read(in, &detail);
			note_ref(rows, &detail.ref, number);
		}
	}
	entry->len = (uint32_t)(in->at - entry->counts);
	if (counts.record != NULL) {
		domain->record = counts.record;
		domain->record_number = number;
	}
	if (domain->first == NULL)
		domain->first = entry;
	else
		domain->last->next = entry;
	domain->last = entry;
}

static void begin_row(struct journal_rows *rows, uint64_t number, int64_t at,
                      size_t len)
{
	rows->bytes += len;
	if (rows->range.first == 0)
		rows->range.first = number;
	if (rows->since == 0)
		rows->since = at;
	rows->range.last = number;
}

/* The domains of a row; they are kept. */
void journal_rows_add(struct journal_rows *rows, uint64_t number,
                      const struct journal_head *head,
                      const struct reader *domains)
{
	size_t len = reader_left(domains);
	void *kept = arena_alloc(&rows->mem, len > 0 ? len : 1);
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct reader in;

	if (len > 0)
		memcpy(kept, domains->at, len);
	reader_init(&in, kept, len);
	while (reader_left(&in) > 0) {
		journal_name_read(&in, domain);
		note_counts(rows, domain_make(rows, domain), number, head->at,
		            &in);
	}
	begin_row(rows, number, head->at, len);
}

/* Reads on to that number; a row that is damaged is passed over. */
static void read_on(struct journal_rows *rows, struct db_txn *txn,
                    uint64_t last)
{
	uint64_t number = rows->range.last;
	struct journal_head head;
	struct reader domains;
	struct db_row row;
	struct err err;

	while (number < last &&
	       journal_table_next(txn, rows->day, &number, &row)) {
		if (journal_table_domains(txn, &row, &head, &domains, &err))
			journal_rows_add(rows, number, &head, &domains);
		else if (!db_failed(txn))
			begin_row(rows, number, 0, row.value.len);
	}
}

/* --- in order --- */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct journal_domain *const *)a)->name,
	              (*(struct journal_domain *const *)b)->name);
}

/* Those that came since are sorted and merged in, from the end. */
static void put_in_order(struct journal_rows *rows)
{
	size_t old = rows->in_order, fresh = rows->order_count - old;
	size_t to = rows->order_count;
	struct journal_domain **more;

	if (fresh == 0)
		return;
	more = xmalloc(fresh * sizeof(*more));
	memcpy(more, rows->order + old, fresh * sizeof(*more));
	qsort(more, fresh, sizeof(*more), by_name);
	while (fresh > 0)
		if (old > 0 && strcmp(rows->order[old - 1]->name,
		                      more[fresh - 1]->name) > 0)
			rows->order[--to] = rows->order[--old];
		else
			rows->order[--to] = more[--fresh];
	free(more);
	rows->in_order = rows->order_count;
}

const char *journal_rows_after(struct journal_rows *rows, const char *name)
{
	size_t low = 0, high;

	if (rows == NULL)
		return NULL;
	put_in_order(rows);
	high = rows->in_order;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(rows->order[middle]->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rows->in_order ? rows->order[low]->name : NULL;
}

const struct journal_domain *journal_rows_at(struct journal_rows *rows,
                                             size_t i)
{
	if (rows == NULL)
		return NULL;
	put_in_order(rows);
	return i < rows->in_order ? rows->order[i] : NULL;
}

struct journal_blob *journal_rows_blob_of(const struct journal_rows *rows,
                                          uint64_t id)
{
	struct id *found = rows != NULL ? id_find(rows, id) : NULL;

	return found != NULL ? found->blob : NULL;
}

struct journal_size journal_rows_size(const struct journal_rows *rows)
{
	return (struct journal_size){.bytes = rows->bytes,
	                             .last = rows->range.last,
	                             .since = rows->since};
}

/* --- days --- */

void journal_memory_lock(struct journal_memory *memory)
{
	pthread_mutex_lock(&memory->lock);
}

void journal_memory_unlock(struct journal_memory *memory)
{
	pthread_mutex_unlock(&memory->lock);
}

void journal_memory_forget(struct journal_memory *memory, struct db_txn *txn)
{
	size_t kept = 0;

	for (size_t i = 0; i < memory->count; i++)
		if (journal_table_has(txn, memory->days[i]->day))
			memory->days[kept++] = memory->days[i];
		else
			journal_rows_leave(memory->days[i]);
	memory->count = kept;
}

static struct journal_rows **place_of_day(struct journal_memory *memory,
                                          int32_t day)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->days[i]->day == day)
			return &memory->days[i];
	if (memory->count == memory->room) {
		memory->room = 2 * memory->room + 2;
		memory->days = xrealloc(memory->days, memory->room,
		                        sizeof(*memory->days));
	}
	memory->days[memory->count] = NULL;
	return &memory->days[memory->count++];
}

/*
 * Rows are deleted from the first on, so who has the same first row has the
 * same rows, or fewer.  A transaction that began before some were deleted reads
 * them for itself.
 */
struct journal_rows *journal_memory_find(struct journal_memory *memory,
                                         struct db_txn *txn, int32_t day,
                                         const struct journal_range *range)
{
	struct journal_rows **place = place_of_day(memory, day);
	struct journal_rows *rows = *place;

	if (rows == NULL || rows->range.first < range->first) {
		journal_rows_leave(rows);
		*place = rows = journal_rows_new(day);
	}
	if (rows->range.first > range->first)
		rows = journal_rows_new(day);
	else
		rows->users++;
	if (rows->range.last < range->last)
		read_on(rows, txn, range->last);
	return rows;
}
