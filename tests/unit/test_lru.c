#include "unit/test.h"

#include "base/lru.h"

static int cleared;

static void clear(void *value)
{
	(void)value;
	cleared++;
}

static int *use(struct lru *lru, const char *key)
{
	return lru_use(lru, key, strlen(key));
}

static int *find(const struct lru *lru, const char *key)
{
	return lru_find(lru, key, strlen(key));
}

/* Keys oldest first, with a blank after each. */
static void check_order(const struct lru *lru, const char *want)
{
	char got[256] = "";

	for (const void *at = lru_next(lru, NULL); at != NULL;
	     at = lru_next(lru, at)) {
		size_t len;
		const char *key = lru_key(at, &len);

		strncat(got, key, len);
		strcat(got, " ");
	}
	assert_string_equal(got, want);
}

static void test_use(void **state)
{
	struct lru *lru = lru_new(3, sizeof(int), clear);

	(void)state;
	cleared = 0;
	assert_null(find(lru, "a"));
	*use(lru, "a") = 1;
	*use(lru, "b") = 2;
	assert_int_equal(*use(lru, "a"), 1);
	check_order(lru, "b a ");
	assert_int_equal(*find(lru, "b"), 2);
	check_order(lru, "b a ");
	assert_int_equal(*use(lru, "c"), 0);
	use(lru, "d");
	check_order(lru, "a c d ");
	assert_null(find(lru, "b"));
	assert_int_equal(cleared, 1);
	lru_forget(lru, "c", 1);
	lru_forget(lru, "x", 1);
	check_order(lru, "a d ");
	assert_int_equal(lru_count(lru), 2);
	lru_free(&lru);
	assert_null(lru);
	assert_int_equal(cleared, 4);
	lru_free(&lru);
}

/* Past its first buckets, and full. */
static void test_many(void **state)
{
	enum { MAX = 5000 };
	struct lru *lru = lru_new(MAX, sizeof(int), NULL);

	(void)state;
	for (int i = 0; i < 3 * MAX; i++)
		*(int *)lru_use(lru, &i, sizeof(i)) = i;
	assert_int_equal(lru_count(lru), MAX);
	for (int i = 0; i < 3 * MAX; i++) {
		const int *value = lru_find(lru, &i, sizeof(i));

		assert_int_equal(value != NULL, i >= 2 * MAX);
		if (value != NULL)
			assert_int_equal(*value, i);
	}
	lru_free(&lru);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
