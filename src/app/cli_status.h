/*
 * cli_status - `tlstally status`: found out once, told twice
 *
 * The document's members are tlstally(1)'s:
 *
 *     now settings mode store feeds waiting events days outbox trouble
 *     unreported coverage suppressions
 *
 * status_collect() fills it; status_print() writes the text for people.
 */
#ifndef TLSTALLY_APP_CLI_STATUS_H
#define TLSTALLY_APP_CLI_STATUS_H

#include <jansson.h>

#include "app/cli.h"

/* Lists of what may be many are cut to these; a count says how many. */
enum { STATUS_DAYS = 7, STATUS_TROUBLE_MAX = 10, STATUS_UNREPORTED_MAX = 20 };

/* In cli_status.c and, the two tables that may be large, cli_status_scan.c */
int status_collect(struct cli *cli, json_t *doc, struct err *err);
int status_days(struct cli *cli, json_t *doc, struct err *err);
int status_outbox(struct cli *cli, json_t *doc, struct err *err);
/* Mail without TLS sessions (rollup/coverage.h): cli_status_coverage.c */
int status_coverage(struct cli *cli, json_t *doc, struct err *err);
void status_print_coverage(const json_t *doc, struct strbuf *out);

void status_print(const json_t *doc, struct strbuf *out);

#endif
