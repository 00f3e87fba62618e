#include "store/day_sums.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "store/counted.h"
#include "store/intern.h"
#include "store/keys.h"
#include "store/tally_row.h"

enum {
	PAGE_ROWS = 20000,
	WORST_ROOM = 2 * DAY_WORST_MAX,
};

struct summing {
	struct db_txn *txn;
	int32_t day;
	struct arena *mem;
	struct day_sums *sums;
	struct db_key at; /* the next row to read */
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

static bool add_head(struct summing *s, const struct tally_row *row,
                     const struct db_row *from)
{
	struct day_sums *sums = s->sums;
	struct tally_head head;

	if (!tally_head_read(from, &head))
		return false;
	sums->domains++;
	sums->success += head.success;
	sums->failure += head.failure;
	sums->unjudged += head.unjudged;
	sums->late_success += head.late_success;
	sums->late_failure += head.late_failure;
	sums->folded += head.folded;
	sums->marks[head.mark]++;
	if (head.failure > 0) {
		sums->failing_domains++;
		if (sums->worst_count == WORST_ROOM)
			cut_worst(sums);
		sums->worst[sums->worst_count++] = (struct day_worst){
			arena_strdup(s->mem, row->domain), head.failure};
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
                       const struct db_row *from)
{
	struct tally_sums policy;
	struct db_value blob;
	unsigned type;

	if (!tally_sums_read(from, &policy) ||
	    !intern_get(s->txn, row->day, row->policy_id, &blob) ||
	    !first_byte(blob, POLICY_TYPES, &type))
		return false;
	s->sums->policy_success[type] += policy.success;
	s->sums->policy_failure[type] += policy.failure;
	return true;
}

static bool add_detail(struct summing *s, const struct db_row *from)
{
	struct db_value blob;
	uint64_t count;
	unsigned type;

	if (!counted_read(from, &count, &blob) ||
	    !first_byte(blob, RESULT_TYPES, &type))
		return false;
	s->sums->results[type] += count;
	return true;
}

static bool add_row(struct summing *s, const struct tally_row *row,
                    const struct db_row *from)
{
	switch (row->kind) {
	case TALLY_HEAD:
		return add_head(s, row, from);
	case TALLY_POLICY:
		return add_policy(s, row, from);
	case TALLY_DETAIL:
		return add_detail(s, from);
	}
	return false;
}

/* One transaction's worth; false when there is no more. */
static bool add_page(struct summing *s)
{
	auto_(db_rows_end) struct db_rows rows = db_rows_from(s->txn, &s->at);
	struct tally_row row;

	for (unsigned n = 0; db_rows_next(&rows); n++) {
		if (!tally_row_read(s->txn, &rows.row, &row) ||
		    row.day != s->day)
			return false;
		if (n == PAGE_ROWS) {
			s->at = rows.at;
			return true;
		}
		if (!db_row_is(s->txn, &rows.row, add_row(s, &row, &rows.row)))
			return false;
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
		.at = key_of_day(TABLE_TALLY, day),
	};
	bool more = true;
	int rc = 0;

	*sums = (struct day_sums){.summed_at = now};
	sums->worst = arena_array(mem, WORST_ROOM, sizeof(*sums->worst));
	while (more && rc == 0) {
		s.txn = db_begin_read(db);
		/* what changes meanwhile makes these sums old */
		if (sums->revision == 0)
			sums->revision = day_table_revision(s.txn, day);
		more = add_page(&s);
		rc = db_failure(s.txn, err);
		db_abort(&s.txn);
	}
	cut_worst(sums);
	return rc;
}
