/* What this host has: the settings, sockets, files, programs and units. */
#include "doctor/check.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/command.h"
#include "base/endpoint.h"
#include "base/path_access.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "intake/dgram_socket.h"

enum { SYSTEMCTL_MS = 5000 };

/* --- files of the settings --- */

/* Whoever owns the store; false when there is none. */
static bool find_owner(const struct look *look, struct access_user *owner)
{
	struct stat st;

	return stat(look->of->conf->store.directory, &st) == 0 &&
	       access_user_find_id(st.st_uid, owner);
}

bool check_readable(struct look *look, const char *path, enum finding_id id)
{
	struct access_answer answer;
	struct access_user owner;
	const char *group;

	if (!find_owner(look, &owner))
		return true;
	access_look(&owner, path, "", ACCESS_READ, &answer);
	if (answer.verdict == ACCESS_NOT_SEEN) {
		CHECK_TELL(look, SETTINGS_NOT_SEEN, answer.at);
		return false;
	}
	if (answer.verdict == ACCESS_GRANTED ||
	    (answer.verdict == ACCESS_MISSING && id != SECRETS_UNREADABLE))
		return true;
	group = check_group_name(look, owner.groups[0]);
	CHECK_TELL(look, id, path, check_user_name(look, owner.uid),
	           answer.verdict == ACCESS_MISSING
	                   ? "it is not there"
	                   : arena_printf(look->arena,
	                                  "%s has mode %04o, owner %s:%s",
	                                  answer.at, answer.mode,
	                                  check_user_name(look, answer.uid),
	                                  check_group_name(look, answer.gid)),
	           group);
	return false;
}

void check_settings(struct look *look)
{
	const struct conf_list *remarks = &look->of->conf->remarks;
	const char *file = look->of->conf->file;
	struct access_user owner;

	if (look->before->are_hidden)
		CHECK_TELL(look, SETTINGS_NOT_SEEN,
		           look->before->settings_trouble);
	else if (look->before->settings_trouble[0] != '\0')
		CHECK_TELL(look, SETTINGS_TROUBLE,
		           look->before->settings_trouble);
	else if (file != NULL &&
	         !check_readable(look, file, SETTINGS_UNREADABLE))
		return;
	else if (remarks->count > 0)
		CHECK_TELL(look, SETTINGS_REMARK, remarks->items[0]);
	else
		CHECK_TELL(look, SETTINGS_WELL, file != NULL ? file : "",
		           find_owner(look, &owner)
		                   ? check_user_name(look, owner.uid)
		                   : "everybody");
}

void check_secrets(struct look *look)
{
	struct err err = {0};
	bool well = true;

	for (size_t i = 0;;) {
		auto_(strbuf_clear) struct strbuf path = {0};

		if (!conf_secret_next(look->of->conf, &i, &path))
			break;
		well &= check_readable(look, strbuf_text(&path),
		                       SECRETS_UNREADABLE);
	}
	if (conf_check_secrets(look->of->conf, &err) < 0)
		CHECK_TELL(look, SECRETS_OPEN, err.text);
	else if (well)
		CHECK_TELL(look, SECRETS_WELL);
}

/* --- the socket of Postfix's events --- */

/* Does somebody receive what Postfix sends?  0, or why not. */
static int socket_errno(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	rc = rc == 0 ? 0 : errno;
	close(fd);
	return rc;
}

void check_socket(struct look *look)
{
	const char *path = endpoint_path(look->of->conf->events.socket);
	int why = socket_errno(path);

	if (why == 0)
		CHECK_TELL(look, SOCKET_WELL, path);
	else if (why == EACCES)
		CHECK_TELL(look, SOCKET_NOT_OURS, path);
	else
		CHECK_TELL(look, SOCKET_NOBODY, path, strerror(why));
}

void check_queue(struct look *look)
{
	int length = dgram_queue_length();

	if (length < 0)
		CHECK_TELL(look, QUEUE_UNREADABLE);
	else
		CHECK_TELL(look,
		           length < DGRAM_QUEUE_SMALL ? QUEUE_SHORT
		                                      : QUEUE_WELL,
		           check_number(look, (uint64_t)length));
}

/* --- the store's files --- */

/* True when nothing is wrong with it. */
static bool owner_is_right(struct look *look, const char *path,
                           const struct stat *store)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return true;
		CHECK_TELL(look, OWNERS_NOT_SEEN, path);
		return false;
	}
	if (st.st_uid != store->st_uid)
		CHECK_TELL(look, OWNERS_OTHER, path,
		           check_user_name(look, st.st_uid),
		           check_user_name(look, store->st_uid));
	else if ((st.st_mode & 0600) != 0600)
		CHECK_TELL(
			look, OWNERS_MODE, path,
			arena_printf(look->arena, "%04o", st.st_mode & 07777),
			check_user_name(look, store->st_uid));
	else
		return true;
	return false;
}

void check_owners(struct look *look)
{
	static const char *const files[] = {"data.mdb", "lock.mdb",
	                                    "store.lock"};
	const char *directory = look->of->conf->store.directory;
	struct stat store;
	bool well = true;

	if (stat(directory, &store) < 0)
		return; /* that is what the check "store" says */
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		well &= owner_is_right(
			look,
			arena_printf(look->arena, "%s/%s", directory, files[i]),
			&store);
	if (!well)
		return;
	if ((store.st_mode & 05) == 05)
		CHECK_TELL(look, OWNERS_OPEN, directory,
		           arena_printf(look->arena, "%04o",
		                        store.st_mode & 07777));
	else
		CHECK_TELL(look, OWNERS_WELL,
		           check_user_name(look, store.st_uid));
}

/* --- programs that run --- */

void check_binaries(struct look *look)
{
	const char *names = look->before->replaced;
	auto_(xfree_str) char *copy = names != NULL ? xstrdup(names) : NULL;
	char *rest = copy, *name;
	bool any = false;

	if (names == NULL) {
		CHECK_TELL(look, BINARIES_NOT_SEEN);
		return;
	}
	while ((name = strtok_r(rest, "\n", &rest)) != NULL) {
		look->about = name;
		CHECK_TELL(look, BINARIES_REPLACED, name);
		any = true;
	}
	look->about = NULL;
	if (!any)
		CHECK_TELL(look, BINARIES_WELL);
}

/* --- units --- */

static const char *const units[] = {
	"tlstallyd.socket",        "tlstallyd.service",
	"tlstally-logd.service",   "tlstally-milter.service",
	"tlstally-policyd.socket", "tlstally-policyd.service",
	"tlstally-httpd.service",  "tlstally.timer",
	"tlstally.service",
};

/* What `systemctl show` says of a unit, "" for what it does not. */
struct unit {
	char load[32], active[32], sub[32], file[32], result[64], restarts[16];
};

static void take_line(struct unit *unit, struct span line)
{
	const struct {
		const char *name;
		char *out;
		size_t room;
	} members[] = {
		{"LoadState", unit->load, sizeof(unit->load)},
		{"ActiveState", unit->active, sizeof(unit->active)},
		{"SubState", unit->sub, sizeof(unit->sub)},
		{"UnitFileState", unit->file, sizeof(unit->file)},
		{"Result", unit->result, sizeof(unit->result)},
		{"NRestarts", unit->restarts, sizeof(unit->restarts)},
	};
	struct span name;

	if (!span_until(&line, '=', &name))
		return;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (span_is(name, members[i].name))
			snprintf(members[i].out, members[i].room, "%.*s",
			         (int)line.len, line.at);
}

/* False: there is no systemd, or no such unit. */
static bool ask_unit(const char *name, struct unit *unit)
{
	const char *const argv[] = {
		"systemctl", "show",
		"--property=LoadState,ActiveState,SubState,UnitFileState,"
		"Result,NRestarts",
		name, NULL};
	struct command command = {.argv = argv, .timeout_ms = SYSTEMCTL_MS};
	auto_(strbuf_clear) struct strbuf out = {0};
	struct span rest, line;
	struct err err = {0};
	bool more;

	memset(unit, 0, sizeof(*unit));
	if (command_run(&command, &out, &err) != 0)
		return false;
	rest = (struct span){strbuf_text(&out), out.len};
	do {
		more = span_split(&rest, '\n', &line);
		take_line(unit, line);
	} while (more);
	return strcmp(unit->load, "loaded") == 0;
}

static bool is_word(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

/* True when nothing is wrong with it. */
static bool unit_is_right(struct look *look, const char *name,
                          const struct unit *unit)
{
	look->about = name;
	if (is_word(unit->active, "failed"))
		CHECK_TELL(look, UNITS_FAILED, name, unit->result);
	else if (is_word(unit->sub, "auto-restart") ||
	         (is_word(unit->active, "activating") &&
	          unit->restarts[0] > '0'))
		CHECK_TELL(look, UNITS_RESTARTING, name, unit->restarts,
		           unit->result);
	else if (is_word(unit->active, "active") &&
	         is_word(unit->file, "disabled") &&
	         /* it is started by its socket */
	         !is_word(name, "tlstallyd.service") &&
	         !is_word(name, "tlstally-policyd.service"))
		CHECK_TELL(look, UNITS_NOT_ENABLED, name);
	else
		return true;
	return false;
}

void check_units(struct look *look)
{
	bool any = false, well = true;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		struct unit unit;

		if (!ask_unit(units[i], &unit))
			continue;
		any = true;
		well &= unit_is_right(look, units[i], &unit);
	}
	look->about = NULL;
	if (any && well)
		CHECK_TELL(look, UNITS_WELL);
}
