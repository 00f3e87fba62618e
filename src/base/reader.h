/*
 * reader - read foreign or stored bytes without ever passing their end
 *
 * The first read past the end sets `failed`; from then on every read gives 0,
 * NULL or nothing, so a decoder reads to its end and asks once.
 */
#ifndef TLSTALLY_BASE_READER_H
#define TLSTALLY_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

void reader_init(struct reader *reader, const void *data, size_t len);
size_t reader_left(const struct reader *reader);
/* All was read, and not more. */
bool reader_is_done(const struct reader *reader);

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
/* What strbuf_varint wrote; one that is longer than it needs to be, or than
 * 64 bits, fails the reader. */
uint64_t reader_varint(struct reader *reader);

/* Lends len bytes of the input; NULL past the end. */
const void *reader_bytes(struct reader *reader, size_t len);

/* What strbuf_blob32 wrote: lends the bytes. */
const void *reader_blob32(struct reader *reader, size_t *len);

/* What strbuf_str wrote, copied into the arena with a NUL; NULL for NULL. */
char *reader_str(struct reader *reader, struct arena *arena);

/* The same into a buffer of that room, with a NUL: a text that does not fit
 * fails the reader.  Only what is used is written. */
void reader_text(struct reader *reader, char *out, size_t room);

/* All that is left, in the same way. */
void reader_rest(struct reader *reader, char *out, size_t room);

/* Lends a text that ends in a NUL; NULL when there is none. */
const char *reader_to_nul(struct reader *reader);

#endif
