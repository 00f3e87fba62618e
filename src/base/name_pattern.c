#include "base/name_pattern.h"

#include <string.h>

int name_pattern_parse(const char *text, size_t len,
                       struct name_pattern *pattern, struct err *err)
{
	pattern->kind = NAME_PATTERN_EXACT;
	if (len > 0 && text[0] == '.') {
		pattern->kind =
			len == 1 ? NAME_PATTERN_ALL : NAME_PATTERN_BELOW;
		text++, len--;
	}
	if (pattern->kind != NAME_PATTERN_ALL)
		return domain_canonical(text, len, pattern->name, err);
	pattern->name[0] = '\0';
	return 0;
}

static bool is_below(const char *name, const char *parent)
{
	size_t len = strlen(name), parent_len = strlen(parent);

	return len > parent_len + 1 && name[len - parent_len - 1] == '.' &&
	       strcmp(name + len - parent_len, parent) == 0;
}

bool name_pattern_matches(const struct name_pattern *pattern, const char *name)
{
	switch (pattern->kind) {
	case NAME_PATTERN_ALL:
		return true;
	case NAME_PATTERN_BELOW:
		return is_below(name, pattern->name);
	default:
		return strcmp(name, pattern->name) == 0;
	}
}

bool name_pattern_covers(const struct name_pattern *wide,
                         const struct name_pattern *narrow)
{
	if (wide->kind == NAME_PATTERN_ALL)
		return true;
	if (narrow->kind == NAME_PATTERN_ALL)
		return false;
	if (narrow->kind == NAME_PATTERN_EXACT)
		return name_pattern_matches(wide, narrow->name);
	return wide->kind == NAME_PATTERN_BELOW &&
	       (strcmp(wide->name, narrow->name) == 0 ||
	        is_below(narrow->name, wide->name));
}
