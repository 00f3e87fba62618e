/*
 * property - one row of a table that says how a struct is JSON and back
 *
 * A row names the property, where its field lies, and its kind: two functions
 * that read and write any field of that type.
 *
 *     {"sendingMtaIp", &property_ip, offsetof(struct report_detail,
 *                                          detail.sending_ip)},
 *
 * Lists have their count in a second field.  api/object and the types of
 * jmap/ are such tables.
 */
#ifndef TLSTALLY_API_PROPERTY_H
#define TLSTALLY_API_PROPERTY_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/json_at.h"
#include "words/vocabulary.h"

struct property;

struct property_kind {
	/* From what is there, which is not null.  NULL: set by the server. */
	void (*read)(const struct json_at *at, const struct property *row,
	             struct arena *mem, void *field);
	/* Never NULL; JSON null for an absent field. */
	json_t *(*write)(const struct property *row, const void *field);
	/* Kinds of text: a checked and canonical copy; NULL when it failed or
	 * is empty. */
	const char *(*take)(const struct json_at *at,
	                    const struct property *row, struct arena *mem);
};

#define PROPERTY_ROWS(list)                                                    \
	.rows = (list), .count = sizeof(list) / sizeof((list)[0])

struct property_table {
	const struct property *rows;
	size_t count;
	size_t size;      /* of the struct */
	const char *name; /* of the type, where others ask for it; NULL */
	/* What no row can tell alone; may be NULL. */
	void (*check)(const struct json_at *at, const void *thing);
};

struct property {
	const char *name;
	const struct property_kind *kind;
	size_t offset;
	enum json_need need;
	size_t max;          /* texts: bytes; lists: items; 0: no limit */
	size_t count_offset; /* lists: from the field to its count */
	const struct property_table *items; /* lists of objects; an object */
	const struct vocabulary *words;     /* of an enum; of a word, NULL */
	const char *label, *help;           /* for people; NULL: none */
};

/* NULL: none of that name. */
const struct property *property_find(const struct property_table *table,
                                     const char *name);

bool property_is_list(const struct property *row);

/* At an unknown member: says so, and which of the table is near. */
void property_unknown(const struct json_at *at,
                      const struct property_table *table);

/* Reads all properties into the struct; unknown ones are an error. */
void property_table_read(const struct json_at *at,
                         const struct property_table *table, struct arena *mem,
                         void *thing);

/* The items of a list that was given as an array or as an object,
 * {"item":true} (false: it is not in it) or {"0":item}: a new array, empty
 * after a failure. */
json_t *property_items(const struct json_at *at);

/* An object with every property. */
json_t *property_table_write(const struct property_table *table,
                             const void *thing);

extern const struct property_kind property_text;    /* const char * */
extern const struct property_kind property_address; /* const char * */
extern const struct property_kind property_ip;      /* const char * */
extern const struct property_kind property_domain;  /* const char * */
extern const struct property_kind property_count;   /* uint64_t */
extern const struct property_kind property_time;    /* int64_t */
extern const struct property_kind
	property_until; /* int64_t; 0: null, for good */
extern const struct property_kind property_enum; /* an enum with `words` */

/* Lists: a pointer to items and, count_offset further on, a size_t. */
extern const struct property_kind
	property_identifiers; /* uint64_t *, number or text */
extern const struct property_kind property_texts; /* const char ** */
extern const struct property_kind
	property_patterns; /* const char **, MX patterns */
extern const struct property_kind
	property_addresses;                      /* const char **, each once */
extern const struct property_kind property_uris; /* const char **, each once */
extern const struct property_kind property_objects; /* structs of `items` */

/* Set by the server: written, never read. */
extern const struct property_kind property_id;        /* uint64_t; 0: null */
extern const struct property_kind property_word;      /* const char * */
extern const struct property_kind property_uint;      /* uint64_t */
extern const struct property_kind property_made_bool; /* bool */
extern const struct property_kind property_moment;    /* int64_t; 0: null */
extern const struct property_kind property_made_enum; /* an enum with `words` */
extern const struct property_kind
	property_made_objects; /* structs of `items` */

#endif
