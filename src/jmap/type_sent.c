/* tally:SentReport: the archive, what became of reports that left the
 * outbox. */
#include "api/object.h"
#include "jmap/jmap_types.h"
#include "jmap/report_facts.h"

static int next(struct db_txn *txn, void *facts)
{
	return archive_head_next(txn, facts);
}

static int load(struct db_txn *txn, const char *id, const json_t *wanted,
                json_t **object, struct err *err)
{
	return report_facts_load(txn, SHOWN_ARCHIVE, id, wanted, object, err);
}

const struct jmap_type type_sent = {
	.name = "tally:SentReport",
	.capabilities = CAPABILITY_TLSTALLY,
	.change = CHANGE_SENT,
	.change_id = report_facts_change_id,
	.may = {.get = PERMIT_TALLY_READ, .query = PERMIT_TALLY_READ},
	.walk = {.next = next, REPORT_WALK},
	.show =
		{
			.table = &object_table,
			.word = "sent-report",
			.columns = "id,domain,day,doneAt,failedSessions,"
				   "mailRua,httpRua",
			.load = load,
		},
};
