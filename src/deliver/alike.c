#include "deliver/alike.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/xalloc.h"
#include "reply/wording.h"

enum {
	DOMAINS_ENOUGH = 3,
	WORDINGS_MAX = 32, /* what is more is taken at its word */
	HOLD_MS = 60000,
};

struct wording {
	uint64_t key;
	size_t count;
	uint64_t domains[DOMAINS_ENOUGH]; /* hashes of the first ones */
	size_t domain_count;
};

struct held {
	struct delivery_job *job;
	struct delivery_answer answer;
	struct wording *wording;
};

struct alike {
	struct curl_pool *pool;
	struct answer_queue *answers;
	struct curl_pool_watch watch; /* only its deadline */
	struct wording wordings[WORDINGS_MAX];
	size_t wording_count;
	size_t accepted;
	struct held *held;
	size_t held_count;
	size_t held_room;
};

uint64_t alike_key(const struct delivery_answer *answer)
{
	return wording_hash((uint64_t)answer->stage * 1000 +
	                            (uint64_t)answer->code,
	                    answer->text);
}

static struct wording *wording_get(struct alike *alike, uint64_t key)
{
	struct wording *wording = alike->wordings;

	for (size_t i = 0; i < alike->wording_count; i++, wording++)
		if (wording->key == key)
			return wording;
	if (alike->wording_count == WORDINGS_MAX)
		return NULL;
	alike->wording_count++;
	wording->key = key;
	return wording;
}

static void add_domain(struct wording *wording, const char *domain)
{
	uint64_t hash = hash64(0, domain, strlen(domain));

	wording->count++;
	for (size_t i = 0; i < wording->domain_count; i++)
		if (wording->domains[i] == hash)
			return;
	if (wording->domain_count < DOMAINS_ENOUGH)
		wording->domains[wording->domain_count++] = hash;
}

void alike_decide(struct alike *alike)
{
	size_t count = alike->held_count;

	alike->watch.deadline_ms = 0;
	alike->held_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct held *held = &alike->held[i];
		struct delivery_answer answer = held->answer;

		if (held->wording->domain_count == DOMAINS_ENOUGH &&
		    held->wording->count > alike->accepted) {
			answer_our_fault(&answer, held->answer.stage,
			                 "our mail server refuses many reports "
			                 "with the same answer: %s",
			                 held->answer.text);
			answer.code = held->answer.code;
		}
		answer_queue_put(alike->answers, held->job, &answer);
	}
}

static void hold(struct alike *alike, struct delivery_job *job,
                 const struct delivery_answer *answer, struct wording *wording)
{
	if (alike->held_count == alike->held_room) {
		alike->held_room = alike->held_room ? 2 * alike->held_room : 64;
		alike->held = xrealloc(alike->held, alike->held_room,
		                       sizeof(*alike->held));
	}
	if (alike->held_count == 0)
		alike->watch.deadline_ms = clock_host_ms() + HOLD_MS;
	alike->held[alike->held_count++] = (struct held){
		.job = job, .answer = *answer, .wording = wording};
}

void alike_put(struct alike *alike, struct delivery_job *job,
               const struct delivery_answer *answer)
{
	struct wording *wording = NULL;

	alike->accepted += answer->event == EVENT_ACCEPTED;
	if ((answer->event == EVENT_REFUSED ||
	     answer->event == EVENT_BAD_ADDRESS) &&
	    answer->code != 0)
		wording = wording_get(alike, alike_key(answer));
	if (wording == NULL) {
		answer_queue_put(alike->answers, job, answer);
		return;
	}
	add_domain(wording, job->rua->host);
	hold(alike, job, answer, wording);
}

static void on_deadline(struct curl_pool_watch *watch, short revents)
{
	(void)revents;
	alike_decide((struct alike *)((char *)watch -
	                              offsetof(struct alike, watch)));
}

struct alike *alike_new(struct curl_pool *pool, struct answer_queue *answers)
{
	struct alike *alike = xcalloc(1, sizeof(*alike));

	alike->pool = pool;
	alike->answers = answers;
	alike->watch.fd = -1;
	alike->watch.ready = on_deadline;
	curl_pool_watch(pool, &alike->watch);
	return alike;
}

void alike_free(struct alike **alike)
{
	if (*alike == NULL)
		return;
	curl_pool_unwatch((*alike)->pool, &(*alike)->watch);
	free((*alike)->held);
	free(*alike);
	*alike = NULL;
}
