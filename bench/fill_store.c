/*
 * fill_store - a store with one day's counters of many domains
 *
 *     fill_store DIRECTORY DAY DOMAINS RUA [NTH [OWN]]
 *
 * With OWN, the second half of the domains have numbers from OWN on, so that
 * several stores have the first half in common.  Each domain gets three
 * policies (two MX hosts with TLSA records and one without a policy), and every
 * NTH (10) a few failure details.  %d in RUA is replaced by the domain's
 * number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "store/day_table.h"
#include "store/db.h"
#include "store/feed_table.h"
#include "tests/fake/fake_tally.h"

enum { CHUNK = 10000, POLICIES = 3 };

static const struct tally_limits limits = {32, 1000, 1u << 28, 1u << 29};

struct words {
	char domain[64], record[512], mx[80], tlsa[2][80], helo[80];
};

static struct session_policy policy_of(struct words *w, int number, int p,
                                       const char **strings)
{
	if (p == POLICIES - 1)
		return (struct session_policy){.type = POLICY_NONE,
		                               .domain = w->domain};
	snprintf(w->mx, sizeof(w->mx), "mx%d.%s", p, w->domain);
	for (int i = 0; i < 2; i++) {
		snprintf(w->tlsa[i], sizeof(w->tlsa[i]), "3 1 1 %032X%032X",
		         number, p * 2 + i);
		strings[i] = w->tlsa[i];
	}
	return (struct session_policy){.type = POLICY_TLSA,
	                               .domain = w->mx,
	                               .strings = strings,
	                               .string_count = 2};
}

static void add_domain(struct tally *tally, int32_t day, int number,
                       const char *rua, int nth)
{
	struct words w;
	const char *strings[2];
	const char *hole;

	snprintf(w.domain, sizeof(w.domain), "d%06d.example", number);
	hole = strstr(rua, "%d");
	if (hole != NULL)
		snprintf(w.record, sizeof(w.record), "v=TLSRPTv1; rua=%.*s%d%s",
		         (int)(hole - rua), rua, number, hole + 2);
	else
		snprintf(w.record, sizeof(w.record), "v=TLSRPTv1; rua=%s", rua);
	for (int p = 0; p < POLICIES; p++) {
		struct session_policy policy =
			policy_of(&w, number, p, strings);
		struct failure_detail failure = {
			.result = RESULT_CERTIFICATE_EXPIRED,
			.sending_ip = "192.0.2.1",
			.mx_host = policy.domain,
			.receiving_ip = "198.51.100.7",
		};
		struct session session = {.domain = w.domain,
		                          .record = w.record,
		                          .policies = &policy,
		                          .policy_count = 1,
		                          .named = true,
		                          .valid = true};

		tally_add(tally, day, &session, 7);
		if (number % nth != 0)
			continue;
		policy.failed = true;
		policy.failures = &failure;
		policy.failure_count = 1;
		tally_add(tally, day, &session, 1);
	}
}

static int mark(struct db *db, int32_t day, struct err *err)
{
	struct db_txn *txn = db_begin_write(db);
	struct day_stats stats = {.named = 1};
	struct feed feed = {.name = "events",
	                    .watermark = day_start(day + 1) + 60,
	                    .seen_at = day_start(day + 1) + 60};

	day_table_stats_add(txn, day, &stats);
	feed_table_put(txn, &feed);
	return db_commit(&txn, err);
}

static int fill(struct db *db, int32_t day, int domains, const char *rua,
                int nth, int own, struct err *err)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &limits);

	for (int from = 0; from < domains; from += CHUNK) {
		tally_reset(tally);
		for (int i = from; i < domains && i < from + CHUNK; i++)
			add_domain(tally, day,
			           own != 0 && i >= domains / 2
			                   ? own + i - domains / 2
			                   : i,
			           rua, nth);
		if (fake_tally_commit(db, tally, &limits, err) < 0)
			return err->class;
	}
	return mark(db, day, err);
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = UINT64_C(64) << 30,
	                             .create = true};
	auto_(db_close) struct db *db = NULL;
	struct err err = {0};
	int32_t day;

	if (argc < 5 || argc > 7) {
		fprintf(stderr, "usage: fill_store DIRECTORY DAY DOMAINS "
		                "RUA [NTH [OWN]]\n");
		return 2;
	}
	options.directory = argv[1];
	if (day_parse(argv[2], &day, &err) < 0 ||
	    db_open(&db, &options, &err) < 0 ||
	    fill(db, day, atoi(argv[3]), argv[4], argc > 5 ? atoi(argv[5]) : 10,
	         argc > 6 ? atoi(argv[6]) : 0, &err) < 0) {
		fprintf(stderr, "fill_store: %s\n", err.text);
		return 1;
	}
	return 0;
}
