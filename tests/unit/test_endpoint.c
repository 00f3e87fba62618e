#include "unit/test.h"

#include "base/endpoint.h"

static void test_texts(void **state)
{
	static const struct {
		const char *name, *text, *want; /* NULL: refused */
		bool loopback;
	} rows[] = {
		{"IPv4", "192.0.2.1", "inet:192.0.2.1:53", false},
		{"IPv4 and a port", "inet:127.0.0.1:5353",
	         "inet:127.0.0.1:5353", true},
		{"without the type", "127.1.2.3:5353", "inet:127.1.2.3:5353",
	         true},
		{"IPv6", "2001:db8::1", "inet:[2001:db8::1]:53", false},
		{"IPv6 in brackets", "[::1]", "inet:[::1]:53", true},
		{"IPv6 in brackets and a port", "inet:[2001:db8::1]:5353",
	         "inet:[2001:db8::1]:5353", false},
		{"loopback in IPv6's clothes is another host's affair",
	         "::ffff:127.0.0.1", "inet:[::ffff:127.0.0.1]:53", false},
		{"a name", "inet:localhost", NULL, false},
		{"nothing", "", NULL, false},
		{"half an address", "127.1", NULL, false},
		{"a port with an @", "127.0.0.1@53", NULL, false},
		{"no port behind the colon", "127.0.0.1:", NULL, false},
		{"port 0", "127.0.0.1:0", NULL, false},
		{"a port past the last", "127.0.0.1:65536", NULL, false},
		{"a port that is none", "127.0.0.1:+53", NULL, false},
		{"a bracket that is not closed", "[::1", NULL, false},
		{"something behind the bracket", "[::1]53", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[ENDPOINT_TEXT];
		struct endpoint endpoint;
		struct err err = {0};
		int rc = endpoint_parse(rows[i].text, 53, &endpoint, &err);

		ROW(&rows[i]);
		if (rows[i].want == NULL) {
			assert_int_equal(rc, ERR_PARSE);
			assert_non_null(
				strstr(err.text, "is not an IP address"));
			continue;
		}
		assert_int_equal(rc, 0);
		assert_string_equal(endpoint_format(&endpoint, text),
		                    rows[i].want);
		assert_int_equal(endpoint_is_loopback(&endpoint),
		                 rows[i].loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
