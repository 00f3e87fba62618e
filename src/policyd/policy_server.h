/*
 * policy_server - Postfix's connections, answered by one thread
 *
 * Each smtp(8) has a connection and one question at a time; whoever pipelines
 * is answered in the order of his questions.  What is in the cache
 * (policyd/answer_cache.h) is answered at once; a question that has to wait for
 * a lookup keeps its own connection waiting and no other, until the answer
 * comes or [policyd] timeout is over: then it gets what was known of the domain
 * before, or what on_failure says.  Answers that are in use are looked up
 * again, in the background, before they expire.
 *
 * What lookups found comes by the hundred, so it is taken in small steps, and
 * what is ready is answered between them.
 *
 * A client that does not read is not read from; when there are more clients
 * than descriptors the one that was silent the longest is closed.  Postfix asks
 * again on a new connection when one is closed on it.
 */
#ifndef TLSTALLY_POLICYD_POLICY_SERVER_H
#define TLSTALLY_POLICYD_POLICY_SERVER_H

#include "base/clock.h"
#include "policyd/policy_counts.h"
#include "policyd/policy_desk.h"
#include "policyd/policy_rules.h"
#include "policyd/told_log.h"

enum { POLICY_CLIENTS_MAX = 4000 };

struct policy_server;

struct policy_server_options {
	int listen_fd;            /* the caller's */
	struct policy_desk *desk; /* lent, like the rest */
	struct policy_shelf *shelf;
	struct policy_counts *counts;
	struct told_log *told; /* for its time limit */
	struct clock *clock;
	int64_t timeout_ms;
	size_t cache_bytes;
};

int policy_server_start(struct policy_server **server,
                        const struct policy_server_options *options,
                        struct err *err);
/* Whoever has an answer under way gets it; the rest is closed, and asks the
 * next process. */
void policy_server_stop(struct policy_server **server);

/* The rules have changed: all answers are made anew. */
void policy_server_forget(struct policy_server *server);

struct policy_server_state {
	uint64_t clients, answers, bytes; /* now */
	int64_t progress_ms;              /* of the monotonic clock */
};

/* From any thread. */
struct policy_server_state policy_server_state(struct policy_server *server);

#endif
