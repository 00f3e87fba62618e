#include "unit/test.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "maillog/postconf.h"

/* As postconf 3.7 prints them. */
static const char main_cf[] =
	"relayhost = [smtp.relay.example]:587\n"
	"smtp_tls_loglevel = 1\n"
	"smtp_tls_policy_maps =\n"
	"smtp_tls_security_level = may\n"
	"transport_maps = pcre:{ {/a = b/ x:[y]} }, hash:/etc/postfix/t\n"
	"no setting at all\n"
	" = nothing\n"
	"smtp_tls_loglevel = 2\n";

static const char master_cf[] =
	"smtp       inet  n       -       y       -       -       smtpd\n"
	"smtp       unix  -       -       y       -       -       smtp\n"
	"relay      unix  -       -       n       -       -       smtp -o "
	"syslog_name=postfix/relay -o smtp_tls_loglevel=0\n"
	"127.0.0.1:10025 inet n - n - - smtpd\n"
	"lmtp       unix  -       -       y       -       -       lmtp\n"
	"cut off    unix  -\n"
	"mailman unix - n n - - pipe flags=X\n";

static const char overrides[] = "relay/unix/syslog_name = postfix/relay\n"
				"relay/unix/smtp_tls_loglevel = 0\n"
				"relay/unix/relayhost =\n"
				"127.0.0.1:10025/inet/smtp_tls_loglevel = 3\n";

static void read_all(struct arena *arena, struct postconf *set)
{
	arena_init(arena);
	memset(set, 0, sizeof(*set));
	postconf_read_settings(main_cf, strlen(main_cf), arena, &set->main);
	postconf_read_services(master_cf, strlen(master_cf), arena, set);
	postconf_read_settings(overrides, strlen(overrides), arena,
	                       &set->overrides);
}

static void test_main_cf(void **state)
{
	static const struct {
		const char *name, *setting, *want;
	} rows[] = {
		{"a value", "relayhost", "[smtp.relay.example]:587"},
		{"an empty one", "smtp_tls_policy_maps", ""},
		{"a value with = in it", "transport_maps",
	         "pcre:{ {/a = b/ x:[y]} }, hash:/etc/postfix/t"},
		{"twice: the last", "smtp_tls_loglevel", "2"},
		{"not known to this Postfix", "smtp_tlsrpt_enable", NULL},
		{"a part of a name", "smtp_tls", NULL},
		{"no name", "", NULL},
	};
	auto_(arena_clear) struct arena arena;
	struct postconf set;

	(void)state;
	read_all(&arena, &set);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = postconf_get(&set, rows[i].setting);

		ROW(&rows[i]);
		if (rows[i].want == NULL)
			assert_null(got);
		else
			assert_string_equal(got, rows[i].want);
	}
}

static void test_services(void **state)
{
	static const struct {
		const char *name, *service, *type, *program;
		bool chroot, smtp;
		const char *loglevel, *relayhost;
	} rows[] = {
		{"smtpd is no client", "smtp", "inet", "smtpd", true, false,
	         "2", "[smtp.relay.example]:587"},
		{"no -o: main.cf's", "smtp", "unix", "smtp", true, true, "2",
	         "[smtp.relay.example]:587"},
		{"-o, an empty one too", "relay", "unix", "smtp", false, true,
	         "0", ""},
		{"a name with a port", "127.0.0.1:10025", "inet", "smtpd",
	         false, false, "3", "[smtp.relay.example]:587"},
		{"lmtp is not SMTP", "lmtp", "unix", "lmtp", true, false, "2",
	         "[smtp.relay.example]:587"},
		{"one with arguments", "mailman", "unix", "pipe", false, false,
	         "2", "[smtp.relay.example]:587"},
	};
	auto_(arena_clear) struct arena arena;
	struct postconf set;

	(void)state;
	read_all(&arena, &set);
	assert_int_equal(set.service_count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct postconf_service *service = &set.services[i];

		ROW(&rows[i]);
		assert_string_equal(service->name, rows[i].service);
		assert_string_equal(service->type, rows[i].type);
		assert_string_equal(service->program, rows[i].program);
		assert_int_equal(service->chroot, rows[i].chroot);
		assert_int_equal(postconf_is_smtp(service), rows[i].smtp);
		assert_string_equal(
			postconf_of_service(&set, service, "smtp_tls_loglevel"),
			rows[i].loglevel);
		assert_string_equal(
			postconf_of_service(&set, service, "relayhost"),
			rows[i].relayhost);
		assert_null(postconf_of_service(&set, service, "unknown"));
	}
}

static void test_logs_tls(void **state)
{
	static const struct {
		const char *name, *level;
		bool want;
	} rows[] = {
		{"Postfix's default", "0", false},
		{"nothing", "", false},
		{"none", "none", false},
		{"what Debian's users set", "1", true},
		{"any number above", "4", true},
		{"for good measure", "9", true},
		{"in words", "routine", true},
		{"in any case", "SUMMARY", true},
		{"several", "untrusted, peercert, summary", true},
		{"failures alone", "untrusted", false},
		{"0 beside a word that logs", "0 summary", true},
		{"Postfix ignores all when it does not know one", "1, verbos",
	         false},
		{"no number of one digit", "10", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(postconf_logs_tls(rows[i].level),
		                 rows[i].want);
	}
}

/* However much there is, so much is kept. */
static void test_bounds(void **state)
{
	auto_(arena_clear) struct arena arena;
	auto_(strbuf_clear) struct strbuf lines = {0}, services = {0};
	struct postconf set = {0};

	(void)state;
	arena_init(&arena);
	for (unsigned i = 0; i < POSTCONF_SETTINGS_MAX + 10; i++)
		strbuf_printf(&lines, "name%u = %u\n", i, i);
	for (unsigned i = 0; i < POSTCONF_SERVICES_MAX + 10; i++)
		strbuf_printf(&services, "s%u unix - - n - - smtp\n", i);
	postconf_read_settings(lines.data, lines.len, &arena, &set.main);
	postconf_read_services(services.data, services.len, &arena, &set);
	assert_int_equal(set.main.count, POSTCONF_SETTINGS_MAX);
	assert_int_equal(set.service_count, POSTCONF_SERVICES_MAX);
	postconf_read_settings("", 0, &arena, &set.main);
	postconf_read_services("", 0, &arena, &set);
	assert_int_equal(set.main.count, 0);
	assert_int_equal(set.service_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_main_cf),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_logs_tls),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
