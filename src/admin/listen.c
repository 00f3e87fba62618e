#include "admin/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/endpoint.h"

enum { BACKLOG = 1024 };

#define UNIX_PREFIX "unix:"

static const char *unix_path(const char *where)
{
	return strncmp(where, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0
	               ? where + strlen(UNIX_PREFIX)
	               : NULL;
}

/* Closes what was begun; the words are in err. */
static int give_up(int fd, const struct err *err)
{
	close(fd);
	return err->class;
}

/* A socket that nobody answers on is what a killed server left. */
static int clear_stale(const struct sockaddr_un *address, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return err_errno(err, ERR_IO, "socket");
	if (lstat(address->sun_path, &st) < 0) {
		close(fd);
		return 0;
	}
	if (!S_ISSOCK(st.st_mode))
		rc = err_set(err, ERR_IO, "%s is there and no socket",
		             address->sun_path);
	else if (connect(fd, (const struct sockaddr *)address,
	                 sizeof(*address)) == 0 ||
	         errno != ECONNREFUSED)
		rc = err_set(err, ERR_BUSY,
		             "another program answers on the socket %s",
		             address->sun_path);
	else if (unlink(address->sun_path) < 0)
		rc = err_errno(err, ERR_IO, "removing the stale socket %s",
		               address->sun_path);
	close(fd);
	return rc;
}

static int bind_unix(int fd, const struct sockaddr_un *address,
                     const struct listen_options *options, struct err *err)
{
	const char *path = address->sun_path;
	mode_t mask = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	if (rc < 0)
		return err_errno(err, ERR_IO, "binding the socket %s", path);
	/* owner first: a mode for a group must not reach the wrong group */
	if (lchown(path, options->owner, options->group) < 0 ||
	    fchmodat(AT_FDCWD, path, options->mode, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, ERR_IO, "owner and mode of the socket %s",
		                 path);
	return 0;
}

static int open_unix(const char *path, const struct listen_options *options,
                     struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_LIMIT,
		               "socket path longer than %zu bytes: %s",
		               sizeof(address.sun_path) - 1, path);
	strcpy(address.sun_path, path);
	if (clear_stale(&address, err) < 0)
		return err->class;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, ERR_IO, "socket");
	if (bind_unix(fd, &address, options, err) < 0)
		return give_up(fd, err);
	if (listen(fd, BACKLOG) == 0)
		return fd;
	err_errno(err, ERR_IO, "listening on %s", path);
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
	          "listening on %s", where);
	return give_up(fd, err);
}

int listen_open(const struct listen_options *options, struct err *err)
{
	const char *path = unix_path(options->where);

	return path != NULL ? open_unix(path, options, err)
	                    : open_inet(options->where, err);
}

bool listen_is_local(const char *where)
{
	struct endpoint endpoint;
	struct err err;

	return unix_path(where) != NULL ||
	       (endpoint_parse(where, 0, &endpoint, &err) == 0 &&
	        endpoint_is_loopback(&endpoint));
}

void listen_remove(const char *where)
{
	const char *path = unix_path(where);

	if (path != NULL)
		unlink(path);
}
