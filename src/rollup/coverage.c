#include "rollup/coverage.h"

#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/feed_table.h"
#include "store/log_pending_table.h"
#include "store/mail_table.h"
#include "store/paged.h"
#include "store/policy_cache_table.h"
#include "store/tally_table.h"

enum { RECORD_DAYS = 7 };

/* Was a session with it counted that day, or does one wait for its policy? */
static bool has_session(struct db_txn *txn, int32_t day, const char *domain)
{
	struct tally_head head;

	return tally_head_get(txn, day, domain, &head) ||
	       log_pending_has(txn, day, domain);
}

/* That day, or the next: mail waits in the queue over midnight. */
static bool is_covered(struct db_txn *txn, const struct mail_row *row)
{
	for (int32_t day = row->day; day <= row->day + 1; day++)
		if (has_session(txn, day, row->domain) ||
		    (row->next_hop[0] != '\0' &&
		     has_session(txn, day, row->next_hop)))
			return true;
	return false;
}

static bool has_known_record(struct db_txn *txn, int32_t day,
                             const char *domain)
{
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	struct tally_head head;

	if (policy_cache_get(txn, domain, &arena, &view) &&
	    view.tlsrpt != VIEW_UNKNOWN)
		return view.tlsrpt == VIEW_OK;
	for (int32_t d = day - 1; d >= day - RECORD_DAYS; d--)
		if (tally_head_get(txn, d, domain, &head))
			return head.record[0] != '\0';
	return false;
}

static bool can_be_judged(struct db_txn *txn, const struct conf *conf,
                          const struct feed_kind *feed,
                          const struct mail_row *row)
{
	const char *hop =
		row->next_hop[0] != '\0' ? row->next_hop : row->domain;

	/* a name that stands for several, an address */
	if (!domain_is_host(row->domain) || !domain_is_host(hop))
		return false;
	if (feed->tells_all)
		return conf->log.count_private || strcmp(hop, row->domain) == 0;
	return has_known_record(txn, row->day, hop);
}

static void list_item(struct coverage *c, const struct mail_row *row)
{
	size_t at = c->listed;

	while (at > 0 && c->list[at - 1].messages < row->messages) {
		if (at < COVERAGE_LIST_MAX)
			c->list[at] = c->list[at - 1];
		at--;
	}
	if (at == COVERAGE_LIST_MAX)
		return;
	memcpy(c->list[at].domain, row->domain, sizeof(row->domain));
	memcpy(c->list[at].next_hop, row->next_hop, sizeof(row->next_hop));
	c->list[at].messages = row->messages;
	if (c->listed < COVERAGE_LIST_MAX)
		c->listed++;
}

static void judge_row(struct db_txn *txn, const struct conf *conf,
                      struct coverage *c, const struct mail_row *row)
{
	bool covered = is_covered(txn, row);

	if (!covered && !can_be_judged(txn, conf, c->feed, row)) {
		c->unjudged++;
		return;
	}
	c->domains++;
	c->messages += row->messages;
	if (covered)
		return;
	c->uncovered++;
	list_item(c, row);
}

/* Does it tell of each domain?  Beside tlstallyd the log tells of a few. */
static bool is_looked_at(const struct conf *conf, const struct feed *feed)
{
	return feed_kind(feed->name)->counts_sessions &&
	       !(conf->log.complete_events &&
	         strcmp(feed->name, FEED_LOG) == 0);
}

/* Which feed is looked at, and is it time to?  The one of sessions that counted
 * something last. */
static void begin(struct db_txn *txn, const struct conf *conf, int64_t now,
                  struct coverage *c)
{
	int64_t over = day_start(c->day + 1), last = 0;
	struct feed feed = {0};

	c->feed = &feed_kinds[0];
	while (feed_table_next(txn, &feed)) {
		const struct feed_kind *kind = feed_kind(feed.name);

		if (!is_looked_at(conf, &feed) || feed.last_event < last ||
		    !feed_is_in_use(&feed, now))
			continue;
		c->feed = kind;
		last = feed.last_event;
	}
	if (now >= over || last > over)
		last = over;
	if (last < day_start(c->day))
		last = day_start(c->day);
	c->looked = now - last >= COVERAGE_QUIET_SECS;
}

int coverage_look(struct db *db, const struct conf *conf, int32_t day,
                  int64_t now, struct coverage *coverage, struct err *err)
{
	struct paged paged = {.db = db};
	struct mail_row row = {.day = day};

	*coverage = (struct coverage){.day = day};
	begin(paged_txn(&paged), conf, now, coverage);
	while (coverage->looked) {
		struct db_txn *txn = paged_txn(&paged);

		if (!mail_next(txn, &row) || row.day != day)
			break;
		judge_row(txn, conf, coverage, &row);
	}
	coverage->broken = coverage->uncovered > 0 &&
	                   coverage->uncovered == coverage->domains &&
	                   coverage->messages >= COVERAGE_MESSAGES_MIN;
	return paged_end(&paged, err);
}
