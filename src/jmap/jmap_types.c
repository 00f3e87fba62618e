#include "jmap/jmap_types.h"

#include <string.h>

#define ROW_OF_TYPE(name) &type_##name,
#define ROW_OF_VIEW(name) &view_##name,

static const struct jmap_type *const types[] = {JMAP_TYPES(ROW_OF_TYPE)};
static const struct jmap_view *const views[] = {JMAP_VIEWS(ROW_OF_VIEW)};

enum {
	TYPES = sizeof(types) / sizeof(types[0]),
	VIEWS = sizeof(views) / sizeof(views[0]),
};

const struct jmap_type *jmap_type_at(size_t i)
{
	return i < TYPES ? types[i] : NULL;
}

const struct jmap_view *jmap_view_at(size_t i)
{
	return i < VIEWS ? views[i] : NULL;
}

static bool is_name(const char *each, const char *name, size_t len)
{
	return strlen(each) == len && memcmp(each, name, len) == 0;
}

const struct jmap_type *jmap_type_find(const char *name, size_t len)
{
	for (size_t i = 0; i < TYPES; i++)
		if (is_name(types[i]->name, name, len))
			return types[i];
	return NULL;
}

const struct jmap_view *jmap_view_find(const char *name, size_t len)
{
	for (size_t i = 0; i < VIEWS; i++)
		if (is_name(views[i]->name, name, len))
			return views[i];
	return NULL;
}
