#include "reply/smtp_wire.h"

#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/utf8.h"

/* The code of a line "250-text" or "250 text" or "250"; 0: it is none. */
static int line_code(const char *line, size_t len, bool *is_last)
{
	if (len < 3 || line[0] < '2' || line[0] > '5' ||
	    !ascii_is_digit(line[1]) || !ascii_is_digit(line[2]) ||
	    (len > 3 && line[3] != ' ' && line[3] != '-'))
		return 0;
	*is_last = len == 3 || line[3] == ' ';
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* All of its lines. */
static void read_refusal(struct smtp_reply *reply, struct span lines)
{
	struct refusal refusal;

	if (reply->code < 400)
		return;
	refusal_read(lines, NULL, &refusal);
	reply->refusal = reply->code < 500 ? REFUSAL_OTHER : refusal.kind;
	/* a class that contradicts the code is no enhanced code */
	if (refusal.status[0] != reply->code / 100 ||
	    (refusal.status[1] == 0 && refusal.status[2] == 0))
		return;
	reply->is_enhanced = true;
	reply->subject = refusal.status[1];
	reply->detail = refusal.status[2];
}

/* One line of the reply without its line end. */
static int take_line(struct smtp_reply *reply, const char *line, size_t len,
                     bool *is_last, struct err *err)
{
	int code = line_code(line, len, is_last);
	char shown[80];
	size_t had;

	if (code == 0 || (reply->code != 0 && code != reply->code))
		return err_set(err, ERR_PARSE, "not an SMTP reply: '%s'",
		               utf8_show(shown, sizeof(shown), line, len));
	if (reply->code == 0) {
		reply->code = code;
		snprintf(reply->text, sizeof(reply->text), "%d", code);
	}
	had = strlen(reply->text);
	if (len > 4 && had + 2 < sizeof(reply->text)) {
		reply->text[had] = ' ';
		utf8_show(reply->text + had + 1, sizeof(reply->text) - had - 1,
		          line + 4, len - 4);
	}
	return 0;
}

int smtp_wire_read_reply(const char *data, size_t len, struct smtp_reply *reply,
                         size_t *used, struct err *err)
{
	size_t at = 0;
	bool is_last = false;

	memset(reply, 0, sizeof(*reply));
	while (!is_last) {
		const char *line = data + at;
		const char *lf =
			len == at ? NULL : memchr(line, '\n', len - at);
		size_t line_len;
		int rc;

		if (lf == NULL && len - at <= SMTP_LINE_MAX &&
		    len <= SMTP_REPLY_MAX)
			return 0;
		if (lf == NULL || lf - line > SMTP_LINE_MAX ||
		    (size_t)(lf - data) > SMTP_REPLY_MAX)
			return err_set(err, ERR_LIMIT,
			               "an SMTP reply with too many lines");
		line_len = (size_t)(lf - line);
		at += line_len + 1;
		if (line_len > 0 && line[line_len - 1] == '\r')
			line_len--;
		rc = take_line(reply, line, line_len, &is_last, err);
		if (rc < 0)
			return rc;
	}
	read_refusal(reply, (struct span){data, at});
	*used = at;
	return 1;
}

void smtp_wire_put_message(struct strbuf *out, const char *body, size_t len)
{
	const char *end = body + len;

	for (const char *line = body; line < end;) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		const char *next = lf != NULL ? lf + 1 : end;

		if (*line == '.')
			strbuf_putc(out, '.');
		strbuf_add(out, line, (size_t)(next - line));
		line = next;
	}
	if (len < 2 || memcmp(end - 2, "\r\n", 2) != 0)
		strbuf_puts(out, "\r\n");
	strbuf_puts(out, ".\r\n");
}
