/* What the hosts of a fleet share beside their counts: suppressions, and how
 * much each has sent to whom in this hour. */
#include "ledger/ledger.h"

#include "base/auto.h"
#include "ledger/ledger_work.h"

/* --- suppressions --- */

enum { COLUMNS = 6, PURGE_ROWS = 2000 };

static void add_number(struct strbuf *column, int64_t number)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	strbuf_printf(&text, "%lld", (long long)number);
	sql_array_add(column, strbuf_text(&text));
}

static void add_suppression(struct strbuf columns[COLUMNS],
                            const struct ledger_suppression *row)
{
	sql_array_add(&columns[0], row->address);
	add_number(&columns[1], row->since);
	add_number(&columns[2], row->until);
	sql_array_add(&columns[3], row->by_hand ? "t" : "f");
	sql_array_add(&columns[4], row->reason);
	sql_array_add(&columns[5], row->is_deleted ? "t" : "f");
}

static int put_suppressions(struct ledger *ledger,
                            struct strbuf columns[COLUMNS], bool only_new,
                            struct err *err)
{
	struct sql_args args = {.count = 0};

	ledger_args_now(ledger, &args);
	for (size_t i = 0; i < COLUMNS; i++) {
		sql_array_end(&columns[i]);
		sql_args_text(&args, strbuf_text(&columns[i]));
	}
	sql_args_text(&args, only_new ? "f" : "t");
	return sql_do(
		ledger->sql,
		"INSERT INTO tlstally.suppression (address, since, until,"
		" by_hand, reason, deleted, changed_at)"
		" SELECT n.address, n.since, n.until, n.by_hand, n.reason,"
		" n.deleted, " LEDGER_NOW
		" FROM unnest($2::text[], $3::bigint[], $4::bigint[],"
		" $5::boolean[], $6::text[], $7::boolean[])"
		" AS n (address, since, until, by_hand, reason, deleted)"
		" ON CONFLICT (address) DO UPDATE SET"
		" since = excluded.since, until = excluded.until,"
		" by_hand = excluded.by_hand, reason = excluded.reason,"
		" deleted = excluded.deleted,"
		" changed_at = excluded.changed_at"
		" WHERE $8::boolean AND (suppression.since <> excluded.since"
		" OR suppression.until <> excluded.until"
		" OR suppression.by_hand <> excluded.by_hand"
		" OR suppression.reason <> excluded.reason"
		" OR suppression.deleted <> excluded.deleted)",
		&args, NULL, err);
}

int ledger_suppress(struct ledger *ledger,
                    const struct ledger_suppression *rows, size_t count,
                    bool only_new, struct err *err)
{
	struct strbuf columns[COLUMNS] = {{0}};
	int rc;

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		add_suppression(columns, &rows[i]);
	rc = put_suppressions(ledger, columns, only_new, err);
	for (size_t i = 0; i < COLUMNS; i++)
		strbuf_clear(&columns[i]);
	return rc;
}

void ledger_suppressions_clear(struct ledger_suppressions *suppressions)
{
	arena_clear(&suppressions->mem);
	*suppressions = (struct ledger_suppressions){.count = 0};
}

int ledger_suppressions_since(struct ledger *ledger, int64_t since,
                              struct ledger_suppressions *got, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_suppressions_clear(got);
	sql_args_number(&args, since);
	if (sql_do(ledger->sql,
	           "SELECT address, since, until, by_hand, reason, deleted,"
	           " changed_at FROM tlstally.suppression"
	           " WHERE changed_at >= $1 ORDER BY address",
	           &args, &rows, err) < 0)
		return err->class;
	got->list = arena_array(&got->mem, rows.count, sizeof(*got->list));
	got->count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		got->list[i] = (struct ledger_suppression){
			.address =
				arena_strdup(&got->mem, sql_text(&rows, i, 0)),
			.since = sql_number(&rows, i, 1),
			.until = sql_number(&rows, i, 2),
			.by_hand = sql_is_true(&rows, i, 3),
			.reason =
				arena_strdup(&got->mem, sql_text(&rows, i, 4)),
			.is_deleted = sql_is_true(&rows, i, 5),
			.changed_at = sql_number(&rows, i, 6),
		};
	return 0;
}

/* --- rates --- */

int ledger_rates_put(struct ledger *ledger, const char *host, int64_t hour,
                     const struct ledger_rate *rates, size_t count,
                     struct err *err)
{
	auto_(strbuf_clear) struct strbuf receivers = {0};
	auto_(strbuf_clear) struct strbuf attempts = {0};
	struct sql_args args = {.count = 0};

	if (count == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		sql_array_add(&receivers, rates[i].receiver);
		add_number(&attempts, (int64_t)rates[i].attempts);
	}
	sql_array_end(&receivers);
	sql_array_end(&attempts);
	sql_args_number(&args, hour);
	sql_args_text(&args, host);
	sql_args_text(&args, strbuf_text(&receivers));
	sql_args_text(&args, strbuf_text(&attempts));
	return sql_do(ledger->sql,
	              "INSERT INTO tlstally.rate (hour, receiver, host,"
	              " attempts) SELECT $1::integer, n.receiver, $2::text,"
	              " n.attempts FROM unnest($3::text[], $4::bigint[])"
	              " AS n (receiver, attempts)"
	              " ON CONFLICT (hour, receiver, host) DO UPDATE SET"
	              " attempts = excluded.attempts"
	              " WHERE rate.attempts < excluded.attempts",
	              &args, NULL, err);
}

int ledger_rates_of_others(struct ledger *ledger, const char *host,
                           int64_t hour, bool only_sum,
                           struct ledger_rates *got, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0};
	struct sql_args args = {.count = 0};

	ledger_rates_clear(got);
	sql_args_number(&args, hour);
	sql_args_text(&args, host);
	sql_args_text(&args, only_sum ? "t" : "f");
	if (sql_do(ledger->sql,
	           "SELECT receiver, sum(attempts)::bigint FROM tlstally.rate"
	           " WHERE hour = $1 AND host <> $2"
	           " AND (receiver = '' OR NOT $3::boolean)"
	           " GROUP BY receiver",
	           &args, &rows, err) < 0)
		return err->class;
	got->list = arena_array(&got->mem, rows.count, sizeof(*got->list));
	got->count = rows.count;
	for (size_t i = 0; i < rows.count; i++)
		got->list[i] = (struct ledger_rate){
			.receiver =
				arena_strdup(&got->mem, sql_text(&rows, i, 0)),
			.attempts = (uint64_t)sql_number(&rows, i, 1),
		};
	return 0;
}

void ledger_rates_clear(struct ledger_rates *rates)
{
	arena_clear(&rates->mem);
	*rates = (struct ledger_rates){.count = 0};
}

/* --- purging --- */

int ledger_purge_shared(struct ledger *ledger, int64_t before, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_number(&args, before);
	if (sql_do(ledger->sql,
	           "DELETE FROM tlstally.suppression WHERE deleted"
	           " AND changed_at < $1",
	           &args, NULL, err) < 0)
		return err->class;
	args.count = 0;
	sql_args_number(&args, before / 3600);
	sql_args_number(&args, PURGE_ROWS);
	return sql_do(
		ledger->sql,
		"DELETE FROM tlstally.rate WHERE (hour, receiver, host) IN"
		" (SELECT hour, receiver, host FROM tlstally.rate"
		" WHERE hour < $1 LIMIT $2)",
		&args, NULL, err);
}
