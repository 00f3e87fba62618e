/* What status finds in the small tables, and the command itself. */
#include "app/cli_status.h"

#include <string.h>

#include "app/cli_words.h"
#include "app/doc.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "model/datagram.h"
#include "store/feed_table.h"
#include "store/log_table.h"
#include "store/paged.h"
#include "store/suppress_table.h"

static int add_store(struct cli *cli, json_t *doc, struct err *err)
{
	json_t *store = doc_object(doc, "store");
	uint64_t used, file;

	if (db_size(cli->db, &used, &file, err) < 0)
		return err->class;
	doc_set(store, "directory", cli->conf.store.directory);
	json_set_uint(store, "usedBytes", used);
	json_set_uint(store, "fileBytes", file);
	return 0;
}

static void add_feeds(struct db_txn *txn, json_t *doc)
{
	json_t *feeds = doc_array(doc, "feeds");
	struct feed feed = {0};

	while (feed_next(txn, &feed)) {
		json_t *item = doc_row(feeds);

		doc_set(item, "name", feed.name);
		json_set_time(item, "countedUntil", feed.watermark);
		json_set_time(item, "lastCommit", feed.seen_at);
		json_set_time(item, "lastEvent", feed.last_event);
		json_set_uint(item, "events", feed.events);
		doc_set(item, "trouble", feed.trouble);
	}
}

/* Sessions of the log. */
static void add_waiting(struct db_txn *txn, json_t *doc)
{
	json_t *waiting = doc_object(doc, "waiting");
	uint64_t sessions, domains;

	log_pending_count(txn, &sessions, &domains);
	json_set_uint(waiting, "sessions", sessions);
	json_set_uint(waiting, "domains", domains);
}

static void add_day_events(json_t *list, int32_t day,
                           const struct day_stats *stats)
{
	json_t *item = doc_row(list), *bad;

	doc_set_day(item, "day", day);
	json_set_uint(item, "events", stats->events);
	json_set_uint(item, "successfulSessions", stats->success);
	json_set_uint(item, "failedSessions", stats->failure);
	json_set_uint(item, "refused", stats->refused);
	json_set_uint(item, "suppressedSelf", stats->suppressed_self);
	bad = doc_object(item, "badInput");
	for (int kind = BAD_NONE + 1; kind < BAD_KINDS; kind++)
		if (stats->bad[kind] > 0)
			json_set_uint(bad, bad_input_word(kind),
			              stats->bad[kind]);
}

/* Today and yesterday. */
static void add_events(struct cli *cli, struct db_txn *txn, json_t *doc)
{
	json_t *list = doc_array(doc, "events");
	int32_t today = day_of(clock_secs(&cli->clock));

	for (int32_t day = today; day >= today - 1; day--) {
		struct day_stats stats;

		if (day_stats_get(txn, day, &stats))
			add_day_events(list, day, &stats);
	}
}

static int count_suppressions(struct cli *cli, json_t *doc, struct err *err)
{
	struct paged paged = {.db = cli->db};
	struct suppression row = {0};
	uint64_t n = 0;

	while (suppress_next(paged_txn(&paged), &row))
		n += row.until == 0 || row.until > clock_secs(&cli->clock);
	json_set_uint(doc, "suppressions", n);
	return paged_end(&paged, err);
}

int status_collect(struct cli *cli, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;

	json_set_time(doc, "now", clock_secs(&cli->clock));
	doc_set(doc, "settings", cli->conf.file);
	doc_set(doc, "mode", mode_name(cli->conf.report.mode));
	if (add_store(cli, doc, err) < 0)
		return err->class;
	txn = db_begin_read(cli->db);
	add_feeds(txn, doc);
	add_waiting(txn, doc);
	add_events(cli, txn, doc);
	if (db_commit(&txn, err) < 0 || status_days(cli, doc, err) < 0 ||
	    status_outbox(cli, doc, err) < 0 ||
	    status_coverage(cli, doc, err) < 0)
		return err->class;
	return count_suppressions(cli, doc, err);
}

int cli_status(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	int rc = status_collect(cli, doc, err);

	if (rc < 0)
		return rc;
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		status_print(doc, &cli->out);
	return 0;
}
