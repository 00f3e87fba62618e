/*
 * lookup - what commands share that look a domain up from here
 */
#ifndef TLSTALLY_CLI_LOOKUP_H
#define TLSTALLY_CLI_LOOKUP_H

#include <jansson.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "domain/domain_view.h"

/* By --resolver or the settings.  validates: what the resolver says of DNSSEC
 * is believed. */
int lookup_here(struct cli *cli, bool validates, struct arena *arena,
                struct domain_view *view, struct err *err);

/* The document of show/lookup_doc.h: TLSRPT, MTA-STS and MX. */
void lookup_print(const json_t *doc, struct strbuf *out);

#endif
