/*
 * tlstally doctor: is everything in place for tomorrow's reports?
 *
 * One row of checks[] a question.  Each looks once and answers in a sentence:
 * good, worth a note, or bad; the command fails when anything is bad, so a
 * monitoring system can call it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/cli.h"
#include "admin/words.h"
#include "admin/doc.h"
#include "app/milter_watch.h"
#include "app/postfix_site.h"
#include "app/postfix_tlsrpt.h"
#include "app/site.h"
#include "app/table.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "intake/dgram_socket.h"
#include "rollup/closing.h"
#include "rollup/coverage.h"
#include "model/maillog.h"
#include "store/feed_table.h"
#include "store/log_table.h"
#include "store/line_table.h"
#include "store/outbox_table.h"

enum {
	FEED_SILENT_SECS = 120, /* it commits every 10 s at least */
	QUIET_SECS = DAY_SECS,  /* no event for so long: worth a note */
	LEVELS_ENOUGH = 5,      /* sessions that show what all are like */
	RUN_LATE_SECS = 1800,   /* the timer's five minutes, six times */
};

enum grade { GOOD, NOTE, BAD };

struct finding {
	enum grade grade;
	char words[512];
};

static void find(struct finding *finding, enum grade grade, const char *fmt,
                 ...) __attribute__((format(printf, 3, 4)));

static void find(struct finding *finding, enum grade grade, const char *fmt,
                 ...)
{
	va_list ap;

	finding->grade = grade;
	va_start(ap, fmt);
	vsnprintf(finding->words, sizeof(finding->words), fmt, ap);
	va_end(ap);
}

/* Does somebody receive what Postfix sends?  0, or why not. */
static int socket_errno(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	rc = rc == 0 ? 0 : errno;
	close(fd);
	return rc;
}

static void look_at_socket(struct cli *cli, struct finding *finding)
{
	const char *path = cli->conf.events.socket;
	int why = socket_errno(path);

	if (why == 0)
		find(finding, GOOD, "somebody receives at %s", path);
	else if (why == EACCES)
		find(finding, NOTE, "%s is not ours to look at", path);
	else
		find(finding, BAD,
		     "nobody receives at %s (%s): is tlstallyd running?", path,
		     strerror(why));
}

static void look_at_queue(struct cli *cli, struct finding *finding)
{
	int length = dgram_queue_length();

	(void)cli;
	if (length < 0)
		find(finding, NOTE, "net.unix.max_dgram_qlen cannot be read");
	else if (length < DGRAM_QUEUE_SMALL)
		find(finding, BAD,
		     "net.unix.max_dgram_qlen is %d: a burst of more events "
		     "can "
		     "lose some; set it to 512 (sysctl.d) and make the socket "
		     "anew",
		     length);
	else
		find(finding, GOOD, "a socket's queue holds %d events", length);
}

struct counter {
	const char *feed, *daemon, *what, *nothing_yet;
};

static const struct counter event_counter = {
	FEED_EVENTS, "tlstallyd", "event",
	"smtp_tlsrpt_enable, smtp_tlsrpt_socket_name in Postfix?"};
static const struct counter log_counter = {
	FEED_LOG, "tlstally-logd", "session",
	"smtp_tls_loglevel = 1, smtp_tls_security_level in Postfix?"};

static const struct counter milter_counter = {
	FEED_MILTER, "tlstally-milter", "message",
	"smtpd_milters, non_smtpd_milters in Postfix?"};

static void look_at_counter(struct cli *cli, const struct counter *counter,
                            struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int64_t now = clock_secs(&cli->clock);
	struct feed feed = {0};
	char time[TIME_TEXT];

	if (!feed_get(txn, counter->feed, &feed))
		find(finding, BAD, "%s has never counted into this store",
		     counter->daemon);
	else if (now - feed.seen_at > FEED_SILENT_SECS)
		find(finding, BAD,
		     "%s has counted nothing since %s: it is not "
		     "running, or the store refuses it",
		     counter->daemon, time_format(feed.seen_at, time));
	else if (feed.trouble[0] != '\0')
		find(finding, BAD, "%s counts nothing: %s", counter->daemon,
		     feed.trouble);
	else if (feed.watermark == 0)
		find(finding, NOTE, "%s has begun, and counted nothing yet",
		     counter->daemon);
	else if (feed.watermark != 0 && now - feed.watermark > FEED_SILENT_SECS)
		find(finding, NOTE,
		     "%s is behind: it has counted until %s and goes on",
		     counter->daemon, time_format(feed.watermark, time));
	else if (feed.last_event == 0)
		find(finding, NOTE, "no %s has come yet: %s", counter->what,
		     counter->nothing_yet);
	else if (now - feed.last_event > QUIET_SECS)
		find(finding, NOTE, "the last %s came %s", counter->what,
		     time_format(feed.last_event, time));
	else
		find(finding, GOOD, "counting; the last %s came %s",
		     counter->what, time_format(feed.last_event, time));
}

static void look_at_events(struct cli *cli, struct finding *finding)
{
	look_at_counter(cli, &event_counter, finding);
}

/* Of today and yesterday. */
static void sum_lines(struct cli *cli, struct line_count sums[LINE_FATES])
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int32_t today = day_of(clock_secs(&cli->clock));

	for (int32_t day = today; day >= today - 1; day--) {
		struct line_count row = {0};

		while (line_count_next(txn, day, &row)) {
			struct line_count *sum = &sums[row.fate];
			uint64_t n = sum->n;

			if (n == 0)
				*sum = row;
			sum->n = n + row.n;
		}
	}
}

static void look_at_log(struct cli *cli, struct finding *finding)
{
	struct line_count sums[LINE_FATES] = {{0}};
	struct counter counter = log_counter;

	sum_lines(cli, sums);
	if (sums[LINE_TELLS].n == 0 && sums[LINE_UNREAD].n > 0)
		counter.nothing_yet = "its lines are not understood";
	else if (sums[LINE_TELLS].n == 0 && sums[LINE_FOREIGN].n > 0)
		counter.nothing_yet = "its lines are left out";
	look_at_counter(cli, &counter, finding);
}

/* Where no line told of a session, those that were not read are why. */
static void look_at_lines(struct cli *cli, struct finding *finding)
{
	struct line_count sums[LINE_FATES] = {{0}};
	enum grade grade;

	sum_lines(cli, sums);
	grade = sums[LINE_TELLS].n == 0 ? BAD : NOTE;
	if (sums[LINE_UNREAD].n > 0)
		find(finding, grade,
		     "%" PRIu64 " lines of the log were not understood, the "
		     "first: '%s'; expected are lines like '" LOG_LINE_EXAMPLE
		     "' (tlstally-logd(8))",
		     sums[LINE_UNREAD].n, sums[LINE_UNREAD].first);
	else if (sums[LINE_FOREIGN].n > 0)
		find(finding, grade,
		     "%" PRIu64 " lines of the journal are not of root and "
		     "Postfix's mail_owner and were left out, the first: "
		     "'%s'; [log] journal_users lets them in",
		     sums[LINE_FOREIGN].n, sums[LINE_FOREIGN].first);
	else if (sums[LINE_UNCLEAR].n > 0)
		find(finding, NOTE,
		     "%" PRIu64 " deliveries count for nobody, since their "
		     "lines can be read in two ways, the first: '%s'",
		     sums[LINE_UNCLEAR].n, sums[LINE_UNCLEAR].first);
	else if (sums[LINE_READ].n == 0)
		find(finding, NOTE,
		     "no line of the log has come since "
		     "yesterday");
	else
		find(finding, GOOD,
		     "all lines of the log were understood, and %" PRIu64
		     " told of sessions",
		     sums[LINE_TELLS].n);
}

static void look_at_faults(struct cli *cli, struct finding *finding)
{
	struct line_count sums[LINE_FATES] = {{0}};

	sum_lines(cli, sums);
	if (sums[LINE_OURS].n > 0)
		find(finding, NOTE,
		     "%" PRIu64 " lines of the log tell of what keeps this "
		     "host's own Postfix from TLS, the first: '%s'",
		     sums[LINE_OURS].n, sums[LINE_OURS].first);
	else
		find(finding, GOOD,
		     "nothing in the log says that this host's own Postfix "
		     "cannot do TLS");
}

static void look_at_milter(struct cli *cli, struct finding *finding)
{
	auto_(arena_clear) struct arena arena = {0};
	struct postfix_site *site;
	struct milter_sight sight;

	look_at_counter(cli, &milter_counter, finding);
	if (finding->grade == BAD)
		return;
	site = postfix_site_ask(&cli->conf);
	milter_watch_read(&cli->conf, site, &arena, &sight);
	if (sight.word_count > 1)
		find(finding, NOTE, "%s (and %zu more, in its log)",
		     sight.words[0], sight.word_count - 1);
	else if (sight.word_count == 1)
		find(finding, NOTE, "%s", sight.words[0]);
	postfix_site_free(&site);
}

/* Where nobody has counted yet, it is the socket that is asked after. */
static bool counts_by(struct cli *cli, const char *feed_name)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	struct feed feed = {0};

	if (strcmp(feed_name, FEED_EVENTS) != 0)
		return feed_get(txn, feed_name, &feed);
	return feed_get(txn, FEED_EVENTS, &feed) ||
	       !feed_get(txn, FEED_LOG, &feed);
}

static const struct postfix_instance *
first_sender(const struct postfix_site *site)
{
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].sends && site->instances[i].known)
			return &site->instances[i];
	return NULL;
}

/* Somebody sends them, whoever it is. */
static bool events_come(struct cli *cli)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	struct feed feed = {0};

	return feed_get(txn, FEED_EVENTS, &feed) && feed.last_event > 0 &&
	       clock_secs(&cli->clock) - feed.last_event <= QUIET_SECS;
}

/* Why there are no events, or why there need not be. */
static void tell_tlsrpt(enum tlsrpt_support support, bool enabled, bool by_log,
                        struct finding *finding)
{
	enum grade wrong = by_log ? NOTE : BAD;

	if (support == TLSRPT_NOT_SEEN)
		find(finding, NOTE,
		     "smtp(8) in daemon_directory cannot be "
		     "read: can it send events?");
	else if (support == TLSRPT_LEFT_OUT && (enabled || !by_log))
		find(finding, wrong,
		     "this Postfix was built without TLSRPT: it sends no "
		     "events, whatever smtp_tlsrpt_enable says; %s",
		     by_log ? "set it to no"
		            : "count by its log (tlstally-logd), or install "
		              "one that was built with libtlsrpt");
	else if (support == TLSRPT_UNHEARD_OF && !by_log)
		find(finding, BAD,
		     "this Postfix does not know TLSRPT and sends no events: "
		     "count by its log (tlstally-logd)");
	else if (support == TLSRPT_BUILT_IN && !enabled)
		find(finding, wrong,
		     "this Postfix can send events, and smtp_tlsrpt_enable is "
		     "not yes%s",
		     by_log ? ": they would say more than its log" : "");
	else if (by_log)
		find(finding, GOOD, "this Postfix is counted by its log");
	else
		find(finding, GOOD, "this Postfix sends events");
}

static void look_at_postfix(struct cli *cli, struct finding *finding)
{
	struct postfix_site *site = postfix_site_ask(&cli->conf);
	const struct postfix_instance *sender = first_sender(site);

	if (sender == NULL) {
		find(finding, NOTE, "Postfix's settings are not known: %s",
		     site->trouble.text);
	} else {
		const char *enable =
			postconf_get(&sender->set, "smtp_tlsrpt_enable");

		tell_tlsrpt(postfix_tlsrpt(&sender->set),
		            enable != NULL && strcmp(enable, "yes") == 0,
		            !counts_by(cli, FEED_EVENTS), finding);
	}
	if (finding->grade == BAD && events_come(cli))
		find(finding, GOOD, "another Postfix sends events");
	postfix_site_free(&site);
}

/* Of a service that logs no TLS only failures are seen, and nothing counts. */
static void look_at_loglevel(struct cli *cli, struct finding *finding)
{
	/* standard input may be another host's log */
	bool foreign = cli->conf.log.source == LOG_FROM_STDIN &&
	               cli->conf.log.tls_loglevel[0] == '\0';
	struct postfix_site *postfix = postfix_site_ask(&cli->conf);
	struct log_site *site =
		site_make(&cli->conf, postfix, LOG_FROM_FILE, false);
	auto_(strbuf_clear) struct strbuf names = {0};

	if (site_unlogged(site, &names) > 0)
		find(finding, foreign ? NOTE : BAD,
		     "smtp_tls_loglevel = 0: no session is counted of %s; set "
		     "it to 1",
		     strbuf_text(&names));
	else if (site->count == 0 && cli->conf.log.tls_loglevel[0] == '\0')
		find(finding, NOTE,
		     "Postfix's settings are not known: [log] tls_loglevel "
		     "can say that smtp_tls_loglevel is 1 there");
	else
		find(finding, GOOD, "Postfix logs its TLS sessions");
	log_site_free(&site);
	postfix_site_free(&postfix);
}

/* What only messages with "TLS-Required: No" should have, all have: so many
 * that it is no chance. */
static bool all_less(uint64_t less, uint64_t all)
{
	return all >= LEVELS_ENOUGH && less == all;
}

static void look_at_levels(struct cli *cli, struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int32_t today = day_of(clock_secs(&cli->clock));
	struct log_levels levels, yesterday;

	log_levels_get(txn, today, &levels);
	log_levels_get(txn, today - 1, &yesterday);
	levels.dane += yesterday.dane;
	levels.less_than_dane += yesterday.less_than_dane;
	levels.sts += yesterday.sts;
	levels.less_than_sts += yesterday.less_than_sts;
	if (all_less(levels.less_than_dane, levels.dane))
		find(finding, BAD,
		     "this Postfix does no DANE: all %" PRIu64
		     " sessions with MX hosts that have TLSA records were at "
		     "level may (tls= in its log) and are not counted; does "
		     "its resolver, in /etc/resolv.conf, validate?",
		     levels.dane);
	else if (all_less(levels.less_than_sts, levels.sts))
		find(finding, BAD,
		     "this Postfix does no MTA-STS: all %" PRIu64
		     " sessions with domains that enforce it were at level "
		     "may (tls= in its log) and are not counted; is its "
		     "policy map one that knows MTA-STS?  If not, set "
		     "[log] enforces",
		     levels.sts);
	else
		find(finding, GOOD,
		     "nothing in the log says that DANE or MTA-STS is not "
		     "enforced");
}

static void look_at_coverage(struct cli *cli, struct finding *finding)
{
	int64_t now = clock_secs(&cli->clock);
	uint64_t uncovered = 0;

	for (int32_t day = day_of(now); day >= day_of(now) - 1; day--) {
		struct coverage coverage;
		struct err err = {0};
		char text[DAY_TEXT];

		if (coverage_look(cli->db, &cli->conf, day, now, &coverage,
		                  &err) < 0) {
			find(finding, BAD, "%s", err.text);
			return;
		}
		if (coverage.broken) {
			find(finding, BAD,
			     "mail to %" PRIu64 " domains on %s, and no TLS "
			     "session counted with any: %s",
			     coverage.domains, day_format(day, text),
			     coverage.by_log
			             ? "does tlstally-logd read Postfix's log, "
			               "and is smtp_tls_loglevel = 1?"
			             : "smtp_tlsrpt_enable, "
			               "smtp_tlsrpt_socket_name in Postfix?");
			return;
		}
		uncovered += coverage.uncovered;
	}
	find(finding, GOOD,
	     uncovered > 0 ? "sessions are counted; `tlstally status` lists "
	                     "domains with mail and none"
	                   : "no mail is known to go uncounted");
}

/* Yesterday could have been closed half an hour ago, and was not. */
static bool run_is_late(struct cli *cli, struct db_txn *txn)
{
	int64_t then = clock_secs(&cli->clock) - RUN_LATE_SECS;
	int32_t day = day_of(then) - 1, first, last;
	char words[CLOSING_WORDS];

	if (!tally_day_range(txn, &first, &last) || day < first)
		return false;
	return !day_is_closed(txn, day) &&
	       closing_of(txn, &cli->conf, day, then, words) != CLOSING_NOT_YET;
}

static void look_at_runs(struct cli *cli, struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int64_t late = clock_secs(&cli->clock) - RUN_LATE_SECS, due;
	int mode = cli->conf.report.mode;
	bool sends = mode == MODE_ALL || mode == MODE_FAILURES_ONLY;

	if (run_is_late(cli, txn))
		find(finding, BAD,
		     "yesterday is over and not closed: does the "
		     "timer, or cron, call `tlstally run`?");
	else if (sends && outbox_due_first(txn, &due) && due < late)
		find(finding, BAD,
		     "a delivery is due for more than half an hour: "
		     "does the timer, or cron, call `tlstally run`?");
	else
		find(finding, GOOD, "nothing waits for `tlstally run`");
}

static void look_at_clock(struct cli *cli, struct finding *finding)
{
	if (cli->doubt[0] != '\0')
		find(finding, BAD,
		     "%s: days are not closed and nothing is purged; see "
		     "`tlstally clock show`",
		     cli->doubt);
	else
		find(finding, GOOD,
		     "the time of day agrees with how long this host runs");
}

static void look_at_mode(struct cli *cli, struct finding *finding)
{
	int mode = cli->conf.report.mode;

	find(finding, mode == MODE_ALL ? GOOD : NOTE, "%s: %s", mode_name(mode),
	     mode_words(mode));
}

static void look_at_store(struct cli *cli, struct finding *finding)
{
	uint64_t used, file, most = cli->conf.store.map_size;
	struct err err = {0};

	if (db_size(cli->db, &used, &file, &err) < 0)
		find(finding, BAD, "%s", err.text);
	else if (used > most / 10 * 9)
		find(finding, BAD,
		     "%" PRIu64 " of map_size = %" PRIu64 " bytes are in use",
		     used, most);
	else
		find(finding, GOOD, "%" PRIu64 " KiB in use", used / 1024);
}

static void look_at_secrets(struct cli *cli, struct finding *finding)
{
	struct err err = {0};

	if (conf_check_secrets(&cli->conf, &err) < 0)
		find(finding, BAD, "%s", err.text);
	else
		find(finding, GOOD,
		     "passwords and keys are for their readers only");
}

static const struct check {
	const char *name;
	void (*look)(struct cli *cli, struct finding *finding);
	const char *feed; /* only where it counts; NULL: everywhere */
} checks[] = {
	{"socket", look_at_socket, FEED_EVENTS},
	{"queue", look_at_queue, FEED_EVENTS},
	{"events", look_at_events, FEED_EVENTS},
	{"log", look_at_log, FEED_LOG},
	{"lines", look_at_lines, FEED_LOG},
	{"loglevel", look_at_loglevel, FEED_LOG},
	{"faults", look_at_faults, FEED_LOG},
	{"levels", look_at_levels, FEED_LOG},
	{"postfix", look_at_postfix, NULL},
	{"milter", look_at_milter, FEED_MILTER},
	{"coverage", look_at_coverage, FEED_MILTER},
	{"runs", look_at_runs, NULL},
	{"clock", look_at_clock, NULL},
	{"mode", look_at_mode, NULL},
	{"store", look_at_store, NULL},
	{"secrets", look_at_secrets, NULL},
};

static const char *const grade_words[] = {"good", "note", "BAD"};

int cli_doctor(struct cli *cli, struct err *err)
{
	static const struct table_column columns[] = {{"grade", TABLE_LEFT},
	                                              {"check", TABLE_LEFT},
	                                              {"finding", TABLE_LEFT}};
	auto_(table_free) struct table *table = table_new(columns, 3);
	auto_(json_free) json_t *doc = json_object();
	json_t *list = doc_array(doc, "checks");
	unsigned bad = 0, looked = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding;
		json_t *item;

		if (checks[i].feed != NULL && !counts_by(cli, checks[i].feed))
			continue;
		looked++;
		item = doc_row(list);
		checks[i].look(cli, &finding);
		bad += finding.grade == BAD;
		doc_set(item, "check", checks[i].name);
		doc_set(item, "grade", grade_words[finding.grade]);
		doc_set(item, "words", finding.words);
		table_text(table, grade_words[finding.grade]);
		table_text(table, checks[i].name);
		table_text(table, finding.words);
	}
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		table_print(table, "", &cli->out);
	if (bad > 0)
		return err_set(err, ERR_IO, "%u of %u checks are bad", bad,
		               looked);
	return 0;
}
