#include "unit/test.h"

#include "base/auto.h"
#include "fake/fake_resolver.h"
#include "domain/policy_answer.h"
#include "policy/discover.h"

#define NOON 1772366400 /* 2026-03-01T12:00Z */
#define ENFORCE                                                                \
	"version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n"
#define NONE_POLICY "version: STSv1\nmode: none\nmax_age: 86400\n"
#define STS_RECORD "_mta-sts.example.com TXT ok insecure 300 v=STSv1; id=one\n"
#define DIGEST                                                                 \
	"0000000000000000000000000000000000000000000000000000000000000000"

/* One domain and all it takes to look it up again and again. */
struct world {
	struct fake_resolver resolver;
	struct fake_fetcher fetcher;
	struct clock clock;
	struct discover_options options;
	enum fake_order order;
	int round_ms;         /* that questions take side by side */
	struct lookup lookup; /* the last */
	bool looked;
	bool complete; /* nothing of it failed temporarily */
};

static void world_clear(struct world *world)
{
	discover_clear(&world->lookup);
}

static void world_init(struct world *world, const char *zone)
{
	memset(world, 0, sizeof(*world));
	fake_resolver_init(&world->resolver, zone);
	fake_fetcher_init(&world->fetcher, ENFORCE);
	world->clock = clock_fixed(NOON);
	world->options = (struct discover_options){
		.clock = &world->clock,
		.sts = true,
		.knows_the_place = true,
		.dane = true,
	};
}

/* Looks example.com up, after this many seconds. */
static const struct domain_view *look(struct world *world, int64_t secs)
{
	struct lookup last = world->lookup;

	world->clock.fixed_ms += secs * 1000;
	discover_begin(&world->lookup, &world->options, "example.com",
	               world->looked ? &last.view : NULL);
	discover_clear(&last);
	while (!discover_pass(&world->lookup)) {
		world->clock.fixed_ms += world->round_ms;
		fake_answer(&world->lookup, &world->resolver.resolver,
		            &world->fetcher.fetcher, world->order);
	}
	world->complete = !world->lookup.failed;
	world->looked = true;
	return &world->lookup.view;
}

static void assert_words(const char *got, const char *want)
{
	if (want == NULL) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	if (strstr(got, want) == NULL)
		fail_msg("'%s' is not in '%s'", want, got);
}

#define TXT "_smtp._tls.example.com TXT ok insecure 300 "
#define RUA "v=TLSRPTv1; rua=mailto:tls@example.com"

static void test_tlsrpt(void **state)
{
	static const struct {
		const char *name, *zone;
		enum view_status status;
		const char *record, *problem;
	} rows[] = {
		{"one record", TXT RUA, VIEW_OK, RUA, NULL},
		{"no such name", "", VIEW_NONE, NULL, NULL},
		{"another record beside it", TXT "v=spf1 -all\n" TXT RUA,
	         VIEW_OK, RUA, NULL},
		{"only another record", TXT "v=spf1 -all", VIEW_NONE, NULL,
	         NULL},
		{"another version", TXT "v=TLSRPTv10; rua=mailto:a@b.example",
	         VIEW_NONE, NULL, NULL},
		{"two records", TXT RUA "\n" TXT RUA, VIEW_BAD, NULL,
	         "TLSRPT record"},
		{"a malformed one", TXT "v=TLSRPTv1; ext=1", VIEW_BAD,
	         "v=TLSRPTv1; ext=1", "TLSRPT record"},
		{"a place that cannot be used", TXT RUA ",http://example.com/r",
	         VIEW_OK, RUA ",http://example.com/r", "http"},
		{"behind an alias",
	         "_smtp._tls.example.com CNAME ok insecure 300 "
	         "tlsrpt.example.net\n"
	         "tlsrpt.example.net TXT ok insecure 300 " RUA,
	         VIEW_OK, RUA, NULL},
		{"no answer", "_smtp._tls.example.com TXT tempfail insecure 0",
	         VIEW_TEMPFAIL, NULL, "no answer within the time limit"},
		{"a bogus answer",
	         "_smtp._tls.example.com TXT bogus insecure 0", VIEW_BOGUS,
	         NULL, "DNSSEC validation failed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		ROW(&rows[i]);
		world_init(&world, rows[i].zone);
		view = look(&world, 0);
		assert_int_equal(view->tlsrpt, rows[i].status);
		assert_words(view->tlsrpt_record, rows[i].record);
		assert_words(view->tlsrpt_problem, rows[i].problem);
		assert_int_equal(world.complete,
		                 rows[i].status != VIEW_TEMPFAIL);
	}
}

/* What was known stays when there is no answer, and goes when there is. */
static void test_tlsrpt_again(void **state)
{
	static const struct {
		const char *name, *zone;
		enum view_status status;
		const char *record;
	} rows[] = {
		{"no answer", "_smtp._tls.example.com TXT tempfail insecure 0",
	         VIEW_OK, RUA},
		{"bogus", "_smtp._tls.example.com TXT bogus insecure 0",
	         VIEW_OK, RUA},
		{"taken away", "", VIEW_NONE, NULL},
		{"spoiled", TXT "v=TLSRPTv1;", VIEW_BAD, "v=TLSRPTv1;"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		ROW(&rows[i]);
		world_init(&world, TXT RUA);
		look(&world, 0);
		world.resolver.zone = rows[i].zone;
		view = look(&world, 3600);
		assert_int_equal(view->tlsrpt, rows[i].status);
		assert_words(view->tlsrpt_record, rows[i].record);
	}
}

static void test_sts(void **state)
{
	static const struct {
		const char *name, *zone;
		enum view_status fetcher;
		const char *body, *words; /* NULL: ENFORCE, no words */
		enum view_status record, policy, fetch;
		const char *problem;
	} rows[] = {
		{"no record", "", VIEW_OK, NULL, NULL, VIEW_NONE, VIEW_NONE,
	         VIEW_UNKNOWN, NULL},
		{"a policy", STS_RECORD, VIEW_OK, NULL, NULL, VIEW_OK, VIEW_OK,
	         VIEW_OK, NULL},
		{"a policy of the wrong media type", STS_RECORD, VIEW_OK, NULL,
	         "media type 'text/html'", VIEW_OK, VIEW_OK, VIEW_OK,
	         "media type"},
		{"two records", STS_RECORD STS_RECORD, VIEW_OK, NULL, NULL,
	         VIEW_BAD, VIEW_NONE, VIEW_UNKNOWN, "STS record"},
		{"a record without id",
	         "_mta-sts.example.com TXT ok insecure 300 v=STSv1;", VIEW_OK,
	         NULL, NULL, VIEW_BAD, VIEW_NONE, VIEW_UNKNOWN, "no id"},
		{"no host", STS_RECORD, VIEW_FETCH_ERROR, NULL,
	         "has no address", VIEW_OK, VIEW_FETCH_ERROR, VIEW_FETCH_ERROR,
	         "has no address"},
		{"a certificate that is none", STS_RECORD, VIEW_WEBPKI_ERROR,
	         NULL, "expired", VIEW_OK, VIEW_WEBPKI_ERROR, VIEW_WEBPKI_ERROR,
	         "expired"},
		{"a malformed policy", STS_RECORD, VIEW_OK,
	         "version: STSv1\nmode: on\nmax_age: 1\n", NULL, VIEW_OK,
	         VIEW_BAD, VIEW_BAD, "mode"},
		{"mode none", STS_RECORD, VIEW_OK, NONE_POLICY, NULL, VIEW_OK,
	         VIEW_OK, VIEW_OK, NULL},
		{"no answer", "_mta-sts.example.com TXT tempfail insecure 0",
	         VIEW_OK, NULL, NULL, VIEW_TEMPFAIL, VIEW_TEMPFAIL,
	         VIEW_UNKNOWN, "no answer within the time limit"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		ROW(&rows[i]);
		world_init(&world, rows[i].zone);
		world.fetcher.status = rows[i].fetcher;
		if (rows[i].body != NULL)
			world.fetcher.body = rows[i].body;
		world.fetcher.problem = rows[i].words;
		view = look(&world, 0);
		assert_int_equal(view->sts_record, rows[i].record);
		assert_int_equal(view->sts, rows[i].policy);
		assert_int_equal(view->sts_fetch, rows[i].fetch);
		assert_words(view->sts_problem, rows[i].problem);
	}
}

/* The first look found ENFORCE under the id "one". */
static void test_sts_again(void **state)
{
	static const char two[] =
		"_mta-sts.example.com TXT ok insecure 300 v=STSv1; id=two";
	static const struct {
		const char *name, *zone;
		int64_t later;
		enum view_status fetcher; /* of the second look */
		enum view_status record, policy;
		unsigned fetches;
	} rows[] = {
		{"the same id, soon", STS_RECORD, 3600, VIEW_OK, VIEW_OK,
	         VIEW_OK, 1},
		{"the same id, a day later", STS_RECORD, 86400, VIEW_OK,
	         VIEW_OK, VIEW_OK, 2},
		{"another id", two, 3600, VIEW_OK, VIEW_OK, VIEW_OK, 2},
		{"another id, and no policy to be had", two, 3600,
	         VIEW_FETCH_ERROR, VIEW_OK, VIEW_OK, 2},
		{"the same, after max_age", two, 604800, VIEW_FETCH_ERROR,
	         VIEW_OK, VIEW_FETCH_ERROR, 2},
		{"the record gone, within max_age", "", 604799, VIEW_OK,
	         VIEW_NONE, VIEW_OK, 1},
		{"the record gone, after max_age", "", 604800, VIEW_OK,
	         VIEW_NONE, VIEW_NONE, 1},
		{"the record spoiled",
	         "_mta-sts.example.com TXT ok insecure 300 v=STSv1;", 3600,
	         VIEW_OK, VIEW_BAD, VIEW_OK, 1},
		{"no answer", "_mta-sts.example.com TXT tempfail insecure 0",
	         3600, VIEW_OK, VIEW_OK, VIEW_OK, 1},
		{"no answer, after max_age",
	         "_mta-sts.example.com TXT tempfail insecure 0", 604800,
	         VIEW_OK, VIEW_OK, VIEW_TEMPFAIL, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		ROW(&rows[i]);
		world_init(&world, STS_RECORD);
		look(&world, 0);
		world.resolver.zone = rows[i].zone;
		world.fetcher.status = rows[i].fetcher;
		view = look(&world, rows[i].later);
		assert_int_equal(view->sts_record, rows[i].record);
		assert_int_equal(view->sts, rows[i].policy);
		assert_int_equal(world.fetcher.fetches, rows[i].fetches);
		if (view->sts == VIEW_OK)
			assert_int_equal(view->sts_policy.mode, STS_ENFORCE);
	}
}

/* RFC 8461 section 3.3: five minutes between failures of one id. */
static void test_sts_pause(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, STS_RECORD);
	world.fetcher.status = VIEW_FETCH_ERROR;
	world.fetcher.problem = "HTTP status 404";
	look(&world, 0);
	for (int i = 0; i < 4; i++)
		view = look(&world, 60);
	assert_int_equal(world.fetcher.fetches, 1);
	assert_int_equal(view->sts, VIEW_FETCH_ERROR);
	assert_words(view->sts_problem, "404");
	view = look(&world, 60);
	assert_int_equal(world.fetcher.fetches, 2);
	world.resolver.zone =
		"_mta-sts.example.com TXT ok insecure 300 v=STSv1; id=two";
	world.fetcher.status = VIEW_OK;
	world.fetcher.problem = NULL;
	view = look(&world, 1);
	assert_int_equal(world.fetcher.fetches, 3);
	assert_int_equal(view->sts, VIEW_OK);
	assert_null(view->sts_problem);
}

/* No list of authorities, say: nothing is known of the domain, what was stays,
 * and it is tried again. */
static void test_sts_fault_of_ours(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, TXT RUA "\n" STS_RECORD);
	world.options.dane = false;
	world.fetcher.status = VIEW_TEMPFAIL;
	world.fetcher.problem = "no list";
	view = look(&world, 0);
	assert_false(world.complete);
	assert_int_equal(view->sts, VIEW_TEMPFAIL);
	assert_false(domain_view_is_complete(view, false, true));
	assert_words(view->sts_problem, "no list");
	world.fetcher.status = VIEW_OK;
	world.fetcher.problem = NULL;
	view = look(&world, 1);
	assert_int_equal(view->sts, VIEW_OK);
	assert_true(domain_view_is_complete(view, false, true));
	world.resolver.zone =
		TXT RUA "\n_mta-sts.example.com TXT ok insecure 300 "
			"v=STSv1; id=two";
	world.fetcher.status = VIEW_TEMPFAIL;
	view = look(&world, 60);
	assert_false(world.complete);
	assert_int_equal(view->sts, VIEW_OK);
	assert_int_equal(view->sts_policy.mode, STS_ENFORCE);
	world.fetcher.status = VIEW_OK;
	view = look(&world, 1);
	assert_int_equal(world.fetcher.fetches, 4);
	assert_int_equal(view->sts_fetch, VIEW_OK);
}

/* A host that was slow while others waited: no word about its domain, and a
 * pause before it may have their places again. */
static void test_sts_host_is_slow(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, TXT RUA "\n" STS_RECORD);
	world.options.dane = false;
	world.fetcher.status = VIEW_TEMPFAIL;
	world.fetcher.hurried = true;
	world.fetcher.problem = "no policy";
	view = look(&world, 0);
	assert_int_equal(view->sts, VIEW_TEMPFAIL);
	assert_false(world.complete);
	assert_false(domain_view_is_complete(view, false, true));
	for (int minutes = 0; minutes < 3; minutes++) {
		view = look(&world, 90);
		assert_int_equal(view->sts, VIEW_TEMPFAIL);
		assert_false(world.complete);
		assert_words(view->sts_problem, "no policy");
	}
	assert_int_equal(world.fetcher.fetches, 1);
	world.fetcher.status = VIEW_OK;
	world.fetcher.problem = NULL;
	view = look(&world, 90);
	assert_int_equal(world.fetcher.fetches, 2);
	assert_int_equal(view->sts, VIEW_OK);
}

/* What was enforced is known for as long as it cannot be had anew, whoever
 * looks, and whatever process; until its domain takes it back. */
static void test_sts_was_enforced(void **state)
{
	enum { MAX_AGE = 604800 };
	static const struct policy_site site = {
		.level = "may", .validates = true, .temp_secs = 3600};
	auto_(world_clear) struct world world;
	auto_(arena_clear) struct arena arena = {0};
	const struct domain_view *view;
	struct policy_known known = {.domain = "example.com"};
	struct policy_answer answer;

	(void)state;
	world_init(&world, STS_RECORD);
	view = look(&world, 0);
	assert_int_equal(view->sts_enforced_until, NOON + MAX_AGE);
	world.fetcher.status = VIEW_FETCH_ERROR;
	world.fetcher.problem = "HTTP status 500";
	look(&world, MAX_AGE - 10);
	for (int i = 0; i < 3; i++)
		view = look(&world, 400);
	assert_int_equal(view->sts, VIEW_FETCH_ERROR);
	assert_int_equal(view->sts_enforced_until, NOON + MAX_AGE);
	known.view = view;
	known.now = clock_secs(&world.clock);
	policy_answer_make(&site, &known, &arena, &answer);
	assert_int_equal(answer.kind, TOLD_TEMP);
	/* who does not look for policies forgets nothing */
	world.options.sts = false;
	view = look(&world, 400);
	assert_int_equal(view->sts_enforced_until, NOON + MAX_AGE);
	assert_false(domain_view_is_complete(view, false, true));
	world.options.sts = true;
	world.resolver.zone = "_mta-sts.example.com TXT tempfail insecure 0";
	view = look(&world, 400);
	assert_int_equal(view->sts_enforced_until, NOON + MAX_AGE);
	world.resolver.zone = "";
	view = look(&world, 400);
	assert_int_equal(view->sts_enforced_until, 0);
}

/* A policy in force stays so when somebody looks who wants none. */
static void test_sts_not_looked_for(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, STS_RECORD);
	look(&world, 0);
	world.options.sts = false;
	view = look(&world, 400);
	assert_true(domain_view_sts_in_force(view, NOON + 400));
	assert_int_equal(view->sts_policy.mode, STS_ENFORCE);
	assert_int_equal(view->sts_record, VIEW_UNKNOWN);
	assert_int_equal(world.fetcher.fetches, 1);
	world.options.sts = true;
	look(&world, 400);
	assert_int_equal(world.fetcher.fetches, 2);
}

/* A policy host that nobody answers at: its own fault only when another one
 * was connected to within a day. */
static void test_sts_host_is_missed(void **state)
{
	static const struct {
		const char *name;
		int64_t connected_before; /* secs; 0: never */
		bool missed;              /* or it says no */
		enum view_status want;
	} rows[] = {
		{"none was ever connected to", 0, true, VIEW_TEMPFAIL},
		{"another one a minute ago", 60, true, VIEW_FETCH_ERROR},
		{"another one a day ago", 86400, true, VIEW_TEMPFAIL},
		{"it says no", 0, false, VIEW_FETCH_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;
		struct sts_reach reach = {0};

		print_message("  - %s\n", rows[i].name);
		world_init(&world, TXT RUA "\n" STS_RECORD);
		world.options.dane = false;
		world.options.reach = &reach;
		if (rows[i].connected_before > 0) {
			world.fetcher.connected = true;
			look(&world, 0);
			assert_int_equal(reach.missed, 0);
			world.looked = false;
		}
		world.fetcher.connected = false;
		world.fetcher.status = VIEW_FETCH_ERROR;
		world.fetcher.missed = rows[i].missed;
		world.fetcher.problem = "no answer";
		view = look(&world, rows[i].connected_before);
		assert_int_equal(view->sts, rows[i].want);
		assert_int_equal(world.complete, rows[i].want != VIEW_TEMPFAIL);
		assert_int_equal(reach.missed, rows[i].missed);
		assert_non_null(strstr(view->sts_problem, "no answer"));
		assert_int_equal(strstr(view->sts_problem, "443") != NULL,
		                 rows[i].want == VIEW_TEMPFAIL);
	}
}

/* Hosts of several domains in a row that nobody reaches are our fault, though
 * one was reached today; the same one again and again is its own. */
static void test_sts_reach(void **state)
{
	static const struct {
		const char *name, *missed; /* NULL: connected */
		int64_t at;
		bool theirs, out;
	} rows[] = {
		{"a host answers", NULL, 1000, false, false},
		{"one does not", "a.test", 1010, true, false},
		{"nor again", "a.test", 4000, true, false},
		{"a second", "b.test", 4001, true, false},
		{"a third, and for longer than a minute", "c.test", 4002, false,
	         true},
		{"any other", "d.test", 4003, false, true},
		{"one answers again", NULL, 4004, false, false},
		{"what is missed then is its own fault", "a.test", 4005, true,
	         false},
		{"three at once may be a moment's trouble", "b.test", 4006,
	         true, false},
		{"the third of them", "c.test", 4007, true, false},
		{"a minute later it is ours", "c.test", 4066, false, true},
	};
	struct sts_reach reach = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		if (rows[i].missed == NULL)
			sts_reach_connected(&reach, rows[i].at);
		else
			assert_int_equal(sts_reach_missed(&reach,
			                                  rows[i].missed,
			                                  rows[i].at),
			                 rows[i].theirs);
		assert_int_equal(sts_reach_is_out(&reach, rows[i].at),
		                 rows[i].out);
	}
}

/* "none" takes a policy back (RFC 8461 section 8.3), and needs its record to
 * be said. */
static void test_sts_none(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, STS_RECORD);
	world.fetcher.body = NONE_POLICY;
	view = look(&world, 0);
	assert_int_equal(view->sts, VIEW_OK);
	assert_int_equal(view->sts_policy.mode, STS_NONE);
	world.resolver.zone = "";
	view = look(&world, 60);
	assert_int_equal(view->sts, VIEW_NONE);
}

#define MX "example.com MX ok secure 300 "
#define A " A ok secure 300 192.0.2.1\n"

static void test_mx(void **state)
{
	static const struct {
		const char *name, *zone;
		enum view_status status;
		bool secure, null_mx;
		const char *hosts; /* by order */
		const char *problem;
	} rows[] = {
		{"by preference, then name",
	         MX "20 c.example\n" MX "10 b.example\n" MX "10 a.example\n",
	         VIEW_OK, true, false, "a.example b.example c.example ", NULL},
		{"one host twice", MX "20 a.example\n" MX "10 a.example\n",
	         VIEW_OK, true, false, "a.example ", NULL},
		{"insecure", "example.com MX ok insecure 300 10 a.example\n",
	         VIEW_OK, false, false, "a.example ", NULL},
		{"null MX", MX "0 .\n", VIEW_OK, true, true, "", NULL},
		{"null MX beside others", MX "0 .\n" MX "10 a.example\n",
	         VIEW_OK, true, false, "a.example ", "null MX"},
		{"a host that is none", MX "10\n", VIEW_BAD, true, false, "",
	         "is not a host name"},
		{"none, but an address",
	         "example.com MX none secure 300\nexample.com" A, VIEW_OK, true,
	         false, "example.com ", NULL},
		{"none, but an IPv6 address, insecure",
	         "example.com MX none secure 300\n"
	         "example.com AAAA ok insecure 300 2001:db8::1\n",
	         VIEW_OK, false, false, "example.com ", NULL},
		{"neither", "", VIEW_NONE, false, false, "", NULL},
		{"no answer", "example.com MX tempfail insecure 0",
	         VIEW_TEMPFAIL, false, false, "",
	         "no answer within the time limit"},
		{"none, and no answer about addresses",
	         "example.com A tempfail insecure 0", VIEW_TEMPFAIL, false,
	         false, "", "no answer within the time limit"},
		{"bogus", "example.com MX bogus insecure 0", VIEW_BOGUS, false,
	         false, "", "DNSSEC validation failed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;
		char hosts[100] = "";

		ROW(&rows[i]);
		world_init(&world, rows[i].zone);
		view = look(&world, 0);
		for (size_t m = 0; m < view->mx_count; m++)
			snprintf(hosts + strlen(hosts),
			         sizeof(hosts) - strlen(hosts), "%s ",
			         view->mxs[m].host);
		assert_int_equal(view->mx, rows[i].status);
		assert_int_equal(view->mx_secure, rows[i].secure);
		assert_int_equal(view->null_mx, rows[i].null_mx);
		assert_string_equal(hosts, rows[i].hosts);
		assert_words(view->mx_problem, rows[i].problem);
	}
}

static void test_many_mx(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;
	char zone[4096] = "";

	(void)state;
	for (int i = 0; i < 30; i++)
		sprintf(zone + strlen(zone), MX "%d m%d.example\n", i, i);
	world_init(&world, zone);
	view = look(&world, 0);
	/* all are known, so that none is taken for another site's host */
	assert_int_equal(view->mx_count, 30);
	assert_string_equal(view->mxs[29].host, "m29.example");
	assert_words(view->mx_problem, "TLSA records");
}

/* Somebody was sent to a host that is not in it: the answer is marked as made
 * for that; no answer leaves the doubt. */
static void test_doubted_mx(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, MX "10 mx1.example\n");
	view = look(&world, 0);
	assert_false(view->mx_anew);
	assert_int_equal(view->mx_checked_at, NOON);
	world.lookup.view.mx_doubted = true;
	fake_resolver_init(&world.resolver,
	                   "example.com MX tempfail insecure 0");
	view = look(&world, 60);
	assert_false(world.complete);
	assert_true(view->mx_doubted);
	assert_false(view->mx_anew);
	assert_int_equal(view->mx_checked_at, NOON);
	assert_string_equal(view->mxs[0].host, "mx1.example");
	fake_resolver_init(&world.resolver, MX "10 mx2.example\n");
	view = look(&world, 60);
	assert_false(view->mx_doubted);
	assert_true(view->mx_anew);
	assert_int_equal(view->mx_checked_at, NOON + 120);
	assert_string_equal(view->mxs[0].host, "mx2.example");
	view = look(&world, 3600);
	assert_false(view->mx_anew);
}

#define TLSA "_25._tcp.mx.example TLSA ok secure 300 "

static void test_tlsa(void **state)
{
	static const struct {
		const char *name, *zone;
		enum view_status status;
		const char *first; /* of the strings */
		size_t count;
	} rows[] = {
		{"a record", MX "10 mx.example\nmx.example" A TLSA "3 1 1 *",
	         VIEW_OK, "3 1 1 " DIGEST, 1},
		{"sorted, each once",
	         MX "10 mx.example\nmx.example" A TLSA "3 1 1 *\n" TLSA
	            "2 0 1 *\n" TLSA "3 1 1 *\n",
	         VIEW_OK, "2 0 1 " DIGEST, 2},
		{"PKIX-EE only cannot be used",
	         MX "10 mx.example\nmx.example" A TLSA "1 1 1 *", VIEW_BAD,
	         "1 1 1 " DIGEST, 1},
		{"one that can be used is enough",
	         MX "10 mx.example\nmx.example" A TLSA "1 1 1 *\n" TLSA
	            "3 1 1 *",
	         VIEW_OK, "1 1 1 " DIGEST, 2},
		{"a digest cut short",
	         MX "10 mx.example\nmx.example" A TLSA "3 1 1 00", VIEW_BAD,
	         NULL, 0},
		{"none", MX "10 mx.example\nmx.example" A, VIEW_NONE, NULL, 0},
		{"insecure MX set: not asked",
	         "example.com MX ok insecure 300 10 mx.example\nmx.example" A
	                 TLSA "3 1 1 *",
	         VIEW_NONE, NULL, 0},
		{"insecure address: not asked",
	         MX "10 mx.example\n"
	            "mx.example A ok insecure 300 192.0.2.1\n" TLSA "3 1 1 *",
	         VIEW_NONE, NULL, 0},
		{"insecure records are none",
	         MX "10 mx.example\nmx.example" A
	            "_25._tcp.mx.example TLSA ok insecure 300 3 1 1 *",
	         VIEW_NONE, NULL, 0},
		{"only an IPv6 address",
	         MX "10 mx.example\n"
	            "mx.example AAAA ok secure 300 2001:db8::1\n" TLSA
	            "3 1 1 *",
	         VIEW_OK, "3 1 1 " DIGEST, 1},
		{"a host without an address",
	         MX "10 mx.example\n" TLSA "3 1 1 *", VIEW_NONE, NULL, 0},
		{"an alias: below the name it leads to",
	         MX "10 mx.example\n"
	            "mx.example CNAME ok secure 300 real.example\n"
	            "real.example" A TLSA "3 0 1 *\n"
	            "_25._tcp.real.example TLSA ok secure 300 3 1 1 *",
	         VIEW_OK, "3 1 1 " DIGEST, 1},
		{"an alias: or else below its own",
	         MX "10 mx.example\n"
	            "mx.example CNAME ok secure 300 real.example\n"
	            "real.example" A TLSA "3 0 1 *\n",
	         VIEW_OK, "3 0 1 " DIGEST, 1},
		{"a secure alias that leads to an insecure place",
	         MX "10 mx.example\n"
	            "mx.example CNAME ok secure 300 real.example\n"
	            "real.example A ok insecure 300 192.0.2.1\n" TLSA
	            "3 0 1 *\n"
	            "_25._tcp.real.example TLSA ok secure 300 3 1 1 *",
	         VIEW_OK, "3 0 1 " DIGEST, 1},
		{"an insecure alias",
	         MX "10 mx.example\n"
	            "mx.example CNAME ok insecure 300 real.example\n"
	            "real.example" A TLSA "3 0 1 *\n",
	         VIEW_NONE, NULL, 0},
		{"no answer about the address",
	         MX "10 mx.example\nmx.example A tempfail insecure 0",
	         VIEW_TEMPFAIL, NULL, 0},
		{"a bogus address",
	         MX "10 mx.example\nmx.example A bogus insecure 0", VIEW_BOGUS,
	         NULL, 0},
		{"no answer about the records",
	         MX "10 mx.example\nmx.example" A
	            "_25._tcp.mx.example TLSA tempfail insecure 0",
	         VIEW_TEMPFAIL, NULL, 0},
		{"bogus records",
	         MX "10 mx.example\nmx.example" A
	            "_25._tcp.mx.example TLSA bogus insecure 0",
	         VIEW_BOGUS, NULL, 0},
		{"without MX, of the domain itself",
	         "example.com MX none secure 300\nexample.com" A
	         "_25._tcp.example.com TLSA ok secure 300 3 1 1 *",
	         VIEW_OK, "3 1 1 " DIGEST, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct view_mx *mx;

		ROW(&rows[i]);
		world_init(&world, rows[i].zone);
		mx = &look(&world, 0)->mxs[0];
		assert_int_equal(mx->tlsa, rows[i].status);
		assert_int_equal(mx->tlsa_count, rows[i].count);
		if (rows[i].first != NULL)
			assert_string_equal(mx->tlsa_strings[0], rows[i].first);
		assert_int_equal(world.complete,
		                 rows[i].status != VIEW_TEMPFAIL);
	}
}

/* The first look found mx.example and its TLSA record. */
static void test_dane_again(void **state)
{
	static const struct {
		const char *name, *zone;
		enum view_status mx, tlsa;
	} rows[] = {
		{"no answer about MX", "example.com MX tempfail insecure 0",
	         VIEW_OK, VIEW_OK},
		{"no answer about the address",
	         MX "10 mx.example\nmx.example A tempfail insecure 0", VIEW_OK,
	         VIEW_OK},
		{"no answer about TLSA",
	         MX "10 mx.example\nmx.example" A
	            "_25._tcp.mx.example TLSA tempfail insecure 0",
	         VIEW_OK, VIEW_OK},
		{"bogus TLSA is worth knowing",
	         MX "10 mx.example\nmx.example" A
	            "_25._tcp.mx.example TLSA bogus insecure 0",
	         VIEW_OK, VIEW_BOGUS},
		{"taken away", MX "10 mx.example\nmx.example" A, VIEW_OK,
	         VIEW_NONE},
		{"bogus MX is worth knowing", "example.com MX bogus insecure 0",
	         VIEW_BOGUS, VIEW_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		ROW(&rows[i]);
		world_init(&world,
		           MX "10 mx.example\nmx.example" A TLSA "3 1 1 *");
		look(&world, 0);
		world.resolver.zone = rows[i].zone;
		view = look(&world, 3600);
		assert_int_equal(view->mx, rows[i].mx);
		assert_int_equal(view->mx_count, rows[i].mx == VIEW_OK);
		if (view->mx_count > 0)
			assert_int_equal(view->mxs[0].tlsa, rows[i].tlsa);
	}
}

static void test_expiry(void **state)
{
	static const struct {
		const char *name, *zone;
		int64_t secs;
	} rows[] = {
		{"the shortest TTL", TXT RUA "\n" MX "10 mx.example\n", 300},
		{"not below a minute",
	         "_smtp._tls.example.com TXT ok insecure 5 " RUA, 60},
		{"not above an hour",
	         "_smtp._tls.example.com TXT ok insecure 86400 " RUA "\n"
	         "_mta-sts.example.com TXT none insecure 86400\n"
	         "example.com MX none insecure 86400\n",
	         3600},
		{"of no answer", "_mta-sts.example.com TXT tempfail insecure 0",
	         60},
		{"of a bogus one", "example.com MX bogus insecure 0", 60},
		{"an address's does not count",
	         MX "10 mx.example\nmx.example A ok secure 1 192.0.2.1", 300},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;

		ROW(&rows[i]);
		world_init(&world, rows[i].zone);
		look(&world, 0);
		assert_int_equal(world.lookup.view.checked_at, NOON);
		assert_int_equal(world.lookup.view.expires_at - NOON,
		                 rows[i].secs);
	}
}

static void test_expiry_of_a_policy(void **state)
{
	static const struct {
		const char *name, *max_age;
		int64_t secs;
	} rows[] = {
		{"the record's TTL", "86400", 300},
		{"not beyond max_age", "100", 100},
		{"not below a minute", "0", 60},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		char policy[100];

		ROW(&rows[i]);
		world_init(&world, TXT RUA "\n" STS_RECORD);
		world.options.dane = false;
		snprintf(policy, sizeof(policy),
		         "version: STSv1\nmode: enforce\n"
		         "mx: *.example.com\nmax_age: %s\n",
		         rows[i].max_age);
		world.fetcher.body = policy;
		look(&world, 0);
		assert_int_equal(world.lookup.view.sts, VIEW_OK);
		assert_int_equal(world.lookup.view.expires_at - NOON,
		                 rows[i].secs);
	}
}

/* It is tried again after five minutes, whatever the TTLs. */
static void test_expiry_without_a_policy(void **state)
{
	static const struct {
		const char *name;
		enum view_status fetch;
		int64_t secs;
	} rows[] = {
		{"fetched", VIEW_OK, 3600},
		{"not to be had", VIEW_FETCH_ERROR, 300},
		{"certificate", VIEW_WEBPKI_ERROR, 300},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;

		ROW(&rows[i]);
		world_init(&world,
		           "_smtp._tls.example.com TXT none insecure 3600\n"
		           "_mta-sts.example.com TXT ok insecure 3600 v=STSv1; "
		           "id=1;\n"
		           "example.com MX none insecure 3600\n"
		           "example.com A none insecure 3600\n"
		           "example.com AAAA none insecure 3600\n");
		world.options.dane = false;
		world.fetcher.body = "version: STSv1\nmode: enforce\n"
				     "mx: *.example.com\nmax_age: 86400\n";
		world.fetcher.status = rows[i].fetch;
		look(&world, 0);
		assert_int_equal(world.lookup.view.sts_fetch, rows[i].fetch);
		assert_int_equal(world.lookup.view.expires_at - NOON,
		                 rows[i].secs);
	}
}

/* For people: records that nobody uses. */
static void test_thorough(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, "example.com MX ok insecure 300 10 mx.example\n"
	                   "mx.example" A TLSA "3 1 1 *");
	world.options.thorough = true;
	view = look(&world, 0);
	assert_false(view->mx_secure);
	assert_int_equal(view->mxs[0].tlsa, VIEW_OK);
}

/* The resolver is believed nothing, so all may be signed. */
static void test_unvouched(void **state)
{
	static const char zone[] =
		"example.com MX ok insecure 300 10 mx.example\n"
		"mx.example A ok insecure 300 192.0.2.1\n"
		"_25._tcp.mx.example TLSA ok insecure 300 3 1 1 *\n";

	(void)state;
	for (int unvouched = 0; unvouched < 2; unvouched++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		world_init(&world, zone);
		world.options.unvouched = unvouched;
		view = look(&world, 0);
		assert_false(view->mx_secure);
		assert_int_equal(view->mxs[0].tlsa,
		                 unvouched ? VIEW_OK : VIEW_NONE);
	}
}

/* What it vouches for is judged as ever: this is a signed MX set. */
static void test_unvouched_host(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world,
	           MX "10 mx.example\n"
	              "mx.example A ok insecure 300 192.0.2.1\n"
	              "_25._tcp.mx.example TLSA ok insecure 300 3 1 1 *\n");
	world.options.unvouched = true;
	view = look(&world, 0);
	assert_true(view->mx_secure);
	assert_int_equal(view->mxs[0].tlsa, VIEW_NONE);
}

/* Only what is enforced is looked for. */
static void test_less(void **state)
{
	auto_(world_clear) struct world world;
	const struct domain_view *view;

	(void)state;
	world_init(&world, TXT RUA "\n" STS_RECORD MX "10 mx.example\n");
	world.options.dane = world.options.sts = false;
	view = look(&world, 0);
	/* of the MX hosts no more than their names */
	assert_int_equal(world.resolver.queries, 2);
	assert_int_equal(view->sts_record, VIEW_UNKNOWN);
	assert_int_equal(view->mx, VIEW_OK);
}

/* The policy host is found by our own resolver. */
static void test_sts_host(void **state)
{
#define HOST "mta-sts.example.com "
	static const struct {
		const char *name, *zone;
		const char *addresses; /* that are handed on; NULL: no fetch */
		enum view_status status;
		const char *problem;
	} rows[] = {
		{"both kinds",
	         HOST "A ok insecure 300 192.0.2.1\n" HOST
	              "AAAA ok insecure 300 2001:db8::1\n",
	         "[2001:db8::1],192.0.2.1", VIEW_OK, NULL},
		{"no answer about one kind",
	         HOST "A ok insecure 300 192.0.2.1\n" HOST
	              "AAAA tempfail insecure 0\n",
	         "192.0.2.1", VIEW_OK, NULL},
		{"no address", "", NULL, VIEW_FETCH_ERROR,
	         "mta-sts.example.com: has no address"},
		{"a bogus address", HOST "* bogus insecure 0\n", NULL,
	         VIEW_FETCH_ERROR,
	         "mta-sts.example.com: DNSSEC validation failed"},
		{"no answer", HOST "* tempfail insecure 0\n", NULL,
	         VIEW_TEMPFAIL,
	         "mta-sts.example.com: no answer within the time limit"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;
		char zone[1024];

		ROW(&rows[i]);
		snprintf(zone, sizeof(zone), STS_RECORD "%s", rows[i].zone);
		world_init(&world, zone);
		world.options.knows_the_place = false;
		view = look(&world, 0);
		assert_int_equal(view->sts, rows[i].status);
		assert_words(view->sts_problem, rows[i].problem);
		assert_int_equal(world.fetcher.fetches,
		                 rows[i].addresses != NULL);
		assert_string_equal(world.fetcher.addresses,
		                    rows[i].addresses ? rows[i].addresses : "");
		assert_int_equal(world.complete,
		                 rows[i].status != VIEW_TEMPFAIL);
		assert_int_equal(view->tlsrpt, VIEW_NONE);
	}
}

/* Whatever order the answers come in, and however many passes that makes, the
 * view is the same, and nothing is asked twice. */
static void test_any_order(void **state)
{
	static const char zone[] = TXT RUA
		"\n" STS_RECORD
		"mta-sts.example.com A ok insecure 300 192.0.2.1\n" MX
		"10 mx.example\n" MX "20 mx2.example\n" MX "30 gone.example\n"
		"mx.example CNAME ok secure 300 real.example\n"
		"real.example" A TLSA "3 0 1 *\n"
		"mx2.example AAAA ok secure 60 2001:db8::1\n"
		"_25._tcp.mx2.example TLSA tempfail insecure 0\n"
		"gone.example * bogus insecure 0\n";
	struct strbuf views[3] = {{0}};
	unsigned queries[3];

	(void)state;
	for (size_t i = 0; i < COUNT(views); i++) {
		auto_(world_clear) struct world world;

		world_init(&world, zone);
		world.order = (enum fake_order)i;
		world.options.knows_the_place = false;
		domain_view_encode(look(&world, 0), &views[i]);
		queries[i] = world.resolver.queries;
		assert_int_equal(world.fetcher.fetches, 1);
		assert_int_equal(queries[i], queries[0]);
		assert_int_equal(views[i].len, views[0].len);
		assert_memory_equal(views[i].data, views[0].data, views[0].len);
	}
	for (size_t i = 0; i < COUNT(views); i++)
		strbuf_clear(&views[i]);
}

/* Questions are asked side by side: twenty MX hosts of slow zones take no
 * longer than one, and nothing new is asked after two minutes. */
static void test_no_domain_takes_for_ever(void **state)
{
	static const struct {
		const char *name;
		int ms; /* that any number of questions takes */
		bool complete;
		int secs; /* that it takes: MX, addresses, TLSA */
	} rows[] = {
		{"quick", 1, true, 0},
		{"slow, and answers all the same", 5000, true, 15},
		{"too slow", 61 * 1000, false, 122},
	};
	char zone[4096] = TXT RUA "\n";

	(void)state;
	for (int i = 0; i < 20; i++)
		sprintf(zone + strlen(zone),
		        MX "%d m%d.example\n"
		           "m%d.example A ok secure 300 192.0.2.1\n"
		           "_25._tcp.m%d.example TLSA ok secure 300 3 1 1 *\n",
		        i, i, i, i);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(world_clear) struct world world;
		const struct domain_view *view;

		ROW(&rows[i]);
		world_init(&world, zone);
		world.round_ms = rows[i].ms;
		view = look(&world, 0);
		assert_int_equal(world.complete, rows[i].complete);
		assert_int_equal(world.clock.fixed_ms / 1000 - NOON,
		                 rows[i].secs);
		assert_int_equal(view->mx_count, 20);
		for (int m = 0; m < 20; m++)
			assert_int_equal(view->mxs[m].tlsa,
			                 rows[i].complete ? VIEW_OK
			                                  : VIEW_TEMPFAIL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlsrpt),
		cmocka_unit_test(test_tlsrpt_again),
		cmocka_unit_test(test_sts),
		cmocka_unit_test(test_sts_again),
		cmocka_unit_test(test_sts_pause),
		cmocka_unit_test(test_sts_fault_of_ours),
		cmocka_unit_test(test_sts_was_enforced),
		cmocka_unit_test(test_sts_not_looked_for),
		cmocka_unit_test(test_sts_host_is_slow),
		cmocka_unit_test(test_sts_host_is_missed),
		cmocka_unit_test(test_sts_reach),
		cmocka_unit_test(test_sts_none),
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_many_mx),
		cmocka_unit_test(test_doubted_mx),
		cmocka_unit_test(test_tlsa),
		cmocka_unit_test(test_dane_again),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_of_a_policy),
		cmocka_unit_test(test_expiry_without_a_policy),
		cmocka_unit_test(test_less),
		cmocka_unit_test(test_sts_host),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_thorough),
		cmocka_unit_test(test_unvouched),
		cmocka_unit_test(test_unvouched_host),
		cmocka_unit_test(test_no_domain_takes_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
