/*
 * json_at - reading a tree of foreign JSON with a sticky first error
 *
 * A place in the tree knows the way to it, so that what is wrong is told with
 * its path: "policies[1].summary: not an object".  The first failure stays in
 * json_in; below an absent or wrong member everything reads as absent, so a
 * decoder reads to its end and asks json_in.class once.
 *
 *     struct json_in in = {.err = err};
 *     struct json_at root = json_at_root(&in, json);
 *     struct json_at range = json_at_member(&root, "date-range",
 *                                           JSON_OBJECT, JSON_MUST);
 *     start = json_at_time(&range, "start-datetime", JSON_MUST);
 *     return in.class;
 *
 * Places live on the stack and are valid as long as the ones above them;
 * strings are lent by the tree.
 */
#ifndef TLSTALLY_BASE_JSON_AT_H
#define TLSTALLY_BASE_JSON_AT_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"

/* Must a member be there?  null counts as absent. */
enum json_need { JSON_MAY, JSON_MUST };

/* The paths that json_in.paths takes of one tree. */
enum { JSON_PATHS_MAX = 100 };

struct json_in {
	struct err *err;
	int class; /* 0, or that of the first failure */
	/* NULL, or an array that gets the path of everything that failed, once
	 * each, as the key of a patch has it: "policies/1/summary". */
	json_t *paths;
};

struct json_at {
	struct json_in *in;
	const struct json_at *up; /* NULL: the root */
	const char *name;         /* NULL: an item of the array above */
	size_t index;
	json_t *json; /* NULL: absent */
};

/* The root must be an object. */
struct json_at json_at_root(struct json_in *in, json_t *json);

struct json_at json_at_member(const struct json_at *object, const char *name,
                              json_type type, enum json_need need);

/* The same without asking for a type. */
struct json_at json_at_any(const struct json_at *object, const char *name,
                           enum json_need need);

struct json_at json_at_item(const struct json_at *array, size_t index,
                            json_type type);

/* How many items the array has; 0 when it is absent. */
size_t json_at_count(const struct json_at *array);

const char *json_at_string(const struct json_at *object, const char *name,
                           enum json_need need);
uint64_t json_at_uint(const struct json_at *object, const char *name,
                      enum json_need need);
int64_t json_at_time(const struct json_at *object, const char *name,
                     enum json_need need);

/* The value at the place itself, 0 when it is absent or none of that kind. */
uint64_t json_at_uint_value(const struct json_at *at);
int64_t json_at_time_value(const struct json_at *at);

/* Appends the way to it, "policies[1].summary"; the root has none. */
void json_at_path(const struct json_at *at, struct strbuf *out);

/* Keeps path and words, if they are the first, and the path for json_in.paths;
 * returns the class. */
int json_at_fail(const struct json_at *at, int class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, the words being what a decoder said. */
int json_at_fail_err(const struct json_at *at, const struct err *why);

#endif
