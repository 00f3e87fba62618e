/*
 * set_id - programs that get rights of their own when they are started
 *
 * Postfix's sendmail(1) hands a message to postdrop(1), which is set-group-ID:
 * its group may write to the maildrop directory.  A process with no_new_privs
 * (systemd's NoNewPrivileges=) may start it, and it gets no rights; it then
 * tries to write there again and again, and never ends.
 */
#ifndef TLSTALLY_BASE_SET_ID_H
#define TLSTALLY_BASE_SET_ID_H

#include <stdbool.h>

/* Which program gets rights of its own when the one at this path is run:
 * itself, or Postfix's postdrop; NULL: none does. */
const char *set_id_program(const char *path);

/* Does the kernel give them neither to us, nor to what we start? */
bool set_id_is_refused(void);

#endif
