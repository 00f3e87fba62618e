#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "postfix/socketmap.h"

enum { NOBODY = 65534 };

/* Why there is no connection is told with the answer: what errno says behind
 * the call is anybody's. */
static void test_no_connection(void **state)
{
	static const struct {
		const char *name;
		mode_t mode; /* of the directory */
		bool denied;
	} rows[] = {
		{"a directory that we may not pass", 0, true},
		{"no such socket", 0755, false},
	};
	char directory[] = "/tmp/test_socketmap.XXXXXX";
	bool root = geteuid() == 0;

	(void)state;
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct socketmap_answer answer = {0};
		struct err err = {0};
		char server[64];
		int rc;

		ROW(&rows[i]);
		snprintf(server, sizeof(server), "unix:%s/s", directory);
		assert_int_equal(chmod(directory, rows[i].mode), 0);
		if (root)
			assert_int_equal(seteuid(NOBODY), 0);
		rc = socketmap_ask(server, "QUERY", "a.test", 1000, &answer,
		                   &err);
		if (root)
			assert_int_equal(seteuid(0), 0);
		assert_int_equal(rc, ERR_IO);
		assert_int_equal(answer.denied, rows[i].denied);
		strbuf_clear(&answer.text);
	}
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
