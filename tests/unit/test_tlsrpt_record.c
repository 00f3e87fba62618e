#include "unit/test.h"

#include "base/strbuf.h"
#include "domain/tlsrpt_record.h"

#define V "v=TLSRPTv1"
#define RUA V "; rua=mailto:t@x.example"
#define NAME32 "a1234567890123456789012345678901"

/* rua_count URIs as one text, a space between them. */
struct good_row {
	const char *name, *text;
	const char *uris;
	const char *note; /* in the first note; NULL: there is none */
};

struct bad_row {
	const char *name, *text;
	const char *words;
};

static const struct good_row good[] = {
	{"one address", RUA, "mailto:t@x.example", NULL},
	{"one https", V "; rua=https://x.example/v1", "https://x.example/v1",
         NULL},
	{"no space", V ";rua=mailto:t@x.example", "mailto:t@x.example", NULL},
	{"a space before the semicolon", V " ;rua=mailto:t@x.example",
         "mailto:t@x.example", NULL},
	{"tabs and spaces around it", V " \t ; \t rua=mailto:t@x.example",
         "mailto:t@x.example", NULL},
	{"a semicolon at the end", RUA ";", "mailto:t@x.example", NULL},
	{"a semicolon and white space at the end", RUA " ; \t",
         "mailto:t@x.example", NULL},
	{"white space at the end", RUA "  ", "mailto:t@x.example", NULL},
	{"two URIs", RUA ",https://x.example/",
         "mailto:t@x.example "
         "https://x.example/",
         NULL},
	{"white space around the comma", RUA " \t , \t https://x.example/",
         "mailto:t@x.example https://x.example/", NULL},
	{"two rua fields", RUA "; rua=mailto:u@x.example",
         "mailto:t@x.example mailto:u@x.example", NULL},
	{"the same URI twice", RUA ",mailto:t@X.example", "mailto:t@x.example",
         NULL},
	{"the same URI in two fields", RUA ";rua=MAILTO:t@x.example",
         "mailto:t@x.example", NULL},
	{"an extension", RUA "; ext=yes", "mailto:t@x.example", NULL},
	{"an extension before rua", V "; ext=yes; rua=mailto:t@x.example",
         "mailto:t@x.example", NULL},
	{"an extension with all that its name may have", RUA "; 9a_B.c-=1",
         "mailto:t@x.example", NULL},
	{"an extension of 32 letters", RUA "; " NAME32 "=1",
         "mailto:t@x.example", NULL},
	{"an extension with all that its value may have",
         RUA "; e=!\"#$%&'()*+,-./:<>?@[\\]^_`{|}~", "mailto:t@x.example",
         NULL},
	{"capital RUA is an extension", RUA "; RUA=yes", "mailto:t@x.example",
         NULL},
	{"a second version is an extension", RUA "; v=TLSRPTv2",
         "mailto:t@x.example", NULL},
	{"a name that begins like rua", RUA "; ruas=x", "mailto:t@x.example",
         NULL},
	{"an escaped comma in a path", V ";rua=https://x.example/a%2Cb",
         "https://x.example/a%2Cb", NULL},
	{"a query with equals signs", V ";rua=https://x.example/?a=b&c=d",
         "https://x.example/?a=b&c=d", NULL},

	{"a size as DMARC has it", RUA "!10m", "", "a '!' that"},
	{"a size on one of two", RUA "!10m,https://x.example/",
         "https://x.example/", "a '!' that"},
	{"http", V ";rua=http://x.example/", "",
         "mailto and https in 'http://x.example/'"},
	{"an unknown scheme before a known",
         V ";rua=xmpp:a@b,https://x.example/", "https://x.example/",
         "a scheme other than"},
	{"an unknown scheme of one letter", V ";rua=a:", "",
         "a scheme other than"},
	{"two addresses in one URI", V ";rua=mailto:a@x.example%2Cb@x.example",
         "", "more than one mail address"},
	{"a line end in an address", V ";rua=mailto:a%0d%0a@x.example", "",
         "a control character in the mail address"},
	{"a user in https", V ";rua=https://u@x.example/", "",
         "a user name or password"},
	{"no address behind mailto", V ";rua=mailto:", "", "no mail address"},
	{"no host", V ";rua=https://", "", "no host"},
	{"an address without a domain", V ";rua=mailto:tls", "", "no @"},
	{"a domain that is none", V ";rua=mailto:a@-x-.example", "",
         "domain '-x-.example'"},

	/* a fault of the list is the fault of one element */
	{"a comma at the end", RUA ",", "mailto:t@x.example",
         "an empty element"},
	{"a comma at the beginning", V "; rua=,mailto:t@x.example",
         "mailto:t@x.example", "an empty element"},
	{"white space before that comma", V "; rua= \t, mailto:t@x.example",
         "mailto:t@x.example", "an empty element"},
	{"two commas", RUA ", ,mailto:u@x.example",
         "mailto:t@x.example mailto:u@x.example", "an empty element"},
	{"white space after the equals sign of rua",
         V "; rua= mailto:t@x.example", "mailto:t@x.example", NULL},
	{"an empty rua", V "; rua=", "", "an empty element"},
	{"an empty rua beside another", V "; rua=; rua=mailto:t@x.example",
         "mailto:t@x.example", "an empty element"},
	{"no scheme", V "; rua=noscheme", "", "no scheme in 'noscheme'"},
	{"a bare address", V "; rua=t@x.example", "",
         "no scheme in 't@x.example'"},
	{"a bare address behind a good one", RUA ",t@x.example",
         "mailto:t@x.example", "no scheme in 't@x.example'"},
	{"a bare address before a good one",
         V ";rua=t@x.example,mailto:u@x.example", "mailto:u@x.example",
         "no scheme in 't@x.example'"},
	{"a ruf in the list", RUA ",ruf=mailto:u@x.example",
         "mailto:t@x.example", "no scheme in 'ruf=mailto:u@x.example'"},
	{"white space after the scheme", RUA ",mailto: u@x.example",
         "mailto:t@x.example", "white space in 'mailto: u@x.example'"},
	{"words behind the URI", RUA " other", "",
         "white space in 'mailto:t@x.example other'"},
	{"two URIs without a comma", RUA " https://x.example/", "",
         "white space"},
	{"a broken escape", RUA ",http://bad/%", "mailto:t@x.example",
         "an invalid %-escape"},
	{"angle brackets", RUA ",<mailto:u@x.example>", "mailto:t@x.example",
         "a character that is not allowed in a URI"},
	{"quotes", RUA ",\"mailto:u@x.example\"", "mailto:t@x.example",
         "a character that is not allowed in a URI"},
	{"a line end", RUA "\r\n", "", "a control character"},
	{"UTF-8", RUA ",mailto:\xc3\xbc@x.example", "mailto:t@x.example",
         "outside ASCII"},
	{"a second rua without a URI", RUA "; rua=x", "mailto:t@x.example",
         "no scheme in 'x'"},
};

static const struct bad_row bad[] = {
	{"empty", "", "does not begin with 'v=TLSRPTv1;'"},
	{"version 0", "v=TLSRPTv0; rua=mailto:t@x.example", "does not begin"},
	{"version 10", "v=TLSRPTv10; rua=mailto:t@x.example", "does not begin"},
	{"version 2", "v=TLSRPTv2; rua=mailto:t@x.example", "does not begin"},
	{"the version in small letters", "v=tlsrptv1; rua=mailto:t@x.example",
         "does not begin"},
	{"a capital V", "V=TLSRPTv1; rua=mailto:t@x.example", "does not begin"},
	{"the version alone", V, "does not begin"},
	{"a comma behind the version", V ", rua=mailto:t@x.example",
         "does not begin"},
	{"the version comes second", "rua=mailto:t@x.example; " V ";",
         "does not begin"},
	{"white space before the version", " " RUA, "does not begin"},
	{"white space in the version", "v = TLSRPTv1; rua=mailto:t@x.example",
         "does not begin"},
	{"another record", "v=spf1 -all", "does not begin"},
	{"what stands for several", TLSRPT_SEVERAL, "there is more than one"},
	{"and something behind it", TLSRPT_SEVERAL ";", "does not begin"},

	{"no field", V ";", "no rua field"},
	{"no field but white space", V "; ", "no rua field"},
	{"no rua", V "; ext=1", "no rua field"},
	{"rua in capitals", V "; RUA=mailto:t@x.example", "no rua field"},

	{"two semicolons at the end", RUA ";;",
         "an empty field in ';' at byte 36"},
	{"two semicolons with space between", RUA "; ;", "an empty field"},
	{"an empty field in the middle", RUA ";; ext=1", "an empty field"},
	{"an empty field first", V ";; rua=mailto:t@x.example",
         "an empty field in ';' at byte 12"},

	{"a field without a value", RUA "; test", "no '=' in 'test'"},
	{"an empty extension", RUA "; more=", "no value in 'more='"},
	{"two equals signs", RUA "; test==",
         "a character that is not allowed in a value in 'test==' at byte 37"},
	{"an equals sign in a value", RUA "; test=a=b",
         "a character that is not allowed in a value"},
	{"a space in a value", RUA "; test=a b",
         "a character that is not allowed in a value"},
	{"a control character in a value", RUA "; test=a\x01",
         "is not allowed in a value in 'test=a\\x01'"},
	{"UTF-8 in a value", RUA "; test=\xc3\xbc",
         "a character that is not allowed in a value"},
	{"a name of 33 letters", RUA "; " NAME32 "2=1", "no field name"},
	{"a percent sign in a name", RUA "; 1%=a", "no field name"},
	{"no name", RUA "; =a", "no field name"},
	{"a name begins with a hyphen", RUA "; -a=1", "no field name"},
	{"a name begins with a dot", RUA "; .a=1", "no field name"},
	{"white space before the equals sign", V "; rua =mailto:t@x.example",
         "no field name"},
	{"white space after the equals sign", RUA "; ext= 1",
         "white space after the '='"},
	{"a line end for white space", V ";\nrua=mailto:t@x.example",
         "no field name"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct tlsrpt_record record;
		struct strbuf uris;
		struct err err = {0};

		ROW(&good[i]);
		strbuf_init(&uris, 0);
		assert_true(tlsrpt_record_is_candidate(good[i].text,
		                                       strlen(good[i].text)));
		assert_int_equal(tlsrpt_record_parse(good[i].text,
		                                     strlen(good[i].text),
		                                     &record, &err),
		                 0);
		for (size_t u = 0; u < record.rua_count; u++)
			strbuf_printf(&uris, "%s%s", u > 0 ? " " : "",
			              record.ruas[u].uri);
		assert_string_equal(strbuf_text(&uris), good[i].uris);
		assert_int_equal(record.note_count, good[i].note != NULL);
		if (good[i].note != NULL)
			assert_non_null(strstr(record.notes[0], good[i].note));
		strbuf_clear(&uris);
		tlsrpt_record_clear(&record);
		assert_null(record.ruas);
	}
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct tlsrpt_record record;
		struct err err = {0};

		ROW(&bad[i]);
		assert_int_equal(tlsrpt_record_parse(bad[i].text,
		                                     strlen(bad[i].text),
		                                     &record, &err),
		                 ERR_PARSE);
		assert_non_null(strstr(err.text, "TLSRPT record: "));
		assert_non_null(strstr(err.text, bad[i].words));
		/* nothing to clear */
		assert_null(record.ruas);
		assert_int_equal(record.rua_count, 0);
	}
}

/* A literal and its length, NULs and all. */
#define BYTES(literal) literal, sizeof(literal) - 1

static void test_nul(void **state)
{
	static const struct {
		const char *name, *text;
		size_t len;
	} rows[] = {
		{"in the version",
	         BYTES("v=TLSRPT\0v1; rua=mailto:t@x.example")},
		{"in a value", BYTES(RUA "; e=\0")},
		{"in a name", BYTES(RUA "; e\0=1")},
		{"for white space", BYTES(V ";\0rua=mailto:t@x.example")},
	};
	struct tlsrpt_record record;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(tlsrpt_record_parse(rows[i].text, rows[i].len,
		                                     &record, &err),
		                 ERR_PARSE);
	}
}

/* count URIs of a format with one %zu. */
static void parse_many(size_t count, const char *head, const char *tail,
                       struct tlsrpt_record *record)
{
	struct strbuf text;
	struct err err = {0};

	strbuf_init(&text, 0);
	strbuf_puts(&text, V "; rua=");
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "%s%s%zu%s", i > 0 ? "," : "", head, i,
		              tail);
	assert_int_equal(tlsrpt_record_parse(text.data, text.len, record, &err),
	                 0);
	strbuf_clear(&text);
}

static void test_many_uris(void **state)
{
	struct tlsrpt_record record;

	(void)state;
	parse_many(TLSRPT_RUA_MAX, "mailto:", "@x.example", &record);
	assert_int_equal(record.rua_count, TLSRPT_RUA_MAX);
	assert_int_equal(record.note_count, 0);
	assert_string_equal(record.ruas[15].uri, "mailto:15@x.example");
	tlsrpt_record_clear(&record);

	parse_many(TLSRPT_RUA_MAX + 2, "mailto:", "@x.example", &record);
	assert_int_equal(record.rua_count, TLSRPT_RUA_MAX);
	assert_int_equal(record.note_count, 2);
	assert_string_equal(record.notes[1],
	                    "rua: more than 16 URIs at 'mailto:17@x.example'");
	tlsrpt_record_clear(&record);

	/* those that cannot be used take no place */
	parse_many(TLSRPT_NOTES_MAX, "http://x.example/", "", &record);
	assert_int_equal(record.note_count, TLSRPT_NOTES_MAX);
	assert_non_null(strstr(record.notes[15], "x.example/15'"));
	tlsrpt_record_clear(&record);

	parse_many(100, "http://x.example/", "", &record);
	assert_int_equal(record.rua_count, 0);
	assert_int_equal(record.note_count, TLSRPT_NOTES_MAX);
	assert_non_null(strstr(record.notes[14], "x.example/14'"));
	assert_string_equal(record.notes[15], "85 more URIs ignored");
	tlsrpt_record_clear(&record);
}

static void test_long_records(void **state)
{
	char text[TLSRPT_RECORD_MAX + 1];
	struct tlsrpt_record record;
	struct err err = {0};

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, RUA "; e=", strlen(RUA "; e="));
	assert_int_equal(
		tlsrpt_record_parse(text, TLSRPT_RECORD_MAX, &record, &err), 0);
	assert_int_equal(record.rua_count, 1);
	tlsrpt_record_clear(&record);
	assert_int_equal(tlsrpt_record_parse(text, sizeof(text), &record, &err),
	                 ERR_LIMIT);
	assert_non_null(strstr(err.text, "longer than 4096 bytes"));
	assert_null(record.ruas);

	/* a URI too long for us is left out alone */
	memcpy(text, RUA ",https://x.example/",
	       strlen(RUA ",https://x.example/"));
	assert_int_equal(
		tlsrpt_record_parse(text, TLSRPT_RECORD_MAX, &record, &err), 0);
	assert_int_equal(record.rua_count, 1);
	assert_non_null(strstr(record.notes[0], "more than 2048 bytes"));
	tlsrpt_record_clear(&record);
}

static void test_choose(void **state)
{
	static const struct {
		const char *name;
		const char *texts[4];
		int want;
		size_t which;
	} rows[] = {
		{"none at all", {NULL}, 0, 0},
		{"one", {RUA}, 1, 0},
		{"one among others", {"v=spf1 -all", "", RUA}, 1, 2},
		{"none among others", {"v=spf1 -all", "v=TLSRPTv10;x"}, 0, 0},
		{"two", {RUA, V ";rua=mailto:u@x.example"}, ERR_PARSE, 0},
		{"two that are equal", {RUA, "x", RUA}, ERR_PARSE, 0},
		{"a malformed one counts too", {RUA, V " ;"}, ERR_PARSE, 0},
		{"the malformed one alone is the one", {V ";"}, 1, 0},
		{"the version alone does not count", {V, RUA}, 1, 1},
		{"version 2 does not count", {"v=TLSRPTv2;", RUA}, 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t lens[4] = {0}, count = 0, which = 0;
		struct err err = {0};

		ROW(&rows[i]);
		for (; count < 4 && rows[i].texts[count] != NULL; count++)
			lens[count] = strlen(rows[i].texts[count]);
		assert_int_equal(tlsrpt_record_choose(rows[i].texts, lens,
		                                      count, &which, &err),
		                 rows[i].want);
		assert_int_equal(which,
		                 rows[i].want < 0 ? which : rows[i].which);
		if (rows[i].want < 0)
			assert_non_null(
				strstr(err.text,
			               "2 records where only one is allowed"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_many_uris),
		cmocka_unit_test(test_long_records),
		cmocka_unit_test(test_choose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
