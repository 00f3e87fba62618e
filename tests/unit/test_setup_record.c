#include "unit/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "setup/record.h"

static int make_directory(void **state)
{
	char path[] = "/tmp/tlstally-test.XXXXXX";

	if (mkdtemp(path) == NULL)
		return -1;
	*state = xstrdup(path);
	return 0;
}

static int remove_directory(void **state)
{
	char *path = *state;
	auto_(xfree_str) char *file = xasprintf("%s/tlstally-setup.json", path);

	unlink(file);
	rmdir(path);
	free(path);
	return 0;
}

static void write_record(const char *directory, const char *text, mode_t mode)
{
	auto_(xfree_str) char *path =
		xasprintf("%s/tlstally-setup.json", directory);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* A record that is not ours must stop --apply: what is made without one cannot
 * be taken back. */
static void test_what_is_read(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		const char *error; /* NULL: none */
		size_t count;
	} rows[] = {
		{"one row",
	         "{\"made\":[{\"kind\":\"setting\",\"name\":\"a\","
	         "\"before\":null,\"after\":\"1\"}]}",
	         0600, NULL, 1},
		{"an object without members", "{}", 0600, NULL, 0},
		{"rows that are none", "{\"made\":1}", 0600, "not a record", 0},
		{"wishes that are none", "{\"asked\":[]}", 0600, "not a record",
	         0},
		{"nothing in the file", "", 0600, "JSON", 0},
		{"a list", "[]", 0600, "not a record", 0},
		{"a list of rows", "[{\"kind\":\"setting\"}]", 0600,
	         "not a record", 0},
		{"cut off", "{\"made\":[", 0600, "JSON", 0},
		{"others can write it", "{}", 0666, "is not trusted", 0},
	};
	const char *directory = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		auto_(record_clear) struct record record = {0};
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		write_record(directory, rows[i].text, rows[i].mode);
		rc = record_read(&record, directory, &arena, &err);
		if (rows[i].error != NULL) {
			assert_int_equal(rc, ERR_PARSE);
			assert_non_null(strstr(err.text, rows[i].error));
			assert_non_null(strstr(err.text, directory));
			continue;
		}
		assert_int_equal(rc, 0);
		assert_true(record.exists);
		assert_int_equal(record_count(&record), rows[i].count);
	}
}

/* What is put comes back from the file, each row once. */
static void test_what_is_written(void **state)
{
	static const struct record_row rows[] = {
		{THING_SETTING, "a", NULL, "1", NULL, NULL},
		{THING_SERVICE, "a", "a unix - - n", "b", NULL, NULL},
		{THING_SETTING, "a", "2", "2, x", "x", "y"},
	};
	const char *directory = *state;
	auto_(arena_clear) struct arena arena = {0};
	auto_(record_clear) struct record record = {0}, again = {0};
	struct err err = {0};
	struct record_row row;

	assert_int_equal(record_read(&record, directory, &arena, &err), 0);
	assert_false(record.exists);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(record_put(&record, &rows[i], &err), 0);
	record_set_reload(&record, true);
	record_ask(&record, "feed", "log");
	assert_int_equal(record_write(&record, &err), 0);

	assert_int_equal(record_read(&again, directory, &arena, &err), 0);
	assert_int_equal(record_count(&again), 2);
	assert_true(record_reload(&again));
	assert_string_equal(record_asked(&again, "feed"), "log");
	assert_string_equal(record_asked(&again, "milter"), "");
	assert_true(record_find(&again, THING_SETTING, "a", &row));
	assert_string_equal(row.before, "2");
	assert_string_equal(row.after, "2, x");
	assert_string_equal(row.item, "x");
	assert_true(record_find(&again, THING_SERVICE, "a", &row));
	assert_null(row.item);
	record_drop(&again, THING_SETTING, "a");
	assert_false(record_find(&again, THING_SETTING, "a", &row));
	assert_false(record_row(&again, 1, &row));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_what_is_read, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			test_what_is_written, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
