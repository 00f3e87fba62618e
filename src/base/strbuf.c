#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/be.h"
#include "base/xalloc.h"

void strbuf_init(struct strbuf *buf, size_t cap)
{
	memset(buf, 0, sizeof(*buf));
	buf->cap = cap;
}

void strbuf_reset(struct strbuf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void strbuf_cut(struct strbuf *buf, size_t len)
{
	buf->len = len;
	if (buf->data != NULL)
		buf->data[len] = '\0';
}

void strbuf_clear(struct strbuf *buf)
{
	free(buf->data);
	strbuf_init(buf, buf->cap);
}

/* Room for len more bytes and the NUL; false past the cap. */
static bool grow(struct strbuf *buf, size_t len)
{
	size_t need, room;

	if (buf->failed || len > SIZE_MAX / 4 ||
	    (buf->cap != 0 && len > buf->cap - buf->len)) {
		buf->failed = true;
		return false;
	}
	need = buf->len + len + 1;
	if (need <= buf->room)
		return true;
	room = buf->room ? buf->room : 64;
	while (room < need)
		room *= 2;
	buf->data = xrealloc(buf->data, room, 1);
	buf->room = room;
	return true;
}

void strbuf_add(struct strbuf *buf, const void *data, size_t len)
{
	if (!grow(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *s)
{
	strbuf_add(buf, s, strlen(s));
}

void strbuf_putc(struct strbuf *buf, char c)
{
	strbuf_add(buf, &c, 1);
}

void strbuf_vprintf(struct strbuf *buf, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len < 0)
		buf->failed = true;
	else if (grow(buf, (size_t)len)) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void strbuf_printf(struct strbuf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(buf, fmt, ap);
	va_end(ap);
}

static void put_be(struct strbuf *buf, uint64_t v, size_t bytes)
{
	uint8_t out[8];

	be_put(out, v, bytes);
	strbuf_add(buf, out, bytes);
}

void strbuf_u8(struct strbuf *buf, uint8_t v)
{
	put_be(buf, v, 1);
}

void strbuf_u16(struct strbuf *buf, uint16_t v)
{
	put_be(buf, v, 2);
}

void strbuf_u32(struct strbuf *buf, uint32_t v)
{
	put_be(buf, v, 4);
}

void strbuf_u64(struct strbuf *buf, uint64_t v)
{
	put_be(buf, v, 8);
}

void strbuf_varint(struct strbuf *buf, uint64_t v)
{
	uint8_t bytes[10];
	size_t len = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[len++] = (uint8_t)(v | 0x80);
	bytes[len++] = (uint8_t)v;
	strbuf_add(buf, bytes, len);
}

void strbuf_blob32(struct strbuf *buf, const void *data, size_t len)
{
	if (len >= UINT32_MAX) {
		buf->failed = true;
		return;
	}
	strbuf_u32(buf, (uint32_t)len);
	strbuf_add(buf, data, len);
}

void strbuf_str(struct strbuf *buf, const char *s)
{
	if (s == NULL)
		strbuf_u32(buf, UINT32_MAX);
	else
		strbuf_blob32(buf, s, strlen(s));
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->data ? buf->data : "";
}

char *strbuf_take(struct strbuf *buf)
{
	char *text = buf->data ? buf->data : xstrdup("");
	size_t cap = buf->cap;

	strbuf_init(buf, cap);
	return text;
}
