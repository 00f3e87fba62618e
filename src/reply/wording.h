/*
 * wording - what two answers have in common when they say the same
 *
 *     450 4.7.1 <tls@a.example>: try again in 30 seconds
 *     450 4.7.1 <tls@b.example>: try again in 12 seconds
 *
 * Words that vary with the recipient or with the moment (addresses, host
 * names, numbers) are left out; codes stay.
 */
#ifndef TLSTALLY_REPLY_WORDING_H
#define TLSTALLY_REPLY_WORDING_H

#include <stdint.h>

/* Texts with the same value are alike.  Whoever chooses both can make two
 * others meet, too, so it decides nothing by itself. */
uint64_t wording_hash(uint64_t seed, const char *text);

#endif
