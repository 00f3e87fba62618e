/* What waits in the journal of counts, and what it has lost. */
#include "show/status.h"

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/moment.h"
#include "show/doc.h"
#include "store/feed_table.h"

/* tlstallyd applies it after an hour, if it runs. */
static bool is_late(struct db_txn *txn, const struct journal_waiting *waiting,
                    int64_t now)
{
	struct feed feed = {.seen_at = 0};

	return waiting->since != 0 &&
	       moment_age(waiting->since, now) > STATUS_JOURNAL_LATE_SECS &&
	       feed_table_get(txn, FEED_EVENTS, &feed) &&
	       feed_is_up(feed_state(&feed, now));
}

void status_journal_get(const struct status_of *of, struct db_txn *txn,
                        struct status_journal *journal)
{
	struct journal_aside aside = {.day = 0};

	*journal = (struct status_journal){.aside = 0};
	journal_waiting_get(txn, &journal->waiting);
	journal->is_late = is_late(txn, &journal->waiting, of->now);
	while (journal_aside_next(txn, &aside)) {
		journal->aside++;
		journal->last = aside;
	}
	/* a report is made of yesterday, and today is counted */
	journal->is_news = journal->waiting.damaged > 0 ||
	                   (journal->aside > 0 &&
	                    journal->last.day >= day_of(of->now) - 1);
}

int status_journal(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct journal_aside aside = {.day = 0};
	json_t *item = doc_object(doc, "journal");
	json_t *list = doc_array(item, "setAside");
	char text[JOURNAL_ASIDE_TEXT];
	struct status_journal journal;

	status_journal_get(of, txn, &journal);
	json_set_uint(item, "bytes", journal.waiting.bytes);
	json_set_time(item, "oldest", journal.waiting.since);
	json_set_bool(item, "isLate", journal.is_late);
	doc_set(item, "trouble", journal.waiting.words);
	json_set_uint(item, "lostRows",
	              journal.waiting.damaged + journal.aside);
	json_set_bool(item, "isLossNew", journal.is_news);
	for (int n = 0;
	     n < STATUS_TROUBLE_MAX && journal_aside_next(txn, &aside); n++) {
		json_t *row = doc_row(list);

		doc_set_day(row, "day", aside.day);
		json_set_uint(row, "row", aside.number);
		doc_set(row, "domain", aside.what);
		doc_set(row, "text", journal_aside_text(&aside, text));
		doc_set(row, "words", aside.words);
	}
	return db_failure(txn, err);
}
