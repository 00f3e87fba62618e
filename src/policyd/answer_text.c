#include "policyd/answer_text.h"

#include <stdint.h>
#include <string.h>

#include "domain/policy_text.h"

/* What stands before every text. */
static const char words[] =
	"max_age: 86400 max_age: 604800 mode: testing version: STSv1 mode: "
	"enforce fingerprint verify encrypt dane-only may none secure match= "
	"servername=hostname policy_type=sts policy_domain= mx_host_pattern="
	" { policy_string = mx: *. } { policy_string = version: STSv1 } { "
	"policy_string = mode: enforce } { policy_string = max_age: ";

enum {
	WORDS = sizeof(words) - 1,
	SHORTEST = 4, /* a copy is three bytes */
	LONGEST = SHORTEST + 0x1f,
	FARTHEST = 0xffff,
	SLOTS = 4096, /* where each four bytes stood last */
};

/* The words, and behind them the text. */
struct window {
	char bytes[WORDS + POLICY_TEXT_MAX];
	size_t len;
};

static unsigned slot_of(const char *at)
{
	uint32_t four;

	memcpy(&four, at, sizeof(four));
	return (four * 2654435761u) >> 20; /* Knuth's multiplicative hash */
}

static size_t same_bytes(const struct window *window, size_t a, size_t b)
{
	size_t n = 0;

	while (n < LONGEST && b + n < window->len &&
	       window->bytes[a + n] == window->bytes[b + n])
		n++;
	return n;
}

void answer_text_pack(const char *text, size_t len, struct strbuf *out)
{
	static _Thread_local struct window window;
	static _Thread_local uint32_t last[SLOTS]; /* place + 1 */
	size_t at = 0;

	memset(last, 0, sizeof(last));
	memcpy(window.bytes, words, WORDS);
	memcpy(window.bytes + WORDS, text, len);
	window.len = WORDS + len;
	while (at < window.len) {
		size_t n = 0, from = 0;
		unsigned slot;

		if (at + SHORTEST <= window.len) {
			slot = slot_of(window.bytes + at);
			if (at >= WORDS && last[slot] > 0) {
				from = last[slot] - 1;
				if (at - from <= FARTHEST)
					n = same_bytes(&window, from, at);
			}
			last[slot] = (uint32_t)at + 1;
		}
		if (n >= SHORTEST) {
			strbuf_u8(out, (uint8_t)(n - SHORTEST));
			strbuf_u16(out, (uint16_t)(at - from));
			at += n;
		} else {
			if (at >= WORDS)
				strbuf_putc(out, window.bytes[at]);
			at++;
		}
	}
}

bool answer_text_unpack(const char *packed, size_t packed_len, size_t len,
                        struct strbuf *out)
{
	static _Thread_local struct window window;
	const unsigned char *at = (const unsigned char *)packed;
	const unsigned char *end = at + packed_len;
	size_t most =
		len < POLICY_TEXT_MAX ? WORDS + len : sizeof(window.bytes);

	if (window.len == 0)
		memcpy(window.bytes, words, WORDS);
	window.len = WORDS;
	while (at < end && window.len < most) {
		size_t n, back;

		if (*at >= 0x20) {
			window.bytes[window.len++] = (char)*at++;
			continue;
		}
		if (end - at < 3)
			return false;
		n = (size_t)at[0] + SHORTEST;
		back = (size_t)at[1] << 8 | at[2];
		at += 3;
		if (back == 0 || back > window.len ||
		    n > sizeof(window.bytes) - window.len)
			return false;
		/* it may reach into what it writes */
		for (; n > 0; n--, window.len++)
			window.bytes[window.len] =
				window.bytes[window.len - back];
	}
	if (window.len > most)
		window.len = most;
	strbuf_add(out, window.bytes + WORDS, window.len - WORDS);
	return true;
}
