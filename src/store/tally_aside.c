#include "store/tally_aside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "session/session.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/derived.h"
#include "store/intern.h"
#include "store/journal_aside.h"
#include "store/journal_news.h"
#include "store/keys.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

/* What cannot be read: rows whose keys begin so, or the one alone: a damaged
 * key can be the beginning of others, even of all of the day. */
struct broken {
	struct db_key prefix;
	bool alone;
	char what[TALLY_DOMAIN_TEXT];
	struct err why;
};

/* Finds the first from *at on, and moves *at past it. */
typedef bool find_fn(struct db_txn *txn, int32_t day, struct db_key *at,
                     struct broken *broken);

static struct db_key key_of_row(const struct db_row *row)
{
	struct db_key key = key_of(row->table);

	key_bytes(&key, row->key.data, row->key.len);
	return key;
}

/* Rows of the table and the day, from the key on. */
static bool next_row(struct db_txn *txn, int32_t day, const struct db_key *at,
                     struct db_row *row, struct reader *key)
{
	if (!db_get_from(txn, at, row))
		return false;
	*key = db_row_key(row);
	return (int32_t)reader_u32(key) == day && !key->failed;
}

/* --- policies --- */

static bool is_policy(const struct db_row *row)
{
	auto_(arena_clear) struct arena mem = {0};
	struct session_policy policy;

	return session_policy_decode(row->value.data, row->value.len, &mem,
	                             &policy, NULL) == 0;
}

/* A row that finds a policy which is there? */
static bool leads_to_policy(struct db_txn *txn, int32_t day,
                            const struct db_row *row)
{
	struct reader value = db_row_value(row);
	struct db_value blob;
	uint64_t id = reader_u64(&value);

	return reader_is_done(&value) && intern_get(txn, day, id, &blob);
}

/* In the store's order ids come before what leads to them, but for days of a
 * store of schema version 3: so these are looked at twice. */
static bool find_policy(struct db_txn *txn, int32_t day, struct db_key *at,
                        struct broken *broken)
{
	struct reader key;
	struct db_row row;

	while (next_row(txn, day, at, &row, &key)) {
		unsigned kind = reader_u8(&key);
		bool good = kind == INTERN_ID ? is_policy(&row)
		                              : leads_to_policy(txn, day, &row);

		*at = broken->prefix = key_of_row(&row);
		key_u8(at, 0);
		broken->alone = true;
		if (good)
			continue;
		snprintf(broken->what, sizeof(broken->what), "policy %" PRIu64,
		         kind == INTERN_ID ? reader_u64(&key) : 0);
		err_set(&broken->why, ERR_IO,
		        kind == INTERN_ID ? "its bytes cannot be read"
		                          : "the way to it cannot be read");
		return true;
	}
	return false;
}

/* --- domains --- */

/* As the rollup and who shows it read it, and who lists them. */
static bool is_domain(struct db_txn *txn, int32_t day, const char *domain,
                      const struct reader *rest, struct err *why)
{
	struct report *report;
	int rc;

	if (reader_left(rest) != 1 || *rest->at != TALLY_HEAD) {
		err_set(why, ERR_IO, "its sums are missing");
		return false;
	}
	report = report_new();
	rc = tally_load(txn, day, domain, report, why);
	report_free(&report);
	return rc == 0;
}

static bool find_domain(struct db_txn *txn, int32_t day, struct db_key *at,
                        struct broken *broken)
{
	struct reader key;
	struct db_row row;

	while (next_row(txn, day, at, &row, &key)) {
		const char *domain = reader_to_nul(&key);

		if (domain == NULL || strlen(domain) >= TALLY_DOMAIN_TEXT) {
			*at = broken->prefix = key_of_row(&row);
			key_u8(at, 0);
			broken->alone = true;
			strcpy(broken->what, "a row");
			err_set(&broken->why, ERR_IO, "its key cannot be read");
			return true;
		}
		snprintf(broken->what, sizeof(broken->what), "%s", domain);
		*at = broken->prefix = tally_domain_key(day, broken->what);
		at->bytes[at->len - 1] = 1; /* past all that begin with it */
		broken->alone = false;
		if (!is_domain(txn, day, broken->what, &key, &broken->why))
			return true;
	}
	return false;
}

/* --- set aside --- */

static int set_aside(struct db *db, int32_t day, const struct broken *broken,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &broken->prefix);
	uint64_t number = change_touch(txn, CHANGE_DOMAIN);

	while (db_rows_next(&rows)) {
		journal_aside_put_row(txn, day, number, broken->what,
		                      broken->why.text, &rows.row);
		db_rows_delete(&rows);
		if (broken->alone)
			break;
	}
	day_table_touch(txn, day, number);
	journal_news_doubt(txn, day);
	db_rows_end(&rows);
	return db_commit(&txn, err);
}

static int set_all_aside(struct db *db, enum db_table table, int32_t day,
                         find_fn *find, struct err *err)
{
	struct db_key at = key_of_day(table, day);
	struct broken broken;
	int rc = 0, n = 0;

	for (; rc == 0; n++) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);
		bool found = find(txn, day, &at, &broken);

		/* of what is broken the transaction may have failed, too */
		rc = found ? 0 : db_failure(txn, err);
		db_abort(&txn);
		if (!found)
			break;
		rc = set_aside(db, day, &broken, err);
	}
	return rc < 0 ? rc : n;
}

int tally_aside_day(struct db *db, int32_t day, struct err *err)
{
	static const struct {
		enum db_table table;
		find_fn *find;
	} steps[] = {
		{TABLE_INTERN, find_policy},
		{TABLE_INTERN, find_policy},
		{TABLE_TALLY, find_domain},
	};
	int n = 0, rc;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		rc = set_all_aside(db, steps[i].table, day, steps[i].find, err);
		if (rc < 0)
			return rc;
		n += rc;
	}
	rc = derived_rebuild_day(db, day, err);
	return rc < 0 ? rc : n + rc;
}

/* The first day from *day on that has anything. */
static int next_day(struct db *db, int32_t *day, struct err *err)
{
	static const enum db_table tables[] = {TABLE_TALLY, TABLE_INTERN,
	                                       TABLE_DAY};
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	int32_t first = INT32_MAX;
	bool found = false;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct db_key from = key_of_day(tables[i], *day);
		struct reader key;
		struct db_row row;
		int32_t at;

		if (!db_get_from(txn, &from, &row))
			continue;
		key = db_row_key(&row);
		at = (int32_t)reader_u32(&key);
		if (at >= *day && at <= first) {
			first = at;
			found = true;
		}
	}
	*day = first;
	return db_failed(txn) ? db_failure(txn, err) : found;
}

int tally_aside_days(struct db *db, int32_t first, int32_t last,
                     struct err *err)
{
	int n = 0, rc;

	for (int32_t day = first;
	     (rc = next_day(db, &day, err)) > 0 && day <= last; day++) {
		rc = tally_aside_day(db, day, err);
		if (rc < 0)
			return rc;
		n += rc;
		if (day == last)
			break;
	}
	return rc < 0 ? rc : n;
}
