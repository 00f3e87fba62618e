/*
 * strbuf - text or bytes that grow up to a cap
 *
 * Appending past the cap, or a %-conversion that fails, sets `failed`; what
 * was there stays, further appends do nothing, and the caller asks once at
 * the end.  `data` is always NUL-terminated once something was appended.
 */
#ifndef TLSTALLY_BASE_STRBUF_H
#define TLSTALLY_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *data; /* NULL while empty and never used */
	size_t len;
	size_t room; /* bytes allocated */
	size_t cap;  /* most bytes it may hold, 0: no cap */
	bool failed;
};

void strbuf_init(struct strbuf *buf, size_t cap);
void strbuf_reset(struct strbuf *buf);
void strbuf_clear(struct strbuf *buf);
/* Back to the first len bytes. */
void strbuf_cut(struct strbuf *buf, size_t len);

void strbuf_add(struct strbuf *buf, const void *data, size_t len);
void strbuf_puts(struct strbuf *buf, const char *s);
void strbuf_putc(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *buf, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Big-endian numbers and length-prefixed strings, for base/reader.h to read
 * back.  strbuf_blob32 writes a u32 length before the bytes; strbuf_str
 * writes NULL as length 0xffffffff. */
void strbuf_u8(struct strbuf *buf, uint8_t v);
void strbuf_u16(struct strbuf *buf, uint16_t v);
void strbuf_u32(struct strbuf *buf, uint32_t v);
void strbuf_u64(struct strbuf *buf, uint64_t v);
/* Seven bits a byte, the lowest first, the high bit: there are more. */
void strbuf_varint(struct strbuf *buf, uint64_t v);
void strbuf_blob32(struct strbuf *buf, const void *data, size_t len);
void strbuf_str(struct strbuf *buf, const char *s);

/* Lends the text, "" when nothing was appended. */
const char *strbuf_text(const struct strbuf *buf);

/* Gives the text away (caller frees) and empties the buffer. */
char *strbuf_take(struct strbuf *buf);

#endif
