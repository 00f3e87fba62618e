#include "setup/tlsrpt_ini.h"

#include <string.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/span.h"
#include "base/utf8.h"

int tlsrpt_ini_check_text(const char *file, const char *text, size_t len,
                          struct err *err)
{
	unsigned line = 1;

	if (len > TLSRPT_FILE_MAX)
		return err_set(err, ERR_LIMIT, "%.200s: larger than 1 MiB",
		               file);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		line += c == '\n';
		if ((c < ' ' && strchr("\t\n\v\f\r", c) == NULL) || c == 0x7f ||
		    c == '\0')
			return err_set(err, ERR_PARSE,
			               "%.200s:%u: a control character "
			               "(0x%02x)",
			               file, line, c);
	}
	if (!utf8_valid(text, len))
		return err_set(err, ERR_PARSE, "%.200s: not UTF-8", file);
	return 0;
}

const char *tlsrpt_ini_shown(struct arena *mem, const char *text, size_t len)
{
	enum { SHOWN = 80 };
	char *out = arena_alloc(mem, SHOWN);

	return log_escape(out, SHOWN, text, len);
}

struct reading {
	const char *file;
	struct arena *mem;
	struct tlsrpt_ini *ini;
	const char *section; /* NULL: none yet */
	unsigned line;
	bool continues; /* a line that begins with a space belongs to the last
	                   option */
};

static int fail(const struct reading *r, struct err *err, const char *words)
{
	return err_set(err, ERR_PARSE, "%.200s:%u: %s", r->file, r->line,
	               words);
}

static int begin_section(struct reading *r, struct span line, struct err *err)
{
	const char *close = memchr(line.at, ']', line.len);

	if (close == NULL || close == line.at + 1)
		return fail(r, err, "'[' without a name and ']'");
	r->section = arena_strndup(r->mem, line.at + 1,
	                           (size_t)(close - line.at - 1));
	r->ini->sections++;
	r->continues = false;
	return 0;
}

static bool is_same(const struct tlsrpt_option *a, const char *section,
                    const char *name)
{
	return strcmp(a->section, section) == 0 && strcmp(a->name, name) == 0;
}

static int add_option(struct reading *r, struct span name, struct span value,
                      struct err *err)
{
	struct tlsrpt_ini *ini = r->ini;
	struct tlsrpt_option *option = &ini->options[ini->count];
	char *lower = arena_strndup(r->mem, name.at, name.len);

	for (char *c = lower; *c != '\0'; c++)
		*c = ascii_lower(*c);
	if (r->section == NULL)
		return fail(r, err, "a setting before the first [section]");
	if (name.len == 0)
		return fail(r, err, "a value without a name");
	for (size_t i = 0; i < ini->count; i++)
		if (is_same(&ini->options[i], r->section, lower))
			return fail(
				r, err,
				arena_printf(r->mem,
			                     "'%s' is set twice; the "
			                     "first time on line %u",
			                     tlsrpt_ini_shown(r->mem, lower,
			                                      strlen(lower)),
			                     ini->options[i].line));
	if (ini->count == TLSRPT_OPTIONS_MAX)
		return fail(r, err, "more settings than can be");
	*option = (struct tlsrpt_option){
		.section = r->section,
		.name = lower,
		.value = arena_strndup(r->mem, value.at, value.len),
		.file = r->file,
		.line = r->line,
	};
	ini->count++;
	r->continues = true;
	return 0;
}

static int take_line(struct reading *r, struct span line, struct err *err)
{
	struct span text = span_trim(line), name = text;
	struct tlsrpt_option *last;
	size_t sign = 0;

	if (text.len == 0 || strchr("#;", text.at[0]) != NULL)
		return 0;
	if (r->continues && text.at != line.at) {
		last = &r->ini->options[r->ini->count - 1];
		last->value = arena_printf(r->mem, "%s%s%.*s", last->value,
		                           last->value[0] != '\0' ? " " : "",
		                           (int)text.len, text.at);
		return 0;
	}
	if (text.at[0] == '[')
		return begin_section(r, text, err);
	while (sign < text.len && strchr("=:", text.at[sign]) == NULL)
		sign++;
	if (sign == text.len)
		return fail(r, err, "neither a [section] nor 'name = value'");
	name.len = sign;
	span_drop(&text, sign + 1);
	return add_option(r, span_trim(name), span_trim(text), err);
}

/* "%%" becomes "%"; what else begins with it is named. */
static void resolve_percent(struct arena *mem, struct tlsrpt_option *option)
{
	char *to = arena_strdup(mem, option->value);
	const char *from = option->value;

	option->value = to;
	while (*from != '\0') {
		if (from[0] == '%' && from[1] == '%')
			from++;
		else if (from[0] == '%')
			option->is_interpolated = true;
		*to++ = *from++;
	}
	*to = '\0';
}

int tlsrpt_ini_read(const char *file, const char *text, size_t len,
                    struct arena *mem, struct tlsrpt_ini *ini, struct err *err)
{
	struct reading r = {.file = file, .mem = mem, .ini = ini};
	struct span rest, line;
	char *copy;
	bool more;

	*ini = (struct tlsrpt_ini){
		arena_array(mem, TLSRPT_OPTIONS_MAX, sizeof(*ini->options)), 0,
		0};
	if (tlsrpt_ini_check_text(file, text, len, err) < 0)
		return err->class;
	copy = arena_strndup(mem, text, len);
	for (size_t i = 0; i < len; i++)
		if (strchr("\t\v\f\r", copy[i]) != NULL)
			copy[i] = ' ';
	rest = (struct span){copy, len};
	if (span_starts(rest, "\xef\xbb\xbf"))
		span_drop(&rest, 3);
	do {
		more = span_split(&rest, '\n', &line);
		r.line++;
		if (take_line(&r, line, err) < 0)
			return err->class;
	} while (more);
	for (size_t i = 0; i < ini->count; i++)
		resolve_percent(mem, &ini->options[i]);
	return 0;
}
