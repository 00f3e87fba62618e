/*
 * dsn_kept - what a bounce says of its recipients, until its report is found
 *
 *     [{"address": "tls@example.com", "action": "failed", "status": [5, 1, 1],
 *       "refusal": "no-such-address", "diagnostic": "550 5.1.1 who?"}]
 *
 * A bounce that comes to a host which did not send the report goes to the one
 * that did, by the ledger of the fleet, as this text.
 */
#ifndef TLSTALLY_INMAIL_DSN_KEPT_H
#define TLSTALLY_INMAIL_DSN_KEPT_H

#include "base/strbuf.h"
#include "inmail/dsn.h"

void dsn_kept_write(const struct dsn *dsn, struct strbuf *out);
/* ERR_PARSE: it is no such text. */
int dsn_kept_read(const char *text, struct dsn *dsn, struct err *err);

#endif
