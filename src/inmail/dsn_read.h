/*
 * dsn_read - what the files that read a bounce share (inmail/dsn.h is for
 * others)
 *
 *     dsn.c            MIME: which part is read
 *     dsn_status.c     message/delivery-status
 *     dsn_text.c       bounces in plain text
 *     dsn_recipient.c  what both found of one recipient
 */
#ifndef TLSTALLY_INMAIL_DSN_READ_H
#define TLSTALLY_INMAIL_DSN_READ_H

#include "base/span.h"
#include "inmail/dsn.h"

/* Each adds the recipients that it finds; none is no failure. */

/* The decoded text of a delivery status. */
void dsn_read_status(struct span text, struct dsn *dsn);

/* `failed` is X-Failed-Recipients, NULL: the message has none. */
void dsn_read_text(struct span text, const char *failed, struct dsn *dsn);

/* "rfc822; <tls@example.com>" or the address alone into recipient->address.  An
 * address that was cut or cleaned would be somebody else's: what does not fit
 * or cannot be printed is left out. */
void dsn_set_address(struct dsn_recipient *recipient, struct span value);

/* Status and what it means by what was said, of which a line is kept; `beside`
 * as refusal_read() has it. */
void dsn_set_refusal(struct dsn_recipient *recipient, struct span said,
                     const int beside[3]);

/* Keeps it when it is about somebody and there is room. */
void dsn_add(struct dsn *dsn, const struct dsn_recipient *recipient);

#endif
