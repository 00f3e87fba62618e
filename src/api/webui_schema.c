#include "api/webui_schema.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/property.h"
#include "words/words.h"

#define PERMISSION_PREFIX "sysTlsInternalReport"

static void put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		abort();
}

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		abort();
}

/* --- enums --- */

static const struct enumeration {
	const struct vocabulary *words;
	const char *name;
} enumerations[] = {
	{&words_policies, "TlsPolicyType"},
	{&words_results, "TlsResultType"},
	{&words_statuses, "TlsReportStatus"},
	{&words_states, "TlsDeliveryState"},
};

enum { ENUMERATIONS = sizeof(enumerations) / sizeof(enumerations[0]) };

static const char *name_of(const struct vocabulary *words)
{
	for (size_t i = 0; i < ENUMERATIONS; i++)
		if (enumerations[i].words == words)
			return enumerations[i].name;
	return NULL;
}

/* Dark enough for the white letters that stand on it. */
static const char *colour_of(const char *tone)
{
	static const struct {
		const char *tone, *colour;
	} rows[] = {
		{"good", "#1a7f37"}, {"warn", "#9a6700"},  {"bad", "#c62828"},
		{"wait", "#0b5cad"}, {"quiet", "#57606a"},
	};

	for (size_t i = 0; tone != NULL && i < sizeof(rows) / sizeof(rows[0]);
	     i++)
		if (strcmp(rows[i].tone, tone) == 0)
			return rows[i].colour;
	return "#57606a";
}

static json_t *variants_of(const struct vocabulary *in)
{
	json_t *variants = json_array();

	for (int i = 0; i < in->count; i++) {
		const struct word *word = &in->words[word_at(in, i)];

		if (word->api != NULL)
			append(variants,
			       json_pack("{s:s,s:s,s:s*,s:s}", "name",
			                 word->api, "label",
			                 word_label(in, word_at(in, i)),
			                 "explanation", word->sentence, "color",
			                 colour_of(word->tone)));
	}
	return variants;
}

static json_t *make_enums(void)
{
	json_t *enums = json_object();

	for (size_t i = 0; i < ENUMERATIONS; i++)
		put(enums, enumerations[i].name,
		    variants_of(enumerations[i].words));
	return enums;
}

/* --- fields --- */

enum shape { TEXT, NUMBER, TIME, BOOLEAN, WORD };

static const struct kind_row {
	const struct property_kind *kind;
	enum shape shape;
	const char *format; /* of a text or a number, of an item of a set */
} kinds[] = {
	{&property_text, TEXT, "string"},
	{&property_address, TEXT, "emailAddress"},
	{&property_ip, TEXT, "ipAddress"},
	{&property_domain, TEXT, "string"},
	{&property_word, TEXT, "string"},
	{&property_count, NUMBER, "unsignedInteger"},
	{&property_uint, NUMBER, "unsignedInteger"},
	{&property_time, TIME, NULL},
	{&property_moment, TIME, NULL},
	{&property_made_bool, BOOLEAN, NULL},
	{&property_enum, WORD, NULL},
	{&property_made_enum, WORD, NULL},
	{&property_addresses, TEXT, "emailAddress"},
	{&property_uris, TEXT, "uri"},
	{&property_identifiers, TEXT, "string"},
	{&property_texts, TEXT, "string"},
	{&property_patterns, TEXT, "string"},
};

static const struct kind_row *kind_row_of(const struct property *row)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == row->kind)
			return &kinds[i];
	return NULL;
}

static json_t *scalar_type(const struct property *row)
{
	const struct kind_row *kind = kind_row_of(row);
	json_t *type;

	if (row->words != NULL)
		type = json_pack("{s:s,s:s}", "type", "enum", "enumName",
		                 name_of(row->words));
	else if (kind->shape == TIME)
		type = json_pack("{s:s}", "type", "utcDateTime");
	else if (kind->shape == BOOLEAN)
		return json_pack("{s:s}", "type", "boolean");
	else
		type = json_pack("{s:s,s:s}", "type",
		                 kind->shape == NUMBER ? "number" : "string",
		                 "format", kind->format);
	if (kind->shape == TEXT && row->max != 0)
		put(type, "maxLength", json_integer((json_int_t)row->max));
	/* a count that is not given is 0 */
	if (row->need != JSON_MUST && kind->shape != NUMBER)
		put(type, "nullable", json_true());
	return type;
}

static json_t *type_of(const struct property *row)
{
	json_t *type;

	if (row->items != NULL)
		return json_pack("{s:s,s:s}", "type",
		                 property_is_list(row) ? "objectList"
		                                       : "object",
		                 "objectName", row->items->name);
	if (!property_is_list(row))
		return scalar_type(row);
	type = json_pack("{s:s,s:{s:s,s:s}}", "type", "set", "class", "type",
	                 "string", "format", kind_row_of(row)->format);
	if (row->max != 0)
		put(type, "maxItems", json_integer((json_int_t)row->max));
	return type;
}

/* What the server sets has a top field that says so; of the fields below it
 * the WebUI shows empty boxes when they say it, too. */
static const char *update_of(const struct property *row, bool is_top)
{
	if (row->kind->read != NULL)
		return "mutable";
	return is_top ? "serverSet" : "immutable";
}

/* NULL: it has none. */
static json_t *default_of(const struct property *row)
{
	if (property_is_list(row))
		return json_object();
	if (row->kind == &property_count)
		return json_integer(0);
	if (row->kind == &property_enum)
		return json_string(
			word_api(row->words, word_at(row->words, 0)));
	return NULL;
}

static json_t *fields_of(const struct property_table *table, bool is_top)
{
	json_t *properties = json_object(), *defaults = json_object();

	for (size_t i = 0; i < table->count; i++) {
		const struct property *row = &table->rows[i];
		json_t *value;

		if (row->kind == &property_id)
			continue;
		put(properties, row->name,
		    json_pack("{s:s,s:o,s:s}", "description", row->help, "type",
		              type_of(row), "update", update_of(row, is_top)));
		value = row->kind->read ? default_of(row) : NULL;
		if (value != NULL)
			put(defaults, row->name, value);
	}
	return json_pack("{s:o,s:o}", "properties", properties, "defaults",
	                 defaults);
}

/* --- forms --- */

static void add_field(json_t *fields, const struct property *row)
{
	append(fields,
	       json_pack("{s:s,s:s}", "name", row->name, "label", row->label));
}

static json_t *form_of(const struct property_table *table)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < table->count; i++)
		add_field(fields, &table->rows[i]);
	return json_pack("{s:[{s:o}]}", "sections", "fields", fields);
}

/* The form of a whole report, in parts. */
static json_t *report_form(void)
{
	static const struct {
		const char *title, *names[8];
	} parts[] = {
		{"Report",
	         {"domain", "status", "createdAt", "deliverAt", "day", "doneAt",
	          NULL}},
		{"Recipients", {"mailRua", "httpRua", NULL}},
		{"Sessions",
	         {"successfulSessions", "failedSessions", "policyIdentifiers",
	          "missingHosts", NULL}},
		{"Contents", {"report", NULL}},
		{"Delivery", {"destinations", NULL}},
	};
	json_t *sections = json_array();

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *fields = json_array();

		for (size_t n = 0; parts[i].names[n] != NULL; n++)
			add_field(fields, property_find(&object_table,
			                                parts[i].names[n]));
		append(sections, json_pack("{s:s,s:o}", "title", parts[i].title,
		                           "fields", fields));
	}
	return json_pack("{s:s,s:o}", "title", "TLS report", "sections",
	                 sections);
}

/* --- lists --- */

static json_t *make_list(void)
{
	static const char *const names[] = {
		"domain",    "status",  "failedSessions", "createdAt",
		"deliverAt", "mailRua", "httpRua"};
	json_t *columns = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_field(columns, property_find(&object_table, names[i]));
	return json_pack(
		"{s:s,s:s,s:s,s:s,s:s,s:o,s:[ssss],"
		"s:[{s:s,s:s,s:s},{s:s,s:s,s:s,s:s},{s:s,s:s,s:s},"
		"{s:s,s:s,s:s}],s:[{s:s,s:s}],s:[{s:s,s:s}]}",
		"title", "TLS reports", "subtitle",
		"Reports that wait to be delivered", "labelProperty", "domain",
		"singularName", "report", "pluralName", "reports", "columns",
		columns, "sort", "id", "domain", "createdAt", "deliverAt",
		"filters", "type", "text", "field", "text", "label",
		"Domain or report id", "type", "enum", "field", "status",
		"enumName", name_of(&words_statuses), "label", "Status", "type",
		"date", "field", "createdAt", "label", "Created", "type",
		"date", "field", "deliverAt", "label", "Deliver at",
		"itemActions", "type", "delete", "label", "Delete",
		"massActions", "type", "delete", "label", "Delete");
}

/* --- all of it --- */

struct parts {
	json_t *schemas, *fields, *forms;
};

static void add_table(struct parts *parts, const struct property_table *table,
                      bool is_top)
{
	put(parts->schemas, table->name,
	    json_pack("{s:s,s:s}", "type", "single", "schemaName",
	              table->name));
	put(parts->fields, table->name, fields_of(table, is_top));
	put(parts->forms, table->name, is_top ? report_form() : form_of(table));
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].items != NULL)
			add_table(parts, table->rows[i].items, false);
}

static json_t *make_layouts(void)
{
	return json_pack("[{s:s,s:s,s:[{s:{s:s,s:s,s:[{s:s,s:s,s:[{s:s,s:s,"
	                 "s:s}]}]}}]}]",
	                 "name", "Management", "icon", "settings", "items",
	                 "container", "name", "Reports", "icon", "mail",
	                 "items", "type", "container", "name", "Outbox",
	                 "items", "type", "link", "name", "TLS", "viewName",
	                 object_table.name);
}

json_t *webui_schema_make(void)
{
	struct parts parts = {json_object(), json_object(), json_object()};

	add_table(&parts, &object_table, true);
	return json_pack("{s:{s:{s:s,s:s,s:s}},s:o,s:o,s:o,s:{s:o},s:o,s:[],"
	                 "s:o}",
	                 "objects", object_table.name, "type", "object",
	                 "description", "A TLS report in the outbox",
	                 "permissionPrefix", PERMISSION_PREFIX, "schemas",
	                 parts.schemas, "fields", parts.fields, "forms",
	                 parts.forms, "lists", object_table.name, make_list(),
	                 "enums", make_enums(), "dashboards", "layouts",
	                 make_layouts());
}
