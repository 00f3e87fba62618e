/*
 * object_pointer - where in an object a name leads, by its table
 *
 *     "domain"                       the row domain
 *     "report/policies/0/mxHosts"    the row mxHosts of a policy
 *     "mailRua/a@b.example"          the row mailRua, and an item of its list
 *
 * In a patch the number of an item is that which it has before the patch
 * (api/notation.h).
 */
#ifndef TLSTALLY_CLI_OBJECT_POINTER_H
#define TLSTALLY_CLI_OBJECT_POINTER_H

#include <stdbool.h>
#include <stddef.h>

#include "api/property.h"
#include "base/err.h"
#include "base/strbuf.h"

enum { POINTER_STEPS_MAX = 8 };

struct object_pointer {
	const struct property *row;
	const struct property_table *table; /* that the row stands in */
	bool in_item;                       /* of a list of objects */
	enum {
		POINTS_AT_FIELD,
		POINTS_AT_ITEM,   /* a text or number of the row's list */
		POINTS_AT_OBJECT, /* an object of the row's list */
	} at;
	char *steps[POINTER_STEPS_MAX]; /* unescaped */
	size_t step_count;
};

/* Behind an unknown name: ", did you mean 'domain'?", or ": there are id,
 * domain ...". */
void object_pointer_choices(const struct property_table *table,
                            const char *name, struct strbuf *out);

/*
 * The slashes of an item (a URI) need not be escaped.  ERR_PARSE: nothing of
 * that name, or set by the server.  To be cleared in any case.
 */
int object_pointer_read(const struct property_table *table, const char *text,
                        struct object_pointer *pointer, struct err *err);
void object_pointer_clear(struct object_pointer *pointer);

/* As a key of a patch, escaped where it must be. */
void object_pointer_write(const struct object_pointer *pointer,
                          struct strbuf *out);

#endif
