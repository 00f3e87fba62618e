/*
 * status - `tlstally status`: the document of show/status.h as text
 */
#ifndef TLSTALLY_CLI_STATUS_H
#define TLSTALLY_CLI_STATUS_H

#include <jansson.h>

#include "base/strbuf.h"

/* A line: all is well, or what is not (show/status_verdict.h). */
void cli_status_print_verdict(const json_t *verdict, struct strbuf *out);
void cli_status_print(const json_t *doc, struct strbuf *out);
/* Mail without TLS sessions: status_coverage.c */
void cli_status_print_coverage(const json_t *doc, struct strbuf *out);

#endif
