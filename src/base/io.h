/*
 * io - system calls that may do half of what they were asked
 */
#ifndef TLSTALLY_BASE_IO_H
#define TLSTALLY_BASE_IO_H

#include <stddef.h>

/* All of it, through short writes and signals; 0, or -1 and errno. */
int io_write_all(int fd, const void *data, size_t len);

#endif
