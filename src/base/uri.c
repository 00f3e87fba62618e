#include "base/uri.h"

#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool is_unreserved(char c)
{
	return ascii_is_alnum(c) || is_one_of(c, "-._~");
}

/* Is there a whole escape at the i-th byte? */
static bool is_escape(const char *text, size_t len, size_t i)
{
	return len - i > 2 && text[i] == '%' && ascii_hex(text[i + 1]) >= 0 &&
	       ascii_hex(text[i + 2]) >= 0;
}

static char escape_byte(const char *escape)
{
	return (char)(ascii_hex(escape[1]) << 4 | ascii_hex(escape[2]));
}

static void add_escape(char byte, struct strbuf *out)
{
	strbuf_printf(out, "%%%02X", (unsigned char)byte);
}

size_t uri_scheme_len(const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	size_t scheme_len = colon != NULL ? (size_t)(colon - text) : 0;

	if (scheme_len == 0 || !ascii_is_alpha(text[0]))
		return 0;
	for (size_t i = 1; i < scheme_len; i++)
		if (!ascii_is_alnum(text[i]) && !is_one_of(text[i], "+-."))
			return 0;
	return scheme_len;
}

static const char *byte_fault(char c)
{
	if (c == ' ' || c == '\t')
		return "white space";
	if ((unsigned char)c < 0x20 || c == 0x7f)
		return "a control character";
	if ((unsigned char)c >= 0x80)
		return "a character outside ASCII";
	/* gen-delims and sub-delims */
	if (!is_unreserved(c) && !is_one_of(c, ":/?#[]@!$&'()*+,;="))
		return "a character that is not allowed in a URI";
	return NULL;
}

const char *uri_fault(const char *text, size_t len)
{
	size_t i = 0;

	if (len == 0)
		return "nothing";
	while (i < len) {
		const char *fault = NULL;

		if (is_escape(text, len, i)) {
			i += 3;
			continue;
		}
		fault = text[i] == '%' ? "an invalid %-escape"
		                       : byte_fault(text[i]);
		if (fault != NULL)
			return fault;
		i++;
	}
	return uri_scheme_len(text, len) == 0 ? "no scheme" : NULL;
}

void uri_decode(const char *text, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (is_escape(text, len, i)) {
			strbuf_putc(out, escape_byte(text + i));
			i += 2;
		} else {
			strbuf_putc(out, text[i]);
		}
	}
}

void uri_normalize(const char *text, size_t len, struct strbuf *out)
{
	for (size_t i = 0; i < len; i++) {
		char byte = text[i];

		if (!is_escape(text, len, i)) {
			strbuf_putc(out, byte);
			continue;
		}
		byte = escape_byte(text + i);
		if (is_unreserved(byte))
			strbuf_putc(out, byte);
		else
			add_escape(byte, out);
		i += 2;
	}
}

void uri_encode(const char *bytes, size_t len, const char *keep,
                struct strbuf *out)
{
	for (size_t i = 0; i < len; i++) {
		if (is_unreserved(bytes[i]) || is_one_of(bytes[i], keep))
			strbuf_putc(out, bytes[i]);
		else
			add_escape(bytes[i], out);
	}
}
