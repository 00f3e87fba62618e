/*
 * lines - settings and services as they stand in main.cf and master.cf
 *
 *     smtpd_milters = inet:127.0.0.1:8891,
 *         # the signer is last
 *         inet:127.0.0.1:8893
 *
 * postconf(1) writes a value on one line.  When a value is taken back, the
 * lines that stood there come back with it.
 */
#ifndef TLSTALLY_SETUP_LINES_H
#define TLSTALLY_SETUP_LINES_H

#include <stdbool.h>

#include "base/strbuf.h"
#include "setup/thing.h"

/*
 * Appends the file as it is, but for the lines of that setting or service:
 * where they say the same as in the file as it was, they are written as there.
 * False: nothing is written in another way.
 */
bool lines_give_back(enum thing_kind kind, const char *name,
                     const struct strbuf *is, const struct strbuf *was,
                     struct strbuf *out);

#endif
