/*
 * https_post - one report on its way to one HTTPS server
 *
 * Holds the handle (base/http_transfer.h), which is used for one report after
 * another, and what is learned while the transfer runs: the status line,
 * Retry-After, and of a failure what the body says (reply/http_words.h) or
 * what curl does.
 */
#ifndef TLSTALLY_DELIVER_HTTPS_POST_H
#define TLSTALLY_DELIVER_HTTPS_POST_H

#include <stdbool.h>

#include "base/address.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "deliver/curl_pool.h"
#include "reply/ports.h"

struct https_post;

/* What all posts share. */
struct https_post_shared {
	const struct conf *conf;
	struct clock *clock;
	struct address_guard *guard;
	struct curl_slist *headers;
	struct curl_pool *pool;
	/* Called when a post has its answer; it may be started again. */
	void (*answered)(void *arg, struct https_post *post,
	                 const struct delivery_answer *answer);
	void *arg;
};

struct https_post *https_post_new(const struct https_post_shared *shared);
void https_post_free(struct https_post **post);

/* `owner` is the caller's, as is the job.  HTTP/1.1, unless it is known that
 * the host speaks HTTP/2 alone. */
void https_post_start(struct https_post *post, struct delivery_job *job,
                      void *owner, bool needs_h2);

/* It took HTTP/2 to get an answer to the last one. */
bool https_post_needed_h2(const struct https_post *post);
struct delivery_job *https_post_job(const struct https_post *post);
void *https_post_owner(const struct https_post *post);

#endif
