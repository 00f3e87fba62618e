/* The kinds of field that properties can have. */
#include "api/property.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/json.h"
#include "domain/rua.h"
#include "session/detail_text.h"
#include "words/words.h"

/* --- texts --- */

/* The text at the place, lent; NULL when it failed or is empty. */
static const char *text_at(const struct json_at *at, const struct property *row)
{
	const char *text = json_string_value(at->json);

	if (text == NULL) {
		json_at_fail(at, ERR_PARSE, "not a string");
		return NULL;
	}
	if (text[0] == '\0') {
		if (row->need == JSON_MUST)
			json_at_fail(at, ERR_PARSE, "empty");
		return NULL;
	}
	if (!detail_text_is_plain(text))
		json_at_fail(at, ERR_PARSE, "has control characters");
	else if (row->max != 0 && strlen(text) > row->max)
		json_at_fail(at, ERR_LIMIT, "longer than %zu bytes", row->max);
	else
		return text;
	return NULL;
}

static const char *take_text(const struct json_at *at,
                             const struct property *row, struct arena *mem)
{
	const char *text = text_at(at, row);

	return text ? arena_strdup(mem, text) : NULL;
}

static const char *take_ip(const struct json_at *at, const struct property *row,
                           struct arena *mem)
{
	const char *text = text_at(at, row);
	char canonical[INET6_ADDRSTRLEN];

	if (text == NULL)
		return NULL;
	if (!domain_ip_canonical(text, canonical)) {
		json_at_fail(at, ERR_PARSE, "'%.60s' is not an IP address",
		             text);
		return NULL;
	}
	return arena_strdup(mem, canonical);
}

/* As the parser of a name writes it. */
static const char *take_name(const struct json_at *at,
                             const struct property *row, struct arena *mem,
                             int (*parse)(const char *text, size_t len,
                                          char out[DOMAIN_TEXT],
                                          struct err *err))
{
	const char *text = text_at(at, row);
	char canonical[DOMAIN_TEXT];
	struct err why;

	if (text == NULL)
		return NULL;
	if (parse(text, strlen(text), canonical, &why) < 0) {
		json_at_fail_err(at, &why);
		return NULL;
	}
	return arena_strdup(mem, canonical);
}

static const char *take_domain(const struct json_at *at,
                               const struct property *row, struct arena *mem)
{
	return take_name(at, row, mem, domain_canonical);
}

static const char *take_pattern(const struct json_at *at,
                                const struct property *row, struct arena *mem)
{
	return take_name(at, row, mem, domain_pattern_canonical);
}

static const char *take_address(const struct json_at *at,
                                const struct property *row, struct arena *mem)
{
	const char *text = text_at(at, row);
	struct err why;
	struct rua rua;

	if (text == NULL)
		return NULL;
	if (rua_from_address(text, strlen(text), &rua, &why) < 0) {
		json_at_fail_err(at, &why);
		return NULL;
	}
	return arena_strdup(mem, rua.address);
}

static const char *take_uri(const struct json_at *at,
                            const struct property *row, struct arena *mem)
{
	const char *text = text_at(at, row);
	struct err why;
	struct rua rua;

	if (text == NULL)
		return NULL;
	if (rua_parse(text, strlen(text), &rua, &why) < 0)
		json_at_fail_err(at, &why);
	else if (rua.kind != RUA_HTTPS)
		json_at_fail(at, ERR_PARSE, "not an https URI");
	else
		return arena_strdup(mem, rua.uri);
	return NULL;
}

static void read_text(const struct json_at *at, const struct property *row,
                      struct arena *mem, void *field)
{
	*(const char **)field = row->kind->take(at, row, mem);
}

static json_t *write_text(const struct property *row, const void *field)
{
	const char *text = *(const char *const *)field;
	json_t *json = text ? json_string(text) : NULL;

	(void)row;
	/* what is no UTF-8 has no place in JSON */
	return json ? json : json_null();
}

const struct property_kind property_text = {read_text, write_text, take_text};
const struct property_kind property_address = {read_text, write_text,
                                               take_address};
const struct property_kind property_ip = {read_text, write_text, take_ip};
const struct property_kind property_domain = {read_text, write_text,
                                              take_domain};
const struct property_kind property_word = {NULL, write_text, NULL};

/* --- numbers and times --- */

static void read_count(const struct json_at *at, const struct property *row,
                       struct arena *mem, void *field)
{
	(void)row;
	(void)mem;
	*(uint64_t *)field = json_at_uint_value(at);
}

static json_t *write_count(const struct property *row, const void *field)
{
	uint64_t count = *(const uint64_t *)field;

	(void)row;
	return json_integer(
		(json_int_t)(count < JSON_UINT_MAX ? count : JSON_UINT_MAX));
}

static void read_time(const struct json_at *at, const struct property *row,
                      struct arena *mem, void *field)
{
	const char *text = json_string_value(at->json);
	struct err why;
	int64_t time;

	(void)row;
	(void)mem;
	if (text != NULL && day_parse_utc(text, &time, &why) < 0)
		json_at_fail_err(at, &why);
	else
		*(int64_t *)field = json_at_time_value(at);
}

static json_t *write_time(const struct property *row, const void *field)
{
	char text[TIME_TEXT];

	(void)row;
	return json_string(day_format_time(*(const int64_t *)field, text));
}

static json_t *write_bool(const struct property *row, const void *field)
{
	(void)row;
	return json_boolean(*(const bool *)field);
}

static json_t *write_moment(const struct property *row, const void *field)
{
	return *(const int64_t *)field ? write_time(row, field) : json_null();
}

const struct property_kind property_count = {read_count, write_count, NULL};
const struct property_kind property_uint = {NULL, write_count, NULL};
const struct property_kind property_time = {read_time, write_time, NULL};
const struct property_kind property_until = {read_time, write_moment, NULL};
const struct property_kind property_made_bool = {NULL, write_bool, NULL};
const struct property_kind property_moment = {NULL, write_moment, NULL};

/* --- words --- */

static void read_enum(const struct json_at *at, const struct property *row,
                      struct arena *mem, void *field)
{
	auto_(strbuf_clear) struct strbuf all = {0};
	const char *text = json_string_value(at->json);
	int number = text != NULL ? word_find(row->words, text) : -1;

	(void)mem;
	if (number >= 0) {
		*(int *)field = number;
		return;
	}
	word_list(row->words, &all);
	json_at_fail(at, ERR_PARSE, "not one of %s", strbuf_text(&all));
}

static json_t *write_enum(const struct property *row, const void *field)
{
	return json_string(word_api(row->words, *(const int *)field));
}

static json_t *write_id(const struct property *row, const void *field)
{
	uint64_t id = *(const uint64_t *)field;
	char text[OBJECT_ID_TEXT];

	(void)row;
	return id ? json_string(object_id_format(id, text)) : json_null();
}

const struct property_kind property_enum = {read_enum, write_enum, NULL};
const struct property_kind property_made_enum = {NULL, write_enum, NULL};
const struct property_kind property_id = {NULL, write_id, NULL};

/* --- lists --- */

static size_t *count_of(const struct property *row, void *field)
{
	return (void *)((char *)field + row->count_offset);
}

static size_t count_at(const struct property *row, const void *field)
{
	const void *count = (const char *)field + row->count_offset;

	return *(const size_t *)count;
}

/* The place of a list, made an array that the caller owns. */
static struct json_at list_begin(const struct json_at *at,
                                 const struct property *row, json_t **array)
{
	struct json_at list = *at;

	*array = property_items(at);
	list.json = *array;
	if (row->max != 0 && json_at_count(&list) > row->max) {
		json_at_fail(at, ERR_LIMIT, "more than %zu", row->max);
		list.json = NULL;
	}
	return list;
}

static bool is_in(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static void read_texts(const struct json_at *at, const struct property *row,
                       struct arena *mem, void *field, bool once)
{
	/* in a list `max` is that of the list, and an item must be there */
	const struct property item = {.need = JSON_MUST,
	                              .max = SESSION_POLICY_STRING_MAX};
	auto_(json_free) json_t *array = NULL;
	struct json_at list = list_begin(at, row, &array);
	size_t n = json_at_count(&list), kept = 0;
	const char **texts = arena_array(mem, n, sizeof(*texts));

	for (size_t i = 0; i < n; i++) {
		struct json_at place = json_at_item(&list, i, JSON_STRING);
		const char *text = NULL;

		if (place.json != NULL)
			text = row->kind->take(&place, &item, mem);
		if (text == NULL ||
		    (once && is_in((const char *const *)texts, kept, text)))
			continue;
		texts[kept++] = text;
	}
	*(const char ***)field = texts;
	*count_of(row, field) = kept;
}

static void read_all(const struct json_at *at, const struct property *row,
                     struct arena *mem, void *field)
{
	read_texts(at, row, mem, field, false);
}

static void read_once(const struct json_at *at, const struct property *row,
                      struct arena *mem, void *field)
{
	read_texts(at, row, mem, field, true);
}

static json_t *write_texts(const struct property *row, const void *field)
{
	const char *const *texts = *(const char *const *const *)field;
	size_t count = count_at(row, field);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, write_text(row, &texts[i]));
	return list;
}

/* 17, or "17": greater ones can only be text. */
static uint64_t identifier_of(const struct json_at *item)
{
	const char *text = json_string_value(item->json);
	uint64_t value = 0;

	if (text == NULL)
		return json_at_uint_value(item);
	if (!json_uint_parse(text, &value))
		json_at_fail(item, ERR_PARSE,
		             "not a whole number up to 2^64-1");
	return value;
}

static void read_identifiers(const struct json_at *at,
                             const struct property *row, struct arena *mem,
                             void *field)
{
	auto_(json_free) json_t *array = NULL;
	struct json_at list = list_begin(at, row, &array);
	size_t n = json_at_count(&list);
	uint64_t *ids = arena_array(mem, n, sizeof(*ids));

	for (size_t i = 0; i < n; i++) {
		struct json_at item = {
			.in = at->in,
			.up = at,
			.index = i,
			.json = json_array_get(list.json, i),
		};

		ids[i] = identifier_of(&item);
	}
	*(uint64_t **)field = ids;
	*count_of(row, field) = n;
}

static json_t *write_identifiers(const struct property *row, const void *field)
{
	const uint64_t *ids = *(const uint64_t *const *)field;
	size_t count = count_at(row, field);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_uint(ids[i]));
	return list;
}

static void read_objects(const struct json_at *at, const struct property *row,
                         struct arena *mem, void *field)
{
	auto_(json_free) json_t *array = NULL;
	struct json_at list = list_begin(at, row, &array);
	size_t n = json_at_count(&list), size = row->items->size;
	char *things = arena_array(mem, n, size);

	for (size_t i = 0; i < n; i++) {
		struct json_at item = json_at_item(&list, i, JSON_OBJECT);

		property_table_read(&item, row->items, mem, things + i * size);
	}
	*(void **)field = things;
	*count_of(row, field) = n;
}

static json_t *write_objects(const struct property *row, const void *field)
{
	const char *things = *(const char *const *)field;
	size_t count = count_at(row, field), size = row->items->size;
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list,
			property_table_write(row->items, things + i * size));
	return list;
}

const struct property_kind property_texts = {read_all, write_texts, take_text};
const struct property_kind property_patterns = {read_all, write_texts,
                                                take_pattern};
const struct property_kind property_addresses = {read_once, write_texts,
                                                 take_address};
const struct property_kind property_uris = {read_once, write_texts, take_uri};
const struct property_kind property_identifiers = {read_identifiers,
                                                   write_identifiers, NULL};
const struct property_kind property_objects = {read_objects, write_objects,
                                               NULL};
const struct property_kind property_made_objects = {NULL, write_objects, NULL};
