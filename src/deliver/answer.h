/*
 * answer - answers on their way from a driver to whoever submitted the job
 *
 * A job may be answered at once (a directory, a URI that is not served) or
 * deep inside a callback; done() is called from transport->wait() only.  So
 * drivers put what they know here, and wait() hands it out.
 */
#ifndef TLSTALLY_DELIVER_ANSWER_H
#define TLSTALLY_DELIVER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "reply/ports.h"

struct answer_queue;

struct answer_queue *answer_queue_new(void);
void answer_queue_free(struct answer_queue **answers);

/* Copies the answer. */
void answer_queue_put(struct answer_queue *answers, struct delivery_job *job,
                      const struct delivery_answer *answer);

size_t answer_queue_waiting(const struct answer_queue *answers);

/* Calls done() for each answer there is; one that done() causes by submitting
 * again waits for the next call. */
void answer_queue_hand_out(struct answer_queue *answers, delivery_done_fn *done,
                           void *arg);

/* Fills an answer without code and Retry-After; words that do not fit are
 * cut. */
void answer_set(struct delivery_answer *answer, enum delivery_event event,
                enum delivery_stage stage, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same, and the operator should look. */
void answer_our_fault(struct delivery_answer *answer, enum delivery_stage stage,
                      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Must the job not begin any more?  The answer is filled then: it is given
 * back untouched.  Asked just before each transfer: this process may have been
 * stopped, or the host, and another run may have taken over. */
bool answer_too_late(struct delivery_answer *answer,
                     const struct delivery_job *job, struct clock *clock);

#endif
