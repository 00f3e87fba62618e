/*
 * tlsa - TLSA records as SMTP uses them (RFC 6698, RFC 7672)
 *
 *     tlsa_text(arena, "\3\1\1...", 35)    "3 1 1 05BC104645A35C..."
 */
#ifndef TLSTALLY_DOMAIN_TLSA_H
#define TLSTALLY_DOMAIN_TLSA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* RDATA to "3 1 1 HEX" (upper case, single spaces, RFC 8460 section 4.5); NULL
 * for RDATA that is too short or whose digest has the wrong length for its
 * matching type. */
char *tlsa_text(struct arena *arena, const unsigned char *rdata, size_t len);

/* RFC 7672 section 3.1: usages 2 and 3, selectors 0 and 1, matching types 0,
 * 1 and 2 can be used; PKIX-TA(0) and PKIX-EE(1) cannot.  A whole certificate
 * or key (matching type 0) is not looked into. */
bool tlsa_is_usable(const unsigned char *rdata, size_t len);

/* The same of its text. */
bool tlsa_text_is_usable(const char *text);

#endif
