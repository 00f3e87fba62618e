#include "unit/test.h"

#include "reply/delivery_state.h"
#include "reply/ports.h"

/* A column each: claim, lease lost, accepted, temporary, uncertain, refused,
 * bad address, is suppressed, too old, release, bounced, reschedule.  The
 * letter is the state that follows, '.' what cannot happen. */
static const struct {
	const char *name; /* the state's word */
	enum delivery_state from;
	char letter;
	bool final;
	const char *want;
} rows[] = {
	{"pending", DELIVERY_PENDING, 'p', false, "i......sx..p"},
	{"inflight", DELIVERY_INFLIGHT, 'i', false, ".dDddfssxpb."},
	{"delivered", DELIVERY_DELIVERED, 'D', true, "..........b."},
	{"deferred", DELIVERY_DEFERRED, 'd', false, "i......sx.bp"},
	{"failed", DELIVERY_FAILED, 'f', true, "...........p"},
	{"suppressed", DELIVERY_SUPPRESSED, 's', true, "...........p"},
	{"expired", DELIVERY_EXPIRED, 'x', true, "...........p"},
	{"bounced", DELIVERY_BOUNCED, 'b', true, "...........p"},
};

static char letter_of(enum delivery_state state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].from == state)
			return rows[i].letter;
	return '?';
}

static void test_every_cell(void **state)
{
	(void)state;
	assert_int_equal(COUNT(rows), DELIVERY_STATES);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(strlen(rows[i].want), DELIVERY_EVENTS);
		for (int event = 0; event < DELIVERY_EVENTS; event++) {
			enum delivery_state to = DELIVERY_STATES;
			char got = '.';

			if (delivery_state_next(rows[i].from,
			                        (enum delivery_event)event,
			                        &to))
				got = letter_of(to);
			else
				assert_int_equal(to, DELIVERY_STATES);
			assert_int_equal(got, rows[i].want[event]);
		}
	}
}

static void test_final(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(delivery_state_is_final(rows[i].from),
		                 rows[i].final);
	}
}

/* They are in stores: a change of order would turn failed into delivered. */
static void test_stored_numbers(void **state)
{
	(void)state;
	assert_int_equal(DELIVERY_PENDING, 0);
	assert_int_equal(DELIVERY_INFLIGHT, 1);
	assert_int_equal(DELIVERY_DELIVERED, 2);
	assert_int_equal(DELIVERY_DEFERRED, 3);
	assert_int_equal(DELIVERY_FAILED, 4);
	assert_int_equal(DELIVERY_SUPPRESSED, 5);
	assert_int_equal(DELIVERY_EXPIRED, 6);
	assert_int_equal(DELIVERY_BOUNCED, 7);
}

static void test_what_no_table_has(void **state)
{
	enum delivery_state to;

	(void)state;
	assert_false(
		delivery_state_next((enum delivery_state)8, EVENT_CLAIM, &to));
	assert_false(
		delivery_state_next(DELIVERY_PENDING, DELIVERY_EVENTS, &to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_final),
		cmocka_unit_test(test_stored_numbers),
		cmocka_unit_test(test_what_no_table_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
