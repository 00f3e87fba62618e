#include "unit/test.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/auto.h"

union any {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void any_set(union any *any, int family, const void *bytes)
{
	memset(any, 0, sizeof(*any));
	any->sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&any->v4.sin_addr, bytes, 4);
	else
		memcpy(&any->v6.sin6_addr, bytes, 16);
}

static void any_parse(union any *any, const char *text)
{
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	uint8_t bytes[16];

	assert_int_equal(inet_pton(family, text, bytes), 1);
	any_set(any, family, bytes);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *name, *address, *what; /* NULL: anybody's */
	} rows[] = {
		{"a public one", "193.0.6.139", NULL},
		{"a public IPv6 one", "2a00:1450:4001:829::200e", NULL},
		{"a site's own", "10.1.2.3", "private"},
		{"just below 172.16/12", "172.15.255.255", NULL},
		{"the last of 172.16/12", "172.31.255.255", "private"},
		{"just above 172.16/12", "172.32.0.0", NULL},
		{"a cloud's metadata", "169.254.169.254", "link-local"},
		{"behind a carrier", "100.127.255.255",
	         "shared by a carrier's NAT"},
		{"just above that", "100.128.0.0", NULL},
		{"this host", "127.0.0.1", "loopback"},
		{"unspecified reaches this host too", "0.0.0.0", "unspecified"},
		{"broadcast", "255.255.255.255", "broadcast"},
		{"class E", "240.0.0.1", "reserved"},
		{"mapped loopback", "::ffff:127.0.0.1", "IPv4-mapped"},
		{"mapped public", "::ffff:193.0.6.139", NULL},
		{"compatible", "::193.0.6.139", "IPv4-compatible"},
		{"NAT64 of a private one", "64:ff9b::10.0.0.1", "NAT64"},
		{"NAT64 of a public one", "64:ff9b::193.0.6.139", NULL},
		{"local NAT64", "64:ff9b:1::193.0.6.139", "local NAT64"},
		{"6to4 of a private one", "2002:c0a8:101::1", "6to4"},
		{"6to4 of a public one", "2002:c100:68b::1", NULL},
		/* 10.0.0.1 with its bits flipped: f5ff:fffe */
		{"Teredo client behind a private address",
	         "2001:0:c100:68b:0:0:f5ff:fffe", "Teredo"},
		{"Teredo server at a private address",
	         "2001:0:a00:1:0:0:3eff:f974", "Teredo"},
		{"Teredo, all public", "2001:0:c100:68b:0:0:3eff:f974", NULL},
		{"unique local", "fd12:3456::1", "private"},
		{"link-local", "fe80::1", "link-local"},
		{"site-local", "fec0::1", "site-local"},
		{"multicast", "ff02::1", "multicast"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct address_range *got;
		union any address;

		ROW(&rows[i]);
		any_parse(&address, rows[i].address);
		got = address_special(&address.sa);
		if (rows[i].what == NULL)
			assert_null(got);
		else
			assert_string_equal(got->what, rows[i].what);
	}
}

/* One more or one less than these bytes, as one long number; false when that
 * is past the end. */
static bool step(uint8_t *bytes, size_t len, int by)
{
	for (size_t i = len; i-- > 0;) {
		bytes[i] = (uint8_t)(bytes[i] + by);
		if (bytes[i] != (by > 0 ? 0x00 : 0xff))
			return true;
	}
	return false;
}

/* First or last address of a row. */
static size_t edge(const struct address_range *row, bool last, uint8_t *bytes)
{
	int family = strchr(row->prefix, ':') != NULL ? AF_INET6 : AF_INET;
	size_t len = family == AF_INET ? 4 : 16;

	assert_int_equal(inet_pton(family, row->prefix, bytes), 1);
	for (size_t bit = row->bits; last && bit < len * 8; bit++)
		bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return len;
}

static const struct address_range *look_up(const uint8_t *bytes, size_t len)
{
	union any address;

	any_set(&address, len == 4 ? AF_INET : AF_INET6, bytes);
	return address_special(&address.sa);
}

static void test_the_edges_of_every_row(void **state)
{
	size_t count;
	const struct address_range *rows = address_ranges(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[16];
		size_t len;

		print_message("  - %s/%u\n", rows[i].prefix, rows[i].bits);
		for (int last = 0; last <= 1; last++) {
			len = edge(&rows[i], last, bytes);
			/* zeroes and ones are special inside as well */
			assert_non_null(look_up(bytes, len));
			if (step(bytes, len, last ? 1 : -1))
				assert_ptr_not_equal(look_up(bytes, len),
				                     &rows[i]);
		}
		assert_true(strlen(rows[i].source) > 0);
	}
}

static void test_guard(void **state)
{
	auto_(address_guard_free) struct address_guard *strict =
		address_guard_new(false, NULL);
	auto_(address_guard_free) struct address_guard *lenient =
		address_guard_new(true, NULL);
	union any address;
	char why[128] = "";

	(void)state;
	any_parse(&address, "10.0.0.1");
	assert_false(
		address_guard_allows(strict, &address.sa, why, sizeof(why)));
	assert_string_equal(why, "address 10.0.0.1 is private (RFC 1918)");
	assert_true(
		address_guard_allows(lenient, &address.sa, why, sizeof(why)));
	any_parse(&address, "193.0.6.139");
	assert_true(
		address_guard_allows(strict, &address.sa, why, sizeof(why)));
	memset(&address, 0, sizeof(address));
	address.sa.sa_family = AF_UNIX;
	assert_false(
		address_guard_allows(strict, &address.sa, why, sizeof(why)));
}

/* The guard asks for our interfaces: in this test there is one, with a public
 * address of each family. */
int getifaddrs(struct ifaddrs **list)
{
	static union any v4, v6;
	static struct ifaddrs own[2];

	any_parse(&v4, "193.0.6.140");
	any_parse(&v6, "2001:67c:2e8::7");
	own[0] = (struct ifaddrs){.ifa_next = &own[1], .ifa_addr = &v4.sa};
	own[1] = (struct ifaddrs){.ifa_addr = &v6.sa};
	*list = own;
	return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
	(void)list;
}

static void test_our_own_addresses(void **state)
{
	static const struct {
		const char *name, *address;
		bool allowed;
	} rows[] = {
		{"our IPv4 address", "193.0.6.140", false},
		{"our neighbour's", "193.0.6.139", true},
		{"our IPv6 address", "2001:67c:2e8::7", false},
		{"our IPv4 address, mapped", "::ffff:193.0.6.140", false},
		{"our neighbour's, mapped", "::ffff:193.0.6.139", true},
		{"ours through NAT64", "64:ff9b::193.0.6.140", false},
		{"ours through 6to4", "2002:c100:68c::1", false},
	};
	auto_(address_guard_free) struct address_guard *guard =
		address_guard_new(false, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		union any address;
		char why[128];

		ROW(&rows[i]);
		any_parse(&address, rows[i].address);
		assert_int_equal(address_guard_allows(guard, &address.sa, why,
		                                      sizeof(why)),
		                 rows[i].allowed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_the_edges_of_every_row),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_our_own_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
