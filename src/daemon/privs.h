/*
 * privs - root opens what it must, then becomes somebody else for good
 *
 * The store belongs to one user, usually tlstally.  Whoever starts one of our
 * programs as root ends up as that user: a daemon after it has made its
 * socket, the command line before it opens anything.
 */
#ifndef TLSTALLY_DAEMON_PRIVS_H
#define TLSTALLY_DAEMON_PRIVS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define PRIVS_USER "tlstally"

struct identity {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/* Names to numbers; a number in digits is taken as it is. */
int privs_user(const char *name, struct identity *identity, struct err *err);
int privs_group(const char *name, gid_t *gid, struct err *err);

/*
 * Who owns the store: the owner of its directory; when there is none yet, it
 * is made for PRIVS_USER (or for ourselves when we are not root), mode 0750.
 */
int privs_store_owner(const char *directory, struct identity *identity,
                      struct err *err);

enum { PRIVS_EXTRA_GROUPS = 8 };

/* When we are root, becomes the identity with its groups and these beside them,
 * such as may read a log, and makes sure that there is no way back.  Nothing
 * when we are it already; ERR_IO when we are somebody else. */
int privs_become(const struct identity *identity, const gid_t *groups,
                 size_t count, struct err *err);

/* When we are root, and there is no store whose owner we could become:
 * PRIVS_USER, or nobody where there is no such user. */
int privs_leave_root(struct err *err);

#endif
