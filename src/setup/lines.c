#include "setup/lines.h"

#include <string.h>

#include "base/auto.h"
#include "base/span.h"

static const char blanks[] = " \t\r\n";

/* The next line, with its newline; empty at the end of the file. */
static struct span next_line(struct span *rest)
{
	const char *newline =
		rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
	struct span line = {rest->at, newline != NULL
	                                      ? (size_t)(newline + 1 - rest->at)
	                                      : rest->len};

	span_drop(rest, line.len);
	return line;
}

/* Its next word; empty: there is none. */
static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len > 0 && strchr(blanks, rest->at[0]) != NULL)
		span_drop(rest, 1);
	word = (struct span){rest->at, 0};
	while (word.len < rest->len &&
	       strchr(blanks, rest->at[word.len]) == NULL)
		word.len++;
	span_drop(rest, word.len);
	return word;
}

static bool is_same(struct span one, struct span other)
{
	return one.len == other.len && memcmp(one.at, other.at, one.len) == 0;
}

/* An empty line or a comment, which may stand anywhere. */
static bool is_remark(struct span line)
{
	struct span word = next_word(&line);

	return word.len == 0 || word.at[0] == '#';
}

static bool goes_on(struct span line)
{
	return !is_remark(line) && strchr(blanks, line.at[0]) != NULL;
}

/* "smtpd_milters =", or "tlsreport unix" of tlsreport/unix */
static bool begins(struct span line, enum thing_kind kind, const char *name)
{
	struct span of = span_of(name), word;

	if (kind == THING_SETTING) {
		if (!span_skip(&line, name))
			return false;
		word = next_word(&line);
		return word.len > 0 && word.at[0] == '=';
	}
	return span_until(&of, '/', &word) && is_same(next_word(&line), word) &&
	       is_same(next_word(&line), of);
}

/* From its first line to its last, the n-th that there is, from 0. */
static bool find(enum thing_kind kind, const char *name,
                 const struct strbuf *file, size_t n, struct span *found)
{
	struct span rest = {file->data, file->len}, line;

	while ((line = next_line(&rest)).len > 0) {
		if (!begins(line, kind, name) || n-- > 0)
			continue;
		*found = line;
		while ((line = next_line(&rest)).len > 0 &&
		       (is_remark(line) || goes_on(line)))
			if (goes_on(line))
				found->len = (size_t)(line.at + line.len -
				                      found->at);
		return true;
	}
	return false;
}

/* What it says, with single spaces and without remarks. */
static void say(enum thing_kind kind, struct span lines, struct strbuf *out)
{
	struct span line, word;

	if (kind == THING_SETTING)
		span_until(&lines, '=', &line);
	while ((line = next_line(&lines)).len > 0)
		while (!is_remark(line) && (word = next_word(&line)).len > 0) {
			strbuf_add(out, word.at, word.len);
			strbuf_putc(out, ' ');
		}
}

static bool say_the_same(enum thing_kind kind, struct span one,
                         struct span other)
{
	auto_(strbuf_clear) struct strbuf a = {0}, b = {0};

	say(kind, one, &a);
	say(kind, other, &b);
	return strcmp(strbuf_text(&a), strbuf_text(&b)) == 0;
}

static size_t count(enum thing_kind kind, const char *name,
                    const struct strbuf *file)
{
	struct span ignored;
	size_t n = 0;

	while (find(kind, name, file, n, &ignored))
		n++;
	return n;
}

/* Remarks between the lines: postconf(1) has left them behind the one that it
 * wrote.  True when they stand there, and how long they are. */
static bool remarks_follow(struct span was, struct span behind, size_t *len)
{
	struct span line;

	*len = 0;
	while ((line = next_line(&was)).len > 0) {
		if (!is_remark(line))
			continue;
		if (!is_same(next_line(&behind), line))
			return false;
		*len += line.len;
	}
	return true;
}

static void add_lines(struct span lines, bool with_remarks, bool is_last,
                      struct strbuf *out)
{
	struct span line;

	while ((line = next_line(&lines)).len > 0)
		if (with_remarks || !is_remark(line))
			strbuf_add(out, line.at, line.len);
	if (!is_last && out->len > 0 && out->data[out->len - 1] != '\n')
		strbuf_putc(out, '\n');
}

bool lines_give_back(enum thing_kind kind, const char *name,
                     const struct strbuf *is, const struct strbuf *was,
                     struct strbuf *out)
{
	size_t n = count(kind, name, is), begin = out->len;
	struct span rest = {is->data, is->len}, there, before;

	/* of several the last counts */
	if (n == 0 || n != count(kind, name, was) ||
	    !find(kind, name, is, n - 1, &there) ||
	    !find(kind, name, was, n - 1, &before) ||
	    !say_the_same(kind, there, before))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t remarks;
		bool follow;

		find(kind, name, is, i, &there);
		find(kind, name, was, i, &before);
		strbuf_add(out, rest.at, (size_t)(there.at - rest.at));
		span_drop(&rest, (size_t)(there.at + there.len - rest.at));
		follow = remarks_follow(before, rest, &remarks);
		if (follow)
			span_drop(&rest, remarks);
		add_lines(before, follow, rest.len == 0, out);
	}
	strbuf_add(out, rest.at, rest.len);
	return out->len - begin != is->len ||
	       memcmp(out->data + begin, is->data, is->len) != 0;
}
