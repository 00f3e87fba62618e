/*
 * object_print - JMAP objects for a terminal
 *
 * Many as a table with a column a field; a few, named by their ids, each as
 * lines of path and value, the paths being those that --field takes:
 *
 *     domain                            example.com
 *     report/policies/0/policyType      sts
 */
#ifndef TLSTALLY_CLI_OBJECT_PRINT_H
#define TLSTALLY_CLI_OBJECT_PRINT_H

#include <jansson.h>

#include "base/strbuf.h"
#include "cli/table.h"
#include "jmap/jmap_type.h"

/* fields: names, an array.  The columns of a table, titles lent by it; and with
 * commas, as csv.h takes them.  The caller's. */
struct table_column *object_print_columns(const struct jmap_type *type,
                                          const json_t *fields);
char *object_print_names(const json_t *fields);

void object_print_csv(const json_t *objects, const json_t *fields,
                      struct strbuf *out);

/* A row of "field", a path, and "value" for all that lies in the object, or in
 * these fields of it; the caller's. */
json_t *object_print_rows(const json_t *object, const json_t *fields);

/* fields NULL: all that each has. */
void object_print_each(const json_t *objects, const json_t *fields,
                       struct strbuf *out);

#endif
