/*
 * io - system calls that may do half of what they were asked
 */
#ifndef TLSTALLY_BASE_IO_H
#define TLSTALLY_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"

/* At a program's start: the standard streams that are closed get something that
 * cannot be read, or written to.  Or the next file that is opened, one of the
 * store, would come to have the number, and our words would go into it. */
void io_hold_standard(void);

/* All of it, through short writes and signals; 0, or -1 and errno. */
int io_write_all(int fd, const void *data, size_t len);

/* Appends all there is to come; what is past the buffer's cap is read and
 * dropped.  0, or -1 and errno. */
int io_read_all(int fd, struct strbuf *out);
/* Appends a whole file; one that is longer than the buffer's cap is
 * ERR_LIMIT. */
int io_read_file(const char *path, struct strbuf *out, struct err *err);

/* Makes a directory with this mode, whatever the umask says, and its parents
 * with 0755.  1 when it was made, 0 when it was there already. */
int io_make_directories(const char *path, mode_t mode, struct err *err);

#endif
