/*
 * cli_inbound - `tlstally inbound`: how mail comes in, found out once, told
 * twice
 *
 * The document's members are tlstally(1)'s:
 *
 *     firstDay lastDay domains             for all domains of ours
 *     firstDay lastDay domain senders ways for one
 *
 * cli_inbound.c fills it; inbound_print() writes the text for people.
 */
#ifndef TLSTALLY_CLI_INBOUND_H
#define TLSTALLY_CLI_INBOUND_H

#include <jansson.h>

#include "base/strbuf.h"

/* Senders that deliver well are many: people see so many of them. */
enum { INBOUND_GOOD_SHOWN = 20 };

void inbound_print(const json_t *doc, struct strbuf *out);

#endif
