#include "base/span.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool span_is(struct span span, const char *text)
{
	return span.len == strlen(text) &&
	       (span.len == 0 || memcmp(span.at, text, span.len) == 0);
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
