/*
 * report_mail - the message that carries a report (RFC 8460 section 5.3)
 *
 * multipart/report; report-type="tlsrpt": a text for people and the gzipped
 * JSON as application/tlsrpt+gzip in base64.  Pure ASCII, CRLF line ends,
 * lines below 78 bytes but where a single name is longer (at most 998).
 * The same struct always gives the same bytes: what is sent again after a
 * lost answer is byte for byte the same.
 */
#ifndef TLSTALLY_REPORT_REPORT_MAIL_H
#define TLSTALLY_REPORT_REPORT_MAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"

struct report_mail {
	const char *from;              /* addr-spec of the sender */
	const char *organization_name; /* NULL: none */
	const char *to;                /* addr-spec */
	const char *domain;            /* TLS-Report-Domain */
	const char *submitter;         /* TLS-Report-Submitter */
	const char *report_id;         /* of the report's body */
	const char *token;             /* letters and digits, at most 60:
	                                  Message-ID and boundary */
	int64_t date;                  /* secs */
	int64_t start, end;            /* of the report, secs */
	uint64_t success, failure;     /* for the text */
	uint64_t number;               /* no two of a store have the same */
	const void *gzip;              /* the report */
	size_t gzip_len;
};

/*
 * Appends the whole message; its Subject is that of report_id.h.  ERR_PARSE
 * when something cannot stand in a header (nothing that is checked elsewhere
 * gets here), ERR_LIMIT when the message is longer than out may become.
 */
int report_mail_write(const struct report_mail *mail, struct strbuf *out,
                      struct err *err);

enum { REPORT_FILE_NAME_MAX = 200 }; /* file systems take 255 */

/*
 * RFC 8460 section 5.1: "submitter!domain!begin!end!unique.json.gz", the
 * unique-id being the 8 hex digits of the report-id or a hash of it.  Where
 * that is longer than REPORT_FILE_NAME_MAX, both names are cut and the number
 * is the domain's last label.  Needs submitter, domain, report_id, start, end
 * and number; lives in the arena.
 */
const char *report_file_name(const struct report_mail *mail,
                             struct arena *arena);

#endif
