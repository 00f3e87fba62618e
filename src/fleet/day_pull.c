#include "fleet/day_pull.h"

#include <string.h>

#include "base/auto.h"
#include "fleet/day_import.h"
#include "fleet/fleet_rule.h"
#include "store/host_day_table.h"

static int is_here(const struct day_pull *pull,
                   const struct ledger_host_day *there, bool *here,
                   struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(pull->db);
	struct host_day had;

	*here = host_day_get(txn, pull->day, there->host, &had) &&
	        had.head.store_id == there->life.store_id &&
	        had.head.epoch == there->life.epoch &&
	        had.head.generation == there->revision &&
	        had.totals.waiting == there->totals.waiting;
	return db_failure(txn, err);
}

static int feed(void *arg, const char *data, size_t len, struct err *err)
{
	return day_import_feed(arg, data, len, err);
}

static int pull_host(const struct day_pull *pull,
                     const struct ledger_host_day *there, uint64_t *pulled,
                     struct err *err)
{
	const struct day_import_options options = {
		.host = pull->host,
		.now = pull->now,
		.oldest = pull->oldest,
		/* whose name it is, the ledger has seen to */
		.replace = true,
		.from_ledger = true,
	};
	auto_(day_import_free) struct day_import *import =
		day_import_new(pull->db, &options);
	struct day_import_result result;

	if (ledger_pull(pull->ledger, pull->day, there->host, feed, import,
	                err) < 0 ||
	    day_import_finish(import, &result, err) < 0)
		return err_prefix(err, "%s", there->host);
	*pulled += result.what != DAY_IMPORT_SAME;
	return 0;
}

/* Not the connection's, nor of our disk: of another normal form, or damaged. */
static bool is_unreadable(const struct err *err)
{
	return err->class == ERR_PARSE || err->class == ERR_LIMIT;
}

int day_pull(const struct day_pull *pull, uint64_t *pulled, struct err *err)
{
	for (size_t i = 0; i < pull->view->host_day_count; i++) {
		const struct ledger_host_day *there = &pull->view->host_days[i];
		bool here;
		int rc;

		if (there->day != pull->day ||
		    strcmp(there->host, pull->host) == 0)
			continue;
		if (is_here(pull, there, &here, err) < 0)
			return err->class;
		rc = here ? 0 : pull_host(pull, there, pulled, err);
		if (rc < 0 && (pull->unreadable == NULL || !is_unreadable(err)))
			return rc;
		if (rc < 0)
			fleet_add_name(pull->unreadable, there->host);
	}
	return 0;
}
