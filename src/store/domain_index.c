#include "store/domain_index.h"

#include <string.h>

#include "base/auto.h"
#include "store/keys.h"

enum kind { FAILING = 1, UNREPORTED = 2 };

static struct db_key kind_key(int32_t day, enum kind kind)
{
	struct db_key key = key_of_day(TABLE_DOMAIN_INDEX, day);

	key_u8(&key, (uint8_t)kind);
	return key;
}

static struct db_key failing_key(int32_t day, uint64_t failure,
                                 const char *domain)
{
	struct db_key key = kind_key(day, FAILING);

	key_u64(&key, ~failure);
	key_text(&key, domain);
	return key;
}

static struct db_key unreported_key(int32_t day, enum tally_mark mark,
                                    const char *domain)
{
	struct db_key key = kind_key(day, UNREPORTED);

	key_u8(&key, (uint8_t)mark);
	key_text(&key, domain);
	return key;
}

/* The first row of the day and kind after that key; its rest is the reader's.
 * A domain's rows end where its name does, so a byte more is after it. */
static int row_after(struct db_txn *txn, struct db_key *from,
                     const char *domain, enum kind kind, struct db_row *row,
                     struct reader *rest)
{
	const size_t prefix = sizeof(int32_t) + 1;

	if (domain[0] != '\0')
		key_u8(from, 0);
	if (!db_get_from(txn, from, row) || row->key.len <= prefix ||
	    memcmp(row->key.data, from->bytes, prefix) != 0)
		return 0;
	*rest = db_row_key(row);
	reader_u32(rest);
	return reader_u8(rest) == (uint8_t)kind;
}

int domain_index_failing(struct db_txn *txn, int32_t day,
                         struct failing_domain *at)
{
	struct db_key from = failing_key(day, at->failure, at->domain);
	struct reader rest;
	struct db_row row;

	if (!row_after(txn, &from, at->domain, FAILING, &row, &rest))
		return 0;
	at->failure = ~reader_u64(&rest);
	reader_rest(&rest, at->domain, sizeof(at->domain));
	return db_row_is(txn, &row, !rest.failed && at->failure > 0);
}

int domain_index_unreported(struct db_txn *txn, int32_t day,
                            struct unreported_domain *at)
{
	struct db_key from = unreported_key(day, at->mark, at->domain);
	struct reader rest;
	struct db_row row;

	if (!row_after(txn, &from, at->domain, UNREPORTED, &row, &rest))
		return 0;
	at->mark = reader_u8(&rest);
	reader_rest(&rest, at->domain, sizeof(at->domain));
	return db_row_is(txn, &row,
	                 !rest.failed && domain_index_has_mark(at->mark));
}

bool domain_index_has_mark(enum tally_mark mark)
{
	return mark == TALLY_NO_RECORD || mark == TALLY_BAD_RECORD ||
	       mark == TALLY_NO_RUA || mark == TALLY_DENIED ||
	       mark == TALLY_BAD_DOMAIN;
}

static void change_failing(struct db_txn *txn, int32_t day, const char *domain,
                           uint64_t before, uint64_t now)
{
	struct db_key from = failing_key(day, before, domain);
	struct db_key to = failing_key(day, now, domain);

	if (before == now)
		return;
	if (before > 0)
		db_delete(txn, &from);
	if (now > 0)
		db_put_bytes(txn, &to, "", 0);
}

static void change_unreported(struct db_txn *txn, int32_t day,
                              const char *domain, enum tally_mark before,
                              enum tally_mark now)
{
	struct db_key from = unreported_key(day, before, domain);
	struct db_key to = unreported_key(day, now, domain);

	if (before == now)
		return;
	if (domain_index_has_mark(before))
		db_delete(txn, &from);
	if (domain_index_has_mark(now))
		db_put_bytes(txn, &to, "", 0);
}

void domain_index_change(struct db_txn *txn, int32_t day, const char *domain,
                         const struct tally_head *before,
                         const struct tally_head *head)
{
	change_failing(txn, day, domain, before ? before->failure : 0,
	               head->failure);
	change_unreported(txn, day, domain, before ? before->mark : TALLY_OPEN,
	                  head->mark);
}

bool domain_index_has(struct db_txn *txn, int32_t day, const char *domain,
                      const struct tally_head *head)
{
	struct db_key failing = failing_key(day, head->failure, domain);
	struct db_key unreported = unreported_key(day, head->mark, domain);
	struct db_row row;

	return (head->failure == 0 || db_get(txn, &failing, &row)) &&
	       (!domain_index_has_mark(head->mark) ||
	        db_get(txn, &unreported, &row));
}

void domain_index_clear(struct db_txn *txn, int32_t day)
{
	struct db_key prefix = key_of_day(TABLE_DOMAIN_INDEX, day);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);

	while (db_rows_next(&rows))
		db_rows_delete(&rows);
}

int domain_index_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_DOMAIN_INDEX, before, rows);
}
