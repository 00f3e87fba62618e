/*
 * object_field - what is given of an object: "--field NAME=VALUE", a file
 *
 * The type's table of properties (api/property.h) says how a value is meant,
 * so that nobody need quote more than the shell wants:
 *
 *     domain=example.com             a text as it is; "..." is JSON
 *     report/reportId=5              a text, too
 *     mailRua=a@b.example,c@d.example    a list; so is '["a@b.example"]'
 *     mailRua/a@b.example=true       adds to a list, false takes away
 *     report/organizationName=null   nothing
 *     report='{"reportId":...}'      JSON
 *
 * Names are JSON pointers without the first "/".  In an object to be created
 * they lead into what is being made, also into {"0":...} lists of objects; in
 * a patch they stay as they are (RFC 8620 section 5.3).
 *
 * Everything is checked by the table before it is sent anywhere: unknown
 * names, what the server sets, and values, each told with its path.
 */
#ifndef TLSTALLY_CLI_OBJECT_FIELD_H
#define TLSTALLY_CLI_OBJECT_FIELD_H

#include <stdbool.h>

#include <jansson.h>

#include "api/property.h"
#include "base/err.h"

/* Puts one "NAME=VALUE" into the object or patch.  ERR_PARSE. */
int object_field_add(const struct property_table *table, const char *text,
                     bool is_patch, json_t *given, struct err *err);

/* Is it an object that can be created, or a patch?  ERR_PARSE, ERR_LIMIT. */
int object_field_check(const struct property_table *table, json_t *given,
                       bool is_patch, struct err *err);

#endif
