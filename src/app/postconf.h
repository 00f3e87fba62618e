/*
 * postconf - what Postfix's settings say
 */
#ifndef TLSTALLY_APP_POSTCONF_H
#define TLSTALLY_APP_POSTCONF_H

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

/* Runs `postconf -x NAME...` (names end with NULL), for at most five seconds,
 * and appends what it prints: lines "name = value".  The directory is that of
 * an instance's main.cf; "": the default instance's, or MAIL_CONFIG's.
 * ERR_NOTFOUND when there is no postconf. */
int postconf_run(const char *directory, const char *const *names,
                 struct strbuf *out, struct err *err);

/* The value of a name in that; "" when it is not there.  Copied into
 * value. */
const char *postconf_value(const struct strbuf *lines, const char *name,
                           char *value, size_t room);

#endif
