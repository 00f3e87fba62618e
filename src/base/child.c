#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static const int handed_on[] = {SIGINT, SIGTERM, SIGHUP};

enum { HANDED_ON = sizeof(handed_on) / sizeof(handed_on[0]) };

static volatile pid_t child_pid;

static void hand_on(int sig)
{
	int saved = errno;

	kill(child_pid, sig);
	errno = saved;
}

static void work(int (*job)(void *arg, struct err *err), void *arg, int answer)
{
	struct err said = {0};

	said.class = job(arg, &said);
	_exit(write(answer, &said, sizeof(said)) == (ssize_t)sizeof(said) ? 0
	                                                                  : 1);
}

/* What the child said, or how it ended without. */
static int hear(int answer, struct err *err)
{
	struct err said = {0};
	ssize_t got;
	int status = 0;

	while ((got = read(answer, &said, sizeof(said))) < 0 && errno == EINTR)
		;
	while (waitpid(child_pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_UNCERTAIN, "ended by signal %d",
		               WTERMSIG(status));
	if (got != (ssize_t)sizeof(said) || status != 0)
		return err_set(err, ERR_UNCERTAIN, "ended halfway");
	return said.class == 0 ? 0 : err_set(err, said.class, "%s", said.text);
}

int child_run(int (*job)(void *arg, struct err *err), void *arg,
              struct err *err)
{
	struct sigaction action = {.sa_handler = hand_on}, before[HANDED_ON];
	sigset_t set, mask;
	int pipes[2], rc;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_errno(err, ERR_IO, "pipe");
	sigemptyset(&set);
	for (size_t i = 0; i < HANDED_ON; i++)
		sigaddset(&set, handed_on[i]);
	sigprocmask(SIG_BLOCK, &set, &mask);
	child_pid = fork();
	if (child_pid == 0) {
		sigprocmask(SIG_SETMASK, &mask, NULL);
		work(job, arg, pipes[1]);
	}
	rc = child_pid < 0 ? err_errno(err, ERR_IO, "fork") : 0;
	for (size_t i = 0; rc == 0 && i < HANDED_ON; i++)
		sigaction(handed_on[i], &action, &before[i]);
	close(pipes[1]);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (rc == 0) {
		rc = hear(pipes[0], err);
		for (size_t i = 0; i < HANDED_ON; i++)
			sigaction(handed_on[i], &before[i], NULL);
	}
	close(pipes[0]);
	return rc;
}
