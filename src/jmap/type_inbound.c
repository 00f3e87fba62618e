/* tally:Inbound: how the messages of one day came in for one domain of ours;
 * its id is the day and the domain (jmap/id_text.h). */
#include <stdio.h>
#include <string.h>

#include "jmap/id_text.h"
#include "jmap/jmap_type.h"
#include "base/auto.h"
#include "base/day.h"
#include "store/inbound_table.h"

/* The rows of the fold may stand beyond the cap. */
enum {
	FOLDS_MAX = INBOUND_CLIENTS * (int)INBOUND_TLS_VERSIONS *
	            (int)INBOUND_CERTIFICATES,
	OUTCOMES_MAX = INBOUND_ROWS_MAX + FOLDS_MAX,
};

struct facts {
	int32_t day;
	char domain[DOMAIN_TEXT];
	uint64_t messages;
	uint64_t weak; /* clear text, or older than TLS 1.2 */
};

struct outcome {
	const char *sender; /* NULL: <>, or the fold */
	const char *client;
	const char *tls;
	const char *certificate;
	const char *cipher;
	uint64_t bits;
	uint64_t messages;
	const char *others; /* "folded": what is past the cap; NULL */
};

struct shown {
	const char *id;
	const char *day;
	const char *domain;
	uint64_t messages;
	uint64_t weak;
	struct outcome *outcomes;
	size_t count;
	struct arena mem;
};

#define OUTCOME(member) .offset = offsetof(struct outcome, member)

static const struct property outcome_rows[] = {
	{"sender", &kind_word, OUTCOME(sender)},
	{"client", &kind_word, OUTCOME(client)},
	{"tls", &kind_word, OUTCOME(tls)},
	{"certificate", &kind_word, OUTCOME(certificate)},
	{"cipher", &kind_word, OUTCOME(cipher)},
	{"cipherBits", &kind_uint, OUTCOME(bits)},
	{"messages", &kind_uint, OUTCOME(messages)},
	{"otherSenders", &kind_word, OUTCOME(others)},
};

static const struct property_table outcome_table = {
	.rows = outcome_rows,
	.count = sizeof(outcome_rows) / sizeof(outcome_rows[0]),
	.size = sizeof(struct outcome),
};

#define SHOWN(member) .offset = offsetof(struct shown, member)

static const struct property rows[] = {
	{"id", &kind_word, SHOWN(id)},
	{"day", &kind_word, SHOWN(day)},
	{"domain", &kind_word, SHOWN(domain)},
	{"messages", &kind_uint, SHOWN(messages)},
	{"weakMessages", &kind_uint, SHOWN(weak)},
	{"outcomes", &kind_made_objects, SHOWN(outcomes),
         .count_offset = offsetof(struct shown, count) -
                         offsetof(struct shown, outcomes),
         .items = &outcome_table},
};

static const struct property_table shown_table = {
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct shown),
};

static const struct property_table *table(void)
{
	return &shown_table;
}

#define FACT(member) offsetof(struct facts, member)

static const struct jmap_sort sorts[] = {
	{"id", FIELD_ID, 0},
	{"day", FIELD_INT32, FACT(day)},
	{"domain", FIELD_TEXT, FACT(domain)},
	{"messages", FIELD_UINT64, FACT(messages)},
	{"weakMessages", FIELD_UINT64, FACT(weak)},
};

static const struct jmap_condition conditions[] = {
	{"day", MATCH_DAY, FACT(day), 0, NULL},
	{"dayBefore", MATCH_DAY_BEFORE, FACT(day), 0, NULL},
	{"dayAfter", MATCH_DAY_AFTER, FACT(day), 0, NULL},
	{"domain", MATCH_EQUAL, FACT(domain), 0, NULL},
	{"text", MATCH_CONTAINS, FACT(domain), 0, NULL},
	{"hasWeak", MATCH_HAS, FACT(weak), 0, NULL},
};

static void sum(void *arg, const struct inbound *inbound, uint64_t messages)
{
	struct facts *facts = arg;

	facts->messages += messages;
	if (inbound_came_weak(inbound))
		facts->weak += messages;
}

static int next(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;

	facts->messages = 0;
	facts->weak = 0;
	if (!inbound_domain_next(txn, &facts->day, facts->domain))
		return 0;
	inbound_each(txn, facts->day, facts->domain, sum, facts);
	return 1;
}

static int next_within(struct db_txn *txn, void *arg,
                       const struct jmap_bounds *bounds)
{
	struct facts *facts = arg;

	if (facts->day < bounds->first_day) {
		facts->day = bounds->first_day;
		facts->domain[0] = '\0';
	}
	return next(txn, facts) && facts->day <= bounds->last_day;
}

static struct jmap_key id_key(const void *arg, struct arena *mem)
{
	const struct facts *facts = arg;

	return id_text_day_key(facts->day, facts->domain, mem);
}

static const char *keep(struct arena *mem, const char *text)
{
	return text[0] != '\0' ? arena_strdup(mem, text) : NULL;
}

static void show_outcome(void *arg, const struct inbound *inbound,
                         uint64_t messages)
{
	struct shown *shown = arg;

	shown->messages += messages;
	if (inbound_came_weak(inbound))
		shown->weak += messages;
	if (shown->count >= OUTCOMES_MAX)
		return;
	shown->outcomes[shown->count++] = (struct outcome){
		.sender = keep(&shown->mem, inbound->sender),
		.client = inbound_client_word(inbound->client),
		.tls = inbound_tls_word(inbound->tls),
		.certificate = inbound_certificate_word(inbound->certificate),
		.cipher = keep(&shown->mem, inbound->cipher),
		.bits = inbound->bits,
		.messages = messages,
		.others = inbound->other_senders ? "folded" : NULL,
	};
}

static bool find(struct db_txn *txn, const char *id, struct facts *facts)
{
	const char *rest = id_text_read_day(id, &facts->day);
	char domain[DOMAIN_TEXT];
	bool hashed;

	facts->domain[0] = '\0';
	if (rest == NULL)
		return false;
	if (!id_text_read(rest, domain, sizeof(domain), &hashed))
		return hashed && jmap_scan_for(txn, &type_inbound, id,
		                               (size_t)(rest - id), facts);
	snprintf(facts->domain, sizeof(facts->domain), "%s", domain);
	facts->messages = 0;
	inbound_each(txn, facts->day, facts->domain, sum, facts);
	return facts->messages > 0;
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	struct facts facts;
	struct shown shown = {.id = id};
	char day[DAY_TEXT];
	bool found = find(txn, id, &facts);

	(void)wanted;
	arena_init(&shown.mem);
	if (found) {
		shown.outcomes = arena_array(&shown.mem, OUTCOMES_MAX,
		                             sizeof(*shown.outcomes));
		shown.day = day_format(facts.day, day);
		shown.domain = facts.domain;
		inbound_each(txn, facts.day, facts.domain, show_outcome,
		             &shown);
		*object = properties_write(&shown_table, &shown);
	}
	arena_clear(&shown.mem);
	if (!db_failed(txn))
		return found;
	if (found)
		json_decref(*object);
	return db_failure(txn, err);
}

const struct jmap_type type_inbound = {
	.name = "tally:Inbound",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_INBOUND,
	.get = PERMIT_TALLY_READ,
	.query = PERMIT_TALLY_READ,
	.table = table,
	.sorts = sorts,
	.sort_count = sizeof(sorts) / sizeof(sorts[0]),
	.conditions = conditions,
	.condition_count = sizeof(conditions) / sizeof(conditions[0]),
	.next = next,
	.next_within = next_within,
	.facts_size = sizeof(struct facts),
	.id_key = id_key,
	.id_text = id_text_of_key,
	.load = load,
};
