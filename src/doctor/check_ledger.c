/* The ledger of a fleet, as the last run found it. */
#include "doctor/check.h"

#include "base/auto.h"
#include "base/day.h"

void check_ledger(struct look *look)
{
	const struct status_of *of = look->of;
	auto_(db_abort) struct db_txn *txn = NULL;
	struct fleet_seen seen;
	char text[TIME_TEXT];

	if (of->conf->fleet.ledger[0] == '\0')
		return;
	txn = db_begin_read(of->db);
	meta_fleet_get(txn, &seen);
	if (seen.trouble[0] != '\0') {
		CHECK_TELL(look, LEDGER_TROUBLE, seen.trouble);
		check_tell_since(look, seen.trouble_at);
	} else if (seen.seen_at == 0) {
		CHECK_TELL(look, LEDGER_NEVER);
	} else if (seen.lease_until <= seen.seen_at) {
		CHECK_TELL(look, LEDGER_NO_LEADER);
		check_tell_since(look, seen.lease_until);
	} else {
		CHECK_TELL(look, LEDGER_WELL,
		           day_format_time(seen.seen_at, text), seen.leader);
	}
}
