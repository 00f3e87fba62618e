/* Runs, deliveries and the store itself. */
#include "doctor/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/moment.h"
#include "postfix/postfix_feed.h"
#include "rollup/closing.h"
#include "show/doc.h"
#include "store/day_table.h"
#include "store/due_table.h"
#include "store/outbox_table.h"
#include "store/tally_table.h"
#include "words/words.h"

enum {
	WEEK = 7,
	ENOUGH = 5, /* deliveries of which a share says something */
	DISK_FULL_MIB = 64,
	DISK_LITTLE_MIB = 1024,
	DISK_LITTLE_PERCENT = 5,
};

/* --- tlstally run --- */

/* Yesterday could have been closed half an hour ago, and was not. */
static bool day_is_late(const struct status_of *of, struct db_txn *txn)
{
	int64_t then = of->now - STATUS_RUN_LATE_SECS;
	int32_t day = day_of(then) - 1, first, last;
	char words[CLOSING_WORDS];

	if (!tally_day_range(txn, &first, &last) || day < first)
		return false;
	return !day_table_is_closed(txn, day) &&
	       closing_of(txn, of->conf, day, then, words) != CLOSING_NOT_YET;
}

void check_runs(struct look *look)
{
	const struct status_of *of = look->of;
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int64_t late = of->now - STATUS_RUN_LATE_SECS, due, at;
	int mode = of->conf->report.mode;
	bool sends = mode == MODE_ALL || mode == MODE_FAILURES_ONLY, is_late;
	char text[TIME_TEXT];

	at = status_last_run(txn, of->now, &is_late);
	if (is_late && at == 0) {
		CHECK_TELL(look, RUNS_NEVER);
	} else if (is_late) {
		CHECK_TELL(
			look, RUNS_LATE,
			check_number(look,
		                     (uint64_t)moment_age(at, of->now) / 60));
		check_tell_since(look, at);
	} else if (day_is_late(of, txn)) {
		CHECK_TELL(look, RUNS_DAY_LATE);
	} else if (sends && (due = due_first(txn)) != 0 && due < late) {
		CHECK_TELL(look, RUNS_DELIVERY_LATE);
		check_tell_since(look, due);
	} else {
		CHECK_TELL(look, RUNS_WELL,
		           at == 0 ? ""
		                   : arena_printf(look->arena,
		                                  "; the last came at %s",
		                                  day_format_time(at, text)));
	}
}

/* --- deliveries --- */

static struct day_settled settled_of_week(const struct status_of *of)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int32_t today = day_of(of->now);
	struct day_settled sum = {0};

	for (int32_t day = today - WEEK + 1; day <= today; day++) {
		struct day_settled one;

		day_table_settled_get(txn, day, &one);
		for (int i = 0; i < DELIVERY_STATES; i++)
			sum.destinations[i] += one.destinations[i];
	}
	return sum;
}

/* Is it more than one in so many? */
static bool is_share(uint64_t part, uint64_t all, uint64_t in)
{
	return part >= ENOUGH && part * in > all;
}

static bool tell_deferred(struct look *look)
{
	auto_(json_free) json_t *wanted = json_pack("[s]", "outbox");
	auto_(json_free) json_t *doc = json_object();
	const json_t *counts, *count;
	uint64_t deferred, all = 0;
	struct err err;
	const char *state;

	if (status_collect(look->of, wanted, doc, &err) < 0)
		return false;
	counts = doc_get(doc_get(doc, "outbox"), "destinations");
	json_object_foreach ((json_t *)(uintptr_t)counts, state, count)
		all += (uint64_t)json_integer_value(count);
	deferred =
		doc_number(counts, word_api(&words_states, DELIVERY_DEFERRED));
	if (!is_share(deferred, all, 2))
		return false;
	CHECK_TELL(look, DELIVERIES_DEFERRED, check_number(look, all),
	           check_number(look, deferred));
	return true;
}

void check_deliveries(struct look *look)
{
	struct day_settled sum = settled_of_week(look->of);
	uint64_t expired = sum.destinations[DELIVERY_EXPIRED];
	uint64_t refused = sum.destinations[DELIVERY_FAILED] +
	                   sum.destinations[DELIVERY_BOUNCED];
	uint64_t all = expired + refused + sum.destinations[DELIVERY_DELIVERED];

	if (is_share(expired, all, 5))
		CHECK_TELL(look, DELIVERIES_EXPIRED, check_number(look, all),
		           check_number(look, expired));
	else if (is_share(refused, all, 2))
		CHECK_TELL(look, DELIVERIES_REFUSED, check_number(look, all),
		           check_number(look, refused));
	else if (!tell_deferred(look))
		CHECK_TELL(look, DELIVERIES_WELL, check_number(look, all),
		           check_number(look, expired),
		           check_number(look, refused));
}

/* --- clock and mode --- */

void check_clock(struct look *look)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	char doubt[CLOCK_WORDS];

	status_doubt(look->of, txn, doubt);
	if (doubt[0] != '\0')
		CHECK_TELL(look, CLOCK_DOUBTED, doubt);
	else
		CHECK_TELL(look, CLOCK_WELL);
}

void check_mode(struct look *look)
{
	int mode = look->of->conf->report.mode;

	CHECK_TELL(look, mode == MODE_ALL ? MODE_WELL : MODE_SENDS_NOT_ALL,
	           word_api(&words_modes, mode),
	           word_sentence(&words_modes, mode));
}

/* --- the store --- */

/* The daemon that this site would use. */
static void tell_missing(struct look *look)
{
	struct postfix_feed choice = {.feed = feed_kinds[0].name};
	const char *directory = look->of->conf->store.directory;

	if (look->site != NULL)
		postfix_feed_choose(look->site,
		                    look->of->conf->events.socket +
		                            strlen("unix:"),
		                    &choice);
	CHECK_TELL(look, STORE_MISSING, directory,
	           feed_kind(choice.feed)->daemon,
	           arena_printf(look->arena, "the feed %s%s%s", choice.feed,
	                        choice.why[0] != '\0' ? ": " : "", choice.why));
}

/* 0: there is room enough, or nobody knows. */
static bool tell_disk(struct look *look)
{
	const char *directory = look->of->conf->store.directory;
	struct statvfs fs;
	uint64_t mib, percent;

	if (statvfs(directory, &fs) < 0 || fs.f_blocks == 0)
		return false;
	mib = (uint64_t)fs.f_bavail * fs.f_frsize / (1024 * 1024);
	percent = (uint64_t)fs.f_bavail * 100 / fs.f_blocks;
	if (mib >= DISK_LITTLE_MIB ||
	    (mib >= DISK_FULL_MIB && percent >= DISK_LITTLE_PERCENT))
		return false;
	CHECK_TELL(look,
	           mib < DISK_FULL_MIB ? STORE_DISK_FULL
	                               : STORE_DISK_NEARLY_FULL,
	           check_number(look, mib), directory);
	return true;
}

void check_store(struct look *look)
{
	const struct status_of *of = look->of;
	uint64_t most = of->conf->store.map_size;
	struct db_size size;
	struct err err = {0};

	if (look->before->is_missing) {
		tell_missing(look);
	} else if (of->db == NULL) {
		CHECK_TELL(look,
		           look->before->is_damaged ? STORE_TROUBLE
		                                    : STORE_NOT_OURS,
		           look->before->store_trouble);
	} else if (db_size(of->db, &size, &err) < 0) {
		CHECK_TELL(look, STORE_TROUBLE, err.text);
	} else if (size.used > most / 10 * 8) {
		CHECK_TELL(look,
		           size.used > most / 10 * 9 ? STORE_MAP_FULL
		                                     : STORE_MAP_NEARLY_FULL,
		           check_number(look, size.used),
		           check_number(look, most),
		           of->conf->file != NULL ? of->conf->file : "");
	} else if (!tell_disk(look)) {
		CHECK_TELL(look, STORE_WELL,
		           check_number(look, size.used / 1024));
	}
}
