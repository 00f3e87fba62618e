/* What status tells of the last days and of the outbox.  All of it is kept
 * beside the rows: it does not matter how many they are. */
#include "show/status.h"

#include <stdio.h>
#include <string.h>

#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "rollup/closing.h"
#include "show/doc.h"
#include "store/day_view.h"
#include "store/day_table.h"
#include "store/domain_index.h"
#include "store/due_table.h"
#include "store/outbox_sums.h"
#include "store/outbox_table.h"
#include "store/tally_table.h"
#include "words/words.h"

static void add_unreported(struct db_txn *txn, json_t *list, int32_t day)
{
	struct unreported_domain at = {.domain = ""};
	struct tally_head head;

	for (int i = 0; i < STATUS_UNREPORTED_MAX &&
	                domain_index_unreported(txn, day, &at);
	     i++) {
		json_t *item = doc_row(list);

		if (!tally_head_get(txn, day, at.domain, &head))
			head.reason[0] = '\0';
		doc_set(item, "domain", at.domain);
		doc_set_day(item, "day", day);
		json_set_string(item, "mark", word_api(&words_marks, at.mark));
		doc_set(item, "words", word_label(&words_marks, at.mark));
		doc_set(item, "reason", head.reason);
	}
}

static uint64_t count_unreported(const struct day_domains *domains)
{
	uint64_t n = 0;

	for (int mark = 0; mark < TALLY_MARKS; mark++)
		if (domain_index_has_mark((enum tally_mark)mark))
			n += domains->marks[mark];
	return n;
}

static void add_state(const struct status_of *of, struct db_txn *txn,
                      json_t *item, int32_t day)
{
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

/* A day that has no domain is left out. */
static void add_day(const struct status_of *of, struct db_txn *txn,
                    json_t *days, int32_t day, struct day_domains *domains)
{
	json_t *item;

	day_view_domains(txn, day, domains);
	if (domains->domains == 0)
		return;
	item = doc_row(days);
	doc_set_day(item, "day", day);
	json_set_uint(item, "domains", domains->domains);
	json_set_uint(item, "lateSessions",
	              domains->late_success + domains->late_failure);
	add_state(of, txn, item, day);
	doc_counts(item, "marks", &words_marks, 0, domains->marks);
}

/* Where a clock was ahead. */
static void add_days_to_come(const struct status_of *of, struct db_txn *txn,
                             json_t *days)
{
	int32_t day = day_of(of->now) + 1;
	struct day_domains domains;

	for (int i = 0; i < STATUS_DAYS && tally_day_next(txn, &day) > 0;
	     i++, day++)
		add_day(of, txn, days, day, &domains);
}

/* The latest day first.  Who got no report, and why, is told of the last day
 * that was closed. */
int status_days(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *days = doc_array(doc, "days");
	json_t *list = doc_array(doc, "unreported");
	int32_t first = 0, last = -1;
	struct day_domains domains;
	bool told = false;

	add_days_to_come(of, txn, days);
	if (!tally_days_until(txn, day_of(of->now), &first, &last))
		return db_failure(txn, err);
	if (last - first >= STATUS_DAYS)
		first = last - STATUS_DAYS + 1;
	for (int32_t day = last; day >= first; day--) {
		add_day(of, txn, days, day, &domains);
		if (told || !day_table_is_closed(txn, day))
			continue;
		add_unreported(txn, list, day);
		json_set_uint(doc, "unreportedCount",
		              count_unreported(&domains));
		told = true;
	}
	return db_failure(txn, err);
}

static void add_trouble_row(struct db_txn *txn, json_t *list,
                            const struct outbox_trouble *at)
{
	char id[OBJECT_ID_TEXT];
	struct outbox_destination dest;
	struct outbox_head head;
	json_t *item;

	if (!outbox_head_get(txn, at->id, &head) ||
	    !outbox_destination_get(txn, at->id, at->index, &dest))
		return;
	object_id_format(at->id, id);
	item = doc_row(list);
	doc_set(item, "id", id);
	doc_set(item, "domain", head.domain);
	doc_set(item, "uri", dest.rua.uri);
	json_set_uint(item, "attempts", dest.attempts);
	json_set_time(item, "lastAttempt", dest.last_attempt);
	json_set_time(item, "nextAttempt", outbox_next_attempt(txn, &dest));
	json_set_string(item, "state", word_api(&words_states, dest.state));
	json_set_bool(item, "uncertain", dest.uncertain);
	doc_set(item, "lastAnswer", dest.answer);
}

/* The latest. */
static void add_trouble(struct db_txn *txn, json_t *doc, uint64_t count)
{
	struct outbox_trouble at = {.last_attempt = INT64_MAX};
	json_t *list = doc_array(doc, "trouble");

	json_set_uint(doc, "troubleCount", count);
	for (int i = 0; i < STATUS_TROUBLE_MAX && outbox_sums_trouble(txn, &at);
	     i++)
		add_trouble_row(txn, list, &at);
}

int status_outbox(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *outbox = doc_object(doc, "outbox");
	int64_t due = due_first(txn);
	struct outbox_sums sums;

	outbox_sums_get(txn, &sums);
	doc_counts(outbox, "reports", &words_statuses, 0, sums.reports);
	doc_counts(outbox, "destinations", &words_states, 0, sums.destinations);
	if (due != 0)
		json_set_time(outbox, "nextDue", due);
	add_trouble(txn, doc, sums.trouble);
	return status_answers_add(of, txn, doc, err);
}
