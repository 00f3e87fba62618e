/* tlstally feed: a feed that was given up is not asked after, and no day waits
 * for it. */
#include "base/auto.h"
#include "cli/cli.h"
#include "store/feed_table.h"
#include "store/journal_apply.h"

int cli_feed_retire(struct cli *cli, struct err *err)
{
	const struct tally_limits limits = {
		.max_policies = cli->conf.store.max_policies,
		.max_details = cli->conf.store.max_details,
	};
	auto_(db_abort) struct db_txn *txn = NULL;
	const char *name = cli->args.feed;
	struct feed feed = {0};

	/* what the daemon had no time to apply says more of it */
	if (journal_apply_days(cli->db, 0, INT32_MAX, &limits, err) < 0)
		return err->class;
	txn = db_begin_write(cli->db);
	if (!feed_table_get(txn, name, &feed))
		db_fail(txn, ERR_NOTFOUND,
		        "no feed '%.40s' has counted here; `tlstally status` "
		        "lists those that have",
		        name);
	else if (feed_is_up(feed_state(&feed, clock_secs(&cli->clock))))
		db_fail(txn, ERR_BUSY,
		        "%s counts still: stop and disable it first",
		        feed_kind(name)->daemon);
	else
		feed_table_delete(txn, name);
	return db_commit(&txn, err);
}
