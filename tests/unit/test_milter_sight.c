#include "unit/test.h"

#include "base/auto.h"
#include "inmail/milter_sight.h"

#define SMTP "smtp inet n - y - - smtpd\n"
#define INNER "127.0.0.1:10026 inet n - n - - smtpd\n"
#define OTHERS                                                                 \
	"smtp unix - - y - - smtp\npickup unix n - n 60 1 pickup\n"            \
	"filter unix - - n - - smtpd-like\n"

/* main.cf and the -o as postconf(1) prints them; words: one a line, each by its
 * beginning. */
static const struct row {
	const char *name, *main_cf, *master_cf, *overrides;
	bool filtered;
	const char *filters;
	const char *words[4];
} rows[] = {
	{"all is shown",
         "smtpd_milters = inet:127.0.0.1:8892\n",
         SMTP OTHERS,
         "",
         false,
         "",
         {NULL}},
	{"a filter as Postfix's document has it",
         "smtpd_milters = inet:127.0.0.1:8892\n",
         SMTP INNER OTHERS,
         "smtp/inet/smtpd_proxy_filter = 127.0.0.1:10025\n"
         "127.0.0.1:10026/inet/smtpd_proxy_filter =\n",
         true,
         "",
         {"smtp/inet has a before-queue filter"}},
	{"a filter in main.cf, with no way round it",
         "smtpd_milters = inet:127.0.0.1:8892\n"
         "smtpd_proxy_filter = inet:192.0.2.7:10025\n",
         SMTP,
         "",
         true,
         "192.0.2.7 ",
         {"smtp/inet has a before-queue filter"}},
	{"filters elsewhere",
         "smtpd_milters = inet:127.0.0.1:8892\n",
         SMTP INNER "465 inet n - y - - smtpd\n587 inet n - y - - smtpd\n"
                    "588 inet n - y - - smtpd\n",
         "smtp/inet/smtpd_proxy_filter = [2001:db8::7]:10025\n"
         "465/inet/smtpd_proxy_filter = filter.site.example:10025\n"
         "587/inet/smtpd_proxy_filter = unix:private/filter\n"
         "588/inet/smtpd_proxy_filter = 10025\n",
         true,
         "2001:db8::7 ",
         {"smtp/inet has", "465/inet has", "587/inet has", "588/inet has"}},
	{"nothing behind the filter is shown",
         "smtpd_milters = inet:127.0.0.1:8892\n",
         SMTP INNER,
         "smtp/inet/smtpd_proxy_filter = 127.0.0.1:10025\n"
         "127.0.0.1:10026/inet/receive_override_options = "
         "no_unknown_recipient_checks,no_milters\n",
         true,
         "",
         {"smtp/inet has a before-queue filter",
          "no service after the before-queue filter shows mail"}},
	{"an after-queue filter's way back need not be shown",
         "smtpd_milters = inet:127.0.0.1:8892\n",
         SMTP INNER,
         "127.0.0.1:10026/inet/receive_override_options = no_milters\n",
         false,
         "",
         {NULL}},
	{"no_milters where mail comes in",
         "smtpd_milters = inet:127.0.0.1:8892\n"
         "receive_override_options = no_address_mappings, NO_MILTERS\n",
         SMTP,
         "",
         false,
         "",
         {"smtp/inet does not show mail to a milter: "
          "receive_override_options"}},
	{"no milter for one service",
         "smtpd_milters = inet:127.0.0.1:8892\n",
         SMTP "submission inet n - y - - smtpd\n"
              "smtpd pass - - y - - smtpd\n",
         "submission/inet/smtpd_milters =\n"
         "smtpd/pass/smtpd_milters = DISABLE\n",
         false,
         "",
         {"submission/inet does not show mail to a milter: its smtpd_milters "
          "is "
          "empty",
          "smtpd/pass does not show mail to a milter: its smtpd_milters is "
          "DISABLE"}},
	{"an instance without milters has nothing to show",
         "smtpd_milters =\n",
         SMTP INNER,
         "",
         false,
         "",
         {NULL}},
	{"a word that is longer",
         "smtpd_milters = inet:127.0.0.1:8892\n"
         "receive_override_options = no_milters_at_all\n",
         SMTP,
         "",
         false,
         "",
         {NULL}},
};

static void read_row(const struct row *row, struct arena *arena,
                     struct milter_sight *sight)
{
	struct postconf set = {0};

	postconf_read_settings(row->main_cf, strlen(row->main_cf), arena,
	                       &set.main);
	postconf_read_services(row->master_cf, strlen(row->master_cf), arena,
	                       &set);
	postconf_read_settings(row->overrides, strlen(row->overrides), arena,
	                       &set.overrides);
	milter_sight_add(sight, &set, arena);
}

static void test_instances(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		struct milter_sight sight = {0};
		char filters[200] = "";

		ROW(&rows[i]);
		read_row(&rows[i], &arena, &sight);
		assert_int_equal(sight.filtered, rows[i].filtered);
		for (size_t j = 0; j < sight.filter_count; j++) {
			strcat(filters, sight.filters[j]);
			strcat(filters, " ");
		}
		assert_string_equal(filters, rows[i].filters);
		for (size_t j = 0; j < sight.word_count; j++) {
			assert_true(j < COUNT(rows[i].words));
			assert_non_null(rows[i].words[j]);
			assert_memory_equal(sight.words[j], rows[i].words[j],
			                    strlen(rows[i].words[j]));
		}
		assert_true(sight.word_count == COUNT(rows[i].words) ||
		            rows[i].words[sight.word_count] == NULL);
	}
}

/* One instance has a filter, another has none: there is one. */
static void test_several(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	struct milter_sight sight = {0};

	(void)state;
	for (size_t i = 0; i < 20; i++)
		read_row(&rows[i % 3], &arena, &sight);
	assert_true(sight.filtered);
	assert_int_equal(sight.filter_count, 6);
	assert_int_equal(sight.word_count, 13);
	for (size_t i = 0; i < 20; i++)
		read_row(&rows[2], &arena, &sight);
	assert_int_equal(sight.filter_count, MILTER_SIGHT_FILTERS);
	assert_int_equal(sight.word_count, MILTER_SIGHT_WORDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
