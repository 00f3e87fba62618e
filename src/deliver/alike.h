/*
 * alike - refusals of our own mail server, until it is clear whose trouble they
 * are
 *
 * Mail leaves through one server of ours.  When it says "550 relay not
 * permitted" or "550 5.1.1 User unknown" to everybody, because its settings or
 * its DNS are wrong, that says nothing of any receiver: taken at its word, a
 * day's reports would be refused for good and their addresses suppressed.
 *
 * So a refusal that is final waits here until the server has nothing of ours in
 * its hands, or for a minute.  When addresses of three or more domains were
 * refused in the same words by then, and the server refused more in these words
 * than it accepted in all, they are deferred, and the operator is told.  What
 * varies with the recipient (addresses, host names, numbers) is no part of the
 * words.
 */
#ifndef TLSTALLY_DELIVER_ALIKE_H
#define TLSTALLY_DELIVER_ALIKE_H

#include <stdint.h>

#include "deliver/answer.h"
#include "deliver/curl_pool.h"

struct alike;

struct alike *alike_new(struct curl_pool *pool, struct answer_queue *answers);
void alike_free(struct alike **alike);

/* Instead of answer_queue_put(). */
void alike_put(struct alike *alike, struct delivery_job *job,
               const struct delivery_answer *answer);

/* The server has nothing in its hands: what waits here is decided. */
void alike_decide(struct alike *alike);

/* Answers with the same value are alike; for tests. */
uint64_t alike_key(const struct delivery_answer *answer);

#endif
