/* tally:Inbound: how the messages of one day came in for one domain of ours. */
#include "jmap/day_row.h"
#include "show/inbound_mix.h"
#include "jmap/jmap_types.h"
#include "show/doc.h"
#include "store/inbound_table.h"

/* The rows of the fold may stand beyond the cap. */
enum {
	FOLDS_MAX = INBOUND_CLIENTS * (int)INBOUND_TLS_VERSIONS *
	            (int)INBOUND_CERTIFICATES,
	OUTCOMES_MAX = INBOUND_ROWS_MAX + FOLDS_MAX,
};

struct facts {
	struct day_row row;
	struct inbound_mix mix;
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
	struct day_row_shown row;
	struct inbound_mix mix;
	struct outcome *outcomes;
	size_t count;
	struct arena mem;
};

#define OUTCOME(member) .offset = offsetof(struct outcome, member)

static const struct property outcome_rows[] = {
	{"sender", &property_word, OUTCOME(sender)},
	{"client", &property_word, OUTCOME(client)},
	{"tls", &property_word, OUTCOME(tls)},
	{"certificate", &property_word, OUTCOME(certificate)},
	{"cipher", &property_word, OUTCOME(cipher)},
	{"cipherBits", &property_uint, OUTCOME(bits)},
	{"messages", &property_uint, OUTCOME(messages)},
	{"otherSenders", &property_word, OUTCOME(others)},
};

static const struct property_table outcome_table = {
	PROPERTY_ROWS(outcome_rows),
	.size = sizeof(struct outcome),
};

#define SHOWN(member) .offset = offsetof(struct shown, member)

static const struct property rows[] = {
	DAY_ROW_PROPERTIES,
	{"messages", &property_uint, SHOWN(mix.messages)},
	{"weakMessages", &property_uint, SHOWN(mix.weak)},
	{"clear", &property_uint, SHOWN(mix.clear)},
	{"oldTls", &property_uint, SHOWN(mix.old)},
	{"tls12", &property_uint, SHOWN(mix.tls12)},
	{"tls13", &property_uint, SHOWN(mix.tls13)},
	{"otherTls", &property_uint, SHOWN(mix.other)},
	{"submitted", &property_uint, SHOWN(mix.submitted)},
	{"filtered", &property_uint, SHOWN(mix.filtered)},
	{"outcomes", &property_made_objects, SHOWN(outcomes),
         .count_offset = offsetof(struct shown, count) -
                         offsetof(struct shown, outcomes),
         .items = &outcome_table},
};

static const struct property_table shown_table = {
	PROPERTY_ROWS(rows),
	.size = sizeof(struct shown),
};

#define FACT(member) offsetof(struct facts, member)

static const struct jmap_sort sorts[] = {
	DAY_ROW_SORTS,
	{"messages", FIELD_UINT64, FACT(mix.messages)},
	{"weakMessages", FIELD_UINT64, FACT(mix.weak)},
	{0},
};

static const struct jmap_condition conditions[] = {
	DAY_ROW_CONDITIONS,
	{"hasWeak", MATCH_HAS, FACT(mix.weak), 0, NULL, NULL},
	{0},
};

static void sum(void *arg, const struct inbound *inbound, uint64_t messages)
{
	inbound_mix_add(arg, inbound, messages);
}

static int at(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;

	facts->mix = (struct inbound_mix){0};
	inbound_table_each(txn, facts->row.day, facts->row.domain, sum,
	                   &facts->mix);
	return facts->mix.messages > 0;
}

static int next(struct db_txn *txn, void *arg)
{
	struct facts *facts = arg;

	if (!inbound_table_domain_next(txn, &facts->row.day, facts->row.domain))
		return 0;
	at(txn, facts);
	return 1;
}

static const char *copy_text(struct arena *mem, const char *text)
{
	return text[0] != '\0' ? arena_strdup(mem, text) : NULL;
}

static void show_outcome(void *arg, const struct inbound *inbound,
                         uint64_t messages)
{
	struct shown *shown = arg;

	if (shown->count >= OUTCOMES_MAX)
		return;
	shown->outcomes[shown->count++] = (struct outcome){
		.sender = copy_text(&shown->mem, inbound->sender),
		.client = word_api(&words_clients, inbound->client),
		.tls = word_api(&words_tls, inbound->tls),
		.certificate =
			word_api(&words_certificates, inbound->certificate),
		.cipher = copy_text(&shown->mem, inbound->cipher),
		.bits = inbound->bits,
		.messages = messages,
		.others = inbound->other_senders ? "folded" : NULL,
	};
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	struct facts facts;
	struct shown shown = {0};
	int found = day_row_find(txn, &type_inbound, id, &facts);

	arena_init(&shown.mem);
	if (found) {
		day_row_show(&facts.row, &shown.row);
		shown.mix = facts.mix;
		if (doc_wants(wanted, "outcomes")) {
			shown.outcomes = arena_array(&shown.mem, OUTCOMES_MAX,
			                             sizeof(*shown.outcomes));
			inbound_table_each(txn, facts.row.day, facts.row.domain,
			                   show_outcome, &shown);
		}
		*object = property_table_write(&shown_table, &shown);
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
	.may = {.get = PERMIT_TALLY_READ, .query = PERMIT_TALLY_READ},
	.walk = {sorts, conditions, next, sizeof(struct facts), .at = at,
                 DAY_ROW_WALK},
	.show = {&shown_table, "inbound", "id,day,domain,messages,weakMessages",
                 NULL, load},
};
