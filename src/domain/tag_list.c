#include "domain/tag_list.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"

enum { SHOWN = 60 };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A header's lines are folded. */
static struct span trim(struct span span)
{
	while (span.len > 0 && is_space(span.at[0])) {
		span.at++;
		span.len--;
	}
	while (span.len > 0 && is_space(span.at[span.len - 1]))
		span.len--;
	return span;
}

static int refuse(struct span part, const char *what, struct err *err)
{
	char shown[SHOWN];

	return err_set(err, ERR_PARSE, "%s in '%s'", what,
	               log_escape(shown, sizeof(shown), part.at, part.len));
}

static bool is_name(struct span name)
{
	if (name.len == 0 || !isalpha((unsigned char)name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!isalnum((unsigned char)name.at[i]) && name.at[i] != '_')
			return false;
	return true;
}

static bool is_value(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_space(value.at[i]) &&
		    (value.at[i] < 0x21 || value.at[i] > 0x7e))
			return false;
	return true;
}

static int add_tag(struct tag_list *list, struct span part, struct err *err)
{
	struct span rest = part, name;

	if (!span_until(&rest, '=', &name))
		return refuse(part, "no '='", err);
	name = trim(name);
	rest = trim(rest);
	if (!is_name(name))
		return refuse(part, "no tag's name", err);
	if (!is_value(rest))
		return refuse(part, "a character that may not be there", err);
	for (size_t i = 0; i < list->count; i++)
		if (list->tags[i].name.len == name.len &&
		    memcmp(list->tags[i].name.at, name.at, name.len) == 0)
			return refuse(part, "a tag that comes twice", err);
	if (list->count == TAG_LIST_MAX)
		return err_set(err, ERR_LIMIT, "more than %d tags",
		               TAG_LIST_MAX);
	list->tags[list->count++] = (struct tag){name, rest};
	return 0;
}

int tag_list_read(const char *text, size_t len, struct tag_list *list,
                  struct err *err)
{
	struct span rest = {text, len}, part;
	bool more;
	int rc = 0;

	list->count = 0;
	do {
		more = span_split(&rest, ';', &part);
		part = trim(part);
		/* what the last ";" ends */
		if (part.len == 0 && !more)
			break;
		rc = add_tag(list, part, err);
	} while (rc == 0 && more);
	return rc;
}

bool tag_list_get(const struct tag_list *list, const char *name,
                  struct span *value)
{
	for (size_t i = 0; i < list->count; i++)
		if (span_is(list->tags[i].name, name)) {
			*value = list->tags[i].value;
			return true;
		}
	return false;
}

bool tag_next_word(struct span *rest, struct span *word)
{
	if (rest->at == NULL)
		return false;
	if (!span_split(rest, ':', word))
		rest->at = NULL;
	*word = trim(*word);
	return true;
}
