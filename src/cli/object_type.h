/*
 * object_type - the kinds of JMAP object as the command line names them
 *
 *     tls-internal-report  TlsInternalReport  x:TlsInternalReport
 *
 * mean the same.  What an object is made of stands in jmap/jmap_type.h; here
 * is what only a terminal needs to know.
 */
#ifndef TLSTALLY_CLI_OBJECT_TYPE_H
#define TLSTALLY_CLI_OBJECT_TYPE_H

#include <stddef.h>

#include "base/err.h"
#include "jmap/jmap_types.h"

/* NULL: no such type; err has those that there are. */
const struct jmap_type *object_type_find(const char *name, struct err *err);

/* The properties that a table shows when nobody says which, with commas.
 * `ours`: the server is tlstally; others lack some. */
const char *object_type_columns(const struct jmap_type *type, bool ours);

#endif
