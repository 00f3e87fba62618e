/*
 * path_access - may another user get at a file, by modes and owners?
 *
 *     struct access_user postfix;
 *     struct access_answer answer;
 *
 *     access_user_find("postfix", &postfix);
 *     access_look(&postfix, "/var/spool/postfix/run/tlsrpt/tlsrpt.sock",
 *                 "/var/spool/postfix", ACCESS_WRITE, &answer);
 *
 * Nobody becomes that user for it, so anybody may ask who can see the
 * directories.  What cannot be told from the modes (an access control list, a
 * directory that we may not look into ourselves) is not guessed at.
 */
#ifndef TLSTALLY_BASE_PATH_ACCESS_H
#define TLSTALLY_BASE_PATH_ACCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { ACCESS_GROUPS_MAX = 64 };

struct access_user {
	uid_t uid;
	gid_t groups[ACCESS_GROUPS_MAX]; /* the user's own is the first */
	size_t group_count;
};

/* False: there is no such user. */
bool access_user_find(const char *name, struct access_user *user);
bool access_user_find_id(uid_t uid, struct access_user *user);

enum access_want { ACCESS_READ = 4, ACCESS_WRITE = 2, ACCESS_PASS = 1 };

enum access_verdict {
	ACCESS_GRANTED,
	ACCESS_DENIED,   /* by what stands at `at` */
	ACCESS_MISSING,  /* there is nothing at `at` */
	ACCESS_NOT_SEEN, /* it cannot be told, because of `at` */
};

struct access_answer {
	enum access_verdict verdict;
	char at[PATH_MAX]; /* the directory, or the path itself */
	bool is_directory; /* on the way, not the path itself */
	mode_t mode;       /* of ACCESS_DENIED: permission bits */
	uid_t uid;
	gid_t gid;
};

/* Symbolic links are followed.  `from`: the directory in which the user's
 * process is already, so that what lies above it does not matter; "" or "/":
 * none. */
void access_look(const struct access_user *user, const char *path,
                 const char *from, enum access_want want,
                 struct access_answer *answer);

#endif
