#include "programs/milterd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/privs.h"
#include "intake/milter.h"

/* The path of "unix:/path" and "local:/path"; NULL for the others. */
static const char *path_of(const char *socket)
{
	const char *colon = strchr(socket, ':');

	return colon != NULL && colon[1] == '/' ? colon + 1 : NULL;
}

static int who_owns(const struct milterd *d,
                    struct unix_socket_options *options, struct err *err)
{
	const char *owner = d->conf.milter.socket_owner;
	const char *group = d->conf.milter.socket_group;
	struct identity identity;

	if (geteuid() == 0 && owner[0] != '\0') {
		if (privs_user(owner, &identity, err) < 0)
			return err_prefix(err, "[milter] socket_owner");
		options->owner = identity.uid;
	}
	if (group[0] != '\0' && privs_group(group, &options->group, err) < 0)
		return err_prefix(err, "[milter] socket_group");
	return 0;
}

/* libmilter binds; nobody but us gets in before owner and mode are set. */
static int listen_unix(struct milterd *d, const char *path, struct err *err)
{
	struct unix_socket_options options = {
		.path = path,
		.type = SOCK_STREAM,
		.owner = geteuid(),
		.group = getegid(),
		.mode = (mode_t)d->conf.milter.socket_mode,
		.who = "tlstally-milter",
	};
	struct sockaddr_un address;
	mode_t mask;
	int rc;

	if (who_owns(d, &options, err) < 0 ||
	    unix_socket_prepare(&d->sock, &options, &address, err) < 0)
		return err->class;
	mask = umask(0177);
	rc = milter_listen(d->conf.milter.socket, err);
	umask(mask);
	return rc < 0 ? rc : unix_socket_bound(&d->sock, &options, err);
}

int milterd_listen(struct milterd *d, struct err *err)
{
	const char *path = path_of(d->conf.milter.socket);

	return path != NULL ? listen_unix(d, path, err)
	                    : milter_listen(d->conf.milter.socket, err);
}
