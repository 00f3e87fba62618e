#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "policyd/policy_key.h"
#include "policyd/policy_request.h"

static const struct {
	const char *name;
	const char *data;
	int rc;
	enum policy_map_asked map;
	const char *key;
	size_t used;
} rows[] = {
	{"Postfix before 3.10", "18:QUERY example.test,", 1, MAP_QUERY,
         "example.test", 22},
	{"Postfix 3.10", "28:QUERYwithTLSRPT example.test,", 1,
         MAP_QUERY_TLSRPT, "example.test", 32},
	{"why", "9:EXPLAIN a,", 1, MAP_EXPLAIN, "a", 12},
	{"two of them", "7:QUERY a,7:QUERY b,", 1, MAP_QUERY, "a", 10},
	{"an empty key", "6:QUERY ,", 1, MAP_QUERY, "", 9},
	{"no key", "5:QUERY,", 1, MAP_QUERY, "", 8},
	{"a key with blanks and commas", "11:QUERY a,b c,", 1, MAP_QUERY,
         "a,b c", 15},
	{"nothing", "", 0, 0, NULL, 0},
	{"a digit", "1", 0, 0, NULL, 0},
	{"a length", "18:", 0, 0, NULL, 0},
	{"half of it", "18:QUERY exa", 0, 0, NULL, 0},
	{"all but the comma", "7:QUERY a", 0, 0, NULL, 0},
	{"another end", "7:QUERY a;", ERR_PARSE, 0, NULL, 0},
	{"no length", ":QUERY a,", ERR_PARSE, 0, NULL, 0},
	{"a negative length", "-1:QUERY a,", ERR_PARSE, 0, NULL, 0},
	{"a length of many digits", "000007:QUERY a,", ERR_PARSE, 0, NULL, 0},
	{"a long one", "10241:QUERY a", ERR_LIMIT, 0, NULL, 0},
	{"the longest number", "99999:", ERR_LIMIT, 0, NULL, 0},
	{"HTTP", "GET / HTTP/1.1\r\n", ERR_PARSE, 0, NULL, 0},
	{"another map", "9:aliases a,", ERR_NOTFOUND, 0, NULL, 12},
	{"a map in other letters", "7:query a,", ERR_NOTFOUND, 0, NULL, 10},
	{"an empty netstring", "0:,", ERR_NOTFOUND, 0, NULL, 3},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy_request request = {0};
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(policy_request_read(rows[i].data,
		                                     strlen(rows[i].data),
		                                     &request, &err),
		                 rows[i].rc);
		if (rows[i].rc < 0)
			assert_string_not_equal(err.text, "");
		assert_int_equal(request.used, rows[i].used);
		if (rows[i].key == NULL)
			continue;
		assert_int_equal(request.map, rows[i].map);
		assert_true(span_is(request.key, rows[i].key));
	}
}

/* It comes in pieces of any size: what is not whole is not yet anything. */
static void test_pieces(void **state)
{
	static const char data[] = "28:QUERYwithTLSRPT example.test,";

	(void)state;
	for (size_t len = 0; len < sizeof(data) - 1; len++) {
		char *piece = xmemdup(data, len + 1);
		struct policy_request request;

		assert_int_equal(
			policy_request_read(piece, len, &request, NULL), 0);
		free(piece);
	}
}

static void test_reply(void **state)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	(void)state;
	policy_reply_add(&out, "OK", "may", 3);
	policy_reply_add(&out, "NOTFOUND", "", 0);
	policy_reply_add(&out, "TEMP", "later", 5);
	assert_string_equal(strbuf_text(&out),
	                    "6:OK may,9:NOTFOUND ,10:TEMP later,");
}

static const struct {
	const char *name, *key, *domain; /* NULL: none */
} keys[] = {
	{"a domain", "example.test", "example.test"},
	{"as somebody wrote it", "MixedCase.TEST", "mixedcase.test"},
	{"U-labels", "m\xc3\xbcnchen.test", "xn--mnchen-3ya.test"},
	{"a dot at its end", "example.test.", "example.test"},
	{"a parent", ".example.test", NULL},
	{"a next hop in brackets", "[mx.example.test]", NULL},
	{"an address", "[192.0.2.1]", NULL},
	{"with a port", "[mx.example.test]:25", NULL},
	{"a host with a port", "mx.example.test:25", NULL},
	{"an IPv6 address", "2001:db8::1", NULL},
	{"an IPv4 address", "192.0.2.1", NULL},
	{"this host", "localhost", NULL},
	{"a path", "/var/run/lmtp", NULL},
	{"an empty label", "a..test", NULL},
	{"nothing", "", NULL},
	{"bytes that are not UTF-8", "\xff.test", NULL},
};

static void test_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		char domain[DOMAIN_TEXT];
		const char *why =
			policy_key_domain(span_of(keys[i].key), domain);

		ROW(&keys[i]);
		assert_int_equal(why == NULL, keys[i].domain != NULL);
		if (why == NULL)
			assert_string_equal(domain, keys[i].domain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
