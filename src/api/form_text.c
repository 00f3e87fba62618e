#include "api/form_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/xalloc.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In its place: what it stands for is never longer.  False: an escape is
 * none, or stands for NUL. */
static bool unescape(char *text)
{
	char *out = text;

	for (const char *c = text; *c != '\0'; c++) {
		int high, low;

		if (*c != '%') {
			*out++ = *c == '+' ? ' ' : *c;
			continue;
		}
		high = digit_of(c[1]);
		low = high < 0 ? -1 : digit_of(c[2]);
		if (low < 0 || high * 16 + low == 0)
			return false;
		*out++ = (char)(high * 16 + low);
		c += 2;
	}
	*out = '\0';
	return true;
}

static int add_field(struct form_text *form, char *pair, struct err *err)
{
	char *equals = strchr(pair, '=');
	char *value = equals != NULL ? equals + 1 : pair + strlen(pair);

	if (equals != NULL)
		*equals = '\0';
	if (!unescape(pair) || !unescape(value))
		return err_set(err, ERR_PARSE,
		               "a form with %% and not two hex digits behind "
		               "it");
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, pair) == 0)
			return err_set(err, ERR_PARSE, "'%.60s' is given twice",
			               pair);
	if (form->count == FORM_TEXT_FIELDS)
		return err_set(err, ERR_LIMIT, "more than %d fields",
		               FORM_TEXT_FIELDS);
	form->fields[form->count].name = pair;
	form->fields[form->count++].value = value;
	return 0;
}

int form_text_read(const char *data, size_t len, struct form_text *form,
                   struct err *err)
{
	char *rest, *pair;

	*form = (struct form_text){0};
	if (len > FORM_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "a form of more than %d bytes",
		               FORM_TEXT_MAX);
	if (len > 0 && memchr(data, '\0', len) != NULL)
		return err_set(err, ERR_PARSE, "a form with a NUL");
	form->text = xstrndup(len > 0 ? data : "", len);
	rest = form->text;
	while ((pair = strsep(&rest, "&")) != NULL)
		if (*pair != '\0' && add_field(form, pair, err) < 0)
			return err->class;
	return 0;
}

void form_text_clear(struct form_text *form)
{
	free(form->text);
	*form = (struct form_text){0};
}

const char *form_text_get(const struct form_text *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (strcmp(form->fields[i].name, name) == 0)
			return form->fields[i].value;
	return "";
}

void form_text_escape(const char *text, struct strbuf *out)
{
	for (; *text != '\0'; text++)
		if (ascii_is_alnum(*text) || strchr("-._~", *text) != NULL)
			strbuf_putc(out, *text);
		else
			strbuf_printf(out, "%%%02X", (unsigned char)*text);
}

void form_text_add(const char *name, const char *value, struct strbuf *out)
{
	strbuf_printf(out, "&%s=", name);
	form_text_escape(value, out);
}

void form_text_html(const char *text, struct strbuf *out)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			strbuf_puts(out, "&amp;");
			break;
		case '<':
			strbuf_puts(out, "&lt;");
			break;
		case '>':
			strbuf_puts(out, "&gt;");
			break;
		case '"':
			strbuf_puts(out, "&quot;");
			break;
		default:
			strbuf_putc(out, *text);
		}
}
