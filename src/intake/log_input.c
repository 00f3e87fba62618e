#include "intake/log_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/xalloc.h"

enum { GZIP_BUFFER = 128 * 1024 };

static bool ends_in_gz(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, ".gz") == 0;
}

/* The descriptor of its own that gzclose() will close. */
static int open_gzip(struct log_input *input, struct err *err)
{
	int fd = fcntl(input->fd, F_DUPFD_CLOEXEC, 0);

	input->gz = fd < 0 ? NULL : gzdopen(fd, "rb");
	if (input->gz == NULL) {
		if (fd >= 0)
			close(fd);
		return err_set(err, ERR_IO, "%s: cannot be uncompressed",
		               input->path);
	}
	gzbuffer(input->gz, GZIP_BUFFER);
	return 0;
}

/* What is damaged has the head that could be read; log_input_read() will say
 * so when it gets there. */
static void read_head(struct log_input *input)
{
	ssize_t got;

	if (input->gz != NULL) {
		got = gzread(input->gz, input->head, LOG_HEAD);
		gzrewind(input->gz);
	} else {
		got = pread(input->fd, input->head, LOG_HEAD, 0);
	}
	input->head_len = got > 0 ? (size_t)got : 0;
}

static int look_at(struct log_input *input, struct err *err)
{
	struct stat st;

	if (fstat(input->fd, &st) < 0)
		return err_errno(err, ERR_IO, "%s", input->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IO, "%s is not a regular file",
		               input->path);
	input->dev = st.st_dev;
	input->ino = st.st_ino;
	input->mtime = st.st_mtim;
	input->size = (uint64_t)st.st_size;
	if (ends_in_gz(input->path) && open_gzip(input, err) < 0)
		return err->class;
	read_head(input);
	return 0;
}

int log_input_open(struct log_input **out, const char *path, struct err *err)
{
	/* O_NONBLOCK: a FIFO of that name must not hold us up */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct log_input *input;

	if (fd < 0)
		return err_errno(err, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		                 "%s", path);
	input = xcalloc(1, sizeof(*input));
	input->fd = fd;
	input->path = xstrdup(path);
	if (look_at(input, err) < 0) {
		log_input_close(&input);
		return ERR_IO;
	}
	*out = input;
	return 0;
}

void log_input_close(struct log_input **input)
{
	if (*input == NULL)
		return;
	if ((*input)->gz != NULL)
		gzclose((*input)->gz);
	close((*input)->fd);
	free((*input)->path);
	free(*input);
	*input = NULL;
}

int log_input_skip(struct log_input *input, uint64_t offset, struct err *err)
{
	if (input->gz != NULL &&
	    gzseek(input->gz, (z_off_t)offset, SEEK_SET) < 0)
		return err_set(err, ERR_IO, "%s: cannot continue at byte %llu",
		               input->path, (unsigned long long)offset);
	input->at = offset;
	return 0;
}

static ssize_t read_gzip(struct log_input *input, void *buf, size_t room,
                         struct err *err)
{
	int got = gzread(input->gz, buf, (unsigned)room);
	int zerr = Z_OK;
	const char *why = got > 0 ? "" : gzerror(input->gz, &zerr);

	if (got > 0 || zerr == Z_OK || zerr == Z_STREAM_END)
		return got;
	return err_set(err, zerr == Z_ERRNO ? ERR_IO : ERR_PARSE,
	               "%s is damaged after %llu bytes (%s)", input->path,
	               (unsigned long long)input->at,
	               zerr == Z_BUF_ERROR ? "unexpected end of the file"
	                                   : why);
}

static ssize_t read_plain(struct log_input *input, void *buf, size_t room,
                          struct err *err)
{
	ssize_t got;

	do
		got = pread(input->fd, buf, room, (off_t)input->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, ERR_IO, "cannot read %s", input->path);
	return got;
}

ssize_t log_input_read(struct log_input *input, void *buf, size_t room,
                       struct err *err)
{
	ssize_t got = input->gz != NULL ? read_gzip(input, buf, room, err)
	                                : read_plain(input, buf, room, err);

	if (got > 0)
		input->at += (uint64_t)got;
	return got;
}

bool log_input_is_same(struct log_input *input)
{
	char head[LOG_HEAD];
	ssize_t got;

	if (input->gz != NULL)
		return true;
	got = pread(input->fd, head, sizeof(head), 0);
	if (got < 0)
		return true; /* the next read will say why */
	if ((size_t)got < input->head_len ||
	    memcmp(head, input->head, input->head_len) != 0)
		return false;
	if (input->head_len < LOG_HEAD) {
		size_t known = input->at < (uint64_t)got ? (size_t)input->at
		                                         : (size_t)got;

		if (known > input->head_len) {
			memcpy(input->head, head, known);
			input->head_len = known;
		}
	}
	return true;
}

bool log_input_is_known(const struct log_input *input)
{
	return input->head_len == LOG_HEAD ||
	       memchr(input->head, '\n', input->head_len) != NULL;
}

int64_t log_input_left(const struct log_input *input)
{
	int64_t done = (int64_t)input->at;
	struct stat st;

	if (input->gz != NULL)
		done = gzoffset(input->gz);
	if (fstat(input->fd, &st) < 0 || done < 0 || done > st.st_size)
		return 0;
	return st.st_size - done;
}

struct timespec log_input_written_at(const struct log_input *input)
{
	struct stat st;

	return fstat(input->fd, &st) == 0 ? st.st_mtim : input->mtime;
}
