#include "http/http_workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum {
	WORKERS = 4,
	/* Of bodies that are being read at the same time; one alone may be
	 * larger. */
	READ_BYTES = 12 * 1024 * 1024,
};

struct http_workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct http_job *first, **last; /* in the order that they came */
	const struct http_job *running[WORKERS];
	pthread_t threads[WORKERS];
	unsigned thread_count, next_place;
	size_t reading; /* bytes */
	bool stopping;
};

static unsigned running_of(const struct http_workers *w, const char *who)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		n += w->running[i] != NULL &&
		     strcmp(w->running[i]->who, who) == 0;
	return n;
}

/* The link that leads to the one whose turn it is; NULL: nobody's. */
static struct http_job **pick_job(struct http_workers *w)
{
	struct http_job **best = NULL;
	unsigned least = WORKERS + 1;

	for (struct http_job **at = &w->first; *at != NULL; at = &(*at)->next) {
		unsigned n = running_of(w, (*at)->who);
		bool has_room = w->reading == 0 ||
		                w->reading + (*at)->bytes <= READ_BYTES;

		if (n < least && has_room) {
			best = at;
			least = n;
		}
	}
	return best;
}

/* Under the lock; NULL when it stops. */
static struct http_job *wait_for_job(struct http_workers *w)
{
	struct http_job **at, *job;

	while (!w->stopping && (at = pick_job(w)) == NULL)
		pthread_cond_wait(&w->wake, &w->lock);
	if (w->stopping)
		return NULL;
	job = *at;
	*at = job->next;
	if (job->next == NULL)
		w->last = at;
	job->next = NULL;
	return job;
}

static void *work(void *arg)
{
	struct http_workers *w = arg;
	struct http_job *job;
	unsigned place;

	pthread_mutex_lock(&w->lock);
	place = w->next_place++;
	while ((job = wait_for_job(w)) != NULL) {
		size_t bytes = job->bytes;

		w->running[place] = job;
		w->reading += bytes;
		pthread_mutex_unlock(&w->lock);
		job->run(job);
		pthread_mutex_lock(&w->lock);
		w->running[place] = NULL;
		w->reading -= bytes;
		/* what was too large beside it may have its turn now */
		pthread_cond_broadcast(&w->wake);
		pthread_mutex_unlock(&w->lock);
		job->done(job);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int http_workers_start(struct http_workers **workers, struct err *err)
{
	struct http_workers *w = xcalloc(1, sizeof(*w));
	int rc = 0;

	*workers = w;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->last = &w->first;
	while (rc == 0 && w->thread_count < WORKERS) {
		rc = pthread_create(&w->threads[w->thread_count], NULL, work,
		                    w);
		w->thread_count += rc == 0;
	}
	if (rc == 0)
		return 0;
	http_workers_stop(w);
	http_workers_free(workers);
	errno = rc;
	return err_errno(err, ERR_IO, "cannot start threads");
}

bool http_workers_give(struct http_workers *w, struct http_job *job)
{
	bool taken;

	pthread_mutex_lock(&w->lock);
	taken = !w->stopping;
	if (taken) {
		job->next = NULL;
		*w->last = job;
		w->last = &job->next;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return taken;
}

void http_workers_stop(struct http_workers *w)
{
	struct http_job *left;

	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	left = w->first;
	w->first = NULL;
	w->last = &w->first;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	while (left != NULL) {
		struct http_job *job = left;

		left = job->next;
		job->drop(job);
		job->done(job);
	}
	while (w->thread_count > 0)
		pthread_join(w->threads[--w->thread_count], NULL);
}

void http_workers_free(struct http_workers **workers)
{
	struct http_workers *w = *workers;

	if (w == NULL)
		return;
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
	*workers = NULL;
}
