/*
 * report_json - a report as RFC 8460 sections 4.4 and 4.5 write it
 *
 * Members in the RFC's order; mx-host an array (erratum 6241), only for sts;
 * policy-domain always; failure-details always, [] when empty; what is not
 * known is left out, never null or ""; day from T00:00:00Z to T23:59:59Z.
 */
#ifndef TLSTALLY_MODEL_REPORT_JSON_H
#define TLSTALLY_MODEL_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "model/report.h"

/*
 * Appends the JSON.  The stored form keeps the API's "other" types; the form
 * that is sent (wire) has RFC words only: another policy type is
 * no-policy-found, another result validation-failure.
 */
void report_json_write(const struct report *report, bool wire,
                       struct strbuf *out);

/* Indented, for people. */
void report_json_write_pretty(const struct report *report, bool wire,
                              struct strbuf *out);

/* Reads either form into the report (reset first); ERR_PARSE names the
 * member ("policies[1].summary: ..."). */
int report_json_read(const char *text, size_t len, struct report *report,
                     struct err *err);

/* Does the stored form differ from what is sent? */
bool report_has_other(const struct report *report);

#endif
