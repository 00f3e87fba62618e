#include "programs/milterd.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "intake/milter.h"

/* The path of "unix:/path" and "local:/path"; NULL for the others. */
static const char *path_of(const char *socket)
{
	const char *colon = strchr(socket, ':');

	return colon != NULL && colon[1] == '/' ? colon + 1 : NULL;
}

/* libmilter binds; nobody but us gets in before owner and mode are set. */
static int listen_unix(struct milterd *d, const char *path, struct err *err)
{
	struct unix_socket_options options = {
		.path = path,
		.type = SOCK_STREAM,
		.who = "tlstally-milter",
	};
	const struct conf *conf = &d->base.conf;
	struct sockaddr_un address;
	mode_t mask;
	int rc;

	if (daemon_socket_rights(&options, "milter", conf->milter.socket_owner,
	                         conf->milter.socket_group,
	                         conf->milter.socket_mode, err) < 0 ||
	    unix_socket_prepare(&d->sock, &options, &address, err) < 0)
		return err->class;
	mask = umask(0177);
	rc = milter_listen(conf->milter.socket, err);
	umask(mask);
	return rc < 0 ? rc : unix_socket_bound(&d->sock, &options, err);
}

int milterd_listen(struct milterd *d, struct err *err)
{
	const char *path = path_of(d->base.conf.milter.socket);

	return path != NULL ? listen_unix(d, path, err)
	                    : milter_listen(d->base.conf.milter.socket, err);
}
