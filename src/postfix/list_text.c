#include "postfix/list_text.h"

#include <string.h>

static const char between[] = ", \t\r\n";

/* To the end of an item that begins with a brace; 0: it has no end. */
static size_t braces(const char *at)
{
	size_t depth = 0;

	for (size_t i = 0; at[i] != '\0'; i++) {
		depth += at[i] == '{';
		depth -= at[i] == '}';
		if (depth == 0)
			return i + 1;
	}
	return 0;
}

/* A word may have braces in it, "inline:{a=b, c=d}". */
static size_t item_len(const char *at)
{
	size_t len = 0;

	while (at[len] != '\0' && strchr(between, at[len]) == NULL) {
		size_t inside = at[len] == '{' ? braces(at + len) : 1;

		len += inside > 0 ? inside : strlen(at + len);
	}
	return len;
}

bool list_text_next(const char **rest, struct span *item)
{
	*rest += strspn(*rest, between);
	item->at = *rest;
	item->len = item_len(*rest);
	*rest += item->len;
	return item->len > 0;
}

/* "inet:127.0.0.1:8892" of "{ inet:127.0.0.1:8892, default_action=accept }" */
static struct span subject_of(struct span item)
{
	if (item.len == 0 || item.at[0] != '{')
		return item;
	span_drop(&item, 1);
	item = span_trim(item);
	item.len = strcspn(item.at, ", \t\r\n}");
	return item;
}

bool list_text_has(const char *list, const char *item)
{
	struct span wanted = subject_of(span_of(item)), there;

	while (list_text_next(&list, &there)) {
		there = subject_of(there);
		if (there.len == wanted.len &&
		    memcmp(there.at, wanted.at, wanted.len) == 0)
			return true;
	}
	return false;
}

const char *list_text_with(const char *list, const char *item,
                           struct arena *arena)
{
	return list[strspn(list, between)] == '\0'
	               ? arena_strdup(arena, item)
	               : arena_printf(arena, "%s, %s", list, item);
}

const char *list_text_without(const char *list, const char *item,
                              struct arena *arena)
{
	const char *rest = list, *before = list;
	struct span there;

	while (list_text_next(&rest, &there)) {
		if (!span_is(there, item)) {
			before = rest;
			continue;
		}
		/* the first item goes with what follows it */
		if (before == list)
			return arena_strdup(arena,
			                    rest + strspn(rest, between));
		return arena_printf(arena, "%.*s%s", (int)(before - list), list,
		                    rest);
	}
	return arena_strdup(arena, list);
}

const char *list_text_replaced(const char *list, const char *old,
                               const char *item, struct arena *arena)
{
	const char *rest = list;
	struct span there;

	while (list_text_next(&rest, &there))
		if (span_is(there, old))
			return arena_printf(arena, "%.*s%s%s",
			                    (int)(there.at - list), list, item,
			                    rest);
	return arena_strdup(arena, list);
}
