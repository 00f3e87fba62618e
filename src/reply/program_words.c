#include "reply/program_words.h"

#include <string.h>

#include "base/auto.h"
#include "base/strbuf.h"
#include "base/utf8.h"

enum { LINE_ROOM = 512 };

static const char gap[] = " ... ";

/* "msmtp: ", with which each line of a program begins. */
static struct span name_of(struct span line)
{
	size_t len = 0;

	while (len < line.len && line.at[len] != ' ' && line.at[len] != ':')
		len++;
	if (len == 0 || len + 1 >= line.len || line.at[len] != ':' ||
	    line.at[len + 1] != ' ')
		return (struct span){line.at, 0};
	return (struct span){line.at, len + 2};
}

static void add_line(struct strbuf *words, struct span line, struct span *name)
{
	char shown[LINE_ROOM];

	if (words->len == 0) {
		*name = name_of(line);
	} else {
		strbuf_puts(words, "; ");
		if (name->len > 0 && line.len > name->len &&
		    memcmp(line.at, name->at, name->len) == 0)
			span_drop(&line, name->len);
	}
	strbuf_puts(words, utf8_show(shown, sizeof(shown), line.at, line.len));
}

static void cut_middle(const char *text, size_t len, char *out, size_t room)
{
	size_t tail = (room - sizeof(gap)) / 2;
	size_t used;

	utf8_show(out, room - tail - strlen(gap), text, len);
	used = strlen(out);
	memcpy(out + used, gap, sizeof(gap));
	used += strlen(gap);
	text += len - tail;
	while (tail > 0 && (*text & 0xc0) == 0x80) { /* within a character */
		text++;
		tail--;
	}
	utf8_show(out + used, room - used, text, tail);
}

void program_words(struct span text, char *out, size_t room)
{
	auto_(strbuf_clear) struct strbuf words = {0};
	struct span line, name = {text.at, 0};
	bool more;

	do {
		more = span_split(&text, '\n', &line);
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		line = span_trim(line);
		if (line.len > 0)
			add_line(&words, line, &name);
	} while (more);
	if (words.len < room)
		utf8_show(out, room, strbuf_text(&words), words.len);
	else
		cut_middle(strbuf_text(&words), words.len, out, room);
}
