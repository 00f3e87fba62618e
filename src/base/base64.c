#include "base/base64.h"

#include <stdint.h>
#include <string.h>

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

/* How many characters of the four are digits, -1 when there is anything else.
 */
static int read_quantum(const char *text, uint32_t *bits)
{
	int count = 0;

	*bits = 0;
	for (int i = 0; i < 4; i++) {
		const char *digit =
			text[i] == '\0' ? NULL : strchr(digits, text[i]);

		if (digit == NULL && (text[i] != '=' || i < 2))
			return -1;
		/* nothing comes behind the padding */
		if (digit != NULL && count < i)
			return -1;
		count += digit != NULL;
		*bits = *bits << 6 | (digit ? (uint32_t)(digit - digits) : 0);
	}
	return count;
}

bool base64_read(const char *text, struct strbuf *out)
{
	int count = 4;

	for (; *text != '\0'; text += 4) {
		uint32_t bits;

		if (count < 4)
			return false;
		count = read_quantum(text, &bits);
		if (count < 0)
			return false;
		for (int i = 0; i < count - 1; i++)
			strbuf_putc(out, (char)(bits >> (16 - 8 * i) & 255));
	}
	return true;
}
