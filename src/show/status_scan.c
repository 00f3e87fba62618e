/* What status reads row by row: the domains of the last days, and the
 * outbox.  Memory does not grow with either. */
#include "show/status.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "rollup/closing.h"
#include "show/doc.h"
#include "store/day_table.h"
#include "store/due_table.h"
#include "store/outbox_table.h"
#include "store/paged.h"
#include "store/tally_table.h"
#include "words/words.h"

/* One day's domains. */
struct day_scan {
	int32_t day;
	uint64_t domains;
	uint64_t late; /* sessions */
	uint64_t marks[TALLY_MARKS];
	json_t *unreported; /* of this day, cut */
	uint64_t unreported_count;
};

/* Is it the domain's owner, or a list of ours, that keeps the report away? */
static bool is_unreported(enum tally_mark mark)
{
	return mark == TALLY_NO_RECORD || mark == TALLY_BAD_RECORD ||
	       mark == TALLY_NO_RUA || mark == TALLY_DENIED ||
	       mark == TALLY_BAD_DOMAIN;
}

static void add_unreported(struct day_scan *scan, const char *domain,
                           const struct tally_head *head)
{
	json_t *item;

	if (scan->unreported_count++ >= STATUS_UNREPORTED_MAX)
		return;
	item = doc_row(scan->unreported);
	doc_set(item, "domain", domain);
	doc_set_day(item, "day", scan->day);
	json_set_string(item, "mark", word_api(&words_marks, head->mark));
	doc_set(item, "words", word_label(&words_marks, head->mark));
	doc_set(item, "reason", head->reason);
}

static int scan_day(const struct status_of *of, struct day_scan *scan,
                    struct err *err)
{
	struct paged paged = {.db = of->db};
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t at = scan->day;

	while (tally_head_next(paged_txn(&paged), &at, domain, &head) &&
	       at == scan->day) {
		scan->domains++;
		scan->late += head.late_success + head.late_failure;
		if (head.mark < TALLY_MARKS)
			scan->marks[head.mark]++;
		if (is_unreported(head.mark))
			add_unreported(scan, domain, &head);
	}
	return paged_end(&paged, err);
}

static bool is_closed(const struct status_of *of, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);

	return day_table_is_closed(txn, day);
}

static void add_state(const struct status_of *of, json_t *item, int32_t day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int64_t now = of->now;
	char words[CLOSING_WORDS];

	if (day_table_is_closed(txn, day)) {
		json_set_string(item, "state", "closed");
	} else if (day >= day_of(now)) {
		json_set_string(item, "state", "counting");
		if (day > day_of(now))
			doc_set(item, "waitingFor",
			        "a day in the future, from a clock that was "
			        "ahead");
	} else if (closing_of(txn, of->conf, day, now, words) ==
	           CLOSING_NOT_YET) {
		json_set_string(item, "state", "waiting");
		doc_set(item, "waitingFor", words);
	} else if (closing_waits(txn, day, NULL, now)) {
		json_set_string(item, "state", "waiting");
		doc_set(item, "waitingFor",
		        "policies that are being looked up");
	} else {
		json_set_string(item, "state", "ready");
		doc_set(item, "waitingFor", "the next `tlstally run`");
	}
}

static void add_day(const struct status_of *of, json_t *days,
                    const struct day_scan *scan)
{
	json_t *item = doc_row(days);

	doc_set_day(item, "day", scan->day);
	json_set_uint(item, "domains", scan->domains);
	json_set_uint(item, "lateSessions", scan->late);
	add_state(of, item, scan->day);
	doc_counts(item, "marks", &words_marks, 0, scan->marks);
}

static int day_range(const struct status_of *of, int32_t *first, int32_t *last,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);

	if (!tally_days_until(txn, day_of(of->now), first, last))
		return db_failure(txn, err);
	if (*last - *first >= STATUS_DAYS)
		*first = *last - STATUS_DAYS + 1;
	return 1;
}

/* Where a clock was ahead.  1 and the day, 0, or negative. */
static int next_to_come(const struct status_of *of, int32_t *day,
                        struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int found = tally_day_next(txn, day);

	return db_failed(txn) ? db_failure(txn, err) : found;
}

static int add_days_to_come(const struct status_of *of, json_t *days,
                            struct err *err)
{
	int32_t day = day_of(of->now) + 1;
	int rc = 1;

	for (int i = 0;
	     i < STATUS_DAYS && (rc = next_to_come(of, &day, err)) > 0;
	     i++, day++) {
		struct day_scan scan = {.day = day, .unreported = json_array()};

		rc = scan_day(of, &scan, err);
		if (rc == 0)
			add_day(of, days, &scan);
		json_decref(scan.unreported);
		if (rc < 0)
			break;
	}
	return rc < 0 ? rc : 0;
}

/* The latest day first.  Who got no report, and why, is told of the last day
 * that was closed. */
int status_days(const struct status_of *of, json_t *doc, struct err *err)
{
	json_t *days = doc_array(doc, "days");
	json_t *list = doc_array(doc, "unreported");
	bool told = false;
	int32_t first = 0, last = -1;
	int rc = add_days_to_come(of, days, err);

	if (rc == 0)
		rc = day_range(of, &first, &last, err);
	for (int32_t day = last; rc > 0 && day >= first; day--) {
		struct day_scan scan = {.day = day, .unreported = json_array()};

		rc = scan_day(of, &scan, err) < 0 ? err->class : 1;
		if (rc > 0 && scan.domains > 0)
			add_day(of, days, &scan);
		if (rc > 0 && !told && is_closed(of, day)) {
			json_array_extend(list, scan.unreported);
			json_set_uint(doc, "unreportedCount",
			              scan.unreported_count);
			told = true;
		}
		json_decref(scan.unreported);
	}
	return rc < 0 ? rc : 0;
}

/* A destination that met trouble, for the list of the latest. */
struct trouble {
	char domain[DOMAIN_TEXT];
	struct outbox_destination dest;
};

struct outbox_scan {
	uint64_t reports[OUTBOX_STATUSES];
	uint64_t destinations[DELIVERY_STATES];
	struct trouble trouble[STATUS_TROUBLE_MAX]; /* the latest first */
	size_t trouble_kept;
	uint64_t trouble_count;
	struct status_answers answers;
};

static void note_trouble(struct outbox_scan *scan, const char *domain,
                         const struct outbox_destination *dest)
{
	size_t at = scan->trouble_kept;

	scan->trouble_count++;
	while (at > 0 &&
	       scan->trouble[at - 1].dest.last_attempt < dest->last_attempt) {
		if (at < STATUS_TROUBLE_MAX)
			scan->trouble[at] = scan->trouble[at - 1];
		at--;
	}
	if (at == STATUS_TROUBLE_MAX)
		return;
	snprintf(scan->trouble[at].domain, sizeof(scan->trouble[at].domain),
	         "%s", domain);
	scan->trouble[at].dest = *dest;
	if (scan->trouble_kept < STATUS_TROUBLE_MAX)
		scan->trouble_kept++;
}

static void scan_report(struct db_txn *txn, struct outbox_scan *scan,
                        const struct outbox_head *head)
{
	if (head->status < OUTBOX_STATUSES)
		scan->reports[head->status]++;
	for (uint16_t i = 0; i < head->destination_count; i++) {
		struct outbox_destination dest;

		if (!outbox_destination_get(txn, head->id, i, &dest))
			continue;
		dest.due = outbox_next_attempt(txn, &dest);
		if (dest.state < DELIVERY_STATES)
			scan->destinations[dest.state]++;
		if (dest.state == DELIVERY_DEFERRED && dest.attempts > 0)
			note_trouble(scan, head->domain, &dest);
		if (dest.attempts > 0 && dest.state != DELIVERY_DELIVERED &&
		    dest.state != DELIVERY_INFLIGHT)
			status_answers_note(&scan->answers, &dest,
			                    head->domain);
	}
}

static void add_trouble(json_t *doc, const struct outbox_scan *scan)
{
	json_t *list = doc_array(doc, "trouble");

	json_set_uint(doc, "troubleCount", scan->trouble_count);
	for (size_t i = 0; i < scan->trouble_kept; i++) {
		const struct trouble *trouble = &scan->trouble[i];
		json_t *item = doc_row(list);

		doc_set(item, "domain", trouble->domain);
		doc_set(item, "uri", trouble->dest.rua.uri);
		json_set_uint(item, "attempts", trouble->dest.attempts);
		json_set_time(item, "lastAttempt", trouble->dest.last_attempt);
		json_set_time(item, "nextAttempt", trouble->dest.due);
		json_set_string(item, "state",
		                word_api(&words_states, trouble->dest.state));
		json_set_bool(item, "uncertain", trouble->dest.uncertain);
		doc_set(item, "lastAnswer", trouble->dest.answer);
	}
}

static void add_outbox(const struct status_of *of, json_t *doc,
                       const struct outbox_scan *scan)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *outbox = doc_object(doc, "outbox");
	int64_t due = due_first(txn);

	doc_counts(outbox, "reports", &words_statuses, 0, scan->reports);
	doc_counts(outbox, "destinations", &words_states, 0,
	           scan->destinations);
	if (due != 0)
		json_set_time(outbox, "nextDue", due);
}

int status_outbox(const struct status_of *of, json_t *doc, struct err *err)
{
	struct paged paged = {.db = of->db};
	struct outbox_scan scan = {0};
	struct outbox_head head = {0};

	for (;;) {
		struct db_txn *txn = paged_txn(&paged);

		if (!outbox_head_next(txn, &head))
			break;
		scan_report(txn, &scan, &head);
	}
	add_outbox(of, doc, &scan);
	add_trouble(doc, &scan);
	return paged_end(&paged, err) < 0
	               ? err->class
	               : status_answers_add(of, &scan.answers, doc, err);
}
