/*
 * fill_views - a store in which the policies of many domains are known
 *
 *     fill_views DIRECTORY DOMAINS [BYTES]
 *
 * d000000.example and so on, as log_day writes of them: a third of them with
 * TLSA records, a third with an MTA-STS policy, and all ask for reports.  With
 * BYTES all have a policy of that size, of hosts with names of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/day.h"
#include "store/db.h"
#include "store/policy_cache_table.h"

enum { MXS = 2, BATCH = 1000, LINES = 100 };

struct words {
	char domain[64], record[128], host[MXS][80], tlsa[MXS][80];
	const char *strings[MXS], *patterns[MXS];
	const char *tlsa_strings[MXS];
};

static void put_view(struct db_txn *txn, int number, int64_t now)
{
	struct view_mx mxs[MXS] = {0};
	struct words w;
	struct domain_view view = {
		.domain = w.domain,
		.checked_at = now,
		.expires_at = now + VIEW_KEEP_MAX,
		.tlsrpt = VIEW_OK,
		.tlsrpt_record = w.record,
		.sts_record = VIEW_NONE,
		.mx = VIEW_OK,
		.mx_secure = number % 3 == 0,
		.mxs = mxs,
		.mx_count = MXS,
	};

	snprintf(w.domain, sizeof(w.domain), "d%06d.example", number);
	snprintf(w.record, sizeof(w.record), "v=TLSRPTv1; rua=mailto:tls@%s",
	         w.domain);
	for (int i = 0; i < MXS; i++) {
		snprintf(w.host[i], sizeof(w.host[i]), "mx%d.%s", i, w.domain);
		snprintf(w.tlsa[i], sizeof(w.tlsa[i]), "3 1 1 %032X%032X",
		         number, i);
		w.tlsa_strings[i] = w.tlsa[i];
		w.patterns[i] = w.host[i];
		mxs[i] = (struct view_mx){
			.host = w.host[i], .preference = 10, .tlsa = VIEW_NONE};
		if (number % 3 == 0) {
			mxs[i].tlsa = VIEW_OK;
			mxs[i].tlsa_strings = &w.tlsa_strings[i];
			mxs[i].tlsa_count = 1;
		}
	}
	if (number % 3 == 1) {
		w.strings[0] = "version: STSv1";
		w.strings[1] = "mode: enforce";
		view.sts_record = view.sts = view.sts_fetch = VIEW_OK;
		view.sts_id = "20260301";
		view.sts_expires_at = now + 7 * DAY_SECS;
		view.sts_policy = (struct sts_policy){
			.mode = STS_ENFORCE,
			.max_age = 604800,
			.mx = w.patterns,
			.mx_count = MXS,
			.lines = w.strings,
			.line_count = 2,
		};
	}
	policy_cache_put(txn, &view);
}

/* A policy of at least that size. */
static void put_policy(struct db_txn *txn, int number, size_t bytes,
                       int64_t now)
{
	static char domain[64], lines[LINES][80];
	static const char *patterns[LINES],
		*strings[LINES] = {"version: STSv1", "mode: enforce",
	                           "max_age: 604800"};
	struct domain_view view = {
		.domain = domain,
		.checked_at = now,
		.expires_at = now + VIEW_KEEP_MAX,
		.tlsrpt = VIEW_NONE,
		.sts_record = VIEW_OK,
		.sts = VIEW_OK,
		.sts_fetch = VIEW_OK,
		.sts_id = "20260301",
		.sts_expires_at = now + 7 * DAY_SECS,
		.sts_policy = {.mode = STS_ENFORCE,
	                       .max_age = 604800,
	                       .mx = patterns,
	                       .lines = strings,
	                       .line_count = 3},
		.mx = VIEW_NONE,
	};
	size_t size = sizeof("version: STSv1\nmode: enforce\nmax_age: 604800");

	snprintf(domain, sizeof(domain), "d%06d.example", number);
	for (; size < bytes && view.sts_policy.line_count < LINES;
	     view.sts_policy.line_count++) {
		char *line = lines[view.sts_policy.mx_count];

		snprintf(line, sizeof(lines[0]), "mx: in-%02zu.%s",
		         view.sts_policy.mx_count, domain);
		strings[view.sts_policy.line_count] = line;
		patterns[view.sts_policy.mx_count++] = line + strlen("mx: ");
		size += strlen(line) + 1;
	}
	policy_cache_put(txn, &view);
}

static int fill(struct db *db, int domains, size_t bytes, struct err *err)
{
	struct clock clock = clock_system();
	int64_t now = clock_secs(&clock);

	for (int i = 0; i < domains;) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);

		do {
			if (bytes > 0)
				put_policy(txn, i++, bytes, now);
			else
				put_view(txn, i++, now);
		} while (i < domains && i % BATCH != 0);
		if (db_commit(&txn, err) < 0)
			return err->class;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = UINT64_C(64) << 30,
	                             .create = true};
	auto_(db_close) struct db *db = NULL;
	struct err err = {0};

	if (argc < 3) {
		fprintf(stderr,
		        "usage: fill_views DIRECTORY DOMAINS [BYTES]\n");
		return 2;
	}
	options.directory = argv[1];
	if (db_open(&db, &options, &err) < 0 ||
	    fill(db, atoi(argv[2]), argc > 3 ? strtoul(argv[3], NULL, 10) : 0,
	         &err) < 0) {
		fprintf(stderr, "fill_views: %s\n", err.text);
		return 1;
	}
	return 0;
}
