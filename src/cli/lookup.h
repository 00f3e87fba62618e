/*
 * cli_lookup - the document of `tlstally lookup` as text for people
 */
#ifndef TLSTALLY_CLI_LOOKUP_H
#define TLSTALLY_CLI_LOOKUP_H

#include <jansson.h>

#include "base/strbuf.h"

void lookup_print(const json_t *doc, struct strbuf *out);

#endif
