/*
 * cli_show - the document of `tlstally show` as text for people
 */
#ifndef TLSTALLY_CLI_SHOW_H
#define TLSTALLY_CLI_SHOW_H

#include <jansson.h>

#include "base/strbuf.h"

void show_print(const json_t *doc, struct strbuf *out);

#endif
