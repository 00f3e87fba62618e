#include "jmap/report_facts.h"

#include <string.h>
#include <strings.h>

#include "api/object.h"
#include "api/object_id.h"
#include "base/auto.h"
#include "base/reader.h"
#include "reply/wording.h"
#include "show/doc.h"
#include "store/outbox_table.h"

#define HEAD(member) offsetof(struct outbox_head, member)

const struct jmap_sort report_facts_sorts[] = {
	{"id", FIELD_ID, 0},
	{"domain", FIELD_TEXT, HEAD(domain)},
	{"createdAt", FIELD_INT64, HEAD(created_at)},
	{"deliverAt", FIELD_INT64, HEAD(deliver_at)},
	{"failures", FIELD_UINT64, HEAD(failure)},
	{"day", FIELD_INT32, HEAD(day)},
	{"doneAt", FIELD_INT64, HEAD(done_at)},
	{0},
};

typedef bool matches_fn(const struct outbox_destination *dest, int number,
                        const char *text);

/* Has it such a destination?  Its rows are read only for who asks. */
static bool has_destination(struct db_txn *txn, const struct outbox_head *head,
                            matches_fn *matches, int number, const char *text)
{
	bool is_done = head->status == OUTBOX_DONE;
	struct outbox_destination dest;

	for (uint16_t i = 0; i < head->destination_count; i++) {
		int found = is_done ? archive_destination_get(txn, head->id, i,
		                                              &dest)
		                    : outbox_destination_get(txn, head->id, i,
		                                             &dest);

		if (found && matches(&dest, number, text))
			return true;
	}
	return false;
}

static bool is_state(const struct outbox_destination *dest, int state,
                     const char *text)
{
	(void)text;
	return (int)dest->state == state && !dest->is_copy;
}

/* Most reports were delivered to all, which their heads say. */
static bool has_state(struct db_txn *txn, const void *facts, int state,
                      const char *text)
{
	const struct outbox_head *head = facts;

	if (state == DELIVERY_DELIVERED)
		return head->delivered_count > 0;
	return head->delivered_count < head->destination_count &&
	       has_destination(txn, head, is_state, state, text);
}

/* A part of it, or the same but for numbers, names and the like: so do
 * answers count together (store/answer_group.h). */
static bool is_answer(const char *answer, const char *text)
{
	return answer[0] != '\0' &&
	       (strcasestr(answer, text) != NULL ||
	        wording_hash(0, answer) == wording_hash(0, text));
}

static bool got_answer(const struct outbox_destination *dest, int number,
                       const char *text)
{
	(void)number;
	if (dest->is_copy)
		return false;
	for (size_t i = 0; i < dest->try_count; i++)
		if (is_answer(dest->tries[i].answer, text))
			return true;
	return is_answer(dest->answer, text);
}

static bool has_answer(struct db_txn *txn, const void *facts, int number,
                       const char *text)
{
	return has_destination(txn, facts, got_answer, number, text);
}

static bool is_host(const struct outbox_destination *dest, int number,
                    const char *text)
{
	(void)number;
	return strcasecmp(dest->rua.host, text) == 0;
}

static bool has_host(struct db_txn *txn, const void *facts, int number,
                     const char *text)
{
	return has_destination(txn, facts, is_host, number, text);
}

/* A time by the names that Stalwart's clients make of a property's. */
#define TIME(name, field)                                                      \
	{name, MATCH_AT, HEAD(field), 0, NULL, NULL}, {name "IsGreaterThan",   \
	                                               MATCH_PAST,             \
	                                               HEAD(field),            \
	                                               0,                      \
	                                               NULL,                   \
	                                               NULL},                  \
		{name "IsGreaterThanOrEqual",                                  \
	         MATCH_AFTER,                                                  \
	         HEAD(field),                                                  \
	         0,                                                            \
	         NULL,                                                         \
	         NULL},                                                        \
		{name "IsLessThan", MATCH_BEFORE, HEAD(field), 0, NULL, NULL}, \
	{                                                                      \
		name "IsLessThanOrEqual", MATCH_UNTIL, HEAD(field), 0, NULL,   \
			NULL                                                   \
	}

const struct jmap_condition report_facts_conditions[] = {
	{"domain", MATCH_EQUAL, HEAD(domain), 0, NULL, NULL},
	{"text", MATCH_CONTAINS, HEAD(domain), HEAD(report_id), NULL, NULL},
	{"status", MATCH_WORD, HEAD(status), 0, &words_statuses, NULL},
	{"state", MATCH_LOOKED_UP, 0, 0, &words_states, has_state},
	{"answer", MATCH_TEXT_LOOKED_UP, 0, 0, NULL, has_answer},
	{"host", MATCH_TEXT_LOOKED_UP, 0, 0, NULL, has_host},
	{"createdBefore", MATCH_BEFORE, HEAD(created_at), 0, NULL, NULL},
	{"createdAfter", MATCH_AFTER, HEAD(created_at), 0, NULL, NULL},
	{"deliverBefore", MATCH_BEFORE, HEAD(deliver_at), 0, NULL, NULL},
	{"deliverAfter", MATCH_AFTER, HEAD(deliver_at), 0, NULL, NULL},
	{"doneBefore", MATCH_BEFORE, HEAD(done_at), 0, NULL, NULL},
	{"doneAfter", MATCH_AFTER, HEAD(done_at), 0, NULL, NULL},
	TIME("createdAt", created_at),
	TIME("deliverAt", deliver_at),
	TIME("doneAt", done_at),
	{"hasFailures", MATCH_HAS, HEAD(failure), 0, NULL, NULL},
	{"day", MATCH_DAY, HEAD(day), 0, NULL, NULL},
	{"dayBefore", MATCH_DAY_BEFORE, HEAD(day), 0, NULL, NULL},
	{"dayAfter", MATCH_DAY_AFTER, HEAD(day), 0, NULL, NULL},
	{0},
};

struct jmap_key report_facts_id_key(const void *facts, struct arena *mem)
{
	const struct outbox_head *head = facts;

	(void)mem;
	return (struct jmap_key){.rank = head->id};
}

void report_facts_id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT])
{
	object_id_format(key->rank, out);
}

void report_facts_change_id(const struct change *change, char out[JMAP_ID_TEXT])
{
	struct reader reader;

	reader_init(&reader, change->id, change->id_len);
	object_id_format(reader_u64(&reader), out);
}

int report_facts_load(struct db_txn *txn, enum shown_where where,
                      const char *id, const json_t *wanted, json_t **object,
                      struct err *err)
{
	auto_(object_free) struct internal_report *report = object_new();
	bool with_body = doc_wants(wanted, "report") ||
	                 doc_wants(wanted, "policyIdentifiers");
	uint64_t number;
	int found;

	if (!object_id_parse(id, &number))
		return 0;
	found = shown_load(txn, where, number, with_body, report, err);
	if (found == 1)
		*object = object_write(report);
	return found;
}
