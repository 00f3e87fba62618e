#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "postfix/policy_maps.h"
#include "postfix/socketmap.h"

#define OURS "unix:/q/run/tlstally/policyd.sock"

static void test_lists(void **state)
{
	static const struct {
		const char *name, *list, *ours;
		bool chroot;
		enum policy_map_of of;
		const char *map, *path; /* of the first that speaks socketmap;
		                           NULL: there is none */
		size_t count, other_count;
	} rows[] = {
		{"nothing", "", OURS, true, 0, NULL, NULL, 0, 0},
		{"tables alone", "texthash:/etc/postfix/tls, inline:{a=b, c=d}",
	         OURS, true, 0, NULL, NULL, 0, 2},
		{"ours, from the queue directory",
	         "socketmap:unix:run/tlstally/policyd.sock:QUERYwithTLSRPT",
	         OURS, true, POLICY_MAP_OURS, "QUERYwithTLSRPT",
	         "/q/run/tlstally/policyd.sock", 1, 0},
		{"ours, as it is within the chroot",
	         "socketmap:unix:/run/tlstally/policyd.sock:QUERY", OURS, true,
	         POLICY_MAP_OURS, "QUERY", "/q/run/tlstally/policyd.sock", 1,
	         0},
		{"ours, absolute and without a chroot",
	         "hash:/x socketmap:unix:/q/run/tlstally/policyd.sock:QUERY",
	         OURS, false, POLICY_MAP_OURS, "QUERY",
	         "/q/run/tlstally/policyd.sock", 1, 1},
		{"ours, absolute, which is elsewhere within the chroot",
	         "socketmap:unix:/q/run/tlstally/policyd.sock:QUERY", OURS,
	         true, POLICY_MAP_OURS, "QUERY",
	         "/q/q/run/tlstally/policyd.sock", 1, 0},
		{"ours, asked by proxymap",
	         "proxy:socketmap:unix:/q/run/tlstally/policyd.sock:QUERY",
	         OURS, true, POLICY_MAP_OURS, "QUERY",
	         "/q/run/tlstally/policyd.sock", 1, 0},
		{"ours, by its port",
	         "socketmap:inet:localhost:8463:QUERYwithTLSRPT",
	         "inet:127.0.0.1:8463", true, POLICY_MAP_OURS,
	         "QUERYwithTLSRPT", NULL, 1, 0},
		{"postfix-tlspol", "socketmap:inet:127.0.0.1:8642:QUERY", OURS,
	         true, POLICY_MAP_TLSPOL, "QUERY", NULL, 1, 0},
		{"postfix-tlspol on a unix socket",
	         "socketmap:unix:/run/postfix-tlspol/tlspol.sock:QUERY", OURS,
	         false, POLICY_MAP_TLSPOL, "QUERY",
	         "/run/postfix-tlspol/tlspol.sock", 1, 0},
		{"postfix-mta-sts-resolver",
	         "socketmap:inet:127.0.0.1:8461:postfix", OURS, true,
	         POLICY_MAP_STS_RESOLVER, "postfix", NULL, 1, 0},
		{"another zone of it, on a unix socket",
	         "socketmap:unix:/run/mta-sts/daemon.sock:strict", OURS, false,
	         POLICY_MAP_STS_RESOLVER, "strict", "/run/mta-sts/daemon.sock",
	         1, 0},
		{"anybody's", "socketmap:inet:192.0.2.1:1234:maps", OURS, true,
	         POLICY_MAP_UNKNOWN, "maps", NULL, 1, 0},
		{"a name that is missing", "socketmap:unix", OURS, true, 0,
	         NULL, NULL, 0, 1},
		{"two of them",
	         "socketmap:inet:127.0.0.1:8642:QUERY,socketmap:inet:a:1:b",
	         OURS, true, POLICY_MAP_TLSPOL, "QUERY", NULL, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		const struct policy_maps_place place = {"/q", rows[i].chroot,
		                                        rows[i].ours};
		struct policy_maps maps;

		ROW(&rows[i]);
		policy_maps_read(rows[i].list, &place, &arena, &maps);
		assert_int_equal(maps.count, rows[i].count);
		assert_int_equal(maps.other_count, rows[i].other_count);
		if (rows[i].map == NULL)
			continue;
		assert_int_equal(maps.list[0].of, rows[i].of);
		assert_ptr_equal(policy_maps_find(&maps, rows[i].of),
		                 &maps.list[0]);
		assert_string_equal(maps.list[0].name, rows[i].map);
		assert_non_null(strstr(rows[i].list, maps.list[0].item));
		if (rows[i].path == NULL)
			assert_null(maps.list[0].path);
		else
			assert_string_equal(maps.list[0].path, rows[i].path);
	}
}

/* What setup writes into main.cf. */
static void test_items(void **state)
{
	static const struct {
		const char *version, *ours, *want;
	} rows[] = {
		{"3.4.13", OURS,
	         "socketmap:unix:run/tlstally/policyd.sock:QUERY"},
		{"3.9.10", OURS,
	         "socketmap:unix:run/tlstally/policyd.sock:QUERY"},
		{"3.10.0", OURS,
	         "socketmap:unix:run/tlstally/policyd.sock:QUERYwithTLSRPT"},
		{"3.12-20260821", "unix:/run/p",
	         "socketmap:unix:/run/p:QUERYwithTLSRPT"},
		{"", "inet:0.0.0.0:8463",
	         "socketmap:inet:127.0.0.1:8463:QUERY"},
		{"4.0.0", "inet:[::1]:8463",
	         "socketmap:inet:[::1]:8463:QUERYwithTLSRPT"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		struct postconf set = {0};
		char text[128];

		print_message("  %s %s\n", rows[i].version, rows[i].ours);
		snprintf(text, sizeof(text),
		         "queue_directory = /q\nmail_version = %s\n",
		         rows[i].version);
		postconf_read_settings(text, strlen(text), &arena, &set.main);
		assert_string_equal(policy_map_item(&set, rows[i].ours, &arena),
		                    rows[i].want);
	}
}

static void test_answers(void **state)
{
	static const struct {
		const char *name, *data;
		int want; /* 1, 0, a class */
		enum socketmap_status status;
		const char *text;
	} rows[] = {
		{"a policy", "14:OK secure a=b,", 0, 0, NULL},
		{"a whole one", "13:OK secure a=b,", 1, SOCKETMAP_OK,
	         "secure a=b"},
		{"nothing is known", "9:NOTFOUND ,", 1, SOCKETMAP_NOTFOUND, ""},
		{"without the space", "8:NOTFOUND,", 1, SOCKETMAP_NOTFOUND, ""},
		{"later", "14:TEMP no answer,", 1, SOCKETMAP_TEMP, "no answer"},
		{"too slow", "8:TIMEOUT ,", 1, SOCKETMAP_TIMEOUT, ""},
		{"never", "6:PERM x,", 1, SOCKETMAP_PERM, "x"},
		{"the beginning", "13", 0, 0, NULL},
		{"nothing yet", "", 0, 0, NULL},
		{"no comma", "4:OK a;", ERR_PARSE, 0, NULL},
		{"no length", ":OK a,", ERR_PARSE, 0, NULL},
		{"no colon", "4;OK a,", ERR_PARSE, 0, NULL},
		{"too long", "100001:", ERR_PARSE, 0, NULL},
		{"far too long", "99999999999999:", ERR_PARSE, 0, NULL},
		{"an empty OK", "3:OK ,", ERR_PARSE, 0, NULL},
		{"another word", "5:ok x ,", ERR_PARSE, 0, NULL},
		{"HTTP", "HTTP/1.1 400 Bad Request", ERR_PARSE, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socketmap_answer answer = {0};
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(socketmap_read(rows[i].data,
		                                strlen(rows[i].data), &answer,
		                                &err),
		                 rows[i].want);
		if (rows[i].want == 1) {
			assert_int_equal(answer.status, rows[i].status);
			assert_string_equal(strbuf_text(&answer.text),
			                    rows[i].text);
		}
		strbuf_clear(&answer.text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
