#include "unit/test.h"

#include "base/auto.h"
#include "policy/dns_query.h"
#include "policy/query_limit.h"

enum { LIMIT_MS = 4000 };

/* What comes of a try. */
enum move {
	END = 0,
	ANSWER,  /* with one record */
	NOTHING, /* NOERROR, no record */
	SERVFAIL,
	REFUSED,
	TRUNCATED,
	ALIAS,   /* to "next.example", and no more */
	SILENCE, /* until the try's time is over */
	BROKEN,  /* at once */
};

static struct dns_reply reply_of(enum move move)
{
	static struct dns_record record;
	struct dns_reply reply = {.authentic = true,
	                          .answer = {.status = VIEW_NONE, .ttl = 300}};

	if (move == ANSWER)
		reply.answer = (struct dns_answer){.status = VIEW_OK,
		                                   .ttl = 60,
		                                   .records = &record,
		                                   .count = 1};
	else if (move == SERVFAIL)
		reply.rcode = DNS_SERVFAIL;
	else if (move == REFUSED)
		reply.rcode = 5;
	else if (move == ALIAS)
		reply.answer.owner = "next.example";
	reply.unfinished = move == ALIAS;
	reply.truncated = move == TRUNCATED;
	return reply;
}

/* Plays the moves; writes where each try went, like "u0 t1c " (c: unchecked).
 * Returns the time that it took. */
static int64_t play(struct dns_query *query, size_t servers,
                    const enum move *moves, char *went, size_t room)
{
	int64_t took_ms = 0;
	struct dns_try try;

	went[0] = '\0';
	for (size_t i = 0; dns_query_next(query, servers, &try); i++) {
		struct dns_reply reply = reply_of(moves[i]);

		assert_int_not_equal(moves[i], END);
		assert_true(try.len > 0);
		snprintf(went + strlen(went), room - strlen(went), "%c%zu%s ",
		         try.tcp ? 't' : 'u', try.server,
		         query->question.unchecked ? "c" : "");
		if (moves[i] == SILENCE) {
			took_ms += try.within_ms;
			dns_query_failed(query, "silence", try.within_ms);
		} else if (moves[i] == BROKEN) {
			dns_query_failed(query, "broken", 0);
		} else {
			took_ms += 10;
			dns_query_answered(query, &reply, try.server == 0,
			                   "inet:192.0.2.1:53", 10);
		}
	}
	return took_ms;
}

static void test_tries(void **state)
{
	static const struct {
		const char *name;
		size_t servers;
		enum move moves[40];
		const char *went;
		enum view_status status;
		bool secure;
		uint32_t ttl;
		const char *problem;
	} rows[] = {
		{"an answer", 2, {ANSWER}, "u0 ", VIEW_OK, true, 60, NULL},
		{"one who is not believed",
	         2,
	         {BROKEN, ANSWER},
	         "u0 u1 ",
	         VIEW_OK,
	         false,
	         60,
	         NULL},
		{"nothing there",
	         1,
	         {NOTHING},
	         "u0 ",
	         VIEW_NONE,
	         true,
	         300,
	         NULL},
		{"truncated: the same by TCP",
	         2,
	         {TRUNCATED, ANSWER},
	         "u0 t0 ",
	         VIEW_OK,
	         true,
	         60,
	         NULL},
		{"truncated by TCP as well, for ever",
	         2,
	         {TRUNCATED, TRUNCATED, TRUNCATED, TRUNCATED, TRUNCATED,
	          TRUNCATED},
	         "u0 t0 u1 t1 t0 t1 ",
	         VIEW_TEMPFAIL,
	         false,
	         0,
	         "inet:192.0.2.1:53 by TCP: a truncated answer over TCP"},
		{"truncated, then TCP is silent",
	         1,
	         {TRUNCATED, SILENCE, ANSWER},
	         "u0 t0 t0 ",
	         VIEW_OK,
	         true,
	         60,
	         NULL},
		{"silence: every server, each by UDP and TCP",
	         3,
	         {SILENCE, SILENCE, SILENCE, SILENCE, SILENCE, SILENCE},
	         "u0 u1 u2 t0 t1 t2 ",
	         VIEW_TEMPFAIL,
	         false,
	         0,
	         "silence"},
		{"refused by all",
	         1,
	         {REFUSED, REFUSED},
	         "u0 t0 ",
	         VIEW_TEMPFAIL,
	         false,
	         0,
	         "inet:192.0.2.1:53 by TCP: REFUSED"},
		{"validation fails",
	         1,
	         {SERVFAIL, ANSWER, SERVFAIL},
	         "u0 u0c u0 ",
	         VIEW_BOGUS,
	         false,
	         0,
	         "DNSSEC validation failed"},
		{"validation fails of nothing",
	         1,
	         {SERVFAIL, NOTHING, SERVFAIL},
	         "u0 u0c u0 ",
	         VIEW_BOGUS,
	         false,
	         0,
	         "DNSSEC validation failed"},
		{"a server in trouble",
	         1,
	         {SERVFAIL, SERVFAIL},
	         "u0 u0c ",
	         VIEW_TEMPFAIL,
	         false,
	         0,
	         "the resolver answered SERVFAIL"},
		{"trouble that has passed",
	         1,
	         {SERVFAIL, ANSWER, ANSWER},
	         "u0 u0c u0 ",
	         VIEW_OK,
	         true,
	         60,
	         NULL},
		{"trouble, then silence",
	         1,
	         {SERVFAIL, ANSWER, SILENCE, SILENCE},
	         "u0 u0c u0 t0 ",
	         VIEW_TEMPFAIL,
	         false,
	         0,
	         "the resolver answered SERVFAIL"},
		{"aliases",
	         1,
	         {ALIAS, ALIAS, ANSWER},
	         "u0 u0 u0 ",
	         VIEW_OK,
	         true,
	         60,
	         NULL},
		{"an alias that one says who is not believed",
	         2,
	         {BROKEN, ALIAS, ANSWER},
	         "u0 u1 u0 ",
	         VIEW_OK,
	         false,
	         60,
	         NULL},
		{"aliases without an end",
	         1,
	         {ALIAS, ALIAS, ALIAS, ALIAS, ALIAS, ALIAS, ALIAS, ALIAS, ALIAS,
	          ALIAS, ALIAS},
	         "u0 u0 u0 u0 u0 u0 u0 u0 u0 u0 u0 ",
	         VIEW_TEMPFAIL,
	         false,
	         0,
	         "a chain of CNAME records that does not end"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena = {0};
		struct dns_query query;
		char went[200];

		ROW(&rows[i]);
		dns_query_begin(&query, "example.com", DNS_TXT, LIMIT_MS,
		                &arena);
		assert_true(play(&query, rows[i].servers, rows[i].moves, went,
		                 sizeof(went)) <= LIMIT_MS);
		assert_string_equal(went, rows[i].went);
		assert_int_equal(query.answer.status, rows[i].status);
		assert_int_equal(query.answer.secure, rows[i].secure);
		assert_int_equal(query.answer.ttl, rows[i].ttl);
		assert_non_null(query.answer.owner);
		if (rows[i].problem != NULL)
			assert_string_equal(query.answer.problem,
			                    rows[i].problem);
		else
			assert_null(query.answer.problem);
	}
}

/* Each try may take an equal share of what is left of the time. */
static void test_shares(void **state)
{
	static const enum move moves[] = {SILENCE, BROKEN,  SILENCE,
	                                  SILENCE, SILENCE, SILENCE};
	static const int64_t shares[] = {666, 666, 833, 833, 834, 834};
	auto_(arena_clear) struct arena arena = {0};
	struct dns_query query;
	struct dns_try try;

	(void)state;
	dns_query_begin(&query, "example.com", DNS_TXT, LIMIT_MS, &arena);
	for (size_t i = 0; dns_query_next(&query, 3, &try); i++) {
		assert_int_equal(try.within_ms, shares[i]);
		dns_query_failed(&query, "x",
		                 moves[i] == SILENCE ? try.within_ms : 0);
	}
	assert_int_equal(query.answer.status, VIEW_TEMPFAIL);
}

/* A name that is too long for DNS is asked of nobody. */
static void test_too_long(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	struct dns_query query;
	struct dns_try try;
	char name[80];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	dns_query_begin(&query, name, DNS_TXT, LIMIT_MS, &arena);
	assert_false(dns_query_next(&query, 1, &try));
	assert_int_equal(query.answer.status, VIEW_NONE);
	assert_int_equal(query.answer.ttl, 3600);
}

/* How many go in a time when as many are tried as there may be, every ms. */
static unsigned sent_within(struct query_limit *limit, int64_t from_ms,
                            int64_t ms)
{
	unsigned sent = 0;

	for (int64_t at = from_ms; at < from_ms + ms; at++)
		while (query_limit_take(limit, at) && sent < 1000000)
			sent++;
	return sent;
}

static void test_limit(void **state)
{
	static const struct {
		const char *name;
		uint64_t per_sec;
		unsigned least, most; /* in ten seconds */
	} rows[] = {
		{"500", 500, 5000, 5025},
		{"1", 1, 10, 11},
		{"7", 7, 70, 71},
		{"100000", 100000, 999900, 1000000},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct query_limit limit = {.per_sec = rows[i].per_sec};

		ROW(&rows[i]);
		assert_in_range(sent_within(&limit, 5000, 10000), rows[i].least,
		                rows[i].most);
	}
}

/* After a pause there is no more than a twentieth of a second's at once, and
 * the next moment is the right one. */
static void test_limit_pause(void **state)
{
	struct query_limit limit = {.per_sec = 500}, none = {0};

	(void)state;
	sent_within(&limit, 0, 1000);
	assert_int_equal(sent_within(&limit, 3600 * 1000, 1), 25);
	assert_int_equal(query_limit_next_ms(&limit), 3600 * 1000 + 2);
	assert_false(query_limit_take(&limit, 3600 * 1000 + 1));
	assert_true(query_limit_take(&limit, 3600 * 1000 + 2));
	for (int i = 0; i < 100000; i++)
		assert_true(query_limit_take(&none, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tries),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
