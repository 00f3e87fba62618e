#include "unit/test.h"

#include <arpa/inet.h>

#include "base/domain.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define L61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"
#define N253 L63 "." L63 "." L63 "." L61

struct domain_row {
	const char *name, *text;
	const char *want; /* NULL: refused */
	int class;
	const char *words;
};

static const struct domain_row domains[] = {
	{.name = "as it is", .text = "example.com", .want = "example.com"},
	{.name = "upper case",
         .text = "MixedCase.TEST",
         .want = "mixedcase.test"},
	{.name = "final dot", .text = "example.com.", .want = "example.com"},
	{.name = "one label", .text = "localhost", .want = "localhost"},
	{.name = "underscores",
         .text = "_25._tcp.MX_1.test",
         .want = "_25._tcp.mx_1.test"},
	{.name = "digits only", .text = "1.2.3.4", .want = "1.2.3.4"},
	{.name = "hyphens inside", .text = "a--b.c-d", .want = "a--b.c-d"},
	{.name = "an A-label stays",
         .text = "XN--BCHER-KVA.example",
         .want = "xn--bcher-kva.example"},
	{.name = "a label that only looks like an A-label",
         .text = "xn--zz--zz.example",
         .want = "xn--zz--zz.example"},
	{.name = "a U-label",
         .text = "b\xc3\xbc"
                 "cher.example",
         .want = "xn--bcher-kva.example"},
	{.name = "an upper-case U-label",
         .text = "B\xc3\x9c"
                 "CHER.Example.",
         .want = "xn--bcher-kva.example"},
	{.name = "a U-label that is not in normal form C",
         .text = "bu\xcc\x88"
                 "cher.example",
         .want = "xn--bcher-kva.example"},
	{.name = "sharp s is not ss",
         .text = "fa\xc3\x9f.de",
         .want = "xn--fa-hia.de"},
	{.name = "ideographic full stop",
         .text = "\xe4\xbe\x8b\xe3\x80\x82"
                 "test",
         .want = "xn--fsq.test"},
	{.name = "full-width letters",
         .text = "\xef\xbd\x81\xef\xbd\x82.test",
         .want = "ab.test"},
	{.name = "underscore beside a U-label",
         .text = "_tls.b\xc3\xbc"
                 "cher.example",
         .want = "_tls.xn--bcher-kva.example"},
	{.name = "63 bytes of label", .text = L63 ".test", .want = L63 ".test"},
	{.name = "253 bytes", .text = N253, .want = N253},
	{.name = "253 bytes and a final dot", .text = N253 ".", .want = N253},

	{.name = "empty", .text = "", .class = ERR_PARSE, .words = "empty"},
	{.name = "the root", .text = ".", .class = ERR_PARSE, .words = "empty"},
	{.name = "two dots",
         .text = "a..b",
         .class = ERR_PARSE,
         .words = "'a..b' has an empty label"},
	{.name = "leading dot",
         .text = ".a.b",
         .class = ERR_PARSE,
         .words = "empty label"},
	{.name = "two final dots",
         .text = "a.b..",
         .class = ERR_PARSE,
         .words = "empty label"},
	{.name = "64 bytes of label",
         .text = L63 "x.test",
         .class = ERR_PARSE,
         .words = "longer than 63 bytes"},
	{.name = "254 bytes",
         .text = N253 "x",
         .class = ERR_LIMIT,
         .words = "longer than 253 bytes"},
	{.name = "leading hyphen",
         .text = "-a.test",
         .class = ERR_PARSE,
         .words = "hyphen"},
	{.name = "trailing hyphen",
         .text = "a-.test",
         .class = ERR_PARSE,
         .words = "hyphen"},
	{.name = "address literal",
         .text = "[192.0.2.1]",
         .class = ERR_PARSE,
         .words = "'[192.0.2.1]' contains a character"},
	{.name = "a space",
         .text = "a b.test",
         .class = ERR_PARSE,
         .words = "contains a character"},
	{.name = "a control character is shown, not sent",
         .text = "a\r\nb.test",
         .class = ERR_PARSE,
         .words = "'a\\x0d\\x0ab.test'"},
	{.name = "a slash",
         .text = "a/b.test",
         .class = ERR_PARSE,
         .words = "contains a character"},
	{.name = "an asterisk",
         .text = "*.test",
         .class = ERR_PARSE,
         .words = "contains a character"},
	{.name = "invalid UTF-8",
         .text = "b\xfc"
                 "cher.example",
         .class = ERR_PARSE,
         .words = "b\\xfccher.example"},
	{.name = "UTF-8 of a surrogate",
         .text = "\xed\xa0\x80.test",
         .class = ERR_PARSE,
         .words = "domain '"},
	{.name = "a space beside a U-label",
         .text = "\xc3\xbc a.test",
         .class = ERR_PARSE,
         .words = "domain '"},
	{.name = "a full-width space",
         .text = "a\xe3\x80\x80"
                 "b.test",
         .class = ERR_PARSE,
         .words = "domain '"},
	{.name = "a heart is no letter",
         .text = "i\xe2\x99\xa5.test",
         .class = ERR_PARSE,
         .words = "domain '"},
};

static void check_canonical(const struct domain_row *row,
                            int (*canonical)(const char *, size_t,
                                             char[DOMAIN_TEXT], struct err *))
{
	char got[DOMAIN_TEXT];
	struct err err = {0};
	int rc = canonical(row->text, strlen(row->text), got, &err);

	ROW(row);
	assert_int_equal(rc, row->class);
	if (row->want == NULL) {
		assert_string_equal(got, "");
		assert_non_null(strstr(err.text, row->words));
		return;
	}
	assert_string_equal(got, row->want);
	/* and once more changes nothing */
	assert_int_equal(canonical(row->want, strlen(row->want), got, &err), 0);
	assert_string_equal(got, row->want);
}

static void test_domain_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(domains); i++)
		check_canonical(&domains[i], domain_canonical);
}

static void test_domain_with_nul(void **state)
{
	static const struct {
		const char *name, *text;
		size_t len;
	} rows[] = {
		{"NUL in ASCII", "a\0b.test", 8},
		{"NUL at the end", "a.test\0", 7},
		{"NUL beside a U-label", "\xc3\xbc\0b.test", 9},
		{"a NUL alone", "\0", 1},
	};
	char got[DOMAIN_TEXT];
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(
			domain_canonical(rows[i].text, rows[i].len, got, &err),
			ERR_PARSE);
		assert_non_null(strstr(err.text, "\\x00"));
	}
}

static void test_domain_of_huge_text(void **state)
{
	static char text[100000];
	char got[DOMAIN_TEXT];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(domain_canonical(text, sizeof(text), got, NULL),
	                 ERR_LIMIT);
	text[sizeof(text) - 1] = (char)0xc3;
	assert_int_equal(domain_canonical(text, sizeof(text), got, NULL),
	                 ERR_LIMIT);
}

static void test_domain_is_canonical(void **state)
{
	(void)state;
	assert_true(domain_is_canonical("xn--bcher-kva.example"));
	assert_true(domain_is_canonical("_smtp._tls.example.com"));
	assert_false(domain_is_canonical("Example.com"));
	assert_false(domain_is_canonical("example.com."));
	assert_false(domain_is_canonical(""));
	assert_false(domain_is_canonical("b\xc3\xbc"
	                                 "cher.example"));
}

static void test_domain_pattern(void **state)
{
	static const struct domain_row rows[] = {
		{.name = "a name",
	         .text = "MX.Example.com",
	         .want = "mx.example.com"},
		{.name = "a wildcard",
	         .text = "*.Example.com.",
	         .want = "*.example.com"},
		{.name = "a U-label under a wildcard",
	         .text = "*.b\xc3\xbc"
	                 "cher.example",
	         .want = "*.xn--bcher-kva.example"},
		{.name = "everything",
	         .text = "*",
	         .class = ERR_PARSE,
	         .words = "contains a character"},
		{.name = "nothing under it",
	         .text = "*.",
	         .class = ERR_PARSE,
	         .words = "empty"},
		{.name = "in the middle",
	         .text = "mx.*.com",
	         .class = ERR_PARSE,
	         .words = "contains a character"},
		{.name = "part of a label",
	         .text = "mx*.example.com",
	         .class = ERR_PARSE,
	         .words = "contains a character"},
		{.name = "twice",
	         .text = "*.*.example.com",
	         .class = ERR_PARSE,
	         .words = "contains a character"},
		{.name = "too long with its asterisk",
	         .text = "*." N253,
	         .class = ERR_LIMIT,
	         .words = "253 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_canonical(&rows[i], domain_pattern_canonical);
}

static void test_domain_is_host(void **state)
{
	(void)state;
	assert_true(domain_is_host("example.com"));
	assert_true(domain_is_host("1.2.3.4a"));
	assert_false(domain_is_host("localhost"));
	assert_false(domain_is_host("192.0.2.1"));
	assert_false(domain_is_host("host.1"));
	assert_false(domain_is_host(""));
}

static void test_ip_canonical(void **state)
{
	static const struct {
		const char *name, *text, *want; /* NULL: no address */
	} rows[] = {
		{"IPv4", "192.0.2.1", "192.0.2.1"},
		{"IPv6", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"one zero group stays", "2001:db8:0:1:1:1:1:1",
	         "2001:db8:0:1:1:1:1:1"},
		{"leading zeros", "2001:0db8::0001", "2001:db8::1"},
		{"the first of two equal gaps", "2001:db8:0:0:1:0:0:1",
	         "2001:db8::1:0:0:1"},
		{"v4-mapped", "::FFFF:c000:0201", "::ffff:192.0.2.1"},
		{"loopback", "::1", "::1"},
		{"an octal part", "192.0.02.1", NULL},
		{"three parts", "192.0.2", NULL},
		{"a number", "3221225985", NULL},
		{"hex", "0xc0.0.2.1", NULL},
		{"brackets", "[::1]", NULL},
		{"a zone", "fe80::1%eth0", NULL},
		{"a prefix", "IPv6:::1", NULL},
		{"a name", "example.com", NULL},
		{"empty", "", NULL},
	};
	char got[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(domain_ip_canonical(rows[i].text, got),
		                 rows[i].want != NULL);
		if (rows[i].want != NULL)
			assert_string_equal(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain_canonical),
		cmocka_unit_test(test_domain_with_nul),
		cmocka_unit_test(test_domain_of_huge_text),
		cmocka_unit_test(test_domain_is_canonical),
		cmocka_unit_test(test_domain_pattern),
		cmocka_unit_test(test_domain_is_host),
		cmocka_unit_test(test_ip_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
