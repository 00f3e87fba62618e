#include "jmap/report_facts.h"

#include <string.h>

#include "api/object.h"
#include "api/object_id.h"
#include "base/auto.h"
#include "base/reader.h"
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

/* Has it a destination in that state?  Its rows are read only for who asks. */
static bool has_destination(struct db_txn *txn, const void *facts, int state)
{
	const struct outbox_head *head = facts;
	bool is_done = head->status == OUTBOX_DONE;
	struct outbox_destination dest;

	for (uint16_t i = 0; i < head->destination_count; i++) {
		int found = is_done ? archive_destination_get(txn, head->id, i,
		                                              &dest)
		                    : outbox_destination_get(txn, head->id, i,
		                                             &dest);

		if (found && (int)dest.state == state)
			return true;
	}
	return false;
}

const struct jmap_condition report_facts_conditions[] = {
	{"domain", MATCH_EQUAL, HEAD(domain), 0, NULL, NULL},
	{"text", MATCH_CONTAINS, HEAD(domain), HEAD(report_id), NULL, NULL},
	{"status", MATCH_WORD, HEAD(status), 0, &words_statuses, NULL},
	{"state", MATCH_LOOKED_UP, 0, 0, &words_states, has_destination},
	{"createdBefore", MATCH_BEFORE, HEAD(created_at), 0, NULL, NULL},
	{"createdAfter", MATCH_AFTER, HEAD(created_at), 0, NULL, NULL},
	{"deliverBefore", MATCH_BEFORE, HEAD(deliver_at), 0, NULL, NULL},
	{"deliverAfter", MATCH_AFTER, HEAD(deliver_at), 0, NULL, NULL},
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
