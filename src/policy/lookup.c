#include "policy/lookup.h"

#include <string.h>

struct lookup_question *lookup_unasked(struct lookup *lookup)
{
	struct lookup_question *question = lookup->questions;

	while (question != NULL && question->state != LOOKUP_UNASKED)
		question = question->next;
	return question;
}

struct sts_call *lookup_unfetched(struct lookup *lookup)
{
	return lookup->fetch_wanted && lookup->fetch_state == LOOKUP_UNASKED
	               ? &lookup->fetch
	               : NULL;
}

void lookup_give_up(struct lookup *lookup)
{
	static const char why[] = "given up, because other domains had to wait";
	struct lookup_question *question = lookup->questions;

	for (; question != NULL; question = question->next) {
		if (question->state == LOOKUP_ANSWERED)
			continue;
		question->state = LOOKUP_ANSWERED;
		question->call.answer =
			(struct dns_answer){.status = VIEW_TEMPFAIL,
		                            .owner = question->call.name,
		                            .problem = why};
	}
	if (lookup->fetch_wanted && lookup->fetch_state != LOOKUP_ANSWERED) {
		lookup->fetch_state = LOOKUP_ANSWERED;
		lookup->fetch.reply =
			(struct sts_reply){.status = VIEW_TEMPFAIL,
		                           .problem = why,
		                           .hurried = true};
	}
	lookup->until_ms = INT64_MIN;
}

bool lookup_is_late(const struct lookup *lookup)
{
	return clock_monotonic_ms(lookup->clock) > lookup->until_ms;
}

/* NULL: it is too late to ask. */
static struct lookup_question *
find_question(struct lookup *lookup, const char *name, enum dns_type type)
{
	struct lookup_question *question = lookup->questions;

	while (question != NULL && (question->call.type != type ||
	                            strcmp(question->call.name, name) != 0))
		question = question->next;
	if (question != NULL || lookup_is_late(lookup))
		return question;
	question = arena_alloc(&lookup->kept, sizeof(*question));
	question->call = (struct dns_call){
		.name = arena_strdup(&lookup->kept, name),
		.type = type,
		.arena = &lookup->kept,
	};
	question->next = lookup->questions;
	lookup->questions = question;
	return question;
}

bool lookup_ask_plainly(struct lookup *lookup, const char *name,
                        enum dns_type type, struct dns_answer *answer)
{
	const struct lookup_question *question =
		find_question(lookup, name, type);

	if (question == NULL)
		*answer = (struct dns_answer){
			.status = VIEW_TEMPFAIL,
			.owner = name,
			.problem = "not asked, because the domain's DNS is too "
				   "slow",
		};
	else if (question->state == LOOKUP_ANSWERED)
		*answer = question->call.answer;
	else
		lookup->waits = true;
	return question == NULL || question->state == LOOKUP_ANSWERED;
}

bool lookup_ask(struct lookup *lookup, const char *name, enum dns_type type,
                struct dns_answer *answer)
{
	if (!lookup_ask_plainly(lookup, name, type, answer))
		return false;
	if (answer->problem != NULL)
		answer->problem = arena_printf(&lookup->arena, "%s: %s", name,
		                               answer->problem);
	lookup->answered |= answer->status != VIEW_TEMPFAIL;
	if (answer->status == VIEW_TEMPFAIL)
		lookup->failed = true;
	else if (answer->status == VIEW_BOGUS)
		lookup->ttl = 0; /* such a thing is soon mended */
	else if (type != DNS_A && type != DNS_AAAA && answer->ttl < lookup->ttl)
		/* the life of an address says nothing about the life of what
		 * stands there: they are short where hosts are moved about */
		lookup->ttl = answer->ttl;
	return true;
}

struct lookup_texts lookup_texts(struct lookup *lookup,
                                 const struct dns_answer *answer)
{
	size_t count = answer->count;
	struct lookup_texts texts = {
		.texts = arena_array(&lookup->arena, count, sizeof(char *)),
		.lens = arena_array(&lookup->arena, count, sizeof(size_t)),
		.count = count,
	};

	for (size_t i = 0; i < count; i++) {
		texts.texts[i] = (const char *)answer->records[i].data;
		texts.lens[i] = answer->records[i].len;
	}
	return texts;
}
