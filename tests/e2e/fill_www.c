/*
 * fill_www - a store as the pages of the web page want it in their tests
 *
 *     fill_www DIRECTORY FIRST-DAY [all-fail]
 *
 * Ten days of sessions with thirty domains, under each type of policy, with
 * failures of several kinds; a domain whose server says hostile things, and
 * one whose very name is hostile; a feed that has just counted something; mail
 * that came in; what DNS says about host01 and host02.example, in the cache. Of
 * hostNN.example, every third fails now and then; with all-fail all do on the
 * last day, in turn with each result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/day.h"
#include "store/day_table.h"
#include "store/db.h"
#include "store/feed_table.h"
#include "store/inbound_table.h"
#include "store/policy_cache_table.h"
#include "tests/fake/fake_tally.h"

enum { DAYS = 10, DOMAINS = 30 };

#define HOSTILE "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"

static const struct tally_limits limits = {32, 1000, 1u << 28, 1u << 29};

static const enum result_type results[] = {
	RESULT_CERTIFICATE_EXPIRED, RESULT_STARTTLS_NOT_SUPPORTED,
	RESULT_TLSA_INVALID,        RESULT_STS_POLICY_FETCH_ERROR,
	RESULT_VALIDATION_FAILURE,
};

static void add(struct tally *tally, int32_t day, const char *domain,
                struct session_policy *policy, uint64_t n)
{
	char record[128];
	struct session session = {.domain = domain,
	                          .policies = policy,
	                          .policy_count = 1,
	                          .named = true,
	                          .valid = strchr(domain, '<') == NULL};

	snprintf(record, sizeof(record), "v=TLSRPTv1; rua=mailto:tls@%s",
	         domain);
	session.record = session.valid ? record : NULL;
	tally_add(tally, day, &session, n);
}

static void add_domain(struct tally *tally, int32_t day, int i, int number,
                       bool fails)
{
	static const enum policy_type types[] = {POLICY_STS, POLICY_TLSA,
	                                         POLICY_NONE};
	const char *strings[] = {"version: STSv1", "mode: enforce",
	                         "mx: *.example"};
	const char *tlsa[] = {"3 1 1 ABCDEF"};
	enum policy_type type = types[number % 3];
	char domain[64], mx[80];
	struct failure_detail failure = {
		.result = results[(number / 3 + i) % 5],
		.sending_ip = "192.0.2.1",
		.mx_host = mx,
		.mx_helo = number == 0 ? HOSTILE : mx,
		.receiving_ip = "2001:db8::25",
		.reason = number == 0 ? HOSTILE : NULL,
	};
	struct session_policy policy = {
		.type = type,
		.domain = domain,
		.strings = type == POLICY_STS ? strings : tlsa,
		.string_count = type == POLICY_STS    ? 3
	                        : type == POLICY_TLSA ? 1
	                                              : 0,
	};

	snprintf(domain, sizeof(domain), "host%02d.example", number);
	snprintf(mx, sizeof(mx), "mx.%s", domain);
	add(tally, day, domain, &policy, (uint64_t)(50 + 7 * number + 13 * i));
	if (!fails && (number % 3 != 0 || (i + number) % 2 != 0))
		return;
	policy.failed = true;
	policy.failures = &failure;
	policy.failure_count = 1;
	add(tally, day, domain, &policy, (uint64_t)(1 + number + i));
}

static void add_hostile(struct tally *tally, int32_t day)
{
	struct session_policy policy = {.type = POLICY_NONE, .domain = HOSTILE};

	add(tally, day, HOSTILE, &policy, 3);
}

static int count_days(struct db *db, int32_t first, bool all_fail,
                      struct err *err)
{
	struct tally *tally = tally_new(1, &limits);
	int rc;

	for (int i = 0; i < DAYS; i++) {
		for (int number = 0; number < DOMAINS; number++)
			add_domain(tally, first + i, i, number,
			           all_fail && i == DAYS - 1);
		add_hostile(tally, first + i);
	}
	rc = fake_tally_commit(db, tally, &limits, err);
	tally_free(&tally);
	return rc;
}

static int add_rest(struct db *db, int32_t first, struct err *err)
{
	struct db_txn *txn = db_begin_write(db);
	struct feed feed = {.name = "events", .events = 123456};
	struct day_stats stats = {.events = 900, .bad[1] = 2};
	struct inbound inbound = {.tls = INBOUND_TLS13, .bits = 256};

	feed.watermark = feed.seen_at = feed.last_event = time(NULL);
	feed_table_put(txn, &feed);
	for (int i = 0; i < DAYS; i++) {
		day_table_stats_add(txn, first + i, &stats);
		snprintf(inbound.cipher, sizeof(inbound.cipher), "%s",
		         "TLS_AES_256_GCM_SHA384");
		snprintf(inbound.sender, sizeof(inbound.sender), "%s",
		         "from.example");
		inbound.tls = INBOUND_TLS13;
		inbound_table_add(txn, first + i, "ours.example", &inbound,
		                  (uint64_t)(40 + i));
		inbound.cipher[0] = '\0';
		inbound.tls = INBOUND_CLEAR;
		if (i % 2 == 0)
			inbound_table_add(txn, first + i, "ours.example",
			                  &inbound, 3);
	}
	return db_commit(&txn, err);
}

/* One domain's policies are known, as of now. */
static int add_view(struct db *db, struct err *err)
{
	struct db_txn *txn = db_begin_write(db);
	const char *tlsa[] = {"3 1 1 "
	                      "0000000000000000000000000000000000000000000000"
	                      "000000000000000000"};
	struct view_mx mxs[] = {{.host = "mx.host01.example",
	                         .preference = 10,
	                         .tlsa = VIEW_OK,
	                         .tlsa_strings = tlsa,
	                         .tlsa_count = 1},
	                        {.host = "backup.host01.example",
	                         .preference = 20,
	                         .tlsa = VIEW_NONE}};
	struct domain_view view = {
		.domain = "host01.example",
		.checked_at = time(NULL),
		.expires_at = time(NULL) + 3600,
		.tlsrpt = VIEW_OK,
		.tlsrpt_record = "v=TLSRPTv1; rua=mailto:tls@host01.example",
		.sts_record = VIEW_NONE,
		.mx = VIEW_OK,
		.mx_secure = true,
		.mxs = mxs,
		.mx_count = 2,
	};

	/* a policy that is over, and the next cannot be had */
	struct domain_view over = {
		.domain = "host02.example",
		.checked_at = time(NULL),
		.expires_at = time(NULL) + 3600,
		.tlsrpt = VIEW_NONE,
		.sts_record = VIEW_OK,
		.sts_id = "1",
		.sts_fetch = VIEW_FETCH_ERROR,
		.sts_problem = "mta-sts.host02.example: no connection",
		.sts = VIEW_OK,
		.sts_policy = {.mode = STS_ENFORCE, .max_age = 86400},
		.sts_expires_at = time(NULL) - 60,
		.mx = VIEW_NONE,
	};

	policy_cache_put(txn, &view);
	policy_cache_put(txn, &over);
	return db_commit(&txn, err);
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 1u << 28, .create = true};
	struct err err = {0};
	struct db *db = NULL;
	int32_t first;

	if (argc < 3 || argc > 4) {
		fprintf(stderr,
		        "usage: fill_www DIRECTORY FIRST-DAY [all-fail]\n");
		return 2;
	}
	options.directory = argv[1];
	if (day_parse(argv[2], &first, &err) < 0 ||
	    db_open(&db, &options, &err) < 0 ||
	    count_days(db, first, argc > 3, &err) < 0 ||
	    add_rest(db, first, &err) < 0 || add_view(db, &err) < 0)
		fprintf(stderr, "fill_www: %s\n", err.text);
	db_close(&db);
	return err.class < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
