#include "deliver/curl_pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"

struct curl_pool {
	CURLM *multi;
	struct curl_pool_watch **watches; /* a slot that is free is NULL */
	struct curl_waitfd *fds;          /* one a slot */
	size_t slots;
};

struct curl_pool *curl_pool_open(size_t connections, struct err *err)
{
	struct curl_pool *pool;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_IO, "cannot initialize libcurl");
		return NULL;
	}
	pool = xcalloc(1, sizeof(*pool));
	pool->multi = curl_multi_init();
	if (pool->multi == NULL) {
		err_set(err, ERR_IO, "cannot create a libcurl multi handle");
		curl_pool_close(&pool);
		return NULL;
	}
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	return pool;
}

void curl_pool_close(struct curl_pool **pool)
{
	if (*pool == NULL)
		return;
	curl_multi_cleanup((*pool)->multi);
	free((*pool)->watches);
	free((*pool)->fds);
	free(*pool);
	*pool = NULL;
	curl_global_cleanup();
}

void curl_pool_start(struct curl_pool *pool,
                     struct curl_pool_transfer *transfer)
{
	curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
	curl_multi_add_handle(pool->multi, transfer->easy);
}

void curl_pool_stop(struct curl_pool *pool, struct curl_pool_transfer *transfer)
{
	curl_multi_remove_handle(pool->multi, transfer->easy);
}

void curl_pool_watch(struct curl_pool *pool, struct curl_pool_watch *watch)
{
	size_t slot = 0, slots = pool->slots ? pool->slots * 2 : 16;

	while (slot < pool->slots && pool->watches[slot] != NULL)
		slot++;
	if (slot == pool->slots) {
		pool->watches =
			xrealloc(pool->watches, slots, sizeof(*pool->watches));
		pool->fds = xrealloc(pool->fds, slots, sizeof(*pool->fds));
		memset(pool->watches + slot, 0,
		       (slots - slot) * sizeof(*pool->watches));
		pool->slots = slots;
	}
	watch->slot = slot;
	pool->watches[slot] = watch;
}

void curl_pool_unwatch(struct curl_pool *pool, struct curl_pool_watch *watch)
{
	pool->watches[watch->slot] = NULL;
}

void curl_pool_work(struct curl_pool *pool)
{
	int running, left;
	CURLMsg *message;

	curl_multi_perform(pool->multi, &running);
	while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
		struct curl_pool_transfer *transfer = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		                  (char **)&transfer);
		transfer->ended(transfer, result);
	}
}

/* The poll list, and how long to sleep until the first deadline. */
static unsigned prepare(struct curl_pool *pool, int *timeout_ms)
{
	int64_t now = clock_host_ms();
	unsigned count = 0;

	for (size_t i = 0; i < pool->slots; i++) {
		const struct curl_pool_watch *watch = pool->watches[i];

		/* curl_multi_poll() leaves out what asks for no event */
		pool->fds[i] = (struct curl_waitfd){.fd = -1};
		if (watch == NULL)
			continue;
		count = (unsigned)i + 1;
		if (watch->fd >= 0)
			pool->fds[i] = (struct curl_waitfd){
				.fd = watch->fd, .events = watch->events};
		if (watch->deadline_ms != 0 &&
		    watch->deadline_ms - now < *timeout_ms)
			*timeout_ms = watch->deadline_ms > now
			                      ? (int)(watch->deadline_ms - now)
			                      : 0;
	}
	return count;
}

void curl_pool_wait(struct curl_pool *pool, int timeout_ms)
{
	unsigned count = prepare(pool, &timeout_ms);
	int64_t now;

	curl_multi_poll(pool->multi, pool->fds, count, timeout_ms, NULL);
	now = clock_host_ms();
	/* a callback may stop, start and free watches: ask the slot each time
	 */
	for (size_t i = 0; i < count; i++) {
		struct curl_pool_watch *watch = pool->watches[i];

		if (watch != NULL && pool->fds[i].revents != 0 &&
		    pool->fds[i].fd == watch->fd)
			watch->ready(watch, pool->fds[i].revents);
		watch = pool->watches[i];
		if (watch != NULL && watch->deadline_ms != 0 &&
		    watch->deadline_ms <= now) {
			watch->deadline_ms = 0;
			watch->ready(watch, 0);
		}
	}
	curl_pool_work(pool);
}
