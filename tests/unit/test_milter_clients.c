#include "unit/test.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/auto.h"
#include "intake/milter_clients.h"

union any {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static const struct sockaddr *any_parse(union any *any, const char *text)
{
	memset(any, 0, sizeof(*any));
	any->sa.sa_family = AF_UNIX;
	if (inet_pton(AF_INET, text, &any->v4.sin_addr) == 1)
		any->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &any->v6.sin6_addr) == 1)
		any->sa.sa_family = AF_INET6;
	return &any->sa;
}

static void test_by_address(void **state)
{
	static const struct {
		const char *name, *address;
		enum inbound_client want, behind_filter;
		const char *called;
	} rows[] = {
		{"another site", "198.51.100.1", INBOUND_MX, INBOUND_MX, NULL},
		{"another site by IPv6", "2001:db8::1", INBOUND_MX, INBOUND_MX,
	         NULL},
		{"mapped", "::ffff:198.51.100.1", INBOUND_MX, INBOUND_MX, NULL},
		{"loopback", "127.0.0.1", INBOUND_LOCAL, INBOUND_FILTERED,
	         NULL},
		{"all of it", "127.9.8.7", INBOUND_LOCAL, INBOUND_FILTERED,
	         NULL},
		{"IPv6 loopback", "::1", INBOUND_LOCAL, INBOUND_FILTERED, NULL},
		{"mapped loopback", "::ffff:127.0.0.1", INBOUND_LOCAL,
	         INBOUND_FILTERED, NULL},
		{"a unix socket", "/run/x", INBOUND_LOCAL, INBOUND_LOCAL, NULL},
		{"the filter's host", "192.0.2.7", INBOUND_MX, INBOUND_FILTERED,
	         NULL},
		{"the same, mapped", "::ffff:192.0.2.7", INBOUND_MX,
	         INBOUND_FILTERED, NULL},
		{"another filter's", "2001:db8::7", INBOUND_MX,
	         INBOUND_FILTERED, NULL},
		{"a host that calls itself, elsewhere", "192.0.2.5",
	         INBOUND_LOCAL, INBOUND_FILTERED, "192.0.2.5"},
		{"by IPv6", "2001:db8::5", INBOUND_LOCAL, INBOUND_FILTERED,
	         "IPv6:2001:DB8::5"},
		{"another host that calls it", "192.0.2.6", INBOUND_MX,
	         INBOUND_MX, "192.0.2.5"},
		{"Postfix does not say", "192.0.2.5", INBOUND_MX, INBOUND_MX,
	         ""},
	};
	const struct milter_sight filtered = {
		.filtered = true,
		.filters = {"192.0.2.7", "no address", "2001:db8::7"},
		.filter_count = 3,
	};
	auto_(milter_clients_free) struct milter_clients *clients =
		milter_clients_new();
	union any any;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static const struct milter_sight clear;
		const struct sockaddr *address =
			any_parse(&any, rows[i].address);

		ROW(&rows[i]);
		milter_clients_set_sight(clients, &clear);
		assert_int_equal(milter_clients_look_up(clients, address,
		                                        rows[i].called),
		                 rows[i].want);
		milter_clients_set_sight(clients, &filtered);
		assert_int_equal(milter_clients_look_up(clients, address,
		                                        rows[i].called),
		                 rows[i].behind_filter);
	}
	/* sendmail(1) */
	assert_int_equal(milter_clients_look_up(clients, NULL, NULL),
	                 INBOUND_LOCAL);
}

/* Each address of this host is this host, whatever it is called. */
static void test_own_addresses(void **state)
{
	auto_(milter_clients_free) struct milter_clients *clients =
		milter_clients_new();
	struct ifaddrs *all = NULL;
	struct err err;
	size_t count = 0;

	(void)state;
	assert_int_equal(milter_clients_refresh(clients, &err), 0);
	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || (i->ifa_addr->sa_family != AF_INET &&
		                            i->ifa_addr->sa_family != AF_INET6))
			continue;
		count++;
		assert_int_equal(
			milter_clients_look_up(clients, i->ifa_addr, NULL),
			INBOUND_LOCAL);
	}
	freeifaddrs(all);
	assert_true(count > 0);
	/* and again */
	assert_int_equal(milter_clients_refresh(clients, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_address),
		cmocka_unit_test(test_own_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
