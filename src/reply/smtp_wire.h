/*
 * smtp_wire - replies as they come, message text as it goes (RFC 5321)
 *
 *     "550-5.1.1 <x@example.com>: not here\r\n550 5.1.1 sorry\r\n"
 *
 * A reply is foreign bytes: several lines, an enhanced status code (RFC 3463)
 * or none.  Nothing here reads or writes a socket.
 */
#ifndef TLSTALLY_REPLY_SMTP_WIRE_H
#define TLSTALLY_REPLY_SMTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "reply/refusal.h"

enum {
	SMTP_LINE_MAX = 2048, /* RFC 5321 says 512; be generous, not endless */
	SMTP_REPLY_MAX = 8192,
};

struct smtp_reply {
	int code;         /* 200 to 599 */
	bool is_enhanced; /* an enhanced code of its class stood in it */
	int subject;      /* 1 of "5.1.2" */
	int detail;       /* 2 */
	enum refusal_kind refusal; /* of 500 to 599: what it means for RCPT */
	char text[240];            /* code and all lines on one (utf8_show()) */
};

/*
 * Reads one whole reply from the beginning of the bytes.  1: it is in *reply
 * and took *used bytes; 0: more bytes are needed; ERR_PARSE: this is no SMTP
 * reply; ERR_LIMIT: it does not end.
 */
int smtp_wire_read_reply(const char *data, size_t len, struct smtp_reply *reply,
                         size_t *used, struct err *err);

/*
 * Appends a message as it goes over the wire after DATA: a dot more before
 * every line that begins with one, a line end where the last line lacks it,
 * and the final ".\r\n" (RFC 5321 section 4.5.2).  Lines end in CRLF; should
 * one end in LF alone, a dot after it gets its second one too, for a server
 * that took it for a line end would else see the end of the message there.
 */
void smtp_wire_put_message(struct strbuf *out, const char *body, size_t len);

#endif
