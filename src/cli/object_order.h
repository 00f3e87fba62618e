/*
 * object_order - what the command line wants of the objects, as JMAP
 *
 *     tlstally update tls-internal-report ID --field deliverAt=...
 *
 * is read once, by the tables of its type, into an order; what cannot be
 * right is refused here, before anybody is asked.  A file may have an array of
 * objects: to create each, or to update each by its id.  From the order come
 * the arguments of the method calls: RFC 8620 section 5, and nothing that only
 * one server knows.
 */
#ifndef TLSTALLY_CLI_OBJECT_ORDER_H
#define TLSTALLY_CLI_OBJECT_ORDER_H

#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "cli/cli.h"
#include "jmap/jmap_type.h"

enum object_verb {
	OBJECT_GET,
	OBJECT_QUERY,
	OBJECT_CREATE,
	OBJECT_UPDATE,
	OBJECT_DELETE,
};

enum { OBJECT_NAME_TEXT = 32 };

struct object_order {
	enum object_verb verb;
	const struct jmap_type *type;
	json_t *ids;             /* an array; NULL: none were named */
	bool is_one;             /* one id stood alone */
	const char *if_in_state; /* lent; NULL: any state */
	json_t *fields; /* properties, an array; NULL: none were named */
	/* The object to create, or the patch of all that are named; or an
	 * array of them. */
	json_t *given;
	json_t *filter;          /* NULL: all */
	json_t *sort;            /* NULL: by id */
	int64_t position, limit; /* limit -1: none */
};

/* "a,b": an array of each name once, the caller's. */
json_t *object_order_names(const char *text);

/* By "-failures,domain"; NULL: by id. */
int object_order_sort(struct object_order *order, const char *text,
                      struct err *err);

/* ERR_PARSE and ERR_LIMIT: the command line is wrong.  ERR_IO: a file cannot
 * be read.  To be cleared in any case. */
int object_order_read(const struct cli_args *args, enum object_verb verb,
                      struct object_order *order, struct err *err);
void object_order_clear(struct object_order *order);

/* The arguments of the method, without accountId; the caller's. */

/* /get: `count` of the ids from `from` on; without ids all there are. */
json_t *object_order_get(const struct object_order *order, const json_t *ids,
                         size_t from, size_t count, const json_t *fields);
/* /query: at most `limit` (-1: as many as the server gives) from a place. */
json_t *object_order_query(const struct object_order *order, int64_t position,
                           int64_t limit);
/* /set: `count` of the objects from `from` on; state NULL: whatever it is. */
json_t *object_order_set(const struct object_order *order, size_t from,
                         size_t count, const char *state);

/* How many objects are to be changed, what a /set knows the i-th by (its id, or
 * the name of a new one), and what is given for it, lent. */
size_t object_order_count(const struct object_order *order);
const char *object_order_name(const struct object_order *order, size_t i,
                              char out[OBJECT_NAME_TEXT]);
json_t *object_order_given(const struct object_order *order, size_t i);

#endif
