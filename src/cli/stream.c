#include "cli/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int stream_refuse_terminal(struct cli *cli, int fd, const char *name,
                           const char *instead, struct err *err)
{
	if (!isatty(fd))
		return 0;
	cli->is_usage = true;
	return err_set(err, ERR_PARSE, "%s is a terminal: use `tlstally %s`",
	               name, instead);
}

int stream_open_input(struct cli *cli, const char *path, const char *instead,
                      const char **name, struct err *err)
{
	int fd;

	*name = "standard input";
	if (strcmp(path, "-") == 0)
		return stream_refuse_terminal(cli, STDIN_FILENO, *name, instead,
		                              err) < 0
		               ? err->class
		               : STDIN_FILENO;
	*name = path;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd
	               : err_errno(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
	                           "cannot open %s", path);
}

int stream_check_output(struct err *err)
{
	return fcntl(STDOUT_FILENO, F_GETFD) < 0
	               ? err_errno(err, ERR_IO, "standard output")
	               : 0;
}
