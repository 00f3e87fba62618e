/* Several hosts, of which this one reports: whose day is here? */
#include "show/status.h"

#include "base/auto.h"
#include "base/json.h"
#include "fleet/host_state.h"
#include "show/doc.h"

/* Missing where this host is alone. */
int status_hosts(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct host_state state;
	size_t place = 0;

	while (host_state_next(txn, of->conf, of->now, &place, &state)) {
		const struct sealed_totals *totals = &state.last.totals;
		json_t *item = doc_row(doc_array(doc, "hosts"));

		doc_set(item, "name", state.name);
		doc_set(item, "state", word_api(&words_hosts, state.status));
		json_set_bool(item, "isExpected", state.is_expected);
		json_set_bool(item, "isFetched", state.is_fetched);
		doc_set(item, "words", state.words);
		if (state.last.slot == 0)
			continue;
		doc_set_day(item, "lastDay", state.last.head.day);
		json_set_time(item, "importedAt", state.last.imported_at);
		json_set_uint(item, "domains", totals->domains);
		json_set_uint(item, "sessions",
		              totals->success + totals->failure +
		                      totals->unjudged);
		json_set_uint(item, "failedSessions", totals->failure);
		json_set_uint(item, "waitingDomains", totals->waiting);
		json_set_bool(item, "isLate", state.last.late);
		json_set_bool(item, "makesReports", state.last.head.reports);
	}
	return db_failure(txn, err);
}
