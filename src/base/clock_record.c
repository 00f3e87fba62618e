#include "base/clock_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/day.h"

static const int64_t bound_ms = CLOCK_BOUND_SECS * INT64_C(1000);

int64_t clock_record_ms(const struct clock_record *record, int64_t boot_ms)
{
	return record->wall_ms + boot_ms - record->boot_ms;
}

static void agree(struct clock_record *record, const struct clock_look *look,
                  int64_t since_ms, bool vouched)
{
	*record = (struct clock_record){
		.wall_ms = look->wall_ms,
		.boot_ms = look->boot_ms,
		.vouched =
			vouched || look->boot_ms - since_ms >=
					   CLOCK_VOUCHED_SECS * INT64_C(1000),
		.since_ms = since_ms,
	};
	memcpy(record->boot, look->boot, sizeof(record->boot));
}

void clock_record_accept(struct clock_record *record,
                         const struct clock_look *look)
{
	agree(record, look, look->boot_ms, true);
}

/* Also when the boot clock went back: whatever that is, it is another one. */
static bool is_another_boot(const struct clock_record *record,
                            const struct clock_look *look)
{
	return strcmp(record->boot, look->boot) != 0 ||
	       look->boot_ms < record->boot_ms - bound_ms;
}

static bool agrees(const struct clock_record *record,
                   const struct clock_look *look)
{
	int64_t ahead = look->wall_ms - clock_record_ms(record, look->boot_ms);
	int64_t most =
		record->carried ? CLOCK_OFF_SECS * INT64_C(1000) : bound_ms;

	return ahead >= -bound_ms && ahead <= most;
}

/* Is this still the time that was doubted before? */
static bool is_same_doubt(const struct clock_record *record,
                          const struct clock_look *look)
{
	int64_t ahead = look->wall_ms - record->doubt_wall_ms -
	                (look->boot_ms - record->doubt_boot_ms);

	return record->doubted && ahead >= -bound_ms && ahead <= bound_ms;
}

static bool has_settled(const struct clock_record *record,
                        const struct clock_look *look)
{
	int64_t secs = (look->boot_ms - record->doubt_boot_ms) / 1000;

	return secs >= CLOCK_SETTLE_SECS ||
	       (look->synchronised && secs >= CLOCK_SYNCHRONISED_SECS);
}

bool clock_record_look(struct clock_record *record,
                       const struct clock_look *look)
{
	if (record->boot[0] == '\0') {
		agree(record, look, look->boot_ms, look->synchronised);
		return false;
	}
	if (is_another_boot(record, look)) {
		/* into this boot, as if the host had been off for no time */
		memcpy(record->boot, look->boot, sizeof(record->boot));
		record->boot_ms = look->boot_ms;
		record->carried = true;
		record->vouched = false;
		record->since_ms = look->boot_ms;
		record->doubted = false;
	}
	if (!agrees(record, look) && !is_same_doubt(record, look)) {
		record->doubted = true;
		record->doubt_wall_ms = look->wall_ms;
		record->doubt_boot_ms = look->boot_ms;
	}
	if (agrees(record, look))
		agree(record, look, record->since_ms,
		      record->vouched || look->synchronised);
	else if (has_settled(record, look))
		agree(record, look, record->doubt_boot_ms, look->synchronised);
	return record->doubted;
}

const char *clock_record_words(const struct clock_record *record,
                               char words[CLOCK_WORDS])
{
	int64_t ahead = record->doubt_wall_ms -
	                clock_record_ms(record, record->doubt_boot_ms);
	int64_t minutes = (ahead < 0 ? -ahead : ahead) / 60000;
	char time[TIME_TEXT];

	words[0] = '\0';
	if (!record->doubted)
		return words;
	snprintf(words, CLOCK_WORDS,
	         "the clock has jumped %s by %" PRId64 " %s, to %s",
	         ahead < 0 ? "back" : "ahead",
	         minutes >= 2880  ? (minutes + 720) / 1440
	         : minutes >= 120 ? (minutes + 30) / 60
	                          : minutes,
	         minutes >= 2880  ? "days"
	         : minutes >= 120 ? "hours"
	                          : "minutes",
	         day_format_time(record->doubt_wall_ms / 1000, time));
	return words;
}
