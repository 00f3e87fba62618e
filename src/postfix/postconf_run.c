#include "postfix/postconf_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/wait.h"

enum {
	DEADLINE_MS = 5000,
	PAUSE_MS = 5,
	OUTPUT_MAX = 512 * 1024,
	NAMES_MAX = 64
};

extern char **environ;

/* posix_spawnp(3) only reads the words it takes as char *. */
static char *word(const char *text)
{
	union {
		const char *in;
		char *out;
	} u = {.in = text};

	return u.out;
}

enum { ARGS = NAMES_MAX + 5 };

/* postconf -x [-c DIRECTORY] NAME... */
static void make_args(char *argv[ARGS], const char *directory, const char *what,
                      const char *const *names)
{
	size_t n = 0;

	argv[n++] = word("postconf");
	argv[n++] = word(what);
	if (directory[0] != '\0') {
		argv[n++] = word("-c");
		argv[n++] = word(directory);
	}
	for (size_t i = 0; names != NULL && names[i] != NULL && i < NAMES_MAX;
	     i++)
		argv[n++] = word(names[i]);
	argv[n] = NULL;
}

/* sbin is in the path of daemons, and not in everybody's. */
static int spawn_program(pid_t *pid, posix_spawn_file_actions_t *actions,
                         posix_spawnattr_t *attr, char *const *argv)
{
	int rc = posix_spawnp(pid, "postconf", actions, attr, argv, environ);

	return rc != ENOENT ? rc
	                    : posix_spawn(pid, "/usr/sbin/postconf", actions,
	                                  attr, argv, environ);
}

static int spawn(char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = spawn_program(pid, &actions, &attr, argv);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Until the end of its output; false when it took too long, or does not
 * end. */
static bool read_output(int fd, struct strbuf *out, int64_t deadline)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	char block[4096];

	for (;;) {
		int64_t left = deadline - clock_host_ms();
		ssize_t got;

		if (left <= 0)
			return false;
		if (poll(&pollfd, 1, (int)left) <= 0)
			continue;
		got = read(fd, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if (out->len + (size_t)got > OUTPUT_MAX)
			return false;
		strbuf_add(out, block, (size_t)got);
	}
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

static int finish(pid_t pid, bool in_time, int64_t deadline, struct err *err)
{
	int status = 0;

	in_time = in_time && has_ended(pid, &status, deadline);
	if (!in_time) {
		kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (!in_time)
		return err_set(err, ERR_BUSY,
		               "postconf did not finish within %d seconds",
		               DEADLINE_MS / 1000);
	if (!WIFEXITED(status))
		return err_set(err, ERR_IO, "postconf was killed");
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_IO, "postconf failed (exit status %d)",
		               WEXITSTATUS(status));
	return 0;
}

int postconf_run(const char *directory, const char *what,
                 const char *const *names, struct strbuf *out, struct err *err)
{
	char *argv[ARGS];
	int64_t deadline;
	bool in_time;
	int fds[2];
	pid_t pid;
	int rc;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, ERR_IO, "a pipe for postconf");
	make_args(argv, directory, what, names);
	rc = spawn(argv, fds[1], &pid);
	close(fds[1]);
	if (rc != 0) {
		close(fds[0]);
		errno = rc;
		return err_errno(err, rc == ENOENT ? ERR_NOTFOUND : ERR_IO,
		                 "postconf");
	}
	deadline = clock_host_ms() + DEADLINE_MS;
	in_time = read_output(fds[0], out, deadline);
	close(fds[0]);
	return finish(pid, in_time, deadline, err);
}
