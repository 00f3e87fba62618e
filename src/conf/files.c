/*
 * files - are the files, directories and programs of the settings there, and
 * may the owner of the store use them?
 *
 * Whoever asks is often root, for whom everything can be used; so the modes
 * decide, of each directory on the way, and the user and groups that the
 * program will have.  Where an ACL decides (acl(5)), or where we may not look,
 * nothing is said.
 */
#include "conf/conf.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/set_id.h"
#include "base/xalloc.h"
#include "conf/fault.h"
#include "conf/sandbox.h"
#include "conf/settings.h"
#include "conf/value.h"

#define OWNER "tlstally" /* of a store that is not made yet */

enum { GROUPS_MAX = 256, MAY_ENTER = 1, MAY_WRITE = 2, MAY_READ = 4 };

enum use {
	USE_READ,   /* a file */
	USE_LIST,   /* a directory that is read */
	USE_WRITE,  /* a directory that is written to */
	USE_MAKE,   /* the same, which we make */
	USE_SOCKET, /* a socket that we make in a directory */
	USE_RUN,    /* a program */
	USE_SITE,   /* "/PATH /DIRECTORY", with an index.html */
};

/* By which program a setting is used, and as whom. */
static const struct file_use {
	const char *section, *name;
	enum use use;
	const char *unit;    /* of the program */
	const char *starter; /* what is enabled for that; NULL: the unit */
	bool by_root;        /* root opens it, where root starts the program */
	/* Where this one is used, systemd makes the socket, with the
	 * directories on the way, and the setting makes nothing; NULL. */
	const char *maker;
} uses[] = {
	{"store", "directory", USE_MAKE, "tlstally.service", "tlstally.timer",
         false, NULL},
	{"events", "socket", USE_SOCKET, "tlstallyd.service", NULL, true,
         "tlstallyd.socket"},
	{"events", "bad_input_directory", USE_WRITE, "tlstallyd.service", NULL,
         false, NULL},
	{"log", "file", USE_READ, "tlstally-logd.service", NULL, true, NULL},
	{"log", "postfix_config_directory", USE_LIST, "tlstally-logd.service",
         NULL, false, NULL},
	{"milter", "socket", USE_SOCKET, "tlstally-milter.service", NULL, true,
         NULL},
	{"policy", "sts_ca_file", USE_READ, "tlstally-logd.service", NULL,
         false, NULL},
	{"policyd", "socket", USE_SOCKET, "tlstally-policyd.service", NULL,
         true, "tlstally-policyd.socket"},
	{"policyd", "overrides", USE_READ, "tlstally-policyd.service", NULL,
         false, NULL},
	{"deliver", "mail", USE_RUN, "tlstally.service", "tlstally.timer",
         false, NULL},
	{"deliver", "mail_password_file", USE_READ, "tlstally.service",
         "tlstally.timer", false, NULL},
	{"deliver", "mail_ca_file", USE_READ, "tlstally.service",
         "tlstally.timer", false, NULL},
	{"deliver", "https_ca_file", USE_READ, "tlstally.service",
         "tlstally.timer", false, NULL},
	{"deliver", "directory", USE_WRITE, "tlstally.service",
         "tlstally.timer", false, NULL},
	{"http", "listen", USE_SOCKET, "tlstally-httpd.service", NULL, true,
         NULL},
	{"http", "tls_cert", USE_READ, "tlstally-httpd.service", NULL, true,
         NULL},
	{"http", "tls_key", USE_READ, "tlstally-httpd.service", NULL, true,
         NULL},
	{"http", "www", USE_LIST, "tlstally-httpd.service", NULL, false, NULL},
	{"http", "static", USE_SITE, "tlstally-httpd.service", NULL, false,
         NULL},
};

/* Who the program will be. */
struct user {
	bool known;
	char name[64];
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int group_count;
};

static void user_of_store(const struct conf *conf, struct user *user)
{
	const struct passwd *pw;
	struct stat st;

	*user = (struct user){.group_count = GROUPS_MAX};
	pw = stat(conf->store.directory, &st) == 0 ? getpwuid(st.st_uid)
	                                           : getpwnam(OWNER);
	if (pw == NULL)
		return;
	user->known = true;
	user->uid = pw->pw_uid;
	snprintf(user->name, sizeof(user->name), "%s", pw->pw_name);
	if (getgrouplist(pw->pw_name, pw->pw_gid, user->groups,
	                 &user->group_count) < 0)
		user->group_count = GROUPS_MAX;
}

/* Those that the unit adds. */
static void add_groups(struct user *user, const struct sandbox *sandbox)
{
	auto_(xfree_str) char *list =
		sandbox_get(sandbox, "SupplementaryGroups");
	char *rest = list, *word;

	while ((word = strtok_r(rest, " ", &rest)) != NULL &&
	       user->group_count < GROUPS_MAX) {
		const struct group *gr = getgrnam(word);

		if (gr != NULL)
			user->groups[user->group_count++] = gr->gr_gid;
	}
}

static bool is_in_group(const struct user *user, gid_t group)
{
	for (int i = 0; i < user->group_count; i++)
		if (user->groups[i] == group)
			return true;
	return false;
}

/* By mode; true also where an ACL decides. */
static bool may(const struct user *user, const char *path,
                const struct stat *st, unsigned wanted)
{
	unsigned mode = st->st_mode & 07;

	if (!user->known || user->uid == 0)
		return true;
	if (user->uid == st->st_uid)
		mode = (st->st_mode >> 6) & 07;
	else if (is_in_group(user, st->st_gid))
		mode = (st->st_mode >> 3) & 07;
	return (mode & wanted) == wanted ||
	       getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

static const char *words_for(unsigned wanted)
{
	return wanted & MAY_WRITE  ? "write to"
	       : wanted & MAY_READ ? "read"
	                           : "enter";
}

/* One part of the way; false, and `why`, when it ends here. */
static bool pass(const struct user *user, const char *path, unsigned wanted,
                 struct strbuf *why)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			strbuf_printf(why, "%s is not there", path);
		return false;
	}
	if (may(user, path, &st, wanted))
		return true;
	strbuf_printf(why, "user %s may not %s %s (mode %04o)", user->name,
	              words_for(wanted), path, (unsigned)(st.st_mode & 07777));
	return false;
}

/* All directories of the path, then the path itself. */
static bool pass_all(const struct user *user, const char *path, unsigned wanted,
                     struct strbuf *why)
{
	auto_(xfree_str) char *part = xstrdup(path);

	for (char *slash = part; (slash = strchr(slash + 1, '/')) != NULL;) {
		bool passed;

		*slash = '\0';
		passed = pass(user, part, MAY_ENTER, why);
		*slash = '/';
		if (!passed)
			return false;
	}
	return pass(user, path, wanted, why);
}

static void look_at_kind(const char *path, enum use use, struct strbuf *why)
{
	bool is_file = use == USE_READ || use == USE_RUN;
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	if (is_file && S_ISDIR(st.st_mode))
		strbuf_printf(why, "%s is a directory", path);
	else if (!is_file && !S_ISDIR(st.st_mode))
		strbuf_printf(why, "%s is not a directory", path);
}

/* "unix:/run/x.sock" is about /run, "sendmail:/usr/sbin/sendmail" about the
 * program; "": it is about no file. */
static char *path_of(const struct file_use *use, const char *value)
{
	const char *colon = strchr(value, ':');
	const char *path = value;
	char *end, *copy;

	if (use->use == USE_SOCKET)
		path = strncmp(value, "unix:", 5) == 0 ? value + 5 : "";
	else if (use->use == USE_RUN)
		path = strncmp(value, "sendmail:", 9) == 0 ? colon + 1 : "";
	else if (use->use == USE_SITE)
		path = value + strcspn(value, " ") +
		       strspn(value + strcspn(value, " "), " ");
	copy = xstrdup(path[0] == '/' ? path : "");
	end = strrchr(copy, '/');
	if (use->use == USE_SOCKET && end != NULL)
		end[end == copy] = '\0';
	return copy;
}

static void look(const struct file_use *use, const char *path,
                 const struct user *user, const struct sandbox *sandbox,
                 struct strbuf *why)
{
	static const unsigned wanted[] = {
		[USE_READ] = MAY_READ,
		[USE_LIST] = MAY_READ | MAY_ENTER,
		[USE_WRITE] = MAY_WRITE | MAY_ENTER,
		[USE_MAKE] = MAY_WRITE | MAY_ENTER,
		[USE_SOCKET] = MAY_WRITE | MAY_ENTER,
		[USE_RUN] = MAY_ENTER,
		[USE_SITE] = MAY_READ | MAY_ENTER,
	};
	bool writes = (wanted[use->use] & MAY_WRITE) != 0;
	static const struct user root = {.known = true};
	bool by_root = use->by_root && !sandbox->is_used;
	const char *which;

	if (sandbox_keeps(sandbox, path, writes, why))
		return;
	/* what is not there yet is made when it is first needed */
	if ((use->use == USE_MAKE || (use->use == USE_SOCKET && by_root)) &&
	    access(path, F_OK) < 0)
		return;
	if (!pass_all(by_root ? &root : user, path, wanted[use->use], why))
		return;
	look_at_kind(path, use->use, why);
	if (use->use == USE_SITE && why->len == 0) {
		auto_(xfree_str) char *index = xasprintf("%s/index.html", path);

		pass(user, index, MAY_READ, why);
	}
	if (use->use != USE_RUN || why->len > 0 ||
	    !sandbox_refuses_rights(sandbox))
		return;
	which = set_id_program(path);
	if (which != NULL)
		strbuf_printf(why,
		              "%s needs rights of its own, which %s does not "
		              "give (NoNewPrivileges=): no report would leave; "
		              "set mail = smtp://127.0.0.1:25, or have cron "
		              "run `tlstally run` in the place of %s",
		              which, use->unit, use->starter);
}

/* The unit is asked, once for those of its rows that are about a file. */
static void use_unit(struct sandbox *sandbox, const struct file_use *use)
{
	if (sandbox->unit != NULL && strcmp(sandbox->unit, use->unit) == 0)
		return;
	sandbox_clear(sandbox);
	sandbox_ask(sandbox, use->unit,
	            use->starter != NULL ? use->starter : use->unit);
}

static void check(const struct conf *conf, const struct file_use *use,
                  const struct setting *row, const char *value,
                  struct sandbox *sandbox, struct conf_list *faults)
{
	auto_(strbuf_clear) struct strbuf why = {0};
	auto_(xfree_str) char *path = path_of(use, value);
	struct user user;
	struct err err = {0};

	/* what nobody has set is where the package put it */
	if (path[0] == '\0' || strcmp(value, row->standard) == 0 ||
	    (strcmp(use->section, "log") == 0 && use->use == USE_READ &&
	     conf->log.source != LOG_FROM_FILE))
		return;
	if (use->maker != NULL && sandbox_is_used(use->maker))
		return;
	use_unit(sandbox, use);
	user_of_store(conf, &user);
	add_groups(&user, sandbox);
	look(use, path, &user, sandbox, &why);
	if (why.len == 0)
		return;
	conf_fault(conf, use->section, use->name, &err, "%s",
	           strbuf_text(&why));
	conf_fault_add(faults, &err);
}

void conf_check_files(const struct conf *conf, struct conf_list *faults)
{
	struct sandbox sandbox = {0};

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		const struct file_use *use = &uses[i];
		const struct setting *row =
			settings_find(use->section, use->name);
		const struct conf_list *list = row->type == SETTING_LIST
		                                       ? value_list(row, conf)
		                                       : NULL;
		auto_(strbuf_clear) struct strbuf value = {0};

		for (size_t n = 0; list != NULL && n < list->count; n++)
			check(conf, use, row, list->items[n], &sandbox, faults);
		if (list != NULL)
			continue;
		value_write(row, conf, &value);
		check(conf, use, row, strbuf_text(&value), &sandbox, faults);
	}
	sandbox_clear(&sandbox);
}
