/*
 * postconf_run - running postconf(1)
 *
 * What it prints is read by maillog/postconf.h.
 */
#ifndef TLSTALLY_POSTFIX_POSTCONF_RUN_H
#define TLSTALLY_POSTFIX_POSTCONF_RUN_H

#include "base/err.h"
#include "base/strbuf.h"

/* Runs `postconf WHAT NAME...` ("-x"; names end with NULL, or are NULL), for at
 * most five seconds, and appends what it prints.  The directory is that of
 * an instance's main.cf; "": the default instance's, or MAIL_CONFIG's.
 * ERR_NOTFOUND when there is no postconf. */
int postconf_run(const char *directory, const char *what,
                 const char *const *names, struct strbuf *out, struct err *err);

#endif
