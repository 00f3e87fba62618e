#include "base/json_lax.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

enum {
	INT_DIGITS = 18,   /* always fit 64 bits */
	REAL_DIGITS = 308, /* always fit a double */
};

static const char greatest[] = "1.7976931348623157e308";
static const char nul[] = "\\u0000", soh[] = "\\u0001";

/* --- the text, with what jansson refuses put otherwise --- */

struct softener {
	const char *at, *end;
	unsigned flags;
	struct strbuf *out;
};

static void soften_integer(struct softener *s, const char *number, size_t len)
{
	size_t digits = len - (number[0] == '-');

	if (digits <= INT_DIGITS) {
		strbuf_add(s->out, number, len);
	} else if (s->flags & JSON_LAX_BIG_TEXT) {
		strbuf_printf(s->out, "\"%.*s\"", (int)len, number);
	} else if (digits <= REAL_DIGITS) {
		strbuf_printf(s->out, "%.*s.0", (int)len, number);
	} else {
		strbuf_printf(s->out, "%s%s", number[0] == '-' ? "-" : "",
		              greatest);
	}
}

static void soften_real(struct softener *s, const char *number, size_t len)
{
	auto_(xfree_str) char *text = xstrndup(number, len);
	char *end;
	double value = strtod(text, &end);

	if (*end == '\0' && isinf(value))
		strbuf_printf(s->out, "%s%s", value < 0 ? "-" : "", greatest);
	else
		strbuf_add(s->out, number, len);
}

/* What is malformed stays so. */
static void soften_number(struct softener *s)
{
	const char *number = s->at;
	const char *digits = number + (*number == '-');

	while (s->at < s->end && *s->at != '\0' &&
	       strchr("+-.eE0123456789", *s->at) != NULL)
		s->at++;
	while (digits < s->at && isdigit((unsigned char)*digits))
		digits++;
	if (digits == s->at)
		soften_integer(s, number, (size_t)(s->at - number));
	else
		soften_real(s, number, (size_t)(s->at - number));
}

/* Behind the string at s->at, or the end. */
static const char *string_end(const struct softener *s)
{
	const char *c = s->at + 1;

	while (c < s->end && *c != '"')
		c += *c == '\\' ? 2 : 1;
	return c < s->end ? c + 1 : s->end;
}

static bool is_name(const struct softener *s, const char *end)
{
	while (end < s->end && strchr(" \t\r\n", *end) != NULL && *end != '\0')
		end++;
	return end < s->end && *end == ':';
}

static void soften_string(struct softener *s)
{
	const char *end = string_end(s);
	bool hide = (s->flags & JSON_LAX_NUL) == 0 || is_name(s, end);

	while (s->at < end) {
		size_t len = *s->at == '\\' ? 2 : 1;

		if (hide && (size_t)(end - s->at) > strlen(nul) &&
		    strncmp(s->at, nul, strlen(nul)) == 0) {
			strbuf_puts(s->out, soh);
			s->at += strlen(nul);
			continue;
		}
		if (len > (size_t)(end - s->at))
			len = (size_t)(end - s->at);
		strbuf_add(s->out, s->at, len);
		s->at += len;
	}
}

/* --- reading --- */

static bool can_soften(const json_error_t *why)
{
	switch (json_error_code(why)) {
	case json_error_numeric_overflow:
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return true;
	default:
		return false;
	}
}

json_t *json_lax_read(const char *text, size_t len, unsigned flags,
                      struct err *err)
{
	size_t decode = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY |
	                (flags & JSON_LAX_NUL ? JSON_ALLOW_NUL : 0);
	auto_(strbuf_clear) struct strbuf soft = {0};
	struct softener s = {text, text + len, flags, &soft};
	json_error_t why;
	json_t *json = json_loadb(text, len, decode, &why);

	if (json == NULL && can_soften(&why)) {
		while (s.at < s.end) {
			if (*s.at == '"')
				soften_string(&s);
			else if (*s.at == '-' || isdigit((unsigned char)*s.at))
				soften_number(&s);
			else
				strbuf_putc(s.out, *s.at++);
		}
		json = json_loadb(strbuf_text(&soft), soft.len, decode, &why);
	}
	if (json == NULL)
		json_say_unread(&why, err);
	return json;
}

/* --- U+0000 --- */

const char *json_lax_text(const json_t *json)
{
	const char *text = json_string_value(json);

	return text != NULL && strlen(text) == json_string_length(json) ? text
	                                                                : NULL;
}

static bool has_nul(const json_t *json)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(json))
		return json_lax_text(json) == NULL;
	json_array_foreach (json, i, value) {
		if (has_nul(value))
			return true;
	}
	/* the macro wants what it does not change to be changeable */
	json_object_foreach ((json_t *)(uintptr_t)json, name, value) {
		if (has_nul(value))
			return true;
	}
	return false;
}

static json_t *text_without_nul(const json_t *json)
{
	size_t len = json_string_length(json);
	auto_(strbuf_clear) struct strbuf text = {0};

	strbuf_add(&text, json_string_value(json), len);
	for (size_t i = 0; i < len; i++)
		if (text.data[i] == '\0')
			text.data[i] = '\1';
	return json_stringn_nocheck(text.data, text.len);
}

static void check(int rc)
{
	if (rc != 0)
		abort();
}

static json_t *copy_without_nul(const json_t *json)
{
	const char *name;
	json_t *copy, *value;
	size_t i;

	if (json_is_string(json))
		return text_without_nul(json);
	if (!json_is_array(json) && !json_is_object(json))
		return json_copy((json_t *)(uintptr_t)json);
	copy = json_is_array(json) ? json_array() : json_object();
	json_array_foreach (json, i, value)
		check(json_array_append_new(copy, copy_without_nul(value)));
	json_object_foreach ((json_t *)(uintptr_t)json, name, value)
		check(json_object_set_new_nocheck(copy, name,
		                                  copy_without_nul(value)));
	return copy;
}

json_t *json_lax_without_nul(json_t *json)
{
	return has_nul(json) ? copy_without_nul(json) : json_incref(json);
}
