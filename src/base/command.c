#include "base/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/wait.h"
#include "base/xalloc.h"

enum { PAUSE_MS = 5, OUTPUT_MAX = 512 * 1024 };

extern char **environ;

/* sbin is in the path of daemons, and not in everybody's. */
static int spawn_program(pid_t *pid, posix_spawn_file_actions_t *actions,
                         posix_spawnattr_t *attr, const char *const *argv)
{
	/* posix_spawnp(3) only reads the words it takes as char *. */
	union {
		const char *const *in;
		char *const *out;
	} u = {.in = argv};
	auto_(xfree_str) char *path = NULL;
	int rc = posix_spawnp(pid, argv[0], actions, attr, u.out, environ);

	if (rc != ENOENT || strchr(argv[0], '/') != NULL)
		return rc;
	path = xasprintf("/usr/sbin/%s", argv[0]);
	return posix_spawn(pid, path, actions, attr, u.out, environ);
}

/* errors: -1, or where its standard error goes */
static int spawn(const struct command *command, int out, int errors, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (command->with_errors || errors >= 0)
		posix_spawn_file_actions_adddup2(&actions,
		                                 errors >= 0 ? errors : out, 2);
	else
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null",
		                                 O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = spawn_program(pid, &actions, &attr, command->argv);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Until the end of all its output; false when it took too long, or does not
 * end.  What it says of errors is only cut. */
static bool read_output(const int fds[2], struct strbuf *const bufs[2],
                        int64_t deadline)
{
	struct pollfd pollfds[2] = {{.fd = fds[0], .events = POLLIN},
	                            {.fd = fds[1], .events = POLLIN}};
	char block[4096];

	while (pollfds[0].fd >= 0 || pollfds[1].fd >= 0) {
		int64_t left = deadline - clock_host_ms();

		if (left <= 0)
			return false;
		if (poll(pollfds, 2, (int)left) <= 0)
			continue;
		for (int i = 0; i < 2; i++) {
			ssize_t got;

			if (pollfds[i].fd < 0 || pollfds[i].revents == 0)
				continue;
			got = read(fds[i], block, sizeof(block));
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return false;
			if (got == 0)
				pollfds[i].fd = -1;
			else if (bufs[i]->len + (size_t)got <= OUTPUT_MAX)
				strbuf_add(bufs[i], block, (size_t)got);
			else if (i == 0)
				return false;
		}
	}
	return true;
}

/* One that has closed its output need not end; false: it did not in time. */
static bool has_ended(pid_t pid, int *status, int64_t deadline)
{
	pid_t ended;

	while ((ended = waitpid(pid, status, WNOHANG)) == 0 &&
	       clock_host_ms() < deadline)
		wait_ms(PAUSE_MS);
	return ended == pid;
}

static int finish(const struct command *command, pid_t pid, bool in_time,
                  int64_t deadline, struct err *err)
{
	const char *name = command->argv[0];
	int status = 0;

	in_time = in_time && has_ended(pid, &status, deadline);
	if (!in_time) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (!in_time)
		return err_set(err, ERR_BUSY,
		               "%s did not finish within %d seconds", name,
		               command->timeout_ms / 1000);
	if (!WIFEXITED(status))
		return err_set(err, ERR_IO, "%s was killed", name);
	return WEXITSTATUS(status);
}

static void close_pipes(int pipes[2][2], int end)
{
	for (int i = 0; i < 2; i++)
		if (pipes[i][end] >= 0)
			close(pipes[i][end]);
}

int command_run(const struct command *command, struct strbuf *out,
                struct err *err)
{
	struct strbuf *const bufs[2] = {out, command->errors};
	int pipes[2][2] = {{-1, -1}, {-1, -1}};
	int64_t deadline;
	bool in_time;
	pid_t pid;
	int rc;

	if (pipe2(pipes[0], O_CLOEXEC) < 0 ||
	    (command->errors != NULL && pipe2(pipes[1], O_CLOEXEC) < 0)) {
		err_errno(err, ERR_IO, "a pipe for %s", command->argv[0]);
		close_pipes(pipes, 0);
		close_pipes(pipes, 1);
		return err->class;
	}
	rc = spawn(command, pipes[0][1], pipes[1][1], &pid);
	close_pipes(pipes, 1);
	if (rc != 0) {
		close_pipes(pipes, 0);
		errno = rc;
		return err_errno(err, rc == ENOENT ? ERR_NOTFOUND : ERR_IO,
		                 "%s", command->argv[0]);
	}
	deadline = clock_host_ms() + command->timeout_ms;
	in_time = read_output((const int[2]){pipes[0][0], pipes[1][0]}, bufs,
	                      deadline);
	close_pipes(pipes, 0);
	return finish(command, pid, in_time, deadline, err);
}

const char *command_last_line(struct strbuf *out)
{
	char *text, *newline;

	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	text = out->data;
	newline = text != NULL ? strrchr(text, '\n') : NULL;
	return newline != NULL ? newline + 1 : strbuf_text(out);
}

static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_./:@%+,";

	return word[0] != '\0' && word[strspn(word, plain)] == '\0';
}

void command_write(const char *const *argv, struct strbuf *out)
{
	for (size_t i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			strbuf_putc(out, ' ');
		if (is_plain(argv[i])) {
			strbuf_puts(out, argv[i]);
			continue;
		}
		strbuf_putc(out, '\'');
		for (const char *at = argv[i]; *at != '\0'; at++)
			if (*at == '\'')
				strbuf_puts(out, "'\\''");
			else
				strbuf_putc(out, *at);
		strbuf_putc(out, '\'');
	}
}
