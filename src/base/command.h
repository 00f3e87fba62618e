/*
 * command - running another program, for as long as it may take
 *
 *     static const char *const argv[] = {"systemctl", "is-enabled", unit,
 * NULL}; struct command command = {.argv = argv, .timeout_ms = 5000};
 *
 *     status = command_run(&command, &out, &err);
 *
 * No shell is involved.  Standard input is empty.  A program that does not end
 * in time is killed.
 */
#ifndef TLSTALLY_BASE_COMMAND_H
#define TLSTALLY_BASE_COMMAND_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"

struct command {
	const char *const *argv; /* ends with NULL; looked for in PATH, and in
	                            /usr/sbin, which not everybody has there */
	int timeout_ms;
	bool with_errors; /* what it says on standard error is output, too */
	struct strbuf *errors; /* or goes here; NULL: nowhere */
};

/* Appends what it prints, 512 KiB at the most.  Its exit status, or
 * ERR_NOTFOUND when there is no such program, ERR_BUSY when it took too long,
 * ERR_IO. */
int command_run(const struct command *command, struct strbuf *out,
                struct err *err);

/* What a program said last, for people; takes the newlines at the end away. */
const char *command_last_line(struct strbuf *out);

/* Appends the words as a shell takes them: quoted where they must be. */
void command_write(const char *const *argv, struct strbuf *out);

#endif
