/*
 * The left end of a line in a file: time stamp, host, program, pid, in the
 * forms that syslog daemons and container runtimes give it.
 */
#include "base/ascii.h"
#include "maillog/maillog_read.h"

#include <string.h>
#include <strings.h>

static void skip_blanks(struct span *text)
{
	while (text->len > 0 && text->at[0] == ' ') {
		text->at++;
		text->len--;
	}
}

/* Up to the next blank, or all of the rest; both moved past. */
static bool next_word(struct span *rest, struct span *word)
{
	skip_blanks(rest);
	span_split(rest, ' ', word);
	return word->len > 0;
}

/* "postfix/smtp[4711]:" or "kernel:"; "2001:db8::" is a host. */
static bool read_tag(struct span word, struct log_line *line)
{
	struct span rest;

	if (word.len < 2 || word.at[word.len - 1] != ':' ||
	    word.at[word.len - 2] == ':')
		return false;
	word.len--;
	rest = word;
	line->pid = 0;
	if (!span_until(&rest, '[', &line->program))
		line->program = word;
	else if (!span_number(&rest, 18, &line->pid) || rest.len != 1 ||
	         rest.at[0] != ']')
		return false;
	return line->program.len > 0;
}

static bool is_among(struct span word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == word.len &&
		    strncasecmp(words[i], word.at, word.len) == 0)
			return true;
	return false;
}

#define IS_AMONG(word, words)                                                  \
	is_among(word, words, sizeof(words) / sizeof((words)[0]))

/* "INFO"; "mail.info" of BusyBox, "mail:info" of AIX, "<mail.info>" of
 * FreeBSD. */
static bool is_priority(struct span word)
{
	static const char *const severities[] = {
		"emerg", "panic",   "alert", "crit",   "err",  "error",
		"warn",  "warning", "info",  "notice", "debug"};
	static const char *const facilities[] = {
		"kern",     "user",   "mail",   "daemon", "auth",
		"syslog",   "lpr",    "news",   "uucp",   "cron",
		"authpriv", "ftp",    "local0", "local1", "local2",
		"local3",   "local4", "local5", "local6", "local7"};
	struct span facility;

	if (span_skip(&word, "<") && word.len > 0)
		word.len--;
	if ((span_until(&word, '.', &facility) ||
	     span_until(&word, ':', &facility)) &&
	    !IS_AMONG(facility, facilities))
		return false;
	return IS_AMONG(word, severities);
}

/* "HOST PROGRAM[PID]: MESSAGE"; there may be no host, and a priority before it
 * or behind.  No other words stand before the program: what does may be
 * somebody's text. */
static bool split_words(struct span rest, struct log_line *line)
{
	struct span first = {0}, second = {0}, word, id;

	if (!next_word(&rest, &word))
		return false;
	if (!read_tag(word, line)) {
		first = word;
		if (!next_word(&rest, &word))
			return false;
		if (!read_tag(word, line)) {
			second = word;
			if (!next_word(&rest, &word) || !read_tag(word, line) ||
			    (!is_priority(first) && !is_priority(second)))
				return false;
		}
	}
	line->host = second.len > 0 && is_priority(first) ? second : first;
	skip_blanks(&rest);
	line->message = rest;
	/* Solaris and its heirs: "[ID 197553 mail.info] " */
	if (span_skip(&rest, "[ID ") && span_until(&rest, ']', &id) &&
	    span_skip(&rest, " "))
		line->message = rest;
	return true;
}

/* RFC 5424 section 6.3: "-", or "[id name="value"]"s, in which a backslash
 * stands before quotes, brackets and backslashes. */
static bool skip_structured_data(struct span *text)
{
	if (span_skip(text, "-"))
		return text->len == 0 || text->at[0] == ' ';
	if (text->len == 0 || text->at[0] != '[')
		return false;
	while (text->len > 0 && text->at[0] == '[') {
		bool quoted = false;
		size_t i = 1;

		while (i < text->len && (quoted || text->at[i] != ']')) {
			if (quoted && text->at[i] == '\\')
				i++;
			else if (text->at[i] == '"')
				quoted = !quoted;
			i++;
		}
		if (i >= text->len)
			return false;
		span_drop(text, i + 1);
	}
	return text->len == 0 || text->at[0] == ' ';
}

/* RFC 5424 section 6: "2026-11-23T12:33:14Z HOST PROGRAM PID MSGID DATA
 * MESSAGE"; what is "-" is not known. */
static bool split_rfc5424(struct span rest, struct log_clock *clock,
                          struct log_line *line)
{
	struct span pid, id;

	line->time = clock->now;
	if ((!span_skip(&rest, "- ") &&
	     !maillog_stamp(&rest, clock, &line->time)) ||
	    !span_until(&rest, ' ', &line->host) ||
	    !span_until(&rest, ' ', &line->program) ||
	    !span_until(&rest, ' ', &pid) || !span_until(&rest, ' ', &id) ||
	    !skip_structured_data(&rest) || line->program.len == 0)
		return false;
	if (!span_number(&pid, 18, &line->pid) || pid.len > 0)
		line->pid = 0;
	skip_blanks(&rest);
	span_skip(&rest, "\xef\xbb\xbf");
	skip_blanks(&rest);
	line->message = rest;
	return true;
}

/* "<22>": facility times 8 and severity. */
static bool skip_pri(struct span *text)
{
	struct span rest = *text;
	int64_t number;

	if (!span_skip(&rest, "<") || !span_number(&rest, 3, &number) ||
	    !span_skip(&rest, ">"))
		return false;
	*text = rest;
	return true;
}

/* The runtime of a container puts its own stamp before the line's, and, in a
 * file, "stdout F ".  Its own has a zone, and the other may have the
 * container's. */
static void skip_second_stamp(struct span *text)
{
	struct log_clock clock = {0};
	struct span rest = *text;
	int64_t time;

	if (!span_skip(&rest, "stdout F "))
		span_skip(&rest, "stderr F ");
	if (maillog_has_stamp(rest) && maillog_stamp(&rest, &clock, &time))
		*text = rest;
}

static bool split(struct span rest, struct log_clock *clock,
                  struct log_line *line)
{
	char first = rest.len > 0 ? rest.at[0] : '\0';

	if (first == '<' && skip_pri(&rest) && rest.len > 0)
		first = rest.at[0];
	if (first == '1' && span_skip(&rest, "1 "))
		return split_rfc5424(rest, clock, line);
	if (!maillog_stamp(&rest, clock, &line->time))
		return false;
	if (ascii_is_digit(first))
		skip_second_stamp(&rest);
	return split_words(rest, line);
}

/* "postfix-1  | ": of docker compose. */
static bool skip_container(struct span *text)
{
	struct span rest = *text;
	size_t n = 0;

	while (n < rest.len && rest.at[n] != ' ' && rest.at[n] != '|')
		n++;
	if (n == 0)
		return false;
	span_drop(&rest, n);
	skip_blanks(&rest);
	if (!span_skip(&rest, "| "))
		return false;
	*text = rest;
	return true;
}

/* What others write between the lines: journalctl, tail, syslog daemons. */
static bool says_nothing(struct span text)
{
	struct span unused, rest = text;

	skip_blanks(&rest);
	return rest.len == 0 || span_starts(text, "-- ") ||
	       span_starts(text, "==> ") ||
	       span_until_text(&rest, "last message repeated ", &unused) ||
	       span_until_text(&rest, "-- MARK --", &unused);
}

bool maillog_line_split(const char *text, size_t len, struct log_clock *clock,
                        struct log_line *line)
{
	struct span rest = {text, len};

	while (rest.len > 0 &&
	       (rest.at[rest.len - 1] == '\n' || rest.at[rest.len - 1] == '\r'))
		rest.len--;
	line->kind = LOG_LINE_READ;
	if (split(rest, clock, line) ||
	    (skip_container(&rest) && split(rest, clock, line)))
		return true;
	line->kind = says_nothing(rest) ? LOG_LINE_NOTHING : LOG_LINE_UNREAD;
	line->message = rest;
	return false;
}
