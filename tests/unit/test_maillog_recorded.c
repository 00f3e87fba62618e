/* Logs recorded from Postfix 3.7 and 3.10, one file a case, and the events
 * that 3.10 sent for the same sessions. */
#include "unit/test.h"

#include "session/datagram.h"
#include "unit/log_replay.h"

static const struct smtp_tracker_options options = {.count_private = true};

static const struct {
	const char *name;
	const char *want; /* both versions, or 3.7 */
	const char *want_3_10;
} recorded[] = {
	{"dane-mismatch",
         "dane-mismatch.test failed certificate-not-trusted "
         "mx.dane-mismatch.test 127.0.1.4\n",
         NULL},
	{"dane-nostarttls",
         "dane-nostarttls.test failed starttls-not-supported "
         "mx.dane-nostarttls.test 127.0.1.9\n",
         NULL},
	{"dane-ok", "dane-ok.test tls mx.dane-ok.test 127.0.1.1\n", NULL},
	{"dane-ta-expired",
         "dane-ta-expired.test failed certificate-expired "
         "mx.dane-ta-expired.test 127.0.1.5\n",
         NULL},
	{"dane-two-tlsa",
         "dane-two-tlsa.test tls mx.dane-two-tlsa.test 127.0.1.3\n", NULL},
	{"dane-unusable",
         "dane-unusable.test tls mx.dane-unusable.test 127.0.1.8\n", NULL},
	{"mixedcase", "mixedcase.test tls mx.mixedcase.test 127.0.1.54\n",
         NULL},
	{"nopolicy-encrypt-nostarttls",
         "nopolicy-encrypt-nostarttls.test failed starttls-not-supported "
         "mx.nopolicy-encrypt-nostarttls.test 127.0.1.41\n",
         NULL},
	{"nopolicy-nostarttls",
         "nopolicy-nostarttls.test plain mx.nopolicy-nostarttls.test "
         "127.0.1.34\n",
         NULL},
	{"nopolicy-ok", "nopolicy-ok.test tls mx.nopolicy-ok.test 127.0.1.32\n",
         NULL},
	{"nopolicy-selfsigned",
         "nopolicy-selfsigned.test tls mx.nopolicy-selfsigned.test "
         "127.0.1.33 untrusted\n",
         NULL},
	{"norpt", "norpt.test tls mx.norpt.test 127.0.1.44\n", NULL},
	{"plain", "plain.unsigned.test tls mx.plain.unsigned.test 127.0.1.58\n",
         NULL},
	{"reports", "reports.test tls mx.reports.test 127.0.1.60\n", NULL},
	{"rpt-https", "rpt-https.test tls mx.rpt-https.test 127.0.1.46\n",
         NULL},
	{"rpt-multi-rua",
         "rpt-multi-rua.test tls mx.rpt-multi-rua.test 127.0.1.47\n", NULL},
	{"sts-expired",
         "sts-expired.test failed certificate-expired mx.sts-expired.test "
         "127.0.1.17\n",
         NULL},
	/* before 3.10 a plugin cannot say that it got no policy */
	{"sts-fetcherror",
         "sts-fetcherror.test tls mx.sts-fetcherror.test 127.0.1.27\n",
         "sts-fetcherror.test failed sts-policy-fetch-error "
         "mx.sts-fetcherror.test 127.0.1.27\n"},
	{"sts-hsfail",
         "sts-hsfail.test failed validation-failure tls-handshake-failure "
         "mx.sts-hsfail.test 127.0.1.24\n",
         NULL},
	{"sts-nostarttls",
         "sts-nostarttls.test failed starttls-not-supported "
         "mx.sts-nostarttls.test 127.0.1.22\n",
         NULL},
	{"sts-ok", "sts-ok.test tls mx.sts-ok.test 127.0.1.16\n", NULL},
	{"sts-selfsigned",
         "sts-selfsigned.test failed validation-failure "
         "self-signed_certificate mx.sts-selfsigned.test 127.0.1.20\n",
         NULL},
	{"sts-wildcard",
         "sts-wildcard.test tls mx.sts-wildcard.test 127.0.1.26\n", NULL},
	{"sts-wrongname",
         "sts-wrongname.test failed certificate-host-mismatch "
         "mx.sts-wrongname.test 127.0.1.19\n",
         NULL},
	{"sub.deep", "sub.deep.test tls mx.sub.deep.test 127.0.1.56\n", NULL},
};

/* Adds the file; false when there is none. */
static bool read_file(struct strbuf *text, const char *path)
{
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t got;

	if (file == NULL)
		return false;
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		strbuf_add(text, part, got);
	fclose(file);
	return true;
}

static void read_log(struct strbuf *log, const char *version, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), TEST_DATA "/maillog-%s/%s.log", version,
	         name);
	if (!read_file(log, path))
		fail_msg("no %s", path);
}

/* Killed after `kill_after` lines (0: never). */
static void replay_log(struct smtp_tracker **tracker, const struct strbuf *log,
                       int kill_after, struct strbuf *out)
{
	struct log_clock clock = {.now = REPLAY_NOW};
	const char *at = log->data;
	int n = 0;

	while (*at != '\0') {
		size_t len = strcspn(at, "\n");

		replay_line(*tracker, &clock, at, len, out);
		at += len + (at[len] == '\n');
		if (++n == kill_after)
			replay_restart(tracker, &options);
	}
}

static const char *wanted(size_t i, const char *version)
{
	if (recorded[i].want_3_10 != NULL && strcmp(version, "3.10") == 0)
		return recorded[i].want_3_10;
	return recorded[i].want;
}

/* The site logs its summaries: a session of before said so. */
static struct smtp_tracker *loud_tracker(const char *version)
{
	struct smtp_tracker *tracker = smtp_tracker_new(&options);
	struct strbuf log, out;

	strbuf_init(&log, 0);
	strbuf_init(&out, 0);
	read_log(&log, version, "dane-ok");
	replay_log(&tracker, &log, 0, &out);
	strbuf_clear(&log);
	strbuf_clear(&out);
	return tracker;
}

/* How often a text is there; each is taken out. */
static int take_out(struct strbuf *from, const char *text)
{
	size_t len = strlen(text);
	int n = 0;
	char *at;

	while ((at = strstr(from->data, text)) != NULL) {
		memmove(at, at + len, strlen(at + len) + 1);
		from->len -= len;
		n++;
	}
	return n;
}

static void check_version(const char *version)
{
	struct strbuf log, out;

	replay_utc();
	strbuf_init(&log, 0);
	strbuf_init(&out, 0);
	for (size_t i = 0; i < COUNT(recorded); i++) {
		struct smtp_tracker *tracker = loud_tracker(version);

		ROW(&recorded[i]);
		strbuf_reset(&log);
		strbuf_reset(&out);
		read_log(&log, version, recorded[i].name);
		replay_log(&tracker, &log, 0, &out);
		strbuf_text(&out);
		/* each event is some session's */
		assert_int_equal(take_out(&out, " event-failed") +
		                         take_out(&out, " event"),
		                 take_out(&log, "TLSRPT: status="));
		assert_string_equal(strbuf_text(&out), wanted(i, version));
		assert_int_equal(smtp_tracker_sees_events(tracker),
		                 strcmp(version, "3.10") == 0);
		smtp_tracker_free(&tracker);
	}
	strbuf_clear(&log);
	strbuf_clear(&out);
}

static void test_postfix_3_7(void **state)
{
	(void)state;
	check_version("3.7");
}

static void test_postfix_3_10(void **state)
{
	(void)state;
	check_version("3.10");
}

/* Read in one go and killed after any line, the log gives the same. */
static void test_killed_anywhere(void **state)
{
	static const char *const versions[] = {"3.7", "3.10"};
	struct strbuf log, want, out;

	(void)state;
	replay_utc();
	strbuf_init(&log, 0);
	strbuf_init(&want, 0);
	strbuf_init(&out, 0);
	for (size_t v = 0; v < COUNT(versions); v++)
		for (size_t i = 0; i < COUNT(recorded); i++)
			read_log(&log, versions[v], recorded[i].name);
	for (int lines = 0; lines < 2 * 7 * (int)COUNT(recorded); lines++) {
		struct smtp_tracker *tracker = smtp_tracker_new(&options);

		strbuf_reset(&out);
		replay_log(&tracker, &log, lines, &out);
		if (lines == 0)
			strbuf_add(&want, out.data, out.len);
		assert_string_equal(strbuf_text(&out), strbuf_text(&want));
		smtp_tracker_free(&tracker);
	}
	strbuf_clear(&log);
	strbuf_clear(&want);
	strbuf_clear(&out);
}

/* The same mails, logged by other daemons. */
static const char *const same_log[] = {
	"trad",   "rfc3339", "syslog23", "busybox",
	"ng-bsd", "ng-iso",  "ng-frac",  "ng-rfc3339",
};

static void read_form(struct strbuf *log, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), TEST_DATA "/logforms/%s.log", name);
	strbuf_reset(log);
	if (!read_file(log, path))
		fail_msg("no %s", path);
}

static void replay_form(const char *name, struct strbuf *out)
{
	struct smtp_tracker *tracker = smtp_tracker_new(&options);
	struct strbuf log;

	strbuf_init(&log, 0);
	strbuf_reset(out);
	read_form(&log, name);
	replay_log(&tracker, &log, 0, out);
	strbuf_clear(&log);
	smtp_tracker_free(&tracker);
}

static size_t count_lines(const struct strbuf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

static void test_every_daemons_form(void **state)
{
	struct strbuf want, got;

	(void)state;
	replay_utc();
	strbuf_init(&want, 0);
	strbuf_init(&got, 0);
	replay_form(same_log[0], &want);
	assert_int_equal(count_lines(&want), 24);
	for (size_t i = 1; i < COUNT(same_log); i++) {
		fprintf(stderr, "  - %s\n", same_log[i]);
		replay_form(same_log[i], &got);
		assert_string_equal(strbuf_text(&got), strbuf_text(&want));
	}
	replay_form("docker-stdout", &got);
	assert_int_equal(count_lines(&got), 8);
	strbuf_clear(&want);
	strbuf_clear(&got);
}

/* What the event says, in the words of replay_session(). */
static void put_event(struct strbuf *out, const struct session *session)
{
	const struct session_policy *policy = &session->policies[0];
	const struct failure_detail *detail = &policy->failures[0];

	strbuf_printf(out, "%s %s", session->domain,
	              policy->failed ? "failed" : "tls");
	if (!policy->failed)
		return;
	replay_put(out, word_rfc(&words_results, detail->result));
	replay_put(out, detail->reason);
	replay_put(out, detail->mx_host);
	replay_put(out, detail->receiving_ip);
	strbuf_puts(out, "\n");
}

/* The log and the event of one session say the same. */
static void test_events_agree(void **state)
{
	struct strbuf event, got;
	struct session session;
	size_t compared = 0;

	(void)state;
	strbuf_init(&event, 0);
	strbuf_init(&got, 0);
	session_init(&session);
	for (size_t i = 0; i < COUNT(recorded); i++) {
		const char *want = wanted(i, "3.10");
		char path[512];

		snprintf(path, sizeof(path), TEST_DATA "/datagrams/%s.jsonl",
		         recorded[i].name);
		strbuf_reset(&event);
		strbuf_reset(&got);
		if (!read_file(&event, path))
			continue;
		ROW(&recorded[i]);
		compared++;
		session_reset(&session);
		assert_int_equal(
			datagram_decode(event.data, event.len, &session, NULL),
			BAD_NONE);
		put_event(&got, &session);
		if (strncmp(got.data, want, got.len) != 0)
			assert_string_equal(got.data, want);
	}
	assert_int_equal(compared, 22);
	session_clear(&session);
	strbuf_clear(&event);
	strbuf_clear(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_postfix_3_7),
		cmocka_unit_test(test_postfix_3_10),
		cmocka_unit_test(test_killed_anywhere),
		cmocka_unit_test(test_every_daemons_form),
		cmocka_unit_test(test_events_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
