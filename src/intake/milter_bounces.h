/*
 * milter_bounces - messages that wait to be read
 *
 * Those to our tokens, which may be bounces, and those to [received] addresses
 * (intake/milter_inbox.h).  First in, first out, within a bound of bytes and of
 * number.  No lock of its own.
 */
#ifndef TLSTALLY_INTAKE_MILTER_BOUNCES_H
#define TLSTALLY_INTAKE_MILTER_BOUNCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "domain/own_address.h"

enum {
	MILTER_BOUNCES_BYTES = 8 * 1024 * 1024,
	MILTER_BOUNCES_MAX = 1024,
};

struct milter_bounce {
	struct milter_bounce *next;
	char token[OWN_TOKEN_TEXT]; /* "": to none */
	struct strbuf text;
};

struct milter_bounces {
	struct milter_bounce *first, **last;
	size_t bytes, count;
	size_t bytes_max, max;
	uint64_t dropped; /* since somebody told of it */
};

void milter_bounces_init(struct milter_bounces *queue, size_t bytes_max,
                         size_t max);
void milter_bounces_clear(struct milter_bounces *queue);

/* Takes the text, and leaves the buffer empty; without room it is dropped. */
void milter_bounces_add(struct milter_bounces *queue, const char *token,
                        struct strbuf *text);

/* The oldest, the caller's; NULL. */
struct milter_bounce *milter_bounces_take(struct milter_bounces *queue);
/* Back to the front: it shall be tried again. */
void milter_bounces_put_back(struct milter_bounces *queue,
                             struct milter_bounce *bounce);
void milter_bounce_free(struct milter_bounce **bounce);

#endif
