/*
 * csv - objects of a JSON array as CSV (RFC 4180), for a spreadsheet
 *
 *     csv_print(list, "domain,failedSessions", &out);
 *
 * A line of names, then one for each object, each with CR LF at its end; the
 * names and values are those of --json, and no line depends on the terminal.
 *
 * A spreadsheet takes a text that begins with "=", "+", "-" or "@" for a
 * formula, and the answers, names and records in our tables are a stranger's:
 * "=HYPERLINK(...)" would be obeyed on the postmaster's desk.  Such a text
 * gets an apostrophe before it, which a spreadsheet takes for "this is text".
 * Who needs the bytes as they are takes --json.  Numbers are left alone.
 */
#ifndef TLSTALLY_CLI_CSV_H
#define TLSTALLY_CLI_CSV_H

#include <jansson.h>

#include "base/strbuf.h"

/* The names of the members, with commas. */
void csv_print(const json_t *rows, const char *names, struct strbuf *out);

/* The lines of more rows, without the names before them. */
void csv_print_more(const json_t *rows, const char *names, struct strbuf *out);

#endif
