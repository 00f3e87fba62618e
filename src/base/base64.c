#include "base/base64.h"

#include <stdint.h>

enum { LINE_BYTES = 57, LINE_TEXT = 76 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three bytes to four characters. */
static void quantum(const uint8_t *in, size_t len, char out[4])
{
	uint32_t v = (uint32_t)in[0] << 16;

	if (len > 1)
		v |= (uint32_t)in[1] << 8;
	if (len > 2)
		v |= in[2];
	out[0] = digits[v >> 18];
	out[1] = digits[v >> 12 & 63];
	out[2] = len > 1 ? digits[v >> 6 & 63] : '=';
	out[3] = len > 2 ? digits[v & 63] : '=';
}

static void write_all(const uint8_t *in, size_t len, const char *line_end,
                      size_t line_end_len, struct strbuf *out)
{
	char text[LINE_TEXT];

	for (size_t i = 0; i < len; i += LINE_BYTES) {
		size_t n = len - i < LINE_BYTES ? len - i : LINE_BYTES;
		char *end = text;

		for (size_t j = 0; j < n; j += 3, end += 4)
			quantum(in + i + j, n - j < 3 ? n - j : 3, end);
		strbuf_add(out, text, (size_t)(end - text));
		strbuf_add(out, line_end, line_end_len);
	}
}

void base64_write(const void *data, size_t len, struct strbuf *out)
{
	write_all(data, len, "", 0, out);
}

void base64_write_lines(const void *data, size_t len, struct strbuf *out)
{
	write_all(data, len, "\r\n", 2, out);
}
