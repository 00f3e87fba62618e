#include "report/mail_header.h"

#include <stdarg.h>
#include <string.h>

#include "base/auto.h"

enum { LINE_MAX_BYTES = 77 };

struct mail_header mail_header_begin(const char *name, struct strbuf *out)
{
	strbuf_printf(out, "%s:", name);
	return (struct mail_header){.out = out, .column = strlen(name) + 1};
}

void mail_header_word(struct mail_header *header, const char *word)
{
	size_t len = strlen(word);

	if (header->column + 1 + len > LINE_MAX_BYTES) {
		strbuf_puts(header->out, "\r\n");
		header->column = 0;
	}
	strbuf_printf(header->out, " %s", word);
	header->column += 1 + len;
}

void mail_header_wordf(struct mail_header *header, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf word = {0};
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&word, fmt, ap);
	va_end(ap);
	mail_header_word(header, strbuf_text(&word));
}

void mail_header_end(struct mail_header *header)
{
	strbuf_puts(header->out, "\r\n");
}
