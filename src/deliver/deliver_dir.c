#include "deliver/deliver_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "deliver/answer.h"

enum { KEPT_END = 40 };

void deliver_dir_name(const char *name, char out[DIR_NAME_MAX + 1])
{
	size_t len = strlen(name);

	if (len <= DIR_NAME_MAX) {
		memcpy(out, name, len + 1);
	} else {
		memcpy(out, name, DIR_NAME_MAX - KEPT_END);
		memcpy(out + DIR_NAME_MAX - KEPT_END, name + len - KEPT_END,
		       KEPT_END + 1);
	}
	for (char *p = out; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '/' || *p == '\\')
			*p = '_';
	if (out[0] == '.')
		out[0] = '_';
	if (out[0] == '\0')
		strcpy(out, "_");
}

static int write_file(int dir, const char *name, const struct delivery_job *job,
                      struct err *err)
{
	char part[DIR_NAME_MAX + 8];
	int fd, rc;

	snprintf(part, sizeof(part), ".%s.part", name);
	fd = openat(dir, part,
	            O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	            0640);
	if (fd < 0)
		return err_errno(err, ERR_IO, "%s", part);
	rc = fchmod(fd, 0640) < 0 || /* whatever the umask says */
	     io_write_all(fd, job->body, job->body_len) < 0 || fsync(fd) < 0;
	if (rc != 0)
		err_errno(err, ERR_IO, "%s", part);
	close(fd);
	failpoint_hit("directory rename");
	if (rc == 0 && renameat(dir, part, dir, name) < 0)
		rc = err_errno(err, ERR_IO, "%s", name);
	else if (rc == 0 && fsync(dir) < 0)
		return err_errno(err, ERR_IO, "directory");
	if (rc != 0)
		unlinkat(dir, part, 0);
	return rc == 0 ? 0 : ERR_IO;
}

void deliver_dir(const struct delivery_job *job, struct delivery_answer *answer)
{
	static const char scheme[] = "directory:";
	const char *path = job->rua->uri + strlen(scheme);
	char name[DIR_NAME_MAX + 1];
	struct err err;
	int dir, rc;

	deliver_dir_name(job->file_name, name);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		rc = err_errno(&err, ERR_IO, "open");
	} else {
		rc = write_file(dir, name, job, &err);
		close(dir);
	}
	if (rc == 0)
		answer_set(answer, EVENT_ACCEPTED, STAGE_LOCAL, "%s/%s", path,
		           name);
	else
		answer_our_fault(answer, STAGE_LOCAL, "directory %s: %s", path,
		                 err.text);
}
