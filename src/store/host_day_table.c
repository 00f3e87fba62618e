#include "store/host_day_table.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/moment.h"
#include "store/keys.h"

/* Rows of a day; the numbers are stored. */
enum kind {
	KIND_HOST = 1,      /* and its name */
	KIND_LAST_SLOT = 2, /* that was given away */
	KIND_NOBODYS = 3,   /* and a slot: since when, or 0 */
	KIND_FETCH = 4,     /* and a host's name */
};

static struct db_key key_of_kind(int32_t day, enum kind kind)
{
	struct db_key key = key_of_day(TABLE_HOST_DAY, day);

	key_u8(&key, kind);
	return key;
}

static struct db_key key_of_host(int32_t day, enum kind kind, const char *host)
{
	struct db_key key = key_of_kind(day, kind);

	key_text(&key, host);
	return key;
}

static struct db_key key_of_nobodys(int32_t day, uint32_t slot)
{
	struct db_key key = key_of_kind(day, KIND_NOBODYS);

	key_u32(&key, slot);
	return key;
}

static struct db_key key_of_slot(int32_t day, uint32_t slot)
{
	struct db_key key = key_of_day(TABLE_HOST_COUNT, day);

	key_u32(&key, slot);
	return key;
}

/* --- a host's row --- */

static bool host_day_read(const struct db_row *row, struct host_day *host_day)
{
	struct reader key = db_row_key(row), in = db_row_value(row);
	struct sealed_head *head = &host_day->head;
	struct sealed_totals *totals = &host_day->totals;

	head->day = (int32_t)reader_u32(&key);
	if (reader_u8(&key) != KIND_HOST)
		return false;
	reader_rest(&key, head->host, sizeof(head->host));
	host_day->slot = reader_u32(&in);
	host_day->imported_at = (int64_t)reader_u64(&in);
	head->store_id = reader_u64(&in);
	head->epoch = reader_u64(&in);
	head->generation = reader_u64(&in);
	head->sealed_at = (int64_t)reader_u64(&in);
	head->reports = reader_u8(&in) != 0;
	totals->domains = reader_u64(&in);
	totals->policies = reader_u64(&in);
	totals->details = reader_u64(&in);
	totals->success = reader_u64(&in);
	totals->failure = reader_u64(&in);
	totals->unjudged = reader_u64(&in);
	totals->waiting = reader_u64(&in);
	host_day->late = reader_u8(&in) != 0;
	return !key.failed && reader_is_done(&in);
}

int host_day_get(struct db_txn *txn, int32_t day, const char *host,
                 struct host_day *host_day)
{
	struct db_key key = key_of_host(day, KIND_HOST, host);
	struct db_row row;

	return db_get(txn, &key, &row) &&
	       db_row_is(txn, &row, host_day_read(&row, host_day));
}

int host_day_next(struct db_txn *txn, int32_t day, struct host_day *host_day)
{
	struct db_key all = key_of_kind(day, KIND_HOST);
	struct db_key from = key_of_host(day, KIND_HOST, host_day->head.host);
	struct db_row row;

	if (host_day->head.host[0] != '\0')
		key_u8(&from, 0);
	return db_get_from(txn, &from, &row) && row.key.len > all.len &&
	       memcmp(row.key.data, all.bytes, all.len) == 0 &&
	       db_row_is(txn, &row, host_day_read(&row, host_day));
}

static int day_at(struct db_txn *txn, const struct db_row *row, int32_t *day)
{
	struct reader key = db_row_key(row);

	*day = (int32_t)reader_u32(&key);
	return db_row_is(txn, row, !key.failed);
}

int host_day_range(struct db_txn *txn, int32_t *first, int32_t *last)
{
	struct db_key all = key_of(TABLE_HOST_DAY);
	struct db_row row;

	return db_get_from(txn, &all, &row) && day_at(txn, &row, first) &&
	       db_get_last(txn, TABLE_HOST_DAY, &row) &&
	       day_at(txn, &row, last);
}

static void put_nobodys(struct db_txn *txn, int32_t day, uint32_t slot,
                        int64_t since)
{
	struct db_key key = key_of_nobodys(day, slot);

	db_put_u64(txn, &key, (uint64_t)since);
}

uint32_t host_day_begin(struct db_txn *txn, int32_t day, int64_t now)
{
	struct db_key key = key_of_kind(day, KIND_LAST_SLOT);
	uint32_t slot = (uint32_t)db_get_u64(txn, &key) + 1;

	db_put_u64(txn, &key, slot);
	put_nobodys(txn, day, slot, now);
	return slot;
}

void host_day_give_up(struct db_txn *txn, int32_t day, uint32_t slot)
{
	put_nobodys(txn, day, slot, 0);
}

bool host_day_is_begun(struct db_txn *txn, int32_t day, uint32_t slot)
{
	struct db_key key = key_of_nobodys(day, slot);

	return db_get_u64(txn, &key) != 0;
}

void host_day_go_on(struct db_txn *txn, int32_t day, uint32_t slot, int64_t now)
{
	if (!host_day_is_begun(txn, day, slot))
		db_fail(txn, ERR_BUSY, "the import was given up");
	put_nobodys(txn, day, slot, now);
}

void host_day_put(struct db_txn *txn, const struct host_day *host_day)
{
	const struct sealed_head *head = &host_day->head;
	const struct sealed_totals *totals = &host_day->totals;
	struct db_key key = key_of_host(head->day, KIND_HOST, head->host);
	struct db_key mine = key_of_nobodys(head->day, host_day->slot);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct host_day before;

	if (host_day_get(txn, head->day, head->host, &before))
		put_nobodys(txn, head->day, before.slot, 0);
	/* purged meanwhile, or half of it: it took longer than any import */
	if (!host_day_is_begun(txn, head->day, host_day->slot))
		db_fail(txn, ERR_BUSY, "the import was given up");
	db_delete(txn, &mine);
	strbuf_u32(&value, host_day->slot);
	strbuf_u64(&value, (uint64_t)host_day->imported_at);
	strbuf_u64(&value, head->store_id);
	strbuf_u64(&value, head->epoch);
	strbuf_u64(&value, head->generation);
	strbuf_u64(&value, (uint64_t)head->sealed_at);
	strbuf_u8(&value, head->reports);
	strbuf_u64(&value, totals->domains);
	strbuf_u64(&value, totals->policies);
	strbuf_u64(&value, totals->details);
	strbuf_u64(&value, totals->success);
	strbuf_u64(&value, totals->failure);
	strbuf_u64(&value, totals->unjudged);
	strbuf_u64(&value, totals->waiting);
	strbuf_u8(&value, host_day->late);
	db_put(txn, &key, &value);
}

/* --- a domain's row --- */

static void put_key(struct strbuf *out, const struct tally_key *key)
{
	strbuf_blob32(out, key->bytes, key->len);
}

static void put_policy(struct strbuf *out, const struct tally_policy *policy)
{
	uint32_t details = 0;

	put_key(out, &policy->key);
	strbuf_u64(out, policy->success);
	strbuf_u64(out, policy->failure);
	strbuf_u64(out, policy->unjudged);
	for (const struct tally_detail *d = policy->details; d; d = d->next)
		details++;
	strbuf_u32(out, details);
	for (const struct tally_detail *d = policy->details; d; d = d->next) {
		put_key(out, &d->key);
		strbuf_u64(out, d->count);
	}
}

void host_day_domain_encode(const struct sealed_domain *domain,
                            struct strbuf *out)
{
	const struct tally_domain *counts = &domain->counts;

	strbuf_u8(out, counts->valid);
	strbuf_u8(out, domain->waits);
	strbuf_u64(out, (uint64_t)domain->record_at);
	strbuf_u64(out, domain->folded);
	strbuf_u64(out, counts->success);
	strbuf_u64(out, counts->failure);
	strbuf_u64(out, counts->unjudged);
	strbuf_str(out, counts->record);
	for (const struct tally_policy *p = counts->policies; p; p = p->next)
		put_policy(out, p);
}

void host_day_domain_put(struct db_txn *txn, int32_t day, uint32_t slot,
                         const char *domain, const void *bytes, size_t len)
{
	struct db_key key = key_of_slot(day, slot);

	key_text(&key, domain);
	db_put_bytes(txn, &key, bytes, len);
}

static bool read_key(struct reader *in, struct arena *arena,
                     struct tally_key *key)
{
	const void *bytes = reader_blob32(in, &key->len);

	if (bytes == NULL)
		return false;
	key->bytes = arena_strndup(arena, bytes, key->len);
	return true;
}

static void read_details(struct reader *in, struct arena *arena,
                         struct tally_domain *counts,
                         struct tally_policy *policy)
{
	uint32_t left = reader_u32(in);

	for (struct tally_detail **next = &policy->details;
	     left > 0 && !in->failed; left--) {
		struct tally_detail *detail =
			arena_alloc(arena, sizeof(*detail));

		if (!read_key(in, arena, &detail->key))
			return;
		detail->count = reader_u64(in);
		*next = detail;
		next = &detail->next;
		counts->detail_count++;
	}
}

static bool domain_read(const struct db_row *row, struct arena *arena,
                        struct sealed_domain *domain)
{
	struct reader key = db_row_key(row), in = db_row_value(row);
	struct tally_domain *counts = &domain->counts;
	struct tally_policy **next = &counts->policies;
	char *name = arena_alloc(arena, TALLY_DOMAIN_TEXT);

	memset(domain, 0, sizeof(*domain));
	counts->day = (int32_t)reader_u32(&key);
	reader_u32(&key); /* the slot */
	reader_rest(&key, name, TALLY_DOMAIN_TEXT);
	counts->domain = name;
	counts->valid = reader_u8(&in) != 0;
	domain->waits = reader_u8(&in) != 0;
	domain->record_at = (int64_t)reader_u64(&in);
	domain->folded = reader_u64(&in);
	counts->success = reader_u64(&in);
	counts->failure = reader_u64(&in);
	counts->unjudged = reader_u64(&in);
	counts->record = reader_str(&in, arena);
	while (!in.failed && reader_left(&in) > 0) {
		struct tally_policy *policy =
			arena_alloc(arena, sizeof(*policy));

		if (!read_key(&in, arena, &policy->key))
			break;
		policy->success = reader_u64(&in);
		policy->failure = reader_u64(&in);
		policy->unjudged = reader_u64(&in);
		read_details(&in, arena, counts, policy);
		*next = policy;
		next = &policy->next;
		counts->policy_count++;
	}
	return !key.failed && !in.failed;
}

int host_day_domain_get(struct db_txn *txn, int32_t day, uint32_t slot,
                        const char *name, struct arena *arena,
                        struct sealed_domain *domain)
{
	struct db_key key = key_of_slot(day, slot);
	struct db_row row;

	key_text(&key, name);
	return db_get(txn, &key, &row) &&
	       db_row_is(txn, &row, domain_read(&row, arena, domain));
}

int host_day_domain_next(struct db_txn *txn, int32_t day, uint32_t slot,
                         char name[TALLY_DOMAIN_TEXT])
{
	struct db_key all = key_of_slot(day, slot), from = all;
	struct reader key;
	struct db_row row;

	key_text(&from, name);
	if (name[0] != '\0')
		key_u8(&from, 0);
	if (!db_get_from(txn, &from, &row) || row.key.len <= all.len ||
	    memcmp(row.key.data, all.bytes, all.len) != 0)
		return 0;
	key = db_row_key(&row);
	reader_u64(&key); /* day and slot */
	reader_rest(&key, name, TALLY_DOMAIN_TEXT);
	return db_row_is(txn, &row, !key.failed);
}

/* --- fetching --- */

static bool fetch_read(const struct db_row *row, struct host_fetch *fetch)
{
	struct reader key = db_row_key(row), in = db_row_value(row);

	fetch->day = (int32_t)reader_u32(&key);
	if (reader_u8(&key) != KIND_FETCH)
		return false;
	reader_rest(&key, fetch->host, sizeof(fetch->host));
	fetch->slot = reader_u32(&in);
	fetch->tried_at = (int64_t)reader_u64(&in);
	fetch->busy_until = (int64_t)reader_u64(&in);
	fetch->ahead = (int64_t)reader_u64(&in);
	fetch->done = reader_u64(&in);
	fetch->of = reader_u64(&in);
	fetch->unreadable = reader_u64(&in);
	reader_text(&in, fetch->words, sizeof(fetch->words));
	return !key.failed && reader_is_done(&in);
}

int host_day_fetch_get(struct db_txn *txn, int32_t day, const char *host,
                       struct host_fetch *fetch)
{
	struct db_key key = key_of_host(day, KIND_FETCH, host);
	struct db_row row;

	*fetch = (struct host_fetch){.day = day};
	snprintf(fetch->host, sizeof(fetch->host), "%s", host);
	return db_get(txn, &key, &row) &&
	       db_row_is(txn, &row, fetch_read(&row, fetch));
}

void host_day_fetch_put(struct db_txn *txn, const struct host_fetch *fetch)
{
	struct db_key key = key_of_host(fetch->day, KIND_FETCH, fetch->host);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u32(&value, fetch->slot);
	strbuf_u64(&value, (uint64_t)fetch->tried_at);
	strbuf_u64(&value, (uint64_t)fetch->busy_until);
	strbuf_u64(&value, (uint64_t)fetch->ahead);
	strbuf_u64(&value, fetch->done);
	strbuf_u64(&value, fetch->of);
	strbuf_u64(&value, fetch->unreadable);
	strbuf_str(&value, fetch->words);
	db_put(txn, &key, &value);
}

/* --- purging --- */

/* The first slot that is nobody's, from that one on, wherever. */
static bool nobodys_from(struct db_txn *txn, int64_t now, int32_t *day,
                         uint32_t *slot)
{
	int64_t since;
	struct db_key all = key_of(TABLE_HOST_DAY);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);

	while (db_rows_next(&rows)) {
		struct reader key = db_row_key(&rows.row);
		struct reader value = db_row_value(&rows.row);

		*day = (int32_t)reader_u32(&key);
		if (reader_u8(&key) != KIND_NOBODYS)
			continue;
		*slot = reader_u32(&key);
		if (!db_row_is(txn, &rows.row,
		               reader_is_done(&key) &&
		                       reader_left(&value) == 8))
			return false;
		since = (int64_t)reader_u64(&value);
		if (moment_age(since, now) > HOST_DAY_IMPORT_SECS)
			return true;
	}
	return false;
}

int host_day_purge_slots(struct db_txn *txn, int64_t now, uint64_t *rows)
{
	uint64_t n = 0;
	uint32_t slot;
	int32_t day;

	while (n < DB_BATCH_ROWS && nobodys_from(txn, now, &day, &slot)) {
		struct db_key prefix = key_of_slot(day, slot);
		struct db_key key = key_of_nobodys(day, slot);
		auto_(db_rows_end) struct db_rows each = db_rows(txn, &prefix);
		bool more;

		/* from now on nobody makes it a host's */
		put_nobodys(txn, day, slot, 0);
		while ((more = db_rows_next(&each)) && n < DB_BATCH_ROWS) {
			db_rows_delete(&each);
			n++;
		}
		if (!more)
			db_delete(txn, &key);
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}

int host_day_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_HOST_COUNT, before, rows) ||
	       key_purge_days(txn, TABLE_HOST_DAY, before, rows);
}

void host_day_check(struct db_txn *txn, const struct db_row *row)
{
	auto_(arena_clear) struct arena arena = {0};
	struct reader key = db_row_key(row);
	struct sealed_domain domain;
	struct host_fetch fetch;
	struct host_day host_day;
	bool good = false;
	uint8_t kind;

	arena_init(&arena);
	reader_u32(&key); /* the day */
	kind = reader_u8(&key);
	if (row->table == TABLE_HOST_COUNT)
		good = domain_read(row, &arena, &domain);
	else if (kind == KIND_HOST)
		good = host_day_read(row, &host_day);
	else if (kind == KIND_FETCH)
		good = fetch_read(row, &fetch);
	else
		good = row->value.len == sizeof(uint64_t);
	db_row_is(txn, row, good);
}
