#include "store/journal_apply.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/failpoint.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/journal_aside.h"
#include "store/journal_news.h"
#include "store/journal_scan.h"
#include "store/journal_view.h"
#include "store/tally_aside.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

enum {
	/* By then a day of 100,000 domains has several events of each, and the
	 * pages of the tally table are written once for all of them.  In memory
	 * it is two and a half times as much, of each process that reads
	 * counts.
	 */
	MUCH_BYTES = 12 * 1024 * 1024,
	OLD_SECS = 60 * 60,
	/* More than that means that it cannot be applied, and each process that
	 * reads counts has it in memory. */
	MOST_BYTES = 64 * 1024 * 1024,
	RECORD_DAYS = 8, /* today's and those before */
	APPLY_BYTES = 4 * DB_BATCH_BYTES,
};

/*
 * A row says a domain's record where it changes: if that row is damaged, those
 * behind it are without one, and the domain would get no report.  It has the
 * one of the days before then.
 */
static void find_record(struct db_txn *txn, struct tally_domain *counts,
                        struct arena *mem)
{
	for (int32_t day = counts->day;
	     counts->record == NULL && day > counts->day - RECORD_DAYS; day--) {
		struct db_key key = tally_domain_key(day, counts->domain);
		struct tally_head head;

		if (!tally_head_at(txn, &key, &head) || head.record[0] == '\0')
			continue;
		counts->record = arena_strdup(mem, head.record);
		counts->record_at = head.record_at;
	}
}

/* The domains of one transaction; true when that was all. */
static bool apply_domains(struct db_txn *txn, int32_t day,
                          struct journal_progress *progress,
                          const struct tally_limits *limits, size_t domains)
{
	auto_(arena_clear) struct arena mem = {0};
	bool lacks_record = journal_aside_has(txn, day);
	size_t n;

	for (n = 0; n < domains && db_written(txn) < APPLY_BYTES; n++) {
		char domain[TALLY_DOMAIN_TEXT];
		struct tally_domain counts;
		struct journal_sums sums;
		int32_t at = day;

		strcpy(domain, progress->domain);
		if (!journal_view_next(txn, &at, domain, &sums) || at != day)
			return true;
		strcpy(progress->domain, domain);
		arena_reset(&mem);
		/* it may be of rows that came since */
		if (!journal_view_counts(txn, day, domain, progress->until,
		                         &mem, &counts))
			continue;
		if (lacks_record)
			find_record(txn, &counts, &mem);
		tally_apply_journal(txn, &counts, limits);
	}
	return false;
}

static void put_feeds(struct db_txn *txn)
{
	struct feed feed = {.name = ""}, waiting;

	while (feed_table_next(txn, &feed))
		if (journal_scan_feed(txn, feed.name, &waiting))
			feed_table_put(txn, &feed);
}

/* In the last transaction.  The state must not fall back. */
static void finish(struct db_txn *txn, int32_t day, uint64_t until)
{
	struct journal_scan rows;

	journal_scan_until(txn, day, until, &rows);
	day_table_stats_add(txn, day, &rows.stats);
	put_feeds(txn);
	journal_aside_put(txn, day, until);
	day_table_touch(txn, day, change_touch(txn, CHANGE_DOMAIN));
	journal_table_delete(txn, day, until);
	journal_news_drop(txn, day, &rows);
}

static struct day_domains domains_of(struct db_txn *txn, int32_t day)
{
	struct day_sums sums;

	day_sums_get(txn, day, &sums);
	return day_sums_domains(&sums);
}

static int apply_some(struct db *db, int32_t day,
                      const struct tally_limits *limits, size_t domains,
                      struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct journal_progress progress;
	struct day_domains before, after;
	struct journal_range range;
	bool all;
	int rc;

	if (!journal_table_range(txn, day, &range))
		return db_failure(txn, err);
	if (!journal_table_progress(txn, day, &progress))
		progress.until = range.last;
	before = domains_of(txn, day);
	all = apply_domains(txn, day, &progress, limits, domains);
	after = domains_of(txn, day);
	journal_news_take(txn, day, &before, &after);
	if (all)
		finish(txn, day, progress.until);
	else
		journal_table_progress_put(txn, day, &progress);
	journal_trouble_put(txn, day, NULL);
	failpoint_hit(all ? "journal applied" : "journal apply");
	rc = db_commit(&txn, err);
	return rc < 0 ? rc : !all;
}

/* A store that takes this no better will do so when it takes counts again: the
 * age of what waits tells of it meanwhile. */
static void note_trouble(struct db *db, int32_t day, const char *words)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);

	journal_trouble_put(txn, day, words);
	db_commit(&txn, NULL);
}

int journal_apply_some(struct db *db, int32_t day,
                       const struct tally_limits *limits, size_t domains,
                       struct err *err)
{
	int rc = apply_some(db, day, limits, domains, err);
	struct err other;

	if (rc == ERR_IO && tally_aside_day(db, day, &other) > 0)
		rc = apply_some(db, day, limits, domains, err);

	if (rc < 0)
		note_trouble(db, day, err->text);
	return rc;
}

/* 1 and the first day from *day on that has rows, or 0. */
static int has_rows(struct db *db, int32_t *day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	bool found = journal_table_day_next(txn, day);

	return db_failed(txn) ? db_failure(txn, err) : found;
}

int journal_apply_days(struct db *db, int32_t first, int32_t last,
                       const struct tally_limits *limits, struct err *err)
{
	size_t domains = (size_t)failpoint_number("TLSTALLY_APPLY_DOMAINS",
	                                          JOURNAL_APPLY_DOMAINS);
	int rc = 1;

	for (int32_t day = first; rc > 0 && day <= last; day++) {
		rc = has_rows(db, &day, err);
		if (rc <= 0 || day > last)
			break;
		do {
			rc = journal_apply_some(db, day, limits, domains, err);
		} while (rc > 0);
		rc = rc == 0 ? 1 : rc;
	}
	return rc < 0 ? rc : 0;
}

int journal_apply_due(struct db *db, int64_t now, int32_t *day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct journal_progress progress;
	struct journal_size size;

	for (; journal_view_day_next(txn, day); ++*day)
		if (journal_view_size(txn, *day, &size) &&
		    (size.bytes >= MUCH_BYTES || *day != day_of(now) ||
		     now - size.since >= OLD_SECS || now < size.since ||
		     journal_table_progress(txn, *day, &progress)))
			return 1;
	return db_failure(txn, err);
}

int journal_apply_is_full(struct db *db, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct journal_size size;
	size_t bytes = 0;

	for (int32_t day = 0; journal_view_day_next(txn, &day); day++)
		if (journal_view_size(txn, day, &size))
			bytes += size.bytes;
	return db_failed(txn) ? db_failure(txn, err) : bytes >= MOST_BYTES;
}
