#include "store/row_check.h"

#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "maillog/log_session.h"
#include "report/report.h"
#include "report/report_json.h"
#include "store/answer_group.h"
#include "store/api_token_table.h"
#include "store/change_table.h"
#include "store/counted.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/domain_history.h"
#include "store/doubt_table.h"
#include "store/due_table.h"
#include "store/feed_table.h"
#include "store/finding_table.h"
#include "store/host_day_table.h"
#include "store/inbound_table.h"
#include "store/intern.h"
#include "store/journal_news.h"
#include "store/journal_table.h"
#include "store/log_completing_table.h"
#include "store/log_state_table.h"
#include "store/mail_table.h"
#include "store/merged_table.h"
#include "store/meta_table.h"
#include "store/outbox_row.h"
#include "store/outbox_table.h"
#include "store/own_host_table.h"
#include "store/own_report_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/received_rate_table.h"
#include "store/received_table.h"
#include "store/sign_in_table.h"
#include "store/suppress_table.h"
#include "store/tally_row.h"
#include "store/tally_table.h"
#include "store/token_table.h"
#include "store/told_table.h"
#include "store/untold_table.h"

/* The row at hand. */
struct row {
	struct db_txn *txn;
	const struct db_row *row;
	struct reader rest; /* of the key */
	char text[DB_KEY_MAX + 1];
	struct arena mem;
};

static void is_damaged(struct row *row)
{
	db_row_is(row->txn, row->row, false);
}

/* What is left of the key, or all before a 0 in it, as text. */
static const char *key_rest_text(struct row *row)
{
	reader_rest(&row->rest, row->text, sizeof(row->text));
	return row->text;
}

/* Skips a domain and the 0 that ends it: which kind of row it is. */
static int kind_behind_domain(struct row *row)
{
	struct reader reader = row->rest;

	reader_to_nul(&reader);
	return reader_u8(&reader);
}

static void check_number(struct row *row)
{
	if (row->row->value.len != sizeof(uint64_t))
		is_damaged(row);
}

static void check_meta(struct row *row)
{
	struct signature_seen signature;
	struct policyd_seen policyd;
	struct clock_record record;
	struct fleet_seen fleet;
	const char *name = key_rest_text(row);

	if (strcmp(name, META_CLOCK) == 0)
		meta_clock_get(row->txn, &record);
	else if (strcmp(name, META_SIGNATURE) == 0)
		meta_signature_get(row->txn, &signature);
	else if (strcmp(name, META_POLICYD) == 0)
		meta_policyd_get(row->txn, &policyd);
	else if (strcmp(name, META_FLEET) == 0)
		meta_fleet_get(row->txn, &fleet);
	else
		check_number(row);
}

static void check_tally(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);
	int kind = kind_behind_domain(row);
	struct tally_head head;
	struct report *report;
	struct err err = {0};

	if (kind < TALLY_HEAD || kind > TALLY_DETAIL)
		is_damaged(row);
	if (kind != TALLY_HEAD)
		return; /* read with its head */
	key_rest_text(row);
	if (!tally_head_get(row->txn, day, row->text, &head))
		return;
	report = report_new();
	if (tally_load(row->txn, day, row->text, report, &err) < 0)
		db_fail(row->txn, err.class, "%s", err.text);
	report_free(&report);
}

static void check_intern(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);
	int kind = reader_u8(&row->rest);
	struct db_value blob;

	if (kind == INTERN_HASH || kind == INTERN_NEAR)
		check_number(row);
	else if (kind == INTERN_ID && reader_left(&row->rest) == 8)
		intern_get(row->txn, day, reader_u64(&row->rest), &blob);
	else
		is_damaged(row);
}

static void check_day(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);
	struct day_stats stats;
	struct day_sums sums;
	struct day_settled settled;
	struct day_nobodys nobodys;
	struct day_levels levels;
	struct day_lines lines = {.fate = 0};
	struct day_given given;
	struct answer_group group = {.key = 0};

	day_table_stats_get(row->txn, day, &stats);
	day_table_revision(row->txn, day);
	day_sums_get(row->txn, day, &sums);
	day_table_settled_get(row->txn, day, &settled);
	day_table_nobodys_get(row->txn, day, &nobodys);
	day_table_levels_get(row->txn, day, &levels);
	day_table_given_get(row->txn, day, &given);
	/* the first, or the one that is at hand */
	reader_u8(&row->rest);
	if (reader_left(&row->rest) == sizeof(uint64_t)) {
		group.key = reader_u64(&row->rest) - 1;
	} else if (reader_left(&row->rest) > 0) {
		lines.fate = reader_u8(&row->rest);
		lines.uid = (int64_t)(reader_u64(&row->rest) - 2);
	}
	day_table_lines_next(row->txn, day, &lines);
	answer_group_next(row->txn, day, &group);
}

static void check_history(struct row *row)
{
	struct domain_days days;

	domain_history_read(row->txn, row->row, row->text, &days);
}

static void check_feed(struct row *row)
{
	struct feed feed;

	feed_table_get(row->txn, key_rest_text(row), &feed);
}

static void check_head(struct row *row)
{
	struct outbox_head head;

	outbox_head_get(row->txn, reader_u64(&row->rest), &head);
}

static void check_destination(struct row *row)
{
	uint64_t id = reader_u64(&row->rest);
	struct outbox_destination destination;

	outbox_destination_get(row->txn, id, reader_u16(&row->rest),
	                       &destination);
}

/* The report itself: gzip knows when a byte of it is wrong. */
static void check_report(struct row *row, const void *body, size_t len)
{
	struct report *report = report_new();
	struct err err;

	if (report_stored_read(body, len, report, &err) < 0)
		is_damaged(row);
	report_free(&report);
}

static void check_body(struct row *row)
{
	uint64_t id = reader_u64(&row->rest);
	const uint64_t *policies;
	size_t len, count;
	const void *body;

	if (outbox_body_get(row->txn, id, &row->mem, &body, &len, &policies,
	                    &count))
		check_report(row, body, len);
}

static void check_waiting(struct row *row, uint64_t id, uint16_t index)
{
	struct outbox_destination destination;

	if (!outbox_destination_get(row->txn, id, index, &destination))
		is_damaged(row);
}

static void check_due(struct row *row)
{
	int64_t due = (int64_t)reader_u64(&row->rest);
	uint64_t id = reader_u64(&row->rest);
	uint16_t index = reader_u16(&row->rest);

	if (id != 0)
		check_waiting(row, id, index);
	else if (due_receiver(row->txn, key_rest_text(row)) != due)
		is_damaged(row);
}

static void check_queue(struct row *row)
{
	uint64_t id;

	if (reader_to_nul(&row->rest) == NULL) {
		is_damaged(row);
	} else if (reader_left(&row->rest) > 0) {
		id = reader_u64(&row->rest);
		check_waiting(row, id, reader_u16(&row->rest));
	} else {
		check_number(row);
	}
}

static void check_archive(struct row *row)
{
	uint64_t id = reader_u64(&row->rest);
	int kind = reader_u8(&row->rest);
	struct outbox_destination destination;
	struct outbox_head head;
	const void *body;
	size_t len;

	if (kind == ARCHIVE_HEAD)
		archive_head_get(row->txn, id, &head);
	else if (kind == ARCHIVE_DESTINATION)
		archive_destination_get(row->txn, id, reader_u16(&row->rest),
		                        &destination);
	else if (kind != ARCHIVE_BODY)
		is_damaged(row);
	else if (archive_body_get(row->txn, id, &row->mem, &body, &len))
		check_report(row, body, len);
}

static void check_suppress(struct row *row)
{
	struct suppression suppression;

	suppress_get(row->txn, key_rest_text(row), &suppression);
}

static void check_doubt(struct row *row)
{
	struct doubt doubt;

	doubt_table_get(row->txn, key_rest_text(row), &doubt);
}

static void check_own_seen(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);

	own_seen_is_whole(row->txn, day);
	if (reader_left(&row->rest) > 0)
		own_seen_get(row->txn, day, key_rest_text(row));
}

static void check_log_state(struct row *row)
{
	struct log_state state;

	log_state_get(row->txn, key_rest_text(row), &row->mem, &state);
}

static void check_log_pending(struct row *row)
{
	struct log_session session;
	struct db_value bytes;
	uint64_t count;
	struct err err;

	if (!counted_read(row->row, &count, &bytes) ||
	    log_session_decode(bytes.data, bytes.len, &row->mem, &session,
	                       &err) != 0)
		is_damaged(row);
}

static void check_log_completing(struct row *row)
{
	struct log_completing completing;
	struct db_value bytes;
	uint64_t count;

	if (!counted_read(row->row, &count, &bytes) ||
	    log_completing_decode(bytes.data, bytes.len, &row->mem,
	                          &completing) < 0)
		is_damaged(row);
}

static void check_policy(struct row *row)
{
	struct domain_view view;

	policy_cache_get(row->txn, key_rest_text(row), &row->mem, &view);
}

static void check_wanted(struct row *row)
{
	uint32_t failures;
	int64_t due;

	policy_wanted_get(row->txn, key_rest_text(row), &due, &failures);
}

static void check_token(struct row *row)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	char token[OUTBOX_TOKEN_TEXT];
	struct token_owner owner;

	if (token_elsewhere_is(row->row))
		token_elsewhere_read(row->txn, row->row, token, &text);
	else
		token_owner_read(row->txn, row->row, &owner);
}

static void ignore_inbound(void *arg, const struct inbound *inbound,
                           uint64_t messages)
{
	(void)arg;
	(void)inbound;
	(void)messages;
}

static void check_inbound(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);

	if (kind_behind_domain(row) == 1)
		inbound_table_each(row->txn, day, key_rest_text(row),
		                   ignore_inbound, NULL);
}

static void check_mail(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);
	struct mail_row mail;

	mail_get(row->txn, day, key_rest_text(row), &mail);
}

static void check_change(struct row *row)
{
	enum change_type type = reader_u8(&row->rest);
	struct change change;

	if (reader_left(&row->rest) == sizeof(uint64_t))
		change_after(row->txn, type, reader_u64(&row->rest) - 1,
		             &change);
	else
		check_number(row);
}

static void check_api_token(struct row *row)
{
	struct api_token token;

	api_token_get(row->txn, key_rest_text(row), &token);
}

static void check_sign_in(struct row *row)
{
	const void *id = reader_bytes(&row->rest, SIGN_IN_ID);
	struct sign_in sign_in;

	if (db_row_is(row->txn, row->row, id != NULL))
		sign_in_get(row->txn, id, &sign_in);
}

static void check_finding(struct row *row)
{
	struct finding_seen seen;

	finding_get(row->txn, key_rest_text(row), &seen);
}

static void check_told(struct row *row)
{
	const char *domain = reader_to_nul(&row->rest);
	int64_t since = (int64_t)~reader_u64(&row->rest);
	struct told told;

	if (row->rest.failed ||
	    !told_get(row->txn, domain, since, &row->mem, &told))
		is_damaged(row);
}

static void check_host_day(struct row *row)
{
	host_day_check(row->txn, row->row);
}

static void check_untold(struct row *row)
{
	struct session_policy policy;
	struct untold untold;

	if (untold_read(row->txn, row->row, &untold) &&
	    session_policy_decode(untold.policy, untold.policy_len, &row->mem,
	                          &policy, NULL) != 0)
		is_damaged(row);
}

static void check_merged(struct row *row)
{
	merged_check(row->txn, row->row);
}

static void check_own_host(struct row *row)
{
	own_host_check(row->txn, row->row);
}

static void check_received_rate(struct row *row)
{
	received_rate_check(row->txn, row->row);
}

static void check_received(struct row *row)
{
	received_check(row->txn, row->row);
}

/* What a day has beside its rows: all but a row that was set aside, and why,
 * stands in the key. */
static void check_beside_journal(struct row *row)
{
	unsigned kind = reader_u8(&row->rest);
	const char *what = "a row";

	if (kind == JOURNAL_MARK)
		reader_to_nul(&row->rest);
	if (kind == JOURNAL_MARK || kind == JOURNAL_PROGRESS ||
	    kind == JOURNAL_ASIDE)
		reader_u64(&row->rest);
	if (kind == JOURNAL_ASIDE_ROWS)
		what = reader_to_nul(&row->rest);
	if (kind < JOURNAL_PROGRESS || kind > JOURNAL_TAKEN ||
	    row->rest.failed || what == NULL || what[0] == '\0' ||
	    strlen(what) >= TALLY_DOMAIN_TEXT ||
	    (kind == JOURNAL_TAKEN && !journal_news_is_whole(row->row)))
		is_damaged(row);
}

static void check_journal(struct row *row)
{
	int32_t day = (int32_t)reader_u32(&row->rest);
	uint64_t number = reader_u64(&row->rest);
	struct journal_head head;
	struct reader domains;
	char text[DAY_TEXT];
	struct err err;

	if (number == 0)
		check_beside_journal(row);
	else if (!reader_is_done(&row->rest))
		is_damaged(row);
	else if (!journal_table_domains(row->txn, row->row, &head, &domains,
	                                &err))
		db_fail(row->txn, ERR_IO,
		        "row %" PRIu64 " of %s cannot be read: %s", number,
		        day_format(day, text), err.text);
}

/* A table without one: its key says it all. */
static void (*const checks[DB_TABLES])(struct row *row) = {
	[TABLE_META] = check_meta,
	[TABLE_TALLY] = check_tally,
	[TABLE_INTERN] = check_intern,
	[TABLE_DAY] = check_day,
	[TABLE_DOMAIN_HISTORY] = check_history,
	[TABLE_FEED] = check_feed,
	[TABLE_OUTBOX] = check_head,
	[TABLE_DESTINATION] = check_destination,
	[TABLE_BODY] = check_body,
	[TABLE_DUE] = check_due,
	[TABLE_ARCHIVE] = check_archive,
	[TABLE_SUPPRESS] = check_suppress,
	[TABLE_RATE] = check_number,
	[TABLE_OWN_REPORT] = check_number,
	[TABLE_LOG_STATE] = check_log_state,
	[TABLE_LOG_PENDING] = check_log_pending,
	[TABLE_POLICY] = check_policy,
	[TABLE_WANTED] = check_wanted,
	[TABLE_TOKEN] = check_token,
	[TABLE_INBOUND] = check_inbound,
	[TABLE_MAIL] = check_mail,
	[TABLE_OWN_SEEN] = check_own_seen,
	[TABLE_CHANGE] = check_change,
	[TABLE_API_TOKEN] = check_api_token,
	[TABLE_SIGN_IN] = check_sign_in,
	[TABLE_COUNTER] = check_number,
	[TABLE_DOUBT] = check_doubt,
	[TABLE_FINDING] = check_finding,
	[TABLE_TOLD] = check_told,
	[TABLE_LOG_COMPLETING] = check_log_completing,
	[TABLE_QUEUE] = check_queue,
	[TABLE_HOST_DAY] = check_host_day,
	[TABLE_HOST_COUNT] = check_host_day,
	[TABLE_UNTOLD] = check_untold,
	[TABLE_MERGED] = check_merged,
	[TABLE_RECEIVED] = check_received,
	[TABLE_RECEIVED_SUM] = check_received,
	[TABLE_RECEIVED_SEEN] = check_received,
	[TABLE_RECEIVED_EXPIRY] = check_received,
	[TABLE_OWN_HOST] = check_own_host,
	[TABLE_RECEIVED_RATE] = check_received_rate,
	[TABLE_JOURNAL] = check_journal,
};

void row_check(struct db_txn *txn, const struct db_row *row)
{
	struct row at = {.txn = txn, .row = row, .rest = db_row_key(row)};

	if (checks[row->table] == NULL)
		return;
	arena_init(&at.mem);
	checks[row->table](&at);
	arena_clear(&at.mem);
}
