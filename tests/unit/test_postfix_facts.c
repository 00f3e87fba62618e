#include "unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path_access.h"
#include "postfix/milter_watch.h"
#include "postfix/postfix_facts.h"

static void test_versions(void **state)
{
	static const struct {
		const char *text;
		bool is_one;
		struct postfix_version version;
	} rows[] = {
		{"3.10.13", true, {3, 10, 13}},
		{"3.7.11", true, {3, 7, 11}},
		{"3.11-20250101", true, {3, 11, 0}},
		{"3.10-RC1", true, {3, 10, 0}},
		{"4.0.1-nonprod", true, {4, 0, 1}},
		{"3", false, {3, 0, 0}},
		{"", false, {0, 0, 0}},
		{"99999999999.1", false, {0, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct postfix_version got;

		print_message("  %s\n", rows[i].text);
		assert_int_equal(postfix_version_read(rows[i].text, &got),
		                 rows[i].is_one);
		if (rows[i].is_one)
			assert_memory_equal(&got, &rows[i].version,
			                    sizeof(got));
	}
	assert_true(postfix_is_before(&rows[0].version, 3, 11, 0));
	assert_true(postfix_is_before(&rows[0].version, 3, 10, 14));
	assert_false(postfix_is_before(&rows[0].version, 3, 10, 13));
	assert_false(postfix_is_before(&rows[0].version, 3, 9, 99));
}

/* What postconf prints, as a site has it. */
static struct postfix_instance instance_of(const char *main_cf,
                                           const char *services,
                                           const char *overrides,
                                           struct arena *arena)
{
	struct postfix_instance instance = {.directory = "/nowhere",
	                                    .known = true};

	postconf_read_settings(main_cf, strlen(main_cf), arena,
	                       &instance.set.main);
	postconf_read_services(services, strlen(services), arena,
	                       &instance.set);
	postconf_read_settings(overrides, strlen(overrides), arena,
	                       &instance.set.overrides);
	return instance;
}

static void test_clients(void **state)
{
	static const struct {
		const char *name, *main_cf, *services, *overrides;
		const char *level, *path;
		bool sends;
	} rows[] = {
		{"a relative name is in the queue directory",
	         "queue_directory = /q\nsmtp_tlsrpt_enable = yes\n"
	         "smtp_tlsrpt_socket_name = run/t.sock\n"
	         "smtp_tls_security_level = may\n",
	         "smtp unix - - n - - smtp\n", "", "may", "/q/run/t.sock",
	         true},
		{"an absolute one is what it says",
	         "queue_directory = /q\nsmtp_tlsrpt_socket_name = /run/t\n"
	         "smtp_use_tls = yes\n",
	         "smtp unix - - n - - smtp\n", "", "may", "/run/t", false},
		{"but for a service in its chroot",
	         "queue_directory = /q\nsmtp_tlsrpt_socket_name = /run/t\n"
	         "smtp_enforce_tls = yes\nsmtp_tls_enforce_peername = no\n",
	         "smtp unix - - y - - smtp\n", "", "encrypt", "/q/run/t",
	         false},
		{"names are verified unless that is off",
	         "smtp_enforce_tls = yes\n", "smtp unix - - n - - smtp\n", "",
	         "verify", NULL, false},
		{"what the service says of itself goes before",
	         "smtp_tls_security_level = may\nsmtp_tlsrpt_enable = yes\n",
	         "smtp unix - - y - - smtp\n",
	         "smtp/unix/smtp_tls_security_level = dane\n"
	         "smtp/unix/smtp_tlsrpt_enable = no\n",
	         "dane", NULL, false},
		{"nothing is set", "", "smtp unix - - y - - smtp\n", "", "none",
	         NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		struct postfix_instance instance =
			instance_of(rows[i].main_cf, rows[i].services,
		                    rows[i].overrides, &arena);
		struct postfix_facts facts;

		ROW(&rows[i]);
		postfix_facts_of(&instance, &arena, &facts);
		assert_int_equal(facts.client_count, 1);
		assert_string_equal(facts.clients[0].level, rows[i].level);
		assert_int_equal(facts.clients[0].sends_events, rows[i].sends);
		if (rows[i].path == NULL)
			assert_null(facts.clients[0].socket_path);
		else
			assert_string_equal(facts.clients[0].socket_path,
			                    rows[i].path);
	}
}

static void test_milters(void **state)
{
	static const struct {
		const char *name, *value, *socket;
		int at;
		size_t count;
		const char *action;
	} rows[] = {
		{"none", "", "inet:127.0.0.1:8892", -1, 0, NULL},
		{"alone", "inet:127.0.0.1:8892", "inet:127.0.0.1:8892", 0, 1,
	         "tempfail"},
		{"by another name", "inet:localhost:8892",
	         "inet:127.0.0.1:8892", 0, 1, "tempfail"},
		{"another port", "inet:127.0.0.1:8891", "inet:127.0.0.1:8892",
	         -1, 1, NULL},
		{"behind a signer, with its own action",
	         "unix:opendkim/opendkim.sock,\t{ inet:127.0.0.1:8892, "
	         "command_timeout=10s,default_action=accept }",
	         "inet:127.0.0.1:8892", 1, 2, "accept"},
		{"a path from the queue directory", "unix:tlstally/m.sock",
	         "unix:/q/tlstally/m.sock", 0, 1, "tempfail"},
		{"the same as smtpd sees it in its chroot",
	         "unix:/tlstally/m.sock", "unix:/q/tlstally/m.sock", 0, 1,
	         "tempfail"},
		{"another path", "unix:tlstally/n.sock",
	         "unix:/q/tlstally/m.sock", -1, 1, NULL},
		{"braces without an end", "{ inet:127.0.0.1:8892",
	         "inet:127.0.0.1:8892", 0, 1, "tempfail"},
		{"braces around nothing", "{}, {}, { }", "inet:127.0.0.1:8892",
	         -1, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		struct postfix_milters milters;
		int at;

		ROW(&rows[i]);
		postfix_milters_read(rows[i].value, "tempfail", &arena,
		                     &milters);
		at = postfix_milters_find(&milters, "/q", rows[i].socket);
		assert_int_equal(milters.count, rows[i].count);
		assert_int_equal(at, rows[i].at);
		if (at >= 0)
			assert_string_equal(milters.list[at].default_action,
			                    rows[i].action);
	}
}

/* Does a filter stand before our milter, wherever that is listed? */
static void test_milter_is_first(void **state)
{
	static const struct {
		const char *name, *main_cf;
		bool is_first;
	} rows[] = {
		{"behind a filter",
	         "smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8892\n"
	         "non_smtpd_milters = $smtpd_milters\n",
	         false},
		{"alone", "smtpd_milters = inet:127.0.0.1:8892\n", true},
		{"before the filter",
	         "smtpd_milters = inet:127.0.0.1:8892, inet:127.0.0.1:8891\n",
	         true},
		{"before it for local mail",
	         "smtpd_milters = inet:127.0.0.1:8891, inet:127.0.0.1:8892\n"
	         "non_smtpd_milters = inet:127.0.0.1:8892\n",
	         true},
		{"nowhere", "smtpd_milters = inet:127.0.0.1:8891\n", false},
		{"no milters", "", false},
	};
	struct err err = {0};
	struct conf conf;

	(void)state;
	conf_init(&conf);
	assert_int_equal(
		conf_set(&conf, "milter.socket=inet:127.0.0.1:8892", &err), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		struct postfix_instance instance =
			instance_of(rows[i].main_cf, "", "", &arena);
		const struct postfix_site site = {.instances = &instance,
		                                  .count = 1};
		const char *first = milter_watch_first(&conf, &site, &arena);

		ROW(&rows[i]);
		assert_int_equal(first != NULL, rows[i].is_first);
		if (first != NULL)
			assert_string_equal(first, "/nowhere");
		instance.known = false;
		assert_null(milter_watch_first(&conf, &site, &arena));
	}
	conf_clear(&conf);
}

/* A name that Postfix does not know is seen in the file alone. */
static void test_main_cf(void **state)
{
	char directory[] = "/tmp/test_postfix_facts.XXXXXX", path[64];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_false(postfix_main_cf_sets(directory, "smtp_tlsrpt_enable"));
	snprintf(path, sizeof(path), "%s/main.cf", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("# smtp_tlsrpt_enable = no\nx = y\n  smtp_tlsrpt_enable = no\n"
	      "smtp_tlsrpt_enabled = no\nsmtp_tls_level=may\n",
	      file);
	fclose(file);
	assert_false(postfix_main_cf_sets(directory, "smtp_tlsrpt_enable"));
	assert_true(postfix_main_cf_sets(directory, "smtp_tls_level"));
	file = fopen(path, "a");
	assert_non_null(file);
	fputs("smtp_tlsrpt_enable  = yes", file);
	fclose(file);
	assert_true(postfix_main_cf_sets(directory, "smtp_tlsrpt_enable"));
	unlink(path);
	rmdir(directory);
}

/* A file in two directories, and who gets at it. */
static void test_access(void **state)
{
	enum { SOMEBODY = 4711, THEIR_GROUP = 4712 };
	static const struct {
		const char *name;
		mode_t top, below, file;
		bool in_group;
		bool from_top;
		enum access_verdict verdict;
		const char *at;
	} rows[] = {
		{"everybody may", 0755, 0755, 0666, false, false,
	         ACCESS_GRANTED, "/top/below/file"},
		{"the file says no", 0755, 0755, 0644, false, false,
	         ACCESS_DENIED, "/top/below/file"},
		{"the group may", 0755, 0750, 0660, true, false, ACCESS_GRANTED,
	         "/top/below/file"},
		{"a stranger may not pass", 0755, 0750, 0666, false, false,
	         ACCESS_DENIED, "/top/below"},
		{"the first directory says no", 0700, 0755, 0666, true, false,
	         ACCESS_DENIED, "/top"},
		{"a process that is in there may", 0755, 0755, 0666, false,
	         true, ACCESS_GRANTED, "/top/below/file"},
		{"the class that fits first decides", 0755, 0755, 0606, true,
	         false, ACCESS_DENIED, "/top/below/file"},
	};
	char root[] = "/tmp/test_postfix_facts.XXXXXX", text[128];

	(void)state;
	assert_non_null(mkdtemp(root));
	chmod(root, 0755);
	snprintf(text, sizeof(text),
	         "mkdir -p %s/top/below; > %s/top/below/file", root, root);
	assert_int_equal(system(text), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct access_user user = {SOMEBODY, {THEIR_GROUP}, 1};
		struct access_answer answer;
		char path[128], from[64] = "";

		ROW(&rows[i]);
		if (rows[i].in_group)
			user.groups[0] = getegid();
		snprintf(path, sizeof(path), "%s/top/below/file", root);
		chmod(path, rows[i].file);
		snprintf(path, sizeof(path), "%s/top/below", root);
		chmod(path, rows[i].below);
		snprintf(path, sizeof(path), "%s/top", root);
		chmod(path, rows[i].top);
		snprintf(path, sizeof(path), "%s/top/below/file", root);
		if (rows[i].from_top)
			snprintf(from, sizeof(from), "%s/top", root);
		access_look(&user, path, from, ACCESS_WRITE, &answer);
		assert_int_equal(answer.verdict, rows[i].verdict);
		assert_string_equal(answer.at + strlen(root), rows[i].at);
		chmod(path, 0755);
		snprintf(path, sizeof(path), "%s/top", root);
		chmod(path, 0755);
	}
	snprintf(text, sizeof(text), "%s/top/nothing", root);
	{
		struct access_user user = {SOMEBODY, {THEIR_GROUP}, 1};
		struct access_answer answer;

		access_look(&user, text, "", ACCESS_READ, &answer);
		assert_int_equal(answer.verdict, ACCESS_MISSING);
		user.uid = 0;
		access_look(&user, root, "/", ACCESS_WRITE, &answer);
		assert_int_equal(answer.verdict, ACCESS_GRANTED);
	}
	snprintf(text, sizeof(text), "rm -r %s", root);
	assert_int_equal(system(text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_milters),
		cmocka_unit_test(test_main_cf),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_milter_is_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
