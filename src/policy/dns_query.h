/*
 * dns_query - a question to DNS, try by try
 *
 * One time limit holds for all that a question needs: each server by UDP, then
 * each by TCP (which gets through where UDP is lost), the CNAMEs that an
 * answer leaves open, and the questions that tell a bogus answer from a server
 * in trouble.  Each try may take an equal share of the time that is left.
 *
 *     dns_query_begin(&query, name, type, TIMEOUT_MS, arena);
 *     while (dns_query_next(&query, servers, &try))
 *             ... send try.bytes to that server, by UDP or TCP, wait ...
 *             dns_query_answered() or dns_query_failed()
 *     ... query.answer ...
 *
 * Pure: who sends, and who looks at the clock, is resolver.c.  Time that a
 * question waits for its turn does not count.
 */
#ifndef TLSTALLY_POLICY_DNS_QUERY_H
#define TLSTALLY_POLICY_DNS_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "policy/dns_packet.h"

enum { DNS_PROBLEM_TEXT = 160 };

/* Why a name is asked for. */
enum dns_stage {
	DNS_STAGE_CHECKED,   /* to know */
	DNS_STAGE_UNCHECKED, /* after SERVFAIL: is there anything at all? */
	DNS_STAGE_AGAIN,     /* after that: is it still refused? */
};

struct dns_query {
	struct arena *arena;          /* of all that is in the answer */
	struct dns_answer answer;     /* when dns_query_next() says no */
	struct dns_question question; /* of the try under way */
	/* the rest is dns_query.c's */
	bool done;
	enum dns_stage stage;
	int64_t left_ms;  /* of the time limit */
	int64_t share_ms; /* of it, left for this try */
	size_t tries;     /* gone */
	size_t servers;
	bool truncated; /* the same server again, by TCP */
	int aliases;
	bool secure;                    /* all of the answers on the way */
	uint32_t ttl;                   /* the shortest of them */
	char problem[DNS_PROBLEM_TEXT]; /* of the last try */
};

/* One packet to one server. */
struct dns_try {
	size_t server;
	bool tcp;
	int64_t within_ms;
	uint8_t bytes[DNS_QUESTION_MAX];
	size_t len;
};

void dns_query_begin(struct dns_query *query, const char *name,
                     enum dns_type type, int64_t timeout_ms,
                     struct arena *arena);

/* What is to be tried next of these `servers`; false: the answer is there. */
bool dns_query_next(struct dns_query *query, size_t servers,
                    struct dns_try *try);

/* What came of the try, which took so long: a reply to its question, and
 * whether its server may be believed about DNSSEC; or words. */
void dns_query_answered(struct dns_query *query, const struct dns_reply *reply,
                        bool believed, const char *server, int64_t took_ms);
void dns_query_failed(struct dns_query *query, const char *problem,
                      int64_t took_ms);

#endif
