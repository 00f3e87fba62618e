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

/* One of its streams has something, or is at its end.  What it says of errors
 * is only cut. */
static void read_some(struct command_process *process, int i)
{
	struct strbuf *const to =
		i == 0 ? process->out : process->command->errors;
	size_t max = process->command->output_max;
	char block[4096];
	ssize_t got = read(process->fds[i], block, sizeof(block));

	if (max == 0)
		max = OUTPUT_MAX;
	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0) {
		close(process->fds[i]);
		process->fds[i] = -1;
	} else if (to->len + (size_t)got <= max) {
		strbuf_add(to, block, (size_t)got);
	} else if (i == 0) {
		process->says_too_much = true;
	}
}

/* Nothing more is wanted of it. */
static bool is_over(const struct command_process *process, int64_t now)
{
	return (process->fds[0] < 0 && process->fds[1] < 0) ||
	       process->says_too_much || now >= process->deadline_ms;
}

size_t command_wait(struct command_process *const *list, size_t count)
{
	struct pollfd fds[2 * COMMAND_PROCESSES_MAX];

	for (;;) {
		int64_t now = clock_host_ms(), first = INT64_MAX;

		for (size_t i = 0; i < count; i++) {
			if (is_over(list[i], now))
				return i;
			if (list[i]->deadline_ms < first)
				first = list[i]->deadline_ms;
			for (int k = 0; k < 2; k++)
				fds[2 * i + (size_t)k] = (struct pollfd){
					.fd = list[i]->fds[k],
					.events = POLLIN,
				};
		}
		if (poll(fds, 2 * count, (int)(first - now)) <= 0)
			continue;
		for (size_t i = 0; i < 2 * count; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0)
				read_some(list[i / 2], (int)(i % 2));
	}
}

/* One that has closed its output need not end; false: it did not in time. */
static bool has_ended(struct command_process *process, int *status)
{
	pid_t ended;

	if (process->fds[0] >= 0 || process->fds[1] >= 0)
		return false;
	while ((ended = waitpid(process->pid, status, WNOHANG)) == 0 &&
	       clock_host_ms() < process->deadline_ms)
		wait_ms(PAUSE_MS);
	return ended == process->pid;
}

static void close_pipes(int pipes[2][2], int end)
{
	for (int i = 0; i < 2; i++)
		if (pipes[i][end] >= 0)
			close(pipes[i][end]);
}

int command_finish(struct command_process *process, struct err *err)
{
	const struct command *command = process->command;
	const char *name = command->argv[0];
	int status = 0;
	bool ended = has_ended(process, &status);

	for (int i = 0; i < 2; i++)
		if (process->fds[i] >= 0)
			close(process->fds[i]);
	if (!ended) {
		kill(process->pid, SIGKILL);
		while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (process->says_too_much)
		return err_set(err, ERR_LIMIT, "%s says too much", name);
	if (!ended)
		return err_set(err, ERR_BUSY,
		               "%s did not finish within %d seconds", name,
		               command->timeout_ms / 1000);
	if (!WIFEXITED(status))
		return err_set(err, ERR_IO, "%s was killed", name);
	return WEXITSTATUS(status);
}

int command_start(struct command_process *process,
                  const struct command *command, struct strbuf *out,
                  struct err *err)
{
	int pipes[2][2] = {{-1, -1}, {-1, -1}};
	int rc;

	if (pipe2(pipes[0], O_CLOEXEC) < 0 ||
	    (command->errors != NULL && pipe2(pipes[1], O_CLOEXEC) < 0)) {
		err_errno(err, ERR_IO, "a pipe for %s", command->argv[0]);
		close_pipes(pipes, 0);
		close_pipes(pipes, 1);
		return err->class;
	}
	rc = spawn(command, pipes[0][1], pipes[1][1], &process->pid);
	close_pipes(pipes, 1);
	if (rc != 0) {
		close_pipes(pipes, 0);
		errno = rc;
		return err_errno(err, rc == ENOENT ? ERR_NOTFOUND : ERR_IO,
		                 "%s", command->argv[0]);
	}
	process->command = command;
	process->out = out;
	process->fds[0] = pipes[0][0];
	process->fds[1] = pipes[1][0];
	process->deadline_ms = clock_host_ms() + command->timeout_ms;
	process->says_too_much = false;
	return 0;
}

int command_run(const struct command *command, struct strbuf *out,
                struct err *err)
{
	struct command_process process, *list = &process;

	if (command_start(&process, command, out, err) < 0)
		return err->class;
	command_wait(&list, 1);
	return command_finish(&process, err);
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
