/*
 * new_file - a file that stands under its name when all of it is on disk, and
 * not before
 *
 *     auto_(new_file_drop) struct new_file *file = NULL;
 *
 *     new_file_open(&file, "/var/backups/tally.mdb", 0640, false, &err)
 *     ... write to new_file_fd(file) ...
 *     new_file_commit(file, &err)
 *
 * It is written under another name in the same directory and renamed at last,
 * so that no half file is ever taken for a whole one.  Dropped before that, it
 * is gone; and so it is when SIGHUP, SIGINT or SIGTERM ends the process.  One
 * file a process at a time.
 */
#ifndef TLSTALLY_BASE_NEW_FILE_H
#define TLSTALLY_BASE_NEW_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct new_file;

/* The mode whatever the umask says.  ERR_IO in words, also when there is
 * something of that name and not `replace`; replaced is a regular file, and
 * nothing else. */
int new_file_open(struct new_file **file, const char *path, mode_t mode,
                  bool replace, struct err *err);
int new_file_fd(const struct new_file *file);

/* Renames it, and sees that this is on disk. */
int new_file_commit(struct new_file *file, struct err *err);
void new_file_drop(struct new_file **file);

/* What was renamed to that path is on disk when its directory is. */
int new_file_sync_directory(const char *path, struct err *err);

#endif
