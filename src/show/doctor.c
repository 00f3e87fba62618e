/*
 * One row of checks[] a question.  Each looks once and answers in a sentence:
 * good, worth a note, bad, or not known from here.
 */
#include "show/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/endpoint.h"
#include "base/json.h"
#include "intake/dgram_socket.h"
#include "postfix/milter_watch.h"
#include "postfix/postfix_site.h"
#include "rollup/closing.h"
#include "rollup/coverage.h"
#include "show/doc.h"
#include "show/doctor_checks.h"
#include "store/day_table.h"
#include "store/outbox_table.h"
#include "store/tally_table.h"
#include "words/words.h"

enum {
	RUN_LATE_SECS = 1800, /* the timer's five minutes, six times */
};

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

static void look_at_socket(const struct status_of *of, struct finding *finding)
{
	const char *path = endpoint_path(of->conf->events.socket);
	int why = socket_errno(path);

	if (why == 0)
		doctor_tell(finding, GOOD, "a process receives events at %s",
		            path);
	else if (why == EACCES)
		doctor_tell(finding, NOTE, "no permission to check %s", path);
	else
		doctor_tell(finding, BAD,
		            "no process receives events at %s (%s): is "
		            "tlstallyd running?",
		            path, strerror(why));
}

static void look_at_queue(const struct status_of *of, struct finding *finding)
{
	int length = dgram_queue_length();

	(void)of;
	if (length < 0)
		doctor_tell(finding, NOTE,
		            "net.unix.max_dgram_qlen cannot be read");
	else if (length < DGRAM_QUEUE_SMALL)
		doctor_tell(finding, BAD,
		            "net.unix.max_dgram_qlen is %d: larger bursts of "
		            "events can be lost; set it to 512 (sysctl.d), "
		            "then restart tlstallyd and its socket unit",
		            length);
	else
		doctor_tell(finding, GOOD,
		            "the queue of a socket holds %d events", length);
}

static void look_at_events(const struct status_of *of, struct finding *finding)
{
	doctor_look_at_feed(of, feed_kind(FEED_EVENTS), finding);
}

static void look_at_milter(const struct status_of *of, struct finding *finding)
{
	doctor_look_at_feed(of, feed_kind(FEED_MILTER), finding);
}

static void look_at_smtpd(const struct status_of *of, struct finding *finding)
{
	auto_(arena_clear) struct arena arena = {0};
	struct postfix_site *site = postfix_site_ask(of->conf);
	struct milter_sight sight;

	milter_watch_read(of->conf, site, &arena, &sight);
	if (sight.word_count > 1)
		doctor_tell(finding, NOTE, "%s (and %zu more, in its log)",
		            sight.words[0], sight.word_count - 1);
	else if (sight.word_count == 1)
		doctor_tell(finding, NOTE, "%s", sight.words[0]);
	else
		doctor_tell(finding, GOOD,
		            "Postfix shows tlstally-milter how mail comes in");
	postfix_site_free(&site);
}

static void look_at_coverage(const struct status_of *of,
                             struct finding *finding)
{
	int64_t now = of->now;
	uint64_t uncovered = 0;

	for (int32_t day = day_of(now); day >= day_of(now) - 1; day--) {
		struct coverage coverage;
		struct err err = {0};
		char text[DAY_TEXT];

		if (coverage_look(of->db, of->conf, day, now, &coverage, &err) <
		    0) {
			doctor_tell(finding, BAD, "%s", err.text);
			return;
		}
		if (coverage.broken) {
			doctor_tell(finding, BAD,
			            "Postfix sent mail to %" PRIu64
			            " domains on %s, but no TLS session was "
			            "counted: is %s running, and %s",
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
	                      "domains with mail but no sessions"
	                    : "no mail without a counted session is known");
}

/* Yesterday could have been closed half an hour ago, and was not. */
static bool run_is_late(const struct status_of *of, struct db_txn *txn)
{
	int64_t then = of->now - RUN_LATE_SECS;
	int32_t day = day_of(then) - 1, first, last;
	char words[CLOSING_WORDS];

	if (!tally_day_range(txn, &first, &last) || day < first)
		return false;
	return !day_table_is_closed(txn, day) &&
	       closing_of(txn, of->conf, day, then, words) != CLOSING_NOT_YET;
}

static void look_at_runs(const struct status_of *of, struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int64_t late = of->now - RUN_LATE_SECS, due;
	int mode = of->conf->report.mode;
	bool sends = mode == MODE_ALL || mode == MODE_FAILURES_ONLY;

	if (run_is_late(of, txn))
		doctor_tell(finding, BAD,
		            "yesterday is over, but not closed: does the timer "
		            "or cron run `tlstally run`?");
	else if (sends && outbox_due_first(txn, &due) && due < late)
		doctor_tell(finding, BAD,
		            "a delivery has been due for more than half an "
		            "hour: does the timer or cron run `tlstally run`?");
	else
		doctor_tell(finding, GOOD,
		            "nothing is waiting for `tlstally run`");
}

static void look_at_clock(const struct status_of *of, struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	char doubt[CLOCK_WORDS];

	status_doubt(of, txn, doubt);
	if (doubt[0] != '\0')
		doctor_tell(
			finding, BAD,
			"%s; days are not closed and nothing is purged until "
			"the clock is trusted again (`tlstally clock show`)",
			doubt);
	else
		doctor_tell(finding, GOOD, "the clock is trusted");
}

static void look_at_mode(const struct status_of *of, struct finding *finding)
{
	int mode = of->conf->report.mode;

	doctor_tell(finding, mode == MODE_ALL ? GOOD : NOTE, "%s: %s",
	            word_api(&words_modes, mode),
	            word_sentence(&words_modes, mode));
}

static void look_at_store(const struct status_of *of, struct finding *finding)
{
	uint64_t most = of->conf->store.map_size;
	struct db_size size;
	struct err err = {0};

	if (db_size(of->db, &size, &err) < 0)
		doctor_tell(finding, BAD, "%s", err.text);
	else if (size.used > most / 10 * 9)
		doctor_tell(finding, BAD,
		            "%" PRIu64 " of map_size = %" PRIu64
		            " bytes are in use",
		            size.used, most);
	else
		doctor_tell(finding, GOOD, "%" PRIu64 " KiB in use",
		            size.used / 1024);
}

static void look_at_secrets(const struct status_of *of, struct finding *finding)
{
	struct err err = {0};

	if (conf_check_secrets(of->conf, &err) < 0)
		doctor_tell(finding, BAD, "%s", err.text);
	else
		doctor_tell(finding, GOOD,
		            "password and key files are not readable by other "
		            "users");
}

static const struct check {
	const char *name;
	void (*look)(const struct status_of *of, struct finding *finding);
	const char *feed; /* only where it counts; NULL: everywhere */
	bool on_host;     /* only there it can be seen */
} checks[] = {
	{"socket", look_at_socket, FEED_EVENTS, true},
	{"queue", look_at_queue, FEED_EVENTS, true},
	{"events", look_at_events, FEED_EVENTS, false},
	{"log", doctor_look_at_log, FEED_LOG, false},
	{"lines", doctor_look_at_lines, FEED_LOG, false},
	{"loglevel", doctor_look_at_loglevel, FEED_LOG, true},
	{"faults", doctor_look_at_faults, FEED_LOG, false},
	{"levels", doctor_look_at_levels, FEED_LOG, false},
	{"postfix", doctor_look_at_postfix, NULL, true},
	{"milter", look_at_milter, FEED_MILTER, false},
	{"smtpd", look_at_smtpd, FEED_MILTER, true},
	{"coverage", look_at_coverage, FEED_MILTER, false},
	{"runs", look_at_runs, NULL, false},
	{"clock", look_at_clock, NULL, false},
	{"mode", look_at_mode, NULL, false},
	{"store", look_at_store, NULL, false},
	{"secrets", look_at_secrets, NULL, true},
};

const char *doctor_grade_word(enum grade grade)
{
	static const char *const words[] = {"good", "note", "bad", "unknown"};

	return words[grade];
}

int doctor_collect(const struct status_of *of, const json_t *wanted,
                   json_t *doc, struct err *err)
{
	json_t *list;

	(void)err;
	if (!doc_wants(wanted, "checks"))
		return 0;
	list = doc_array(doc, "checks");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding;
		json_t *item;

		if (checks[i].feed != NULL &&
		    !doctor_counts_by(of, checks[i].feed))
			continue;
		if (checks[i].on_host && !of->on_host)
			doctor_tell(&finding, UNKNOWN,
			            "not checked: run `tlstally doctor` on the "
			            "host itself");
		else
			checks[i].look(of, &finding);
		item = doc_row(list);
		doc_set(item, "check", checks[i].name);
		doc_set(item, "grade", doctor_grade_word(finding.grade));
		doc_set(item, "words", finding.words);
	}
	return 0;
}
