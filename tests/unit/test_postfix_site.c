#include "unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/auto.h"
#include "postfix/postconf_run.h"
#include "postfix/postfix_site.h"

/* Postfix as a folder with a postconf of ours, which stands first in the path:
 * it prints the file that the instance's folder has for the question, and
 * notes that it was called. */
struct world {
	char root[64];
	char path[512];
};

static const char script[] =
	"#!/bin/sh\n"
	"directory=%s/main; what=$1; shift\n"
	"if [ \"$1\" = -c ]; then directory=$2; shift 2; fi\n"
	"echo \"$what $directory\" >>%s/calls\n"
	"test -e \"$directory/broken\" && echo a warning >&2 &&\n"
	"    echo postconf: fatal: bad main.cf >&2 && exit 1\n"
	"if [ \"$1\" = config_directory ]; then\n"
	"    echo config_directory = %s/main; exit\n"
	"fi\n"
	"cat \"$directory/out$what\"\n";

static void put(const struct world *world, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", world->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void put_instance(const struct world *world, const char *directory,
                         const char *main_cf)
{
	static const char *const files[] = {"main.cf", "master.cf"};
	char name[128];

	snprintf(name, sizeof(name), "%s/%s", world->root, directory);
	mkdir(name, 0755);
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(name, sizeof(name), "%s/%s", directory, files[i]);
		put(world, name, "");
	}
	snprintf(name, sizeof(name), "%s/out-x", directory);
	put(world, name, main_cf);
	snprintf(name, sizeof(name), "%s/out-xM", directory);
	put(world, name, "smtp unix - - y - - smtp\n");
	snprintf(name, sizeof(name), "%s/out-xP", directory);
	put(world, name, "smtp/unix/smtp_tls_loglevel = 1\n");
}

static int begin(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char text[1024], name[128];

	strcpy(world->root, "/tmp/test_postfix_site.XXXXXX");
	assert_non_null(mkdtemp(world->root));
	snprintf(text, sizeof(text), script, world->root, world->root,
	         world->root);
	put(world, "postconf", text);
	snprintf(name, sizeof(name), "%s/postconf", world->root);
	chmod(name, 0755);
	snprintf(world->path, sizeof(world->path), "%s", getenv("PATH"));
	snprintf(text, sizeof(text), "%s:%s", world->root, world->path);
	setenv("PATH", text, 1);
	unsetenv("MAIL_CONFIG");
	snprintf(text, sizeof(text),
	         "mail_owner = postfix\n"
	         "multi_instance_directories = %s/out, %s/off\n",
	         world->root, world->root);
	put_instance(world, "main", text);
	put_instance(
		world, "out",
		"syslog_name = postfix-out\nmulti_instance_enable = yes\n");
	put_instance(world, "off", "multi_instance_enable = no\n");
	put_instance(world, "other", "syslog_name = other\n");
	*state = world;
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;
	char text[128];

	setenv("PATH", world->path, 1);
	snprintf(text, sizeof(text), "rm -r %s", world->root);
	assert_int_equal(system(text), 0);
	free(world);
	return 0;
}

static unsigned count_calls(const struct world *world)
{
	char path[128], line[256];
	unsigned count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/calls", world->root);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count++;
	if (file != NULL)
		fclose(file);
	return count;
}

static struct conf conf_with(char *directory)
{
	struct conf conf = {0};

	conf.log.postfix_config_directory = directory;
	return conf;
}

static void test_instances(void **state)
{
	static const struct {
		const char *name, *directory;
		bool known, sends;
	} rows[] = {
		{"the default one", "main", true, true},
		{"another that postmulti starts", "out", true, true},
		{"one that is not enabled", "off", false, true},
	};
	struct world *world = *state;
	char none[] = "", path[128];
	struct conf conf = conf_with(none);
	auto_(postfix_site_free) struct postfix_site *site =
		postfix_site_ask(&conf);

	assert_int_equal(site->count, COUNT(rows));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct postfix_instance *instance = &site->instances[i];

		ROW(&rows[i]);
		snprintf(path, sizeof(path), "%s/%s", world->root,
		         rows[i].directory);
		assert_string_equal(instance->directory, path);
		assert_int_equal(instance->known, rows[i].known);
		assert_int_equal(instance->sends, rows[i].sends);
		if (!rows[i].known)
			continue;
		assert_int_equal(instance->set.service_count, 1);
		assert_string_equal(
			postconf_of_service(&instance->set,
		                            &instance->set.services[0],
		                            "smtp_tls_loglevel"),
			"1");
	}
	assert_string_equal(
		postconf_get(&site->instances[1].set, "syslog_name"),
		"postfix-out");
	assert_string_equal(site->trouble.text, "");
}

static void test_named_sender(void **state)
{
	struct world *world = *state;
	char path[128];
	struct conf conf = conf_with(path);

	snprintf(path, sizeof(path), "%s/other", world->root);
	{
		auto_(postfix_site_free) struct postfix_site *site =
			postfix_site_ask(&conf);

		assert_int_equal(site->count, 4);
		assert_string_equal(site->instances[3].directory, path);
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(site->instances[i].sends, i == 3);
	}
}

/* Postfix 3.10 prints another directory just after main.cf was changed. */
static void test_mail_config(void **state)
{
	struct world *world = *state;
	char none[] = "", path[128];
	struct conf conf = conf_with(none);

	snprintf(path, sizeof(path), "%s/other", world->root);
	setenv("MAIL_CONFIG", path, 1);
	{
		auto_(postfix_site_free) struct postfix_site *site =
			postfix_site_ask(&conf);

		assert_int_equal(site->count, 1);
		assert_string_equal(site->instances[0].directory, path);
		assert_true(site->instances[0].known);
	}
	unsetenv("MAIL_CONFIG");
}

/* Looking whether something changed starts no process. */
static void test_changes(void **state)
{
	struct world *world = *state;
	char none[] = "", path[128];
	struct conf conf = conf_with(none);
	struct timeval times[2] = {{1000, 0}, {1000, 0}};
	auto_(postfix_site_free) struct postfix_site *site =
		postfix_site_ask(&conf);
	unsigned calls = count_calls(world);

	assert_int_equal(calls, 1 + 3 * 3);
	assert_false(postfix_site_changed(site));
	snprintf(path, sizeof(path), "%s/out/master.cf", world->root);
	utimes(path, times);
	assert_true(postfix_site_changed(site));
	postfix_site_free(&site);
	site = postfix_site_ask(&conf);
	assert_false(postfix_site_changed(site));
	put(world, "main/main.cf", "x");
	assert_true(postfix_site_changed(site));
	postfix_site_free(&site);
	site = postfix_site_ask(&conf);
	calls = count_calls(world);
	assert_false(postfix_site_changed(site));
	remove(path);
	assert_true(postfix_site_changed(site));
	assert_int_equal(count_calls(world), calls);
}

static void test_trouble(void **state)
{
	struct world *world = *state;
	char none[] = "";
	struct conf conf = conf_with(none);

	put(world, "out/broken", "");
	{
		auto_(postfix_site_free) struct postfix_site *site =
			postfix_site_ask(&conf);

		assert_int_equal(site->count, 3);
		assert_true(site->instances[0].known);
		assert_false(site->instances[1].known);
		assert_string_equal(
			site->trouble.text,
			"postconf failed (exit status 1): postconf: "
			"fatal: bad main.cf");
	}
	put(world, "main/broken", "");
	{
		auto_(postfix_site_free) struct postfix_site *site =
			postfix_site_ask(&conf);

		/* where the default instance usually is */
		assert_int_equal(site->count, 1);
		assert_string_equal(site->instances[0].directory,
		                    "/etc/postfix");
		assert_false(postfix_site_changed(site));
	}
}

/* A postconf that prints how it was called. */
static void test_how_it_asks(void **state)
{
	static const struct {
		const char *name, *directory, *what, *script, *want;
		int rc;
	} rows[] = {
		{"the default instance", "", "-x", "echo \"$*\"", "-x a b\n",
	         0},
		{"another instance", "/etc/postfix-out", "-xM", "echo \"$*\"",
	         "-xM -c /etc/postfix-out a b\n", 0},
		{"one that fails", "/nowhere", "-x", "exit 3", "", ERR_IO},
		{"one that prints without end", "", "-x", "exec cat /dev/zero",
	         NULL, ERR_LIMIT},
		{"one that stays when all is said", "", "-x",
	         "echo a; exec >&-; exec sleep 3600", NULL, ERR_BUSY},
	};
	static const char *const names[] = {"a", "b", NULL};
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf out = {0};
		struct err err = {0};
		char text[128];

		ROW(&rows[i]);
		snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", rows[i].script);
		put(world, "postconf", text);
		assert_int_equal(postconf_run(rows[i].directory, rows[i].what,
		                              names, &out, &err),
		                 rows[i].rc);
		if (rows[i].want != NULL)
			assert_string_equal(strbuf_text(&out), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_instances, begin, end),
		cmocka_unit_test_setup_teardown(test_named_sender, begin, end),
		cmocka_unit_test_setup_teardown(test_mail_config, begin, end),
		cmocka_unit_test_setup_teardown(test_changes, begin, end),
		cmocka_unit_test_setup_teardown(test_trouble, begin, end),
		cmocka_unit_test_setup_teardown(test_how_it_asks, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
