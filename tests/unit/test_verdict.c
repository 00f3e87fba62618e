#include "unit/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "deliver/deliver_dir.h"
#include "deliver/verdict.h"
#include "reply/doubt.h"

static void answer_of(enum delivery_stage stage, const char *text,
                      struct delivery_answer *answer)
{
	struct smtp_reply reply;
	char line[80];
	size_t used;

	snprintf(line, sizeof(line), "%s\r\n", text);
	assert_int_equal(
		smtp_wire_read_reply(line, strlen(line), &reply, &used, NULL),
		1);
	verdict_smtp(stage, &reply, answer);
}

static void test_doubt(void **state)
{
	static const struct {
		const char *name;
		enum delivery_stage stage;
		const char *reply;
		uint32_t want;
	} rows[] = {
		{"disabled", STAGE_RCPT, "550 5.2.1 disabled", 2001},
		{"Cisco ESA", STAGE_RCPT, "550 #5.1.0 rejected.", 1000},
		{"beyond doubt", STAGE_RCPT, "550 5.1.1 who?", 0},
		{"not said of the address", STAGE_RCPT, "550 5.4.1 no", 0},
		{"said too late", STAGE_DATA, "550 5.2.1 disabled", 0},
		{"a rate", STAGE_RCPT, "550 5.2.1 at a rate", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t want = rows[i].want;
		struct delivery_answer got;

		ROW(&rows[i]);
		answer_of(rows[i].stage, rows[i].reply, &got);
		if (want != 0)
			want = doubt_code((int)want / 1000, (int)want % 1000);
		assert_int_equal(got.doubt, want);
	}
}

static void test_smtp(void **state)
{
	static const struct {
		const char *name;
		enum delivery_stage stage;
		const char *reply;
		enum delivery_event want;
		bool our_fault;
	} rows[] = {
		{"taken", STAGE_DATA, "250 2.0.0 queued", EVENT_ACCEPTED,
	         false},
		{"no such user", STAGE_RCPT, "550 5.1.1 who?",
	         EVENT_BAD_ADDRESS, false},
		{"mailbox disabled: in doubt", STAGE_RCPT, "550 5.2.1 disabled",
	         EVENT_REFUSED, false},
		{"Cisco ESA: in doubt", STAGE_RCPT,
	         "550 #5.1.0 Address rejected.", EVENT_REFUSED, false},
		{"a busy mailbox", STAGE_RCPT,
	         "550 5.2.1 receiving mail at a rate that is too high",
	         EVENT_TEMPORARY, false},
		{"a rate limit that blames the address", STAGE_RCPT,
	         "550 5.1.1 192.0.2.0 has sent to too many recipients",
	         EVENT_TEMPORARY, false},
		{"our address, blamed as theirs", STAGE_RCPT,
	         "550 5.1.0 <us@sender.example> sender rejected",
	         EVENT_TEMPORARY, true},
		{"our network, without a code", STAGE_RCPT,
	         "554 blocked, see https://list.example/", EVENT_TEMPORARY,
	         true},
		{"null MX", STAGE_RCPT, "556 5.1.10 null MX", EVENT_BAD_ADDRESS,
	         false},
		{"sender's domain unknown to them", STAGE_RCPT,
	         "550 5.1.8 sender domain not found", EVENT_TEMPORARY, true},
		{"sender's mailbox", STAGE_RCPT, "553 5.1.7 bad sender",
	         EVENT_TEMPORARY, true},
		{"a policy says no", STAGE_RCPT, "554 5.7.1 relay denied",
	         EVENT_TEMPORARY, true},
		{"log in first", STAGE_RCPT, "530 authenticate",
	         EVENT_TEMPORARY, true},
		{"mailbox full", STAGE_RCPT, "552 5.2.2 full", EVENT_TEMPORARY,
	         false},
		{"mailbox full without enhanced code", STAGE_RCPT, "552 full",
	         EVENT_TEMPORARY, false},
		{"550 says not enough to suppress", STAGE_RCPT, "550 no",
	         EVENT_REFUSED, false},
		{"any other reason", STAGE_RCPT, "550 5.4.1 no route",
	         EVENT_REFUSED, false},
		{"greylisted", STAGE_RCPT, "451 4.7.1 later", EVENT_TEMPORARY,
	         false},
		{"4xx with a user", STAGE_RCPT, "450 4.1.1 later",
	         EVENT_TEMPORARY, false},
		{"greeting refused", STAGE_GREETING, "554 5.7.1 not you",
	         EVENT_TEMPORARY, true},
		{"busy greeting", STAGE_GREETING, "421 4.3.2 busy",
	         EVENT_TEMPORARY, false},
		{"password wrong", STAGE_AUTH, "535 5.7.8 wrong",
	         EVENT_TEMPORARY, true},
		{"sender refused", STAGE_MAIL, "550 5.1.1 who are you",
	         EVENT_TEMPORARY, true},
		{"content refused", STAGE_DATA, "554 5.6.0 odd", EVENT_REFUSED,
	         false},
		{"too big for our server", STAGE_DATA, "552 5.3.4 too big",
	         EVENT_TEMPORARY, true},
		{"the same, as sendmail says it", STAGE_DATA,
	         "552 5.2.3 Message size exceeds fixed maximum",
	         EVENT_TEMPORARY, true},
		{"the same without enhanced code", STAGE_DATA,
	         "552 sorry, that exceeds my databytes limit", EVENT_TEMPORARY,
	         true},
		{"mailbox full, said late", STAGE_DATA, "552 5.2.2 full",
	         EVENT_TEMPORARY, false},
		{"its disk is full", STAGE_DATA, "554 5.3.1 no space",
	         EVENT_TEMPORARY, true},
		{"its settings are wrong", STAGE_RCPT,
	         "550 5.3.5 misconfigured", EVENT_TEMPORARY, true},
		{"content against policy", STAGE_DATA, "550 5.7.1 spam",
	         EVENT_TEMPORARY, true},
		{"user unknown, said late", STAGE_DATA, "550 5.1.1 who?",
	         EVENT_REFUSED, false},
		{"out of step", STAGE_RCPT, "354 go on", EVENT_TEMPORARY, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct delivery_answer got;

		ROW(&rows[i]);
		answer_of(rows[i].stage, rows[i].reply, &got);
		assert_int_equal(got.event, rows[i].want);
		assert_int_equal(got.our_fault, rows[i].our_fault);
		assert_int_equal(got.stage, rows[i].stage);
		assert_int_equal(got.code, strtol(rows[i].reply, NULL, 10));
		assert_string_equal(got.text, rows[i].reply);
	}
}

static void test_http(void **state)
{
	static const struct {
		const char *name;
		int status;
		enum delivery_event want, with_retry_after;
	} rows[] = {
		{"ok", 200, EVENT_ACCEPTED, EVENT_ACCEPTED},
		{"created", 201, EVENT_ACCEPTED, EVENT_ACCEPTED},
		{"accepted", 202, EVENT_ACCEPTED, EVENT_ACCEPTED},
		{"no content", 204, EVENT_ACCEPTED, EVENT_ACCEPTED},
		{"moved", 301, EVENT_REFUSED, EVENT_REFUSED},
		{"temporary redirect", 307, EVENT_REFUSED, EVENT_REFUSED},
		{"bad request", 400, EVENT_REFUSED, EVENT_TEMPORARY},
		{"not found", 404, EVENT_REFUSED, EVENT_TEMPORARY},
		{"request timeout", 408, EVENT_TEMPORARY, EVENT_TEMPORARY},
		{"gone", 410, EVENT_REFUSED, EVENT_TEMPORARY},
		{"forbidden", 403, EVENT_REFUSED, EVENT_TEMPORARY},
		{"too large", 413, EVENT_REFUSED, EVENT_TEMPORARY},
		{"misdirected", 421, EVENT_TEMPORARY, EVENT_TEMPORARY},
		{"too early", 425, EVENT_TEMPORARY, EVENT_TEMPORARY},
		{"too many", 429, EVENT_TEMPORARY, EVENT_TEMPORARY},
		{"server error", 500, EVENT_TEMPORARY, EVENT_TEMPORARY},
		{"unavailable", 503, EVENT_TEMPORARY, EVENT_TEMPORARY},
		{"a number nobody defined", 799, EVENT_TEMPORARY,
	         EVENT_TEMPORARY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct delivery_answer got;

		ROW(&rows[i]);
		verdict_http(rows[i].status, "said", true, &got);
		assert_int_equal(got.event, rows[i].with_retry_after);
		verdict_http(rows[i].status, "said", false, &got);
		assert_int_equal(got.event, rows[i].want);
		assert_int_equal(got.stage, STAGE_HTTP);
		assert_int_equal(got.code, rows[i].status);
		assert_non_null(strstr(got.text, "said"));
	}
}

static void test_exit(void **state)
{
	static const struct {
		const char *name;
		int status; /* as exit(3) had it */
		const char *said;
		enum delivery_event want;
		bool our_fault, in_doubt;
	} rows[] = {
		{"taken", EX_OK, "", EVENT_ACCEPTED, false, false},
		{"taken, with a word", EX_OK, "queued, 550 5.1.1 is no matter",
	         EVENT_ACCEPTED, false, false},
		{"not now", EX_TEMPFAIL, "", EVENT_TEMPORARY, false, false},
		{"no such user", EX_NOUSER, "", EVENT_REFUSED, false, true},
		{"no such user, and a reply that says so", EX_NOUSER,
	         "x@example.com... User unknown\n"
	         "550 5.1.1 <x@example.com>: User unknown",
	         EVENT_BAD_ADDRESS, false, false},
		{"no such user, but a reply that says else", EX_NOUSER,
	         "550 5.7.1 Relaying denied", EVENT_TEMPORARY, true, false},
		{"no such host: perhaps its own server", EX_NOHOST,
	         "msmtp: cannot locate host mx: Name or service not known",
	         EVENT_TEMPORARY, true, false},
		{"msmtp: log in first", EX_DATAERR,
	         "msmtp: envelope from address a@b not accepted by the server\n"
	         "msmtp: server message: 530 authentication required\n",
	         EVENT_TEMPORARY, true, false},
		{"msmtp: nobody there", EX_DATAERR,
	         "msmtp: recipient address x@example.com not accepted by the "
	         "server\nmsmtp: server message: 550 5.1.1 who?\n",
	         EVENT_BAD_ADDRESS, false, false},
		{"msmtp: disabled", EX_DATAERR,
	         "msmtp: server message: 550 5.2.1 mailbox disabled",
	         EVENT_REFUSED, false, true},
		{"msmtp: full", EX_DATAERR,
	         "msmtp: server message: 552 5.2.2 mailbox full",
	         EVENT_TEMPORARY, false, false},
		{"msmtp: greylisted", EX_UNAVAILABLE,
	         "msmtp: server message: 450 4.2.0 later", EVENT_TEMPORARY,
	         false, false},
		{"msmtp: too large", EX_UNAVAILABLE,
	         "msmtp: the server did not accept the mail\n"
	         "msmtp: server message: 552 5.3.4 too big",
	         EVENT_TEMPORARY, true, false},
		{"msmtp: a sender whom nobody knows", EX_DATAERR,
	         "msmtp: envelope from address a@b not accepted by the server\n"
	         "msmtp: server message: 550 5.1.1 unknown",
	         EVENT_TEMPORARY, true, false},
		{"esmtp takes the enhanced code away", EX_SOFTWARE,
	         "0 (null)\nx@example.com: 550 no such user", EVENT_TEMPORARY,
	         true, false},
		{"esmtp, for now", EX_SOFTWARE, "x@example.com: 450 grey",
	         EVENT_TEMPORARY, false, false},
		{"OpenSMTPD", 1,
	         "sendmail: command failed: 550 Invalid recipient: <x@e.com>",
	         EVENT_TEMPORARY, true, false},
		{"bad message", EX_DATAERR, "", EVENT_TEMPORARY, true, false},
		{"Postfix is down", EX_UNAVAILABLE, "", EVENT_TEMPORARY, true,
	         false},
		{"not allowed", EX_NOPERM, "", EVENT_TEMPORARY, true, false},
		{"the server speaks nonsense", EX_PROTOCOL, "", EVENT_TEMPORARY,
	         true, false},
		{"usage", EX_USAGE, "", EVENT_TEMPORARY, true, false},
		{"configuration", EX_CONFIG, "", EVENT_TEMPORARY, true, false},
		{"not started", 127, "", EVENT_TEMPORARY, true, false},
		{"a shell's false", 1, "", EVENT_TEMPORARY, true, false},
	};
	struct delivery_answer got;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		verdict_exit(W_EXITCODE(rows[i].status, 0),
		             span_of(rows[i].said), &got);
		assert_int_equal(got.event, rows[i].want);
		assert_int_equal(got.our_fault, rows[i].our_fault);
		assert_int_equal(got.doubt != 0, rows[i].in_doubt);
		assert_int_equal(got.stage, STAGE_LOCAL);
		assert_int_equal(got.code, rows[i].status);
	}
	verdict_exit(W_EXITCODE(0, SIGKILL),
	             span_of("it exceeded the time limit"), &got);
	assert_int_equal(got.event, EVENT_UNCERTAIN);
	assert_string_equal(got.text, "sendmail was terminated by signal 9: it "
	                              "exceeded the time limit");
}

static void test_file_names(void **state)
{
	static const struct {
		const char *name, *in, *want;
	} rows[] = {
		{"as it is", "a.example!b.example!1!2.json.gz",
	         "a.example!b.example!1!2.json.gz"},
		{"a way out", "../../etc/passwd", "_._.._etc_passwd"},
		{"hidden", ".profile", "_profile"},
		{"control and space", "a\nb c", "a_b_c"},
		{"nothing", "", "_"},
	};
	char got[DIR_NAME_MAX + 1], name[400];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		deliver_dir_name(rows[i].in, got);
		assert_string_equal(got, rows[i].want);
	}
	memset(name, 'x', sizeof(name));
	strcpy(name + sizeof(name) - 9, ".json.gz");
	deliver_dir_name(name, got);
	assert_int_equal(strlen(got), DIR_NAME_MAX);
	assert_string_equal(got + DIR_NAME_MAX - 8, ".json.gz");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smtp),       cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_http),       cmocka_unit_test(test_exit),
		cmocka_unit_test(test_file_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
