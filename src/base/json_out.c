#include "base/json_out.h"

#include <string.h>

#include "base/utf8.h"

struct json_out json_out_into(struct strbuf *out)
{
	return (struct json_out){.out = out};
}

/* What stands before a value. */
static void begin_value(struct json_out *json, const char *name)
{
	if (json->follows)
		strbuf_putc(json->out, ',');
	json->follows = true;
	if (name == NULL)
		return;
	strbuf_putc(json->out, '"');
	strbuf_puts(json->out, name);
	strbuf_add(json->out, "\":", 2);
}

void json_out_begin(struct json_out *json, const char *name, char bracket)
{
	begin_value(json, name);
	strbuf_putc(json->out, bracket);
	json->follows = false;
}

void json_out_end(struct json_out *json, char bracket)
{
	strbuf_putc(json->out, bracket);
	json->follows = true;
}

static bool is_escaped(unsigned char c)
{
	return c < ' ' || c == '"' || c == '\\';
}

static void put_escaped(struct strbuf *out, unsigned char c)
{
	static const char letters[] = "\"\\\b\f\n\r\t", words[] = "\"\\bfnrt";
	const char *at = memchr(letters, c, sizeof(letters) - 1);

	if (at == NULL) {
		strbuf_printf(out, "\\u%04X", c);
		return;
	}
	strbuf_putc(out, '\\');
	strbuf_putc(out, words[at - letters]);
}

bool json_out_text(struct json_out *json, const char *name, const char *text)
{
	const char *from = text;

	if (!utf8_valid(text, strlen(text)))
		return false;
	begin_value(json, name);
	strbuf_putc(json->out, '"');
	for (; *text != '\0'; text++) {
		if (!is_escaped((unsigned char)*text))
			continue;
		strbuf_add(json->out, from, (size_t)(text - from));
		put_escaped(json->out, (unsigned char)*text);
		from = text + 1;
	}
	strbuf_add(json->out, from, (size_t)(text - from));
	strbuf_putc(json->out, '"');
	return true;
}

void json_out_uint(struct json_out *json, const char *name, uint64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	begin_value(json, name);
	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	strbuf_add(json->out, digits + at, sizeof(digits) - at);
}
