#include "unit/test.h"

#include "api/http_forwarded.h"
#include "base/auto.h"

/* 10.0.0.0/8 and 2001:db8:ffff::/48 are proxies of ours. */
static void add_proxies(struct network_list *proxies)
{
	struct err err;

	assert_int_equal(network_list_add(proxies, "10.0.0.0/8", &err), 0);
	assert_int_equal(network_list_add(proxies, "2001:db8:ffff::/48", &err),
	                 0);
}

#define X HTTP_X_FORWARDED_FOR
#define F HTTP_FORWARDED

static void test_client(void **state)
{
	static const struct {
		const char *name;
		enum http_forwarded form;
		const char *list;
		const char *want; /* NULL: nobody knows */
	} rows[] = {
		{"one proxy", X, "203.0.113.9", "203.0.113.9"},
		{"what the client wrote does not count", X,
	         "127.0.0.1, 10.0.0.1, 203.0.113.9", "203.0.113.9"},
		{"two proxies", X, "203.0.113.9, 10.0.0.1", "203.0.113.9"},
		{"two proxies, and what the client wrote", X,
	         "198.51.100.1,203.0.113.9,10.0.0.1", "203.0.113.9"},
		{"all are ours: a client on a proxy", X, "10.1.1.1, 10.0.0.1",
	         "10.1.1.1"},
		{"rubbish before it is not looked at", X,
	         "\x01\xff\"\\,,;;=, 203.0.113.9", "203.0.113.9"},
		{"an open quote before it", X, "\"x, 203.0.113.9",
	         "203.0.113.9"},
		{"rubbish in the client's place", X, "203.0.113.9, unknown",
	         NULL},
		{"rubbish behind a proxy of ours", X, "x, 10.0.0.1", NULL},
		{"empty elements", X, " ,203.0.113.9, ,", "203.0.113.9"},
		{"nothing", X, "", NULL},
		{"commas", X, ",,,", NULL},
		{"with a port, as Azure writes it", X, "203.0.113.9:4711",
	         "203.0.113.9"},
		{"a port that is none", X, "203.0.113.9:x", NULL},
		{"a port too long", X, "203.0.113.9:123456", NULL},
		{"no port behind a colon", X, "203.0.113.9:", NULL},
		{"IPv6", X, "2001:db8::9", "2001:db8::9"},
		{"IPv6 in brackets", X, "[2001:db8::9]", "2001:db8::9"},
		{"IPv6 with a port", X, "[2001:db8::9]:80", "2001:db8::9"},
		{"IPv6 behind a proxy of ours", X,
	         "2001:db8::9, 2001:db8:ffff::1", "2001:db8::9"},
		{"a mapped address is the IPv4 one", X,
	         "203.0.113.9, ::ffff:10.0.0.1", "203.0.113.9"},
		{"an open bracket", X, "[2001:db8::9", NULL},
		{"something behind the bracket", X, "[2001:db8::9]x", NULL},
		{"a zone", X, "fe80::1%eth0", NULL},
		{"a number", X, "3405803785", NULL},
		{"an address too long", X,
	         "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0009",
	         NULL},
		{"no field of RFC 7239 in the other", X, "for=203.0.113.9",
	         NULL},

		{"RFC 7239", F, "for=203.0.113.9;proto=http;by=10.0.0.1",
	         "203.0.113.9"},
		{"any case, any order", F, "proto=https; FOR=203.0.113.9",
	         "203.0.113.9"},
		{"quoted, with a port", F, "for=\"[2001:db8::9]:4711\"",
	         "2001:db8::9"},
		{"two proxies of RFC 7239", F,
	         "for=203.0.113.9, for=\"[2001:db8:ffff::1]\"", "203.0.113.9"},
		{"written by the client", F,
	         "for=198.51.100.1;host=x, for=203.0.113.9", "203.0.113.9"},
		{"a quote that the client left open", F,
	         "for=\"198.51.100.1, for=203.0.113.9;proto=https",
	         "203.0.113.9"},
		{"a quote and a backslash of the client", F,
	         "host=\"\\, for=203.0.113.9", "203.0.113.9"},
		{"a comma in a quoted host", F,
	         "for=203.0.113.9;host=\"a, for=198.51.100.1\"", "203.0.113.9"},
		{"an escaped quote in a quoted host", F,
	         "for=203.0.113.9;host=\"\\\", for=198.51.100.1;a=\\\"\"",
	         "203.0.113.9"},
		{"a semicolon in a quoted host", F,
	         "host=\"a;for=198.51.100.1\";for=203.0.113.9", "203.0.113.9"},
		{"for twice", F, "for=198.51.100.1;for=203.0.113.9", NULL},
		{"no for", F, "by=203.0.113.9;proto=http", NULL},
		{"an element without for", F, "for=203.0.113.9, proto=http",
	         NULL},
		{"unknown", F, "for=unknown", NULL},
		{"hidden", F, "for=\"_gazonk\"", NULL},
		{"half a quote", F, "for=\"203.0.113.9", NULL},
		{"blanks around =", F, "for = 203.0.113.9", NULL},
		{"an empty one", F, "for=", NULL},
		{"an empty quoted one", F, "for=\"\"", NULL},
	};
	auto_(network_list_clear) struct network_list proxies = {0};
	char text[INET6_ADDRSTRLEN];

	(void)state;
	add_proxies(&proxies);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct in6_addr client;
		bool known;

		ROW(&rows[i]);
		known = http_forwarded_client(rows[i].form, rows[i].list,
		                              &proxies, &client);
		assert_int_equal(known, rows[i].want != NULL);
		if (known)
			assert_string_equal(network_address_text(&client, text),
			                    rows[i].want);
	}
}

static void test_networks(void **state)
{
	static const struct {
		const char *name, *network, *in, *out, *fault;
	} rows[] = {
		{"an address", "192.0.2.1", "192.0.2.1", "192.0.2.2", NULL},
		{"a network", "192.0.2.0/24", "192.0.2.255", "192.0.3.0", NULL},
		{"not in bytes", "192.0.2.128/25", "192.0.2.200", "192.0.2.127",
	         NULL},
		{"all of IPv4", "0.0.0.0/0", "255.255.255.255",
	         "2001:db8::", NULL},
		{"all of IPv6, and of IPv4 in it", "::/0", "192.0.2.1", NULL,
	         NULL},
		{"IPv6", "2001:db8::/33", "2001:db8:7fff::1",
	         "2001:db8:8000::1", NULL},
		{"bits behind the prefix", "192.0.2.1/24", NULL, NULL,
	         "'192.0.2.1/24' has bits behind its prefix: 192.0.2.0/24?"},
		{"too long a prefix", "192.0.2.0/33", NULL, NULL,
	         "'192.0.2.0/33': the prefix length is not 0 to 32"},
		{"no length", "192.0.2.0/", NULL, NULL,
	         "'192.0.2.0/': the prefix length is not 0 to 32"},
		{"a negative length", "2001:db8::/-1", NULL, NULL,
	         "'2001:db8::/-1': the prefix length is not 0 to 128"},
		{"a name", "proxy.example.com", NULL, NULL,
	         "'proxy.example.com' is not an address or a network, like "
	         "192.0.2.1 or 2001:db8::/32"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct network network;
		struct in6_addr address;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = network_read(rows[i].network, &network, &err);
		assert_int_equal(rc, rows[i].fault ? ERR_PARSE : 0);
		if (rows[i].fault != NULL) {
			assert_string_equal(err.text, rows[i].fault);
			continue;
		}
		assert_true(network_address_read(rows[i].in, strlen(rows[i].in),
		                                 &address));
		assert_true(network_holds(&network, &address));
		if (rows[i].out == NULL)
			continue;
		assert_true(network_address_read(
			rows[i].out, strlen(rows[i].out), &address));
		assert_false(network_holds(&network, &address));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
