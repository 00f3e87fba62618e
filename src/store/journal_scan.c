#include "store/journal_scan.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/numbers.h"

/* The journal has rows of two or three days at a time. */
enum { DAYS = 4 };

/* Of a process. */
struct kept {
	pthread_mutex_t lock;
	struct {
		int32_t day;
		struct journal_scan scan; /* size.last 0: none */
	} days[DAYS];
};

static void *kept_new(void)
{
	struct kept *kept = xcalloc(1, sizeof(*kept));

	pthread_mutex_init(&kept->lock, NULL);
	return kept;
}

static void kept_free(void *arg)
{
	struct kept *kept = arg;

	pthread_mutex_destroy(&kept->lock);
	free(kept);
}

/* Of a transaction: whether it is alone. */
static void *alone_new(void)
{
	return xcalloc(1, sizeof(bool));
}

static bool *alone_of(struct db_txn *txn)
{
	return db_txn_memory(txn, DB_MEMORY_SCAN, alone_new, free);
}

void journal_scan_alone(struct db_txn *txn)
{
	*alone_of(txn) = true;
}

static void note_feed(struct journal_scan *scan, const struct feed *feed,
                      uint64_t number)
{
	for (int i = 0; i < FEED_KINDS; i++)
		if (strcmp(feed->name, feed_kinds[i].name) == 0) {
			scan->feeds[i].feed = *feed;
			scan->feeds[i].number = number;
		}
}

/* Rows after the last that it has. */
static void read_on(struct db_txn *txn, int32_t day, uint64_t until,
                    struct journal_scan *scan)
{
	uint64_t number = scan->size.last;
	struct journal_head head;
	struct reader domains;
	struct db_row row;
	struct err err;

	while (number < until && journal_table_next(txn, day, &number, &row) &&
	       number <= until) {
		if (scan->first == 0)
			scan->first = number;
		scan->size.last = number;
		scan->size.bytes += row.value.len;
		if (!journal_table_head(txn, &row, &head, &domains, &err)) {
			scan->size.damaged++;
			continue;
		}
		if (scan->size.since == 0)
			scan->size.since = head.at;
		numbers_sum(&scan->stats, &head.stats, sizeof(head.stats));
		numbers_sum(&scan->domains, &head.domains,
		            sizeof(head.domains));
		note_feed(scan, &head.feed, number);
	}
}

void journal_scan_until(struct db_txn *txn, int32_t day, uint64_t until,
                        struct journal_scan *scan)
{
	*scan = (struct journal_scan){.first = 0};
	read_on(txn, day, until, scan);
}

/* Rows are deleted from the first on, so who has the same first row has the
 * same rows, or fewer. */
bool journal_scan_get(struct db_txn *txn, int32_t day,
                      struct journal_scan *scan)
{
	struct kept *kept = db_memory(txn, DB_MEMORY_SCAN, kept_new, kept_free);
	size_t at = (uint32_t)day % DAYS;
	struct journal_range range;
	const struct journal_scan *had = &kept->days[at].scan;

	*scan = (struct journal_scan){.first = 0};
	if (!journal_table_range(txn, day, &range))
		return false;
	pthread_mutex_lock(&kept->lock);
	if (kept->days[at].day == day && had->first == range.first &&
	    had->size.last <= range.last)
		*scan = *had;
	read_on(txn, day, range.last, scan);
	if (!*alone_of(txn) && !db_failed(txn) &&
	    (kept->days[at].day != day || had->size.last <= range.last)) {
		kept->days[at].day = day;
		kept->days[at].scan = *scan;
	}
	pthread_mutex_unlock(&kept->lock);
	return !db_failed(txn);
}

bool journal_scan_feed(struct db_txn *txn, const char *name, struct feed *feed)
{
	struct journal_scan scan;
	uint64_t last = 0;

	for (int32_t day = 0; journal_table_day_next(txn, &day); day++) {
		if (!journal_scan_get(txn, day, &scan))
			break;
		for (int i = 0; i < FEED_KINDS; i++)
			if (scan.feeds[i].number > last &&
			    strcmp(scan.feeds[i].feed.name, name) == 0) {
				*feed = scan.feeds[i].feed;
				last = scan.feeds[i].number;
			}
	}
	return last > 0;
}
