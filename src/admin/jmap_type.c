#include "admin/jmap_type.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct jmap_type *const types[] = {
	&type_report, &type_sent,    &type_suppression,
	&type_domain, &type_inbound,
};

const struct jmap_type *jmap_type_at(size_t i)
{
	return i < sizeof(types) / sizeof(types[0]) ? types[i] : NULL;
}

const struct jmap_type *jmap_type_find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i]->name) == len &&
		    memcmp(types[i]->name, name, len) == 0)
			return types[i];
	return NULL;
}

bool jmap_has_property(const struct jmap_type *type, const char *name)
{
	return property_find(type->table(), name) != NULL;
}

bool jmap_wants(const json_t *wanted, const char *name)
{
	json_t *item;
	size_t i;

	if (wanted == NULL)
		return true;
	json_array_foreach (wanted, i, item) {
		if (strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

char *jmap_state_text(uint64_t state, char out[21])
{
	snprintf(out, 21, "%" PRIu64, state);
	return out;
}

bool jmap_state_parse(const char *text, uint64_t *state)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 19 || text[len] != '\0' ||
	    (len > 1 && text[0] == '0'))
		return false;
	*state = strtoull(text, NULL, 10);
	return true;
}

bool jmap_refuse(struct jmap_set_run *set, const char *type, const char *fmt,
                 ...)
{
	va_list ap;

	set->error.type = type;
	va_start(ap, fmt);
	vsnprintf(set->error.description, sizeof(set->error.description), fmt,
	          ap);
	va_end(ap);
	return false;
}

/* "report.policies[0].policyType" to "report/policies/0/policyType". */
static json_t *property_of(const char *words)
{
	char path[256];
	size_t n = 0;
	const char *end = strstr(words, ": ");

	if (end == NULL || end == words ||
	    strcspn(words, " ") < (size_t)(end - words))
		return NULL;
	for (const char *c = words; c < end && n < sizeof(path) - 1; c++) {
		if (*c == ']')
			continue;
		path[n++] = *c == '.' || *c == '[' ? '/' : *c;
	}
	path[n] = '\0';
	return jmap_words(path);
}

bool jmap_refuse_property(struct jmap_set_run *set, const struct err *err)
{
	json_t *property = property_of(err->text);

	if (property != NULL)
		set->error.properties = json_pack("[o]", property);
	return jmap_refuse(set, "invalidProperties", "%s", err->text);
}

bool jmap_refuse_name(struct jmap_set_run *set, const char *property,
                      const char *words)
{
	set->error.properties = json_pack("[o]", jmap_words(property));
	return jmap_refuse(set, "invalidProperties", "%.200s: %s", property,
	                   words);
}
