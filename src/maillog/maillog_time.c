/*
 * Time stamps, as syslog daemons write them.
 */
#include "base/ascii.h"
#include "maillog/maillog_read.h"

#include <string.h>
#include <time.h>

#include "base/day.h"

enum {
	MINUTE_LEN = 12,     /* "Nov 23 12:33" */
	STAMP_LEN = 15,      /* "Nov 23 12:33:14" */
	ISO_MINUTE_LEN = 16, /* "2026-11-23T12:33" */
	ISO_LEN = 19,        /* "2026-11-23T12:33:14" */
	EPOCH_LEN = 10,      /* 2001 to 2286 */
	/* lines of several processes come a little out of order */
	JITTER_SECS = 120,
	OVERLAP_SECS = 2 * 3600,
};

static int two_digits(const char *s)
{
	int tens = s[0] == ' ' ? 0 : s[0] - '0';
	int ones = s[1] - '0';

	if (tens < 0 || tens > 9 || ones < 0 || ones > 9)
		return -1;
	return tens * 10 + ones;
}

/* "Nov 23 12:33", the day with a blank or a zero before one digit. */
static bool minute_read(const char *s, struct tm *tm)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	*tm = (struct tm){.tm_mon = -1};
	for (int i = 0; i < 12; i++)
		if (memcmp(s, &months[3 * i], 3) == 0)
			tm->tm_mon = i;
	tm->tm_mday = two_digits(s + 4);
	tm->tm_hour = two_digits(s + 7);
	tm->tm_min = two_digits(s + 10);
	return tm->tm_mon >= 0 && s[3] == ' ' && tm->tm_mday >= 1 &&
	       tm->tm_mday <= 31 && s[6] == ' ' && s[7] != ' ' &&
	       tm->tm_hour >= 0 && tm->tm_hour <= 23 && s[9] == ':' &&
	       s[10] != ' ' && tm->tm_min >= 0 && tm->tm_min <= 59;
}

/* The time when clocks here show this in summer time (1) or not (0); false
 * when they never do. */
static bool shown_at(const struct tm *wall, int summer, int64_t *time)
{
	struct tm tm = *wall, back;
	time_t t;

	tm.tm_isdst = summer;
	t = mktime(&tm);
	*time = t;
	return localtime_r(&t, &back) != NULL &&
	       back.tm_hour == wall->tm_hour && back.tm_min == wall->tm_min &&
	       back.tm_mday == wall->tm_mday;
}

/*
 * Clocks skip an hour in spring and show one twice in autumn.  What they show
 * twice is the first time, unless the line before was later than that.  What
 * they never show comes from a clock that runs wrong: not before the line
 * before it.
 */
static int64_t wall_time(const struct tm *wall, const struct log_clock *clock)
{
	int64_t first, second, last = clock->minute_time;
	bool summer = shown_at(wall, 1, &first);
	bool winter = shown_at(wall, 0, &second);
	bool recent = clock->minute[0] != '\0';

	if (summer && winter && first < second)
		return recent && first < last - JITTER_SECS &&
		                       last - first < OVERLAP_SECS &&
		                       second <= clock->now + JITTER_SECS
		               ? second
		               : first;
	if (summer != winter)
		return summer ? first : second;
	if (!summer && recent && first < last && last - first < OVERLAP_SECS)
		return last;
	return first;
}

/* The latest year that does not put the stamp more than a day into the
 * future. */
static int64_t minute_time(const struct tm *shown,
                           const struct log_clock *clock)
{
	time_t now = (time_t)clock->now;
	struct tm today = {0}, wall = *shown;
	int64_t time = 0;

	localtime_r(&now, &today);
	for (int back = -1; back <= 1; back++) {
		wall.tm_year = today.tm_year - back;
		time = wall_time(&wall, clock);
		if (time <= clock->now + DAY_SECS)
			break;
	}
	return time;
}

/* "14" at the left end, and ".123456" or ",123" behind it; moved past. */
static bool skip_seconds(struct span *text, int *secs)
{
	size_t n = 0;

	if (text->len < 2 || text->at[0] == ' ')
		return false;
	*secs = two_digits(text->at);
	if (*secs < 0 || *secs > 60)
		return false;
	if (*secs == 60)
		*secs = 59;
	text->at += 2;
	text->len -= 2;
	if (text->len == 0 || (text->at[0] != '.' && text->at[0] != ','))
		return true;
	do
		n++;
	while (n < text->len && ascii_is_digit(text->at[n]));
	span_drop(text, n);
	return n > 1;
}

/* "Nov 23 12:33:14 ", "Nov 23 12:33:14.123 " */
static bool stamp_traditional(struct span *text, struct log_clock *clock,
                              int64_t *time)
{
	struct span rest = *text;
	const char *s = text->at;
	int secs;

	if (text->len <= STAMP_LEN || s[MINUTE_LEN] != ':')
		return false;
	span_drop(&rest, MINUTE_LEN + 1);
	if (!skip_seconds(&rest, &secs) || !span_skip(&rest, " "))
		return false;
	if (memcmp(clock->minute, s, MINUTE_LEN) != 0) {
		struct tm tm;

		if (!minute_read(s, &tm))
			return false;
		clock->minute_time = minute_time(&tm, clock);
		memcpy(clock->minute, s, MINUTE_LEN);
	}
	*time = clock->minute_time + secs;
	*text = rest;
	return true;
}

/* "2026-11-23T12:33", a time of the calendar. */
static bool iso_minute_read(const char *s, struct tm *tm)
{
	int century = two_digits(s);
	struct tm check;

	*tm = (struct tm){.tm_isdst = -1};
	tm->tm_year = 100 * century + two_digits(s + 2) - 1900;
	tm->tm_mon = two_digits(s + 5) - 1;
	tm->tm_mday = two_digits(s + 8);
	tm->tm_hour = two_digits(s + 11);
	tm->tm_min = two_digits(s + 14);
	if (memchr(s, ' ', 10) != NULL || s[11] == ' ' || s[14] == ' ' ||
	    century < 0 || two_digits(s + 2) < 0 || tm->tm_year < 70 ||
	    tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1 ||
	    tm->tm_hour < 0 || tm->tm_hour > 23 || tm->tm_min < 0 ||
	    tm->tm_min > 59)
		return false;
	check = *tm;
	/* timegm turns 30 February into 1 or 2 March */
	return timegm(&check) >= 0 && check.tm_mday == tm->tm_mday;
}

/* "Z", "+01:00", "+0100"; false, and nothing moved, when there is none. */
static bool skip_offset(struct span *text, int64_t *secs)
{
	struct span rest = *text;
	int hours, minutes;
	bool minus;

	*secs = 0;
	if (span_skip(text, "Z") || span_skip(text, "z"))
		return true;
	minus = span_skip(&rest, "-");
	if ((!minus && !span_skip(&rest, "+")) || rest.len < 4)
		return false;
	hours = two_digits(rest.at);
	span_drop(&rest, 2);
	span_skip(&rest, ":");
	minutes = rest.len < 2 ? -1 : two_digits(rest.at);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	span_drop(&rest, 2);
	*secs = (minus ? -1 : 1) * (hours * 3600 + minutes * 60);
	*text = rest;
	return true;
}

/* "2026-11-23T12:33:14.123456+01:00 ", "2026-11-23 12:33:14,123 " */
static bool stamp_iso(struct span *text, struct log_clock *clock, int64_t *time)
{
	struct span rest = *text;
	const char *s = text->at;
	int64_t offset;
	struct tm tm;
	int secs;

	if (text->len <= ISO_LEN || s[4] != '-' || s[7] != '-' ||
	    (s[10] != 'T' && s[10] != 't' && s[10] != ' ') || s[13] != ':' ||
	    s[16] != ':')
		return false;
	span_drop(&rest, ISO_MINUTE_LEN + 1);
	if (!skip_seconds(&rest, &secs))
		return false;
	if (!skip_offset(&rest, &offset)) {
		if (!span_skip(&rest, " ") || !iso_minute_read(s, &tm))
			return false;
		/* what the system's clock showed then */
		clock->minute_time = wall_time(&tm, clock);
		memset(clock->minute, '-', sizeof(clock->minute));
		*time = clock->minute_time + secs;
		*text = rest;
		return true;
	}
	if (!span_skip(&rest, " "))
		return false;
	if (memcmp(clock->iso_minute, s, ISO_MINUTE_LEN) != 0) {
		if (!iso_minute_read(s, &tm))
			return false;
		clock->iso_time = timegm(&tm);
		memcpy(clock->iso_minute, s, ISO_MINUTE_LEN);
	}
	*time = clock->iso_time + secs - offset;
	*text = rest;
	return true;
}

/* "1795437194 ", "1795437194.123456 " */
static bool stamp_epoch(struct span *text, int64_t *time)
{
	struct span rest = *text, fraction;

	if (!span_number(&rest, EPOCH_LEN, time) ||
	    text->len - rest.len != EPOCH_LEN)
		return false;
	if (!span_skip(&rest, " ")) {
		int64_t number;

		if (!span_skip(&rest, ".") ||
		    !span_until(&rest, ' ', &fraction) ||
		    !span_number(&fraction, 18, &number) || fraction.len > 0)
			return false;
	}
	*text = rest;
	return true;
}

bool maillog_stamp(struct span *text, struct log_clock *clock, int64_t *time)
{
	char first = text->len > 0 ? text->at[0] : '\0';

	if (ascii_is_digit(first))
		return stamp_iso(text, clock, time) || stamp_epoch(text, time);
	return stamp_traditional(text, clock, time);
}

bool maillog_has_stamp(struct span text)
{
	const char *s = text.at;

	return text.len > ISO_LEN &&
	       ((s[3] == ' ' && s[6] == ' ' && s[9] == ':') ||
	        (s[4] == '-' && s[7] == '-' && s[13] == ':'));
}
