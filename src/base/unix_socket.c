#include "base/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/xalloc.h"

static int address_of(const char *path, struct sockaddr_un *address,
                      struct err *err)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return err_set(err, ERR_LIMIT,
		               "the socket path is longer than %zu bytes: %s",
		               sizeof(address->sun_path) - 1, path);
	strcpy(address->sun_path, path);
	return 0;
}

/* Postfix looks for the socket below its queue directory, where nobody may
 * have made "run" yet. */
static int make_parent(const struct unix_socket_options *options,
                       struct err *err)
{
	auto_(xfree_str) char *copy = xstrdup(options->path);
	const char *parent = dirname(copy);
	int rc = io_make_directories(parent, 0755, err);

	if (rc == 1 && lchown(parent, options->owner, options->group) < 0)
		return err_errno(err, ERR_IO,
		                 "cannot set the owner of the directory %s",
		                 parent);
	return rc < 0 ? rc : 0;
}

/* What we give away must be a file of its own: a second name of root's files
 * would do in a directory of somebody else (fs.protected_hardlinks = 0). */
static int give_lock(int fd, uid_t owner)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		errno = EMLINK;
		return -1;
	}
	return st.st_uid == owner ? 0 : fchown(fd, owner, (gid_t)-1);
}

static int take_lock(struct unix_socket *sock,
                     const struct unix_socket_options *options, struct err *err)
{
	auto_(xfree_str) char *path = xasprintf("%s.lock", sock->path);

	sock->lock_fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (sock->lock_fd < 0)
		return err_errno(err, ERR_IO, "cannot open %s", path);
	/* whoever is to own the socket may start us himself the next time */
	if (give_lock(sock->lock_fd, options->owner) < 0)
		return err_errno(err, ERR_IO, "cannot set the owner of %s",
		                 path);
	if (flock(sock->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, ERR_BUSY,
		               "another %s is using the socket %s",
		               options->who, sock->path);
	return err_errno(err, ERR_IO, "cannot lock %s", path);
}

/* What is at the path: nothing or a socket nobody reads (0, and it is gone
 * then), or somebody (ERR_BUSY), or something else. */
static int clear_path(const struct sockaddr_un *address, int type,
                      struct err *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int fd, saved;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(err, ERR_IO, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_IO, "%s exists and is not a socket",
		               path);
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, ERR_IO, "socket");
	saved = connect(fd, (const struct sockaddr *)address,
	                sizeof(*address)) == 0
	                ? 0
	                : errno;
	close(fd);
	/* EAGAIN: its queue of connections is full, so somebody has it */
	if (saved == 0 || saved == EPROTOTYPE || saved == EAGAIN)
		return err_set(err, ERR_BUSY,
		               "another program is using the socket %s", path);
	if (saved != ECONNREFUSED) {
		errno = saved;
		return err_errno(err, ERR_IO, "cannot connect to %s", path);
	}
	if (unlink(path) < 0)
		return err_errno(err, ERR_IO,
		                 "cannot remove the stale socket %s", path);
	return 0;
}

int unix_socket_check(const struct unix_socket *sock, struct err *err)
{
	struct stat st;

	if (!sock->ours || (lstat(sock->path, &st) == 0 &&
	                    st.st_dev == sock->dev && st.st_ino == sock->ino))
		return 0;
	return err_set(err, ERR_IO,
	               "the socket %s was removed or replaced, and no more "
	               "data arrives",
	               sock->path);
}

int unix_socket_bound(struct unix_socket *sock,
                      const struct unix_socket_options *options,
                      struct err *err)
{
	struct stat st;

	sock->ours = true;
	/* which file it is: another there later must not be unlinked */
	if (lstat(sock->path, &st) < 0)
		return err_errno(err, ERR_IO, "%s", sock->path);
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	/* Owner first: a mode for a group must not reach the wrong group.
	 * Neither follows a symbolic link: the directory can belong to the
	 * user that we run as, and we are root here. */
	if (lchown(sock->path, options->owner, options->group) < 0 ||
	    fchmodat(AT_FDCWD, sock->path, options->mode, AT_SYMLINK_NOFOLLOW) <
	            0)
		return err_errno(
			err, ERR_IO,
			"cannot set the owner and mode of the socket %s",
			sock->path);
	return 0;
}

int unix_socket_prepare(struct unix_socket *sock,
                        const struct unix_socket_options *options,
                        struct sockaddr_un *address, struct err *err)
{
	int rc;

	*sock = (struct unix_socket){.lock_fd = -1,
	                             .path = xstrdup(options->path)};
	rc = address_of(options->path, address, err);
	if (rc == 0)
		rc = make_parent(options, err);
	if (rc == 0)
		rc = take_lock(sock, options, err);
	if (rc == 0)
		rc = clear_path(address, options->type, err);
	if (rc < 0)
		unix_socket_close(sock);
	return rc;
}

static int bind_at(const struct sockaddr_un *address, int type, struct err *err)
{
	mode_t mask = umask(0177);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		err_errno(err, ERR_IO, "cannot bind to the socket %s",
		          address->sun_path);
		close(fd);
		fd = ERR_IO;
	} else if (fd < 0) {
		fd = err_errno(err, ERR_IO, "socket");
	}
	umask(mask);
	return fd;
}

int unix_socket_open(struct unix_socket *sock,
                     const struct unix_socket_options *options, int flags,
                     struct err *err)
{
	struct sockaddr_un address;
	int fd;

	if (unix_socket_prepare(sock, options, &address, err) < 0)
		return err->class;
	fd = bind_at(&address, options->type | flags, err);
	if (fd >= 0 && unix_socket_bound(sock, options, err) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	unix_socket_close(sock);
	return err->class;
}

void unix_socket_close(struct unix_socket *sock)
{
	if (sock->ours && unix_socket_check(sock, NULL) == 0)
		unlink(sock->path);
	if (sock->path != NULL && sock->lock_fd >= 0)
		close(sock->lock_fd);
	xfree_str(&sock->path);
	*sock = (struct unix_socket){.lock_fd = -1};
}
