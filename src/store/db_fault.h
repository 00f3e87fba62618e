/*
 * db_fault - what a damaged store does to the process that reads it
 *
 * LMDB's file is mapped into memory, so a page that is not there (the file was
 * cut, the disk fails) is SIGBUS, and a number in it that is wrong sends LMDB
 * anywhere.  Such a signal, at an address within the map or in the middle of a
 * call of LMDB, and an assertion of LMDB, end the process with one line that
 * says so.  lock.mdb is mapped, too, and may be written by the store's group:
 * who cuts it ends the others, and nothing is lost.  Any other signal is left
 * to whoever had it before, and to the kernel and its core.
 */
#ifndef TLSTALLY_STORE_DB_FAULT_H
#define TLSTALLY_STORE_DB_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Where data.mdb and lock.mdb of that directory are mapped now.  Asks
 * /proc/self/maps: LMDB does not tell.  One store a process. */
void db_fault_watch(const char *directory, int fd);
void db_fault_forget(void);

/* False: the bytes begin within the map and do not end there. */
bool db_fault_is_inside(const void *data, size_t len);

/* The status to end with; EXIT_FAILURE unless it was set. */
void db_fault_set_status(int status);

/* From LMDB's assertions, with what it says.  Does not return. */
void db_fault_assert(const char *words) __attribute__((noreturn));

/* This thread's depth of calls of LMDB. */
extern __thread volatile int db_fault_depth;

#define LMDB(call)                                                             \
	__extension__({                                                        \
		int rc_of_lmdb_;                                               \
                                                                               \
		db_fault_depth++;                                              \
		rc_of_lmdb_ = (call);                                          \
		db_fault_depth--;                                              \
		rc_of_lmdb_;                                                   \
	})

#endif
