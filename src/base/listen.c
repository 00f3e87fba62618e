#include "base/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/endpoint.h"

enum { BACKLOG = 1024 };

/* Closes what was begun; the words are in err. */
static int give_up(int fd, const struct err *err)
{
	close(fd);
	return err->class;
}

static int open_unix(struct unix_socket *file, const char *path,
                     const struct listen_options *options, struct err *err)
{
	const struct unix_socket_options how = {
		.path = path,
		.type = SOCK_STREAM,
		.owner = options->owner,
		.group = options->group,
		.mode = options->mode,
		.who = options->who,
	};
	int fd = unix_socket_open(file, &how, SOCK_NONBLOCK, err);

	if (fd < 0 || listen(fd, BACKLOG) == 0)
		return fd;
	err_errno(err, ERR_IO, "cannot listen on %s", path);
	unix_socket_close(file);
	return give_up(fd, err);
}

static int open_inet(const char *where, struct err *err)
{
	struct endpoint endpoint;
	int fd, on = 1;

	if (endpoint_parse(where, 0, &endpoint, err) < 0)
		return err->class;
	fd = socket(endpoint.address.ss_family,
	            SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, ERR_IO, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&endpoint.address,
	         endpoint.len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err_errno(err, errno == EADDRINUSE ? ERR_BUSY : ERR_IO,
	          "cannot listen on %s", where);
	return give_up(fd, err);
}

/* It may be any address: whoever made it has chosen. */
static int adopt(int fd, struct err *err)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0 ||
	    !listens)
		return err_set(err, ERR_PARSE,
		               "the socket from the service manager is not a "
		               "listening stream socket (ListenStream= in the "
		               "socket unit)");
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_errno(err, ERR_IO,
		                 "the socket from the service manager");
	return fd;
}

int listen_open(struct unix_socket *file, const struct listen_options *options,
                struct err *err)
{
	const char *path = endpoint_path(options->where);

	*file = (struct unix_socket){.lock_fd = -1};
	if (options->handed_fd >= 0)
		return adopt(options->handed_fd, err);
	return path != NULL ? open_unix(file, path, options, err)
	                    : open_inet(options->where, err);
}

bool listen_is_local(const char *where)
{
	struct endpoint endpoint;
	struct err err;

	return endpoint_path(where) != NULL ||
	       (endpoint_parse(where, 0, &endpoint, &err) == 0 &&
	        endpoint_is_loopback(&endpoint));
}
