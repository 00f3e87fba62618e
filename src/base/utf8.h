/*
 * utf8 - foreign text made safe to keep, to print and to send
 */
#ifndef TLSTALLY_BASE_UTF8_H
#define TLSTALLY_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Is it valid UTF-8 (RFC 3629: no surrogates, nothing overlong)? */
bool utf8_valid(const void *text, size_t len);
bool utf8_is_ascii(const char *text, size_t len);

/* The character at *at, which moves on behind it; a byte that is no part of a
 * valid sequence is U+FFFD.  Not for the end of the text. */
uint32_t utf8_next(const char **at);

/* A copy with U+FFFD in the place of each byte that is no part of a valid
 * sequence: a bad byte costs that byte.  *out_len is its length. */
char *utf8_repair(struct arena *arena, const void *text, size_t len,
                  size_t *out_len);

/* A copy of valid UTF-8 without control characters (U+0000 to U+001F, U+007F
 * to U+009F, the line and paragraph separators), cut at a character's end to
 * at most max bytes.  NULL when nothing is left. */
char *utf8_clean(struct arena *arena, const char *text, size_t len, size_t max);

/*
 * Foreign text for people to read on one line: valid UTF-8 as it is, and each
 * byte of anything else as \xNN.  Anything else is what is no UTF-8, control
 * characters, and characters that nobody sees or that turn the direction of
 * the text around them.  Cut at a character's end when it does not fit; always
 * terminated.  Returns out.
 */
const char *utf8_show(char *out, size_t room, const void *text, size_t len);

#endif
