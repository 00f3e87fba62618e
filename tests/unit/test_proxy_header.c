#include "unit/test.h"

#include "api/proxy_header.h"
#include "base/network.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	const char *client; /* "": the proxy itself; NULL: refused */
	unsigned port;
	int more; /* at its end; 0: whole */
} rows[] = {
	{"version 1", BYTES("PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n"),
         "203.0.113.9", 56324, 0},
	{"version 1, IPv6",
         BYTES("PROXY TCP6 2001:db8::9 2001:db8::1 1 65535\r\n"), "2001:db8::9",
         1, 0},
	{"version 1, unknown", BYTES("PROXY UNKNOWN\r\n"), "", 0, 0},
	{"version 1, unknown with words",
         BYTES("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n"), "", 0, 0},
	{"version 1, the longest",
         BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
         "", 0, 0},
	{"version 1, longer than that",
         BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
               "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655350\r\n"),
         NULL, 0, 0},
	{"version 1, LF alone",
         BYTES("PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\n"), NULL, 0, 0},
	{"version 1, a name", BYTES("PROXY TCP4 localhost 192.0.2.1 1 443\r\n"),
         NULL, 0, 0},
	{"version 1, IPv6 as TCP4",
         BYTES("PROXY TCP4 2001:db8::9 2001:db8::1 1 443\r\n"), NULL, 0, 0},
	{"version 1, UDP", BYTES("PROXY UDP4 203.0.113.9 192.0.2.1 1 2\r\n"),
         NULL, 0, 0},
	{"version 1, a port too large",
         BYTES("PROXY TCP4 203.0.113.9 192.0.2.1 65536 443\r\n"), NULL, 0, 0},
	{"version 1, two blanks",
         BYTES("PROXY TCP4  203.0.113.9 192.0.2.1 1 443\r\n"), NULL, 0, 0},
	{"version 1, a word too many",
         BYTES("PROXY TCP4 203.0.113.9 192.0.2.1 1 443 x\r\n"), NULL, 0, 0},
	{"version 1, an address with NUL",
         BYTES("PROXY TCP4 203.0.113.9\0x 192.0.2.1 1 443\r\n"), NULL, 0, 0},
	{"version 1, not at its end", BYTES("PROXY TCP4 203.0.113.9"), "", 0,
         1},
	{"no header: HTTP", BYTES("GET / HTTP/1.1\r\n"), NULL, 0, 0},
	{"no header: TLS", BYTES("\x16\x03\x01"), NULL, 0, 0},
	{"small letters", BYTES("proxy TCP4"), NULL, 0, 0},
	{"nothing", BYTES(""), "", 0, 15},
	{"version 2",
         BYTES(V2 "\x21\x11\0\x0c\xcb\0\x71\x09\xc0\0\x02\x01"
                  "\xdc\x04\x01\xbb"),
         "203.0.113.9", 56324, 0},
	{"version 2 with something behind the addresses",
         BYTES(V2 "\x21\x11\0\x10\xcb\0\x71\x09\xc0\0\x02\x01"
                  "\xdc\x04\x01\xbb\x04\0\x01x"),
         "203.0.113.9", 56324, 0},
	{"version 2, IPv6",
         BYTES(V2 "\x21\x21\0\x24"
                  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"
                  "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                  "\0\x01\x01\xbb"),
         "2001:db8::9", 1, 0},
	{"version 2, the proxy's own", BYTES(V2 "\x20\0\0\0"), "", 0, 0},
	{"version 2, the proxy's own with addresses",
         BYTES(V2 "\x20\x11\0\x0c\xcb\0\x71\x09\xc0\0\x02\x01"
                  "\xdc\x04\x01\xbb"),
         "", 0, 0},
	{"version 2, a unix socket", BYTES(V2 "\x21\x31\0\x02xx"), "", 0, 0},
	{"version 2, an address that is too short",
         BYTES(V2 "\x21\x11\0\x04\xcb\0\x71\x09"), "", 0, 0},
	{"version 2, another command", BYTES(V2 "\x22\x11\0\0"), NULL, 0, 0},
	{"version 3", BYTES(V2 "\x31\x11\0\0"), NULL, 0, 0},
	{"version 2, far too long", BYTES(V2 "\x21\x11\xff\xff"), NULL, 0, 0},
	{"version 2, half its mark", BYTES("\r\n\r\n\0"), "", 0, 11},
	{"version 2, another mark", BYTES("\r\n\r\n\0\r\nQUIT\r"), NULL, 0, 0},
	{"version 2, before its addresses", BYTES(V2 "\x21\x11\0\x0c"), "", 0,
         12},
};

static void test_rows(void **state)
{
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy_header header;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = proxy_header_read((const uint8_t *)rows[i].bytes,
		                       rows[i].len, &header, &err);
		if (rows[i].client == NULL) {
			assert_true(rc < 0);
			continue;
		}
		assert_int_equal(rc, rows[i].more);
		assert_int_equal(header.has_client, rows[i].client[0] != '\0');
		if (!header.has_client)
			continue;
		assert_string_equal(network_address_text(&header.client, text),
		                    rows[i].client);
		assert_int_equal(header.port, rows[i].port);
	}
}

/* Whoever reads as many bytes as it says never reads what follows. */
static void test_nothing_behind_it_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct proxy_header header;
		struct err err = {0};
		size_t have = 0;
		int more;

		if (rows[i].client == NULL || rows[i].more != 0)
			continue;
		ROW(&rows[i]);
		while ((more = proxy_header_read((const uint8_t *)rows[i].bytes,
		                                 have, &header, &err)) > 0) {
			have += (size_t)more;
			assert_true(have <= rows[i].len);
		}
		assert_int_equal(more, 0);
		assert_int_equal(have, rows[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_nothing_behind_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
