#include "base/span.h"

#include <string.h>

#include "base/ascii.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

bool span_is(struct span span, const char *text)
{
	return span.len == strlen(text) &&
	       (span.len == 0 || memcmp(span.at, text, span.len) == 0);
}

bool span_starts(struct span span, const char *text)
{
	size_t len = strlen(text);

	return span.len >= len && (len == 0 || memcmp(span.at, text, len) == 0);
}

struct span span_trim_end(struct span span)
{
	while (span.len > 0 && is_blank(span.at[span.len - 1]))
		span.len--;
	return span;
}

struct span span_trim(struct span span)
{
	while (span.len > 0 && is_blank(span.at[0])) {
		span.at++;
		span.len--;
	}
	return span_trim_end(span);
}

bool span_split(struct span *rest, char delimiter, struct span *part)
{
	const char *end =
		rest->len > 0 ? memchr(rest->at, delimiter, rest->len) : NULL;
	size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;

	*part = (struct span){rest->at, len};
	if (end != NULL)
		len++;
	if (len > 0)
		rest->at += len;
	rest->len -= len;
	return end != NULL;
}

void span_drop(struct span *rest, size_t n)
{
	if (n == 0)
		return;
	rest->at += n;
	rest->len -= n;
}

bool span_skip(struct span *rest, const char *text)
{
	if (!span_starts(*rest, text))
		return false;
	span_drop(rest, strlen(text));
	return true;
}

/* The part ends at `end`, and the rest begins n bytes after it. */
static bool split_at(struct span *rest, const char *end, size_t n,
                     struct span *part)
{
	if (end == NULL)
		return false;
	*part = (struct span){rest->at, (size_t)(end - rest->at)};
	span_drop(rest, part->len + n);
	return true;
}

bool span_until(struct span *rest, char delimiter, struct span *part)
{
	const char *end =
		rest->len > 0 ? memchr(rest->at, delimiter, rest->len) : NULL;

	return split_at(rest, end, 1, part);
}

bool span_until_text(struct span *rest, const char *delimiter,
                     struct span *part)
{
	size_t len = strlen(delimiter);
	const char *end = rest->len > 0
	                          ? memmem(rest->at, rest->len, delimiter, len)
	                          : NULL;

	return split_at(rest, end, len, part);
}

bool span_number(struct span *rest, size_t most, int64_t *number)
{
	size_t n = 0;

	*number = 0;
	while (n < rest->len && n < most && ascii_is_digit(rest->at[n]))
		*number = *number * 10 + (rest->at[n++] - '0');
	span_drop(rest, n);
	return n > 0;
}

static bool is_atext(char c)
{
	return ascii_is_alnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

size_t span_dot_atom(struct span text)
{
	size_t len = 0;

	for (;;) {
		size_t start = len;

		while (len < text.len && is_atext(text.at[len]))
			len++;
		if (len == start)
			return 0;
		if (len == text.len || text.at[len] != '.')
			return len;
		len++;
	}
}
