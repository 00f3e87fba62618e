#include "cli/object_type.h"

#include <ctype.h>
#include <stdio.h>
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

/* Of "x:TlsInternalReport". */
static const char *bare_name(const struct jmap_type *type)
{
	const char *colon = strchr(type->name, ':');

	return colon ? colon + 1 : type->name;
}

const char *object_type_name(const struct jmap_type *type,
                             char out[OBJECT_TYPE_TEXT])
{
	size_t n = 0;

	for (const char *c = bare_name(type);
	     *c != '\0' && n + 2 < OBJECT_TYPE_TEXT; c++) {
		if (isupper((unsigned char)*c) && n > 0)
			out[n++] = '-';
		out[n++] = (char)tolower((unsigned char)*c);
	}
	out[n] = '\0';
	return out;
}

static void unknown(const char *name, struct err *err)
{
	auto_(strbuf_clear) struct strbuf names = {0};
	struct nearest nearest = nearest_to(name);
	char each[OBJECT_TYPE_TEXT], near[OBJECT_TYPE_TEXT] = "";

	for (size_t i = 0; jmap_type_at(i) != NULL; i++) {
		object_type_name(jmap_type_at(i), each);
		nearest_offer(&nearest, each);
		/* `each` is another with the next turn */
		if (nearest.name == each)
			nearest.name = strcpy(near, each);
		strbuf_printf(&names, "%s%s", i > 0 ? ", " : "", each);
	}
	if (near[0] != '\0')
		err_set(err, ERR_PARSE,
		        "there are no objects '%.60s'; did you mean '%s'?",
		        name, near);
	else
		err_set(err, ERR_PARSE, "there are no objects '%.60s', only %s",
		        name, strbuf_text(&names));
}

const struct jmap_type *object_type_find(const char *name, struct err *err)
{
	const struct jmap_type *type;
	char dashed[OBJECT_TYPE_TEXT];

	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++)
		if (strcmp(name, type->name) == 0 ||
		    strcmp(name, bare_name(type)) == 0 ||
		    strcmp(name, object_type_name(type, dashed)) == 0)
			return type;
	unknown(name, err);
	return NULL;
}
