#include "domain/tlsa.h"

#include <stdio.h>

enum {
	HEAD = 3, /* usage, selector, matching type */
	HEAD_TEXT = sizeof("255 255 255 "),

	DANE_TA = 2,
	DANE_EE = 3,
	SELECTOR_MAX = 1, /* whole certificate, or its key */
	MATCHING_MAX = 2, /* whole, SHA-256, SHA-512 */
};

/* The length of a digest by matching type; 0: any. */
static const size_t digest_len[MATCHING_MAX + 1] = {0, 32, 64};

static bool is_whole(const unsigned char *rdata, size_t len)
{
	if (len <= HEAD)
		return false;
	if (rdata[2] > MATCHING_MAX || digest_len[rdata[2]] == 0)
		return true;
	return len - HEAD == digest_len[rdata[2]];
}

char *tlsa_text(struct arena *arena, const unsigned char *rdata, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	char *text, *p;

	if (!is_whole(rdata, len))
		return NULL;
	text = arena_alloc(arena, HEAD_TEXT + 2 * (len - HEAD));
	p = text + sprintf(text, "%u %u %u ", rdata[0], rdata[1], rdata[2]);
	for (size_t i = HEAD; i < len; i++) {
		*p++ = hex[rdata[i] >> 4];
		*p++ = hex[rdata[i] & 15];
	}
	return text;
}

static bool is_known(unsigned usage, unsigned selector, unsigned matching)
{
	return (usage == DANE_TA || usage == DANE_EE) &&
	       selector <= SELECTOR_MAX && matching <= MATCHING_MAX;
}

bool tlsa_is_usable(const unsigned char *rdata, size_t len)
{
	return is_whole(rdata, len) && is_known(rdata[0], rdata[1], rdata[2]);
}

bool tlsa_text_is_usable(const char *text)
{
	unsigned usage, selector, matching;

	return sscanf(text, "%3u %3u %3u ", &usage, &selector, &matching) ==
	               HEAD &&
	       is_known(usage, selector, matching);
}
