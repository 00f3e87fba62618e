#include "deliver/deliver_sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "base/set_id.h"
#include "base/xalloc.h"
#include "deliver/alike.h"
#include "deliver/verdict.h"

/* Of what a child says the beginning and the end are kept. */
enum { SAID_MAX = 4096, SAID_HEAD = 2048 };

/* One child and the message it has. */
struct child {
	struct curl_pool_watch exit;  /* its pidfd, and the deadline */
	struct curl_pool_watch words; /* its stderr */
	struct deliver_sendmail *sendmail;
	struct delivery_job *job;
	pid_t pid;
	bool is_late;
	char said[SAID_MAX];
	size_t said_len;
	LIST_ENTRY(child) link;
};

struct waiting {
	struct delivery_job *job;
	STAILQ_ENTRY(waiting) link;
};

struct deliver_sendmail {
	struct clock *clock;
	struct curl_pool *pool;
	struct answer_queue *answers;
	struct alike *alike;
	char *path;
	const char *refused; /* the program that gets no rights here; NULL */
	int64_t timeout_ms;
	size_t limit;
	size_t running;
	LIST_HEAD(, child) children;
	STAILQ_HEAD(, waiting) waiting;
};

static void start_waiting(struct deliver_sendmail *sendmail);

/* The message with LF line ends in a memory file, at its beginning. */
static int message_file(const struct delivery_job *job)
{
	const char *body = job->body;
	int fd = memfd_create("message", MFD_CLOEXEC);
	char *text = xmalloc(job->body_len + 1);
	size_t len = 0;

	for (size_t i = 0; i < job->body_len; i++)
		if (body[i] != '\r' || i + 1 == job->body_len ||
		    body[i + 1] != '\n')
			text[len++] = body[i];
	if (fd >= 0 &&
	    (io_write_all(fd, text, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		fd = -1;
	}
	free(text);
	return fd;
}

/* Starts the program in a process group of its own, with nothing of ours but
 * its three descriptors.  0, or an errno. */
static int spawn(const struct deliver_sendmail *sendmail,
                 const struct delivery_job *job, int in, int words, pid_t *pid,
                 int *pidfd)
{
	const char *argv[] = {sendmail->path,
	                      "-i",
	                      "-f",
	                      *job->mail_from ? job->mail_from : "<>",
	                      "--",
	                      job->rua->address,
	                      NULL};
	const char *envp[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
	                      NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t defaults, none;
	int rc;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null",
	                                 O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&files, words, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	posix_spawnattr_init(&attr);
	sigfillset(&defaults);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF |
	                                        POSIX_SPAWN_SETSIGMASK |
	                                        POSIX_SPAWN_SETPGROUP);
	failpoint_hit("sendmail start");
	/* posix_spawn() does not write to argv; its type is older than const */
	rc = posix_spawn(pid, sendmail->path, &files, &attr,
	                 (char *const *)(uintptr_t)argv,
	                 (char *const *)(uintptr_t)envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (rc != 0)
		return rc;
	*pidfd = pidfd_open(*pid, 0); /* close-on-exec by itself */
	if (*pidfd < 0) {
		rc = errno;
		kill(-*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	return rc;
}

static void close_words(struct child *child)
{
	if (child->words.fd < 0)
		return;
	curl_pool_unwatch(child->sendmail->pool, &child->words);
	close(child->words.fd);
	child->words.fd = -1;
}

/* Lines in the middle give way. */
static void keep_words(struct child *child, const char *text, size_t len)
{
	while (len > 0) {
		size_t part =
			len < SAID_MAX - SAID_HEAD ? len : SAID_MAX - SAID_HEAD;

		if (child->said_len + part > SAID_MAX) {
			size_t over = child->said_len + part - SAID_MAX;
			char *middle = child->said + SAID_HEAD;

			middle[-1] = '\n';
			child->said_len -= over;
			memmove(middle, middle + over,
			        child->said_len - SAID_HEAD);
		}
		memcpy(child->said + child->said_len, text, part);
		child->said_len += part;
		text += part;
		len -= part;
	}
}

/* Reads what the child says, so that it never waits for us. */
static void read_words(struct child *child)
{
	char text[4096];
	ssize_t got;

	while ((got = read(child->words.fd, text, sizeof(text))) > 0)
		keep_words(child, text, (size_t)got);
	if (got == 0)
		close_words(child);
}

static void on_words(struct curl_pool_watch *watch, short revents)
{
	(void)revents;
	read_words((struct child *)((char *)watch -
	                            offsetof(struct child, words)));
}

static void child_free(struct child *child)
{
	struct deliver_sendmail *sendmail = child->sendmail;

	close_words(child);
	curl_pool_unwatch(sendmail->pool, &child->exit);
	close(child->exit.fd);
	LIST_REMOVE(child, link);
	sendmail->running--;
	free(child);
}

static void answer_child(struct child *child, int status)
{
	struct deliver_sendmail *sendmail = child->sendmail;
	struct span said = {child->said, child->said_len};
	struct delivery_answer answer;

	if (child->is_late)
		said = span_of("it exceeded the time limit");
	verdict_exit(status, said, &answer);
	failpoint_hit("sendmail answer");
	alike_put(sendmail->alike, child->job, &answer);
	child_free(child);
	start_waiting(sendmail);
	if (sendmail->running == 0)
		alike_decide(sendmail->alike);
}

static void on_end(struct curl_pool_watch *watch, short revents)
{
	struct child *child =
		(struct child *)((char *)watch - offsetof(struct child, exit));
	int status;

	if (revents == 0) {
		child->is_late = true;
		kill(-child->pid, SIGKILL);
		return;
	}
	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	if (child->words.fd >= 0)
		read_words(child);
	answer_child(child, status);
}

static void watch_child(struct deliver_sendmail *sendmail,
                        struct delivery_job *job, pid_t pid, int pidfd,
                        int words)
{
	struct child *child = xcalloc(1, sizeof(*child));

	child->sendmail = sendmail;
	child->job = job;
	child->pid = pid;
	child->exit.fd = pidfd;
	child->exit.events = CURL_WAIT_POLLIN;
	child->exit.deadline_ms = clock_host_ms() + sendmail->timeout_ms;
	child->exit.ready = on_end;
	child->words.fd = words;
	child->words.events = CURL_WAIT_POLLIN;
	child->words.ready = on_words;
	curl_pool_watch(sendmail->pool, &child->exit);
	curl_pool_watch(sendmail->pool, &child->words);
	LIST_INSERT_HEAD(&sendmail->children, child, link);
	sendmail->running++;
}

static void start(struct deliver_sendmail *sendmail, struct delivery_job *job)
{
	struct delivery_answer answer;
	int in, words[2] = {-1, -1};
	int rc, pidfd = -1;
	pid_t pid;

	if (answer_too_late(&answer, job, sendmail->clock)) {
		answer_queue_put(sendmail->answers, job, &answer);
		return;
	}
	if (sendmail->refused != NULL) {
		answer_our_fault(&answer, STAGE_LOCAL,
		                 "%s is not started: %s needs rights of its "
		                 "own, which this process cannot give "
		                 "(NoNewPrivileges= in tlstally.service); set "
		                 "[deliver] mail = smtp://127.0.0.1:25, or "
		                 "have cron call `tlstally run`",
		                 sendmail->path, sendmail->refused);
		answer_queue_put(sendmail->answers, job, &answer);
		return;
	}
	in = message_file(job);
	if (in < 0 || pipe2(words, O_CLOEXEC) < 0)
		rc = errno;
	else
		rc = spawn(sendmail, job, in, words[1], &pid, &pidfd);
	if (in >= 0)
		close(in);
	if (words[1] >= 0)
		close(words[1]);
	if (rc == 0) {
		/* ours alone: the child's end has a description of its own */
		fcntl(words[0], F_SETFL, O_NONBLOCK);
		watch_child(sendmail, job, pid, pidfd, words[0]);
		return;
	}
	if (words[0] >= 0)
		close(words[0]);
	answer_our_fault(&answer, STAGE_LOCAL, "%s: %s", sendmail->path,
	                 strerror(rc));
	answer_queue_put(sendmail->answers, job, &answer);
}

static void start_waiting(struct deliver_sendmail *sendmail)
{
	struct waiting *next;

	while (sendmail->running < sendmail->limit &&
	       (next = STAILQ_FIRST(&sendmail->waiting)) != NULL) {
		struct delivery_job *job = next->job;

		STAILQ_REMOVE_HEAD(&sendmail->waiting, link);
		free(next);
		start(sendmail, job);
	}
}

void deliver_sendmail_submit(struct deliver_sendmail *sendmail,
                             struct delivery_job *job)
{
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));

	waiting->job = job;
	STAILQ_INSERT_TAIL(&sendmail->waiting, waiting, link);
	start_waiting(sendmail);
}

struct deliver_sendmail *deliver_sendmail_new(const struct conf *conf,
                                              struct clock *clock,
                                              struct curl_pool *pool,
                                              struct answer_queue *answers,
                                              struct err *err)
{
	const char *path = conf->deliver.mail + strlen("sendmail:");
	struct deliver_sendmail *sendmail;

	if (path[0] != '/' || access(path, X_OK) < 0) {
		err_set(err, ERR_IO,
		        "[deliver] mail: '%s' is not the absolute path of an "
		        "executable program",
		        path);
		return NULL;
	}
	sendmail = xcalloc(1, sizeof(*sendmail));
	sendmail->clock = clock;
	sendmail->pool = pool;
	sendmail->answers = answers;
	sendmail->alike = alike_new(pool, answers);
	sendmail->path = xstrdup(path);
	if (set_id_is_refused())
		sendmail->refused = set_id_program(sendmail->path);
	/* it may speak to the mail server itself */
	sendmail->timeout_ms =
		(conf->deliver.mail_timeout + conf->deliver.timeout) * 1000;
	sendmail->limit = conf->deliver.concurrency_per_host;
	LIST_INIT(&sendmail->children);
	STAILQ_INIT(&sendmail->waiting);
	return sendmail;
}

void deliver_sendmail_free(struct deliver_sendmail **sendmail)
{
	struct deliver_sendmail *s = *sendmail;
	struct child *child;
	struct waiting *next;

	if (s == NULL)
		return;
	while ((child = LIST_FIRST(&s->children)) != NULL) {
		kill(-child->pid, SIGKILL);
		waitpid(child->pid, NULL, 0);
		child_free(child);
	}
	while ((next = STAILQ_FIRST(&s->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->waiting, link);
		free(next);
	}
	alike_free(&s->alike);
	free(s->path);
	free(s);
	*sendmail = NULL;
}
