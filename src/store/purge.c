#include "store/purge.h"

#include "base/auto.h"
#include "base/day.h"
#include "store/doubt_table.h"
#include "store/inbound_table.h"
#include "store/log_table.h"
#include "store/mail_table.h"
#include "store/outbox_table.h"
#include "store/own_report_table.h"
#include "store/policy_cache_table.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"
#include "store/tls_optional_table.h"

enum { OWN_REPORT_DAYS = 4, RATE_HOURS = 2, WANTED_DAYS = 7 };

/* What each table's deed is told. */
struct limits {
	int32_t tally_day;
	int64_t archive_time;
	int64_t now;
	int32_t doubt_day;
	int32_t own_report_day;
	int32_t tls_optional_day;
	int64_t rate_hour;
	int64_t policy_time;
	int64_t wanted_time;
};

static int tally(struct db_txn *txn, const struct limits *limits,
                 struct purge_counts *counts)
{
	return tally_purge(txn, limits->tally_day, &counts->tally);
}

static int archive(struct db_txn *txn, const struct limits *limits,
                   struct purge_counts *counts)
{
	return archive_purge(txn, limits->archive_time, limits->now,
	                     &counts->archive);
}

static int suppressions(struct db_txn *txn, const struct limits *limits,
                        struct purge_counts *counts)
{
	return suppress_purge(txn, limits->now, &counts->suppressions);
}

static int doubts(struct db_txn *txn, const struct limits *limits,
                  struct purge_counts *counts)
{
	return doubt_purge(txn, limits->doubt_day, &counts->suppressions);
}

static int own_reports(struct db_txn *txn, const struct limits *limits,
                       struct purge_counts *counts)
{
	return own_report_purge(txn, limits->own_report_day,
	                        &counts->own_reports);
}

static int own_seen(struct db_txn *txn, const struct limits *limits,
                    struct purge_counts *counts)
{
	return own_seen_purge(txn, limits->own_report_day,
	                      &counts->own_reports);
}

static int tls_optional(struct db_txn *txn, const struct limits *limits,
                        struct purge_counts *counts)
{
	return tls_optional_purge(txn, limits->tls_optional_day, &counts->mail);
}

static int inbound(struct db_txn *txn, const struct limits *limits,
                   struct purge_counts *counts)
{
	return inbound_purge(txn, limits->tally_day, &counts->inbound);
}

static int mail(struct db_txn *txn, const struct limits *limits,
                struct purge_counts *counts)
{
	return mail_purge(txn, limits->tally_day, &counts->mail);
}

static int rates(struct db_txn *txn, const struct limits *limits,
                 struct purge_counts *counts)
{
	return rate_purge(txn, limits->rate_hour, &counts->rates);
}

static int log_pending(struct db_txn *txn, const struct limits *limits,
                       struct purge_counts *counts)
{
	return log_pending_purge(txn, limits->tally_day, &counts->log);
}

static int policies(struct db_txn *txn, const struct limits *limits,
                    struct purge_counts *counts)
{
	return policy_cache_purge(txn, limits->policy_time, &counts->policies);
}

static int wanted(struct db_txn *txn, const struct limits *limits,
                  struct purge_counts *counts)
{
	return policy_wanted_purge(txn, limits->wanted_time, &counts->wanted);
}

/* Each deletes one transaction's worth; 1: there is more. */
static int (*const deeds[])(struct db_txn *txn, const struct limits *limits,
                            struct purge_counts *counts) = {
	tally,       archive,  suppressions, own_reports, rates,
	log_pending, policies, wanted,       own_seen,    inbound,
	mail,        doubts,   tls_optional,
};

static int run(struct db *db, size_t deed, const struct limits *limits,
               struct purge_counts *counts, struct err *err)
{
	int more = 1;

	while (more) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);
		struct purge_counts then = *counts;
		int rc;

		more = deeds[deed](txn, limits, &then);
		rc = db_commit(&txn, err);
		if (rc != 0)
			return rc;
		*counts = then;
	}
	return 0;
}

int store_purge(struct db *db, int32_t today, int64_t now, int32_t keep_days,
                int32_t archive_days, struct purge_counts *counts,
                struct err *err)
{
	const struct limits limits = {
		.tally_day = today - keep_days,
		.archive_time = now - (int64_t)archive_days * DAY_SECS,
		.now = now,
		.doubt_day = today - DOUBT_DAYS,
		.own_report_day = today - OWN_REPORT_DAYS,
		.tls_optional_day = today - TLS_OPTIONAL_DAYS,
		.rate_hour = now / 3600 - RATE_HOURS,
		.policy_time = now - (int64_t)keep_days * DAY_SECS,
		.wanted_time = now - WANTED_DAYS * DAY_SECS,
	};
	int rc = 0;

	*counts = (struct purge_counts){0};
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]) && rc == 0; i++)
		rc = run(db, i, &limits, counts, err);
	return rc;
}
