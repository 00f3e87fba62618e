/* Runs, deliveries and the store itself. */
#include "doctor/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/moment.h"
#include "conf/settings.h"
#include "conf/value.h"
#include "postfix/postfix_feed.h"
#include "show/doc.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/derived.h"
#include "store/outbox_sums.h"
#include "store/received_rate_table.h"
#include "words/words.h"

enum {
	WEEK = 7,
	ENOUGH = 5, /* deliveries of which a share says something */
};

/* --- tlstally run --- */

void check_runs(struct look *look)
{
	const struct status_of *of = look->of;
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct status_runs runs;
	char text[TIME_TEXT];

	status_runs_get(of, txn, &runs);
	if (runs.is_late && runs.at == 0) {
		CHECK_TELL(look, RUNS_NEVER);
	} else if (runs.is_late) {
		CHECK_TELL(look, RUNS_LATE,
		           check_number(look,
		                        (uint64_t)moment_age(runs.at, of->now) /
		                                60));
		check_tell_since(look, runs.at);
	} else if (runs.is_day_late) {
		CHECK_TELL(look, RUNS_DAY_LATE,
		           day_format(runs.late_day, text));
		check_tell_since(look, day_start(runs.late_day + 1) +
		                               of->conf->report.grace);
	} else if (runs.overdue_since != 0) {
		CHECK_TELL(look, RUNS_DELIVERY_LATE);
		check_tell_since(look, runs.overdue_since);
	} else {
		CHECK_TELL(look, RUNS_WELL,
		           runs.at == 0 ? ""
		                        : arena_printf(look->arena,
		                                       "; the last came at %s",
		                                       day_format_time(runs.at,
		                                                       text)));
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
		for (int i = 0; i < DELIVERY_STATES; i++) {
			sum.destinations[i] += one.destinations[i];
			sum.copies[i] += one.copies[i];
		}
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

static bool tell_copies(struct look *look, const struct day_settled *sum)
{
	uint64_t all = 0, failed;

	for (int i = 0; i < DELIVERY_STATES; i++)
		all += sum->copies[i];
	failed = all - sum->copies[DELIVERY_DELIVERED];
	if (!is_share(failed, all, 5))
		return false;
	CHECK_TELL(look, DELIVERIES_COPIES, check_number(look, all),
	           check_number(look, failed));
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
	else if (!tell_deferred(look) && !tell_copies(look, &sum))
		CHECK_TELL(look, DELIVERIES_WELL, check_number(look, all),
		           check_number(look, expired),
		           check_number(look, refused));
}

/* --- reports of others --- */

/* Adds what came of that day; *worst is the submitter with most dropped. */
static void add_rates(struct db_txn *txn, int32_t day,
                      struct received_rate *strangers,
                      struct received_rate *worst)
{
	struct received_rate rate = {.day = day};

	received_rate_get(txn, &rate);
	strangers->kept += rate.kept;
	strangers->dropped += rate.dropped;
	while (received_rate_next(txn, &rate))
		if (rate.dropped > worst->dropped)
			*worst = rate;
}

static void tell_dropped(struct look *look, const struct received_rate *rate,
                         const char *whom, const char *setting)
{
	CHECK_TELL(look, RECEIVED_DROPPED, check_number(look, rate->dropped),
	           check_number(look, rate->dropped + rate->kept), whom,
	           setting);
}

void check_received(struct look *look)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	struct received_rate strangers = {.day = 0}, worst = {.day = 0};
	int32_t today = day_of(look->of->now);

	for (int32_t day = today - 1; day <= today; day++)
		add_rates(txn, day, &strangers, &worst);
	if (strangers.dropped > 0)
		tell_dropped(look, &strangers,
		             "submitters nobody has authenticated",
		             "max_unauthenticated");
	if (worst.dropped > 0)
		tell_dropped(look, &worst,
		             arena_strdup(look->arena, worst.submitter),
		             "max_per_submitter");
	if (strangers.dropped + worst.dropped == 0)
		CHECK_TELL(look, RECEIVED_WELL);
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

/* Twice as much, as the settings have it. */
static const char *larger_map(struct look *look, const struct status_room *room)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct conf larger = *look->of->conf;

	larger.store.map_size = 2 * room->most;
	value_write(settings_find("store", "map_size"), &larger, &text);
	return arena_strdup(look->arena, strbuf_text(&text));
}

static void tell_room(struct look *look, const struct status_room *room)
{
	const struct status_of *of = look->of;

	if (room->map != ROOM_WELL)
		CHECK_TELL(look,
		           room->map == ROOM_NONE ? STORE_MAP_FULL
		                                  : STORE_MAP_NEARLY_FULL,
		           check_number(look, room->size.used),
		           check_number(look, room->most),
		           check_settings_file(look), larger_map(look, room));
	else if (room->disk != ROOM_WELL)
		CHECK_TELL(look,
		           room->disk == ROOM_NONE ? STORE_DISK_FULL
		                                   : STORE_DISK_NEARLY_FULL,
		           check_number(look, room->disk_free / (1024 * 1024)),
		           of->conf->store.directory);
	else
		CHECK_TELL(look, STORE_WELL,
		           check_number(look, room->size.used / 1024));
}

void check_store(struct look *look)
{
	const struct status_of *of = look->of;
	struct status_room room;
	struct err err = {0};

	if (look->before->is_missing)
		tell_missing(look);
	else if (of->db == NULL)
		CHECK_TELL(look,
		           look->before->is_damaged ? STORE_TROUBLE
		                                    : STORE_NOT_OURS,
		           look->before->store_trouble);
	else if (status_room_get(of, &room, &err) < 0)
		CHECK_TELL(look, STORE_TROUBLE, err.text);
	else
		tell_room(look, &room);
}

/* --- what was counted --- */

void check_journal(struct look *look)
{
	const struct status_of *of = look->of;
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	const struct journal_waiting *waiting;
	char since[TIME_TEXT], text[JOURNAL_ASIDE_TEXT];
	struct status_journal journal;

	status_journal_get(of, txn, &journal);
	waiting = &journal.waiting;
	day_format_time(waiting->since, since);
	if (waiting->words[0] != '\0' || journal.is_late) {
		if (journal.is_late && waiting->words[0] == '\0')
			CHECK_TELL(look, JOURNAL_LATE, since);
		else
			CHECK_TELL(look, JOURNAL_FAILS, since, waiting->words);
		check_tell_since(look, waiting->since);
	} else if (waiting->bytes > 0) {
		CHECK_TELL(look, JOURNAL_WELL,
		           check_number(look, waiting->bytes / 1024), since);
	}
	if (journal.aside + waiting->damaged == 0)
		return;
	CHECK_TELL(
		look, journal.is_news ? JOURNAL_DAMAGED : JOURNAL_WAS_DAMAGED,
		check_number(look, journal.aside + waiting->damaged),
		journal.aside == 0
			? ""
			: arena_printf(look->arena, ", the last is %s (%s)",
	                               journal_aside_text(&journal.last, text),
	                               journal.last.words));
}

/* Of a day or an outbox with more than that the doctor has no time to read all
 * rows. */
enum { COUNTERS_MOST = 20000 };

static bool counts_differ(struct look *look, int32_t day, bool *too_many)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	struct day_sums sums;
	struct err err = {0};
	uint64_t n = 0;

	day_sums_get(txn, day, &sums);
	for (int mark = 0; mark < TALLY_MARKS; mark++)
		n += sums.marks[mark];
	if (n > COUNTERS_MOST)
		*too_many = true;
	else
		derived_check_day(txn, day);
	if (db_failure(txn, &err) == 0)
		return false;
	CHECK_TELL(look, COUNTERS_DIFFER, err.text);
	return true;
}

static bool outbox_differs(struct look *look, bool *too_many)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	struct outbox_sums sums;
	struct err err = {0};
	uint64_t n = 0;

	outbox_sums_get(txn, &sums);
	for (int status = 0; status < OUTBOX_DONE; status++)
		n += sums.reports[status];
	if (n > COUNTERS_MOST)
		*too_many = true;
	else
		derived_check_outbox(txn);
	if (db_failure(txn, &err) == 0)
		return false;
	CHECK_TELL(look, COUNTERS_DIFFER, err.text);
	return true;
}

void check_counters(struct look *look)
{
	int32_t today = day_of(look->of->now);
	bool too_many = false;

	if (counts_differ(look, today - 1, &too_many) ||
	    counts_differ(look, today, &too_many) ||
	    outbox_differs(look, &too_many))
		return;
	CHECK_TELL(look, too_many ? COUNTERS_TOO_MANY : COUNTERS_WELL);
}
