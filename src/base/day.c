#include "base/day.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int32_t day_of(int64_t time)
{
	int64_t day = time / DAY_SECS;

	if (time % DAY_SECS < 0)
		day--;
	return (int32_t)day;
}

int64_t day_start(int32_t day)
{
	return (int64_t)day * DAY_SECS;
}

int64_t day_end(int32_t day)
{
	return day_start(day) + DAY_SECS - 1;
}

const char *day_format(int32_t day, char buf[DAY_TEXT])
{
	char text[TIME_TEXT];

	day_format_time(day_start(day), text);
	memcpy(buf, text, DAY_TEXT - 1);
	buf[DAY_TEXT - 1] = '\0';
	return buf;
}

const char *day_format_time(int64_t time, char buf[TIME_TEXT])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900)
		memset(&tm, 0, sizeof(tm));
	strftime(buf, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

/* Exactly `width` digits at *s, moved past; -1 when they are not there. */
static int digits(const char **s, int width)
{
	int v = 0;

	for (int i = 0; i < width; i++, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* "YYYY-MM-DD" at *s; false when it is no date of the calendar. */
static bool read_date(const char **s, struct tm *tm)
{
	struct tm check = {0};

	check.tm_year = digits(s, 4) - 1900;
	if (check.tm_year < 70 || !skip(s, '-'))
		return false;
	check.tm_mon = digits(s, 2) - 1;
	if (check.tm_mon < 0 || check.tm_mon > 11 || !skip(s, '-'))
		return false;
	check.tm_mday = digits(s, 2);
	if (check.tm_mday < 1 || check.tm_mday > 31)
		return false;
	*tm = check;
	/* timegm turns 30 February into 1 or 2 March */
	return timegm(&check) >= 0 && check.tm_mday == tm->tm_mday;
}

static bool read_clock(const char **s, struct tm *tm)
{
	tm->tm_hour = digits(s, 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || !skip(s, ':'))
		return false;
	tm->tm_min = digits(s, 2);
	if (tm->tm_min < 0 || tm->tm_min > 59)
		return false;
	if (!skip(s, ':'))
		return true;
	tm->tm_sec = digits(s, 2);
	if (tm->tm_sec < 0 || tm->tm_sec > 60)
		return false;
	if (tm->tm_sec == 60)
		tm->tm_sec = 59;
	if (skip(s, '.')) {
		if (digits(s, 1) < 0)
			return false;
		while (isdigit((unsigned char)**s))
			(*s)++;
	}
	return true;
}

static bool read_offset(const char **s, int64_t *offset_secs)
{
	int sign, hours, minutes;

	*offset_secs = 0;
	if (skip(s, 'Z') || skip(s, 'z'))
		return true;
	sign = skip(s, '+') ? 1 : skip(s, '-') ? -1 : 0;
	hours = sign ? digits(s, 2) : -1;
	if (hours < 0 || hours > 23 || !skip(s, ':'))
		return false;
	minutes = digits(s, 2);
	if (minutes < 0 || minutes > 59)
		return false;
	*offset_secs = sign * (hours * 3600 + minutes * 60);
	return true;
}

int day_parse(const char *text, int32_t *day, struct err *err)
{
	const char *s = text;
	struct tm tm = {0};

	if (!read_date(&s, &tm) || *s != '\0')
		return err_set(err, ERR_PARSE,
		               "'%.40s' is not a day (like 2026-03-01)", text);
	*day = day_of(timegm(&tm));
	return 0;
}

int day_parse_time(const char *text, int64_t *time, struct err *err)
{
	const char *s = text;
	struct tm tm = {0};
	int64_t offset;

	if (!read_date(&s, &tm) || (!skip(&s, 'T') && !skip(&s, 't')) ||
	    !read_clock(&s, &tm) || !read_offset(&s, &offset) || *s != '\0')
		return err_set(err, ERR_PARSE,
		               "'%.40s' is not a time (RFC 3339, like "
		               "2026-03-01T10:00:00Z)",
		               text);
	*time = timegm(&tm) - offset;
	return 0;
}

int day_parse_utc(const char *text, int64_t *time, struct err *err)
{
	size_t len = strlen(text);

	if (len > 0 && (text[len - 1] != 'Z' || strchr(text, 't') != NULL))
		return err_set(err, ERR_PARSE,
		               "not in UTC (like 2026-03-01T10:00:00Z)");
	return day_parse_time(text, time, err);
}
