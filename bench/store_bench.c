/*
 * store_bench - what committing and loading counters costs
 *
 * usage: store_bench DIRECTORY   (an empty one; it is filled)
 *
 *   commit of 10,000 domains with 1.7 policies each, new and again
 *   commit of 50,000 different failure details of 1,000 domains
 *   load of 100,000 domains with 300,000 policies, as the rollup reads them
 *   100,000 reports into the outbox, as the rollup adds them, and what is due
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/auto.h"
#include "store/db.h"
#include "store/due_table.h"
#include "store/outbox_table.h"
#include "tests/fake/fake_tally.h"

enum { DAY = 20513 };

static const struct tally_limits limits = {.max_policies = 32,
                                           .max_details = 1000,
                                           .soft_bytes = 512u << 20,
                                           .hard_bytes = 512u << 20};

struct stopwatch {
	double wall, cpu;
};

static struct stopwatch now(void)
{
	struct timespec wall, cpu;

	clock_gettime(CLOCK_MONOTONIC, &wall);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (struct stopwatch){
		.wall = (double)wall.tv_sec * 1e3 + (double)wall.tv_nsec / 1e6,
		.cpu = (double)cpu.tv_sec * 1e3 + (double)cpu.tv_nsec / 1e6};
}

static void say(const char *what, struct stopwatch since)
{
	struct stopwatch t = now();

	printf("%-52s %7.0f ms CPU %7.0f ms\n", what, t.cpu - since.cpu,
	       t.wall - since.wall);
}

static void die(const struct err *err)
{
	fprintf(stderr, "store_bench: %s\n", err->text);
	exit(1);
}

/* A session of the domain's p-th policy; a reason makes it a failure. */
static void count(struct tally *tally, int32_t day, int domain, int p,
                  const char *reason)
{
	char name[64], line[64];
	const char *strings[] = {"version: STSv1", "mode: enforce", line};
	const char *mx[] = {"*.mx.example.net"};
	struct failure_detail detail = {.result = RESULT_CERTIFICATE_EXPIRED,
	                                .sending_ip = "192.0.2.1",
	                                .mx_host = "mx1.example.net",
	                                .mx_helo = "mx1.example.net",
	                                .receiving_ip = "198.51.100.7",
	                                .reason = reason};
	struct session_policy policy = {.type = POLICY_STS,
	                                .domain = name,
	                                .strings = strings,
	                                .string_count = 3,
	                                .mx_hosts = mx,
	                                .mx_count = 1,
	                                .failures = &detail,
	                                .failure_count = reason ? 1 : 0,
	                                .failed = reason != NULL};
	struct session session = {
		.domain = name,
		.record = "v=TLSRPTv1; rua=mailto:reports@example.net",
		.policies = &policy,
		.policy_count = 1,
		.valid = true};

	snprintf(name, sizeof(name), "customer-%06d.example.net", domain);
	snprintf(line, sizeof(line), "max_age: %d", 86400 + p);
	tally_add(tally, day, &session, 1);
}

static void commit(struct db *db, struct tally *tally)
{
	struct err err = {0};

	if (fake_tally_commit(db, tally, &limits, &err) != 0)
		die(&err);
	tally_reset(tally);
}

static void many_domains(struct db *db, struct tally *tally)
{
	static const char *const rounds[] = {
		"commit of 10,000 domains, 17,000 policies: new",
		"the same domains and policies again"};

	for (int round = 0; round < 2; round++) {
		struct stopwatch start;

		for (int d = 0; d < 10000; d++)
			for (int p = 0; p < (d % 10 < 7 ? 2 : 1); p++)
				count(tally, DAY, d, p, NULL);
		start = now();
		commit(db, tally);
		say(rounds[round], start);
	}
}

static void many_details(struct db *db, struct tally *tally)
{
	struct stopwatch start;

	for (int i = 0; i < 50000; i++) {
		char reason[64];

		snprintf(reason, sizeof(reason), "certificate %d expired", i);
		count(tally, DAY, i % 1000, 0, reason);
	}
	start = now();
	commit(db, tally);
	say("commit of 50,000 different details of 1,000 domains", start);
}

static size_t load_day(struct db *db, int32_t wanted)
{
	char domain[DOMAIN_TEXT + 64] = "";
	struct report report = {0};
	static struct tally_head head;
	size_t policies = 0;
	int32_t day = wanted;
	bool more = true;

	while (more) {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);
		struct err err = {0};

		for (int i = 0; more && i < 1000; i++) {
			more = tally_head_next(txn, &day, domain, &head) &&
			       day == wanted;
			if (!more)
				break;
			arena_reset(&report.mem);
			if (tally_load(txn, day, domain, &report, &err) != 0)
				die(&err);
			policies += report.policy_count;
		}
		if (db_failure(txn, &err) != 0)
			die(&err);
	}
	arena_clear(&report.mem);
	return policies;
}

static void load_many(struct db *db, struct tally *tally)
{
	struct stopwatch start;
	struct rusage usage;
	size_t policies;

	for (int d = 0; d < 100000; d++)
		for (int p = 0; p < 3; p++)
			count(tally, DAY + 1, d, p,
			      p == 2 ? "certificate has expired" : NULL);
	start = now();
	commit(db, tally);
	say("commit of 100,000 domains, 300,000 policies: new", start);
	tally_free(&tally);
	start = now();
	policies = load_day(db, DAY + 1);
	say("load of 100,000 domains, 300,000 policies", start);
	getrusage(RUSAGE_SELF, &usage);
	printf("policies loaded: %zu; largest memory: %ld MiB\n", policies,
	       usage.ru_maxrss / 1024);
}

static void add_report(struct db_txn *txn, int i)
{
	static const char body[600] = "gzip";
	static const uint64_t ids[3] = {1, 2, 3};
	struct rua rua = {.kind = RUA_MAIL};
	struct outbox_new report = {.ruas = &rua,
	                            .rua_count = 1,
	                            .body = body,
	                            .body_len = sizeof(body),
	                            .policy_ids = ids,
	                            .policy_id_count = 3};

	report.head.status = OUTBOX_PENDING;
	/* the spread is a hash: no order */
	report.head.deliver_at = 1772359200 + i * INT64_C(7919) % 14400;
	snprintf(report.head.domain, sizeof(report.head.domain),
	         "customer-%06d.example.net", i);
	snprintf(report.head.report_id, sizeof(report.head.report_id),
	         "20260301.customer-%06d.example.net.%08x@example.com", i, i);
	snprintf(rua.uri, sizeof(rua.uri), "mailto:r%d@example.net", i);
	snprintf(rua.address, sizeof(rua.address), "r%d@example.net", i);
	outbox_add(txn, &report, INT64_C(1772359200000) + i);
}

static void fill_outbox(struct db *db)
{
	struct stopwatch start = now();
	struct err err = {0};

	for (int i = 0; i < 100000;) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);

		for (int end = i + DB_BATCH_ROWS; i < end; i++)
			add_report(txn, i);
		if (db_commit(&txn, &err) != 0)
			die(&err);
	}
	say("100,000 reports into the outbox", start);
}

static void read_outbox(struct db *db)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct stopwatch start = now();
	struct outbox_head head = {.id = 0};
	struct due_row row = {0};
	uint64_t n = 0;

	while (outbox_head_next(txn, &head))
		n++;
	say("heads of 100,000 reports", start);
	start = now();
	while (due_next(txn, INT64_MAX, &row))
		n--;
	say("100,000 destinations that are due", start);
	if (n != 0)
		exit(1);
}

int main(int argc, char **argv)
{
	struct db_options options = {.directory = argc == 2 ? argv[1] : NULL,
	                             .map_size = UINT64_C(64) << 30,
	                             .create = true};
	struct tally *tally = tally_new(1, &limits);
	struct err err = {0};
	struct db *db;

	if (argc != 2) {
		fprintf(stderr, "usage: store_bench DIRECTORY\n");
		return 2;
	}
	if (db_open(&db, &options, &err) != 0)
		die(&err);
	many_domains(db, tally);
	many_details(db, tally);
	load_many(db, tally);
	fill_outbox(db);
	read_outbox(db);
	db_close(&db);
	return 0;
}
