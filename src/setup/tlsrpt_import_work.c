#include "setup/tlsrpt_import_work.h"

#include <stdarg.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "conf/value.h"

void tlsrpt_import_remark(struct tlsrpt_run *run, const char *file,
                          unsigned line, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	va_list ap;
	struct err words;

	va_start(ap, fmt);
	err_vset(&words, ERR_PARSE, fmt, ap);
	va_end(ap);
	strbuf_printf(&text, "%s:%u: %s", file, line, words.text);
	value_list_add(run->remarks, xstrdup(strbuf_text(&text)));
}

bool tlsrpt_import_take(struct tlsrpt_run *run, const struct tlsrpt_line *line,
                        const char *section, const char *name)
{
	const struct setting *row = settings_find(section, name);
	struct err err = {0};

	if (row == NULL || value_read(row, line->value, &run->conf, &err) < 0) {
		tlsrpt_import_remark(
			run, line->file, line->number, "%s%sleft out: %s",
			line->name != NULL ? line->name : "",
			line->name != NULL ? ": " : "",
			row == NULL ? "tlstally has no such setting"
				    : err.text);
		return false;
	}
	if (run->count == run->room) {
		run->room = run->room * 2 + 64;
		run->lines = xrealloc(run->lines, run->room, sizeof(*line));
	}
	run->lines[run->count] = *line;
	run->lines[run->count++].row = row;
	return true;
}
