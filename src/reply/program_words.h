/*
 * program_words - what a program wrote to its standard error, on one line
 *
 *     msmtp: recipient address x@example.com not accepted by the server
 *     msmtp: server message: 550 5.1.1 who?
 *
 * are "msmtp: recipient address x@example.com not accepted by the server;
 * server message: 550 5.1.1 who?".
 */
#ifndef TLSTALLY_REPLY_PROGRAM_WORDS_H
#define TLSTALLY_REPLY_PROGRAM_WORDS_H

#include <stddef.h>

#include "base/span.h"

/* Printable (utf8_show()).  Where it does not fit, it is cut in the middle:
 * what went wrong stands first, and what it was in the end stands last. */
void program_words(struct span text, char *out, size_t room);

#endif
