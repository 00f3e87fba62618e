/* Failures of sessions that look like the fault of this site, for status. */
#include "show/status.h"

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "show/doc.h"
#include "store/day_fault.h"
#include "store/day_view.h"
#include "words/words.h"

/* Without a result: whatever it was. */
static void add_failure(json_t *list, int32_t day, int kind,
                        const struct day_fault *fault)
{
	json_t *item = doc_row(list);

	doc_set_day(item, "day", day);
	if (kind != ALIKE_ANY)
		doc_set(item, "resultType", word_api(&words_results, kind));
	json_set_uint(item, "failingDomains", fault->alike);
	json_set_uint(item, "domains", fault->at_risk);
	if (fault->has_usual)
		json_set_uint(item, "usuallyFailing", fault->usual);
}

/* Two domains may fail by chance. */
static bool is_ours(const struct day_fault *fault)
{
	return fault->fault == FAULT_OURS && fault->alike >= ALIKE_LEAST;
}

static void add_day(struct db_txn *txn, json_t *list, int32_t day)
{
	struct day_fault faults[ALIKE_KINDS];
	struct day_sums sums;

	/* The journal is looked at only where what was applied, an hour ago
	 * at most, gives a reason. */
	if (!day_sums_get(txn, day, &sums) || !day_fault_is_thinkable(&sums) ||
	    !day_view_sums(txn, day, &sums))
		return;
	day_fault_look(txn, day, &sums, faults);
	if (is_ours(&faults[ALIKE_ANY])) {
		add_failure(list, day, ALIKE_ANY, &faults[ALIKE_ANY]);
		return;
	}
	for (int i = 0; i < RESULT_TYPES; i++)
		if (is_ours(&faults[i]))
			add_failure(list, day, i, &faults[i]);
}

/* Today and yesterday. */
int status_failures(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *list = doc_array(doc, "ownFailures");

	for (int32_t day = day_of(of->now); day >= day_of(of->now) - 1; day--)
		add_day(txn, list, day);
	return db_failure(txn, err);
}
