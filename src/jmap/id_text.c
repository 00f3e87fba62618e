#include "jmap/id_text.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

static const char letters[] = "abcdefghijklmnoprstuvwxyz";
static const char others[] = "0123456789-";
static const char hex[] = "0123456789abcdef";

static bool stands_for_itself(char c, bool first)
{
	return c != '\0' && (strchr(letters, c) != NULL ||
	                     (!first && strchr(others, c) != NULL));
}

void id_text_write(const char *text, char out[JMAP_ID_TEXT])
{
	const size_t most = JMAP_ID_MAX - ID_TEXT_PREFIX;
	struct hash128 hash;
	size_t n = 0;

	for (const char *c = text; *c != '\0' && n + 3 <= most; c++) {
		unsigned char byte = (unsigned char)*c;

		if (stands_for_itself(*c, c == text)) {
			out[n++] = *c;
		} else if (*c == '.' && c != text) {
			out[n++] = '_';
		} else {
			out[n++] = 'Q';
			out[n++] = hex[byte >> 4];
			out[n++] = hex[byte & 15];
		}
		if (c[1] == '\0') {
			out[n] = '\0';
			return;
		}
	}
	hash = hash128(0, text, strlen(text));
	snprintf(out, JMAP_ID_TEXT, "QZ%016llx%016llx",
	         (unsigned long long)hash.high, (unsigned long long)hash.low);
}

static int digit(char c)
{
	const char *at = c != '\0' ? strchr(hex, c) : NULL;

	return at ? (int)(at - hex) : -1;
}

bool id_text_read(const char *id, char *out, size_t room, bool *hashed)
{
	size_t n = 0;

	*hashed = id[0] == 'Q' && id[1] == 'Z';
	for (const char *c = id; *c != '\0'; c++) {
		if (n + 1 >= room)
			return false;
		if (stands_for_itself(*c, c == id)) {
			out[n++] = *c;
		} else if (*c == '_') {
			out[n++] = '.';
		} else if (*c == 'Q' && digit(c[1]) >= 0 && digit(c[2]) >= 0) {
			out[n++] = (char)(digit(c[1]) << 4 | digit(c[2]));
			c += 2;
		} else {
			return false;
		}
	}
	out[n] = '\0';
	/* Q00 would end the text early; Q61 would be another "a" */
	if (n > 0 && strlen(out) == n) {
		char again[JMAP_ID_TEXT];

		id_text_write(out, again);
		return strcmp(again, id) == 0;
	}
	return false;
}

void id_text_of_key(const struct jmap_key *key, char out[JMAP_ID_TEXT])
{
	snprintf(out, JMAP_ID_TEXT, "%s", key->text);
}
