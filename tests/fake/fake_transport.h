/*
 * fake_transport - whoever gets reports, as a test says
 *
 * Keeps what it was told to answer, and every attempt with its bytes.  A
 * second attempt for the same report and place has to bring the same bytes:
 * `broken` says when it did not.
 *
 *     struct fake_world world = {0};
 *     fake_answer_http(&world, "r.example", 503, 0);
 *     struct transport *transport = fake_transport_new(&world);
 *
 * Whatever has no answer of its own is accepted.
 */
#ifndef TLSTALLY_TESTS_FAKE_FAKE_TRANSPORT_H
#define TLSTALLY_TESTS_FAKE_FAKE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "reply/ports.h"

/* One attempt. */
struct fake_sent {
	uint64_t report; /* its id in the outbox */
	char *domain;
	char *uri;
	char *mail_from; /* NULL: no mail */
	char *file_name; /* NULL: no directory */
	struct strbuf body;
	enum delivery_event event; /* what was answered */
};

struct fake_rule {
	char *place; /* mail address, host, or "*" */
	struct delivery_answer answer;
};

struct fake_world {
	struct fake_rule *rules; /* the last that fits counts */
	size_t rule_count;
	struct fake_sent *sent;
	size_t sent_count;
	char broken[256]; /* "" while same attempts had same bytes */
	/* Called once, in the next wait(), before anything is answered. */
	void (*meanwhile)(void *arg);
	void *meanwhile_arg;
};

/* From now on; all through the tables of deliver/verdict.h. */
void fake_answer_http(struct fake_world *world, const char *host, int status,
                      int64_t retry_after);
/* `text` is the whole reply: "550 5.1.1 no such user". */
void fake_answer_mail(struct fake_world *world, const char *address,
                      enum delivery_stage stage, const char *text);
/* The connection breaks: before anything was sent, or before the answer. */
void fake_answer_none(struct fake_world *world, const char *place,
                      enum delivery_event event);

void fake_world_clear(struct fake_world *world);

/* Several may live in one world.  Jobs must be a struct claim's. */
struct transport *fake_transport_new(struct fake_world *world);

#endif
