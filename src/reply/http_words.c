#include "reply/http_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/utf8.h"

enum { NESTED_MAX = 4 };

enum form { FORM_NONE, FORM_TEXT, FORM_JSON };

/* Is the media type (before any ";") this one, or with "+" one that ends so? */
static bool is_type(const char *type, size_t len, const char *name)
{
	size_t name_len = strlen(name);

	if (name[0] == '+' && len > name_len)
		return strncasecmp(type + len - name_len, name, name_len) == 0;
	return len == name_len && strncasecmp(type, name, len) == 0;
}

static enum form form_of(const char *type, const char *body, size_t len)
{
	size_t type_len;

	if (type == NULL) {
		if (len == 0 || body[0] == '<' || !utf8_valid(body, len))
			return FORM_NONE;
		return body[0] == '{' || body[0] == '[' ? FORM_JSON : FORM_TEXT;
	}
	type_len = strcspn(type, "; \t");
	if (is_type(type, type_len, "text/plain"))
		return FORM_TEXT;
	if (is_type(type, type_len, "application/json") ||
	    is_type(type, type_len, "text/json") ||
	    is_type(type, type_len, "+json"))
		return FORM_JSON;
	return FORM_NONE;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void first_line(const char *text, size_t len, char *out, size_t room)
{
	const char *lf;

	while (len > 0 && is_blank(*text)) {
		text++;
		len--;
	}
	lf = len > 0 ? memchr(text, '\n', len) : NULL;
	if (lf != NULL)
		len = (size_t)(lf - text);
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	utf8_show(out, room, text, len);
}

/* The members that explain best come first.  "title" is the kind of trouble
 * and "detail" the case of it (RFC 9457 section 3.1), so are OAuth's two. */
static const struct {
	const char *kind, *words;
} members[] = {
	{"title", "detail"},    {"error", "error_description"},
	{NULL, "message"},      {NULL, "detail"},
	{NULL, "error"},        {NULL, "error_message"},
	{NULL, "errorMessage"}, {NULL, "errors"},
	{NULL, "msg"},          {NULL, "reason"},
	{NULL, "description"},  {NULL, "title"},
};

static bool say_value(const json_t *value, int depth, char *out, size_t room);

/* Both texts of a row, or its words alone, in whatever form they come. */
static bool say_member(const json_t *object, const char *kind,
                       const char *words, int depth, char *out, size_t room)
{
	const json_t *what = json_object_get(object, words);
	size_t used;

	if (kind == NULL)
		return say_value(what, depth, out, room);
	if (!json_is_string(json_object_get(object, kind)) ||
	    !json_is_string(what) ||
	    !say_value(json_object_get(object, kind), depth, out, room))
		return false;
	used = strlen(out);
	if (used + 2 < room) {
		snprintf(out + used, room - used, ": ");
		say_value(what, depth, out + used + 2, room - used - 2);
	}
	return true;
}

static bool say_value(const json_t *value, int depth, char *out, size_t room)
{
	if (json_is_string(value)) {
		first_line(json_string_value(value), json_string_length(value),
		           out, room);
		return out[0] != '\0';
	}
	if (depth == NESTED_MAX)
		return false;
	if (json_is_array(value))
		return say_value(json_array_get(value, 0), depth + 1, out,
		                 room);
	if (!json_is_object(value))
		return false;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (say_member(value, members[i].kind, members[i].words,
		               depth + 1, out, room))
			return true;
	return false;
}

void http_words(const char *type, const char *body, size_t len, char *out,
                size_t room)
{
	enum form form = form_of(type, body, len);
	auto_(json_free) json_t *json = NULL;
	struct err err;

	out[0] = '\0';
	if (form == FORM_TEXT)
		first_line(body, len, out, room);
	else if (form == FORM_JSON &&
	         (json = json_read(body, len, true, &err)) != NULL)
		say_value(json, 0, out, room);
}
