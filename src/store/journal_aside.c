#include "store/journal_aside.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "store/journal_table.h"
#include "store/keys.h"

static struct db_key aside_key(int32_t day, uint64_t number)
{
	struct db_key key = journal_table_key(day, JOURNAL_ASIDE);

	key_u64(&key, number);
	return key;
}

bool journal_aside_next(struct db_txn *txn, struct journal_aside *aside)
{
	struct db_key from = aside_key(aside->day, aside->number + 1);
	struct db_row row;

	while (db_get_from(txn, &from, &row)) {
		struct reader key = db_row_key(&row),
			      value = db_row_value(&row);
		int32_t day = (int32_t)reader_u32(&key);
		bool is_beside = reader_u64(&key) == 0;
		unsigned kind = reader_u8(&key);
		const char *words;

		if (!is_beside || kind > JOURNAL_ASIDE)
			from = aside_key(day + 1, 0);
		else if (kind < JOURNAL_ASIDE)
			from = aside_key(day, 0);
		else {
			aside->day = day;
			aside->number = reader_u64(&key);
			words = reader_to_nul(&value);
			snprintf(aside->words, sizeof(aside->words), "%s",
			         words != NULL ? words : "");
			return db_row_is(txn, &row, reader_is_done(&key));
		}
	}
	return false;
}

bool journal_aside_has(struct db_txn *txn, int32_t day)
{
	struct journal_aside aside = {.day = day};

	return (journal_aside_next(txn, &aside) && aside.day == day) ||
	       journal_table_size(txn, day).damaged > 0;
}

void journal_aside_put(struct db_txn *txn, int32_t day, uint64_t until)
{
	struct journal_head head;
	struct reader domains;
	uint64_t number = 0;
	struct db_row row;
	struct err err;

	while (journal_table_next(txn, day, &number, &row) && number <= until) {
		auto_(strbuf_clear) struct strbuf value = {0};
		struct db_key key = aside_key(day, number);

		if (journal_table_domains(txn, &row, &head, &domains, &err) ||
		    db_failed(txn))
			continue;
		strbuf_printf(&value, "%.*s", JOURNAL_WORDS - 1, err.text);
		strbuf_u8(&value, 0);
		strbuf_add(&value, row.value.data, row.value.len);
		db_put(txn, &key, &value);
	}
}

void journal_trouble_get(struct db_txn *txn, int32_t day,
                         char words[JOURNAL_WORDS])
{
	struct db_key key = journal_table_key(day, JOURNAL_TROUBLE);
	struct reader value;
	struct db_row row;

	words[0] = '\0';
	if (!db_get(txn, &key, &row))
		return;
	value = db_row_value(&row);
	reader_rest(&value, words, JOURNAL_WORDS);
	db_row_is(txn, &row, !value.failed);
}

void journal_trouble_put(struct db_txn *txn, int32_t day, const char *words)
{
	struct db_key key = journal_table_key(day, JOURNAL_TROUBLE);
	auto_(strbuf_clear) struct strbuf value = {0};

	if (words == NULL) {
		db_delete(txn, &key);
		return;
	}
	strbuf_printf(&value, "%.*s", JOURNAL_WORDS - 1, words);
	db_put_changed(txn, &key, &value);
}

void journal_waiting_get(struct db_txn *txn, struct journal_waiting *waiting)
{
	*waiting = (struct journal_waiting){.bytes = 0};
	for (int32_t day = 0; journal_table_day_next(txn, &day); day++) {
		struct journal_size size = journal_table_size(txn, day);

		waiting->bytes += size.bytes;
		waiting->damaged += size.damaged;
		if (waiting->since == 0 || size.since < waiting->since)
			waiting->since = size.since;
		if (waiting->words[0] == '\0')
			journal_trouble_get(txn, day, waiting->words);
	}
}
