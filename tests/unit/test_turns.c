#include "unit/test.h"

#include "policy/turns.h"

/* Places shared out: the turns of one test, and of what is asked for. */
struct world {
	struct turns turns;
	struct turn turn[40];
	size_t count;
	int64_t now_ms;
};

static struct world world_of(size_t places, size_t background, size_t each)
{
	struct world world = {.turns = {.places = places,
	                                .background_places = background,
	                                .places_each = {each, each}}};

	return world;
}

static struct turn *wait_for(struct world *world, const char *domain,
                             const char *address, bool background)
{
	struct turn *turn = &world->turn[world->count++];

	turn->shares[0] = domain != NULL ? turns_share(domain) : 0;
	turn->shares[1] =
		address != NULL
			? turns_share_of_address(address, strlen(address))
			: 0;
	turn->background = background;
	turns_wait(&world->turns, turn);
	return turn;
}

static size_t begin_all(struct world *world, bool background)
{
	struct turn *turn;
	size_t n = 0;

	while ((turn = turns_next(&world->turns, background)) != NULL) {
		turns_begin(&world->turns, turn, world->now_ms);
		n++;
	}
	return n;
}

static void end_all(struct world *world)
{
	for (size_t i = 0; i < world->count; i++)
		turns_end(&world->turns, &world->turn[i]);
	assert_null(world->turns.tree);
}

static void test_shares(void **state)
{
	static const struct {
		const char *name, *one, *other;
		bool same;
	} rows[] = {
		{"a name below it", "example.com", "a.b.example.com", true},
		{"another one", "example.com", "example.net", false},
		{"below the registry of a country", "a.example.co.uk",
	         "b.example.co.uk", true},
		{"of two there", "example.co.uk", "other.co.uk", false},
		{"a short name is no registry", "a.t.co", "b.t.co", true},
		{"a registry of four labels", "a.city.kawasaki.jp",
	         "b.city.kawasaki.jp", true},
		{"two below a wild one", "a.b.ck", "c.b.ck", false},
		{"of one who lets others have theirs", "a.github.io",
	         "b.github.io", false},
		{"of two below a country's words", "one.k12.ca.us",
	         "two.k12.ca.us", false},
		{"one label", "example", "test", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(turns_share(rows[i].one) ==
		                         turns_share(rows[i].other),
		                 rows[i].same);
		assert_int_not_equal(turns_share(rows[i].one), 0);
	}
}

static void test_networks(void **state)
{
	static const struct {
		const char *name, *one, *other;
		bool same;
	} rows[] = {
		{"a neighbour", "192.0.2.1", "192.0.2.200", true},
		{"another network", "192.0.2.1", "192.0.3.1", false},
		{"of one site", "2001:db8:1::1", "2001:db8:1:ffff::1", true},
		{"of two", "2001:db8:1::1", "2001:db8:2::1", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *one = rows[i].one, *other = rows[i].other;

		ROW(&rows[i]);
		assert_int_equal(
			turns_share_of_address(one, strlen(one)) ==
				turns_share_of_address(other, strlen(other)),
			rows[i].same);
	}
}

/* In the order in which they came, but owner by owner. */
static void test_order(void **state)
{
	struct world world = world_of(100, 100, 0);
	struct turn *a1, *a2, *a3, *b1, *again;

	(void)state;
	turns_init(&world.turns);
	a1 = wait_for(&world, "x.a.test", NULL, false);
	a2 = wait_for(&world, "y.a.test", NULL, false);
	a3 = wait_for(&world, "a.test", NULL, false);
	b1 = wait_for(&world, "b.test", NULL, false);
	assert_ptr_equal(turns_next(&world.turns, false), a1);
	turns_begin(&world.turns, a1, 0);
	assert_ptr_equal(turns_next(&world.turns, false), b1);
	turns_begin(&world.turns, b1, 0);
	assert_ptr_equal(turns_next(&world.turns, false), a2);
	turns_end(&world.turns, a2);
	/* what had its turn comes before the others of its owner */
	again = a1;
	turns_end(&world.turns, again);
	again->again = true;
	turns_wait(&world.turns, again);
	assert_ptr_equal(turns_next(&world.turns, false), again);
	turns_begin(&world.turns, again, 0);
	assert_ptr_equal(turns_next(&world.turns, false), a3);
	end_all(&world);
}

static void test_part_of_one(void **state)
{
	struct world world = world_of(8, 4, 2);
	char domain[32];

	(void)state;
	turns_init(&world.turns);
	/* one domain's, and one network's */
	for (int i = 0; i < 5; i++)
		wait_for(&world, "a.test", NULL, false);
	for (int i = 0; i < 5; i++) {
		snprintf(domain, sizeof(domain), "d%d.test", i);
		wait_for(&world, domain, "192.0.2.7", i > 2);
	}
	assert_int_equal(begin_all(&world, false), 4);
	assert_int_equal(begin_all(&world, true), 0);
	assert_false(turns_are_late(&world.turns, false));
	/* what is nobody's has no such limit, but the background has its own */
	for (int i = 0; i < 9; i++)
		wait_for(&world, NULL, NULL, true);
	assert_int_equal(begin_all(&world, true), 4);
	assert_true(turns_are_late(&world.turns, true));
	end_all(&world);
}

static void test_in_the_way(void **state)
{
	struct world world = world_of(4, 2, 2);
	struct turn *old_a, *back, *young;

	(void)state;
	turns_init(&world.turns);
	world.now_ms = 1000;
	old_a = wait_for(&world, "a.test", NULL, false);
	begin_all(&world, false);
	back = wait_for(&world, "b.test", NULL, true);
	begin_all(&world, true);
	assert_null(turns_in_the_way(&world.turns, 9999, 9999));
	/* an owner in his own way, though there are places */
	world.now_ms = 2000;
	young = wait_for(&world, "c.a.test", NULL, false);
	begin_all(&world, false);
	wait_for(&world, "d.a.test", NULL, false);
	assert_null(turns_next(&world.turns, false));
	assert_null(turns_in_the_way(&world.turns, 9999, 999));
	assert_ptr_equal(turns_in_the_way(&world.turns, 0, 1000), old_a);
	turns_end(&world.turns, old_a);
	assert_int_equal(begin_all(&world, false), 1);
	assert_null(turns_in_the_way(&world.turns, 9999, 9999));
	/* no place is left: the background makes room first */
	wait_for(&world, "e.test", NULL, false);
	assert_int_equal(begin_all(&world, false), 1);
	wait_for(&world, "f.test", NULL, false);
	assert_ptr_equal(turns_in_the_way(&world.turns, 9999, 9999), back);
	turns_end(&world.turns, back);
	assert_int_equal(begin_all(&world, false), 1);
	/* and nobody for the background */
	wait_for(&world, "g.test", NULL, true);
	assert_null(turns_in_the_way(&world.turns, 9999, 9999));
	wait_for(&world, "h.test", NULL, false);
	assert_ptr_equal(turns_in_the_way(&world.turns, 9999, 9999), young);
	end_all(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_part_of_one),
		cmocka_unit_test(test_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
