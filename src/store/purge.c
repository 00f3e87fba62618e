#include "store/purge.h"

#include <stddef.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/domain_history.h"
#include "store/domain_index.h"
#include "store/doubt_table.h"
#include "store/host_day_table.h"
#include "store/inbound_table.h"
#include "store/intern.h"
#include "store/journal_table.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"
#include "store/mail_table.h"
#include "store/merged_table.h"
#include "store/outbox_table.h"
#include "store/own_host_table.h"
#include "store/own_report_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/received_rate_table.h"
#include "store/received_table.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"
#include "store/tls_optional_table.h"
#include "store/token_table.h"
#include "store/told_table.h"
#include "store/untold_table.h"

enum {
	OWN_REPORT_DAYS = 4,
	RATE_HOURS = 2,
	WANTED_DAYS = 7,
	TRIED_DAYS = 7, /* what is still tried may have a bounce */
	TOLD_DAYS = 3,  /* a day stays open for less than one */
};

/* Where each ends, by days or seconds. */
struct limits {
	int64_t tally_day;
	int64_t archive_time;
	int64_t token_time;
	int64_t now;
	int64_t doubt_day;
	int64_t own_report_day;
	int64_t tls_optional_day;
	int64_t rate_hour;
	int64_t policy_time;
	int64_t wanted_time;
	int64_t told_time;
};

/* Deletes one transaction's worth; 1: there is more. */
typedef int by_day_fn(struct db_txn *txn, int32_t before, uint64_t *rows);
typedef int by_time_fn(struct db_txn *txn, int64_t before, uint64_t *rows);

#define LIMIT(member) offsetof(struct limits, member)
#define ROWS(member) offsetof(struct purge_counts, member)

/* The state of CHANGE_DOMAIN must not fall with the last row that says it. */
static int purge_journal(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	int32_t day = 0;

	if (journal_table_day_next(txn, &day) && day < before)
		change_touch(txn, CHANGE_DOMAIN);
	return journal_table_purge(txn, before, rows);
}

/* One of them; none: the archive. */
static const struct deed {
	size_t limit, rows;
	by_day_fn *by_day;
	by_time_fn *by_time;
} deeds[] = {
	/* first, or somebody would apply it anew meanwhile */
	{LIMIT(tally_day), ROWS(tally), .by_day = purge_journal},
	{LIMIT(tally_day), ROWS(tally), .by_day = tally_purge},
	{LIMIT(tally_day), ROWS(tally), .by_day = domain_index_purge},
	{LIMIT(tally_day), ROWS(tally), .by_day = domain_history_purge},
	{LIMIT(tally_day), ROWS(tally), .by_day = intern_purge},
	{LIMIT(tally_day), ROWS(tally), .by_day = day_table_purge},
	{LIMIT(archive_time), ROWS(archive), .by_day = NULL},
	{LIMIT(token_time), ROWS(archive), .by_time = token_purge},
	{LIMIT(now), ROWS(suppressions), .by_time = suppress_purge},
	{LIMIT(own_report_day), ROWS(own_reports), .by_day = own_report_purge},
	{LIMIT(rate_hour), ROWS(rates), .by_time = own_rate_purge},
	{LIMIT(tally_day), ROWS(log), .by_day = log_pending_purge},
	{LIMIT(tally_day), ROWS(log), .by_day = log_completing_purge},
	{LIMIT(policy_time), ROWS(policies), .by_time = policy_cache_purge},
	{LIMIT(wanted_time), ROWS(wanted), .by_time = policy_wanted_purge},
	{LIMIT(told_time), ROWS(policies), .by_time = told_purge},
	{LIMIT(told_time), ROWS(tally), .by_time = untold_purge},
	{LIMIT(own_report_day), ROWS(own_reports), .by_day = own_seen_purge},
	{LIMIT(tally_day), ROWS(inbound), .by_day = inbound_table_purge},
	{LIMIT(tally_day), ROWS(mail), .by_day = mail_purge},
	{LIMIT(doubt_day), ROWS(suppressions), .by_day = doubt_table_purge},
	{LIMIT(tls_optional_day), ROWS(mail), .by_day = tls_optional_purge},
	{LIMIT(tally_day), ROWS(tally), .by_day = host_day_purge},
	{LIMIT(tally_day), ROWS(tally), .by_day = merged_purge},
	{LIMIT(now), ROWS(tally), .by_time = host_day_purge_slots},
	{LIMIT(now), ROWS(inbound), .by_time = received_purge},
	{LIMIT(tally_day), ROWS(inbound), .by_day = received_sums_purge},
	{LIMIT(tally_day), ROWS(inbound), .by_day = received_seen_purge},
	{LIMIT(tally_day), ROWS(inbound), .by_day = own_host_purge},
	{LIMIT(own_report_day), ROWS(inbound), .by_day = received_rate_purge},
};

static int purge_once(struct db_txn *txn, const struct deed *deed,
                      const struct limits *limits, struct purge_counts *counts)
{
	const void *limit = (const char *)limits + deed->limit;
	void *rows = (char *)counts + deed->rows;
	int64_t before = *(const int64_t *)limit;

	if (deed->by_day != NULL)
		return deed->by_day(txn, (int32_t)before, rows);
	if (deed->by_time != NULL)
		return deed->by_time(txn, before, rows);
	return archive_purge(txn, before, limits->now, rows);
}

static int run(struct db *db, const struct deed *deed,
               const struct limits *limits, struct purge_counts *counts,
               struct err *err)
{
	int more = 1;

	while (more) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);
		struct purge_counts then = *counts;
		int rc;

		more = purge_once(txn, deed, limits, &then);
		rc = db_commit(&txn, err);
		if (rc != 0)
			return rc;
		*counts = then;
	}
	return 0;
}

int purge_run(struct db *db, int32_t today, int64_t now, int32_t keep_days,
              int32_t archive_days, struct purge_counts *counts,
              struct err *err)
{
	const struct limits limits = {
		.tally_day = today - keep_days,
		.archive_time = now - (int64_t)archive_days * DAY_SECS,
		.token_time = now - (int64_t)archive_days * DAY_SECS -
	                      TRIED_DAYS * DAY_SECS,
		.now = now,
		.doubt_day = today - DOUBT_DAYS,
		.own_report_day = today - OWN_REPORT_DAYS,
		.tls_optional_day = today - TLS_OPTIONAL_DAYS,
		.rate_hour = now / 3600 - RATE_HOURS,
		.policy_time = now - (int64_t)keep_days * DAY_SECS,
		.wanted_time = now - WANTED_DAYS * DAY_SECS,
		.told_time = now - TOLD_DAYS * DAY_SECS,
	};
	int rc = 0;

	*counts = (struct purge_counts){0};
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]) && rc == 0; i++)
		rc = run(db, &deeds[i], &limits, counts, err);
	return rc;
}
