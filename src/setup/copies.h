/*
 * copies - main.cf and master.cf as they were before the first change
 *
 *     /etc/postfix/main.cf.before-tlstally
 *
 * They lie beside the files, with their owner and mode, as long as there is
 * something to take back.
 */
#ifndef TLSTALLY_SETUP_COPIES_H
#define TLSTALLY_SETUP_COPIES_H

#include <stddef.h>

#include "base/err.h"
#include "setup/thing.h"

/* Makes both, of the files in that directory. */
int copies_make(const char *directory, struct err *err);
void copies_remove(const char *directory);

/* What postconf(1) has brought back to the values of the copy stands there as
 * in the copy again, line by line (setup/lines.h). */
int copies_give_back(const struct thing *things, size_t count, struct err *err);

#endif
