/*
 * http_workers - the threads that answer what may take long
 *
 * libmicrohttpd's threads read and write, and answer what takes no time: the
 * page, /healthz, /metrics.  A JMAP request or a download is put aside
 * (MHD_suspend_connection) and waits here for a thread, so that nobody else
 * waits behind it.  Of those that wait, the one goes first whose token has the
 * fewest under way; what is large waits while others of its kind are being
 * read, for JSON takes twenty times its text in memory.
 */
#ifndef TLSTALLY_HTTP_HTTP_WORKERS_H
#define TLSTALLY_HTTP_HTTP_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Part of what is to be done; lent until done() is called. */
struct http_job {
	struct http_job *next;
	const char *who; /* the token's name */
	size_t bytes;    /* of its body */
	void (*run)(struct http_job *job);
	/* Nobody will run it: the server stops. */
	void (*drop)(struct http_job *job);
	void (*done)(struct http_job *job); /* the last that is heard of it */
};

struct http_workers;

int http_workers_start(struct http_workers **workers, struct err *err);

/* False when it stops: then nothing is called. */
bool http_workers_give(struct http_workers *workers, struct http_job *job);

/* Drops what waits, waits for what is being answered, ends the threads.  Jobs
 * can still be offered, until it is freed: none is taken. */
void http_workers_stop(struct http_workers *workers);

/* Stopped before, and nobody offers jobs any more. */
void http_workers_free(struct http_workers **workers);

#endif
