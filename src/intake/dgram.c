#include "intake/dgram.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/wait.h"
#include "base/xalloc.h"

enum {
	BATCH = 64,
	/* more than the longest, and not a multiple of the page: the batch's
	 * buffers must not all fall into the same cache sets */
	STRIDE = DATAGRAM_MAX + 4096 + 320,
	WAKE_SIGNAL = SIGUSR1,
	WAKE_PAUSE_MS = 5,
	/* Of a socket that was handed over, at the end: more than its queue
	 * holds, and less than senders who go on could keep us with. */
	LAST_BATCHES = 256,
};

struct dgram {
	struct dgram_socket *sock;
	struct collector *collector;
	struct bad_log *bad_log;
	struct session session; /* of the datagram being decoded */
	char *buffers;          /* mapped: a page is there once it is used */
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	pthread_t thread;
	atomic_bool stopping;
	atomic_bool ended;
	int last_batches; /* since stopping */
	int failure;      /* errno of what ended it, 0 */
};

static void decode(struct dgram *dgram, const struct memo_event *event)
{
	struct err err = {0};
	enum bad_input bad =
		datagram_decode(event->data, event->len, &dgram->session, &err);

	if (bad == BAD_NONE) {
		collector_learn(dgram->collector, event, &dgram->session);
		return;
	}
	collector_bad(dgram->collector, bad);
	bad_log_note(dgram->bad_log, bad, err.text, event->data, event->len);
}

static void count_one(struct dgram *dgram, const struct mmsghdr *header,
                      const struct memo_event *event)
{
	/* a socket that was shut down wakes its reader with nothing */
	if (event->len == 0 && atomic_load(&dgram->stopping))
		return;
	if (header->msg_hdr.msg_flags & MSG_TRUNC) {
		collector_bad(dgram->collector, BAD_TRUNCATED);
		bad_log_note(dgram->bad_log, BAD_TRUNCATED,
		             "longer than 256 KiB", event->data, event->len);
		return;
	}
	if (!collector_recall(dgram->collector, event))
		decode(dgram, event);
}

static void count_batch(struct dgram *dgram, size_t count)
{
	struct memo_event events[BATCH];

	for (size_t i = 0; i < count; i++)
		events[i] = (struct memo_event){
			.data = dgram->vectors[i].iov_base,
			.len = dgram->headers[i].msg_len,
		};
	collector_begin(dgram->collector);
	collector_prepare(dgram->collector, events, count);
	for (size_t i = 0; i < count; i++)
		count_one(dgram, &dgram->headers[i], &events[i]);
	collector_end(dgram->collector);
}

/* One batch; false when there is no more to come. */
static bool receive(struct dgram *dgram)
{
	bool stopping = atomic_load(&dgram->stopping);
	int got;

	if (stopping && !dgram->sock->file.ours &&
	    ++dgram->last_batches > LAST_BATCHES)
		return false;
	got = recvmmsg(dgram->sock->fd, dgram->headers, BATCH,
	               stopping ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0) {
		if (!stopping)
			dgram->failure = errno;
		return false;
	}
	count_batch(dgram, (size_t)got);
	return true;
}

static void *receive_thread(void *arg)
{
	struct dgram *dgram = arg;

	while (receive(dgram))
		;
	atomic_store(&dgram->ended, true);
	return NULL;
}

static void wake(int signal)
{
	(void)signal;
}

static int map_buffers(struct dgram *dgram, struct err *err)
{
	void *map = mmap(NULL, (size_t)BATCH * STRIDE, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return err_errno(err, ERR_IO,
		                 "cannot allocate memory for datagrams");
	dgram->buffers = map;
	for (int i = 0; i < BATCH; i++) {
		dgram->vectors[i].iov_base =
			dgram->buffers + (size_t)i * STRIDE;
		dgram->vectors[i].iov_len = DATAGRAM_MAX;
		dgram->headers[i].msg_hdr.msg_iov = &dgram->vectors[i];
		dgram->headers[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

static void dgram_free(struct dgram **dgram)
{
	if ((*dgram)->buffers != NULL)
		munmap((*dgram)->buffers, (size_t)BATCH * STRIDE);
	session_clear(&(*dgram)->session);
	free(*dgram);
	*dgram = NULL;
}

int dgram_start(struct dgram **out, struct dgram_socket *sock,
                struct collector *collector, struct bad_log *bad_log,
                struct err *err)
{
	struct dgram *dgram = xcalloc(1, sizeof(*dgram));
	int rc;

	dgram->sock = sock;
	dgram->collector = collector;
	dgram->bad_log = bad_log;
	session_init(&dgram->session);
	if (map_buffers(dgram, err) < 0) {
		dgram_free(&dgram);
		return ERR_IO;
	}
	/* it only interrupts recvmmsg(2): pthread_kill(3) sends it to the
	 * receiving thread alone */
	sigaction(WAKE_SIGNAL, &(struct sigaction){.sa_handler = wake}, NULL);
	rc = pthread_create(&dgram->thread, NULL, receive_thread, dgram);
	if (rc != 0) {
		dgram_free(&dgram);
		errno = rc;
		return err_errno(err, ERR_IO,
		                 "cannot start the receiving thread");
	}
	*out = dgram;
	return 0;
}

void dgram_stop(struct dgram **dgram)
{
	if (*dgram == NULL)
		return;
	atomic_store(&(*dgram)->stopping, true);
	if ((*dgram)->sock->file.ours)
		shutdown((*dgram)->sock->fd, SHUT_RD);
	/* the signal may come just before recvmmsg(2) begins to wait: again */
	while (!atomic_load(&(*dgram)->ended)) {
		pthread_kill((*dgram)->thread, WAKE_SIGNAL);
		wait_ms(WAKE_PAUSE_MS);
	}
	pthread_join((*dgram)->thread, NULL);
	dgram_free(dgram);
}

int dgram_failed(struct dgram *dgram, struct err *err)
{
	if (!atomic_load(&dgram->ended))
		return 0;
	errno = dgram->failure;
	return err_errno(err, ERR_IO,
	                 "cannot receive from the TLS-event socket");
}
