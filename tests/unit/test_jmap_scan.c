/* jmap/jmap_scan: pages, and what happens when the store changes between two
 * of them.  The objects are numbers.  And the texts of states. */
#include <stdlib.h>

#include "unit/store_test.h"

#include "base/json.h"
#include "jmap/jmap_filter.h"
#include "jmap/jmap_type.h"
#include "store/change_table.h"
#include "store/meta_table.h"

enum { OBJECTS = 12000, PAGES_MIN = 3 };

/* Somebody writes when the walk comes by; 0: never. */
static struct writer {
	struct db *db;
	uint64_t at;
	int times;
	bool walks; /* this type has a walk, too */
} writer;

static void write_now(void)
{
	struct db_txn *txn = db_begin_write(writer.db);

	change_touch(txn, CHANGE_DOMAIN);
	commit_ok(&txn);
	writer.times--;
}

static int next(struct db_txn *txn, void *facts)
{
	uint64_t *number = facts;

	(void)txn;
	if (*number >= OBJECTS)
		return 0;
	if (++*number == writer.at && writer.times > 0)
		write_now();
	return 1;
}

static void walk(struct db_txn *txn, const void *facts, struct jmap_scan *scan)
{
	uint64_t number = *(const uint64_t *)facts;

	while (next(txn, &number) && scan->visit(scan, &number))
		;
}

static struct jmap_key id_key(const void *facts, struct arena *mem)
{
	(void)mem;
	return (struct jmap_key){.rank = *(const uint64_t *)facts};
}

static void id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT])
{
	snprintf(out, JMAP_ID_TEXT, "%llu", (unsigned long long)key->rank);
}

static struct jmap_type numbers(bool walks)
{
	return (struct jmap_type){
		.change = CHANGE_DOMAIN,
		.walk =
			{
				.next = next,
				.each = walks ? walk : NULL,
				.facts_size = sizeof(uint64_t),
				.id_key = id_key,
				.id_text = id_text,
			},
	};
}

struct seen {
	struct jmap_scan scan;
	uint64_t last, count, until;
	int begun;
};

static bool visit(struct jmap_scan *scan, const void *facts)
{
	struct seen *seen = (struct seen *)scan;

	/* each once, in their order */
	assert_int_equal(*(const uint64_t *)facts, ++seen->last);
	seen->count++;
	return seen->count != seen->until;
}

static void again(struct jmap_scan *scan)
{
	struct seen *seen = (struct seen *)scan;

	seen->last = 0;
	seen->count = 0;
	seen->begun++;
}

/* How many states there were since. */
static uint64_t states_since(struct db *db, const char *text)
{
	struct db_txn *txn = db_begin_read(db);
	uint64_t state = change_state(txn, CHANGE_DOMAIN), told;

	assert_true(jmap_state_parse(txn, text, &told));
	db_abort(&txn);
	return state - told;
}

static void test_changes_between_pages(void **state)
{
	static const struct {
		const char *name;
		uint64_t at;
		int times, begun;
		uint64_t late; /* states that came after the one told */
		bool is_slow;  /* to begin */
	} rows[] = {
		{"nobody writes", 0, 0, 1, 0, false},
		{"once, in the first page", 10, 1, 2, 0, false},
		{"once, in the last page", OBJECTS - 1, 1, 1, 1, false},
		{"twice", 7000, 2, 3, 0, false},
		/* the third time all is seen at one state, the older one */
		{"always", 7000, 1000, 3, 1, false},
		{"a walk that is slow to begin is begun once", 7000, 1000, 1, 1,
	         true},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		size_t row = i / 2;
		struct jmap_type type = numbers(i % 2);
		struct seen seen = {.scan = {.visit = visit, .again = again},
		                    .begun = 1};
		struct fixture f;
		char told[JMAP_STATE_TEXT];
		struct err err;

		ROW(&rows[row]);
		type.walk.begins_slowly = rows[row].is_slow;
		fixture_make(&f);
		fixture_open(&f);
		writer = (struct writer){.db = f.db,
		                         .at = rows[row].at,
		                         .times = rows[row].times};
		assert_int_equal(
			jmap_scan_all(f.db, &type, &seen.scan, told, &err), 0);
		assert_int_equal(seen.count, OBJECTS);
		assert_int_equal(seen.begun, rows[row].begun);
		assert_int_equal(states_since(f.db, told), rows[row].late);
		fixture_clear(&f);
	}
}

static void test_ends_when_told(void **state)
{
	struct jmap_type type = numbers(false);
	struct seen seen = {.scan = {.visit = visit, .again = again},
	                    .until = 6000};
	struct fixture f;
	char told[JMAP_STATE_TEXT];
	struct err err;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	writer = (struct writer){.db = f.db};
	assert_int_equal(jmap_scan_all(f.db, &type, &seen.scan, told, &err), 0);
	assert_int_equal(seen.count, 6000);
	fixture_clear(&f);
}

static void test_states(void **state)
{
	static const struct {
		const char *name, *text;
		bool good;
	} rows[] = {
		{"as it is written", "0000002a-17", true},
		{"the first", "0000002a-0", true},
		{"another epoch", "0000002b-17", false},
		{"a number alone", "17", false},
		{"zeros before it", "0000002a-017", false},
		{"a sign", "0000002a-+17", false},
		{"a blank", "0000002a- 17", false},
		{"more behind it", "0000002a-17x", false},
		{"no number", "0000002a-", false},
		{"too large a number", "0000002a-99999999999999999999", false},
		{"an epoch in capitals", "0000002A-17", false},
		{"nothing", "", false},
	};
	struct fixture f;
	struct db_txn *txn;

	(void)state;
	fixture_make(&f);
	fixture_open(&f);
	txn = db_begin_write(f.db);
	meta_put(txn, META_EPOCH, UINT64_C(0x7000000002a));
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t number;

		ROW(&rows[i]);
		assert_int_equal(jmap_state_parse(txn, rows[i].text, &number),
		                 rows[i].good);
	}
	db_abort(&txn);
	fixture_clear(&f);
}

static void test_scan_for(void **state)
{
	static const struct {
		const char *name, *id;
		size_t prefix;
		uint64_t after, want; /* 0: not found */
	} rows[] = {
		{"the first", "1", 0, 0, 1},
		{"one", "777", 0, 0, 777},
		{"one before", "777", 0, 777, 0},
		{"none", "x", 0, 0, 0},
		{"in its part", "1234", 2, 1199, 1234},
		{"past its part", "1334", 2, 1199, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct jmap_type type = numbers(false);
		uint64_t facts = rows[i].after;
		int found;

		ROW(&rows[i]);
		writer = (struct writer){.at = 0};
		found = jmap_scan_for(NULL, &type, rows[i].id, rows[i].prefix,
		                      &facts);
		assert_int_equal(found, rows[i].want != 0);
		if (found)
			assert_int_equal(facts, rows[i].want);
	}
}

static unsigned looked_up;

static bool look_up(struct db_txn *txn, const void *facts, int number,
                    const char *text)
{
	(void)txn;
	(void)facts;
	(void)number;
	(void)text;
	looked_up++;
	return true;
}

/* What is read for an object alone is read of what all else has left. */
static void test_what_is_looked_up_comes_last(void **state)
{
	static const struct jmap_condition conditions[] = {
		{"host", MATCH_TEXT_LOOKED_UP, 0, 0, NULL, look_up},
		{"is", MATCH_HAS, 0, 0, NULL, NULL},
		{0},
	};
	static const struct {
		const char *name, *filter;
		bool takes;
		unsigned looks;
	} rows[] = {
		{"alone", "{'host':'a'}", true, 1},
		{"a member", "{'host':'a','is':false}", false, 0},
		{"one that holds", "{'host':'a','is':true}", true, 1},
		{"AND",
	         "{'operator':'AND','conditions':[{'host':'a'},{'is':false}]}",
	         false, 0},
		{"OR",
	         "{'operator':'OR','conditions':[{'host':'a'},{'is':true}]}",
	         true, 0},
		{"deeper",
	         "{'operator':'AND','conditions':[{'operator':'NOT',"
	         "'conditions':[{'host':'a'}]},{'is':false}]}",
	         false, 0},
	};
	struct jmap_type type = numbers(false);
	const uint64_t one = 1;

	(void)state;
	type.walk.conditions = conditions;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena mem = {0};
		auto_(xfree_str) char *text = xstrdup(rows[i].filter);
		struct jmap_failure failure = {0};
		auto_(json_free) json_t *json = NULL;
		const struct jmap_filter *filter;

		ROW(&rows[i]);
		for (char *c = text; *c != '\0'; c++)
			if (*c == '\'')
				*c = '"';
		json = json_loads(text, 0, NULL);
		filter = jmap_filter_read(&type, json, &mem, &failure);
		assert_non_null(filter);
		looked_up = 0;
		assert_int_equal(jmap_filter_takes(filter, NULL, &one),
		                 rows[i].takes);
		assert_int_equal(looked_up, rows[i].looks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_looked_up_comes_last),
		cmocka_unit_test(test_changes_between_pages),
		cmocka_unit_test(test_ends_when_told),
		cmocka_unit_test(test_scan_for),
		cmocka_unit_test(test_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
