#include "store/journal_aside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/journal_scan.h"
#include "store/journal_table.h"
#include "store/keys.h"

static struct db_key aside_key(int32_t day, uint64_t number)
{
	struct db_key key = journal_table_key(day, JOURNAL_ASIDE);

	key_u64(&key, number);
	return key;
}

/* Of what was set aside of the counts: all rows of it begin so. */
static struct db_key rows_key(int32_t day, const char *what)
{
	struct db_key key = journal_table_key(day, JOURNAL_ASIDE_ROWS);

	key_text(&key, what);
	return key;
}

/* Behind the one at hand. */
static struct db_key key_after(const struct journal_aside *aside)
{
	struct db_key key;

	if (aside->what[0] == '\0')
		return aside_key(aside->day, aside->number + 1);
	key = rows_key(aside->day, aside->what);
	key_u8(&key, 1);
	return key;
}

static bool read_aside(struct db_txn *txn, const struct db_row *row,
                       unsigned kind, struct reader *key,
                       struct journal_aside *aside)
{
	struct reader value = db_row_value(row);
	const char *words, *what = "";

	if (kind == JOURNAL_ASIDE_ROWS) {
		what = reader_to_nul(key);
		aside->number = reader_u64(&value);
	} else {
		aside->number = reader_u64(key);
	}
	words = reader_to_nul(&value);
	/* or whoever asks for the next one would get this one again */
	if (!db_row_is(txn, row,
	               what != NULL && !key->failed &&
	                       strlen(what) < sizeof(aside->what) &&
	                       (what[0] != '\0') ==
	                               (kind == JOURNAL_ASIDE_ROWS)))
		return false;
	snprintf(aside->what, sizeof(aside->what), "%s", what);
	snprintf(aside->words, sizeof(aside->words), "%s",
	         words != NULL ? words : "");
	return true;
}

bool journal_aside_next(struct db_txn *txn, struct journal_aside *aside)
{
	struct db_key from = key_after(aside);
	struct db_row row;

	while (db_get_from(txn, &from, &row)) {
		struct reader key = db_row_key(&row);
		int32_t day = (int32_t)reader_u32(&key);
		bool is_beside = reader_u64(&key) == 0;
		unsigned kind = reader_u8(&key);

		if (!is_beside || kind > JOURNAL_ASIDE_ROWS) {
			from = aside_key(day + 1, 0);
		} else if (kind < JOURNAL_ASIDE) {
			from = aside_key(day, 0);
		} else {
			aside->day = day;
			return read_aside(txn, &row, kind, &key, aside);
		}
	}
	return false;
}

const char *journal_aside_text(const struct journal_aside *aside,
                               char text[JOURNAL_ASIDE_TEXT])
{
	char day[DAY_TEXT];

	day_format(aside->day, day);
	if (aside->what[0] != '\0')
		snprintf(text, JOURNAL_ASIDE_TEXT, "counts: %s of %s",
		         aside->what, day);
	else
		snprintf(text, JOURNAL_ASIDE_TEXT,
		         "journal of counts: row %" PRIu64 " of %s",
		         aside->number, day);
	return text;
}

/* The value of one: why, and what it was. */
static void add_words(struct strbuf *value, const char *words,
                      const struct db_row *row)
{
	strbuf_printf(value, "%.*s", JOURNAL_WORDS - 1, words);
	strbuf_u8(value, 0);
	strbuf_add(value, row->value.data, row->value.len);
}

void journal_aside_put_row(struct db_txn *txn, int32_t day, uint64_t number,
                           const char *what, const char *words,
                           const struct db_row *row)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct db_key key = rows_key(day, what);
	struct reader rest = db_row_key(row);
	size_t len = strlen(what) + 1, room;

	/* twice a long name is more than a key has room for */
	reader_u32(&rest);
	if (reader_left(&rest) > len && memcmp(rest.at, what, len) == 0)
		rest.at += len;
	key_u8(&key, 0);
	key_u8(&key, (uint8_t)row->table);
	room = DB_KEY_MAX - key.len;
	key_bytes(&key, rest.at,
	          reader_left(&rest) < room ? reader_left(&rest) : room);
	strbuf_u64(&value, number);
	add_words(&value, words, row);
	db_put(txn, &key, &value);
}

bool journal_aside_has(struct db_txn *txn, int32_t day)
{
	struct journal_aside aside = {.day = day};
	struct journal_scan rows;

	return (journal_aside_next(txn, &aside) && aside.day == day) ||
	       (journal_scan_get(txn, day, &rows) && rows.size.damaged > 0);
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
		add_words(&value, err.text, &row);
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
		struct journal_scan rows;

		if (!journal_scan_get(txn, day, &rows))
			continue;
		waiting->bytes += rows.size.bytes;
		waiting->damaged += rows.size.damaged;
		if (waiting->since == 0 || rows.size.since < waiting->since)
			waiting->since = rows.size.since;
		if (waiting->words[0] == '\0')
			journal_trouble_get(txn, day, waiting->words);
	}
}
