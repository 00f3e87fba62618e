/*
 * The left end of a line in a file: time stamp, host, program, pid.
 */
#include "model/maillog.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/day.h"

enum {
	MINUTE_LEN = 12, /* "Nov 23 12:33" */
	STAMP_LEN = 15,  /* "Nov 23 12:33:14" */
	RFC3339_MAX = 35,
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

/* "Nov 23 12:33:14 " */
static bool stamp_traditional(struct span *text, struct log_clock *clock,
                              int64_t *time)
{
	const char *s = text->at;
	int secs;

	if (text->len <= STAMP_LEN || s[STAMP_LEN] != ' ' ||
	    s[MINUTE_LEN] != ':' || s[MINUTE_LEN + 1] == ' ')
		return false;
	secs = two_digits(s + MINUTE_LEN + 1);
	if (secs < 0 || secs > 60)
		return false;
	if (memcmp(clock->minute, s, MINUTE_LEN) != 0) {
		struct tm tm;

		if (!minute_read(s, &tm))
			return false;
		clock->minute_time = minute_time(&tm, clock);
		memcpy(clock->minute, s, MINUTE_LEN);
	}
	*time = clock->minute_time + (secs == 60 ? 59 : secs);
	span_drop(text, STAMP_LEN + 1);
	return true;
}

/* "2026-11-23T12:33:14.123456+01:00 " */
static bool stamp_rfc3339(struct span *text, int64_t *time)
{
	char stamp[RFC3339_MAX + 1];
	struct span rest = *text, word;

	if (!span_until(&rest, ' ', &word) || word.len > RFC3339_MAX)
		return false;
	memcpy(stamp, word.at, word.len);
	stamp[word.len] = '\0';
	if (time_parse(stamp, time, NULL) != 0)
		return false;
	*text = rest;
	return true;
}

/* "postfix/smtp[4711]: " or "kernel: " */
static bool program_read(struct span *text, struct log_line *line)
{
	struct span tag, rest = *text;

	line->pid = 0;
	if (!span_until(&rest, ' ', &tag) || tag.len < 2 ||
	    tag.at[tag.len - 1] != ':')
		return false;
	*text = rest;
	tag.len--;
	rest = tag;
	if (!span_until(&rest, '[', &line->program))
		line->program = tag;
	else if (!span_number(&rest, 18, &line->pid) || rest.len != 1 ||
	         rest.at[0] != ']')
		return false;
	return line->program.len > 0;
}

bool log_line_split(const char *text, size_t len, struct log_clock *clock,
                    struct log_line *line)
{
	struct span rest = {text, len}, host;
	bool digit = len > 0 && isdigit((unsigned char)text[0]);

	while (rest.len > 0 &&
	       (rest.at[rest.len - 1] == '\n' || rest.at[rest.len - 1] == '\r'))
		rest.len--;
	if (digit ? !stamp_rfc3339(&rest, &line->time)
	          : !stamp_traditional(&rest, clock, &line->time))
		return false;
	if (!span_until(&rest, ' ', &host) || host.len == 0 ||
	    !program_read(&rest, line))
		return false;
	line->message = rest;
	return true;
}
