/*
 * completion - the tables of tlstally as bash completion has them
 *
 * Commands, options, types, fields, filters and sorts come from the rows that
 * the command itself goes by, when it is built; so none can be missing.  What
 * reads them stands in conf/completion.bash.
 */
#ifndef TLSTALLY_CLI_COMPLETION_H
#define TLSTALLY_CLI_COMPLETION_H

#include "base/strbuf.h"

/* Variables and functions for bash. */
void completion_write(struct strbuf *out);

#endif
