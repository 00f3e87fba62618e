/* Any bytes as the answer to our questions: what is taken from them is whole,
 * bounded and canonical. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "domain/tlsa.h"
#include "policy/dns_packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_host(const char *host)
{
	require(strcmp(host, ".") == 0 || domain_is_canonical(host));
}

/* Touches every byte, for the sanitizer. */
static void check_record(const struct dns_record *record, struct arena *arena)
{
	unsigned sum = 0;

	for (size_t i = 0; i < record->len; i++)
		sum += record->data[i];
	require(sum <= 255 * record->len);
	if (record->host != NULL)
		check_host(record->host);
	tlsa_text(arena, record->data, record->len);
}

static void check_reply(const struct dns_reply *reply, struct arena *arena)
{
	const struct dns_answer *answer = &reply->answer;

	if (answer->owner != NULL)
		check_host(answer->owner);
	require(answer->count <= DNS_RECORDS_MAX);
	require((answer->status == VIEW_OK) == (answer->count > 0));
	require(!reply->unfinished ||
	        (answer->status == VIEW_NONE && answer->owner != NULL));
	for (size_t i = 0; i < answer->count; i++)
		check_record(&answer->records[i], arena);
}

static void ask(const uint8_t *data, size_t size, const char *name,
                enum dns_type type)
{
	struct dns_question question = {.name = name, .type = type};
	struct dns_reply reply;
	struct err err = {0};
	struct arena arena;
	int rc;

	arena_init(&arena);
	if (size >= 2) /* else none of them would be ours */
		question.id = (uint16_t)(data[0] << 8 | data[1]);
	rc = dns_reply_read(data, size, &question, &arena, &reply, &err);
	require(rc == 0 || rc == 1 || (rc == ERR_PARSE && err.text[0] != '\0'));
	if (rc == 1)
		check_reply(&reply, &arena);
	arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A,  DNS_AAAA, DNS_CNAME,
	                                      DNS_MX, DNS_TXT,  DNS_TLSA};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		ask(data, size, "a.test", types[i]);
		ask(data, size, "b.test", types[i]);
	}
	return 0;
}
