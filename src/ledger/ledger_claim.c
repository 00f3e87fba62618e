/*
 * The reports of the fleet while they are under way: ledger_claim(),
 * ledger_settle() and ledger_reports() of ledger.h.
 *
 * A batch of reports costs some statements, however many there are: columns are
 * sent as arrays.
 */
#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/base64.h"
#include "ledger/ledger_work.h"
#include "ledger/sql.h"

enum { TRIES = 3 };

#define FINAL "('delivered', 'failed', 'suppressed', 'expired', 'bounced')"

static const char *const report_states[LEDGER_REPORT_STATES] = {
	[LEDGER_REPORT_OPEN] = "open",
	[LEDGER_REPORT_HELD] = "held",
	[LEDGER_REPORT_DELETED] = "deleted",
	[LEDGER_REPORT_DONE] = "done",
};

/* --- columns --- */

enum { COLUMNS = 17 };

struct columns {
	struct strbuf at[COLUMNS];
	size_t rows;
};

static void columns_clear(struct columns *columns)
{
	for (size_t i = 0; i < COLUMNS; i++)
		strbuf_clear(&columns->at[i]);
}

/* Each row begins with the first and goes on with the next. */
static struct strbuf *add_text(struct strbuf *column, const char *text)
{
	sql_array_add(column, text);
	return column + 1;
}

static struct strbuf *add_number(struct strbuf *column, int64_t number)
{
	char text[SQL_NUMBER_TEXT];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return add_text(column, text);
}

static struct strbuf *add_bool(struct strbuf *column, bool is)
{
	return add_text(column, is ? "t" : "f");
}

static struct strbuf *add_id(struct strbuf *column, uint64_t id)
{
	char text[LEDGER_ID_TEXT];

	snprintf(text, sizeof(text), "%016" PRIx64, id);
	return add_text(column, text);
}

/* Those that have rows. */
static void args_columns(struct sql_args *args, struct columns *columns)
{
	for (size_t i = 0; i < COLUMNS && columns->at[i].len > 0; i++) {
		sql_array_end(&columns->at[i]);
		sql_args_text(args, strbuf_text(&columns->at[i]));
	}
}

/* --- claiming --- */

static int put_reports(struct ledger *ledger,
                       const struct ledger_report *reports, size_t count,
                       struct err *err)
{
	auto_(columns_clear) struct columns columns = {.rows = 0};
	auto_(strbuf_clear) struct strbuf body = {0};
	struct sql_args args = {.count = 0};

	for (size_t i = 0; i < count; i++) {
		const struct ledger_report *r = &reports[i];
		struct strbuf *column = add_number(columns.at, r->day);

		strbuf_reset(&body);
		base64_write(r->body, r->body_len, &body);
		column = add_text(column, r->domain);
		column = add_text(column, r->report_id);
		column = add_text(column, report_states[r->state]);
		column = add_text(column, strbuf_text(&body));
		add_number(column, r->deliver_at);
	}
	ledger_args_now(ledger, &args);
	args_columns(&args, &columns);
	return sql_do(
		ledger->sql,
		"INSERT INTO tlstally.report (day, domain, report_id, state,"
		" body, deliver_at, changed_at)"
		" SELECT n.day, n.domain, n.report_id, n.state, n.body,"
		" n.deliver_at, " LEDGER_NOW
		" FROM unnest($2::integer[], $3::text[], $4::text[],"
		" $5::text[], $6::text[], $7::bigint[])"
		" AS n (day, domain, report_id, state, body, deliver_at)"
		" ON CONFLICT (day, domain) DO UPDATE SET"
		" report_id = excluded.report_id, state = excluded.state,"
		" body = excluded.body, deliver_at = excluded.deliver_at,"
		" changed_at = excluded.changed_at"
		" WHERE report.state <> excluded.state"
		" OR report.deliver_at <> excluded.deliver_at"
		" OR report.body IS DISTINCT FROM excluded.body",
		&args, NULL, err);
}

static void add_destination(struct columns *columns,
                            const struct ledger_report *r,
                            const struct ledger_destination *d)
{
	struct strbuf *column = add_number(columns->at, r->day);

	column = add_text(column, r->domain);
	column = add_number(column, d->place);
	column = add_text(column, d->uri);
	column = add_bool(column, d->is_copy);
	column = add_text(column, d->token);
	column = add_text(column, d->sender);
	column = add_text(column, d->envelope);
	column = add_number(column, d->date);
	column = add_text(column, word_api(&words_states, d->state));
	column = add_bool(column, d->uncertain);
	column = add_number(column, d->attempts);
	column = add_number(column, d->first_attempt);
	column = add_number(column, d->last_attempt);
	column = add_number(column, d->due);
	column = add_text(column, d->answer);
	add_id(column, r->outbox_id);
	columns->rows++;
}

/* What is final already stays: it is known, and is not sent again. */
static int put_destinations(struct ledger *ledger, struct columns *columns,
                            uint64_t store_id, uint64_t fence,
                            struct sql_rows *taken, struct err *err)
{
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	if (columns->rows == 0)
		return 0;
	args_columns(&args, columns);
	ledger_args_id(&args, store, store_id);
	sql_args_number(&args, (int64_t)fence);
	return sql_do(
		ledger->sql,
		"INSERT INTO tlstally.destination AS d (day, domain, place,"
		" uri, copy, token, sender, envelope, date, state, uncertain,"
		" attempts, first_attempt, last_attempt, due, answer,"
		" outbox_id, store, fence)"
		" SELECT n.*, $18, $19::bigint"
		" FROM unnest($1::integer[], $2::text[], $3::integer[],"
		" $4::text[], $5::boolean[], $6::text[], $7::text[],"
		" $8::text[], $9::bigint[], $10::text[], $11::boolean[],"
		" $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],"
		" $16::text[], $17::text[]) AS n"
		" ON CONFLICT (day, domain, place) DO UPDATE SET"
		" uri = excluded.uri, copy = excluded.copy,"
		" token = excluded.token, sender = excluded.sender,"
		" envelope = excluded.envelope, date = excluded.date,"
		" state = excluded.state, uncertain = excluded.uncertain,"
		" attempts = excluded.attempts,"
		" first_attempt = excluded.first_attempt,"
		" last_attempt = excluded.last_attempt, due = excluded.due,"
		" answer = excluded.answer, outbox_id = excluded.outbox_id,"
		" store = excluded.store, fence = excluded.fence"
		" WHERE NOT (d.token = excluded.token AND d.state IN " FINAL
		") RETURNING day, domain, place",
		&args, taken, err);
}

/* Places past the last one: a person took some away. */
static int drop_places(struct ledger *ledger,
                       const struct ledger_report *reports, size_t count,
                       struct err *err)
{
	auto_(columns_clear) struct columns columns = {.rows = 0};
	struct sql_args args = {.count = 0};

	for (size_t i = 0; i < count; i++) {
		struct strbuf *column = add_number(columns.at, reports[i].day);

		column = add_text(column, reports[i].domain);
		add_number(column, (int64_t)reports[i].destination_count);
	}
	args_columns(&args, &columns);
	return sql_do(ledger->sql,
	              "DELETE FROM tlstally.destination d USING"
	              " unnest($1::integer[], $2::text[], $3::integer[])"
	              " AS n (day, domain, places)"
	              " WHERE d.day = n.day AND d.domain = n.domain"
	              " AND d.place >= n.places",
	              &args, NULL, err);
}

static int compare_reports(const void *a, const void *b)
{
	const struct ledger_report *left = a, *right = b;

	if (left->day != right->day)
		return left->day < right->day ? -1 : 1;
	return strcmp(left->domain, right->domain);
}

/* All that is claimed is known, but for what could be written. */
static void mark_taken(struct ledger_report *reports, size_t count,
                       const struct sql_rows *taken)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < reports[i].destination_count; j++)
			reports[i].destinations[j].is_known = true;
	for (size_t i = 0; i < taken->count; i++) {
		const struct ledger_report key = {
			.day = (int32_t)sql_number(taken, i, 0),
			.domain = sql_text(taken, i, 1),
		};
		int64_t place = sql_number(taken, i, 2);
		struct ledger_report *r =
			bsearch(&key, reports, count, sizeof(*reports),
		                compare_reports);

		for (size_t j = 0; r != NULL && j < r->destination_count; j++)
			if (r->destinations[j].place == place)
				r->destinations[j].is_known = false;
	}
}

static void set_state(struct ledger_destination *d, const char *word)
{
	int state = word_find(&words_states, word);

	d->state = state < 0 ? DELIVERY_FAILED : (enum delivery_state)state;
}

/* What is known of those that are. */
static int read_known(struct ledger *ledger, struct ledger_report *r,
                      struct err *err)
{
	for (size_t i = 0; i < r->destination_count; i++) {
		auto_(sql_rows_clear) struct sql_rows rows = {0};
		struct ledger_destination *d = &r->destinations[i];
		struct sql_args args = {.count = 0};

		if (!d->is_known || !d->is_claimed)
			continue;
		sql_args_number(&args, r->day);
		sql_args_text(&args, r->domain);
		sql_args_number(&args, d->place);
		if (sql_do(ledger->sql,
		           "SELECT state FROM tlstally.destination"
		           " WHERE day = $1 AND domain = $2 AND place = $3",
		           &args, &rows, err) < 0)
			return err->class;
		set_state(d, rows.count > 0 ? sql_text(&rows, 0, 0) : "");
	}
	return 0;
}

static int claim_in(struct ledger *ledger, const struct ledger_lease *lease,
                    uint64_t fence, struct ledger_report *reports, size_t count,
                    struct err *err)
{
	auto_(columns_clear) struct columns columns = {.rows = 0};
	auto_(sql_rows_clear) struct sql_rows taken = {0};
	int rc = ledger_still_leads(ledger, lease, fence, err);

	if (rc <= 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < reports[i].destination_count; j++)
			add_destination(&columns, &reports[i],
			                &reports[i].destinations[j]);
	if (put_reports(ledger, reports, count, err) < 0 ||
	    drop_places(ledger, reports, count, err) < 0 ||
	    put_destinations(ledger, &columns, lease->store_id, fence, &taken,
	                     err) < 0)
		return err->class;
	mark_taken(reports, count, &taken);
	for (size_t i = 0; i < count; i++)
		if (read_known(ledger, &reports[i], err) < 0)
			return err->class;
	return sql_commit(ledger->sql, err) < 0 ? err->class : 1;
}

int ledger_claim(struct ledger *ledger, const struct ledger_lease *lease,
                 uint64_t fence, struct ledger_report *reports, size_t count,
                 struct err *err)
{
	int rc = ERR_BUSY;

	if (count == 0)
		return ledger_keep(ledger, lease, fence, err);
	/* always in this order, so that two do not wait for each other */
	qsort(reports, count, sizeof(*reports), compare_reports);
	for (int tries = 0; rc == ERR_BUSY && tries < TRIES; tries++) {
		rc = sql_begin(ledger->sql, err);
		if (rc == 0)
			rc = claim_in(ledger, lease, fence, reports, count,
			              err);
		sql_rollback(ledger->sql);
	}
	return rc;
}

int ledger_keep(struct ledger *ledger, const struct ledger_lease *lease,
                uint64_t fence, struct err *err)
{
	return ledger_still_leads(ledger, lease, fence, err);
}

/* --- settling --- */

static int settle_destinations(struct ledger *ledger, struct columns *columns,
                               uint64_t store_id, struct err *err)
{
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	args_columns(&args, columns);
	ledger_args_id(&args, store, store_id);
	return sql_do(ledger->sql,
	              "UPDATE tlstally.destination AS d SET state = n.state,"
	              " uncertain = n.uncertain, attempts = n.attempts,"
	              " first_attempt = n.first_attempt, due = n.due,"
	              " answer = n.answer"
	              " FROM unnest($1::integer[], $2::text[], $3::integer[],"
	              " $4::text[], $5::boolean[], $6::bigint[], $7::bigint[],"
	              " $8::bigint[], $9::text[], $10::bigint[])"
	              " AS n (day, domain, place, state, uncertain, attempts,"
	              " first_attempt, due, answer, fence)"
	              " WHERE d.day = n.day AND d.domain = n.domain"
	              " AND d.place = n.place AND d.fence = n.fence"
	              " AND d.state = 'inflight' AND d.store = $11",
	              &args, NULL, err);
}

static int end_reports(struct ledger *ledger,
                       const struct ledger_report *reports, size_t count,
                       struct err *err)
{
	auto_(columns_clear) struct columns columns = {.rows = 0};
	struct sql_args args = {.count = 0};

	for (size_t i = 0; i < count; i++)
		add_text(add_number(columns.at, reports[i].day),
		         reports[i].domain);
	ledger_args_now(ledger, &args);
	args_columns(&args, &columns);
	return sql_do(ledger->sql,
	              "UPDATE tlstally.report AS r SET state = 'done',"
	              " body = NULL, changed_at = " LEDGER_NOW
	              " FROM unnest($2::integer[], $3::text[])"
	              " AS n (day, domain)"
	              " WHERE r.day = n.day AND r.domain = n.domain"
	              " AND r.state <> 'done' AND NOT EXISTS"
	              " (SELECT 1 FROM tlstally.destination d"
	              " WHERE d.day = r.day AND d.domain = r.domain"
	              " AND d.state NOT IN " FINAL ")",
	              &args, NULL, err);
}

static void add_settled(struct columns *columns, const struct ledger_report *r,
                        const struct ledger_destination *d)
{
	struct strbuf *column = add_number(columns->at, r->day);

	column = add_text(column, r->domain);
	column = add_number(column, d->place);
	column = add_text(column, word_api(&words_states, d->state));
	column = add_bool(column, d->uncertain);
	column = add_number(column, d->attempts);
	column = add_number(column, d->first_attempt);
	column = add_number(column, d->due);
	column = add_text(column, d->answer);
	add_number(column, (int64_t)d->fence);
	columns->rows++;
}

static int settle_in(struct ledger *ledger, uint64_t store_id,
                     const struct ledger_report *reports, size_t count,
                     struct err *err)
{
	auto_(columns_clear) struct columns columns = {.rows = 0};

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < reports[i].destination_count; j++)
			add_settled(&columns, &reports[i],
			            &reports[i].destinations[j]);
	if (columns.rows == 0)
		return 0;
	if (sql_begin(ledger->sql, err) < 0 ||
	    settle_destinations(ledger, &columns, store_id, err) < 0 ||
	    end_reports(ledger, reports, count, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}

int ledger_settle(struct ledger *ledger, uint64_t store_id,
                  const struct ledger_report *reports, size_t count,
                  struct err *err)
{
	int rc = ERR_BUSY;

	for (int tries = 0; rc == ERR_BUSY && tries < TRIES; tries++)
		rc = settle_in(ledger, store_id, reports, count, err);
	return rc;
}

/* --- reading --- */

void ledger_reports_clear(struct ledger_reports *reports)
{
	arena_clear(&reports->mem);
	memset(reports, 0, sizeof(*reports));
}

static int find_state(const char *word)
{
	for (int i = 0; i < LEDGER_REPORT_STATES; i++)
		if (strcmp(report_states[i], word) == 0)
			return i;
	return -1;
}

static void read_report(const struct sql_rows *rows, size_t i,
                        struct ledger_reports *to)
{
	auto_(strbuf_clear) struct strbuf body = {0};
	struct ledger_report *r = &to->list[to->count++];
	const char *text = sql_text(rows, i, 4);
	int state = find_state(sql_text(rows, i, 3));

	*r = (struct ledger_report){
		.day = (int32_t)sql_number(rows, i, 0),
		.domain = arena_strdup(&to->mem, sql_text(rows, i, 1)),
		.report_id = arena_strdup(&to->mem, sql_text(rows, i, 2)),
		.state = state < 0 ? LEDGER_REPORT_OPEN
	                           : (enum ledger_report_state)state,
		.deliver_at = sql_number(rows, i, 5),
	};
	if (state < 0 || text == NULL || !base64_read(text, &body))
		return;
	r->body = arena_strndup(&to->mem, body.data, body.len);
	r->body_len = body.len;
}

static void read_destination(const struct sql_rows *rows, size_t i,
                             struct arena *mem, struct ledger_destination *d)
{
	*d = (struct ledger_destination){
		.place = (uint16_t)sql_number(rows, i, 2),
		.uri = arena_strdup(mem, sql_text(rows, i, 3)),
		.is_copy = sql_is_true(rows, i, 4),
		.token = arena_strdup(mem, sql_text(rows, i, 5)),
		.sender = arena_strdup(mem, sql_text(rows, i, 6)),
		.envelope = arena_strdup(mem, sql_text(rows, i, 7)),
		.date = sql_number(rows, i, 8),
		.uncertain = sql_is_true(rows, i, 10),
		.attempts = (uint32_t)sql_number(rows, i, 11),
		.first_attempt = sql_number(rows, i, 12),
		.last_attempt = sql_number(rows, i, 13),
		.due = sql_number(rows, i, 14),
		.answer = arena_strdup(mem, sql_text(rows, i, 15)),
		.fence = (uint64_t)sql_number(rows, i, 17),
	};
	set_state(d, sql_text(rows, i, 9));
}

/* Rows and reports are in the same order. */
static void share_out(const struct sql_rows *rows, struct ledger_reports *to)
{
	size_t at = 0;

	for (size_t i = 0; i < to->count; i++) {
		struct ledger_report *r = &to->list[i];
		size_t end = at;

		while (end < rows->count &&
		       (int32_t)sql_number(rows, end, 0) == r->day &&
		       strcmp(sql_text(rows, end, 1), r->domain) == 0)
			end++;
		r->destination_count = end - at;
		r->destinations = arena_array(&to->mem, end - at,
		                              sizeof(*r->destinations));
		for (size_t j = at; j < end; j++)
			read_destination(rows, j, &to->mem,
			                 &r->destinations[j - at]);
		if (end > at)
			r->outbox_id = ledger_id(rows, at, 16);
		at = end;
	}
}

#define DESTINATION                                                            \
	"d.day, d.domain, d.place, d.uri, d.copy, d.token, d.sender,"          \
	" d.envelope, d.date, d.state, d.uncertain, d.attempts,"               \
	" d.first_attempt, d.last_attempt, d.due, d.answer, d.outbox_id,"      \
	" d.fence"

static int read_both(struct ledger *ledger, const char *reports,
                     const char *destinations, const struct sql_args *args,
                     struct ledger_reports *to, struct err *err)
{
	auto_(sql_rows_clear) struct sql_rows rows = {0}, places = {0};

	if (sql_do(ledger->sql, reports, args, &rows, err) < 0)
		return err->class;
	to->list = arena_array(&to->mem, rows.count, sizeof(*to->list));
	for (size_t i = 0; i < rows.count; i++)
		read_report(&rows, i, to);
	if (rows.count == 0)
		return 0;
	if (sql_do(ledger->sql, destinations, args, &places, err) < 0)
		return err->class;
	share_out(&places, to);
	return 0;
}

static int read_reports(struct ledger *ledger, const char *reports,
                        const char *destinations, const struct sql_args *args,
                        struct ledger_reports *to, struct err *err)
{
	ledger_reports_clear(to);
	if (sql_begin_read(ledger->sql, err) < 0 ||
	    read_both(ledger, reports, destinations, args, to, err) < 0 ||
	    sql_commit(ledger->sql, err) < 0)
		return ledger_fail(ledger, err);
	return 0;
}

#define REPORT "day, domain, report_id, state, body, deliver_at"

int ledger_reports(struct ledger *ledger, int32_t day, const char *after,
                   struct ledger_reports *reports, struct err *err)
{
	struct sql_args args = {.count = 0};

	sql_args_number(&args, day);
	sql_args_text(&args, after);
	sql_args_number(&args, LEDGER_BATCH_REPORTS);
	return read_reports(
		ledger,
		"SELECT " REPORT " FROM tlstally.report"
		" WHERE day = $1 AND domain > $2 ORDER BY domain LIMIT $3",
		"SELECT " DESTINATION " FROM tlstally.destination d JOIN"
		" (SELECT day, domain FROM tlstally.report"
		" WHERE day = $1 AND domain > $2 ORDER BY domain LIMIT $3) r"
		" ON d.day = r.day AND d.domain = r.domain"
		" ORDER BY d.domain, d.place",
		&args, reports, err);
}

int ledger_reports_in_flight(struct ledger *ledger, uint64_t store_id,
                             struct ledger_reports *reports, struct err *err)
{
	char store[LEDGER_ID_TEXT];
	struct sql_args args = {.count = 0};

	ledger_args_id(&args, store, store_id);
	return read_reports(ledger,
	                    "SELECT " REPORT
	                    " FROM tlstally.report WHERE (day, domain) IN"
	                    " (SELECT day, domain FROM tlstally.destination"
	                    " WHERE store = $1 AND state = 'inflight')"
	                    " ORDER BY day, domain",
	                    "SELECT " DESTINATION " FROM tlstally.destination d"
	                    " WHERE d.store = $1 AND d.state = 'inflight'"
	                    " ORDER BY d.day, d.domain, d.place",
	                    &args, reports, err);
}
