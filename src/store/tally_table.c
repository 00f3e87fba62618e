#include "store/tally_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/change_table.h"
#include "store/counted.h"
#include "base/hash.h"
#include "base/slots.h"
#include "store/intern.h"
#include "store/journal_news.h"
#include "store/journal_view.h"
#include "store/keys.h"
#include "store/tally_row.h"

/* What waits in the journal for the domain, and its policies that have no row
 * yet. */
static void add_waiting(struct db_txn *txn, int32_t day,
                        const struct db_key *domain, struct journal_sums *sums,
                        struct tally_head *head)
{
	struct db_row row;

	tally_head_add_journal(head, sums);
	if (!tally_head_is_open(head))
		return;
	journal_view_policies(txn, day, sums);
	for (size_t i = 0; i < sums->policy_count; i++) {
		struct db_key key = tally_policy_key(domain, sums->policies[i]);

		if (!db_get(txn, &key, &row))
			head->policies++;
	}
}

int tally_head_get(struct db_txn *txn, int32_t day, const char *domain,
                   struct tally_head *head)
{
	struct db_key key = tally_domain_key(day, domain);
	int found = tally_head_at(txn, &key, head);
	struct journal_sums sums;

	if (!journal_view_get(txn, day, domain, &sums))
		return found && !db_failed(txn);
	if (!found)
		tally_head_begin(txn, day, head);
	add_waiting(txn, day, &key, &sums, head);
	return !db_failed(txn);
}

int tally_head_next_applied(struct db_txn *txn, int32_t *day,
                            char domain[TALLY_DOMAIN_TEXT],
                            struct tally_head *head)
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

int tally_head_next(struct db_txn *txn, int32_t *day,
                    char domain[TALLY_DOMAIN_TEXT], struct tally_head *head)
{
	char waiting[TALLY_DOMAIN_TEXT];
	int32_t waiting_day = *day;
	struct journal_sums sums;
	struct db_key key;
	int found, order;

	if (!journal_view_day_next(txn, &waiting_day))
		return tally_head_next_applied(txn, day, domain, head);
	waiting_day = *day;
	strcpy(waiting, domain);
	found = tally_head_next_applied(txn, day, domain, head);
	if (!journal_view_next(txn, &waiting_day, waiting, &sums))
		return found && !db_failed(txn);
	order = !found                ? -1
	        : waiting_day != *day ? (waiting_day < *day ? -1 : 1)
	                              : strcmp(waiting, domain);
	if (order < 0) {
		*day = waiting_day;
		strcpy(domain, waiting);
		tally_head_begin(txn, *day, head);
	}
	if (order <= 0) {
		key = tally_domain_key(*day, domain);
		add_waiting(txn, *day, &key, &sums, head);
	}
	return !db_failed(txn);
}

void tally_mark_set(struct db_txn *txn, int32_t day, const char *domain,
                    uint32_t revision, enum tally_mark mark, uint64_t outbox_id,
                    const char *reason)
{
	struct db_key key = tally_domain_key(day, domain);
	auto_(strbuf_clear) struct strbuf scratch = {0};
	struct tally_head head, before;
	char text[DAY_TEXT];

	if (journal_view_has(txn, day, domain)) {
		db_fail(txn, ERR_BUSY, "counts of %s on %s are not applied yet",
		        domain, day_format(day, text));
		return;
	}
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
	int found = tally_head_at(txn, &key, &before);

	if (!tally_head_get(txn, day, domain, &head))
		return;
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
	tally_head_put(txn, &key, found ? &before : NULL, &head, &scratch);
	if (!journal_view_has(txn, day, domain))
		return;
	journal_view_mark(txn, day, domain);
	journal_news_doubt(txn, day);
}

/* A failure detail on its way into a report: of the rows and of the journal. */
struct loaded {
	uint64_t hash; /* of policy and bytes */
	size_t policy; /* its place */
	struct db_value bytes;
	uint64_t count;
};

/* The rows of one domain's day on their way there. */
struct load {
	struct db_txn *txn;
	struct report *report;
	struct tally_domain waiting; /* of the journal */
	size_t policy_room, policy_rows;
	struct loaded *details; /* policy by policy, but for those waiting */
	size_t detail_room, detail_count;
	size_t policy;      /* the one that details belong to now */
	struct slots known; /* details, when others may be equal */
};

static bool add_policy(struct load *load, int32_t day, uint64_t id,
                       struct db_value blob, const struct tally_sums *sums)
{
	struct report *report = load->report;
	struct report_policy *to;

	if (report->policy_count == load->policy_room ||
	    (blob.data == NULL && !intern_get(load->txn, day, id, &blob)))
		return false;
	to = report_add_policy(report, blob.data, blob.len);
	if (to == NULL)
		return false;
	to->id = id;
	to->success = sums->success;
	to->failure = sums->failure;
	return true;
}

static bool add_detail(struct load *load, size_t policy, struct db_value bytes,
                       uint64_t count)
{
	struct loaded *to = &load->details[load->detail_count];

	if (load->detail_count == load->detail_room)
		return false;
	*to = (struct loaded){hash64(policy, bytes.data, bytes.len), policy,
	                      bytes, count};
	load->detail_count++;
	load->report->policies[policy].detail_count++;
	if (load->waiting.detail_count > 0)
		slots_insert(&load->known, to);
	return true;
}

/* Details come after all policies and like them by id. */
static bool load_detail(struct load *load, const struct tally_row *row,
                        const struct db_row *from)
{
	struct report *report = load->report;
	struct db_value bytes;
	uint64_t count;

	while (load->policy < report->policy_count &&
	       report->policies[load->policy].id != row->policy_id)
		load->policy++;
	return load->policy < report->policy_count &&
	       counted_read(from, &count, &bytes) &&
	       add_detail(load, load->policy, bytes, count);
}

/* Twice what max_policies and max_details can be: a head that says more is
 * damaged, and would cost all memory. */
enum { POLICIES_MOST = 20000, DETAILS_MOST = 2000000 };

static bool make_room(struct load *load, const struct tally_head *head)
{
	struct report *report = load->report;

	if (head->policies > POLICIES_MOST || head->details > DETAILS_MOST)
		return false;
	load->policy_room = head->policies + load->waiting.policy_count;
	load->detail_room = head->details + load->waiting.detail_count;
	report->policies = arena_array(&report->mem, load->policy_room,
	                               sizeof(*report->policies));
	load->details = arena_array(&report->mem, load->detail_room,
	                            sizeof(*load->details));
	return true;
}

static bool load_row(struct load *load, const struct db_row *from)
{
	struct tally_sums sums;
	struct tally_head head;
	struct tally_row row;

	if (!tally_row_read(load->txn, from, &row))
		return false;
	if (row.kind == TALLY_HEAD)
		return tally_head_read(from, &head) && make_room(load, &head);
	if (row.kind == TALLY_DETAIL)
		return load_detail(load, &row, from);
	return tally_sums_read(from, &sums) &&
	       add_policy(load, row.day, row.policy_id, (struct db_value){0},
	                  &sums);
}

static struct loaded *known_detail(const struct load *load, size_t policy,
                                   const struct tally_key *key)
{
	uint64_t hash = hash64(policy, key->bytes, key->len);
	struct loaded *known;
	size_t at = hash;

	while ((known = slots_find(&load->known, hash, &at)) != NULL)
		if (known->policy == policy && known->bytes.len == key->len &&
		    memcmp(known->bytes.data, key->bytes, key->len) == 0)
			break;
	return known;
}

static bool load_waiting_policy(struct load *load,
                                const struct tally_policy *from)
{
	struct report *report = load->report;
	const struct tally_sums sums = {.success = from->success,
	                                .failure = from->failure};
	const struct tally_detail *detail;
	size_t at = 0;

	while (at < load->policy_rows && report->policies[at].id != from->id)
		at++;
	if (at == load->policy_rows) {
		at = report->policy_count;
		if (!add_policy(
			    load, load->waiting.day, from->id,
			    (struct db_value){from->key.bytes, from->key.len},
			    &sums))
			return false;
	} else {
		report->policies[at].success += from->success;
		report->policies[at].failure += from->failure;
	}
	for (detail = from->details; detail != NULL; detail = detail->next) {
		struct loaded *known = known_detail(load, at, &detail->key);

		if (known != NULL)
			known->count += detail->count;
		else if (!add_detail(load, at,
		                     (struct db_value){detail->key.bytes,
		                                       detail->key.len},
		                     detail->count))
			return false;
	}
	return true;
}

static int by_policy(const void *a, const void *b)
{
	const struct loaded *x = a, *y = b;

	return x->policy < y->policy ? -1 : x->policy > y->policy;
}

/* Into the arrays of the report. */
static bool decode_details(struct load *load)
{
	struct report *report = load->report;
	struct report_detail *to =
		arena_array(&report->mem, load->detail_count, sizeof(*to));

	if (load->waiting.detail_count > 0)
		qsort(load->details, load->detail_count, sizeof(*load->details),
		      by_policy);
	for (size_t i = 0; i < load->detail_count; i++, to++) {
		const struct loaded *from = &load->details[i];
		struct report_policy *policy = &report->policies[from->policy];

		if (policy->details == NULL)
			policy->details = to;
		to->count = from->count;
		if (session_failure_decode(from->bytes.data, from->bytes.len,
		                           &report->mem, &to->detail,
		                           NULL) != 0)
			return false;
	}
	return true;
}

static bool load_waiting(struct load *load)
{
	const struct tally_policy *policy = load->waiting.policies;

	load->policy_rows = load->report->policy_count;
	for (; policy != NULL; policy = policy->next)
		if (!load_waiting_policy(load, policy))
			return false;
	return true;
}

static void load_clear(struct load *load)
{
	slots_clear(&load->known);
}

int tally_load(struct db_txn *txn, int32_t day, const char *domain,
               struct report *report, struct err *err)
{
	struct db_key prefix = tally_domain_key(day, domain);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &prefix);
	auto_(load_clear) struct load load = {.txn = txn, .report = report};
	static const struct tally_head none;
	struct tally_head head;
	bool found = false;

	report->policy_count = 0;
	slots_init(&load.known);
	if (!tally_head_get(txn, day, domain, &head))
		return db_failed(txn)
		               ? db_failure(txn, err)
		               : err_set(err, ERR_NOTFOUND,
		                         "%s was not counted on that day",
		                         domain);
	if (tally_head_is_open(&head))
		journal_view_counts(txn, day, domain, UINT64_MAX, &report->mem,
		                    &load.waiting);
	for (; db_rows_next(&rows); found = true)
		if (!db_row_is(txn, &rows.row, load_row(&load, &rows.row)))
			return db_failure(txn, err);
	if (!found)
		make_room(&load, &none);
	if (!load_waiting(&load) || !decode_details(&load))
		db_fail(txn, ERR_IO, "counts of %s are damaged", domain);
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
	int32_t waiting = *day;
	struct db_row row;
	int found = day_at(txn, db_get_from(txn, &from, &row), &row, day);

	if (!journal_view_day_next(txn, &waiting))
		return found;
	if (!found || waiting < *day)
		*day = waiting;
	return !db_failed(txn);
}

int tally_day_range(struct db_txn *txn, int32_t *first, int32_t *last)
{
	struct db_key all = key_of(TABLE_TALLY);
	struct db_row row;
	int found =
		day_at(txn, db_get_from(txn, &all, &row), &row, first) &&
		day_at(txn, db_get_last(txn, TABLE_TALLY, &row), &row, last);

	for (int32_t day = 0; journal_view_day_next(txn, &day); day++) {
		if (!found || day < *first)
			*first = day;
		if (!found || day > *last)
			*last = day;
		found = true;
	}
	return found && !db_failed(txn);
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
