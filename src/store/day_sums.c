#include "store/day_sums.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/reader.h"
#include "base/xalloc.h"
#include "store/intern.h"
#include "store/tally_row.h"

enum {
	PAGE_ROWS = 20000,
	FORMAT = 1, /* of the row; another is summed up again */
	WORST_ROOM = 2 * DAY_WORST_MAX,
};

enum day_kind { DAY_REVISION = 3, DAY_SUMS = 4, DAY_SETTLED = 5 };

static struct key key_of(int32_t day, enum day_kind kind)
{
	struct key key = key_of_day(day);

	key_u8(&key, (uint8_t)kind);
	return key;
}

uint64_t day_revision(struct db_txn *txn, int32_t day)
{
	struct key key = key_of(day, DAY_REVISION);
	struct db_value value;
	uint64_t revision = 0;

	if (db_get(txn, TABLE_DAY, key.bytes, key.len, &value) &&
	    !read_u64(value, &revision))
		db_damaged(txn, TABLE_DAY, key.bytes, key.len);
	return revision;
}

void day_touch(struct db_txn *txn, int32_t day, uint64_t revision)
{
	struct key key = key_of(day, DAY_REVISION);

	put_u64(txn, TABLE_DAY, &key, revision);
}

/* --- summing up --- */

struct summing {
	struct db_txn *txn;
	int32_t day;
	struct arena *mem;
	struct day_sums *sums;
	struct key at; /* the next row to read */
};

static int most_first(const void *a, const void *b)
{
	const struct day_worst *x = a, *y = b;

	if (x->failure != y->failure)
		return x->failure < y->failure ? 1 : -1;
	return strcmp(x->domain, y->domain);
}

static void cut_worst(struct day_sums *sums)
{
	if (sums->worst_count > 1)
		qsort(sums->worst, sums->worst_count, sizeof(*sums->worst),
		      most_first);
	if (sums->worst_count > DAY_WORST_MAX)
		sums->worst_count = DAY_WORST_MAX;
}

static void add_worst(struct summing *s, const char *domain, uint64_t failure)
{
	struct day_sums *sums = s->sums;

	if (sums->worst_count == WORST_ROOM)
		cut_worst(sums);
	sums->worst[sums->worst_count++] = (struct day_worst){
		arena_strdup(s->mem, domain),
		failure,
	};
}

static bool add_head(struct summing *s, const struct tally_row *row,
                     struct db_value value)
{
	struct day_sums *sums = s->sums;
	struct tally_head head;

	if (!tally_head_read(value, &head))
		return false;
	sums->domains++;
	sums->success += head.success;
	sums->failure += head.failure;
	sums->late_success += head.late_success;
	sums->late_failure += head.late_failure;
	sums->folded += head.folded;
	sums->marks[head.mark]++;
	if (head.failure > 0) {
		sums->failing_domains++;
		add_worst(s, row->domain, head.failure);
	}
	return true;
}

/* Both blobs begin with the type (session/session_code.c). */
static bool first_byte(struct db_value blob, unsigned below, unsigned *type)
{
	struct reader reader;

	reader_init(&reader, blob.data, blob.len);
	*type = reader_u8(&reader);
	return !reader.failed && *type < below;
}

static bool add_policy(struct summing *s, const struct tally_row *row,
                       struct db_value value)
{
	struct tally_sums policy;
	struct db_value blob;
	unsigned type;

	if (!tally_sums_read(value, &policy) ||
	    !intern_get(s->txn, row->day, row->policy_id, &blob) ||
	    !first_byte(blob, POLICY_TYPES, &type))
		return false;
	s->sums->policy_success[type] += policy.success;
	s->sums->policy_failure[type] += policy.failure;
	return true;
}

static bool add_detail(struct summing *s, struct db_value value)
{
	struct db_value blob;
	uint64_t count;
	unsigned type;

	if (!tally_detail_read(value, &count, &blob) ||
	    !first_byte(blob, RESULT_TYPES, &type))
		return false;
	s->sums->results[type] += count;
	return true;
}

static bool add_row(struct summing *s, const struct tally_row *row,
                    struct db_value value)
{
	switch (row->kind) {
	case TALLY_HEAD:
		return add_head(s, row, value);
	case TALLY_POLICY:
		return add_policy(s, row, value);
	case TALLY_DETAIL:
		return add_detail(s, value);
	}
	return false;
}

/* One transaction's worth; false when there is no more. */
static bool add_page(struct summing *s)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(s->txn, TABLE_TALLY);
	bool more = db_seek(cursor, s->at.bytes, s->at.len);
	struct db_value key, value;
	struct tally_row row;

	for (unsigned n = 0; more; more = db_next(cursor), n++) {
		db_at(cursor, &key, &value);
		if (!tally_row_read(&key, &row)) {
			db_damaged(s->txn, TABLE_TALLY, key.data, key.len);
			return false;
		}
		if (row.day != s->day)
			return false;
		if (n == PAGE_ROWS) {
			key_init(&s->at);
			key_bytes(&s->at, key.data, key.len);
			return true;
		}
		if (!add_row(s, &row, value)) {
			db_damaged(s->txn, TABLE_TALLY, key.data, key.len);
			return false;
		}
	}
	return false;
}

int day_sums_make(struct db *db, int32_t day, int64_t now, struct arena *mem,
                  struct day_sums *sums, struct err *err)
{
	struct summing s = {
		.day = day,
		.mem = mem,
		.sums = sums,
		.at = key_of_day(day),
	};
	bool more = true;
	int rc = 0;

	*sums = (struct day_sums){.summed_at = now};
	sums->worst = arena_array(mem, WORST_ROOM, sizeof(*sums->worst));
	while (more && rc == 0) {
		s.txn = db_begin_read(db);
		/* what changes meanwhile makes these sums old */
		if (sums->revision == 0)
			sums->revision = day_revision(s.txn, day);
		more = add_page(&s);
		rc = db_failure(s.txn, err);
		db_abort(&s.txn);
	}
	cut_worst(sums);
	return rc;
}

/* --- kept --- */

static void put_numbers(struct strbuf *out, const uint64_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strbuf_u64(out, list[i]);
}

static void get_numbers(struct reader *in, uint64_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		list[i] = reader_u64(in);
}

void day_sums_put(struct db_txn *txn, int32_t day, const struct day_sums *sums)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	struct key key = key_of(day, DAY_SUMS);
	const uint64_t plain[] = {
		sums->revision,     (uint64_t)sums->summed_at,
		sums->domains,      sums->failing_domains,
		sums->success,      sums->failure,
		sums->late_success, sums->late_failure,
		sums->folded,
	};

	strbuf_u8(&out, FORMAT);
	put_numbers(&out, plain, sizeof(plain) / sizeof(plain[0]));
	put_numbers(&out, sums->marks, TALLY_MARKS);
	put_numbers(&out, sums->policy_success, POLICY_TYPES);
	put_numbers(&out, sums->policy_failure, POLICY_TYPES);
	put_numbers(&out, sums->results, RESULT_TYPES);
	strbuf_u32(&out, (uint32_t)sums->worst_count);
	for (size_t i = 0; i < sums->worst_count; i++) {
		strbuf_str(&out, sums->worst[i].domain);
		strbuf_u64(&out, sums->worst[i].failure);
	}
	db_put(txn, TABLE_DAY, key.bytes, key.len, out.data, out.len);
}

static void read_worst(struct reader *in, struct arena *mem,
                       struct day_sums *sums)
{
	uint32_t count = reader_u32(in);

	if (count > DAY_WORST_MAX) {
		in->failed = true;
		return;
	}
	sums->worst = arena_array(mem, count, sizeof(*sums->worst));
	for (uint32_t i = 0; i < count; i++) {
		sums->worst[i].domain = reader_str(in, mem);
		sums->worst[i].failure = reader_u64(in);
		if (sums->worst[i].domain == NULL)
			in->failed = true;
	}
	sums->worst_count = count;
}

int day_sums_get(struct db_txn *txn, int32_t day, struct arena *mem,
                 struct day_sums *sums)
{
	struct key key = key_of(day, DAY_SUMS);
	struct db_value value;
	struct reader in;

	*sums = (struct day_sums){0};
	if (!db_get(txn, TABLE_DAY, key.bytes, key.len, &value))
		return 0;
	reader_init(&in, value.data, value.len);
	if (reader_u8(&in) != FORMAT)
		return 0;
	sums->revision = reader_u64(&in);
	sums->summed_at = (int64_t)reader_u64(&in);
	sums->domains = reader_u64(&in);
	sums->failing_domains = reader_u64(&in);
	sums->success = reader_u64(&in);
	sums->failure = reader_u64(&in);
	sums->late_success = reader_u64(&in);
	sums->late_failure = reader_u64(&in);
	sums->folded = reader_u64(&in);
	get_numbers(&in, sums->marks, TALLY_MARKS);
	get_numbers(&in, sums->policy_success, POLICY_TYPES);
	get_numbers(&in, sums->policy_failure, POLICY_TYPES);
	get_numbers(&in, sums->results, RESULT_TYPES);
	read_worst(&in, mem, sums);
	return !in.failed && reader_left(&in) == 0;
}

/* --- reports --- */

void day_settled_get(struct db_txn *txn, int32_t day,
                     struct day_settled *settled)
{
	struct key key = key_of(day, DAY_SETTLED);
	struct db_value value;
	struct reader in;

	*settled = (struct day_settled){0};
	if (!db_get(txn, TABLE_DAY, key.bytes, key.len, &value))
		return;
	reader_init(&in, value.data, value.len);
	settled->reports = reader_u64(&in);
	get_numbers(&in, settled->destinations, DELIVERY_STATES);
	if (in.failed)
		db_damaged(txn, TABLE_DAY, key.bytes, key.len);
}

void day_settled_add(struct db_txn *txn, int32_t day,
                     const struct day_settled *delta)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	struct key key = key_of(day, DAY_SETTLED);
	struct day_settled sum;

	day_settled_get(txn, day, &sum);
	strbuf_u64(&out, sum.reports + delta->reports);
	for (int i = 0; i < DELIVERY_STATES; i++)
		strbuf_u64(&out, sum.destinations[i] + delta->destinations[i]);
	db_put(txn, TABLE_DAY, key.bytes, key.len, out.data, out.len);
}
