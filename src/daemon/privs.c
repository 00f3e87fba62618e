#include "daemon/privs.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum { NGROUPS_OF_A_USER = 256 };

static int number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return isdigit((unsigned char)text[0]) && *end == '\0' && n >= 0 &&
	                       n < 0x7fffffff
	               ? (int)n
	               : -1;
}

int privs_user(const char *name, struct identity *identity, struct err *err)
{
	int id = number(name);
	const struct passwd *pw =
		id >= 0 ? getpwuid((uid_t)id) : getpwnam(name);

	if (pw == NULL)
		return err_set(err, ERR_NOTFOUND, "unknown user '%s'", name);
	identity->uid = pw->pw_uid;
	identity->gid = pw->pw_gid;
	snprintf(identity->name, sizeof(identity->name), "%s", pw->pw_name);
	return 0;
}

int privs_group(const char *name, gid_t *gid, struct err *err)
{
	const struct group *gr;

	if (number(name) >= 0) {
		*gid = (gid_t)number(name);
		return 0;
	}
	gr = getgrnam(name);
	if (gr == NULL)
		return err_set(err, ERR_NOTFOUND, "unknown group '%s'", name);
	*gid = gr->gr_gid;
	return 0;
}

static int make_store(const char *directory, struct identity *identity,
                      struct err *err)
{
	if (geteuid() == 0) {
		if (privs_user(PRIVS_USER, identity, err) < 0)
			return err_prefix(
				err,
				"cannot create %s without an owner: create the "
				"user (adduser --system --group tlstally), or "
				"create the directory with the right owner",
				directory);
	} else if (privs_user(getpwuid(geteuid()) ? getpwuid(geteuid())->pw_name
	                                          : "?",
	                      identity, err) < 0) {
		return err->class;
	}
	if (io_make_directories(directory, 0750, err) < 0)
		return err->class;
	if (geteuid() == 0 &&
	    chown(directory, identity->uid, identity->gid) < 0)
		return err_errno(err, ERR_IO,
		                 "cannot set the owner of the directory %s",
		                 directory);
	return 0;
}

int privs_store_owner(const char *directory, struct identity *identity,
                      struct err *err)
{
	const struct passwd *pw;
	struct stat st;

	if (stat(directory, &st) < 0) {
		if (errno == ENOENT)
			return make_store(directory, identity, err);
		return err_errno(err, ERR_IO, "the store %s", directory);
	}
	identity->uid = st.st_uid;
	identity->gid = st.st_gid;
	pw = getpwuid(st.st_uid);
	snprintf(identity->name, sizeof(identity->name), "%s",
	         pw ? pw->pw_name : "");
	return 0;
}

/* initgroups(3), and the groups given. */
static int set_groups(const struct identity *identity, const gid_t *groups,
                      size_t count)
{
	gid_t all[NGROUPS_OF_A_USER + PRIVS_EXTRA_GROUPS];
	int own = 0;

	if (identity->name[0] != '\0') {
		own = NGROUPS_OF_A_USER;
		/* of a user with more, the first */
		if (getgrouplist(identity->name, identity->gid, all, &own) < 0)
			own = NGROUPS_OF_A_USER;
	}
	for (size_t i = 0; i < count && i < PRIVS_EXTRA_GROUPS; i++)
		all[own++] = groups[i];
	return setgroups((size_t)own, all);
}

static int drop(const struct identity *identity, const gid_t *groups,
                size_t count, struct err *err)
{
	if (set_groups(identity, groups, count) < 0 ||
	    setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) < 0)
		return err_errno(err, ERR_IO, "cannot switch to user %s",
		                 identity->name);
	/* the way back must be shut */
	if (identity->uid != 0 && (setuid(0) == 0 || geteuid() == 0))
		return err_set(err, ERR_IO, "cannot drop root privileges");
	return 0;
}

int privs_become(const struct identity *identity, const gid_t *groups,
                 size_t count, struct err *err)
{
	if (geteuid() == 0)
		return drop(identity, groups, count, err);
	if (geteuid() != identity->uid)
		return err_set(err, ERR_IO,
		               "the store is owned by user %s: run this as "
		               "that user, or as root",
		               identity->name);
	return 0;
}

int privs_leave_root(struct err *err)
{
	struct identity other;

	if (geteuid() != 0)
		return 0;
	if (privs_user(PRIVS_USER, &other, err) < 0 &&
	    privs_user("nobody", &other, err) < 0)
		return err->class;
	return privs_become(&other, NULL, 0, err);
}
