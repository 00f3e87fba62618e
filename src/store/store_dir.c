#include "store/store_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/xalloc.h"

/* statfs(2); the numbers that linux/magic.h lacks are the drivers' own. */
static const struct {
	uint32_t f_type;
	const char *name;
} network_types[] = {
	{0x6969, "NFS"},        {0x517b, "SMB"},
	{0xff534d42, "CIFS"},   {0xfe534d42, "SMB2"},
	{0x01021997, "9P"},     {0x5346414f, "AFS"},
	{0x6b414653, "AFS"},    {0x73757245, "Coda"},
	{0x00c36400, "Ceph"},   {0x0bd00bd0, "Lustre"},
	{0x01161970, "GFS2"},   {0x7461636f, "OCFS2"},
	{0x47504653, "GPFS"},   {0x20030528, "OrangeFS"},
	{0x19830326, "BeeGFS"}, {0x786f4256, "VirtualBox shared folder"},
	{0x65735546, "FUSE"},
};

const char *store_dir_network_name(uint32_t f_type)
{
	size_t n = sizeof(network_types) / sizeof(network_types[0]);

	for (size_t i = 0; i < n; i++)
		if (network_types[i].f_type == f_type)
			return network_types[i].name;
	return NULL;
}

static int check_file_system(const char *path, struct err *err)
{
	const char *name;
	struct statfs fs;

	if (statfs(path, &fs) != 0)
		return err_errno(err, ERR_IO, "store %s: statfs", path);
	name = store_dir_network_name((uint32_t)fs.f_type);
	if (name == NULL)
		return 0;
	return err_set(err, ERR_IO,
	               "store %s: a %s file system does not support locks and "
	               "memory maps that are shared between hosts; set [store] "
	               "directory to a local disk",
	               path, name);
}

char *store_dir_file(const struct store_dir *dir, const char *name)
{
	return xasprintf("%s/%s", dir->path, name);
}

static int open_lock_file(struct store_dir *dir, struct err *err)
{
	int flags = O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	auto_(xfree_str) char *path = store_dir_file(dir, "store.lock");
	struct stat st;

	dir->lock = open(path, flags | O_RDWR, STORE_LOCK_MODE);
	if (dir->lock < 0)
		return err_errno(err, ERR_IO, "cannot open %s", path);
	if (fstat(dir->lock, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & 07777) != STORE_LOCK_MODE &&
	    fchmod(dir->lock, STORE_LOCK_MODE) != 0)
		return err_errno(err, ERR_IO, "cannot change the mode of %s",
		                 path);
	return 0;
}

int store_dir_lock(struct store_dir *dir, bool exclusive, struct err *err)
{
	if (flock(dir->lock, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_errno(err, ERR_IO, "store %s: flock", dir->path);
	if (exclusive)
		return err_set(err, ERR_BUSY,
		               "store %s: another process is using the store; "
		               "stop the tlstally daemons first",
		               dir->path);
	return err_set(err, ERR_BUSY,
	               "store %s: another process is replacing or upgrading "
	               "the store; try again later",
	               dir->path);
}

int store_dir_open(struct store_dir *dir, const char *path, bool create,
                   bool exclusive, struct err *err)
{
	struct stat st;
	int rc = 0;

	*dir = (struct store_dir){.path = xstrdup(path), .lock = -1};
	if (create)
		rc = io_make_directories(path, STORE_DIR_MODE, err) < 0 ? ERR_IO
		                                                        : 0;
	else if (stat(path, &st) != 0)
		rc = errno == ENOENT
		             ? err_set(err, ERR_NOTFOUND,
		                       "there is no store in %s", path)
		             : err_errno(err, ERR_IO, "cannot open %s", path);
	if (rc == 0)
		rc = check_file_system(path, err);
	if (rc == 0)
		rc = open_lock_file(dir, err);
	if (rc == 0)
		rc = store_dir_lock(dir, exclusive, err);
	if (rc != 0)
		store_dir_close(dir);
	return rc;
}

void store_dir_close(struct store_dir *dir)
{
	if (dir->lock >= 0)
		close(dir->lock);
	dir->lock = -1;
	free(dir->path);
	dir->path = NULL;
}
