#include "unit/test.h"

#include "received/auth_results.h"

/* clang-format off */
static const struct {
	const char *name, *text, *server;
	struct auth_signature want[3]; /* up to one without domain and pass */
} good[] = {
	{"nothing was authenticated", "mx.example.com; none",
	 "mx.example.com", {{0}}},
	{"a version behind the authserv-id", "MX.Example.com 1; none",
	 "mx.example.com", {{0}}},
	{"OpenDKIM's",
	 "mx.example.com;\r\n\tdkim=pass (2048-bit key; secure) "
	 "header.d=Sender.example header.i=@sender.example "
	 "header.a=rsa-sha256 header.s=k1 header.b=AbC/+d=",
	 "mx.example.com", {{true, "sender.example"}}},
	{"rspamd's: several methods, several signatures",
	 "mx.example.com;\n dkim=pass header.d=a.example header.s=s;\n"
	 " dkim=fail (\"body hash did not verify\") header.d=b.example;\n"
	 " spf=pass (x: domain of \"y@z\" designates 192.0.2.1) "
	 "smtp.mailfrom=y@z.example; dmarc=pass (policy=none) "
	 "header.from=a.example",
	 "mx.example.com", {{true, "a.example"}, {false, "b.example"}}},
	{"a reason in quotes is no property",
	 "mx; dkim=neutral reason=\"header.d=evil.example; dkim=pass\"",
	 "mx", {{0}}},
	{"a comment is no result",
	 "mx (dkim=pass header.d=evil.example); (dkim=pass) spf=none",
	 "mx", {{0}}},
	{"comments within comments",
	 "mx; dkim (a (b\\) c) d)=(x)pass header (y). (z)d (a)=(b)c.example",
	 "mx", {{true, "c.example"}}},
	{"header.i stands in for header.d",
	 "mx; dkim=pass header.i=bot@sub.example.net",
	 "mx", {{true, "sub.example.net"}}},
	{"header.d counts, whichever stands first",
	 "mx; dkim=pass header.i=@a.example header.d=b.example",
	 "mx", {{true, "b.example"}}},
	{"the first header.d counts",
	 "mx; dkim=pass header.d=a.example header.d=b.example",
	 "mx", {{true, "a.example"}}},
	{"method and result in capitals, the method's version",
	 "mx; DKIM/1=PASS header.d=a.example;",
	 "mx", {{true, "a.example"}}},
	{"a U-label (RFC 8601 section 5)",
	 "mx; dkim=pass header.d=b\xc3\xbc" "cher.example",
	 "mx", {{true, "xn--bcher-kva.example"}}},
	{"another method of that name is another method",
	 "mx; dkim-adsp=pass header.d=a.example; dkim-atps=pass", "mx", {{0}}},
	{"pass in another property's name is not the result",
	 "mx; dkim=fail policy.dkim=pass header.d=a.example",
	 "mx", {{false, "a.example"}}},
};

static const struct {
	const char *name, *text;
} bad[] = {
	{"empty", ""},
	{"blanks", " \t"},
	{"no authserv-id", "; dkim=pass header.d=a.example"},
	{"a comment without an end", "mx; dkim=pass (header.d=a.example"},
	{"a text in quotes without an end", "mx; dkim=pass reason=\"x"},
	{"no result", "mx; dkim header.d=a.example"},
	{"two results and no semicolon", "mx dkim=pass header.d=a.example"},
	{"a result that is malformed behind a good one",
	 "mx; dkim=pass header.d=a.example; spf"},
	{"comments too deep",
	 "mx ((((((((((((((((((((((((((((((x)))))))))))))))))))))))))))))); none"},
	{"a value in quotes in the middle of a value",
	 "mx; dkim=pass header.d=a\"b\".example"},
};
/* clang-format on */

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct auth_results got;
		size_t n = 0;

		ROW(&good[i]);
		assert_int_equal(auth_results_read(good[i].text,
		                                   strlen(good[i].text), &got,
		                                   NULL),
		                 0);
		assert_string_equal(got.server, good[i].server);
		for (; good[i].want[n].domain[0] != '\0'; n++) {
			assert_true(n < got.count);
			assert_string_equal(got.signatures[n].domain,
			                    good[i].want[n].domain);
			assert_int_equal(got.signatures[n].passed,
			                 good[i].want[n].passed);
		}
		for (; n < got.count; n++)
			assert_string_equal(got.signatures[n].domain, "");
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct auth_results got;
		struct err err = {0};

		ROW(&bad[i]);
		assert_int_equal(auth_results_read(bad[i].text,
		                                   strlen(bad[i].text), &got,
		                                   &err),
		                 ERR_PARSE);
		assert_int_equal(got.count, 0);
		assert_string_equal(got.server, "");
	}
}

static void test_many(void **state)
{
	static const char one[] = "; dkim=pass header.d=a.example";
	char text[100 * sizeof(one)] = "mx";
	struct auth_results got;

	(void)state;
	for (size_t i = 0; i < 50; i++)
		strcat(text, one);
	assert_int_equal(auth_results_read(text, strlen(text), &got, NULL), 0);
	assert_int_equal(got.count, AUTH_SIGNATURES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
