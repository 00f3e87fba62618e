/*
 * curl_pool - the one place where delivery waits
 *
 * All transports of a process share one libcurl multi handle and one poll:
 * curl's own sockets, the SMTP connections whose dialogue we hold ourselves,
 * the children and pipes of sendmail.  One thread, nothing blocks.
 *
 * A transfer is an easy handle with a function that is called when it ended;
 * a watch is a file descriptor, a deadline, or both.  Both belong to the
 * driver that made them; they may be stopped, and freed, from inside any
 * callback.
 */
#ifndef TLSTALLY_DELIVER_CURL_POOL_H
#define TLSTALLY_DELIVER_CURL_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/err.h"

struct curl_pool;

struct curl_pool_transfer {
	CURL *easy;
	/* The handle is still in the multi handle: curl_pool_stop() it. */
	void (*ended)(struct curl_pool_transfer *self, CURLcode result);
};

struct curl_pool_watch {
	int fd;              /* -1: only the deadline */
	short events;        /* CURL_WAIT_POLLIN, CURL_WAIT_POLLOUT */
	int64_t deadline_ms; /* of clock_host_ms(); 0: none */
	/* revents 0: the deadline has passed (it is cleared before). */
	void (*ready)(struct curl_pool_watch *self, short revents);
	size_t slot; /* the pool's */
};

/* `connections` is how many open ones are kept for the next transfer. */
struct curl_pool *curl_pool_open(size_t connections, struct err *err);
void curl_pool_close(struct curl_pool **pool);

void curl_pool_start(struct curl_pool *pool,
                     struct curl_pool_transfer *transfer);
void curl_pool_stop(struct curl_pool *pool,
                    struct curl_pool_transfer *transfer);

void curl_pool_watch(struct curl_pool *pool, struct curl_pool_watch *watch);
void curl_pool_unwatch(struct curl_pool *pool, struct curl_pool_watch *watch);

/* Lets everything that can go on go on; curl_pool_wait() sleeps until something
 * can, at most timeout_ms, and then does the same. */
void curl_pool_work(struct curl_pool *pool);
void curl_pool_wait(struct curl_pool *pool, int timeout_ms);

#endif
