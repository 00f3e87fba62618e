#include "api/http_text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/strbuf.h"

enum {
	HEADER_LONG = 256,
	NAME_LONG = 200,
	TYPE_LONG = 100,
};

const char *http_text_bearer(const char *header)
{
	static const char scheme[] = "Bearer ";

	if (header == NULL || strlen(header) > HEADER_LONG ||
	    strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	header += sizeof(scheme) - 1;
	return header + strspn(header, " ");
}

/* The bytes of base64 (RFC 4648 section 4) with a NUL behind them; false: it is
 * none, or they do not fit, or have a NUL. */
static bool read_base64(const char *text, char *out, size_t room)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strspn(text, digits), n = 0;
	unsigned bits = 0, count = 0;

	if (strcmp(text + len, "==") != 0 && strcmp(text + len, "=") != 0 &&
	    text[len] != '\0')
		return false;
	for (size_t i = 0; i < len; i++) {
		bits = (bits << 6 |
		        (unsigned)(strchr(digits, text[i]) - digits)) &
		       0xffff;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		if (n + 1 >= room)
			return false;
		out[n] = (char)(bits >> count & 0xff);
		if (out[n++] == '\0')
			return false;
	}
	out[n] = '\0';
	return true;
}

bool http_text_basic(const char *header, char password[HTTP_PASSWORD_TEXT])
{
	static const char scheme[] = "Basic ";
	char both[HTTP_PASSWORD_TEXT];
	const char *colon;

	if (header == NULL || strlen(header) > HEADER_LONG ||
	    strncasecmp(header, scheme, sizeof(scheme) - 1) != 0)
		return false;
	header += sizeof(scheme) - 1;
	if (!read_base64(header + strspn(header, " "), both, sizeof(both)))
		return false;
	colon = strchr(both, ':');
	if (colon == NULL)
		return false;
	snprintf(password, HTTP_PASSWORD_TEXT, "%s", colon + 1);
	return true;
}

char *http_text_disposition(const char *name)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	strbuf_puts(&out, "attachment; filename=\"");
	for (size_t i = 0; name[i] != '\0' && i < NAME_LONG; i++) {
		unsigned char c = (unsigned char)name[i];

		strbuf_putc(&out, c <= ' ' || c >= 0x7f || strchr("\"\\/%;", c)
		                          ? '_'
		                          : (char)c);
	}
	strbuf_puts(&out, "\"");
	return strbuf_take(&out);
}

bool http_text_takes_gzip(const char *codings)
{
	const char *at = codings;

	while (at != NULL && *at != '\0') {
		size_t len;

		at += strspn(at, " \t,");
		len = strcspn(at, " \t,;");
		if (len == 4 && strncasecmp(at, "gzip", 4) == 0) {
			at += len + strspn(at + len, " \t");
			if (*at == ';')
				at++;
			at += strspn(at, " \t");
			/* q=0, q=0.000 */
			if (strncasecmp(at, "q=0", 3) != 0)
				return true;
			at += 3;
			return at[strspn(at, ".0")] >= '1' &&
			       at[strspn(at, ".0")] <= '9';
		}
		at = strchr(at, ',');
	}
	return false;
}

bool http_text_is_media_type(const char *type)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789.+-";
	size_t first = strspn(type, token);
	size_t second =
		type[first] == '/' ? strspn(type + first + 1, token) : 0;

	return first > 0 && second > 0 && type[first + 1 + second] == '\0' &&
	       first + second < TYPE_LONG;
}

/* "tag" in its quotes against ours, or "tag-gzip", by the name of a coding. */
static bool is_tag(const char *text, size_t len, const char *tag)
{
	size_t ours = strlen(tag) - 1; /* without the last quote */

	if (len <= ours || strncmp(text, tag, ours) != 0)
		return false;
	return len == ours + 1 || text[ours] == '-';
}

bool http_text_has_tag(const char *list, const char *tag)
{
	const char *at = list + strspn(list, " \t,");

	if (strcmp(at, "*") == 0)
		return true;
	while (*at != '\0') {
		const char *end;

		if (strncmp(at, "W/", 2) == 0)
			at += 2;
		end = *at == '"' ? strchr(at + 1, '"') : NULL;
		if (end == NULL)
			return false;
		if (is_tag(at, (size_t)(end - at) + 1, tag))
			return true;
		at = end + 1 + strspn(end + 1, " \t,");
	}
	return false;
}

const char *http_text_blob_path(const char *path, const char *account,
                                char id[HTTP_BLOB_ID_TEXT])
{
	size_t len = strlen(account);
	const char *slash;

	if (strncmp(path, account, len) != 0 || path[len] != '/')
		return NULL;
	path += len + 1;
	slash = strchr(path, '/');
	if (slash == NULL || slash - path >= HTTP_BLOB_ID_TEXT ||
	    slash[1] == '\0')
		return NULL;
	snprintf(id, HTTP_BLOB_ID_TEXT, "%.*s", (int)(slash - path), path);
	return slash + 1;
}
