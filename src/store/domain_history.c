#include "store/domain_history.h"

#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "store/keys.h"
#include "store/numbers.h"

enum { NUMBERS = sizeof(struct domain_day) / sizeof(uint64_t) };

static_assert(NUMBERS <= 64, "numbers_pack() has a bit for each");

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

/* A day is its place in the block and its numbers. */
static bool read_days(struct reader *in, int32_t block,
                      struct domain_days *days)
{
	int at = -1;

	days->count = 0;
	while (reader_left(in) > 0) {
		int next = reader_u8(in);

		if (next <= at || next >= HISTORY_DAYS)
			return false;
		at = next;
		days->list[days->count].day = block + at;
		numbers_unpack(in, (uint64_t *)&days->list[days->count++].told,
		               NUMBERS);
	}
	return reader_is_done(in);
}

bool domain_history_read(struct db_txn *txn, const struct db_row *row,
                         char domain[TALLY_DOMAIN_TEXT],
                         struct domain_days *days)
{
	struct reader key = db_row_key(row), value = db_row_value(row);
	int32_t block = (int32_t)reader_u32(&key);

	reader_rest(&key, domain, TALLY_DOMAIN_TEXT);
	return db_row_is(txn, row,
	                 !key.failed && read_days(&value, block, days));
}

/* What is open is not told here yet. */
static void told_of(const struct tally_head *head, struct domain_day *day)
{
	if (head == NULL || head->mark == TALLY_OPEN ||
	    !domain_day_of(head, day))
		*day = (struct domain_day){0};
}

static void write_day(int place, const struct domain_day *told,
                      struct strbuf *out)
{
	static const struct domain_day none;

	if (memcmp(told, &none, sizeof(none)) == 0)
		return;
	strbuf_u8(out, (uint8_t)place);
	numbers_pack((const uint64_t *)told, NUMBERS, out);
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
	size_t i = 0;

	if (db_get(txn, &key, &row)) {
		in = db_row_value(&row);
		if (!db_row_is(txn, &row, read_days(&in, block, &days)))
			return;
	}
	for (; i < days.count && days.list[i].day < day; i++)
		write_day(days.list[i].day - block, &days.list[i].told, &value);
	write_day(day - block, told, &value);
	for (; i < days.count; i++)
		if (days.list[i].day != day)
			write_day(days.list[i].day - block, &days.list[i].told,
			          &value);
	if (value.len > 0)
		db_put(txn, &key, &value);
	else
		db_delete(txn, &key);
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
