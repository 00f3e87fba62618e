#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Length of the valid sequence at p, 0 when there is none (RFC 3629
 * section 4). */
static size_t sequence(const unsigned char *p, size_t left)
{
	unsigned char c = p[0];

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return left >= 2 && is_tail(p[1]) ? 2 : 0;
	if (c >= 0xe0 && c <= 0xef) {
		if (left < 3 || !is_tail(p[1]) || !is_tail(p[2]) ||
		    (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f))
			return 0;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		if (left < 4 || !is_tail(p[1]) || !is_tail(p[2]) ||
		    !is_tail(p[3]) || (c == 0xf0 && p[1] < 0x90) ||
		    (c == 0xf4 && p[1] > 0x8f))
			return 0;
		return 4;
	}
	return 0;
}

/* How many bytes from the start are ASCII, eight at a time. */
static size_t ascii_run(const unsigned char *p, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t word;

		memcpy(&word, p + i, 8);
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < len && p[i] < 0x80)
		i++;
	return i;
}

bool utf8_is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

bool utf8_valid(const void *text, size_t len)
{
	const unsigned char *p = text;
	size_t i = ascii_run(p, len);

	while (i < len) {
		size_t n = sequence(p + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

uint32_t utf8_next(const char **at)
{
	static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *p = (const unsigned char *)*at;
	size_t n = sequence(p, strnlen(*at, 4));
	uint32_t c;

	*at += n > 0 ? n : 1;
	if (n == 0)
		return 0xfffd;
	c = p[0] & lead_bits[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

char *utf8_repair(struct arena *arena, const void *text, size_t len,
                  size_t *out_len)
{
	const unsigned char *p = text;
	char *out = arena_alloc(arena, len * (sizeof(replacement) - 1) + 1);
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		size_t n = sequence(p + i, len - i);

		if (n == 0) {
			memcpy(out + used, replacement,
			       sizeof(replacement) - 1);
			used += sizeof(replacement) - 1;
			i++;
			continue;
		}
		memcpy(out + used, p + i, n);
		used += n;
		i += n;
	}
	*out_len = used;
	return out;
}

/* C0, DEL, C1, U+2028 and U+2029. */
static bool is_control(const unsigned char *p, size_t n)
{
	if (n == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	return n == 3 && p[0] == 0xe2 && p[1] == 0x80 &&
	       (p[2] == 0xa8 || p[2] == 0xa9);
}

char *utf8_clean(struct arena *arena, const char *text, size_t len, size_t max)
{
	const unsigned char *p = (const unsigned char *)text;
	char *out;
	size_t used = 0;

	if (text == NULL)
		return NULL;
	out = arena_alloc(arena, (len < max ? len : max) + 1);
	for (size_t i = 0; i < len;) {
		size_t n = sequence(p + i, len - i);

		if (n == 0) {
			i++;
			continue;
		}
		if (!is_control(p + i, n)) {
			if (used + n > max)
				break;
			memcpy(out + used, p + i, n);
			used += n;
		}
		i += n;
	}
	return used > 0 ? out : NULL;
}

/* The number of the character in the valid sequence of n bytes at p. */
static uint32_t code_point(const unsigned char *p, size_t n)
{
	static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = p[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (p[i] & 0x3f);
	return code;
}

/* What a reader does not see, or sees in another place: controls (also C1),
 * zero width, marks of direction, separators of lines, byte order mark,
 * annotations, tags, and what is no character. */
static bool is_hidden(uint32_t code)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = {
		{0, 0x1f},        {0x7f, 0x9f},       {0x61c, 0x61c},
		{0x180e, 0x180e}, {0x200b, 0x200f},   {0x2028, 0x202e},
		{0x2060, 0x206f}, {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
		{0xfffe, 0xffff}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].from && code <= hidden[i].to)
			return true;
	return false;
}

const char *utf8_show(char *out, size_t room, const void *text, size_t len)
{
	const unsigned char *p = text;
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		size_t n = sequence(p + i, len - i);
		bool plain = n > 0 && !is_hidden(code_point(p + i, n));
		size_t need = plain ? n : 4;

		if (used + need >= room)
			break;
		if (plain)
			memcpy(out + used, p + i, n);
		else /* each byte of it, one after the other */
			snprintf(out + used, room - used, "\\x%02x", p[i]);
		used += need;
		i += plain ? n : 1;
	}
	if (room > 0)
		out[used] = '\0';
	return out;
}
