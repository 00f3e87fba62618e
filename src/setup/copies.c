#include "setup/copies.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/xalloc.h"
#include "setup/lines.h"

enum { FILES = 2 };

static const char *const files[FILES] = {"main.cf", "master.cf"};

static const char *file_of(enum thing_kind kind)
{
	return files[kind == THING_SERVICE];
}

static char *path_of(const char *directory, const char *file)
{
	return xasprintf("%s/%s", directory, file);
}

static char *copy_of(const char *directory, const char *file)
{
	return xasprintf("%s/%s.before-tlstally", directory, file);
}

/* With the owner and mode that the file `like` has: there may be a password in
 * it. */
static int write_file(const char *path, const struct strbuf *text,
                      const char *like, struct err *err)
{
	auto_(xfree_str) char *made = xasprintf("%s.tlstally-tmp", path);
	struct stat st;
	int fd, rc = 0;

	if (stat(like, &st) < 0)
		return err_errno(err, ERR_IO, "%s", like);
	unlink(made);
	fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || io_write_all(fd, text->data, text->len) < 0 ||
	    (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0) ||
	    fchmod(fd, st.st_mode & 0777) < 0 || fsync(fd) < 0 ||
	    rename(made, path) < 0)
		rc = err_errno(err, ERR_IO, "%s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

int copies_make(const char *directory, struct err *err)
{
	for (size_t i = 0; i < FILES; i++) {
		auto_(xfree_str) char *from = path_of(directory, files[i]);
		auto_(xfree_str) char *to = copy_of(directory, files[i]);
		auto_(strbuf_clear) struct strbuf text = {0};

		if (io_read_file(from, &text, err) < 0 ||
		    write_file(to, &text, from, err) < 0)
			return err->class;
	}
	return 0;
}

void copies_remove(const char *directory)
{
	for (size_t i = 0; i < FILES; i++) {
		auto_(xfree_str) char *path = copy_of(directory, files[i]);

		unlink(path);
	}
}

static int give_back(const struct thing *thing, struct err *err)
{
	const char *file = file_of(thing->kind);
	auto_(xfree_str) char *path = path_of(thing->directory, file);
	auto_(xfree_str) char *copy = copy_of(thing->directory, file);
	auto_(strbuf_clear) struct strbuf is = {0}, was = {0}, out = {0};

	if (access(copy, F_OK) < 0)
		return 0; /* somebody has removed it */
	if (io_read_file(path, &is, err) < 0 ||
	    io_read_file(copy, &was, err) < 0)
		return err->class;
	return lines_give_back(thing->kind, thing->name, &is, &was, &out)
	               ? write_file(path, &out, path, err)
	               : 0;
}

int copies_give_back(const struct thing *things, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (things[i].kind != THING_UNIT &&
		    give_back(&things[i], err) < 0)
			return err->class;
	return 0;
}
