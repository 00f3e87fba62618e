/*
 * sealed_code - the members of a sealed day's lines, for its writer and reader
 */
#ifndef TLSTALLY_SEALED_SEALED_CODE_H
#define TLSTALLY_SEALED_SEALED_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "sealed/sealed_day.h"

enum { SEALED_HASH_TEXT = 2 * SEALED_HASH + 1, SEALED_ID_TEXT = 17 };

/* Members of the end that are numbers. */
struct sealed_total {
	const char *name;
	size_t offset; /* in struct sealed_totals */
};

enum { SEALED_TOTALS = 7 };

extern const struct sealed_total sealed_total_rows[SEALED_TOTALS];

uint64_t *sealed_total_at(struct sealed_totals *totals,
                          const struct sealed_total *row);

/* Hex digits, lower case. */
const char *sealed_hex(const uint8_t *bytes, size_t len, char *out);

/* SHA-256 of bytes that come piece by piece. */
struct sealed_digest;

struct sealed_digest *sealed_digest_new(void);
void sealed_digest_free(struct sealed_digest **digest);
void sealed_digest_add(struct sealed_digest *digest, const void *data,
                       size_t len);
/* Of all that was added; nothing may be added after it. */
void sealed_digest_end(struct sealed_digest *digest, uint8_t out[SEALED_HASH]);

#endif
