#include "unit/store_test.h"

#include <sys/wait.h>

#include "base/day.h"
#include "base/failpoint.h"
#include "base/strbuf.h"
#include "judge/apply.h"
#include "session/datagram.h"
#include "store/day_table.h"
#include "store/log_pending_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/tally_row.h"
#include "store/tally_table.h"

enum { DAY = 20513, HOUR = 3600 };

/* Sessions are written as "+" or "-", for one that failed, the MX and perhaps
 * its address: "-mx1/192.0.2.1". */
static void wait_for(struct db_txn *txn, int32_t day, const char *domain,
                     const char *text, uint64_t n)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};
	char host[64];
	struct log_session session = {
		.domain = domain, .mx_host = host, .outcome = LOG_TLS};

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(text + 1, "/"),
	         text + 1);
	if (strchr(text, '/') != NULL)
		session.ip = strchr(text, '/') + 1;

	if (text[0] == '-') {
		session.outcome = LOG_FAILED;
		session.result = RESULT_CERTIFICATE_EXPIRED;
	}
	log_session_encode(&session, &bytes);
	log_pending_add(txn, day, domain, bytes.data, bytes.len, n);
}

enum known { NOTHING, HALF, ALL };

static void know(struct db_txn *txn, const char *domain, enum known known,
                 int64_t expires_at)
{
	struct view_mx mxs[] = {{.host = "mx1", .tlsa = VIEW_NONE},
	                        {.host = "mx2", .tlsa = VIEW_NONE}};
	struct domain_view view = {
		.domain = domain,
		.checked_at = expires_at - HOUR,
		.expires_at = expires_at,
		.tlsrpt = VIEW_OK,
		.tlsrpt_record = "v=TLSRPTv1; rua=mailto:tls@example.com",
		.sts_record = VIEW_NONE,
		.mx = known == HALF ? VIEW_TEMPFAIL : VIEW_OK,
		.mxs = mxs,
		.mx_count = 2,
	};

	if (known != NOTHING)
		policy_cache_put(txn, &view);
}

static int try_to_run(struct db *db, int64_t now, bool leaves_damage,
                      uint64_t *moved, uint64_t *wanted, struct err *err)
{
	struct clock clock = clock_fixed(now);
	struct apply_options options = {.db = db,
	                                .clock = &clock,
	                                .judge = {.dane = true, .sts = true},
	                                .limits = {.max_policies = 32,
	                                           .max_details = 1000,
	                                           .soft_bytes = 1 << 20,
	                                           .hard_bytes = 2 << 20},
	                                .leaves_damage = leaves_damage};

	return apply_waiting(&options, moved, wanted, err);
}

static void run(struct db *db, int64_t now, uint64_t *moved, uint64_t *wanted)
{
	struct err err = {0};

	if (try_to_run(db, now, false, moved, wanted, &err) != 0)
		fail_msg("%s", err.text);
}

/* When a domain's sessions move, and by which view.  Hours are those of the
 * sessions' day. */
static void test_when(void **state)
{
	static const struct {
		const char *name;
		const char *domain;
		enum known known;
		int expires; /* the view, at this hour */
		int due;     /* the wish, at this hour; 0: none */
		unsigned failures;
		int now;
		enum { WAITS, ASKED, MOVES, MOVES_WITHOUT } want;
	} rows[] = {
		{"nothing is known", "a.example", NOTHING, 0, 0, 0, 10, ASKED},
		{"asked for already", "a.example", NOTHING, 0, 10, 0, 10,
	         WAITS},
		{"a failure: its time is the pool's", "a.example", NOTHING, 0,
	         11, 5, 10, WAITS},
		{"all is known", "a.example", ALL, 11, 0, 0, 10, MOVES},
		{"it was known this morning", "a.example", ALL, 10, 0, 0, 10,
	         ASKED},
		{"and nothing newer yet", "a.example", ALL, 10, 11, 2, 10,
	         WAITS},
		{"and nothing newer is to be had", "a.example", ALL, 10, 11, 3,
	         10, MOVES},
		{"half of it, which is all there is for now", "a.example", HALF,
	         11, 0, 0, 10, WAITS},
		{"half of it, some time ago", "a.example", HALF, 9, 0, 0, 10,
	         ASKED},
		{"half of it, and it is tried", "a.example", HALF, 9, 11, 9, 10,
	         WAITS},
		{"the day is over, known on it", "a.example", ALL, 2, 0, 0, 30,
	         MOVES},
		{"the day is over, known before it", "a.example", ALL, -1, 0, 0,
	         30, ASKED},
		{"the day is over, known since", "a.example", ALL, 31, 0, 0, 30,
	         MOVES},
		{"22 hours later", "a.example", NOTHING, 0, 47, 20, 46, WAITS},
		{"23 hours later", "a.example", NOTHING, 0, 48, 20, 47,
	         MOVES_WITHOUT},
		{"23 hours later, half of it", "a.example", HALF, 40, 48, 20,
	         47, MOVES_WITHOUT},
		{"23 hours later, an old one", "a.example", ALL, -100, 48, 20,
	         47, MOVES},
		{"an old log: first somebody is asked", "a.example", NOTHING, 0,
	         0, 0, 500, ASKED},
		{"an old log: one failure is not enough", "a.example", NOTHING,
	         0, 501, 1, 500, WAITS},
		{"an old log: three are", "a.example", NOTHING, 0, 501, 3, 500,
	         MOVES_WITHOUT},
		{"an old log: nobody looks up", "a.example", NOTHING, 0, 476, 0,
	         500, MOVES_WITHOUT},
		{"no domain", "[192.0.2.1]", NOTHING, 0, 0, 0, 10,
	         MOVES_WITHOUT},
	};
	struct fixture *f = *state;
	int64_t start = day_start(DAY);

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *domain = rows[i].domain;
		struct tally_head head = {0};
		uint64_t moved, wanted;
		struct db_txn *txn = db_begin_write(f->db);
		uint32_t failures;
		int64_t due;

		ROW(&rows[i]);
		wait_for(txn, DAY, domain, "+mx1", 2);
		know(txn, domain, rows[i].known,
		     start + rows[i].expires * HOUR);
		if (rows[i].due != 0)
			policy_wanted_put(txn, domain,
			                  start + rows[i].due * HOUR,
			                  rows[i].failures);
		commit_ok(&txn);
		run(f->db, start + rows[i].now * HOUR, &moved, &wanted);
		assert_int_equal(moved, rows[i].want >= MOVES ? 2 : 0);
		assert_int_equal(wanted, rows[i].want == ASKED);
		txn = db_begin_read(f->db);
		assert_int_equal(log_pending_has(txn, DAY, NULL),
		                 rows[i].want < MOVES);
		assert_int_equal(tally_head_get(txn, DAY, domain, &head),
		                 rows[i].want >= MOVES);
		assert_int_equal(head.record[0] != '\0', rows[i].want == MOVES);
		assert_int_equal(
			policy_wanted_get(txn, domain, &due, &failures),
			rows[i].want == ASKED ||
				(rows[i].due != 0 &&
		                 rows[i].want != MOVES_WITHOUT));
		commit_ok(&txn);
		/* a second look does nothing more */
		run(f->db, start + rows[i].now * HOUR, &moved, &wanted);
		assert_int_equal(moved + wanted, 0);
		fixture_clear(f);
		fixture_make(f);
		fixture_open(f);
	}
}

static void test_what_is_counted(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct tally_head head;
	struct day_stats stats;
	uint64_t moved, wanted;

	know(txn, "a.example", ALL, day_start(DAY + 1) + 2 * HOUR);
	know(txn, "b.example", ALL, day_start(DAY + 1) + 2 * HOUR);
	wait_for(txn, DAY, "a.example", "+mx1", 5);
	wait_for(txn, DAY, "a.example", "+mx2", 7);
	wait_for(txn, DAY, "a.example", "-mx1", 2);
	wait_for(txn, DAY, "b.example", "-mx1", 1);
	log_pending_add(txn, DAY, "b.example", "what is this?", 13, 3);
	wait_for(txn, DAY + 1, "a.example", "+mx1", 11);
	wait_for(txn, DAY + 1, "unknown.example", "+mx1", 13);
	commit_ok(&txn);
	run(f->db, day_start(DAY + 1) + HOUR, &moved, &wanted);
	assert_int_equal(moved, 29);
	assert_int_equal(wanted, 1);
	txn = db_begin_read(f->db);
	assert_int_equal(tally_head_get(txn, DAY, "a.example", &head), 1);
	assert_int_equal(head.success, 12);
	assert_int_equal(head.failure, 2);
	assert_int_equal(head.policies, 1);
	assert_int_equal(head.details, 1);
	assert_true(head.valid);
	assert_int_equal(tally_head_get(txn, DAY + 1, "a.example", &head), 1);
	assert_int_equal(head.success, 11);
	assert_int_equal(day_table_stats_get(txn, DAY, &stats), 1);
	assert_int_equal(stats.events, 18);
	assert_int_equal(stats.success, 12);
	assert_int_equal(stats.failure, 3);
	assert_int_equal(stats.bad[BAD_MEMBER], 3);
	assert_int_equal(stats.named, 15);
	assert_int_equal(stats.unnamed, 0);
	assert_int_equal(day_table_stats_get(txn, DAY + 1, &stats), 1);
	assert_int_equal(stats.events, 11);
	commit_ok(&txn);
}

/* The wish of a day that is given up stays when today waits for it, too. */
static void test_a_wish_that_somebody_still_has(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	int64_t now = day_end(DAY) + 23 * HOUR;
	uint64_t moved, wanted;
	uint32_t failures;
	int64_t due;

	wait_for(txn, DAY, "a.example", "+mx1", 1);
	wait_for(txn, DAY + 1, "a.example", "+mx1", 1);
	policy_wanted_put(txn, "a.example", now + 60, 20);
	commit_ok(&txn);
	run(f->db, now, &moved, &wanted);
	assert_int_equal(moved, 1);
	txn = db_begin_read(f->db);
	assert_int_equal(policy_wanted_get(txn, "a.example", &due, &failures),
	                 1);
	assert_int_equal(failures, 20);
	commit_ok(&txn);
}

/* One domain's day may have more kinds of session than a transaction holds,
 * and a tally than memory does. */
static void test_much_of_one_domain(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	enum { KINDS = 25 * DB_BATCH_ROWS };
	uint64_t moved, wanted;
	struct tally_head head;

	know(txn, "a.example", ALL, day_start(DAY) + 2 * HOUR);
	for (int i = 0; i < KINDS; i++) {
		char session[32];

		snprintf(session, sizeof(session), "-mx1/10.0.%d.%d", i / 256,
		         i % 256);
		wait_for(txn, DAY, "a.example", session, 2);
	}
	commit_ok(&txn);
	run(f->db, day_start(DAY) + HOUR, &moved, &wanted);
	assert_int_equal(moved, 2 * KINDS);
	txn = db_begin_read(f->db);
	assert_false(log_pending_has(txn, DAY, NULL));
	assert_int_equal(tally_head_get(txn, DAY, "a.example", &head), 1);
	assert_int_equal(head.failure, 2 * KINDS);
	commit_ok(&txn);
}

#ifdef ENABLE_FAILPOINTS
enum { DOMAINS = 2 * DB_BATCH_ROWS + 7 };

static void fill(struct fixture *f)
{
	struct db_txn *txn = db_begin_write(f->db);

	for (int i = 0; i < DOMAINS; i++) {
		char domain[32];

		snprintf(domain, sizeof(domain), "%d.example", i);
		if (i % 10 != 0)
			know(txn, domain, ALL, day_start(DAY) + 2 * HOUR);
		wait_for(txn, DAY, domain, "+mx1", 3);
		wait_for(txn, DAY, domain, "-mx1", 1);
	}
	commit_ok(&txn);
}

/* Applies in a child that dies at the n-th failpoint; false when it did not
 * come so far. */
static bool die_at(struct fixture *f, int n)
{
	int status;
	pid_t pid;

	db_close(&f->db);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		uint64_t moved, wanted;
		char text[16];

		snprintf(text, sizeof(text), "%d", n);
		fixture_open(f);
		setenv("TLSTALLY_FAIL_AT", text, 1);
		failpoint_arm();
		run(f->db, day_start(DAY) + HOUR, &moved, &wanted);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fixture_open(f);
	return WIFSIGNALED(status);
}

/* Sessions counted and sessions waiting, in all. */
static uint64_t sum(struct fixture *f, uint64_t *counted)
{
	struct db_txn *txn = db_begin_read(f->db);
	char domain[TALLY_DOMAIN_TEXT] = "";
	uint64_t waiting, domains;
	struct tally_head head;
	struct day_stats stats;
	int32_t day = DAY;

	*counted = 0;
	while (tally_head_next(txn, &day, domain, &head))
		*counted += head.success + head.failure;
	day_table_stats_get(txn, DAY, &stats);
	assert_int_equal(stats.events, *counted);
	log_pending_count(txn, &waiting, &domains);
	commit_ok(&txn);
	return *counted + waiting;
}

static void test_killed(void **state)
{
	struct fixture *f = *state;
	uint64_t moved, wanted, counted = 0, last = 0;
	int n = 1;

	fill(f);
	while (die_at(f, n)) {
		assert_int_equal(sum(f, &counted), 4 * DOMAINS);
		assert_true(counted >= last);
		last = counted;
		n++;
	}
	/* each run goes on where the one before died */
	assert_true(n > 3);
	assert_int_equal(sum(f, &counted), 4 * DOMAINS);
	assert_int_equal(counted, 4 * (DOMAINS - DOMAINS / 10 - 1));
	run(f->db, day_start(DAY) + HOUR, &moved, &wanted);
	assert_int_equal(moved + wanted, 0);
}
#else
static void test_killed(void **state)
{
	(void)state;
	skip(); /* configure --enable-failpoints */
}
#endif

/* What cannot be read is set aside by who may look at all counts of the day. */
static void test_damaged_counts(void **state)
{
	static const bool leaves[] = {true, true, false};
	const int64_t now = day_start(DAY) + 10 * HOUR;
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct db_key key = tally_domain_key(DAY, "a.example");
	uint64_t moved, wanted;

	key_u8(&key, TALLY_HEAD);
	db_put_bytes(txn, &key, "\1", 1);
	wait_for(txn, DAY, "a.example", "+mx1", 1);
	know(txn, "a.example", ALL, now + HOUR);
	commit_ok(&txn);
	for (size_t i = 0; i < COUNT(leaves); i++)
		assert_int_equal(try_to_run(f->db, now, leaves[i], &moved,
		                            &wanted, &f->err),
		                 ERR_IO);
	run(f->db, now, &moved, &wanted);
	assert_int_equal(moved, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_when),
		STORE_TEST(test_what_is_counted),
		STORE_TEST(test_a_wish_that_somebody_still_has),
		STORE_TEST(test_much_of_one_domain),
		STORE_TEST(test_killed),
		STORE_TEST(test_damaged_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
