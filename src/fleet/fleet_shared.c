#include "fleet/fleet_shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "store/change_table.h"
#include "store/own_report_table.h"
#include "store/suppress_table.h"

enum {
	BATCH = 1000,
	TRIES = 3,
	HOUR_SECS = 3600,
	/* A row is seen some time after its changed_at: when it is committed.
	 */
	LATE_SECS = 120,
};

/* --- suppressions: giving --- */

/* What a store's log has of them. */
struct log {
	uint64_t state; /* that was looked at */
	bool is_whole;  /* all since the last time is in it */
};

struct giving {
	struct ledger *ledger;
	bool only_new;
	struct ledger_suppression rows[BATCH];
	size_t count;
	struct arena mem;
};

static int give_rows(struct giving *giving, struct err *err)
{
	int rc = ledger_suppress(giving->ledger, giving->rows, giving->count,
	                         giving->only_new, err);

	giving->count = 0;
	arena_clear(&giving->mem);
	return rc;
}

static int give(struct giving *giving, const struct suppression *row,
                bool is_deleted, struct err *err)
{
	giving->rows[giving->count++] = (struct ledger_suppression){
		.address = arena_strdup(&giving->mem, row->address),
		.since = row->since,
		.until = row->until,
		.by_hand = row->by_hand,
		.reason = arena_strdup(&giving->mem, row->reason),
		.is_deleted = is_deleted,
	};
	return giving->count < BATCH ? 0 : give_rows(giving, err);
}

static int give_all(struct db_txn *txn, struct giving *giving, struct err *err)
{
	struct suppression row = {.since = 0};

	giving->only_new = true;
	while (suppress_next(txn, &row))
		if (give(giving, &row, false, err) < 0)
			return err->class;
	return give_rows(giving, err);
}

static int give_change(struct db_txn *txn, struct giving *giving,
                       const struct change *change, struct err *err)
{
	struct suppression row = {.since = 0};
	bool there;

	if (change->id_len >= sizeof(row.address))
		return 0;
	memcpy(row.address, change->id, change->id_len);
	row.address[change->id_len] = '\0';
	there = suppress_get(txn, row.address, &row);
	/* what it is by now: of two changes the first says so already */
	for (size_t i = 0; i < giving->count; i++)
		if (strcmp(giving->rows[i].address, row.address) == 0)
			return 0;
	return give(giving, &row, !there, err);
}

static int give_changes(struct db_txn *txn, struct giving *giving,
                        uint64_t since, struct log *log, struct err *err)
{
	struct change change;

	while (since < log->state &&
	       change_after(txn, CHANGE_SUPPRESSION, since, &change)) {
		if (give_change(txn, giving, &change, err) < 0)
			return err->class;
		since = change.state;
	}
	log->is_whole = since == log->state;
	return give_rows(giving, err);
}

/* All of one moment: log->state. */
static int give_suppressions(struct db *db, struct ledger *ledger,
                             const struct fleet_seen *seen, struct log *log,
                             struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct giving *giving = xcalloc(1, sizeof(*giving));
	int rc = 0;

	giving->ledger = ledger;
	*log = (struct log){.state = change_state(txn, CHANGE_SUPPRESSION)};
	if (seen->suppress_epoch == change_epoch(txn))
		rc = give_changes(txn, giving, seen->suppress_state, log, err);
	if (rc == 0 && !log->is_whole)
		rc = give_all(txn, giving, err);
	if (rc == 0)
		rc = db_failure(txn, err);
	arena_clear(&giving->mem);
	free(giving);
	return rc;
}

/* --- suppressions: taking --- */

static void take_row(struct db_txn *txn, const struct ledger_suppression *from)
{
	struct suppression row = {
		.since = from->since,
		.until = from->until,
		.by_hand = from->by_hand,
	};

	if (strlen(from->address) >= sizeof(row.address))
		return;
	snprintf(row.address, sizeof(row.address), "%s", from->address);
	snprintf(row.reason, sizeof(row.reason), "%s", from->reason);
	if (from->is_deleted)
		suppress_delete(txn, row.address);
	else
		suppress_put(txn, &row);
}

/* What is taken is not given again.  ERR_BUSY: somebody changed one meanwhile,
 * which is to be given first. */
static int take_suppressions(struct db *db, struct fleet_seen *seen,
                             const struct log *log,
                             const struct ledger_suppressions *got,
                             struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct fleet_seen now;

	if (change_state(txn, CHANGE_SUPPRESSION) != log->state)
		return err_set(err, ERR_BUSY,
		               "suppressions changed while they were shared");
	for (size_t i = 0; i < got->count; i++) {
		take_row(txn, &got->list[i]);
		if (got->list[i].changed_at > seen->suppress_at)
			seen->suppress_at = got->list[i].changed_at;
	}
	seen->suppress_epoch = change_epoch(txn);
	seen->suppress_state = change_state(txn, CHANGE_SUPPRESSION);
	meta_fleet_get(txn, &now);
	now.suppress_epoch = seen->suppress_epoch;
	now.suppress_state = seen->suppress_state;
	now.suppress_at = seen->suppress_at;
	meta_fleet_put(txn, &now);
	return db_commit(&txn, err);
}

/* Do we have all of it as it is? */
static int is_known(struct db *db, const struct fleet_seen *seen,
                    const struct log *log,
                    const struct ledger_suppressions *got, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	bool known = log->is_whole && seen->suppress_state == log->state;

	for (size_t i = 0; known && i < got->count; i++) {
		const struct ledger_suppression *at = &got->list[i];
		struct suppression row;
		bool there = suppress_get(txn, at->address, &row);

		known = there != at->is_deleted &&
		        (!there ||
		         (row.since == at->since && row.until == at->until &&
		          row.by_hand == at->by_hand &&
		          strcmp(row.reason, at->reason) == 0));
	}
	return db_failed(txn) ? db_failure(txn, err) : known;
}

static int share_once(struct db *db, struct ledger *ledger,
                      struct fleet_seen *seen, struct err *err)
{
	auto_(ledger_suppressions_clear) struct ledger_suppressions got = {0};
	struct log log;
	int known;

	if (give_suppressions(db, ledger, seen, &log, err) < 0)
		return err->class;
	/* what it knew before the restore, or before it lost count */
	if (!log.is_whole)
		seen->suppress_at = 0;
	if (ledger_suppressions_since(ledger, seen->suppress_at - LATE_SECS,
	                              &got, err) < 0)
		return err->class;
	known = is_known(db, seen, &log, &got, err);
	return known != 0 ? (known < 0 ? known : 0)
	                  : take_suppressions(db, seen, &log, &got, err);
}

int fleet_share_suppressions(struct db *db, struct ledger *ledger,
                             struct fleet_seen *seen, struct err *err)
{
	int rc = ERR_BUSY;

	for (int tries = 0; rc == ERR_BUSY && tries < TRIES; tries++)
		rc = share_once(db, ledger, seen, err);
	/* the next run comes again */
	return rc == ERR_BUSY ? 0 : rc;
}

/* --- rates --- */

static bool has_limits(const struct conf *conf)
{
	return conf->deliver.rate_per_hour != 0 ||
	       conf->deliver.rate_per_host != 0;
}

int fleet_share_sent(struct db *db, struct ledger *ledger,
                     const struct conf *conf, const char *host, int64_t now,
                     const char *const *receivers, size_t count,
                     struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	struct ledger_rate *rates =
		arena_array(&mem, count + 1, sizeof(*rates));
	auto_(db_abort) struct db_txn *txn = NULL;
	size_t n = 0;

	if (!has_limits(conf))
		return 0;
	if (conf->deliver.rate_per_host == 0)
		count = 0;
	txn = db_begin_read(db);
	for (size_t i = 0; i <= count; i++) {
		const char *receiver = i < count ? receivers[i] : "";
		size_t before = 0;

		while (before < i && strcmp(receivers[before], receiver) != 0)
			before++;
		rates[n] = (struct ledger_rate){
			.receiver = receiver,
			.attempts =
				own_rate_get(txn, now / HOUR_SECS, receiver),
		};
		n += before == i && rates[n].attempts > 0;
	}
	if (db_failed(txn))
		return db_failure(txn, err);
	db_abort(&txn);
	return ledger_rates_put(ledger, host, now / HOUR_SECS, rates, n, err);
}

static int take_rates(struct db *db, int64_t hour,
                      const struct ledger_rates *got, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);

	for (size_t i = 0; i < got->count; i++)
		own_rate_put_others(txn, hour, got->list[i].receiver,
		                    got->list[i].attempts);
	return db_commit(&txn, err);
}

int fleet_share_rates(struct db *db, struct ledger *ledger,
                      const struct conf *conf, const char *host, int64_t now,
                      struct err *err)
{
	auto_(ledger_rates_clear) struct ledger_rates got = {0};
	int64_t hour = now / HOUR_SECS;

	if (!has_limits(conf))
		return 0;
	if (fleet_share_sent(db, ledger, conf, host, now, NULL, 0, err) < 0 ||
	    ledger_rates_of_others(ledger, host, hour,
	                           conf->deliver.rate_per_host == 0, &got,
	                           err) < 0)
		return err->class;
	return got.count > 0 ? take_rates(db, hour, &got, err) : 0;
}
