#include "unit/store_test.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "client/jmap_client.h"
#include "conf/settings.h"
#include "doctor/doctor.h"
#include "doctor/finding.h"
#include "show/metrics.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/finding_table.h"
#include "store/host_day_table.h"
#include "store/journal_aside.h"
#include "store/mail_table.h"
#include "store/tally_table.h"

enum { DAY = 20513 };
#define NOW (day_start(DAY + 1) + 4 * 3600)

/* What stands in the store, and what doctor says of it. */
struct row {
	const char *name;
	const char *feed; /* counts sessions */
	int64_t milter;   /* secs before now of its last commit; -1: none */
	int64_t message;  /* of its last message */
	uint64_t mail;    /* messages to a.example yesterday */
	bool session;     /* with it, yesterday */
	const char *check, *grade, *words;
};

static const struct row rows[] = {
	{"no milter: nobody asks after it", FEED_LOG, -1, 0, 9, false, "milter",
         NULL, NULL},
	{"nor after what it sees", FEED_LOG, -1, 0, 9, false, "coverage", NULL,
         NULL},
	{"it counts", FEED_LOG, 5, 60, 0, false, "milter", "good",
         "counting; the last message was received at"},
	{"it died", FEED_LOG, 900, 900, 0, false, "milter", "bad",
         "tlstally-milter has counted nothing since"},
	{"mail, and no session at all", FEED_LOG, 5, 60, 9, false, "coverage",
         "bad", "tlstally-logd"},
	{"the same where events should come", FEED_EVENTS, 5, 60, 9, false,
         "coverage", "bad", "smtp_tlsrpt_enable"},
	{"too few messages to say", FEED_LOG, 5, 60, 4, false, "coverage",
         "good", "`tlstally status` lists"},
	{"mail and a session", FEED_LOG, 5, 60, 9, true, "coverage", "good",
         "no mail without a counted session is known"},
};

static void put_session(struct db_txn *txn, int32_t day)
{
	static const struct tally_limits limits = {.max_policies = 32,
	                                           .max_details = 100};
	struct tally_policy policy = {
		.success = 1,
		.key = {.bytes = "\x01", .len = 1}}; /* its type */
	struct tally_domain domain = {.day = day,
	                              .domain = "a.example",
	                              .valid = true,
	                              .record = "v=TLSRPTv1",
	                              .success = 1,
	                              .policies = &policy};

	tally_apply(txn, &domain, &limits);
}

static void fill(struct db *db, const struct row *row)
{
	struct db_txn *txn = db_begin_write(db);
	struct feed feed = {.watermark = NOW, .seen_at = NOW};

	snprintf(feed.name, sizeof(feed.name), "%s", row->feed);
	feed_table_put(txn, &feed);
	if (row->milter >= 0) {
		feed = (struct feed){.name = FEED_MILTER,
		                     .watermark = NOW - row->milter,
		                     .seen_at = NOW - row->milter,
		                     .last_event = NOW - row->message};
		feed_table_put(txn, &feed);
	}
	if (row->mail > 0)
		mail_add(txn, &(struct mail_row){.day = DAY,
		                                 .domain = "a.example",
		                                 .next_hop = "a.example",
		                                 .messages = row->mail});
	/* its record is known since the day before */
	put_session(txn, DAY - 1);
	if (row->session)
		put_session(txn, DAY);
	commit_ok(&txn);
}

static const json_t *find_check(const json_t *doc, const char *name)
{
	const json_t *check;
	size_t i;

	json_array_foreach (json_object_get(doc, "checks"), i, check) {
		const char *text =
			json_string_value(json_object_get(check, "check"));

		if (strcmp(text, name) == 0)
			return check;
	}
	return NULL;
}

static const char *member(const json_t *check, const char *name)
{
	return json_string_value(json_object_get(check, name));
}

/* What doctor answers to one check; words NULL: it does not ask. */
static void expect_finding(struct fixture *f, const char *name,
                           const char *grade, const char *words)
{
	auto_(json_free) json_t *doc = NULL;
	struct cli cli = {.args.json = true};
	const json_t *check;

	conf_init(&cli.conf);
	cli.db = f->db;
	cli.clock = clock_fixed(NOW);
	cli_doctor(&cli, &f->err);
	jmap_client_free(&cli.answers);
	doc = json_read(cli.out.data, cli.out.len, false, &f->err);
	check = find_check(doc, name);
	assert_int_equal(check != NULL, grade != NULL);
	if (check != NULL) {
		assert_string_equal(member(check, "grade"), grade);
		if (strstr(member(check, "words"), words) == NULL)
			fail_msg("%s", member(check, "words"));
	}
	strbuf_clear(&cli.out);
	conf_clear(&cli.conf);
}

static void test_milter_and_coverage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture f;

		ROW(&rows[i]);
		fixture_make(&f);
		fixture_open(&f);
		fill(f.db, &rows[i]);
		expect_finding(&f, rows[i].check, rows[i].grade, rows[i].words);
		fixture_clear(&f);
	}
}

/* Lines of the log in the store, and what doctor says of them. */
struct lines_row {
	const char *name;
	struct day_lines lines[3];
	bool has_counted;
	const char *check, *grade, *words;
};

static const struct lines_row lines_rows[] = {
	{"none", {{0}}, true, "lines", "note", "no log line has been read"},
	{"all understood",
         {{.fate = LINE_READ, .n = 9}, {.fate = LINE_TELLS, .n = 4}},
         true,
         "lines",
         "good",
         "and 4 were about sessions"},
	{"none understood",
         {{.fate = LINE_UNREAD, .n = 2000, .first = "{x}"}},
         true,
         "lines",
         "bad",
         "2000 log lines were not understood, the first: '{x}'; expected are "
         "lines like 'Nov 23"},
	{"none understood, and the log has no other advice",
         {{.fate = LINE_UNREAD, .n = 2000, .first = "{x}"}},
         true,
         "log",
         "note",
         "no session has been received yet: its lines are not understood"},
	{"some not understood",
         {{.fate = LINE_TELLS, .n = 4},
          {.fate = LINE_UNREAD, .n = 1, .first = "x"}},
         true,
         "lines",
         "note",
         "not understood"},
	{"all of another user",
         {{.fate = LINE_FOREIGN, .uid = 1000, .n = 7, .first = "x"}},
         true,
         "lines",
         "bad",
         "7 lines of the journal are not from root"},
	{"read in two ways",
         {{.fate = LINE_TELLS, .n = 4},
          {.fate = LINE_UNCLEAR, .n = 2, .first = "x"}},
         true,
         "lines",
         "note",
         "2 deliveries are not counted because their log lines are "
         "ambiguous or truncated"},
	{"our own Postfix cannot do TLS",
         {{.fate = LINE_TELLS, .n = 4},
          {.fate = LINE_OURS, .n = 2, .first = "warning: connect to"}},
         true,
         "faults",
         "note",
         "2 log lines report problems that keep Postfix on this host from "
         "using TLS, the first: 'warning: connect to'"},
	{"it can",
         {{.fate = LINE_TELLS, .n = 4}},
         true,
         "faults",
         "good",
         "the log has no problems"},
	{"a feed that has just begun",
         {{0}},
         false,
         "log",
         "note",
         "has started and has not yet counted anything"},
};

static void check_lines(const struct lines_row *row)
{
	struct db_txn *txn;
	struct feed feed = {.name = FEED_LOG,
	                    .watermark = row->has_counted ? NOW : 0,
	                    .seen_at = NOW};
	struct fixture f;

	fixture_make(&f);
	fixture_open(&f);
	txn = db_begin_write(f.db);
	feed_table_put(txn, &feed);
	for (size_t i = 0; i < COUNT(row->lines); i++)
		if (row->lines[i].fate != 0)
			day_table_lines_add(txn, day_of(NOW) - (int32_t)(i % 2),
			                    &row->lines[i]);
	commit_ok(&txn);
	expect_finding(&f, row->check, row->grade, row->words);
	fixture_clear(&f);
}

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines_rows); i++) {
		ROW(&lines_rows[i]);
		check_lines(&lines_rows[i]);
	}
}

/* A source that has just begun has no time, and no lag since 1970. */
static void test_metrics_of_a_start(void **state)
{
	auto_(conf_clear) struct conf conf;
	auto_(strbuf_clear) struct strbuf out = {0};
	const struct metrics_http http = {0};
	struct feed feed = {.name = FEED_LOG, .seen_at = NOW};
	struct db_txn *txn;
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	txn = db_begin_write(f.db);
	feed_table_put(txn, &feed);
	feed = (struct feed){.name = FEED_EVENTS,
	                     .seen_at = NOW - FEED_SILENT_SECS - 1,
	                     .watermark = NOW - 7,
	                     .last_event = NOW - 9};
	feed_table_put(txn, &feed);
	commit_ok(&txn);
	conf_init(&conf);
	assert_int_equal(metrics_write(f.db, &conf, NOW, &http, &out, &f.err),
	                 0);
	assert_non_null(strstr(strbuf_text(&out),
	                       "feed_events_total{feed=\"log\"} 0\n"));
	assert_non_null(strstr(strbuf_text(&out),
	                       "feed_lag_seconds{feed=\"events\"} 7\n"));
	assert_non_null(strstr(strbuf_text(&out), "feed_up{feed=\"log\"} 1\n"));
	assert_non_null(
		strstr(strbuf_text(&out), "feed_up{feed=\"events\"} 0\n"));
	assert_null(
		strstr(strbuf_text(&out), "feed_lag_seconds{feed=\"log\"}"));
	assert_non_null(strstr(strbuf_text(&out), "journal_bytes 0\n"));
	assert_non_null(
		strstr(strbuf_text(&out), "journal_oldest_seconds 0\n"));
	assert_null(strstr(strbuf_text(&out),
	                   "feed_last_event_seconds{feed=\"log\"}"));
	fixture_clear(&f);
}

static void expect_metrics(struct fixture *f, const char *const *lines)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	const struct metrics_http http = {0};
	auto_(conf_clear) struct conf conf;

	conf_init(&conf);
	assert_int_equal(metrics_write(f->db, &conf, NOW, &http, &out, &f->err),
	                 0);
	for (; *lines != NULL; lines++)
		if (strstr(strbuf_text(&out), *lines) == NULL)
			fail_msg("no %s in:\n%s", *lines, strbuf_text(&out));
}

static void test_metrics_of_the_journal(void **state)
{
	static const char *const waits[] = {"journal_bytes 7\n",
	                                    "journal_apply_fails 0\n",
	                                    "journal_damaged_rows 1\n", NULL};
	static const char *const fails[] = {"journal_apply_fails 1\n", NULL};
	struct db_key key = key_of_day(TABLE_JOURNAL, day_of(NOW));
	struct db_txn *txn;
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	key_u64(&key, 1);
	txn = db_begin_write(f.db);
	db_put_bytes(txn, &key, "damaged", 7);
	commit_ok(&txn);
	expect_metrics(&f, waits);
	txn = db_begin_write(f.db);
	journal_trouble_put(txn, day_of(NOW), "the disk is full");
	commit_ok(&txn);
	expect_metrics(&f, fails);
	expect_finding(&f, "journal", "bad", "the disk is full");
	fixture_clear(&f);
}

/* A Postfix that is a folder: postconf, first in the path, prints what main.cf
 * says, and smtp is a text. */
struct postfix_row {
	const char *name;
	const char *feed;   /* counts sessions */
	int64_t event;      /* secs before now of the last; -1: none */
	const char *smtp;   /* what the program has in it; NULL: no program */
	const char *enable; /* and what else postconf prints */
	const char *grade, *words;
};

#define BUILT_IN "...smtp_tlsrpt_enable..."
#define LEFT_OUT BUILT_IN "TLSRPT is selected, but TLSRPT is not compiled in"

static const struct postfix_row postfix_rows[] = {
	{"events, as they should come", FEED_EVENTS, -1, BUILT_IN, "yes",
         "good", "sends events"},
	{"nobody told it to", FEED_EVENTS, -1, BUILT_IN, "no", "bad",
         "smtp_tlsrpt_enable is not yes"},
	{"built without", FEED_EVENTS, -1, LEFT_OUT, "yes", "bad",
         "built without TLSRPT"},
	{"too old to know", FEED_EVENTS, -1, "SMTP", NULL, "bad",
         "does not support TLSRPT"},
	{"... but another Postfix sends", FEED_EVENTS, 60, "SMTP", NULL, "good",
         "another Postfix"},
	{"... and that was long ago", FEED_EVENTS, 3 * DAY_SECS, "SMTP", NULL,
         "bad", "does not support TLSRPT"},
	{"a program that cannot be read", FEED_EVENTS, -1, NULL, "yes", "note",
         "cannot read smtp(8)"},
	{"by the log, an old one", FEED_LOG, -1, "SMTP", NULL, "good",
         "from its log"},
	{"by the log, with levels that it does not show", FEED_LOG, -1, "SMTP",
         "no\\nsmtp_tls_policy_maps = hash:/x", "note",
         "smtp_tls_note_starttls_offer"},
	{"by the log, which shows them", FEED_LOG, -1, "SMTP",
         "no\\nsmtp_tls_policy_maps = hash:/x\\n"
         "smtp_tls_note_starttls_offer = yes",
         "good", "from its log"},
	{"by the log, which shows them by tls=", FEED_LOG, -1, LEFT_OUT,
         "no\\nsmtp_tls_policy_maps = hash:/x\\n"
         "smtp_log_tls_feature_status = yes",
         "good", "from its log"},
	{"by the log, built without", FEED_LOG, -1, LEFT_OUT, "no", "good",
         "from its log"},
	{"by the log, told to send for nothing", FEED_LOG, -1, LEFT_OUT, "yes",
         "note", "built without TLSRPT"},
	{"by the log, and it could send", FEED_LOG, -1, BUILT_IN, "no", "note",
         "have more details"},
};

static void write_file(const char *directory, const char *name,
                       const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0755);
}

static void make_postfix(const char *directory, const struct postfix_row *row,
                         const char *main_cf)
{
	char text[512];

	if (row->smtp != NULL)
		write_file(directory, "smtp", row->smtp);
	snprintf(text, sizeof(text),
	         "#!/bin/sh\n"
	         "[ \"$1\" != -xM ] || echo smtp unix - - n - - smtp\n"
	         "[ \"$1\" = -x ] || exit 0\n"
	         "echo daemon_directory = %s\necho config_directory = %s\n"
	         "echo \"%s\"\n",
	         directory, directory, main_cf);
	if (row->enable != NULL)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		         "printf '%%b\\n' 'smtp_tlsrpt_enable = %s'\n",
		         row->enable);
	write_file(directory, "postconf", text);
}

static void check_postfix(const struct postfix_row *row, const char *check)
{
	struct db_txn *txn;
	struct feed feed = {.watermark = NOW, .seen_at = NOW};
	struct fixture f;

	fixture_make(&f);
	fixture_open(&f);
	snprintf(feed.name, sizeof(feed.name), "%s", row->feed);
	if (row->event >= 0)
		feed.last_event = NOW - row->event;
	txn = db_begin_write(f.db);
	feed_table_put(txn, &feed);
	commit_ok(&txn);
	expect_finding(&f, check, row->grade, row->words);
	fixture_clear(&f);
}

/* With the row's Postfix, what doctor says to one check. */
static void with_postfix(const struct postfix_row *row, const char *main_cf,
                         const char *check)
{
	char directory[] = "/tmp/test_cli_doctor.XXXXXX", text[4200];
	char *path = strdup(getenv("PATH"));

	ROW(row);
	assert_non_null(mkdtemp(directory));
	make_postfix(directory, row, main_cf);
	snprintf(text, sizeof(text), "%s:%s", directory, path);
	setenv("PATH", text, 1);
	check_postfix(row, check);
	setenv("PATH", path, 1);
	snprintf(text, sizeof(text), "rm -r %s", directory);
	assert_int_equal(system(text), 0);
	free(path);
}

static void test_postfix(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(postfix_rows); i++)
		with_postfix(&postfix_rows[i], "", "postfix");
}

/* Is TLS logged, where the log is counted? */
static void test_loglevel(void **state)
{
	static const struct {
		struct postfix_row row;
		const char *main_cf;
	} rows_of[] = {
		{{"TLS is not logged", FEED_LOG, -1, "SMTP", NULL, "bad",
	          "smtp_tls_loglevel = 0: no session of smtp"},
	         "smtp_tls_loglevel = 0"},
		{{"TLS is logged", FEED_LOG, -1, "SMTP", NULL, "good",
	          "logs its TLS sessions"},
	         "smtp_tls_loglevel = 1"},
		{{"it is not, and each delivery line tells", FEED_LOG, -1,
	          "SMTP", NULL, "good", "logs its TLS sessions"},
	         "smtp_tls_loglevel = 0\nsmtp_log_tls_feature_status = yes"},
		{{"events need no log", FEED_EVENTS, -1, "SMTP", NULL, NULL,
	          NULL},
	         "smtp_tls_loglevel = 0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows_of); i++)
		with_postfix(&rows_of[i].row, rows_of[i].main_cf, "loglevel");
}

/* What the log says about levels. */
static const struct {
	const char *name;
	struct day_levels today, yesterday;
	const char *grade, *words;
} levels[] = {
	{"no level is known", {0}, {0}, "good", "the log has no sign"},
	{"DANE, and a message with TLS-Required: No",
         {.dane = 100, .less_than_dane = 1},
         {0},
         "good",
         "the log has no sign"},
	{"only such messages, but few",
         {.dane = 4, .less_than_dane = 4},
         {0},
         "good",
         "the log has no sign"},
	{"nobody at level dane",
         {.dane = 3, .less_than_dane = 3},
         {.dane = 2, .less_than_dane = 2},
         "bad",
         "does not use DANE: all 5 sessions"},
	{"somebody was, yesterday",
         {.dane = 9, .less_than_dane = 9},
         {.dane = 1},
         "good",
         "the log has no sign"},
	{"a policy map without MTA-STS",
         {.dane = 9, .sts = 7, .less_than_sts = 7},
         {0},
         "bad",
         "does not use MTA-STS: all 7 sessions"},
};

static void test_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(levels); i++) {
		auto_(json_free) json_t *doc = NULL;
		struct cli cli = {.args.json = true};
		struct feed feed = {
			.name = FEED_LOG, .watermark = NOW, .seen_at = NOW};
		const json_t *check;
		struct db_txn *txn;
		struct fixture f;

		ROW(&levels[i]);
		fixture_make(&f);
		fixture_open(&f);
		txn = db_begin_write(f.db);
		feed_table_put(txn, &feed);
		day_table_levels_add(txn, DAY + 1, &levels[i].today);
		day_table_levels_add(txn, DAY, &levels[i].yesterday);
		commit_ok(&txn);
		conf_init(&cli.conf);
		cli.db = f.db;
		cli.clock = clock_fixed(NOW);
		cli_doctor(&cli, &f.err);
		jmap_client_free(&cli.answers);
		doc = json_read(cli.out.data, cli.out.len, false, &f.err);
		check = find_check(doc, "levels");
		assert_non_null(check);
		assert_string_equal(member(check, "grade"), levels[i].grade);
		if (strstr(member(check, "words"), levels[i].words) == NULL)
			fail_msg("%s", member(check, "words"));
		strbuf_clear(&cli.out);
		conf_clear(&cli.conf);
		fixture_clear(&f);
	}
}

/* Sessions that nobody judged. */
static const struct {
	const char *name;
	uint64_t today, yesterday;
	bool complete_events;
	const char *grade, *words, *command;
} judged[] = {
	{"all were", 0, 0, false, "good", "each session was judged", NULL},
	{"one of yesterday was not, and there is no file of settings yet", 0, 1,
         false, "note", "1 sessions were not judged and stand in no report",
         "editor " CONF_FILE},
	{"some wait for their line", 5, 1, true, "good",
         "each session was judged", NULL},
	{"no line came", 50, 20, true, "note",
         "70 sessions were not judged because the log has no lines",
         "postconf smtp_tls_loglevel; systemctl status tlstally-logd"},
};

static void test_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(judged); i++) {
		auto_(json_free) json_t *doc = NULL;
		struct cli cli = {.args.json = true};
		struct feed feed = {
			.name = FEED_EVENTS, .watermark = NOW, .seen_at = NOW};
		const struct day_stats today = {.unjudged = judged[i].today};
		const struct day_stats yesterday = {
			.unjudged = judged[i].yesterday};
		const json_t *check;
		struct db_txn *txn;
		struct fixture f;

		ROW(&judged[i]);
		fixture_make(&f);
		fixture_open(&f);
		txn = db_begin_write(f.db);
		feed_table_put(txn, &feed);
		day_table_stats_add(txn, DAY + 1, &today);
		day_table_stats_add(txn, DAY, &yesterday);
		commit_ok(&txn);
		conf_init(&cli.conf);
		cli.conf.log.complete_events = judged[i].complete_events;
		cli.db = f.db;
		cli.clock = clock_fixed(NOW);
		cli_doctor(&cli, &f.err);
		jmap_client_free(&cli.answers);
		doc = json_read(cli.out.data, cli.out.len, false, &f.err);
		check = find_check(doc, "judged");
		assert_non_null(check);
		assert_string_equal(member(check, "grade"), judged[i].grade);
		if (strstr(member(check, "words"), judged[i].words) == NULL)
			fail_msg("%s", member(check, "words"));
		assert_int_equal(member(check, "command") != NULL,
		                 judged[i].command != NULL);
		if (judged[i].command != NULL)
			assert_string_equal(member(check, "command"),
			                    judged[i].command);
		strbuf_clear(&cli.out);
		conf_clear(&cli.conf);
		fixture_clear(&f);
	}
}

/* Another host whose last day is that of three days ago. */
static const struct {
	const char *name, *setting;
	int since; /* the day whose deadline has passed */
	const char *command;
} missing[] = {
	{"it sends its days: on this host there is nothing to do",
         "fleet.expect=mx2.example.com", DAY - 1, NULL},
	{"it is asked for them",
         "fleet.fetchers=ssh mx2.example.com tlsrpt-fetcher", DAY - 1,
         "tlstally fetch"},
};

static void test_a_missing_host(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(missing); i++) {
		auto_(json_free) json_t *doc = NULL;
		struct cli cli = {.args.json = true};
		struct host_day host = {
			.head = {.host = "mx2.example.com", .day = DAY - 2}};
		const json_t *check;
		char since[TIME_TEXT];
		struct db_txn *txn;
		struct fixture f;

		ROW(&missing[i]);
		fixture_make(&f);
		fixture_open(&f);
		txn = db_begin_write(f.db);
		host.slot = host_day_begin(txn, DAY - 2, NOW);
		host_day_put(txn, &host);
		commit_ok(&txn);
		conf_init(&cli.conf);
		assert_int_equal(
			conf_set(&cli.conf, missing[i].setting, &f.err), 0);
		cli.conf.fleet.deadline = 3600;
		cli.db = f.db;
		cli.clock = clock_fixed(NOW);
		cli_doctor(&cli, &f.err);
		jmap_client_free(&cli.answers);
		doc = json_read(cli.out.data, cli.out.len, false, &f.err);
		check = find_check(doc, "hosts");
		assert_non_null(check);
		assert_string_equal(member(check, "grade"), "bad");
		assert_string_equal(
			member(check, "since"),
			day_format_time(day_start(missing[i].since + 1) + 3600,
		                        since));
		assert_int_equal(member(check, "command") != NULL,
		                 missing[i].command != NULL);
		if (missing[i].command != NULL)
			assert_string_equal(member(check, "command"),
			                    missing[i].command);
		strbuf_clear(&cli.out);
		conf_clear(&cli.conf);
		fixture_clear(&f);
	}
}

/* Of JSON with ' for ". */
static json_t *json_of_row(const char *text)
{
	auto_(xfree_str) char *copy = xstrdup(text);
	struct err err = {0};

	for (char *at = copy; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	return json_read(copy, strlen(copy), false, &err);
}

/* What is kept from one look to the next: since when, a row each. */
static void test_what_is_noted(void **state)
{
	static const struct {
		const char *name, *checks;
		int first, second; /* secs after the first look; -1: no row */
	} looks[] = {
		{"it is found",
	         "[{'check':'level','about':'/a','grade':'bad'},"
	         "{'check':'queue','grade':'note'}]",
	         0, 0},
		{"again",
	         "[{'check':'level','about':'/a','grade':'bad'},"
	         "{'check':'queue','grade':'note'}]",
	         0, 0},
		{"not known now, whatever it is about",
	         "[{'check':'level','grade':'unknown'},"
	         "{'check':'queue','grade':'unknown'}]",
	         0, 0},
		{"another grade",
	         "[{'check':'level','about':'/a','grade':'note'},"
	         "{'check':'queue','grade':'note'}]",
	         3, 0},
		{"an instance that is gone, a check that is none any more",
	         "[{'check':'level','about':'/b','grade':'note'}]", -1, -1},
	};
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	for (size_t i = 0; i < COUNT(looks); i++) {
		auto_(json_free) json_t *doc = json_object();
		auto_(db_abort) struct db_txn *txn = NULL;
		struct finding_seen seen = {0};

		ROW(&looks[i]);
		json_object_set_new(doc, "checks",
		                    json_of_row(looks[i].checks));
		assert_int_equal(
			doctor_note(f.db, doc, NOW + (int64_t)i, &f.err), 0);
		txn = db_begin_read(f.db);
		assert_int_equal(finding_get(txn, "level /a", &seen),
		                 looks[i].first >= 0);
		assert_int_equal(seen.since,
		                 looks[i].first < 0 ? 0 : NOW + looks[i].first);
		assert_int_equal(finding_get(txn, "queue", &seen),
		                 looks[i].second >= 0);
		assert_int_equal(seen.since, looks[i].second < 0
		                                     ? 0
		                                     : NOW + looks[i].second);
	}
	fixture_clear(&f);
}

/* --- the sentences --- */

/* Programs that commands begin with, beside our own. */
static const char *const programs[] = {
	"apt",     "cat",        "chgrp",  "chmod",     "chown",
	"df",      "editor",     "man",    "openssl",   "postconf",
	"postfix", "journalctl", "sysctl", "systemctl",
};

/* A command of a finding, its texts filled in: the words are the caller's. */
static void check_command(char *text)
{
	auto_(xfree_str) char *copy = xstrdup(text);
	char *argv[32] = {NULL}, *rest = text;
	const struct cli_sentence *sentence = NULL;
	struct cli_args args = {0};
	struct err err = {0};
	int argc = 0;
	bool known = false;

	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
		assert_in_range(argc, 0, COUNT(argv) - 2);
		argv[argc++] = word;
	}
	assert_int_not_equal(argc, 0);
	for (size_t i = 0; i < COUNT(programs); i++)
		known |= strcmp(argv[0], programs[i]) == 0;
	if (known)
		return;
	assert_string_equal(argv[0], "tlstally");
	if (cli_args_read(argc, argv, &args, &sentence, &err) < 0)
		fail_msg("`%s`: %s", copy, err.text);
	assert_true(sentence != NULL || args.group != NULL);
}

/* Several of them stand after one another; words may say when. */
static void check_commands(const char *text)
{
	static const char *const between[] = {" && ", "; "};
	auto_(xfree_str) char *copy = xstrdup(text);
	char *at = copy;

	while (at != NULL) {
		char *end = NULL;
		size_t len = 0;

		for (size_t i = 0; i < COUNT(between); i++) {
			char *found = strstr(at, between[i]);

			if (found == NULL || (end != NULL && found > end))
				continue;
			end = found;
			len = strlen(between[i]);
		}
		if (end != NULL)
			*end = '\0';
		if (strncmp(at, "or, ", 4) == 0)
			at = strstr(at, ": ") + 2;
		check_command(at);
		at = end != NULL ? end + len : NULL;
	}
}

/* `tlstally run` in a sentence; not what has dots for the rest. */
static void check_quoted(const char *words)
{
	for (const char *at = words; (at = strchr(at, '`')) != NULL;) {
		const char *end = strchr(at + 1, '`');
		auto_(xfree_str) char *command = NULL;

		assert_non_null(end);
		command = xstrndup(at + 1, (size_t)(end - at - 1));
		check_command(command);
		at = end + 1;
	}
}

/* "[report] always_bcc, bcc" in a sentence. */
static void check_settings(const char *words)
{
	for (const char *at = words; (at = strchr(at, '[')) != NULL; at++) {
		char section[32], name[64];

		if (sscanf(at, "[%31[a-z]] %63[a-z_0-9]", section, name) != 2)
			fail_msg("no setting in: %s", at);
		if (settings_find(section, name) == NULL)
			fail_msg("no setting [%s] %s", section, name);
	}
}

/* What no command of this host mends, and what the sentence says instead. */
static const struct {
	enum finding_id id;
	const char *words;
} by_hand[] = {
	{SPF_SEVERAL, "leave one of them"},
	{SPF_BROKEN, "correct it"},
	{SPF_SAYS_NOBODY, "add the hosts"},
	{DMARC_UNSIGNED, "let the milter that signs your mail"},
	{DKIM_OTHER, "let the milter that signs your mail"},
	{DKIM_UNSIGNED, "let the milter that signs your mail"},
	{DKIMKEY_NONE, "publish it"},
	{DKIMKEY_BROKEN, "correct it"},
	{DKIMKEY_REVOKED, "another key"},
	{DKIMKEY_NO_EMAIL, "remove s="},
};

static bool says_what_to_do(size_t id)
{
	for (size_t i = 0; i < COUNT(by_hand); i++)
		if (by_hand[i].id == id)
			return strstr(findings[id].words, by_hand[i].words) !=
			       NULL;
	return false;
}

/* Who reads one at night types what it says. */
static void test_what_sentences_name(void **state)
{
	/* {3} of "tlstally feed retire {3}", and domains */
	static const char *const texts[] = {
		NULL,        "a.example", "a.example", "log",
		"a.example", "a.example", "a.example",
	};

	(void)state;
	for (size_t i = 0; i < FINDINGS; i++) {
		const struct finding *finding = &findings[i];
		auto_(strbuf_clear) struct strbuf command = {0};

		print_message("%zu: %s\n", i, finding->words);
		check_quoted(finding->words);
		check_settings(finding->words);
		if (finding->command == NULL) {
			assert_true(finding->grade != DOCTOR_BAD ||
			            says_what_to_do(i));
			continue;
		}
		/* that is made where it is told */
		if (strcmp(finding->command, "{3}") == 0)
			continue;
		finding_write(finding->command, texts, COUNT(texts) - 1,
		              &command);
		check_commands(strbuf_text(&command));
	}
	check_commands("tlstally fetch");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_judged),
		cmocka_unit_test(test_a_missing_host),
		cmocka_unit_test(test_loglevel),
		cmocka_unit_test(test_what_is_noted),
		cmocka_unit_test(test_milter_and_coverage),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_metrics_of_a_start),
		cmocka_unit_test(test_metrics_of_the_journal),
		cmocka_unit_test(test_what_sentences_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
