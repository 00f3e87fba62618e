/*
 * status - `tlstally status`: the document of show/status.h as text
 */
#ifndef TLSTALLY_CLI_STATUS_H
#define TLSTALLY_CLI_STATUS_H

#include <jansson.h>

#include "base/strbuf.h"

void cli_status_print(const json_t *doc, struct strbuf *out);
/* Mail without TLS sessions: status_coverage.c */
void cli_status_print_coverage(const json_t *doc, struct strbuf *out);

#endif
