/*
 * report_json - a report as RFC 8460 sections 4.4 and 4.5 write it
 *
 * Members in the RFC's order; mx-host an array (erratum 6241), only for sts;
 * policy-domain always; failure-details always, [] when empty; what is not
 * known is left out, never null or ""; day from T00:00:00Z to T23:59:59Z.
 *
 * policy-string is "an encoding of the applied policy" (section 4.4): where
 * none was applied, or its text is not known, there is none, so it is left
 * out rather than sent as [].  A report can also come from the API, so the
 * form that is sent takes only what the RFC's types allow: addresses in their
 * canonical spelling, additional-information that is a URI (text that is none
 * stays with the operator: failure-reason-code, the only free text, is for
 * codes of a TLS library), TLSA records, MX patterns, details of at least one
 * session; and an absent organization-name, which has no way to be absent, is
 * the domain of contact-info.  Counts past 2^53-1 are sent as that.
 */
#ifndef TLSTALLY_REPORT_REPORT_JSON_H
#define TLSTALLY_REPORT_REPORT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "report/report.h"

/*
 * Appends the JSON.  The stored form keeps all there is, the API's "other"
 * types too; the form that is sent (wire) has RFC words only: another policy
 * type is no-policy-found, another result validation-failure.
 */
void report_json_write(const struct report *report, bool wire,
                       struct strbuf *out);

/* Indented, for people. */
void report_json_write_pretty(const struct report *report, bool wire,
                              struct strbuf *out);

/* Reads either form into the report (reset first): strict about what it
 * knows, blind to other members.  ERR_PARSE names the member
 * ("policies[1].summary: not an object").  What was written as stored and
 * read is written again as the same bytes. */
int report_json_read(const char *text, size_t len, struct report *report,
                     struct err *err);

/* The same, of the bytes that the store keeps: gzip, and no more than
 * REPORT_STORED_MAX of JSON.  ERR_LIMIT past that. */
enum { REPORT_STORED_MAX = 256 * 1024 * 1024 };
int report_stored_read(const void *gzip, size_t len, struct report *report,
                       struct err *err);

/* Does the stored form differ from what is sent, be it by a word that only
 * the API has or by something that cannot be sent? */
bool report_has_other(const struct report *report);

#endif
