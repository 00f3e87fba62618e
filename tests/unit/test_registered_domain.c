#include "unit/test.h"

#include "base/registered_domain.h"

static const struct {
	const char *name, *domain, *want;
} rows[] = {
	{"as registered", "example.com", "example.com"},
	{"a host of it", "a.mail.example.com", "example.com"},
	{"below a registry of a country", "mx.example.co.uk", "example.co.uk"},
	{"the registry itself", "co.uk", "co.uk"},
	{"a top-level domain", "com", "com"},
	{"one that nobody lists", "a.b.example", "b.example"},
	{"a registry that is an A-label", "a.b.xn--55qx5d.cn",
         "b.xn--55qx5d.cn"},
	{"where everybody's is a name below it", "a.github.io", "a.github.io"},
	{"one label", "localhost", "localhost"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_string_equal(registered_domain(rows[i].domain),
		                    rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
