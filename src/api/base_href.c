#include "api/base_href.h"

#include <strings.h>

/* The offset of "<name" that a space, "/" or ">" follows; len: none. */
static size_t find_tag(const char *html, size_t len, const char *name,
                       size_t name_len)
{
	for (size_t at = 0; at + name_len + 1 < len; at++) {
		char after = html[at + 1 + name_len];

		if (html[at] == '<' &&
		    strncasecmp(html + at + 1, name, name_len) == 0 &&
		    (after == '>' || after == '/' || after == ' ' ||
		     after == '\t' || after == '\r' || after == '\n'))
			return at;
	}
	return len;
}

/* Behind its ">"; len: it has none. */
static size_t end_of_tag(const char *html, size_t len, size_t at)
{
	char quote = '\0';

	for (; at < len; at++) {
		if (quote != '\0')
			quote = html[at] == quote ? '\0' : quote;
		else if (html[at] == '"' || html[at] == '\'')
			quote = html[at];
		else if (html[at] == '>')
			return at + 1;
	}
	return len;
}

void base_href_write(const char *html, size_t len, const char *href,
                     struct strbuf *out)
{
	size_t from = find_tag(html, len, "base", 4), to;

	if (from < len) {
		to = end_of_tag(html, len, from);
	} else {
		from = find_tag(html, len, "head", 4);
		from = from < len ? end_of_tag(html, len, from) : len;
		to = from;
	}
	strbuf_add(out, html, from);
	if (from < len)
		strbuf_printf(out, "<base href=\"%s\">", href);
	strbuf_add(out, html + to, len - to);
}
