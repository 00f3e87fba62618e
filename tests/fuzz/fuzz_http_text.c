/* Any text as a header, a name, a type and a path: what comes back in a header
 * can end none, and leads nowhere. */
#include "base/xalloc.h"
#include "check.h"
#include "api/http_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_disposition(const char *text)
{
	static const char begin[] = "attachment; filename=\"";
	char *shown = http_text_disposition(text);
	size_t len = strlen(shown), before = sizeof(begin) - 1;

	check(len > before && strncmp(shown, begin, before) == 0 &&
	      shown[len - 1] == '"' && len < 256);
	for (size_t i = before; i < len - 1; i++)
		check(shown[i] > ' ' && shown[i] < 0x7f &&
		      strchr("\"\\/%;", shown[i]) == NULL);
	free(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	char id[HTTP_BLOB_ID_TEXT], password[HTTP_PASSWORD_TEXT];
	const char *token = http_text_bearer(text);
	const char *name = http_text_blob_path(text, "tally", id);

	check(token == NULL || (token > text && token[0] != ' '));
	check(name == NULL ||
	      (name[0] != '\0' && name[-1] == '/' && strchr(id, '/') == NULL));
	check_disposition(name != NULL ? name : text);
	/* no list has a tag that is longer than it */
	check(!http_text_has_tag(text, "\"12ab\"") || size >= 6 ||
	      strchr(text, '*') != NULL);
	check(!http_text_takes_gzip(text) || size >= 4);
	check(!http_text_basic(text, password) ||
	      strlen(password) < sizeof(password));
	if (http_text_is_media_type(text))
		check(strpbrk(text, "\r\n;, \"") == NULL);
	free(text);
	return 0;
}
