#include "deliver/deliver_https.h"

#include <search.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/address.h"
#include "base/xalloc.h"
#include "deliver/https_post.h"

struct waiting {
	struct delivery_job *job;
	STAILQ_ENTRY(waiting) link;
};

/* A host and port to which something waits or runs. */
struct host {
	char *name;
	size_t running;
	STAILQ_HEAD(, waiting) waiting;
	bool needs_h2;
	bool is_ready; /* stands in the list of those that may start one */
	TAILQ_ENTRY(host) link;
};

struct deliver_https {
	struct https_post_shared shared;
	struct answer_queue *answers;
	size_t limit;
	size_t limit_per_host;
	size_t running;
	void *hosts; /* tsearch(3), by name */
	TAILQ_HEAD(, host) ready;
	struct https_post **posts; /* all there are, `made` of `limit` */
	size_t made;
	struct https_post **idle;
	size_t idle_count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct host *)a)->name,
	              ((const struct host *)b)->name);
}

static struct host *host_get(struct deliver_https *https, const struct rua *rua)
{
	char *name = xasprintf("%s:%u", rua->host, (unsigned)rua->port);
	struct host key = {.name = name};
	void *found = tfind(&key, &https->hosts, by_name);
	struct host *host;

	if (found != NULL) {
		free(name);
		return *(struct host **)found;
	}
	host = xcalloc(1, sizeof(*host));
	host->name = name;
	STAILQ_INIT(&host->waiting);
	if (tsearch(host, &https->hosts, by_name) == NULL)
		abort(); /* no memory for a node of three pointers */
	return host;
}

static void host_free(void *arg)
{
	struct host *host = arg;
	struct waiting *next;

	while ((next = STAILQ_FIRST(&host->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&host->waiting, link);
		free(next);
	}
	free(host->name);
	free(host);
}

/* Puts the host where it belongs after something of it changed. */
static void host_settle(struct deliver_https *https, struct host *host)
{
	bool is_ready = !STAILQ_EMPTY(&host->waiting) &&
	                host->running < https->limit_per_host;

	if (is_ready && !host->is_ready)
		TAILQ_INSERT_TAIL(&https->ready, host, link);
	else if (!is_ready && host->is_ready)
		TAILQ_REMOVE(&https->ready, host, link);
	host->is_ready = is_ready;
	if (STAILQ_EMPTY(&host->waiting) && host->running == 0) {
		tdelete(host, &https->hosts, by_name);
		host_free(host);
	}
}

static void start(struct deliver_https *https, struct host *host,
                  struct delivery_job *job)
{
	struct delivery_answer answer;

	if (answer_too_late(&answer, job, https->shared.clock)) {
		answer_queue_put(https->answers, job, &answer);
		return;
	}
	if (https->idle_count == 0) {
		https->posts[https->made] = https_post_new(&https->shared);
		https->idle[https->idle_count++] = https->posts[https->made++];
	}
	https->running++;
	host->running++;
	https_post_start(https->idle[--https->idle_count], job, host,
	                 host->needs_h2);
}

/* Starts what may start, the hosts taking turns. */
static void start_waiting(struct deliver_https *https)
{
	struct host *host;

	while (https->running < https->limit &&
	       (host = TAILQ_FIRST(&https->ready)) != NULL) {
		struct waiting *next = STAILQ_FIRST(&host->waiting);

		STAILQ_REMOVE_HEAD(&host->waiting, link);
		start(https, host, next->job);
		free(next);
		TAILQ_REMOVE(&https->ready, host, link);
		host->is_ready = false;
		host_settle(https, host);
	}
}

static void on_answered(void *arg, struct https_post *post,
                        const struct delivery_answer *answer)
{
	struct deliver_https *https = arg;
	struct host *host = https_post_owner(post);

	answer_queue_put(https->answers, https_post_job(post), answer);
	https->idle[https->idle_count++] = post;
	https->running--;
	host->running--;
	host->needs_h2 = https_post_needed_h2(post);
	host_settle(https, host);
	start_waiting(https);
}

void deliver_https_submit(struct deliver_https *https, struct delivery_job *job)
{
	struct host *host = host_get(https, job->rua);
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));

	waiting->job = job;
	STAILQ_INSERT_TAIL(&host->waiting, waiting, link);
	host_settle(https, host);
	start_waiting(https);
}

static struct curl_slist *headers_new(void)
{
	struct curl_slist *list = NULL;

	/* the media type says gzip; Content-Encoding would say it twice */
	list = curl_slist_append(list, "Content-Type: application/tlsrpt+gzip");
	/* the body of an answer is for a log: not worth packing */
	list = curl_slist_append(list, "Accept-Encoding:");
	/* curl would ask first and wait a second for those who do not answer */
	return curl_slist_append(list, "Expect:");
}

struct deliver_https *deliver_https_new(const struct conf *conf,
                                        struct clock *clock,
                                        struct curl_pool *pool,
                                        struct answer_queue *answers,
                                        struct err *err)
{
	struct deliver_https *https = xcalloc(1, sizeof(*https));

	https->answers = answers;
	https->limit = conf->deliver.concurrency;
	https->limit_per_host = conf->deliver.concurrency_per_host;
	TAILQ_INIT(&https->ready);
	https->posts = xcalloc(https->limit, sizeof(struct https_post *));
	https->idle = xcalloc(https->limit, sizeof(struct https_post *));
	https->shared = (struct https_post_shared){
		.conf = conf,
		.clock = clock,
		.pool = pool,
		.headers = headers_new(),
		.answered = on_answered,
		.arg = https,
	};
	https->shared.guard =
		address_guard_new(conf->deliver.https_allow_private, err);
	if (https->shared.guard == NULL)
		deliver_https_free(&https);
	return https;
}

void deliver_https_free(struct deliver_https **https)
{
	struct deliver_https *h = *https;

	if (h == NULL)
		return;
	for (size_t i = 0; i < h->made; i++)
		https_post_free(&h->posts[i]);
	tdestroy(h->hosts, host_free);
	address_guard_free(&h->shared.guard);
	curl_slist_free_all(h->shared.headers);
	free(h->posts);
	free(h->idle);
	free(h);
	*https = NULL;
}
