#include "reply/retry.h"

#include <locale.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

enum {
	FIRST_DELAY = 5 * 60,
	LONGEST_DELAY = 4 * 3600,
	DOUBLINGS = 6, /* after that the longest delay is reached */
	LONGEST_WISH = 24 * 3600,
};

static int64_t backoff(unsigned attempts)
{
	unsigned doublings = attempts > 0 ? attempts - 1 : 0;
	int64_t delay;

	if (doublings > DOUBLINGS)
		doublings = DOUBLINGS;
	delay = (int64_t)FIRST_DELAY << doublings;
	return delay < LONGEST_DELAY ? delay : LONGEST_DELAY;
}

static int64_t at_most_a_day(int64_t secs)
{
	if (secs < 0)
		return 0;
	return secs < LONGEST_WISH ? secs : LONGEST_WISH;
}

/* From nine to eleven tenths of the delay; each attempt gets its own. */
static int64_t jittered(int64_t delay, unsigned attempts, uint64_t seed)
{
	int64_t tenth = delay / 10;
	uint64_t hash = hash64(seed, &attempts, sizeof(attempts));

	return delay - tenth + (int64_t)(hash % (uint64_t)(2 * tenth + 1));
}

int64_t retry_next(int64_t now, unsigned attempts, int64_t retry_after_secs,
                   int64_t end, uint64_t seed)
{
	int64_t next = now + jittered(backoff(attempts), attempts, seed);
	int64_t wish = now + at_most_a_day(retry_after_secs);

	if (wish > end)
		wish = end;
	/* "try again in a second" does not make us hurry */
	return next > wish ? next : wish;
}

bool retry_is_over(int64_t first_attempt, int64_t next, int64_t retry_for)
{
	return next - first_attempt > retry_for;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Digits alone, as many as one likes; false when it is something else. */
static bool read_secs(const char *text, int64_t *secs)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || *skip_blanks(text + len) != '\0')
		return false;
	*secs = 0;
	for (size_t i = 0; i < len; i++)
		*secs = at_most_a_day(*secs * 10 + (text[i] - '0'));
	return true;
}

/* One of the forms of an HTTP-date, month names in English whatever the
 * locale of this process. */
static bool read_date(const char *text, int64_t *time)
{
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
		"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
		"%a %b %e %H:%M:%S %Y",      /* asctime() */
	};
	locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	bool found = false;

	if (c_locale == (locale_t)0)
		return false;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !found;
	     i++) {
		struct tm tm = {0};
		const char *end = strptime_l(text, forms[i], &tm, c_locale);

		found = end != NULL && *skip_blanks(end) == '\0';
		if (found)
			*time = timegm(&tm);
	}
	freelocale(c_locale);
	return found;
}

int64_t retry_after_parse(const char *text, int64_t now)
{
	int64_t secs, when;

	if (text == NULL)
		return 0;
	text = skip_blanks(text);
	if (read_secs(text, &secs))
		return secs;
	return read_date(text, &when) ? at_most_a_day(when - now) : 0;
}
