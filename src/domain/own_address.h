/*
 * own_address - the envelope senders of our reports, and their tokens
 *
 * "tls-reports@example.com", or with `verp = yes` a sender of its own for
 * each delivery: "tls-reports+0123456789abcdef0123456789abcdef@example.com".
 * The token has 96 random bits: nobody can guess another delivery's.
 */
#ifndef TLSTALLY_DOMAIN_OWN_ADDRESS_H
#define TLSTALLY_DOMAIN_OWN_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum { OWN_TOKEN_TEXT = 33 };

/*
 * Is the address (pointer, length; with or without <>) the sender's, plain or
 * with a token?  Domains compare without regard to case, and so does the local
 * part: some hosts on a bounce's way change it.  The token, in lower case, or
 * "" for the plain sender.  Without a sender nothing is.
 */
bool own_address_is(const char *sender, const char *address, size_t len,
                    char token[OWN_TOKEN_TEXT]);

#endif
