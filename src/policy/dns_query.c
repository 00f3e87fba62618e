#include "policy/dns_query.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum { NO_SUCH_NAME_TTL = 3600 };

static void finish(struct dns_query *query, enum view_status status,
                   const char *problem)
{
	query->answer = (struct dns_answer){
		.status = status,
		.owner = arena_strdup(query->arena, query->question.name),
		.problem = problem,
	};
	query->done = true;
}

/* From the first server on. */
static void ask(struct dns_query *query, enum dns_stage stage)
{
	query->stage = stage;
	query->question.unchecked = stage == DNS_STAGE_UNCHECKED;
	query->tries = 0;
	query->truncated = false;
	snprintf(query->problem, sizeof(query->problem),
	         "no answer within the time limit");
}

void dns_query_begin(struct dns_query *query, const char *name,
                     enum dns_type type, int64_t timeout_ms,
                     struct arena *arena)
{
	uint8_t bytes[DNS_QUESTION_MAX];

	*query = (struct dns_query){
		.arena = arena,
		.question = {.name = arena_strdup(arena, name), .type = type},
		.left_ms = timeout_ms,
		.secure = true,
		.ttl = UINT32_MAX,
	};
	ask(query, DNS_STAGE_CHECKED);
	if (dns_question_write(&query->question, bytes) > 0)
		return;
	/* too long for DNS: nobody can have published it */
	finish(query, VIEW_NONE, NULL);
	query->answer.ttl = NO_SUCH_NAME_TTL;
}

/*
 * No server has answered.  SERVFAIL means that validation failed or that the
 * server is in trouble.  It was validation when the same is answered unchecked
 * (CD) and, asked once more, is refused again: trouble may have passed in
 * between.
 */
static void give_up(struct dns_query *query)
{
	if (query->stage == DNS_STAGE_CHECKED)
		finish(query, VIEW_TEMPFAIL,
		       arena_strdup(query->arena, query->problem));
	else
		finish(query, VIEW_TEMPFAIL, "the resolver answered SERVFAIL");
}

bool dns_query_next(struct dns_query *query, size_t servers,
                    struct dns_try *try)
{
	size_t tries = 2 * servers;

	if (!query->done && (query->tries >= tries || query->left_ms <= 0))
		give_up(query);
	if (query->done)
		return false;
	query->servers = servers;
	if (!query->truncated)
		query->share_ms =
			query->left_ms / (int64_t)(tries - query->tries);
	hash_random_bytes(&query->question.id, sizeof(query->question.id));
	try->server = query->tries % servers;
	try->tcp = query->truncated || query->tries >= servers;
	try->within_ms = query->share_ms;
	try->len = dns_question_write(&query->question, try->bytes);
	return true;
}

static void note_time(struct dns_query *query, int64_t took_ms)
{
	query->left_ms -= took_ms;
	query->share_ms -= took_ms;
}

void dns_query_failed(struct dns_query *query, const char *problem,
                      int64_t took_ms)
{
	note_time(query, took_ms);
	query->tries++;
	query->truncated = false;
	snprintf(query->problem, sizeof(query->problem), "%s", problem);
}

/* A resolver gives the whole chain; what stands between us and it may not. */
static void take_answer(struct dns_query *query, const struct dns_reply *reply,
                        bool secure)
{
	const struct dns_answer *answer = &reply->answer;

	query->secure = query->secure && secure;
	if (answer->ttl < query->ttl)
		query->ttl = answer->ttl;
	if (!reply->unfinished) {
		query->answer = *answer;
		query->answer.secure = query->secure;
		query->answer.ttl = query->ttl;
		if (answer->owner == NULL)
			query->answer.owner = query->question.name;
		query->done = true;
	} else if (query->aliases++ == DNS_CNAMES_MAX) {
		finish(query, VIEW_TEMPFAIL,
		       "a chain of CNAME records that does not end");
	} else {
		query->question.name = answer->owner;
		ask(query, DNS_STAGE_CHECKED);
	}
}

static void take_servfail(struct dns_query *query)
{
	if (query->stage == DNS_STAGE_CHECKED)
		ask(query, DNS_STAGE_UNCHECKED);
	else if (query->stage == DNS_STAGE_AGAIN)
		finish(query, VIEW_BOGUS, "DNSSEC validation failed");
	else
		give_up(query);
}

void dns_query_answered(struct dns_query *query, const struct dns_reply *reply,
                        bool believed, const char *server, int64_t took_ms)
{
	bool tcp = query->truncated || query->tries >= query->servers;
	char problem[DNS_PROBLEM_TEXT];
	const char *word = NULL;

	if (reply->truncated && !tcp) {
		note_time(query, took_ms);
		query->truncated = true;
		return;
	}
	if (reply->truncated)
		word = "a truncated answer over TCP";
	else if (reply->rcode != DNS_NOERROR && reply->rcode != DNS_NXDOMAIN &&
	         reply->rcode != DNS_SERVFAIL)
		word = dns_rcode_word(reply->rcode, query->arena);
	if (word != NULL) {
		snprintf(problem, sizeof(problem), "%s by %s: %s", server,
		         tcp ? "TCP" : "UDP", word);
		dns_query_failed(query, problem, took_ms);
		return;
	}
	note_time(query, took_ms);
	if (reply->rcode == DNS_SERVFAIL)
		take_servfail(query);
	else if (query->stage == DNS_STAGE_UNCHECKED)
		ask(query, DNS_STAGE_AGAIN);
	else
		take_answer(query, reply, believed && reply->authentic);
}
