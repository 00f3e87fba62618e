/* What status finds in the small tables, and what belongs together. */
#include "show/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/moment.h"
#include "session/datagram.h"
#include "show/doc.h"
#include "show/status_verdict.h"
#include "store/counter_table.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/log_pending_table.h"
#include "store/meta_table.h"
#include "store/policy_counter.h"
#include "store/received_rate_table.h"
#include "store/suppress_table.h"
#include "words/words.h"

enum { SUBMITTERS_SHOWN = 20 };

static void add_feeds(const struct status_of *of, struct db_txn *txn,
                      json_t *doc)
{
	json_t *feeds = doc_array(doc, "feeds");
	struct feed feed = {0};

	while (feed_table_next(txn, &feed)) {
		auto_(strbuf_clear) struct strbuf words = {0};
		const struct feed_kind *kind = feed_kind(feed.name);
		enum feed_state state = feed_state(&feed, of->now);
		json_t *item = doc_row(feeds);

		feed_tell(&feed, kind, of->now, &words);
		doc_set(item, "name", feed.name);
		json_set_bool(item, "countsSessions", kind->counts_sessions);
		doc_set(item, "state", word_api(&words_feeds, state));
		json_set_bool(item, "isUp", feed_is_up(state));
		doc_set(item, "words", strbuf_text(&words));
		json_set_time(item, "countedUntil", feed.watermark);
		json_set_time(item, "lastCommit", feed.seen_at);
		json_set_time(item, "lastEvent", feed.last_event);
		json_set_uint(item, "events", feed.events);
		doc_set(item, "trouble", feed.trouble);
	}
}

static void add_line_count(json_t *item, const struct day_lines *row)
{
	static const struct {
		const char *n, *first;
	} members[LINE_FATES] = {
		[LINE_READ] = {"understood", NULL},
		[LINE_TELLS] = {"ofSessions", NULL},
		[LINE_UNREAD] = {"notUnderstood", "firstNotUnderstood"},
		[LINE_UNCLEAR] = {"unclear", "firstUnclear"},
		[LINE_OURS] = {"ownFaults", "firstOwnFault"},
	};
	char of[32] = "nobody"; /* or "user 1000" */
	json_t *user;

	if (row->fate != LINE_FOREIGN) {
		json_set_uint(item, members[row->fate].n, row->n);
		if (members[row->fate].first != NULL)
			doc_set(item, members[row->fate].first, row->first);
		return;
	}
	user = doc_row(doc_array(item, "leftOut"));
	if (row->uid != LINE_UID_NONE)
		snprintf(of, sizeof(of), "user %" PRId64, row->uid);
	doc_set(user, "of", of);
	json_set_uint(user, "lines", row->n);
	doc_set(user, "first", row->first);
}

/* Lines of the log, today and yesterday. */
static void add_lines(const struct status_of *of, struct db_txn *txn,
                      json_t *doc)
{
	json_t *list = doc_array(doc, "lines");
	int32_t today = day_of(of->now);

	for (int32_t day = today; day >= today - 1; day--) {
		struct day_lines row = {0};
		json_t *item = NULL;

		while (day_table_lines_next(txn, day, &row)) {
			if (item == NULL) {
				item = doc_row(list);
				doc_set_day(item, "day", day);
			}
			add_line_count(item, &row);
		}
	}
}

static void add_day_events(json_t *list, int32_t day,
                           const struct day_stats *stats,
                           const struct day_nobodys *nobodys)
{
	json_t *item = doc_row(list);

	doc_set_day(item, "day", day);
	json_set_uint(item, "events", stats->events);
	json_set_uint(item, "successfulSessions", stats->success);
	json_set_uint(item, "failedSessions", stats->failure);
	json_set_uint(item, "notJudgedSessions", stats->unjudged);
	json_set_uint(item, "withoutDomain",
	              stats->catch_all.success + stats->catch_all.failure);
	json_set_uint(item, "suppressedSelf", stats->suppressed_self);
	/* sessions with next hops of this site whose domains ask for no
	 * reports */
	if (nobodys->sessions > 0) {
		json_t *of = doc_object(item, "nobodys");

		json_set_uint(of, "sessions", nobodys->sessions);
		doc_set(of, "firstHost", nobodys->host);
	}
	doc_counts(item, "badInput", &words_bad_input, BAD_NONE + 1,
	           stats->bad);
}

/* Today and yesterday. */
static void add_events(const struct status_of *of, struct db_txn *txn,
                       json_t *doc)
{
	json_t *list = doc_array(doc, "events");
	int32_t today = day_of(of->now);

	for (int32_t day = today; day >= today - 1; day--) {
		struct day_stats stats;
		struct day_nobodys nobodys;
		bool counted = day_table_stats_get(txn, day, &stats);

		if (day_table_nobodys_get(txn, day, &nobodys) || counted)
			add_day_events(list, day, &stats, &nobodys);
	}
}

static int add_suppressions(const struct status_of *of, json_t *doc,
                            struct err *err)
{
	uint64_t n = 0;
	int rc = suppress_count(of->db, of->now, &n, err);

	json_set_uint(doc, "suppressions", n);
	return rc;
}

static int add_head(const struct status_of *of, json_t *doc, struct err *err)
{
	(void)err;
	json_set_time(doc, "now", of->now);
	doc_set(doc, "settings", of->conf->file);
	doc_set(doc, "mode", word_api(&words_modes, of->conf->report.mode));
	doc_set(doc, "contactInfo", of->conf->report.contact_info);
	doc_set(doc, "organizationName", conf_organization(of->conf));
	return 0;
}

static int add_last_day(const struct status_of *of, json_t *doc,
                        struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int32_t first, last;

	if (tally_days_until(txn, day_of(of->now), &first, &last))
		doc_set_day(doc, "lastDay", last);
	return db_failure(txn, err);
}

/* The small tables. */
static int add_intake(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *waiting = doc_object(doc, "waiting");
	uint64_t sessions, domains;

	add_feeds(of, txn, doc);
	add_lines(of, txn, doc);
	log_pending_count(txn, &sessions, &domains);
	json_set_uint(waiting, "sessions", sessions);
	json_set_uint(waiting, "domains", domains);
	add_events(of, txn, doc);
	return db_commit(&txn, err);
}

/* In the store stands what the last run, or a daemon within the last minute,
 * has found. */
void status_doubt(const struct status_of *of, struct db_txn *txn,
                  char words[CLOCK_WORDS])
{
	struct clock_record record;

	meta_clock_get(txn, &record);
	clock_record_words(&record, words);
	if (of->doubt != NULL)
		snprintf(words, CLOCK_WORDS, "%s", of->doubt);
}

static int add_clock(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *clock = doc_object(doc, "clock");
	char words[CLOCK_WORDS];

	status_doubt(of, txn, words);
	json_set_bool(clock, "isDoubted", words[0] != '\0');
	doc_set(clock, "why", words);
	return db_failure(txn, err);
}

/* Missing where Postfix asks no tlstally-policyd, or not any more. */
static int add_policyd(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct policyd_seen seen;
	json_t *policyd, *answers;

	meta_policyd_get(txn, &seen);
	if (!meta_policyd_is_in_use(&seen, of->now))
		return db_failure(txn, err);
	policyd = doc_object(doc, "policyd");
	json_set_bool(policyd, "isUp", meta_policyd_is_up(&seen, of->now));
	json_set_time(policyd, "seenAt", seen.seen_at);
	json_set_time(policyd, "outageSince", seen.outage_since);
	json_set_time(policyd, "unreachedSince", seen.unreached_since);
	json_set_bool(policyd, "validates", seen.validates);
	json_set_bool(policyd, "usesDane", seen.does_dane);
	json_set_uint(policyd, "cachedAnswers", seen.answers);
	answers = doc_object(policyd, "answers");
	for (unsigned kind = 0; kind < TOLD_KINDS; kind++) {
		char name[COUNTER_NAME_TEXT];

		policy_counter_name(kind, name);
		json_set_uint(answers, policy_counter_word(kind),
		              counter_get(txn, name));
	}
	return db_failure(txn, err);
}

static void add_rate(const struct received_rate *rate, json_t *object)
{
	doc_set_day(object, "day", rate->day);
	if (rate->submitter[0] != '\0')
		doc_set(object, "submitter", rate->submitter);
	json_set_uint(object, "kept", rate->kept);
	json_set_uint(object, "bytes", rate->bytes);
	json_set_uint(object, "dropped", rate->dropped);
}

/* Who sent too many that day. */
static void add_submitters(struct db_txn *txn, int32_t day, json_t *list)
{
	struct received_rate rate = {.day = day};

	while (json_array_size(list) < SUBMITTERS_SHOWN &&
	       received_rate_next(txn, &rate))
		if (rate.dropped > 0)
			add_rate(&rate, doc_row(list));
}

/* Of today and yesterday; missing where nobody sent any, or too many. */
static int add_received(const struct status_of *of, json_t *doc,
                        struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct received_rate rate = {.day = day_of(of->now)};
	auto_(json_free) json_t *list = json_array();

	received_rate_get(txn, &rate);
	if (rate.kept + rate.dropped == 0) {
		rate.day--;
		received_rate_get(txn, &rate);
	}
	if (rate.kept + rate.dropped > 0)
		add_rate(&rate, doc_object(doc, "unauthenticated"));
	for (int32_t day = day_of(of->now); day >= day_of(of->now) - 1; day--)
		add_submitters(txn, day, list);
	if (json_array_size(list) > 0)
		json_object_set(doc, "submitters", list);
	return db_failure(txn, err);
}

/* What is found out together. */
static const struct {
	const char *const *members;
	int (*add)(const struct status_of *of, json_t *doc, struct err *err);
} parts[] = {
	{(const char *const[]){"now", "settings", "mode", "contactInfo",
                               "organizationName", NULL},
         add_head},
	{(const char *const[]){"store", NULL}, status_room},
	{(const char *const[]){"feeds", "lines", "waiting", "events", NULL},
         add_intake},
	{(const char *const[]){"journal", NULL}, status_journal},
	{(const char *const[]){"hosts", NULL}, status_hosts},
	{(const char *const[]){"days", "unreported", "unreportedCount", NULL},
         status_days},
	{(const char *const[]){"outbox", "trouble", "troubleCount", "answers",
                               NULL},
         status_outbox},
	{(const char *const[]){"deliveries", NULL}, status_deliveries},
	{(const char *const[]){"coverage", NULL}, status_coverage},
	{(const char *const[]){"ownFailures", NULL}, status_failures},
	{(const char *const[]){"suppressions", NULL}, add_suppressions},
	{(const char *const[]){"policyd", NULL}, add_policyd},
	{(const char *const[]){"unauthenticated", "submitters", NULL},
         add_received},
	{(const char *const[]){"clock", NULL}, add_clock},
	{(const char *const[]){"lastDay", NULL}, add_last_day},
	{(const char *const[]){"lastRun", NULL}, status_runs},
};

static int collect(const struct status_of *of, const json_t *wanted,
                   json_t *doc, struct err *err)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool is_wanted = false;

		for (const char *const *at = parts[i].members; *at; at++)
			is_wanted |= doc_wants(wanted, *at);
		if (is_wanted && parts[i].add(of, doc, err) < 0)
			return err->class;
	}
	return 0;
}

int status_collect(const struct status_of *of, const json_t *wanted,
                   json_t *doc, struct err *err)
{
	auto_(json_free) json_t *all = NULL, *needed = NULL;

	if (!doc_wants(wanted, "verdict") && !doc_wants(wanted, "actions"))
		return collect(of, wanted, doc, err);
	all = json_object();
	needed = status_verdict_wants();
	if (wanted != NULL)
		json_array_extend(needed, (json_t *)(uintptr_t)wanted);
	if (collect(of, wanted != NULL ? needed : NULL, all, err) < 0)
		return err->class;
	status_verdict(all, NULL, doc);
	json_object_update(doc, all);
	return 0;
}
