#include "store/tally_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/change_table.h"
#include "store/counted.h"
#include "store/intern.h"
#include "store/keys.h"
#include "store/tally_row.h"

int tally_head_get(struct db_txn *txn, int32_t day, const char *domain,
                   struct tally_head *head)
{
	struct db_key key = tally_domain_key(day, domain);

	return tally_head_at(txn, &key, head);
}

int tally_head_next(struct db_txn *txn, int32_t *day,
                    char domain[TALLY_DOMAIN_TEXT], struct tally_head *head)
{
	struct db_key from = key_of_day_text(TABLE_TALLY, *day, domain);
	struct db_row at;
	struct tally_row row;

	if (domain[0] != '\0')
		key_u8(&from, 1); /* its own rows go on with 0 */
	if (!db_get_from(txn, &from, &at) || !tally_row_read(txn, &at, &row) ||
	    !db_row_is(txn, &at,
	               row.kind == TALLY_HEAD &&
	                       strlen(row.domain) < TALLY_DOMAIN_TEXT &&
	                       tally_head_read(&at, head)))
		return 0;
	*day = row.day;
	strcpy(domain, row.domain);
	return 1;
}

void tally_mark_set(struct db_txn *txn, int32_t day, const char *domain,
                    uint32_t revision, enum tally_mark mark, uint64_t outbox_id,
                    const char *reason)
{
	struct db_key key = tally_domain_key(day, domain);
	auto_(strbuf_clear) struct strbuf scratch = {0};
	struct tally_head head, before;
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
	before = head;
	head.mark = mark;
	head.outbox_id = outbox_id;
	head.revision++;
	snprintf(head.reason, sizeof(head.reason), "%s", reason ? reason : "");
	tally_head_put(txn, &key, &before, &head, &scratch);
}

void tally_make_late(struct db_txn *txn, int32_t day, const char *domain)
{
	auto_(strbuf_clear) struct strbuf scratch = {0};
	struct db_key key = tally_domain_key(day, domain);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &key);
	struct tally_head head, before;
	struct tally_row row;

	if (!tally_head_at(txn, &key, &head))
		return;
	before = head;
	while (db_rows_next(&rows))
		if (tally_row_read(txn, &rows.row, &row) &&
		    row.kind != TALLY_HEAD)
			db_rows_delete(&rows);
	head.late_success += head.success;
	head.late_failure += head.failure;
	head.success = head.failure = 0;
	head.policies = head.details = 0;
	head.kinds = (struct tally_kinds){0};
	head.folded = 0;
	head.record[0] = '\0';
	head.revision++;
	tally_head_put(txn, &key, &before, &head, &scratch);
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
                        const struct db_row *from)
{
	struct report *report = load->report;
	struct report_policy *to = &report->policies[report->policy_count];
	struct session_policy policy = {0};
	struct tally_sums sums;
	struct db_value blob;

	if (report->policy_count == load->policy_room ||
	    !tally_sums_read(from, &sums) ||
	    !intern_get(load->txn, row->day, row->policy_id, &blob) ||
	    session_policy_decode(blob.data, blob.len, &report->mem, &policy,
	                          NULL) != 0)
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
                        const struct db_row *from)
{
	struct report *report = load->report;
	struct report_detail *to = load->details;
	struct report_policy *policy;
	struct db_value blob;

	while (load->policy < report->policy_count &&
	       report->policies[load->policy].id != row->policy_id)
		load->policy++;
	if (load->policy == report->policy_count || load->detail_room == 0 ||
	    !counted_read(from, &to->count, &blob) ||
	    session_failure_decode(blob.data, blob.len, &report->mem,
	                           &to->detail, NULL) != 0)
		return false;
	policy = &report->policies[load->policy];
	if (policy->detail_count++ == 0)
		policy->details = to;
	load->details++;
	load->detail_room--;
	return true;
}

/* Twice what max_policies and max_details can be: a head that says more is
 * damaged, and would cost all memory. */
enum { POLICIES_MOST = 20000, DETAILS_MOST = 2000000 };

static bool load_head(struct load *load, const struct db_row *from)
{
	struct report *report = load->report;
	struct tally_head head;

	if (!tally_head_read(from, &head) || head.policies > POLICIES_MOST ||
	    head.details > DETAILS_MOST)
		return false;
	load->policy_room = head.policies;
	load->detail_room = head.details;
	report->policies = arena_array(&report->mem, head.policies,
	                               sizeof(*report->policies));
	load->details =
		arena_array(&report->mem, head.details, sizeof(*load->details));
	return true;
}

static bool load_row(struct load *load, const struct db_row *from)
{
	struct tally_row row;

	if (!tally_row_read(load->txn, from, &row))
		return false;
	return row.kind == TALLY_HEAD     ? load_head(load, from)
	       : row.kind == TALLY_POLICY ? load_policy(load, &row, from)
	                                  : load_detail(load, &row, from);
}

int tally_load(struct db_txn *txn, int32_t day, const char *domain,
               struct report *report, struct err *err)
{
	struct db_key prefix = tally_domain_key(day, domain);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	struct load load = {.txn = txn, .report = report};
	bool found = false;

	report->policy_count = 0;
	for (; db_rows_next(&rows); found = true)
		db_row_is(txn, &rows.row, load_row(&load, &rows.row));
	if (!found && !db_failed(txn))
		return err_set(err, ERR_NOTFOUND,
		               "%s was not counted on that day", domain);
	return db_failure(txn, err);
}

/* A row's day; 0 when there is none, or it cannot be read. */
static int day_at(struct db_txn *txn, int found, const struct db_row *at,
                  int32_t *day)
{
	struct tally_row row;

	if (!found || !tally_row_read(txn, at, &row))
		return 0;
	*day = row.day;
	return 1;
}

int tally_day_next(struct db_txn *txn, int32_t *day)
{
	struct db_key from = key_of_day(TABLE_TALLY, *day);
	struct db_row row;

	return day_at(txn, db_get_from(txn, &from, &row), &row, day);
}

int tally_day_range(struct db_txn *txn, int32_t *first, int32_t *last)
{
	struct db_key all = key_of(TABLE_TALLY);
	struct db_row row;

	return day_at(txn, db_get_from(txn, &all, &row), &row, first) &&
	       day_at(txn, db_get_last(txn, TABLE_TALLY, &row), &row, last);
}

int tally_days_until(struct db_txn *txn, int32_t day, int32_t *first,
                     int32_t *last)
{
	if (!tally_day_range(txn, first, last) || *first > day)
		return 0;
	if (*last <= day)
		return 1;
	/* the last that has a row */
	for (*last = day; *last > *first; --*last) {
		int32_t found = *last;

		if (tally_day_next(txn, &found) && found == *last)
			break;
	}
	return 1;
}

int tally_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	uint64_t gone = *rows;
	int more = key_purge_days(txn, TABLE_TALLY, before, rows);

	if (*rows > gone)
		change_touch(txn, CHANGE_DOMAIN);
	return more;
}
