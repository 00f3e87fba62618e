#include "store/tally_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/reader.h"
#include "store/change_table.h"
#include "store/intern.h"
#include "store/tally_row.h"

int tally_head_get(struct db_txn *txn, int32_t day, const char *domain,
                   struct tally_head *head)
{
	struct key key = key_of_domain(day, domain);

	return tally_head_at(txn, &key, head);
}

/* The first key after all of the domain's; with "" the day's first. */
static struct key key_after(int32_t day, const char *domain)
{
	struct key key = key_of_day(day);

	if (domain[0] != '\0') {
		key_text(&key, domain);
		key_u8(&key, 1); /* its own end in 0 */
	}
	return key;
}

int tally_head_next(struct db_txn *txn, int32_t *day,
                    char domain[TALLY_DOMAIN_TEXT], struct tally_head *head)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_TALLY);
	struct key from = key_after(*day, domain);
	struct db_value key, value;
	struct tally_row row;

	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, &value);
	if (!tally_row_read(&key, &row) || row.kind != TALLY_HEAD ||
	    strlen(row.domain) >= TALLY_DOMAIN_TEXT ||
	    !tally_head_read(value, head)) {
		db_damaged(txn, TABLE_TALLY, key.data, key.len);
		return 0;
	}
	*day = row.day;
	strcpy(domain, row.domain);
	return 1;
}

void tally_mark_set(struct db_txn *txn, int32_t day, const char *domain,
                    uint32_t revision, enum tally_mark mark, uint64_t outbox_id,
                    const char *reason)
{
	struct key key = key_of_domain(day, domain);
	struct tally_head head;
	struct strbuf scratch;
	char text[DAY_TEXT];

	if (!tally_head_at(txn, &key, &head)) {
		db_fail(txn, ERR_NOTFOUND, "%s was not counted on %s", domain,
		        day_format(day, text));
		return;
	}
	if (head.revision != revision) {
		db_fail(txn, ERR_BUSY, "the counts of %s on %s have changed",
		        domain, day_format(day, text));
		return;
	}
	head.mark = mark;
	head.outbox_id = outbox_id;
	head.revision++;
	snprintf(head.reason, sizeof(head.reason), "%s", reason ? reason : "");
	strbuf_init(&scratch, 0);
	tally_head_put(txn, &key, &head, &scratch);
	strbuf_clear(&scratch);
}

static void delete_all_but_head(struct db_txn *txn, const struct key *domain)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_TALLY);
	struct tally_row row;
	struct db_value key;

	for (bool more = db_seek(cursor, domain->bytes, domain->len); more;
	     more = db_next(cursor)) {
		db_at(cursor, &key, NULL);
		if (!key_has_prefix(&key, domain))
			return;
		if (!tally_row_read(&key, &row))
			db_damaged(txn, TABLE_TALLY, key.data, key.len);
		else if (row.kind != TALLY_HEAD)
			db_cursor_delete(cursor);
	}
}

void tally_make_late(struct db_txn *txn, int32_t day, const char *domain)
{
	auto_(strbuf_clear) struct strbuf scratch = {0};
	struct key key = key_of_domain(day, domain);
	struct tally_head head;

	if (!tally_head_at(txn, &key, &head))
		return;
	delete_all_but_head(txn, &key);
	head.late_success += head.success;
	head.late_failure += head.failure;
	head.success = head.failure = 0;
	head.policies = head.details = 0;
	head.folded = 0;
	head.record[0] = '\0';
	head.revision++;
	tally_head_put(txn, &key, &head, &scratch);
}

/* The rows of one domain's day on their way into a report. */
struct load {
	struct db_txn *txn;
	struct report *report;
	struct report_detail *details; /* room for all of them */
	uint32_t policy_room, detail_room;
	size_t policy; /* the one that details belong to now */
};

static bool load_policy(struct load *load, const struct tally_row *row,
                        struct db_value value)
{
	struct report *report = load->report;
	struct report_policy *to = &report->policies[report->policy_count];
	struct session_policy policy = {0};
	struct tally_sums sums;
	struct db_value blob;

	if (report->policy_count == load->policy_room ||
	    !tally_sums_read(value, &sums) ||
	    !intern_get(load->txn, row->day, row->policy_id, &blob) ||
	    policy_decode(blob.data, blob.len, &report->mem, &policy, NULL) !=
	            0)
		return false;
	*to = (struct report_policy){
		.id = row->policy_id,
		.type = policy.type,
		.domain = policy.domain,
		.strings = policy.strings,
		.string_count = policy.string_count,
		.mx_hosts = policy.mx_hosts,
		.mx_count = policy.mx_count,
		.success = sums.success,
		.failure = sums.failure,
	};
	report->policy_count++;
	return true;
}

/* Details come after all policies and like them by id. */
static bool load_detail(struct load *load, const struct tally_row *row,
                        struct db_value value)
{
	struct report *report = load->report;
	struct report_detail *to = load->details;
	struct report_policy *policy;
	struct db_value blob;

	while (load->policy < report->policy_count &&
	       report->policies[load->policy].id != row->policy_id)
		load->policy++;
	if (load->policy == report->policy_count || load->detail_room == 0 ||
	    !tally_detail_read(value, &to->count, &blob) ||
	    failure_decode(blob.data, blob.len, &report->mem, &to->detail,
	                   NULL) != 0)
		return false;
	policy = &report->policies[load->policy];
	if (policy->detail_count++ == 0)
		policy->details = to;
	load->details++;
	load->detail_room--;
	return true;
}

static bool load_row(struct load *load, struct db_value key,
                     struct db_value value)
{
	struct tally_row row;

	if (!tally_row_read(&key, &row))
		return false;
	if (row.kind == TALLY_HEAD)
		return true;
	return row.kind == TALLY_POLICY ? load_policy(load, &row, value)
	                                : load_detail(load, &row, value);
}

/* Twice what max_policies and max_details can be: a head that says more is
 * damaged, and would cost all memory. */
enum { POLICIES_MOST = 20000, DETAILS_MOST = 2000000 };

int tally_load(struct db_txn *txn, int32_t day, const char *domain,
               struct report *report, struct err *err)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_TALLY);
	struct key prefix = key_of_domain(day, domain);
	struct load load = {.txn = txn, .report = report};
	struct db_value key, value;
	struct tally_head head;

	report->policy_count = 0;
	if (!tally_head_at(txn, &prefix, &head))
		return db_failed(txn)
		               ? db_failure(txn, err)
		               : err_set(err, ERR_NOTFOUND,
		                         "%s was not counted that day", domain);
	if (head.policies > POLICIES_MOST || head.details > DETAILS_MOST) {
		db_damaged(txn, TABLE_TALLY, prefix.bytes, prefix.len);
		return db_failure(txn, err);
	}
	load.policy_room = head.policies;
	load.detail_room = head.details;
	report->policies = arena_array(&report->mem, head.policies,
	                               sizeof(*report->policies));
	load.details =
		arena_array(&report->mem, head.details, sizeof(*load.details));
	for (bool more = db_seek(cursor, prefix.bytes, prefix.len); more;
	     more = db_next(cursor)) {
		db_at(cursor, &key, &value);
		if (!key_has_prefix(&key, &prefix))
			break;
		if (!load_row(&load, key, value))
			db_damaged(txn, TABLE_TALLY, key.data, key.len);
	}
	return db_failure(txn, err);
}

int tally_day_range(struct db_txn *txn, int32_t *first, int32_t *last)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_TALLY);
	struct db_value key;
	struct tally_row row;

	for (int i = 0; i < 2; i++) {
		if (i == 0 ? !db_seek(cursor, "", 0) : !db_last(cursor))
			return 0;
		db_at(cursor, &key, NULL);
		if (!tally_row_read(&key, &row)) {
			db_damaged(txn, TABLE_TALLY, key.data, key.len);
			return 0;
		}
		*(i == 0 ? first : last) = row.day;
	}
	return 1;
}

int tally_day_next(struct db_txn *txn, int32_t *day)
{
	auto_(db_cursor_close) struct db_cursor *cursor =
		db_cursor_open(txn, TABLE_TALLY);
	struct key from = key_of_day(*day);
	struct db_value key;
	struct tally_row row;

	if (!db_seek(cursor, from.bytes, from.len))
		return 0;
	db_at(cursor, &key, NULL);
	if (!tally_row_read(&key, &row)) {
		db_damaged(txn, TABLE_TALLY, key.data, key.len);
		return 0;
	}
	*day = row.day;
	return 1;
}

static bool has_day(struct db_txn *txn, int32_t day)
{
	int32_t found = day;

	return tally_day_next(txn, &found) && found == day;
}

int tally_days_until(struct db_txn *txn, int32_t day, int32_t *first,
                     int32_t *last)
{
	if (!tally_day_range(txn, first, last) || *first > day)
		return 0;
	if (*last <= day)
		return 1;
	for (*last = day; *last > *first && !has_day(txn, *last);)
		--*last;
	return 1;
}

int tally_purge(struct db_txn *txn, int32_t day, uint64_t *rows)
{
	static const enum db_table tables[] = {TABLE_TALLY, TABLE_INTERN,
	                                       TABLE_DAY};
	struct key end = key_of_day(day);
	size_t left = DB_BATCH_ROWS;

	/* a clock that says 1970 must not cost everything */
	if (day <= 0)
		return 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		left -= delete_before(txn, tables[i], &end, left);
	if (left < DB_BATCH_ROWS)
		change_touch(txn, CHANGE_DOMAIN);
	*rows += DB_BATCH_ROWS - left;
	return left == 0;
}

enum { STATS = sizeof(struct day_stats) / sizeof(uint64_t) };

/* All members are u64, in the order of the struct. */
static void stats_numbers(const struct day_stats *stats, uint64_t out[STATS])
{
	memcpy(out, stats, sizeof(*stats));
}

int day_stats_get(struct db_txn *txn, int32_t day, struct day_stats *stats)
{
	struct key key = key_of_day(day);
	uint64_t numbers[STATS];
	struct db_value value;
	struct reader reader;

	memset(stats, 0, sizeof(*stats));
	if (!db_get(txn, TABLE_DAY, key.bytes, key.len, &value))
		return 0;
	reader_init(&reader, value.data, value.len);
	memset(numbers, 0, sizeof(numbers));
	/* older rows end earlier */
	for (size_t i = 0; i < STATS && i < value.len / sizeof(uint64_t); i++)
		numbers[i] = reader_u64(&reader);
	if (value.len % sizeof(uint64_t) != 0) {
		db_damaged(txn, TABLE_DAY, key.bytes, key.len);
		return 0;
	}
	memcpy(stats, numbers, sizeof(*stats));
	return 1;
}

void day_stats_count(struct day_stats *stats, const struct session *session,
                     uint64_t n, bool kept)
{
	stats->named += session->named ? n : 0;
	stats->unnamed += session->unnamed ? n : 0;
	if (session_failed(session))
		stats->failure += n;
	else
		stats->success += n;
	if (!kept)
		tally_catch_all_add(&stats->catch_all, session, n);
}

void day_stats_add(struct db_txn *txn, int32_t day,
                   const struct day_stats *delta)
{
	struct key key = key_of_day(day);
	uint64_t numbers[STATS], more[STATS];
	struct day_stats stats;
	struct strbuf value;

	day_stats_get(txn, day, &stats);
	stats_numbers(&stats, numbers);
	stats_numbers(delta, more);
	strbuf_init(&value, 0);
	for (size_t i = 0; i < STATS; i++)
		strbuf_u64(&value, numbers[i] + more[i]);
	db_put(txn, TABLE_DAY, key.bytes, key.len, value.data, value.len);
	strbuf_clear(&value);
}

static struct key closed_key(int32_t day)
{
	struct key key = key_of_day(day);

	key_u8(&key, 1);
	return key;
}

bool day_is_closed(struct db_txn *txn, int32_t day)
{
	struct key key = closed_key(day);
	struct db_value value;

	return db_get(txn, TABLE_DAY, key.bytes, key.len, &value) == 1;
}

void day_closed_set(struct db_txn *txn, int32_t day)
{
	struct key key = closed_key(day);

	db_put(txn, TABLE_DAY, key.bytes, key.len, "", 0);
}

void day_closed_clear(struct db_txn *txn, int32_t day)
{
	struct key key = closed_key(day);

	db_delete(txn, TABLE_DAY, key.bytes, key.len);
}
