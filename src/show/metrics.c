#include "show/metrics.h"

#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "session/datagram.h"
#include "store/counter_table.h"
#include "store/day_table.h"
#include "fleet/host_state.h"
#include "store/feed_table.h"
#include "store/journal_aside.h"
#include "store/log_pending_table.h"
#include "store/meta_table.h"
#include "store/outbox_sums.h"
#include "store/policy_counter.h"
#include "store/received_rate_table.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"

static void title(struct strbuf *out, const char *name, const char *type,
                  const char *help)
{
	strbuf_printf(out, "# HELP tlstally_%s %s\n# TYPE tlstally_%s %s\n",
	              name, help, name, type);
}

static void number(struct strbuf *out, const char *name, uint64_t n)
{
	strbuf_printf(out, "tlstally_%s %" PRIu64 "\n", name, n);
}

static void labelled(struct strbuf *out, const char *name, const char *label,
                     const char *value, uint64_t n)
{
	strbuf_printf(out, "tlstally_%s{%s=\"%s\"} %" PRIu64 "\n", name, label,
	              value, n);
}

static void write_today(struct db_txn *txn, int64_t now, struct strbuf *out)
{
	static const char datagrams[] = "datagrams_total";
	static const char sessions[] = "sessions_total";
	static const char not_judged[] = "sessions_not_judged";
	static const char without_domain[] = "sessions_without_domain_total";
	struct day_stats stats = {0};

	day_table_stats_get(txn, day_of(now), &stats);
	title(out, datagrams, "counter",
	      "Datagrams of this UTC day by outcome.");
	labelled(out, datagrams, "fate", "counted", stats.events);
	for (int kind = BAD_NONE + 1; kind < BAD_KINDS; kind++)
		labelled(out, datagrams, "fate",
		         word_api(&words_bad_input, kind), stats.bad[kind]);
	title(out, sessions, "counter", "Sessions of this UTC day by result.");
	labelled(out, sessions, "result", "success", stats.success);
	labelled(out, sessions, "result", "failure", stats.failure);
	title(out, not_judged, "gauge",
	      "Sessions of this UTC day of which is not known whether they met "
	      "the policy.");
	number(out, not_judged, stats.unjudged);
	title(out, without_domain, "counter",
	      "Sessions of this UTC day that were counted without their domain "
	      "because memory was full.");
	number(out, without_domain,
	       stats.catch_all.success + stats.catch_all.failure);
}

/* Each a table of its own in the text: the format wants a metric's lines
 * together.  A source that has not counted yet has no time, and no lag. */
static void write_feeds(struct db_txn *txn, int64_t now, struct strbuf *out)
{
	static const struct {
		const char *name, *type, *help;
	} metrics[] = {
		{"feed_events_total", "counter",
	         "Sessions, messages or datagrams of a feed since the store "
	         "was created."},
		{"feed_last_event_seconds", "gauge",
	         "When a feed last counted something (Unix time)."},
		{"feed_lag_seconds", "gauge",
	         "Seconds since a feed last committed its position."},
		{"feed_up", "gauge",
	         "1 while the daemon of a feed is running and counting."},
	};

	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		struct feed feed = {0};

		title(out, metrics[i].name, metrics[i].type, metrics[i].help);
		while (feed_table_next(txn, &feed)) {
			const uint64_t values[] = {
				feed.events,
				(uint64_t)feed.last_event,
				now > feed.watermark
					? (uint64_t)(now - feed.watermark)
					: 0,
				feed_is_up(feed_state(&feed, now)),
			};
			const bool known[] = {true, feed.last_event != 0,
			                      feed.watermark != 0, true};

			if (!known[i])
				continue;
			labelled(out, metrics[i].name, "feed", feed.name,
			         values[i]);
		}
	}
}

/* None before the first run. */
static void write_last_run(struct db_txn *txn, struct strbuf *out)
{
	uint64_t at = meta_get(txn, META_LAST_RUN);

	title(out, "last_run_seconds", "gauge",
	      "When `tlstally run` came last (Unix time).");
	if (at != 0)
		number(out, "last_run_seconds", at);
}

static void write_journal(struct db_txn *txn, int64_t now, struct strbuf *out)
{
	struct journal_aside aside = {.day = 0};
	struct journal_waiting waiting;
	uint64_t damaged;

	journal_waiting_get(txn, &waiting);
	title(out, "journal_bytes", "gauge",
	      "Bytes in the journal of counts that are not applied yet.");
	number(out, "journal_bytes", waiting.bytes);
	title(out, "journal_oldest_seconds", "gauge",
	      "How long the oldest of them have been waiting.");
	number(out, "journal_oldest_seconds",
	       waiting.since != 0 ? (uint64_t)moment_age(waiting.since, now)
	                          : 0);
	title(out, "journal_apply_fails", "gauge",
	      "1 while a day's journal of counts cannot be applied.");
	number(out, "journal_apply_fails", waiting.words[0] != '\0');
	for (damaged = waiting.damaged; journal_aside_next(txn, &aside);)
		damaged++;
	title(out, "journal_damaged_rows", "gauge",
	      "Rows of the journal of counts that cannot be read.");
	number(out, "journal_damaged_rows", damaged);
}

/* Whether the clock is doubted stands in its record: a daemon has looked
 * within the last minute. */
static void write_waiting(struct db_txn *txn, struct strbuf *out)
{
	struct clock_record record;
	uint64_t sessions, domains;

	log_pending_count(txn, &sessions, &domains);
	title(out, "waiting_sessions", "gauge",
	      "Sessions from the log that wait for their policy.");
	number(out, "waiting_sessions", sessions);
	meta_clock_get(txn, &record);
	title(out, "clock_doubted", "gauge",
	      "1 while the clock is not trusted and days are not closed.");
	number(out, "clock_doubted", record.doubted);
}

static void write_days(struct db_txn *txn, int64_t now, struct strbuf *out)
{
	uint64_t waiting = 0;

	for (int32_t day = 0;
	     tally_day_next(txn, &day) > 0 && day < day_of(now); day++)
		waiting += !day_table_is_closed(txn, day) &&
		           !day_table_is_given_away(txn, day);
	title(out, "day_backlog", "gauge",
	      "UTC days that are over and not closed yet.");
	number(out, "day_backlog", waiting);
}

/* Only where there is a ledger. */
static void write_ledger(struct db_txn *txn, struct strbuf *out)
{
	struct fleet_seen seen;

	if (!meta_fleet_get(txn, &seen))
		return;
	title(out, "fleet_reached_seconds", "gauge",
	      "When a run reached the ledger of the fleet last.");
	number(out, "fleet_reached_seconds", (uint64_t)seen.seen_at);
	title(out, "fleet_trouble", "gauge",
	      "1 while the ledger does not take what this host counts, or "
	      "reports.");
	number(out, "fleet_trouble",
	       seen.trouble[0] != '\0' || seen.claims_trouble[0] != '\0');
}

static int write_suppressions(struct db *db, int64_t now, struct strbuf *out,
                              struct err *err)
{
	uint64_t n;

	if (suppress_count(db, now, &n, err) < 0)
		return err->class;
	title(out, "suppressions", "gauge",
	      "Addresses that get no reports at present.");
	number(out, "suppressions", n);
	return 0;
}

/* "deliveries/https/accepted": the table's order keeps transports together. */
static void write_deliveries(struct db_txn *txn, struct strbuf *out)
{
	struct counter counter = {.name = COUNTER_DELIVERIES};
	const size_t prefix = strlen(COUNTER_DELIVERIES);

	title(out, "deliveries_total", "counter",
	      "Delivery attempts since the store was created.");
	while (counter_next(txn, &counter) &&
	       strncmp(counter.name, COUNTER_DELIVERIES, prefix) == 0) {
		const char *transport = counter.name + prefix;
		const char *slash = strchr(transport, '/');

		if (slash == NULL)
			continue;
		strbuf_printf(out,
		              "tlstally_deliveries_total{transport=\"%.*s\","
		              "result=\"%s\"} %" PRIu64 "\n",
		              (int)(slash - transport), transport, slash + 1,
		              counter.n);
	}
}

/* "policy_bad_requests_total" */
static void write_policyd_counter(struct db_txn *txn, unsigned what,
                                  const char *help, struct strbuf *out)
{
	char metric[COUNTER_NAME_TEXT], name[COUNTER_NAME_TEXT];

	snprintf(metric, sizeof(metric), "policy_%s_total",
	         policy_counter_word(what));
	for (char *c = metric; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	policy_counter_name(what, name);
	title(out, metric, "counter", help);
	number(out, metric, counter_get(txn, name));
}

static void write_policyd_counters(struct db_txn *txn, struct strbuf *out)
{
	static const char *const help[POLICY_COUNTS] = {
		[COUNT_COLD] = "Questions of Postfix that waited for a lookup.",
		[COUNT_STALE] = "Questions of Postfix that were answered by "
				"what was known before, since the lookup took "
				"too long.",
		[COUNT_TIMEOUTS] = "Questions of Postfix whose lookup took too "
				   "long, with nothing known before.",
		[COUNT_PLAIN] = "Answers without what Postfix before 3.10 "
				"cannot read.",
		[COUNT_BAD] = "Requests that are not questions of Postfix.",
		[COUNT_LOOKUPS] = "Lookups of domains for Postfix.",
		[COUNT_REFRESHES] =
			"Lookups of domains before their answer expired.",
		[COUNT_FAILURES] = "Lookups of domains of which a part was not "
				   "answered.",
	};

	for (unsigned what = TOLD_KINDS; what < POLICY_COUNTS; what++)
		write_policyd_counter(txn, what, help[what], out);
}

/* Nothing of a policy service that is not used, or not any more. */
static void write_policyd(struct db_txn *txn, int64_t now, struct strbuf *out)
{
	static const char answers[] = "policy_answers_total";
	struct policyd_seen seen;

	meta_policyd_get(txn, &seen);
	if (!meta_policyd_is_in_use(&seen, now))
		return;
	title(out, "policy_up", "gauge",
	      "1 while tlstally-policyd is running.");
	number(out, "policy_up", meta_policyd_is_up(&seen, now));
	title(out, "policy_outage", "gauge",
	      "1 while the resolver answers nothing to tlstally-policyd.");
	number(out, "policy_outage", seen.outage_since != 0);
	title(out, "policy_unreached", "gauge",
	      "1 while tlstally-policyd reaches no policy host (port 443).");
	number(out, "policy_unreached", seen.unreached_since != 0);
	title(out, "policy_validates", "gauge",
	      "1 if the resolver of tlstally-policyd validates DNSSEC.");
	number(out, "policy_validates", seen.validates);
	title(out, "policy_cached_answers", "gauge",
	      "Answers that tlstally-policyd has ready in memory.");
	number(out, "policy_cached_answers", seen.answers);
	title(out, answers, "counter", "Answers to Postfix by kind.");
	for (unsigned kind = 0; kind < TOLD_KINDS; kind++) {
		char name[COUNTER_NAME_TEXT];

		policy_counter_name(kind, name);
		labelled(out, answers, "kind", policy_counter_word(kind),
		         counter_get(txn, name));
	}
	write_policyd_counters(txn, out);
}

static void write_received(struct db_txn *txn, struct strbuf *out)
{
	const char *const metric = "received_dropped_total";

	title(out, metric, "counter",
	      "Reports of others that were dropped since too many came of a "
	      "day.");
	labelled(out, metric, "of", "unauthenticated",
	         counter_get(txn, COUNTER_RECEIVED_STRANGERS));
	labelled(out, metric, "of", "authenticated",
	         counter_get(txn, COUNTER_RECEIVED_SUBMITTERS));
}

static void write_outbox(struct db_txn *txn, struct strbuf *out)
{
	struct outbox_sums sums;

	outbox_sums_get(txn, &sums);
	title(out, "outbox_reports", "gauge",
	      "Reports in the outbox by status.");
	/* done ones are in the archive */
	for (int status = 0; status < OUTBOX_DONE; status++)
		labelled(out, "outbox_reports", "status",
		         word_api(&words_statuses, status),
		         sums.reports[status]);
}

/* Other hosts whose counts this one reports. */
static void write_hosts(struct db_txn *txn, const struct conf *conf,
                        int64_t now, struct strbuf *out)
{
	static const char last_day[] = "host_last_day_seconds";
	static const char missing[] = "host_missing";
	struct host_state state;
	size_t place = 0;

	title(out, last_day, "gauge",
	      "When the last day that another host has sent began (Unix "
	      "time).");
	while (host_state_next(txn, conf, now, &place, &state))
		if (state.last.slot != 0)
			labelled(out, last_day, "host", state.name,
			         (uint64_t)day_start(state.last.head.day));
	title(out, missing, "gauge",
	      "1 when yesterday of another host is not here, or came too late "
	      "for the reports.");
	place = 0;
	while (host_state_next(txn, conf, now, &place, &state))
		labelled(out, missing, "host", state.name,
		         state.status == HOST_MISSING ||
		                 state.status == HOST_LATE);
}

int metrics_write(struct db *db, const struct conf *conf, int64_t now,
                  const struct metrics_http *http, struct strbuf *out,
                  struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct db_size size;

	title(out, "build_info", "gauge", "The version that answers.");
	labelled(out, "build_info", "version", PACKAGE_VERSION, 1);
	write_today(txn, now, out);
	write_feeds(txn, now, out);
	write_journal(txn, now, out);
	write_waiting(txn, out);
	write_days(txn, now, out);
	write_hosts(txn, conf, now, out);
	write_last_run(txn, out);
	write_ledger(txn, out);
	write_deliveries(txn, out);
	write_policyd(txn, now, out);
	write_received(txn, out);
	write_outbox(txn, out);
	if (db_failure(txn, err) < 0)
		return err->class;
	db_abort(&txn);
	if (write_suppressions(db, now, out, err) < 0 ||
	    db_size(db, &size, err) < 0)
		return err->class;
	title(out, "store_bytes", "gauge",
	      "Bytes of the store in use, of its file, and of its map_size.");
	labelled(out, "store_bytes", "of", "used", size.used);
	labelled(out, "store_bytes", "of", "file", size.file);
	labelled(out, "store_bytes", "of", "map", size.map);
	title(out, "jmap_requests_total", "counter",
	      "Requests to the API since the server started.");
	number(out, "jmap_requests_total", http->requests);
	title(out, "jmap_problems_total", "counter",
	      "Requests to the API that were refused as a whole since the "
	      "server started.");
	number(out, "jmap_problems_total", http->problems);
	return 0;
}
