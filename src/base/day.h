/*
 * day - UTC days and RFC 3339 times
 *
 * A report covers a whole UTC day (RFC 8460 section 4.1), so a day is a plain
 * number: days since 1970-01-01.  Times are seconds since then, UTC.
 */
#ifndef TLSTALLY_BASE_DAY_H
#define TLSTALLY_BASE_DAY_H

#include <stdint.h>

#include "base/err.h"

enum {
	DAY_SECS = 86400,
	DAY_TEXT = 11,  /* room for "2026-03-01" */
	TIME_TEXT = 21, /* room for "2026-03-01T10:00:00Z" */
};

int32_t day_of(int64_t time);
int64_t day_start(int32_t day);

/* The last second of the day, 23:59:59. */
int64_t day_end(int32_t day);

/* Write into buf (of DAY_TEXT or TIME_TEXT bytes) and return it. */
const char *day_format(int32_t day, char buf[DAY_TEXT]);
const char *day_format_time(int64_t time, char buf[TIME_TEXT]);

/* "2026-03-01", years 1970 to 9999. */
int day_parse(const char *text, int32_t *day, struct err *err);

/* RFC 3339 section 5.6 with an offset ("Z", "+01:00"); the seconds may be
 * absent ("2026-03-01T10:00Z"), a fraction is dropped, a leap second counts
 * as the second before it. */
int day_parse_time(const char *text, int64_t *time, struct err *err);

/* A UTCDate of RFC 8620 section 1.4: the same with "T" and "Z". */
int day_parse_utc(const char *text, int64_t *time, struct err *err);

#endif
