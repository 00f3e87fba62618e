/*
 * A log and whoever writes, rotates and compresses it, for tests.
 *
 *     mail.log  mail.log.1  mail.log.2.gz      or  mail.log-20260301.gz
 */
#ifndef TLSTALLY_TESTS_UNIT_LOG_WORLD_H
#define TLSTALLY_TESTS_UNIT_LOG_WORLD_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "unit/store_test.h"

struct log_world {
	char *path;
	bool dateext; /* "-20260301" instead of ".1" */
	int rotations;
};

static inline void log_world_append(const struct log_world *w, const char *text)
{
	int fd = open(w->path, O_WRONLY | O_CREAT | O_APPEND, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

static inline char *log_world_rotated(const struct log_world *w, int n, bool gz)
{
	return w->dateext ? xasprintf("%s-202603%02d%s", w->path, n,
	                              gz ? ".gz" : "")
	                  : xasprintf("%s.%d%s", w->path, n, gz ? ".gz" : "");
}

static inline void log_world_shift(const struct log_world *w)
{
	for (int n = w->rotations; n > 0; n--)
		for (int gz = 0; gz < 2; gz++) {
			auto_(xfree_str) char *from =
				log_world_rotated(w, n, gz);
			auto_(xfree_str) char *to =
				log_world_rotated(w, n + 1, gz);

			rename(from, to);
		}
}

/* The name of the next rotated file, free now. */
static inline char *log_world_make_room(struct log_world *w)
{
	w->rotations++;
	if (w->dateext)
		return log_world_rotated(w, w->rotations, false);
	log_world_shift(w);
	return log_world_rotated(w, 1, false);
}

static inline void log_world_rename(struct log_world *w)
{
	auto_(xfree_str) char *to = log_world_make_room(w);
	int fd;

	assert_int_equal(rename(w->path, to), 0);
	fd = open(w->path, O_WRONLY | O_CREAT | O_EXCL, 0640);
	assert_true(fd >= 0);
	close(fd);
}

static inline void *log_world_read(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *data;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*len = (size_t)st.st_size;
	data = xmalloc(*len + 1);
	assert_int_equal(read(fd, data, *len), (int)*len);
	close(fd);
	return data;
}

static inline void log_world_copy_file(const char *from, const char *to)
{
	size_t len;
	void *data = log_world_read(from, &len);
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (int)len);
	close(fd);
	free(data);
}

static inline void log_world_copy(struct log_world *w)
{
	auto_(xfree_str) char *to = log_world_make_room(w);

	log_world_copy_file(w->path, to);
	assert_int_equal(truncate(w->path, 0), 0);
}

/* As gzip(1) does, with the time of the file. */
static inline void log_world_gzip_file(const char *path, const char *to)
{
	size_t len;
	void *data = log_world_read(path, &len);
	gzFile gz = gzopen(to, "wb");
	struct timespec times[2];
	struct stat st;

	assert_non_null(gz);
	assert_int_equal(gzwrite(gz, data, (unsigned)len), (int)len);
	gzclose(gz);
	assert_int_equal(stat(path, &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, to, times, 0), 0);
	free(data);
}

static inline void log_world_gzip(const struct log_world *w, int n)
{
	auto_(xfree_str) char *path = log_world_rotated(w, n, false);
	auto_(xfree_str) char *to = log_world_rotated(w, n, true);
	struct stat st;

	if (n < 1 || stat(path, &st) < 0 || st.st_size == 0)
		return;
	log_world_gzip_file(path, to);
	unlink(path);
}

#endif
