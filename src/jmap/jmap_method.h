/*
 * jmap_method - what the methods of one request share
 *
 * A method gets its arguments with the result references resolved and gives
 * its response's arguments, or fails with an error of RFC 8620 section 3.6.2.
 * A failed call has changed nothing.
 */
#ifndef TLSTALLY_JMAP_JMAP_METHOD_H
#define TLSTALLY_JMAP_JMAP_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "jmap/jmap.h"

/* The sole account. */
#define JMAP_ACCOUNT "tally"

/*
 * A small request must not make a large answer: what references bring into
 * the arguments of a call is no more than a request may have, there are so
 * many references in a request, and a call past so many bytes of responses is
 * refused.
 */
enum {
	JMAP_MAX_REFERENCES = 64,
	JMAP_MAX_RESPONSES = 32 * 1024 * 1024,
};

struct jmap_type;

/* One request being answered. */
struct jmap_run {
	const struct jmap *jmap;
	const struct jmap_caller *caller;
	unsigned using;      /* enum jmap_capability */
	json_t *responses;   /* so far */
	json_t *created_ids; /* creation id to id, of all calls so far */
	size_t size;         /* of the responses, bytes, about */
	size_t references;   /* resolved so far */
	int64_t began_ms;    /* of the meter */
};

/* Has the request cost what it may?  Asked about now and then by what takes
 * long; then the call fails with jmap_fail_over(), having changed nothing. */
bool jmap_is_over(const struct jmap_run *run);

struct jmap_failure {
	const char *type; /* NULL: none */
	char description[512];
};

/* NULL: failure says why. */
typedef json_t *jmap_method_fn(struct jmap_run *run,
                               const struct jmap_type *type, json_t *args,
                               struct jmap_failure *failure);

jmap_method_fn jmap_get, jmap_changes, jmap_set, jmap_query, jmap_query_changes;

/* Keeps type and words, if they are the first; returns NULL. */
void *jmap_fail(struct jmap_failure *failure, const char *type, const char *fmt,
                ...) __attribute__((format(printf, 3, 4)));
/* "what" is what should be asked for instead: "name fewer of them". */
void *jmap_fail_over(struct jmap_failure *failure, const char *type,
                     const struct jmap_run *run, const char *what);
/* What the store said: serverUnavailable when it is worth another try. */
void *jmap_fail_store(struct jmap_failure *failure, const struct err *err);

/* --- arguments: false after a failure (invalidArguments, or
 * accountNotFound) --- */

/* None but these, accountId among them; the account is ours. */
bool jmap_args_check(json_t *args, const char *const *names,
                     struct jmap_failure *failure);
/* An absent or null argument leaves the value as it is. */
bool jmap_arg_int(json_t *args, const char *name, int64_t least, int64_t *value,
                  struct jmap_failure *failure);
bool jmap_arg_bool(json_t *args, const char *name, bool *value,
                   struct jmap_failure *failure);
bool jmap_arg_string(json_t *args, const char *name, const char **value,
                     struct jmap_failure *failure);
/* An array of strings; an object. */
bool jmap_arg_strings(json_t *args, const char *name, json_t **value,
                      struct jmap_failure *failure);
bool jmap_arg_object(json_t *args, const char *name, json_t **value,
                     struct jmap_failure *failure);

/* The id that "#new1" stands for; other texts stand for themselves.  NULL:
 * nothing was created as that. */
const char *jmap_resolve_id(const json_t *created_ids, const char *text);

/* The arguments with "#name" members resolved (section 3.7), the caller's. */
json_t *jmap_resolve_args(struct jmap_run *run, json_t *args,
                          struct jmap_failure *failure);

/* Words for people: what they quote may be cut in a character's middle. */
json_t *jmap_words(const char *words);

/* Sets a member, whose name and value are surely good. */
void jmap_put(json_t *object, const char *name, json_t *value);
void jmap_append(json_t *array, json_t *value);

#endif
