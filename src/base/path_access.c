#include "base/path_access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/auto.h"
#include "base/xalloc.h"

static bool fill_user(const struct passwd *pw, struct access_user *user)
{
	int count = ACCESS_GROUPS_MAX;

	if (pw == NULL)
		return false;
	user->uid = pw->pw_uid;
	/* of a user with more groups, the first */
	if (getgrouplist(pw->pw_name, pw->pw_gid, user->groups, &count) < 0)
		count = ACCESS_GROUPS_MAX;
	user->group_count = (size_t)count;
	return true;
}

bool access_user_find(const char *name, struct access_user *user)
{
	return fill_user(getpwnam(name), user);
}

bool access_user_find_id(uid_t uid, struct access_user *user)
{
	return fill_user(getpwuid(uid), user);
}

static bool has_group(const struct access_user *user, gid_t gid)
{
	for (size_t i = 0; i < user->group_count; i++)
		if (user->groups[i] == gid)
			return true;
	return false;
}

/* As the kernel: the first class that fits decides, and no other. */
static bool mode_grants(const struct access_user *user, const struct stat *st,
                        enum access_want want)
{
	unsigned bits = st->st_mode & 07;

	if (user->uid == 0)
		return true;
	if (st->st_uid == user->uid)
		bits = (st->st_mode >> 6) & 07;
	else if (has_group(user, st->st_gid))
		bits = (st->st_mode >> 3) & 07;
	return (bits & (unsigned)want) == (unsigned)want;
}

/* With one, the bits of the group say something else. */
static bool has_acl(const char *path)
{
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

static void look_at_one(const struct access_user *user, const char *path,
                        enum access_want want, struct access_answer *answer)
{
	struct stat st;

	snprintf(answer->at, sizeof(answer->at), "%s", path);
	if (stat(path, &st) < 0) {
		answer->verdict = errno == ENOENT || errno == ENOTDIR
		                          ? ACCESS_MISSING
		                          : ACCESS_NOT_SEEN;
		return;
	}
	answer->mode = st.st_mode & 07777;
	answer->uid = st.st_uid;
	answer->gid = st.st_gid;
	if (st.st_uid != user->uid && has_acl(path))
		answer->verdict = ACCESS_NOT_SEEN;
	else
		answer->verdict = mode_grants(user, &st, want) ? ACCESS_GRANTED
		                                               : ACCESS_DENIED;
}

/* Where the walk begins: behind `from`, if the path is in it. */
static size_t begin_of(const char *path, const char *from)
{
	auto_(xfree_str) char *real = realpath(from, NULL);
	size_t len = real != NULL ? strlen(real) : 0;

	if (len > 1 && strncmp(path, real, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0'))
		return len;
	return 0;
}

/* Of what is not there, or not ours to see, as much as leads to it. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : xstrdup(path);
}

void access_look(const struct access_user *user, const char *path,
                 const char *from, enum access_want want,
                 struct access_answer *answer)
{
	auto_(xfree_str) char *real = resolve(path);
	size_t at = begin_of(real, from);

	memset(answer, 0, sizeof(*answer));
	answer->is_directory = true;
	while (real[at] != '\0') {
		size_t next = at + 1 + strcspn(real + at + 1, "/");
		char *slash = &real[at];

		/* "/" itself for the first of all */
		*slash = at == 0 ? '/' : '\0';
		if (at == 0)
			look_at_one(user, "/", ACCESS_PASS, answer);
		else
			look_at_one(user, real, ACCESS_PASS, answer);
		*slash = '/';
		if (answer->verdict != ACCESS_GRANTED)
			return;
		at = next;
	}
	answer->is_directory = false;
	look_at_one(user, real, want, answer);
}
