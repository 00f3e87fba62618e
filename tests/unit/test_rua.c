#include "unit/test.h"

#include "domain/rua.h"

#define X10 "xxxxxxxxxx"
#define X64 X10 X10 X10 X10 X10 X10 "xxxx"
#define X63 X10 X10 X10 X10 X10 X10 "xxx"

struct mail_row {
	const char *name, *text;
	const char *uri, *address;
};

struct https_row {
	const char *name, *text;
	const char *uri, *host;
	uint16_t port;
};

struct bad_row {
	const char *name, *text;
	int class;
	const char *words;
};

static const struct mail_row mails[] = {
	{"plain", "mailto:tls@example.com", "mailto:tls@example.com",
         "tls@example.com"},
	{"the scheme in capitals", "MAILTO:tls@example.com",
         "mailto:tls@example.com", "tls@example.com"},
	{"only the domain is lowered", "mailto:TLS@Example.COM",
         "mailto:TLS@example.com", "TLS@example.com"},
	{"dots and plus", "mailto:tls.rpt+x@example.com",
         "mailto:tls.rpt+x@example.com", "tls.rpt+x@example.com"},
	{"an escaped plus is the same place", "mailto:tls%2brpt@example.com",
         "mailto:tls+rpt@example.com", "tls+rpt@example.com"},
	{"escaped letters", "mailto:%74%6Cs@ex%61mple.com",
         "mailto:tls@example.com", "tls@example.com"},
	{"an escaped @", "mailto:tls%40example.com", "mailto:tls@example.com",
         "tls@example.com"},
	{"an escaped exclamation mark", "mailto:a%21b@example.com",
         "mailto:a%21b@example.com", "a!b@example.com"},
	{"all that atext has",
         "mailto:%21%23$%25%26'*+-%2f=%3F%5e_%60%7b%7C%7d~@example.com",
         "mailto:%21%23$%25%26'*+-%2F%3D%3F%5E_%60%7B%7C%7D~@example.com",
         "!#$%&'*+-/=?^_`{|}~@example.com"},
	{"a raw & is atext", "mailto:a&b@example.com",
         "mailto:a%26b@example.com", "a&b@example.com"},
	{"header fields are ignored",
         "mailto:tls@example.com?subject=x&bcc=y@example.net",
         "mailto:tls@example.com", "tls@example.com"},
	{"header fields with a CR LF are ignored too",
         "mailto:tls@example.com?subject=x%0d%0aBcc:y@example.net",
         "mailto:tls@example.com", "tls@example.com"},
	{"an empty header field", "mailto:tls@example.com?",
         "mailto:tls@example.com", "tls@example.com"},
	{"a U-label", "mailto:tls@b%C3%BCcher.example",
         "mailto:tls@xn--bcher-kva.example", "tls@xn--bcher-kva.example"},
	{"an A-label", "mailto:tls@XN--BCHER-KVA.example",
         "mailto:tls@xn--bcher-kva.example", "tls@xn--bcher-kva.example"},
	{"a final dot", "mailto:tls@example.com.", "mailto:tls@example.com",
         "tls@example.com"},
	{"64 bytes of local part", "mailto:" X64 "@example.com",
         "mailto:" X64 "@example.com", X64 "@example.com"},
	{"a leading hyphen", "mailto:-f@example.com", "mailto:-f@example.com",
         "-f@example.com"},
};

static const struct https_row https[] = {
	{"plain", "https://example.com/v1/tls", "https://example.com/v1/tls",
         "example.com", 443},
	{"scheme and host in capitals", "HTTPS://Example.COM/V1/TLS",
         "https://example.com/V1/TLS", "example.com", 443},
	{"no path", "https://example.com", "https://example.com/",
         "example.com", 443},
	{"a query and no path", "https://example.com?a=b",
         "https://example.com/?a=b", "example.com", 443},
	{"a query", "https://example.com/x?a=b&c=d/?:@",
         "https://example.com/x?a=b&c=d/?:@", "example.com", 443},
	{"the default port", "https://example.com:443/x",
         "https://example.com/x", "example.com", 443},
	{"no digit of a port", "https://example.com:/x",
         "https://example.com/x", "example.com", 443},
	{"another port", "https://example.com:8443/x",
         "https://example.com:8443/x", "example.com", 8443},
	{"a port with zeros", "https://example.com:00443/x",
         "https://example.com/x", "example.com", 443},
	{"the last port", "https://example.com:65535",
         "https://example.com:65535/", "example.com", 65535},
	{"escapes of letters, digits, -._~",
         "https://example.com/%61%5A%30%2d%2E%5f%7e",
         "https://example.com/aZ0-._~", "example.com", 443},
	{"other escapes stay, in capitals",
         "https://example.com/a%2cb%3bc%21d%2fe%20f",
         "https://example.com/a%2Cb%3Bc%21d%2Fe%20f", "example.com", 443},
	{"NUL and CR LF stay escaped", "https://example.com/%00%0d%0ax",
         "https://example.com/%00%0D%0Ax", "example.com", 443},
	{"an escaped percent sign is not decoded twice",
         "https://example.com/%2561", "https://example.com/%2561",
         "example.com", 443},
	{"escaped UTF-8 in the path", "https://example.com/%c3%bc",
         "https://example.com/%C3%BC", "example.com", 443},
	{"a U-label", "https://b%c3%bccher.example/",
         "https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443},
	{"an escaped letter in the host", "https://ex%61mple.com/",
         "https://example.com/", "example.com", 443},
	{"a final dot", "https://example.com./", "https://example.com/",
         "example.com", 443},
	{"IPv4", "https://127.0.0.1:8443/tls", "https://127.0.0.1:8443/tls",
         "127.0.0.1", 8443},
	{"IPv6", "https://[2001:DB8:0::1]/tls", "https://[2001:db8::1]/tls",
         "2001:db8::1", 443},
	{"IPv6 and a port", "https://[::1]:8443", "https://[::1]:8443/", "::1",
         8443},
	{"an @ in the path", "https://example.com/a@b",
         "https://example.com/a@b", "example.com", 443},
	{"two slashes in the path", "https://example.com//x",
         "https://example.com//x", "example.com", 443},
	{"digits before a name", "https://1.2.3.4.example/",
         "https://1.2.3.4.example/", "1.2.3.4.example", 443},
};

static const struct bad_row bad[] = {
	{"empty", "", ERR_PARSE, "rua: nothing in ''"},
	{"no scheme", "noscheme", ERR_PARSE, "no scheme in 'noscheme'"},
	{"a bare address", "tls@example.com", ERR_PARSE, "no scheme"},
	{"a digit begins the scheme", "1mailto:a@b.c", ERR_PARSE, "no scheme"},
	{"a colon alone", ":", ERR_PARSE, "no scheme"},
	{"http", "http://example.com/", ERR_NOTFOUND,
         "scheme other than mailto and https in 'http://example.com/'"},
	{"another scheme", "ftp:x", ERR_NOTFOUND, "a scheme other than"},
	{"a directory is no URI of a record", "directory:/etc", ERR_NOTFOUND,
         "a scheme other than"},
	{"a scheme that begins like ours", "mailtoo:a@b.example", ERR_NOTFOUND,
         "a scheme other than"},

	{"DMARC's size", "mailto:tls@example.com!10m", ERR_PARSE, "a '!' that"},
	{"a raw comma", "mailto:a@b.example,c@d.example", ERR_PARSE,
         "a ',' that"},
	{"a raw semicolon", "https://example.com/;x", ERR_PARSE, "a ';' that"},
	{"a space", "mailto:a @b.example", ERR_PARSE, "white space"},
	{"a tab", "mailto:a\t@b.example", ERR_PARSE, "white space"},
	{"a raw CR LF", "mailto:a@b.example\r\nRCPT TO:<x>", ERR_PARSE,
         "a control character"},
	{"DEL", "https://example.com/\x7f", ERR_PARSE, "a control character"},
	{"raw UTF-8",
         "https://b\xc3\xbc"
         "cher.example/",
         ERR_PARSE, "outside ASCII in 'https://b\\xc3\\xbccher"},
	{"angle brackets", "mailto:<a@b.example>", ERR_PARSE,
         "a character that is not allowed in a URI"},
	{"a quote", "mailto:\"a\"@b.example", ERR_PARSE,
         "a character that is not allowed in a URI"},
	{"a backslash", "https://example.com\\@evil.example/", ERR_PARSE,
         "a character that is not allowed in a URI"},
	{"a caret", "https://example.com/^", ERR_PARSE,
         "a character that is not allowed in a URI"},
	{"an escape without digits", "https://example.com/%", ERR_PARSE,
         "an invalid %-escape"},
	{"an escape with one digit", "https://example.com/%4", ERR_PARSE,
         "an invalid %-escape"},
	{"an escape with other letters", "mailto:%zz@b.example", ERR_PARSE,
         "an invalid %-escape"},

	{"no address", "mailto:", ERR_PARSE, "no mail address"},
	{"only header fields", "mailto:?to=a@b.example", ERR_PARSE,
         "no mail address"},
	{"no @", "mailto:example.com", ERR_PARSE, "no @"},
	{"no local part", "mailto:@example.com", ERR_PARSE, "not a dot-atom"},
	{"no domain", "mailto:tls@", ERR_PARSE, "domain is empty"},
	{"two @", "mailto:a@b@example.com", ERR_PARSE,
         "domain 'b@example.com'"},
	{"two addresses", "mailto:a@b.example%2Cc@d.example", ERR_PARSE,
         "more than one mail address"},
	{"a leading dot", "mailto:.a@b.example", ERR_PARSE, "not a dot-atom"},
	{"a trailing dot", "mailto:a.@b.example", ERR_PARSE, "not a dot-atom"},
	{"two dots", "mailto:a..b@b.example", ERR_PARSE, "not a dot-atom"},
	{"an escaped quote", "mailto:%22a%22@b.example", ERR_PARSE,
         "not a dot-atom"},
	{"an escaped space", "mailto:a%20b@b.example", ERR_PARSE,
         "not a dot-atom"},
	{"an escaped CR LF", "mailto:a%0D%0ADATA@b.example", ERR_PARSE,
         "a control character in the mail address"},
	{"an escaped CR LF in the domain", "mailto:a@b.example%0d%0ax",
         ERR_PARSE, "a control character in the mail address"},
	{"an escaped NUL", "mailto:a@b.example%00.evil.example", ERR_PARSE,
         "a control character in the mail address"},
	{"an escaped angle bracket", "mailto:a@b.example%3E", ERR_PARSE,
         "domain 'b.example>'"},
	{"a local part in UTF-8", "mailto:b%C3%BCro@b.example", ERR_PARSE,
         "SMTPUTF8"},
	{"a domain in broken UTF-8", "mailto:a@b%FC.example", ERR_PARSE,
         "domain 'b\\xfc.example'"},
	{"a domain without a dot", "mailto:a@localhost", ERR_PARSE,
         "an incomplete host name"},
	{"a number for a domain", "mailto:a@127.0.0.1", ERR_PARSE,
         "an incomplete host name"},
	{"an address literal", "mailto:a@[127.0.0.1]", ERR_PARSE,
         "an address literal"},
	{"an escaped address literal", "mailto:a@%5B127.0.0.1%5D", ERR_PARSE,
         "an address literal"},
	{"an underscore in the domain", "mailto:a@b_c.example", ERR_PARSE,
         "an underscore"},
	{"a hyphen begins the domain", "mailto:a@-b.example", ERR_PARSE,
         "hyphen"},
	{"65 bytes of local part", "mailto:" X64 "x@b.example", ERR_LIMIT,
         "64 bytes"},
	{"a label of 64 bytes", "mailto:a@" X64 ".example", ERR_PARSE,
         "63 bytes"},
	{"a domain too long",
         "mailto:a@" X63 "." X63 "." X63 "." X63 ".example", ERR_LIMIT,
         "253 bytes"},
	{"a fragment behind an address", "mailto:a@b.example#x", ERR_PARSE,
         "a fragment"},

	{"no slashes", "https:example.com", ERR_PARSE, "no //"},
	{"one slash", "https:/example.com", ERR_PARSE, "no //"},
	{"nothing behind the scheme", "https:", ERR_PARSE, "no //"},
	{"no host", "https://", ERR_PARSE, "no host"},
	{"no host but a path", "https:///x", ERR_PARSE, "no host"},
	{"no host but a port", "https://:443/", ERR_PARSE, "no host"},
	{"a user", "https://user@example.com/", ERR_PARSE,
         "a user name or password"},
	{"a user and a password", "https://u:p@example.com/", ERR_PARSE,
         "a user name or password"},
	{"an escaped @ in the host", "https://a%40example.com/", ERR_PARSE,
         "domain 'a@example.com'"},
	{"an escaped slash in the host", "https://example.com%2fx/", ERR_PARSE,
         "domain 'example.com/x'"},
	{"an escaped NUL in the host", "https://example.com%00.a.example/",
         ERR_PARSE, "domain 'example.com\\x00.a.example'"},
	{"an address, a NUL, a name", "https://127.0.0.1%00.a.example/",
         ERR_PARSE, "\\x00"},
	{"a fragment", "https://example.com/#x", ERR_PARSE, "a fragment"},
	{"a fragment behind the host", "https://example.com#x", ERR_PARSE,
         "a fragment"},
	{"port 0", "https://example.com:0/", ERR_PARSE, "no port number"},
	{"port 65536", "https://example.com:65536/", ERR_PARSE,
         "no port number"},
	{"a huge port", "https://example.com:4294967739/", ERR_PARSE,
         "no port number"},
	{"letters for a port", "https://example.com:https/", ERR_PARSE,
         "no port number"},
	{"two ports", "https://example.com:1:2/", ERR_PARSE, "no port number"},
	{"a host without a dot", "https://localhost/", ERR_PARSE,
         "an incomplete host name"},
	{"a number for a host", "https://2130706433/", ERR_PARSE,
         "an incomplete host name"},
	{"three numbers for a host", "https://127.0.1/", ERR_PARSE,
         "an incomplete host name"},
	{"octal numbers", "https://0177.0.0.01/", ERR_PARSE,
         "an incomplete host name"},
	{"hex numbers", "https://127.0.0.0x1/", ERR_PARSE,
         "an incomplete host name"},
	{"a host that is 0x", "https://127.0x/", ERR_PARSE,
         "an incomplete host name"},
	{"an underscore in the host", "https://a_b.example/", ERR_PARSE,
         "an underscore"},
	{"an open bracket", "https://[::1/", ERR_PARSE, "a [ without a ]"},
	{"IPv4 in brackets", "https://[127.0.0.1]/", ERR_PARSE,
         "no IPv6 address"},
	{"nothing in brackets", "https://[]/", ERR_PARSE, "no IPv6 address"},
	{"a zone", "https://[fe80::1%25eth0]/", ERR_PARSE, "no IPv6 address"},
	{"a future address", "https://[v1.x:y]/", ERR_PARSE, "no IPv6 address"},
	{"IPv6 without brackets", "https://2001:db8::1/", ERR_PARSE,
         "an incomplete host name"},
	{"IPv6 with escaped colons", "https://%3A%3A1/", ERR_PARSE,
         "domain '::1'"},
	{"words behind the bracket", "https://[::1]x/", ERR_PARSE,
         "unexpected text after the ]"},
	{"a bracket in the path", "https://example.com/[x]", ERR_PARSE,
         "a bracket outside of the host"},
	{"a bracket in the query", "https://example.com/?a]", ERR_PARSE,
         "a bracket outside of the host"},
};

static void test_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mails); i++) {
		const char *text = mails[i].text;
		struct err err = {0};
		struct rua rua, again;

		ROW(&mails[i]);
		assert_int_equal(rua_parse(text, strlen(text), &rua, &err), 0);
		assert_int_equal(rua.kind, RUA_MAIL);
		assert_string_equal(rua.uri, mails[i].uri);
		assert_string_equal(rua.address, mails[i].address);
		assert_string_equal(rua.host, strchr(rua.address, '@') + 1);
		assert_int_equal(rua.port, 0);
		assert_int_equal(
			rua_parse(rua.uri, strlen(rua.uri), &again, &err), 0);
		assert_memory_equal(&rua, &again, sizeof(rua));
		/* the same place, however it came in */
		assert_int_equal(rua_from_address(mails[i].address,
		                                  strlen(mails[i].address),
		                                  &again, &err),
		                 0);
		assert_memory_equal(&rua, &again, sizeof(rua));
	}
}

static void test_https(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(https); i++) {
		const char *text = https[i].text;
		struct err err = {0};
		struct rua rua, again;

		ROW(&https[i]);
		assert_int_equal(rua_parse(text, strlen(text), &rua, &err), 0);
		assert_int_equal(rua.kind, RUA_HTTPS);
		assert_string_equal(rua.uri, https[i].uri);
		assert_string_equal(rua.host, https[i].host);
		assert_string_equal(rua.address, "");
		assert_int_equal(rua.port, https[i].port);
		assert_int_equal(
			rua_parse(rua.uri, strlen(rua.uri), &again, &err), 0);
		assert_memory_equal(&rua, &again, sizeof(rua));
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = {0};
		struct rua rua;

		ROW(&bad[i]);
		assert_int_equal(
			rua_parse(bad[i].text, strlen(bad[i].text), &rua, &err),
			bad[i].class);
		assert_non_null(strstr(err.text, "rua: "));
		assert_non_null(strstr(err.text, bad[i].words));
		/* nothing of it is left */
		assert_int_equal(rua.kind, 0);
		assert_string_equal(rua.uri, "");
		assert_string_equal(rua.address, "");
		assert_string_equal(rua.host, "");
	}
}

static void test_long_uris(void **state)
{
	static const char begin[] = "https://example.com/";
	char text[RUA_URI_MAX + 2];
	struct err err = {0};
	struct rua rua;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, begin, strlen(begin));
	assert_int_equal(rua_parse(text, RUA_URI_MAX, &rua, &err), 0);
	assert_int_equal(strlen(rua.uri), RUA_URI_MAX);
	assert_int_equal(rua_parse(text, RUA_URI_MAX + 1, &rua, &err),
	                 ERR_LIMIT);
	assert_non_null(strstr(err.text, "more than 2048 bytes in 'https://"));
	assert_non_null(strstr(err.text, "xx...'"));
	/* the "/" that is put in makes it too long */
	text[strlen(begin) - 1] = '?';
	assert_int_equal(rua_parse(text, RUA_URI_MAX, &rua, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "more than 2048 bytes"));
	assert_string_equal(rua.uri, "");
}

static void test_from_address(void **state)
{
	static const struct bad_row rows[] = {
		{"a U-label",
	         "tls@b\xc3\xbc"
	         "cher.example",
	         0, "tls@xn--bcher-kva.example"},
		{"a percent sign is no escape", "a%41@example.com", 0,
	         "a%41@example.com"},
		{"empty", "", ERR_PARSE, "no mail address in ''"},
		{"no domain", "tls@", ERR_PARSE, "domain is empty"},
		{"an @ alone", "@", ERR_PARSE, "not a dot-atom"},
		{"a URI", "mailto:tls@example.com", ERR_PARSE,
	         "not a dot-atom"},
		{"a display name", "TLS <tls@example.com>", ERR_PARSE,
	         "not a dot-atom"},
		{"a list", "a@b.example, c@d.example", ERR_PARSE,
	         "more than one mail address"},
		{"a CR LF", "a@b.example\r\nBcc: c@d.example", ERR_PARSE,
	         "a control character"},
		{"a quoted local part", "\"a b\"@c.example", ERR_PARSE,
	         "not a dot-atom"},
		{"a local part in UTF-8", "b\xc3\xbcro@b.example", ERR_PARSE,
	         "SMTPUTF8"},
		{"a raw exclamation mark is atext", "a!b@example.com", 0,
	         "a!b@example.com"},
		{"an address literal", "a@[::1]", ERR_PARSE,
	         "an address literal"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		struct rua rua;

		ROW(&rows[i]);
		assert_int_equal(rua_from_address(rows[i].text,
		                                  strlen(rows[i].text), &rua,
		                                  &err),
		                 rows[i].class);
		if (rows[i].class == 0)
			assert_string_equal(rua.address, rows[i].words);
		else
			assert_non_null(strstr(err.text, rows[i].words));
	}
}

static void test_from_directory(void **state)
{
	static const struct bad_row rows[] = {
		{"with its scheme", "directory:/var/lib/x", 0,
	         "directory:/var/lib/x"},
		{"the path alone", "/var/lib/x", 0, "directory:/var/lib/x"},
		{"a slash at its end", "/var/lib/x//", 0,
	         "directory:/var/lib/x"},
		{"the root", "/", 0, "directory:/"},
		{"a relative path", "directory:var/x", ERR_PARSE,
	         "a path that does not begin with / in 'directory:var/x'"},
		{"no path", "directory:", ERR_PARSE,
	         "a path that does not begin with /"},
		{"empty", "", ERR_PARSE, "a path that does not begin with /"},
		{"a line end", "/var/x\n", ERR_PARSE, "a control character"},
	};
	char text[RUA_URI_MAX];
	struct err err = {0};
	struct rua rua;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(rua_from_directory(rows[i].text, &rua, &err),
		                 rows[i].class);
		if (rows[i].class == 0) {
			assert_int_equal(rua.kind, RUA_DIRECTORY);
			assert_string_equal(rua.uri, rows[i].words);
		} else {
			assert_non_null(strstr(err.text, rows[i].words));
		}
	}
	memset(text, '/', sizeof(text));
	memset(text + 1, 'x', sizeof(text) - 2);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(rua_from_directory(text, &rua, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "more than 2048 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_https),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long_uris),
		cmocka_unit_test(test_from_address),
		cmocka_unit_test(test_from_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
