/*
 * store_totals - what stands in a store, a line "DOMAIN SUCCESSES FAILURES"
 * for each domain over all days, sorted; late sessions included
 *
 *     store_totals DIRECTORY          the domains
 *     store_totals -s DIRECTORY       "events N bad N refused N" of all days
 *     store_totals -a DIRECTORY       "DAY DOMAIN REPORT" with all that was
 *                                     counted, and "waiting N" at the end
 *     store_totals -f DIRECTORY       the feeds that have committed, a name a
 *                                     line
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "report/report.h"
#include "report/report_json.h"
#include "store/day_table.h"
#include "store/db.h"
#include "store/feed_table.h"
#include "store/log_pending_table.h"
#include "store/tally_table.h"

struct total {
	char domain[TALLY_DOMAIN_TEXT];
	uint64_t success;
	uint64_t failure;
};

static struct total *totals;
static size_t total_count;

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct total *)a)->domain,
	              ((const struct total *)b)->domain);
}

static void add(const char *domain, const struct tally_head *head)
{
	struct total *total;

	totals = realloc(totals, (total_count + 1) * sizeof(*totals));
	if (totals == NULL)
		abort();
	total = &totals[total_count++];
	snprintf(total->domain, sizeof(total->domain), "%s", domain);
	total->success = head->success + head->late_success;
	total->failure = head->failure + head->late_failure;
}

static void read_domains(struct db_txn *txn)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t day = 0;

	while (tally_head_next(txn, &day, domain, &head) == 1)
		add(domain, &head);
}

static void print_domains(void)
{
	if (total_count > 0)
		qsort(totals, total_count, sizeof(*totals), compare);
	for (size_t i = 0; i < total_count; i++) {
		struct total sum = totals[i];

		for (; i + 1 < total_count &&
		       strcmp(sum.domain, totals[i + 1].domain) == 0;
		     i++) {
			sum.success += totals[i + 1].success;
			sum.failure += totals[i + 1].failure;
		}
		printf("%s %" PRIu64 " %" PRIu64 "\n", sum.domain, sum.success,
		       sum.failure);
	}
}

static void print_sums(struct db_txn *txn)
{
	uint64_t events = 0, bad = 0, without = 0;
	int32_t first, last;

	if (tally_day_range(txn, &first, &last) == 1)
		for (int32_t day = first; day <= last; day++) {
			struct day_stats stats = {0};

			day_table_stats_get(txn, day, &stats);
			events += stats.events;
			without += stats.catch_all.success +
			           stats.catch_all.failure;
			for (size_t i = 0; i < 16; i++)
				bad += stats.bad[i];
		}
	printf("events %" PRIu64 " bad %" PRIu64 " without domain %" PRIu64
	       "\n",
	       events, bad, without);
}

/* The order of policies and details is that of a report that is sent. */
static void print_report(struct db_txn *txn, int32_t day, const char *domain)
{
	auto_(report_free) struct report *report = report_new();
	auto_(strbuf_clear) struct strbuf json = {0};
	struct err err = {0};

	if (tally_load(txn, day, domain, report, &err) < 0)
		return;
	report_sort(report);
	report_json_write(report, false, &json);
	printf("%d %s %s\n", day, domain, strbuf_text(&json));
}

static void print_all(struct db_txn *txn)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	uint64_t sessions, domains;
	struct tally_head head;
	int32_t day = 0;

	while (tally_head_next(txn, &day, domain, &head) == 1)
		print_report(txn, day, domain);
	log_pending_count(txn, &sessions, &domains);
	printf("waiting %" PRIu64 "\n", sessions);
}

static void print_feeds(struct db_txn *txn)
{
	struct feed feed = {0};

	while (feed_table_next(txn, &feed) == 1)
		printf("%s\n", feed.name);
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = UINT64_C(1) << 30,
	                             .read_only = true};
	const char *what = argc == 3 ? argv[1] : "";
	struct db_txn *txn;
	struct db *db;
	struct err err = {0};

	options.directory = argv[argc - 1];
	if (argc < 2 || db_open(&db, &options, &err) < 0) {
		fprintf(stderr, "store_totals: %s\n", err.text);
		return 1;
	}
	txn = db_begin_read(db);
	if (strcmp(what, "-s") == 0)
		print_sums(txn);
	else if (strcmp(what, "-a") == 0)
		print_all(txn);
	else if (strcmp(what, "-f") == 0)
		print_feeds(txn);
	else
		read_domains(txn);
	if (db_commit(&txn, &err) < 0)
		fprintf(stderr, "store_totals: %s\n", err.text);
	db_close(&db);
	if (totals != NULL)
		print_domains();
	free(totals);
	return err.class < 0;
}
