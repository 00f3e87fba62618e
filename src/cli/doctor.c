/*
 * tlstally doctor: is everything in place for tomorrow's reports?
 *
 * One row of checks[] a question.  Each looks once and answers in a sentence:
 * good, worth a note, or bad; the command fails when anything is bad, so a
 * monitoring system can call it.
 */
#include "cli/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "show/doc.h"
#include "store/tally_table.h"
#include "words/words.h"
#include "postfix/milter_watch.h"
#include "postfix/postfix_site.h"
#include "cli/table.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "intake/dgram_socket.h"
#include "rollup/closing.h"
#include "rollup/coverage.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/outbox_table.h"

enum {
	RUN_LATE_SECS = 1800, /* the timer's five minutes, six times */
};

void doctor_tell(struct finding *finding, enum grade grade, const char *fmt,
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
		doctor_tell(finding, GOOD, "somebody receives at %s", path);
	else if (why == EACCES)
		doctor_tell(finding, NOTE, "%s is not ours to look at", path);
	else
		doctor_tell(finding, BAD,
		            "nobody receives at %s (%s): is tlstallyd running?",
		            path, strerror(why));
}

static void look_at_queue(struct cli *cli, struct finding *finding)
{
	int length = dgram_queue_length();

	(void)cli;
	if (length < 0)
		doctor_tell(finding, NOTE,
		            "net.unix.max_dgram_qlen cannot be read");
	else if (length < DGRAM_QUEUE_SMALL)
		doctor_tell(finding, BAD,
		            "net.unix.max_dgram_qlen is %d: a burst of more "
		            "events can lose some; set it to 512 (sysctl.d) "
		            "and make the socket anew",
		            length);
	else
		doctor_tell(finding, GOOD, "a socket's queue holds %d events",
		            length);
}

void doctor_look_at_feed(struct cli *cli, const struct feed_kind *kind,
                         struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	auto_(strbuf_clear) struct strbuf words = {0};
	int64_t now = clock_secs(&cli->clock);
	struct feed feed = {0};
	enum feed_state state;

	feed_get(txn, kind->name, &feed);
	state = feed_state(&feed, now);
	feed_tell(&feed, kind, now, &words);
	doctor_tell(finding,
	            !feed_is_up(state)       ? BAD
	            : state == FEED_COUNTING ? GOOD
	                                     : NOTE,
	            "%s", strbuf_text(&words));
}

static void look_at_events(struct cli *cli, struct finding *finding)
{
	doctor_look_at_feed(cli, feed_kind(FEED_EVENTS), finding);
}

static void look_at_milter(struct cli *cli, struct finding *finding)
{
	auto_(arena_clear) struct arena arena = {0};
	struct postfix_site *site;
	struct milter_sight sight;

	doctor_look_at_feed(cli, feed_kind(FEED_MILTER), finding);
	if (finding->grade == BAD)
		return;
	site = postfix_site_ask(&cli->conf);
	milter_watch_read(&cli->conf, site, &arena, &sight);
	if (sight.word_count > 1)
		doctor_tell(finding, NOTE, "%s (and %zu more, in its log)",
		            sight.words[0], sight.word_count - 1);
	else if (sight.word_count == 1)
		doctor_tell(finding, NOTE, "%s", sight.words[0]);
	postfix_site_free(&site);
}

bool doctor_counts_by(struct cli *cli, const char *feed_name)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	struct feed feed = {0};
	bool any = false;

	while (feed_next(txn, &feed)) {
		if (strcmp(feed.name, feed_name) == 0)
			return true;
		any |= feed_kind(feed.name)->counts_sessions;
	}
	return !any && feed_kind(feed_name) == &feed_kinds[0];
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
			doctor_tell(finding, BAD, "%s", err.text);
			return;
		}
		if (coverage.broken) {
			doctor_tell(finding, BAD,
			            "mail to %" PRIu64
			            " domains on %s, and no TLS session "
			            "counted with any: does %s run, and %s",
			            coverage.domains, day_format(day, text),
			            coverage.feed->daemon,
			            coverage.feed->check);
			return;
		}
		uncovered += coverage.uncovered;
	}
	doctor_tell(finding, GOOD,
	            uncovered > 0
	                    ? "sessions are counted; `tlstally status` lists "
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
		doctor_tell(finding, BAD,
		            "yesterday is over and not closed: does the "
		            "timer, or cron, call `tlstally run`?");
	else if (sends && outbox_due_first(txn, &due) && due < late)
		doctor_tell(finding, BAD,
		            "a delivery is due for more than half an hour: "
		            "does the timer, or cron, call `tlstally run`?");
	else
		doctor_tell(finding, GOOD, "nothing waits for `tlstally run`");
}

static void look_at_clock(struct cli *cli, struct finding *finding)
{
	if (cli->doubt[0] != '\0')
		doctor_tell(
			finding, BAD,
			"%s: days are not closed and nothing is purged; see "
			"`tlstally clock show`",
			cli->doubt);
	else
		doctor_tell(
			finding, GOOD,
			"the time of day agrees with how long this host runs");
}

static void look_at_mode(struct cli *cli, struct finding *finding)
{
	int mode = cli->conf.report.mode;

	doctor_tell(finding, mode == MODE_ALL ? GOOD : NOTE, "%s: %s",
	            word_api(&words_modes, mode),
	            word_sentence(&words_modes, mode));
}

static void look_at_store(struct cli *cli, struct finding *finding)
{
	uint64_t used, file, most = cli->conf.store.map_size;
	struct err err = {0};

	if (db_size(cli->db, &used, &file, &err) < 0)
		doctor_tell(finding, BAD, "%s", err.text);
	else if (used > most / 10 * 9)
		doctor_tell(finding, BAD,
		            "%" PRIu64 " of map_size = %" PRIu64
		            " bytes are in use",
		            used, most);
	else
		doctor_tell(finding, GOOD, "%" PRIu64 " KiB in use",
		            used / 1024);
}

static void look_at_secrets(struct cli *cli, struct finding *finding)
{
	struct err err = {0};

	if (conf_check_secrets(&cli->conf, &err) < 0)
		doctor_tell(finding, BAD, "%s", err.text);
	else
		doctor_tell(finding, GOOD,
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
	{"log", doctor_look_at_log, FEED_LOG},
	{"lines", doctor_look_at_lines, FEED_LOG},
	{"loglevel", doctor_look_at_loglevel, FEED_LOG},
	{"faults", doctor_look_at_faults, FEED_LOG},
	{"levels", doctor_look_at_levels, FEED_LOG},
	{"postfix", doctor_look_at_postfix, NULL},
	{"milter", look_at_milter, FEED_MILTER},
	{"coverage", look_at_coverage, FEED_MILTER},
	{"runs", look_at_runs, NULL},
	{"clock", look_at_clock, NULL},
	{"mode", look_at_mode, NULL},
	{"store", look_at_store, NULL},
	{"secrets", look_at_secrets, NULL},
};

static const char *const grade_words[] = {"good", "note", "bad"};

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

		if (checks[i].feed != NULL &&
		    !doctor_counts_by(cli, checks[i].feed))
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
