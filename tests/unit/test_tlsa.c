#include "unit/test.h"

#include "domain/tlsa.h"

enum { SHA256 = 3 + 32, SHA512 = 3 + 64 };

struct row {
	const char *name;
	unsigned char head[5]; /* of the RDATA; zeros follow */
	size_t len;
	const char *begins; /* the text; NULL: there is none */
	bool usable;
};

static const struct row rows[] = {
	{"DANE-EE, key, SHA-256",
         {3, 1, 1, 0xab, 0x0c},
         SHA256,
         "3 1 1 AB0C00",
         true},
	{"DANE-TA, certificate, SHA-512",
         {2, 0, 2, 0xff},
         SHA512,
         "2 0 2 FF00",
         true},
	{"a whole certificate", {3, 0, 0, 0x30}, 9, "3 0 0 300000000000", true},
	{"a whole thing of one byte", {3, 1, 0, 0x30}, 4, "3 1 0 30", true},
	{"PKIX-TA", {0, 0, 1}, SHA256, "0 0 1 00", false},
	{"PKIX-EE", {1, 1, 1}, SHA256, "1 1 1 00", false},
	{"a usage nobody knows", {4, 1, 1}, SHA256, "4 1 1 00", false},
	{"a private usage", {255, 1, 1}, SHA256, "255 1 1 00", false},
	{"a selector nobody knows", {3, 2, 1}, SHA256, "3 2 1 00", false},
	{"a matching type nobody knows",
         {3, 1, 3, 1, 2},
         5,
         "3 1 3 0102",
         false},
	{"a SHA-256 that is too short", {3, 1, 1}, SHA256 - 1, NULL, false},
	{"a SHA-256 that is too long", {3, 1, 1}, SHA256 + 1, NULL, false},
	{"a SHA-512 of SHA-256's length", {3, 1, 2}, SHA256, NULL, false},
	{"no data", {3, 1, 0}, 3, NULL, false},
	{"two bytes", {3, 1}, 2, NULL, false},
	{"empty", {0}, 0, NULL, false},
};

static void test_rows(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		unsigned char rdata[SHA512] = {0};
		const char *text;

		ROW(row);
		memcpy(rdata, row->head, sizeof(row->head));
		assert_int_equal(tlsa_is_usable(rdata, row->len), row->usable);
		text = tlsa_text(&arena, rdata, row->len);
		if (row->begins == NULL) {
			assert_null(text);
			continue;
		}
		assert_memory_equal(text, row->begins, strlen(row->begins));
		assert_int_equal(strlen(strrchr(text, ' ') + 1),
		                 2 * (row->len - 3));
		assert_int_equal(tlsa_text_is_usable(text), row->usable);
	}
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
