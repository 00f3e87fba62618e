#include "unit/store_test.h"

#include <stdio.h>

#include "policy/dns_servers.h"

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* "inet:HOST:PORT inet:HOST:PORT" */
static const char *words(const struct dns_servers *servers)
{
	static char text[256];
	char one[ENDPOINT_TEXT];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < servers->count; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%s", i ? " " : "",
			endpoint_format(&servers->server[i], one));
	return text;
}

static void test_a_file_is_read(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"one", "nameserver 192.0.2.1\n", "inet:192.0.2.1:53"},
		{"at most three",
	         "nameserver 192.0.2.1\nnameserver ::1\n"
	         "nameserver 192.0.2.3\nnameserver 192.0.2.4\n",
	         "inet:192.0.2.1:53 inet:[::1]:53 inet:192.0.2.3:53"},
		{"other words are of no use",
	         "search example.com\noptions ndots:1\nnameserver\n"
	         "nameserver nonsense\nnameserver 192.0.2.5",
	         "inet:192.0.2.5:53"},
		{"without one it is this host", "search example.com\n",
	         "inet:127.0.0.1:53"},
	};
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/resolv", f->directory);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dns_servers servers = {0};

		write_file(path, rows[i].text);
		assert_int_equal(dns_servers_read(&servers, path, &f->err), 0);
		if (strcmp(words(&servers), rows[i].want) != 0)
			fail_msg("%s: got '%s', want '%s'", rows[i].name,
			         words(&servers), rows[i].want);
	}
}

/* A host that boots: the network comes later, and changes. */
static void test_a_file_that_comes_later(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *path = xasprintf("%s/resolv", f->directory);
	auto_(xfree_str) char *next = xasprintf("%s/next", f->directory);
	struct dns_servers servers = {0};

	assert_int_equal(dns_servers_read(&servers, path, &f->err), 0);
	assert_string_equal(words(&servers), "inet:127.0.0.1:53");
	dns_servers_refresh(&servers, path);
	assert_string_equal(words(&servers), "inet:127.0.0.1:53");

	write_file(path, "nameserver 192.0.2.1\n");
	dns_servers_refresh(&servers, path);
	assert_string_equal(words(&servers), "inet:192.0.2.1:53");

	/* as resolvconf and NetworkManager do it */
	write_file(next, "nameserver 192.0.2.2\n");
	assert_int_equal(rename(next, path), 0);
	dns_servers_refresh(&servers, path);
	assert_string_equal(words(&servers), "inet:192.0.2.2:53");

	assert_int_equal(remove(path), 0);
	dns_servers_refresh(&servers, path);
	assert_string_equal(words(&servers), "inet:192.0.2.2:53");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_file_is_read),
		STORE_TEST(test_a_file_that_comes_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
