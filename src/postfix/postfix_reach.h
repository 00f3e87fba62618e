/*
 * postfix_reach - how Postfix's programs come to a unix socket of ours
 *
 * They run in the queue directory, and most of them in a chroot of it
 * (Debian's master.cf): such a one has the socket by its name from there,
 * "run/tlsrpt/tlsrpt.sock", and does not come to one that lies elsewhere.
 */
#ifndef TLSTALLY_POSTFIX_POSTFIX_REACH_H
#define TLSTALLY_POSTFIX_POSTFIX_REACH_H

#include <stdbool.h>

#include "base/arena.h"
#include "maillog/postconf.h"

/* How a setting of Postfix names it: from the queue directory where it lies
 * below that, else as it is.  The arena's, or `path` itself. */
const char *postfix_name_of(const struct postconf *set, const char *path,
                            struct arena *arena);

/* The same for a socket that one of our daemons listens on, "unix:/path" or
 * "inet:127.0.0.1:8892"; one on all addresses is asked on loopback. */
const char *postfix_address_of(const struct postconf *set, const char *socket,
                               struct arena *arena);

/* Do two such texts mean the same?  `theirs` is a setting of Postfix, of a
 * program in the queue directory, in its chroot or not; of inet ones the ports
 * are compared. */
bool postfix_is_socket(const char *theirs, const char *ours,
                       const char *queue_directory);

/* Do both paths lead to one file? */
bool postfix_is_same_file(const char *a, const char *b);

/* Is what a setting of Postfix names, that path? */
bool postfix_is_named(const struct postconf *set, const char *name,
                      const char *path);

/* The first service that runs the program ("smtp", "smtpd") and does not come
 * to the path; NULL: all do. */
const struct postconf_service *postfix_cut_off(const struct postconf *set,
                                               const char *program,
                                               const char *path);

#endif
