#include "fake/fake_transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "deliver/answer.h"
#include "deliver/verdict.h"
#include "outbox/claim.h"

struct fake {
	struct transport transport; /* first: what outsiders hold */
	struct fake_world *world;
	struct answer_queue *answers;
};

static struct delivery_answer *add_rule(struct fake_world *world,
                                        const char *place)
{
	struct fake_rule *rule;

	world->rules = xrealloc(world->rules, world->rule_count + 1,
	                        sizeof(*world->rules));
	rule = &world->rules[world->rule_count++];
	memset(rule, 0, sizeof(*rule));
	rule->place = xstrdup(place);
	return &rule->answer;
}

void fake_answer_http(struct fake_world *world, const char *host, int status,
                      int64_t retry_after)
{
	struct delivery_answer *answer = add_rule(world, host);

	verdict_http(status, "", retry_after > 0, answer);
	answer->retry_after = retry_after;
}

void fake_answer_mail(struct fake_world *world, const char *address,
                      enum delivery_stage stage, const char *text)
{
	struct delivery_answer *answer = add_rule(world, address);
	struct smtp_reply reply = {0};
	char line[512];
	size_t used;

	snprintf(line, sizeof(line), "%s\r\n", text);
	if (smtp_wire_read_reply(line, strlen(line), &reply, &used, NULL) != 1)
		abort();
	verdict_smtp(stage, &reply, answer);
}

void fake_answer_none(struct fake_world *world, const char *place,
                      enum delivery_event event)
{
	struct delivery_answer *answer = add_rule(world, place);

	if (event == EVENT_UNCERTAIN)
		answer_set(answer, event, STAGE_DATA,
		           "the connection broke before the answer");
	else
		answer_set(answer, event, STAGE_CONNECT, "nobody there");
}

static bool fits(const struct fake_rule *rule, const struct rua *rua)
{
	return strcmp(rule->place, "*") == 0 ||
	       strcmp(rule->place, rua->address) == 0 ||
	       strcmp(rule->place, rua->host) == 0;
}

static void choose(const struct fake_world *world, const struct rua *rua,
                   struct delivery_answer *answer)
{
	for (size_t i = world->rule_count; i > 0; i--) {
		if (fits(&world->rules[i - 1], rua)) {
			*answer = world->rules[i - 1].answer;
			return;
		}
	}
	answer_set(answer, EVENT_ACCEPTED,
	           rua->kind == RUA_HTTPS ? STAGE_HTTP : STAGE_DATA,
	           "accepted");
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whatever goes out again for a report and a place is what went first. */
static void compare(struct fake_world *world, const struct fake_sent *now)
{
	for (size_t i = 0; i < world->sent_count; i++) {
		const struct fake_sent *before = &world->sent[i];

		if (before->report != now->report ||
		    strcmp(before->uri, now->uri) != 0)
			continue;
		if (before->body.len != now->body.len ||
		    memcmp(before->body.data, now->body.data, now->body.len) !=
		            0 ||
		    !same_text(before->mail_from, now->mail_from))
			snprintf(world->broken, sizeof(world->broken),
			         "the report about %s went to %s twice with "
			         "different bytes",
			         now->domain, now->uri);
		if (before->event == EVENT_ACCEPTED)
			snprintf(world->broken, sizeof(world->broken),
			         "the report about %s went to %s again after "
			         "it was accepted there",
			         now->domain, now->uri);
	}
}

static void keep(struct fake_world *world, const struct delivery_job *job,
                 enum delivery_event event)
{
	const struct claim *claim = job->owner;
	struct fake_sent sent = {
		.report = claim->head.id,
		.domain = xstrdup(claim->head.domain),
		.uri = xstrdup(job->rua->uri),
		.mail_from = job->mail_from ? xstrdup(job->mail_from) : NULL,
		.file_name = job->file_name ? xstrdup(job->file_name) : NULL,
		.event = event,
	};

	strbuf_init(&sent.body, 0);
	strbuf_add(&sent.body, job->body, job->body_len);
	compare(world, &sent);
	world->sent = xrealloc(world->sent, world->sent_count + 1,
	                       sizeof(*world->sent));
	world->sent[world->sent_count++] = sent;
}

static void submit(struct transport *self, struct delivery_job *job)
{
	struct fake *fake = (struct fake *)self;
	struct delivery_answer answer;

	choose(fake->world, job->rua, &answer);
	keep(fake->world, job, answer.event);
	answer_queue_put(fake->answers, job, &answer);
}

static void wait_for_some(struct transport *self, int timeout_ms,
                          delivery_done_fn *done, void *arg)
{
	struct fake *fake = (struct fake *)self;
	struct fake_world *world = fake->world;
	void (*meanwhile)(void *) = world->meanwhile;

	(void)timeout_ms;
	world->meanwhile = NULL;
	if (meanwhile != NULL)
		meanwhile(world->meanwhile_arg);
	answer_queue_hand_out(fake->answers, done, arg);
}

static void free_fake(struct transport **self)
{
	struct fake *fake = (struct fake *)*self;

	if (fake == NULL)
		return;
	answer_queue_free(&fake->answers);
	free(fake);
	*self = NULL;
}

struct transport *fake_transport_new(struct fake_world *world)
{
	struct fake *fake = xcalloc(1, sizeof(*fake));

	fake->transport.submit = submit;
	fake->transport.wait = wait_for_some;
	fake->transport.free = free_fake;
	fake->world = world;
	fake->answers = answer_queue_new();
	return &fake->transport;
}

void fake_world_clear(struct fake_world *world)
{
	for (size_t i = 0; i < world->rule_count; i++)
		free(world->rules[i].place);
	for (size_t i = 0; i < world->sent_count; i++) {
		struct fake_sent *sent = &world->sent[i];

		free(sent->domain);
		free(sent->uri);
		free(sent->mail_from);
		free(sent->file_name);
		strbuf_clear(&sent->body);
	}
	free(world->rules);
	free(world->sent);
	memset(world, 0, sizeof(*world));
}
