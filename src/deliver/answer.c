#include "deliver/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/xalloc.h"

struct item {
	struct delivery_job *job;
	struct delivery_answer answer;
};

struct answer_queue {
	struct item *items;
	size_t count;
	size_t room;
};

struct answer_queue *answer_queue_new(void)
{
	return xcalloc(1, sizeof(struct answer_queue));
}

void answer_queue_free(struct answer_queue **answers)
{
	if (*answers == NULL)
		return;
	free((*answers)->items);
	free(*answers);
	*answers = NULL;
}

void answer_queue_put(struct answer_queue *answers, struct delivery_job *job,
                      const struct delivery_answer *answer)
{
	struct item *item;

	if (answers->count == answers->room) {
		answers->room = answers->room ? answers->room * 2 : 64;
		answers->items = xrealloc(answers->items, answers->room,
		                          sizeof(*answers->items));
	}
	item = &answers->items[answers->count++];
	item->job = job;
	item->answer = *answer;
	/* drivers escape foreign text; this is for what they overlooked, and
	 * for a character that was cut in two */
	utf8_show(item->answer.text, sizeof(item->answer.text), answer->text,
	          strlen(answer->text));
}

size_t answer_queue_waiting(const struct answer_queue *answers)
{
	return answers->count;
}

void answer_queue_hand_out(struct answer_queue *answers, delivery_done_fn *done,
                           void *arg)
{
	struct answer_queue now = *answers;

	memset(answers, 0, sizeof(*answers));
	for (size_t i = 0; i < now.count; i++)
		done(arg, now.items[i].job, &now.items[i].answer);
	if (answers->items == NULL) { /* keep the memory for the next round */
		answers->items = now.items;
		answers->room = now.room;
	} else {
		free(now.items);
	}
}

static void vset(struct delivery_answer *answer, enum delivery_event event,
                 enum delivery_stage stage, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static void vset(struct delivery_answer *answer, enum delivery_event event,
                 enum delivery_stage stage, const char *fmt, va_list ap)
{
	memset(answer, 0, sizeof(*answer));
	answer->event = event;
	answer->stage = stage;
	vsnprintf(answer->text, sizeof(answer->text), fmt, ap);
}

void answer_set(struct delivery_answer *answer, enum delivery_event event,
                enum delivery_stage stage, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(answer, event, stage, fmt, ap);
	va_end(ap);
}

void answer_our_fault(struct delivery_answer *answer, enum delivery_stage stage,
                      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vset(answer, EVENT_TEMPORARY, stage, fmt, ap);
	va_end(ap);
	answer->our_fault = true;
}

bool answer_too_late(struct delivery_answer *answer,
                     const struct delivery_job *job, struct clock *clock)
{
	if (!lease_is_over(&job->begin_by, clock))
		return false;
	answer_set(answer, EVENT_RELEASE, STAGE_LOCAL,
	           "not started: the run or its host was suspended, and "
	           "another run may have taken over");
	return true;
}
