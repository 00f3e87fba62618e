#include "intake/milter_inbox.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "intake/milter_bounces.h"

enum { AGAIN_MS = 1000 };

struct milter_inbox {
	struct milter_inbox_options options;
	struct milter_room room;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* Under the lock. */
	struct milter_bounces queue;
	bool drops; /* one more was dropped */
	bool stopping;
	int64_t until_ms; /* then it has stopped */
	/* The thread's. */
	struct log_limit limit;
};

struct milter_room *milter_inbox_room(struct milter_inbox *inbox)
{
	return &inbox->room;
}

void milter_inbox_add(struct milter_inbox *inbox,
                      struct milter_message *message)
{
	uint64_t dropped;

	pthread_mutex_lock(&inbox->lock);
	dropped = inbox->queue.dropped;
	if (message->is_cut || inbox->stopping)
		inbox->queue.dropped++;
	else
		milter_bounces_add(&inbox->queue, "", &message->text);
	/* what it took of the room is given back when it was read; what is
	 * dropped the message itself gives back */
	if (inbox->queue.dropped == dropped)
		message->taken = 0;
	else
		inbox->drops = true;
	pthread_cond_signal(&inbox->wake);
	pthread_mutex_unlock(&inbox->lock);
}

/* --- its thread --- */

/* Under the lock. */
static void tell_dropped(struct milter_inbox *inbox)
{
	uint64_t dropped = inbox->queue.dropped, held;

	inbox->drops = false;
	if (dropped == 0 ||
	    !log_allowed(&inbox->limit,
	                 clock_monotonic_ms(inbox->options.clock), &held))
		return;
	inbox->queue.dropped = 0;
	log_warning("%" PRIu64 " messages to [received] addresses were not "
	            "read: larger than max_size, or too many are waiting",
	            dropped);
}

/* Under the lock, which is not held meanwhile. */
static int read_one(struct milter_inbox *inbox, struct milter_bounce *message)
{
	int rc;

	pthread_mutex_unlock(&inbox->lock);
	rc = inbox->options.read(inbox->options.arg, message->text.data,
	                         message->text.len);
	pthread_mutex_lock(&inbox->lock);
	if (rc == ERR_BUSY) {
		milter_bounces_put_back(&inbox->queue, message);
		return rc;
	}
	milter_room_give(&inbox->room, message->text.len);
	milter_bounce_free(&message);
	return 0;
}

/* Waits for the next, or, after one that shall come again, for a while.  False
 * when it stops, and nothing is left or the time is over. */
static bool wait_for_more(struct milter_inbox *inbox, bool again)
{
	int64_t until_ms = clock_host_ms() + AGAIN_MS;

	while (again && !inbox->stopping &&
	       wait_cond(&inbox->wake, &inbox->lock, until_ms))
		;
	while (!inbox->stopping && inbox->queue.count == 0 && !inbox->drops)
		pthread_cond_wait(&inbox->wake, &inbox->lock);
	return !inbox->stopping || (!again && inbox->queue.count > 0 &&
	                            clock_host_ms() < inbox->until_ms);
}

static void *work(void *arg)
{
	struct milter_inbox *inbox = arg;
	struct milter_bounce *message;
	bool again = false;

	pthread_mutex_lock(&inbox->lock);
	while (wait_for_more(inbox, again)) {
		tell_dropped(inbox);
		message = milter_bounces_take(&inbox->queue);
		again = message != NULL && read_one(inbox, message) == ERR_BUSY;
	}
	pthread_mutex_unlock(&inbox->lock);
	return NULL;
}

int milter_inbox_start(struct milter_inbox **inbox,
                       const struct milter_inbox_options *options,
                       struct err *err)
{
	struct milter_inbox *made = xcalloc(1, sizeof(*made));
	int rc;

	made->options = *options;
	made->room.max = MILTER_INBOX_BYTES;
	/* their bytes are bounded by the room, before they come here */
	milter_bounces_init(&made->queue, SIZE_MAX, MILTER_INBOX_MAX);
	pthread_mutex_init(&made->lock, NULL);
	wait_cond_init(&made->wake);
	rc = pthread_create(&made->thread, NULL, work, made);
	if (rc == 0) {
		*inbox = made;
		return 0;
	}
	made->stopping = true;
	milter_inbox_free(&made);
	errno = rc;
	return err_errno(err, ERR_IO, "cannot start the thread for reports");
}

size_t milter_inbox_stop(struct milter_inbox *inbox, int64_t deadline_ms)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->stopping = true;
	inbox->until_ms = clock_host_ms() + deadline_ms;
	pthread_cond_signal(&inbox->wake);
	pthread_mutex_unlock(&inbox->lock);
	pthread_join(inbox->thread, NULL);
	return inbox->queue.count;
}

void milter_inbox_free(struct milter_inbox **inbox)
{
	struct milter_inbox *gone = *inbox;

	if (gone == NULL)
		return;
	milter_bounces_clear(&gone->queue);
	pthread_cond_destroy(&gone->wake);
	pthread_mutex_destroy(&gone->lock);
	free(gone);
	*inbox = NULL;
}
