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
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"

struct command {
	const char *const *argv; /* ends with NULL; looked for in PATH, and in
	                            /usr/sbin, which not everybody has there */
	int timeout_ms;
	bool with_errors; /* what it says on standard error is output, too */
	struct strbuf *errors; /* or goes here; NULL: nowhere */
	size_t output_max;     /* bytes; 0: 512 KiB */
};

/* Appends what it prints.  Its exit status, or ERR_NOTFOUND when there is no
 * such program, ERR_BUSY when it took too long, ERR_LIMIT when it said too
 * much, ERR_IO. */
int command_run(const struct command *command, struct strbuf *out,
                struct err *err);

/*
 * Several side by side:
 *
 *     command_start(&process, &command, &out, &err);          each
 *     i = command_wait(processes, count);
 *     status = command_finish(processes[i], &err);
 */
enum { COMMAND_PROCESSES_MAX = 64 };

struct command_process {
	const struct command *command; /* lent until it is finished */
	struct strbuf *out;
	pid_t pid;
	int fds[2];
	int64_t deadline_ms;
	bool says_too_much;
};

int command_start(struct command_process *process,
                  const struct command *command, struct strbuf *out,
                  struct err *err);
/* Reads what they say until one of them has said everything, or has had its
 * time: its place in the list. */
size_t command_wait(struct command_process *const *list, size_t count);
/* As command_run() ends; one that goes on is killed. */
int command_finish(struct command_process *process, struct err *err);

/* What a program said last, for people; takes the newlines at the end away. */
const char *command_last_line(struct strbuf *out);

/* Appends the words as a shell takes them: quoted where they must be. */
void command_write(const char *const *argv, struct strbuf *out);

#endif
