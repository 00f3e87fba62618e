#include "cli/object_type.h"

#include <string.h>

#include "base/auto.h"
#include "base/nearest.h"
#include "base/strbuf.h"

const char *object_type_columns(const struct jmap_type *type, bool ours)
{
	return ours || type->show.columns_elsewhere == NULL
	               ? type->show.columns
	               : type->show.columns_elsewhere;
}

static void unknown(const char *name, struct err *err)
{
	auto_(strbuf_clear) struct strbuf names = {0};
	struct nearest nearest = nearest_to(name);
	const struct jmap_type *type;

	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++) {
		nearest_offer(&nearest, type->show.word);
		strbuf_printf(&names, "%s%s", i > 0 ? ", " : "",
		              type->show.word);
	}
	if (nearest.name != NULL)
		err_set(err, ERR_PARSE,
		        "unknown object type '%.60s'; did you mean '%s'?", name,
		        nearest.name);
	else
		err_set(err, ERR_PARSE,
		        "unknown object type '%.60s'; the types are %s", name,
		        strbuf_text(&names));
}

const struct jmap_type *object_type_find(const char *name, struct err *err)
{
	const struct jmap_type *type;

	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++)
		if (strcmp(name, type->name) == 0 ||
		    strcmp(name, strchr(type->name, ':') + 1) == 0 ||
		    strcmp(name, type->show.word) == 0)
			return type;
	unknown(name, err);
	return NULL;
}
