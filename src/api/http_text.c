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
