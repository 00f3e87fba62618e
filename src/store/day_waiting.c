#include "store/day_waiting.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/day_table.h"
#include "store/journal_view.h"
#include "store/numbers.h"
#include "store/tally_row.h"

enum { NUMBERS = sizeof(struct domain_day) / sizeof(uint64_t) };

/* What it was made of. */
struct stamp {
	int32_t day;
	uint64_t applied; /* revision of what is */
	bool is_closed;
	struct journal_stamp journal;
};

/* Does not change once it is made. */
struct version {
	struct day_waiting waiting;
	struct stamp stamp;
	unsigned users; /* under the lock */
};

/* Of a process: the last of each day. */
struct kept {
	pthread_mutex_t lock;
	struct version **days;
	size_t count, room;
};

/* Of a transaction: those that it was lent. */
struct lent {
	struct kept *kept;
	struct version **list;
	size_t count, room;
};

static void version_leave(struct version **version)
{
	struct version *of = *version;

	*version = NULL;
	if (of == NULL || --of->users > 0)
		return;
	free(of->waiting.domains);
	free(of->waiting.failing);
	strbuf_clear(&of->waiting.text);
	free(of);
}

static void add_version(struct version ***list, size_t *count, size_t *room,
                        struct version *version)
{
	if (*count == *room) {
		*room = 2 * *room + 2;
		*list = xrealloc(*list, *room, sizeof(**list));
	}
	(*list)[(*count)++] = version;
}

static void *kept_new(void)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));

	pthread_mutex_init(&kept->lock, NULL);
	return kept;
}

static void kept_free(void *arg)
{
	struct kept *kept = arg;

	for (size_t i = 0; i < kept->count; i++)
		version_leave(&kept->days[i]);
	free(kept->days);
	pthread_mutex_destroy(&kept->lock);
	free(kept);
}

static void *lent_new(void)
{
	return xcalloc(1, sizeof(struct lent));
}

static void lent_free(void *arg)
{
	struct lent *lent = arg;

	if (lent->kept != NULL)
		pthread_mutex_lock(&lent->kept->lock);
	for (size_t i = 0; i < lent->count; i++)
		version_leave(&lent->list[i]);
	if (lent->kept != NULL)
		pthread_mutex_unlock(&lent->kept->lock);
	free(lent->list);
	free(lent);
}

/* --- what it was made of --- */

static bool stamp_now(struct db_txn *txn, int32_t day, struct stamp *stamp)
{
	stamp->day = day;
	if (!journal_view_stamp(txn, day, &stamp->journal))
		return false;
	stamp->applied = day_table_applied(txn, day);
	stamp->is_closed = day_table_is_closed(txn, day);
	return true;
}

/* Is all the same but that rows may have come since? */
static bool leads_to(const struct stamp *from, const struct stamp *to)
{
	const struct journal_stamp *a = &from->journal, *b = &to->journal;

	return from->applied == to->applied &&
	       from->is_closed == to->is_closed &&
	       a->range.first == b->range.first &&
	       a->range.last <= b->range.last &&
	       a->progress.until == b->progress.until &&
	       strcmp(a->progress.domain, b->progress.domain) == 0;
}

/* --- making one --- */

struct build {
	struct db_txn *txn;
	int32_t day;
	const struct day_waiting *old; /* NULL: none */
	size_t at;                     /* in it: what comes next */
	struct day_waiting *into;
	size_t room;
	struct tally_head none; /* a domain that was not there */
	/* The first domain that is applied and not before those that were
	 * looked for; there is none when it has ended. */
	char applied[TALLY_DOMAIN_TEXT];
	bool has_applied, applied_ended;
	struct tally_head head, was, is;
};

static struct waiting_domain *append(struct build *b, const char *name)
{
	struct day_waiting *into = b->into;
	struct waiting_domain *domain;

	if (into->count == b->room) {
		b->room = 2 * b->room + 64;
		into->domains = xrealloc(into->domains, b->room,
		                         sizeof(*into->domains));
	}
	domain = &into->domains[into->count++];
	*domain = (struct waiting_domain){.name = (uint32_t)into->text.len};
	strbuf_add(&into->text, name, strlen(name) + 1);
	domain->told = (uint32_t)into->text.len;
	return domain;
}

/* Those of the old one before that name, as they are; one of that name is
 * replaced.  NULL: all that are left. */
static void keep_until(struct build *b, const char *name)
{
	const struct day_waiting *old = b->old;

	for (; old != NULL && b->at < old->count; b->at++) {
		const struct waiting_domain *from = &old->domains[b->at];
		const char *text = day_waiting_name(old, b->at);
		size_t end = b->at + 1 < old->count
		                     ? old->domains[b->at + 1].name
		                     : old->text.len;
		int order = name == NULL ? -1 : strcmp(text, name);
		struct waiting_domain *to;

		if (order > 0)
			return;
		if (order == 0)
			continue;
		to = append(b, text);
		strbuf_add(&b->into->text, old->text.data + from->told,
		           end - from->told);
		to->failure = from->failure;
		to->fails_more = from->fails_more;
		to->is_open = from->is_open;
	}
}

/* What is applied of that domain, into b->head; domains come in their order,
 * so where the next one is further on nothing is looked up. */
static bool find_applied(struct build *b, const char *name)
{
	int32_t day = b->day;
	struct db_key key;
	int order = b->has_applied ? strcmp(b->applied, name) : -1;

	if (order > 0 || b->applied_ended)
		return false;
	key = tally_domain_key(day, name);
	if (tally_head_at(b->txn, &key, &b->head))
		return true;
	strcpy(b->applied, name);
	b->has_applied =
		tally_head_next_applied(b->txn, &day, b->applied, &b->was) &&
		day == b->day;
	b->applied_ended = !b->has_applied;
	return false;
}

static void take(void *arg, const struct journal_step *step)
{
	struct build *b = arg;
	bool is_applied = find_applied(b, step->domain);
	const struct tally_head *head = is_applied ? &b->head : &b->none;
	struct waiting_domain *domain;
	struct domain_day told;

	keep_until(b, step->domain);
	if (is_applied || step->before.commits > 0) {
		b->was = *head;
		tally_head_add_journal(&b->was, &step->before);
		day_sums_add(&b->into->sums, &b->was, -1);
	}
	b->is = *head;
	tally_head_add_journal(&b->is, &step->all);
	day_sums_add(&b->into->sums, &b->is, 1);
	domain = append(b, step->domain);
	domain->failure = b->is.failure;
	domain->fails_more = b->is.failure != head->failure;
	domain->is_open =
		b->is.mark == TALLY_OPEN && domain_day_of(&b->is, &told);
	if (domain->is_open)
		numbers_pack((const uint64_t *)&told, NUMBERS, &b->into->text);
}

static int in_order(const void *a, const void *b, void *arg)
{
	const struct day_waiting *of = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	uint64_t x = of->domains[i].failure, y = of->domains[j].failure;

	if (x != y)
		return x < y ? 1 : -1;
	return i < j ? -1 : i > j;
}

static void list_failing(struct day_waiting *of)
{
	of->failing = xcalloc(of->count + 1, sizeof(*of->failing));
	for (size_t i = 0; i < of->count; i++)
		if (of->domains[i].fails_more)
			of->failing[of->failing_count++] = (uint32_t)i;
	qsort_r(of->failing, of->failing_count, sizeof(*of->failing), in_order,
	        of);
}

/* From the old one on, or NULL. */
static struct version *version_make(struct db_txn *txn,
                                    const struct stamp *stamp,
                                    const struct version *old)
{
	struct version *version = xcalloc(1, sizeof(*version));
	struct build *b = xcalloc(1, sizeof(*b));

	version->users = 1;
	version->stamp = *stamp;
	b->txn = txn;
	b->day = stamp->day;
	b->into = &version->waiting;
	if (old != NULL) {
		b->old = &old->waiting;
		version->waiting.sums = old->waiting.sums;
	}
	tally_head_begin(txn, b->day, &b->none);
	journal_view_each(txn, b->day,
	                  old != NULL ? old->stamp.journal.range.last : 0, take,
	                  b);
	keep_until(b, NULL);
	list_failing(&version->waiting);
	free(b);
	return version;
}

/* --- the last of each day --- */

static struct version **find_kept(struct kept *kept, int32_t day)
{
	for (size_t i = 0; i < kept->count; i++)
		if (kept->days[i]->stamp.day == day)
			return &kept->days[i];
	return NULL;
}

/* Of days that have no rows any more. */
static void forget_applied(struct kept *kept, struct db_txn *txn)
{
	struct journal_stamp stamp;
	size_t n = 0;

	for (size_t i = 0; i < kept->count; i++)
		if (journal_view_stamp(txn, kept->days[i]->stamp.day, &stamp))
			kept->days[n++] = kept->days[i];
		else
			version_leave(&kept->days[i]);
	kept->count = n;
}

/* Under the lock.  A transaction that is older than what is kept makes one for
 * itself. */
static struct version *version_find(struct kept *kept, struct db_txn *txn,
                                    const struct stamp *stamp)
{
	struct version **at = find_kept(kept, stamp->day), *version;
	const struct version *old = at != NULL ? *at : NULL;
	bool fits = old != NULL && leads_to(&old->stamp, stamp);

	if (fits &&
	    old->stamp.journal.range.last == stamp->journal.range.last) {
		(*at)->users++;
		return *at;
	}
	version = version_make(txn, stamp, fits ? old : NULL);
	if (db_failed(txn) ||
	    (old != NULL &&
	     (old->stamp.applied > stamp->applied ||
	      old->stamp.journal.range.last > stamp->journal.range.last)))
		return version;
	version->users++;
	if (at == NULL) {
		add_version(&kept->days, &kept->count, &kept->room, version);
	} else {
		version_leave(at);
		*at = version;
	}
	return version;
}

static const struct day_waiting *lend(struct lent *lent,
                                      struct version *version)
{
	add_version(&lent->list, &lent->count, &lent->room, version);
	return &version->waiting;
}

const struct day_waiting *day_waiting_get(struct db_txn *txn, int32_t day)
{
	struct lent *lent =
		db_txn_memory(txn, DB_MEMORY_WAITING, lent_new, lent_free);
	struct version *version;
	struct stamp stamp;

	if (lent->kept == NULL) {
		lent->kept =
			db_memory(txn, DB_MEMORY_WAITING, kept_new, kept_free);
		pthread_mutex_lock(&lent->kept->lock);
		forget_applied(lent->kept, txn);
		pthread_mutex_unlock(&lent->kept->lock);
	}
	/* what a transaction has written is nobody else's yet */
	if (!db_writes(txn))
		for (size_t i = 0; i < lent->count; i++)
			if (lent->list[i]->stamp.day == day)
				return &lent->list[i]->waiting;
	if (!stamp_now(txn, day, &stamp))
		return NULL;
	if (db_writes(txn))
		return lend(lent, version_make(txn, &stamp, NULL));
	pthread_mutex_lock(&lent->kept->lock);
	version = version_find(lent->kept, txn, &stamp);
	pthread_mutex_unlock(&lent->kept->lock);
	return lend(lent, version);
}

/* --- what it has --- */

const char *day_waiting_name(const struct day_waiting *waiting, size_t i)
{
	return waiting->text.data + waiting->domains[i].name;
}

void day_waiting_told(const struct day_waiting *waiting, size_t i,
                      struct domain_day *told)
{
	uint32_t at = waiting->domains[i].told;
	struct reader in;

	reader_init(&in, waiting->text.data + at, waiting->text.len - at);
	numbers_unpack(&in, (uint64_t *)told, NUMBERS);
}

size_t day_waiting_after(const struct day_waiting *waiting, const char *name)
{
	size_t low = 0, high = waiting->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(day_waiting_name(waiting, middle), name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct waiting_domain *day_waiting_find(const struct day_waiting *waiting,
                                              const char *name)
{
	size_t at = day_waiting_after(waiting, name);

	return at > 0 && strcmp(day_waiting_name(waiting, at - 1), name) == 0
	               ? &waiting->domains[at - 1]
	               : NULL;
}
