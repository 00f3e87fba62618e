/*
 * webui_schema - our objects as Stalwart's WebUI asks about them
 *
 * The WebUI knows no object by itself: it asks for a schema, and makes its
 * menu, lists and forms of it.  This one is made of our own tables: the rows of
 * api/object.c (type, label, help), the words of words/words.h.
 *
 *     {"objects":{"x:TlsInternalReport":{...}}, "schemas":{...},
 *      "fields":{"TlsReport":{"properties":{"reportId":{...}}}}, "forms":{...},
 *      "lists":{...}, "enums":{...}, "dashboards":[], "layouts":[...]}
 */
#ifndef TLSTALLY_API_WEBUI_SCHEMA_H
#define TLSTALLY_API_WEBUI_SCHEMA_H

#include <jansson.h>

/* The caller's. */
json_t *webui_schema_make(void);

#endif
