#include "store/domain_history.h"

#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "store/keys.h"
#include "store/numbers.h"

enum { NUMBERS = sizeof(struct domain_day) / sizeof(uint64_t) };

static_assert(NUMBERS <= 64, "numbers_pack() has a bit for each");
static_assert(HISTORY_DAYS <= 32, "struct history_marks has a bit for each");

bool domain_day_of(const struct tally_head *head, struct domain_day *day)
{
	uint64_t results = 0;

	*day = (struct domain_day){
		.success = head->success,
		.failure = head->failure,
		.unjudged = head->unjudged,
		.clear = tally_clear_sessions(head),
	};
	for (int i = 0; i < RESULT_TYPES; i++) {
		day->results[i] = tally_result(head, (enum result_type)i);
		results |= day->results[i];
	}
	for (int i = 0; i < POLICY_TYPES; i++)
		if (head->kinds.policy_success[i] +
		            head->kinds.policy_failure[i] >
		    0)
			day->policies |= UINT64_C(1) << i;
	return (day->success | day->failure | day->unjudged | results) != 0;
}

int32_t domain_history_block(int32_t day)
{
	return day - day % HISTORY_DAYS;
}

struct db_key domain_history_key(int32_t block, const char *domain)
{
	return key_of_day_text(TABLE_DOMAIN_HISTORY, block, domain);
}

static bool read_marks(struct reader *in, struct history_marks *marks)
{
	marks->counted = reader_u32(in);
	marks->failed = reader_u32(in);
	marks->clear = reader_u32(in);
	return !in->failed && marks->counted != 0 &&
	       ((marks->failed | marks->clear) & ~marks->counted) == 0;
}

static bool has_mark(uint32_t days, int at)
{
	return (days >> at & 1) != 0;
}

/* The marks, and the numbers of each day that was counted. */
static bool read_days(struct reader *in, int32_t block,
                      struct domain_days *days)
{
	struct history_marks marks;

	days->count = 0;
	if (!read_marks(in, &marks))
		return false;
	for (uint32_t left = marks.counted; left != 0; left &= left - 1) {
		int at = __builtin_ctz(left);
		struct domain_day *told = &days->list[days->count].told;

		days->list[days->count++].day = block + at;
		numbers_unpack(in, (uint64_t *)told, NUMBERS);
		if ((told->failure > 0) != has_mark(marks.failed, at) ||
		    (told->clear > 0) != has_mark(marks.clear, at))
			return false;
	}
	return reader_is_done(in);
}

static int32_t read_key(const struct db_row *row,
                        char domain[TALLY_DOMAIN_TEXT], bool *good)
{
	struct reader key = db_row_key(row);
	int32_t block = (int32_t)reader_u32(&key);

	reader_rest(&key, domain, TALLY_DOMAIN_TEXT);
	*good = !key.failed;
	return block;
}

bool domain_history_marks(struct db_txn *txn, const struct db_row *row,
                          char domain[TALLY_DOMAIN_TEXT],
                          struct history_marks *marks)
{
	struct reader value = db_row_value(row);
	bool good;

	read_key(row, domain, &good);
	return db_row_is(txn, row, good && read_marks(&value, marks));
}

bool domain_history_read(struct db_txn *txn, const struct db_row *row,
                         char domain[TALLY_DOMAIN_TEXT],
                         struct domain_days *days)
{
	struct reader value = db_row_value(row);
	bool good;
	int32_t block = read_key(row, domain, &good);

	return db_row_is(txn, row, good && read_days(&value, block, days));
}

/* What is open is not told here yet. */
static void told_of(const struct tally_head *head, struct domain_day *day)
{
	if (head == NULL || head->mark == TALLY_OPEN ||
	    !domain_day_of(head, day))
		*day = (struct domain_day){0};
}

static bool is_none(const struct domain_day *told)
{
	static const struct domain_day none;

	return memcmp(told, &none, sizeof(none)) == 0;
}

/* All 0: the day is taken out. */
static void set_day(struct domain_days *days, int32_t day,
                    const struct domain_day *told)
{
	size_t at = 0;
	bool is_there;

	while (at < days->count && days->list[at].day < day)
		at++;
	is_there = at < days->count && days->list[at].day == day;
	if (is_none(told)) {
		days->count -= is_there;
		memmove(&days->list[at], &days->list[at + is_there],
		        (days->count - at) * sizeof(days->list[0]));
		return;
	}
	if (!is_there)
		memmove(&days->list[at + 1], &days->list[at],
		        (days->count++ - at) * sizeof(days->list[0]));
	days->list[at].day = day;
	days->list[at].told = *told;
}

static void write_days(const struct domain_days *days, int32_t block,
                       struct strbuf *out)
{
	struct history_marks marks = {0};

	for (size_t i = 0; i < days->count; i++) {
		const struct domain_day *told = &days->list[i].told;
		uint32_t bit = UINT32_C(1) << (days->list[i].day - block);

		marks.counted |= bit;
		marks.failed |= told->failure > 0 ? bit : 0;
		marks.clear |= told->clear > 0 ? bit : 0;
	}
	strbuf_u32(out, marks.counted);
	strbuf_u32(out, marks.failed);
	strbuf_u32(out, marks.clear);
	for (size_t i = 0; i < days->count; i++)
		numbers_pack((const uint64_t *)&days->list[i].told, NUMBERS,
		             out);
}

void domain_history_put(struct db_txn *txn, int32_t day, const char *domain,
                        const struct domain_day *told)
{
	int32_t block = domain_history_block(day);
	struct db_key key = domain_history_key(block, domain);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct domain_days days = {.count = 0};
	struct reader in;
	struct db_row row;

	if (db_get(txn, &key, &row)) {
		in = db_row_value(&row);
		if (!db_row_is(txn, &row, read_days(&in, block, &days)))
			return;
	}
	set_day(&days, day, told);
	if (days.count == 0) {
		db_delete(txn, &key);
		return;
	}
	write_days(&days, block, &value);
	db_put(txn, &key, &value);
}

void domain_history_change(struct db_txn *txn, int32_t day, const char *domain,
                           const struct tally_head *before,
                           const struct tally_head *head)
{
	struct domain_day was, is;

	told_of(before, &was);
	told_of(head, &is);
	if (memcmp(&was, &is, sizeof(is)) != 0)
		domain_history_put(txn, day, domain, &is);
}

int domain_history_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_DOMAIN_HISTORY,
	                      before - HISTORY_DAYS + 1, rows);
}
