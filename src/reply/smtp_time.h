/*
 * smtp_time - how long a mail server may take to answer (RFC 5321 section
 * 4.5.3.2)
 *
 *     greeting, EHLO, MAIL, RCPT   5 minutes each
 *     DATA                         2 minutes
 *     each piece of the text       3 minutes
 *     the final dot               10 minutes: it may be scanning the message
 *
 * `dot_secs` is the last of these, [deliver] mail_timeout; where it is shorter
 * than the others, they are no longer.
 *
 * A server that takes each of them nearly to its end is cut off by the time
 * for the whole: half an hour a message, a quarter of an hour until it is ready
 * for one.
 */
#ifndef TLSTALLY_REPLY_SMTP_TIME_H
#define TLSTALLY_REPLY_SMTP_TIME_H

#include <stdint.h>

enum smtp_step {
	SMTP_STEP_CONNECT, /* TCP: 30 seconds, as Postfix has it */
	SMTP_STEP_GREETING,
	SMTP_STEP_MAIL,
	SMTP_STEP_RCPT,
	SMTP_STEP_DATA,
	SMTP_STEP_TEXT, /* a piece of it is taken */
	SMTP_STEP_DOT,
	SMTP_STEPS
};

int64_t smtp_time_step_secs(enum smtp_step step, int64_t dot_secs);

/* From the connect to the end of AUTH; from MAIL to the reply to the dot. */
int64_t smtp_time_opening_secs(int64_t dot_secs);
int64_t smtp_time_message_secs(int64_t dot_secs);

#endif
