/*
 * answer_text - answers, small enough to keep a hundred thousand of them
 *
 * An answer says a policy three times, each time in other words:
 *
 *     match=mx.d.test mx_host_pattern=mx.d.test { policy_string = mx: mx.d.test
 * }
 *
 * Here what was said before becomes three bytes: a number below 0x20, which no
 * answer holds (domain/policy_text.h), and how far back it stands.  All answers
 * have the words of Postfix before them.  A policy of 400 bytes stays as long
 * as it was, instead of three times that.
 */
#ifndef TLSTALLY_POLICYD_ANSWER_TEXT_H
#define TLSTALLY_POLICYD_ANSWER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

/* Appends the packed form of a text without control characters. */
void answer_text_pack(const char *text, size_t len, struct strbuf *out);

/* Appends the text, `len` bytes of it, or all when there are no more.  False:
 * that is not what answer_text_pack() wrote. */
bool answer_text_unpack(const char *packed, size_t packed_len, size_t len,
                        struct strbuf *out);

#endif
