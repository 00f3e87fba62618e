/*
 * policy_driver - one question to DNS, or one policy, as a line of text
 *
 *     policy_driver dns ADDRESS TIMEOUT_MS NAME TYPE [trust]
 *     policy_driver fetch ADDRESS:PORT CA_FILE TIMEOUT_SECS DOMAIN [strict]
 *     policy_driver together ADDRESS:PORT CA_FILE TIMEOUT_SECS DOMAIN...
 *
 * dns prints "STATUS secure|insecure TTL OWNER COUNT RECORD|RECORD..." or the
 * problem, the TTL rounded up to 20 s; fetch, from that address, whatever
 * DNS says, prints "STATUS BYTES PROBLEM".  together fetches at most four at a
 * time, two from one network, and prints a line "DOMAIN STATUS" when one has
 * come.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/tlsa.h"
#include "policy/resolver.h"
#include "policy/sts_fetch.h"

enum { TTL_STEP = 20, STEP_MS = 1000 };

static const struct {
	const char *word;
	enum dns_type type;
} types[] = {
	{"A", DNS_A},   {"AAAA", DNS_AAAA}, {"CNAME", DNS_CNAME},
	{"MX", DNS_MX}, {"TXT", DNS_TXT},   {"TLSA", DNS_TLSA},
};

static int fail(const struct err *err)
{
	printf("error %s\n", err->text);
	return 1;
}

static enum dns_type type_of(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].type;
	return DNS_A;
}

static void print_record(enum dns_type type, const struct dns_record *record,
                         struct arena *arena)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (type == DNS_A || type == DNS_AAAA)
		printf("%s", inet_ntop(type == DNS_A ? AF_INET : AF_INET6,
		                       record->data, text, sizeof(text)));
	else if (type == DNS_MX)
		printf("%u %s", record->preference,
		       record->host != NULL ? record->host : "?");
	else if (type == DNS_TLSA)
		printf("%s", tlsa_text(arena, record->data, record->len));
	else if (record->len > 200)
		printf("%zu bytes", record->len);
	else
		printf("%.*s", (int)record->len, (const char *)record->data);
}

/* A cache counts down while the test runs. */
static uint32_t rounded(uint32_t ttl)
{
	return (ttl + TTL_STEP - 1) / TTL_STEP * TTL_STEP;
}

static void print_answer(enum dns_type type, const struct dns_answer *answer,
                         struct arena *arena)
{
	printf("%s %s", word_api(&words_lookups, answer->status),
	       answer->secure ? "secure" : "insecure");
	if (answer->problem != NULL) {
		printf(" %s\n", answer->problem);
		return;
	}
	printf(" %u %s %zu", rounded(answer->ttl), answer->owner,
	       answer->count);
	for (size_t i = 0; i < answer->count; i++) {
		putchar(i == 0 ? ' ' : '|');
		print_record(type, &answer->records[i], arena);
	}
	putchar('\n');
}

static int run_dns(int argc, char **argv, struct arena *arena)
{
	struct resolver_options options = {
		.address = argv[2],
		.timeout_ms = atoi(argv[3]),
		.trust_ad = argc > 6,
	};
	enum dns_type type = type_of(argv[5]);
	struct dns_answer answer;
	struct err err = {0};

	if (resolver_ask_now(&options, argv[4], type, arena, &answer, &err) < 0)
		return fail(&err);
	print_answer(type, &answer, arena);
	return 0;
}

static void print_fetched(struct sts_call *call)
{
	const struct sts_reply *reply = &call->reply;

	if (call->background)
		printf("%s %s\n", call->domain,
		       word_api(&words_lookups, reply->status));
	else
		printf("%s%s %zu %s\n", word_api(&words_lookups, reply->status),
		       reply->missed ? " (missed)" : "", reply->len,
		       reply->problem != NULL ? reply->problem : "-");
	--*(int *)call->owner;
}

static int run_fetch(const struct sts_fetch_options *options, char **domains,
                     int count, struct arena *arena)
{
	struct sts_call *calls =
		arena_array(arena, (size_t)count, sizeof(*calls));
	struct sts_fetcher *fetcher;
	struct loop *loop = NULL;
	struct err err = {0};
	int left = count;

	if (loop_open(&loop, &err) < 0 ||
	    sts_fetch_open(options, loop, &fetcher, &err) < 0) {
		loop_close(&loop);
		return fail(&err);
	}
	for (int i = 0; i < count; i++) {
		calls[i] = (struct sts_call){.domain = domains[i],
		                             .background = count > 1,
		                             .arena = arena,
		                             .done = print_fetched,
		                             .owner = &left};
		fetcher->fetch(fetcher, &calls[i]);
	}
	while (left > 0)
		loop_run(loop, STEP_MS);
	fetcher->free(&fetcher);
	loop_close(&loop);
	return 0;
}

int main(int argc, char **argv)
{
	struct arena arena;
	int status = 2;

	arena_init(&arena);
	if (argc >= 6 && strcmp(argv[1], "dns") == 0) {
		status = run_dns(argc, argv, &arena);
	} else if (argc >= 6 && argv[1][0] != 'd') {
		bool together = strcmp(argv[1], "together") == 0;
		struct sts_fetch_options options = {
			.resolve_to = argv[2],
			.ca_file = argv[3],
			.timeout_secs = atoi(argv[4]),
			.allow_private = together || argc == 6,
			.at_once = 4,
		};

		status = run_fetch(&options, argv + 5, together ? argc - 5 : 1,
		                   &arena);
	}
	arena_clear(&arena);
	return status;
}
