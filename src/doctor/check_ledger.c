/* The ledger of a fleet, as the last run found it. */
#include "doctor/check.h"

#include "base/auto.h"
#include "base/day.h"
#include "fleet/fleet_rule.h"

/* What does not keep it from working today. */
static void look_at_rest(struct look *look, const struct fleet_seen *seen)
{
	int64_t off = seen->ahead < 0 ? -seen->ahead : seen->ahead;

	char day[DAY_TEXT];

	if (seen->until != 0)
		CHECK_TELL(look, LEDGER_LEAVES, day_format(seen->until, day));
	if (seen->exposed)
		CHECK_TELL(look, LEDGER_EXPOSED, fleet_exposed_words,
		           check_settings_file(look));
	if (off >= FLEET_CLOCK_SECS)
		CHECK_TELL(look, LEDGER_CLOCK,
		           check_number(look, (uint64_t)off / 60),
		           seen->ahead < 0 ? "behind" : "ahead of");
	/* the ledger keeps them no longer */
	if (seen->seen_at - seen->left_out_at < FLEET_DAYS * DAY_SECS)
		CHECK_TELL(look, LEDGER_LEFT_OUT,
		           check_number(look, seen->left_out),
		           seen->left_out_first);
	if (seen->differs[0] != '\0')
		CHECK_TELL(look, LEDGER_SETTINGS, seen->leader, seen->differs);
}

void check_ledger(struct look *look)
{
	const struct status_of *of = look->of;
	auto_(db_abort) struct db_txn *txn = NULL;
	struct fleet_seen seen;
	const char *file = of->conf->file != NULL ? of->conf->file : "";
	char text[TIME_TEXT];

	txn = db_begin_read(of->db);
	meta_fleet_get(txn, &seen);
	if (of->conf->fleet.ledger[0] == '\0') {
		/* days that old are not sent any more */
		if (seen.since != 0 &&
		    of->now - seen.seen_at < FLEET_DAYS * DAY_SECS)
			CHECK_TELL(look, LEDGER_GONE, file);
		return;
	}
	if (seen.until != 0 && seen.since == 0) {
		CHECK_TELL(look, LEDGER_LEFT, file);
	} else if (seen.trouble[0] != '\0') {
		CHECK_TELL(look, LEDGER_TROUBLE, seen.trouble);
		check_tell_since(look, seen.trouble_at);
	} else if (seen.claims_trouble[0] != '\0') {
		CHECK_TELL(look, LEDGER_CLAIMS, seen.claims_trouble);
		check_tell_since(look, seen.claims_trouble_at);
	} else if (seen.seen_at == 0) {
		CHECK_TELL(look, LEDGER_NEVER);
	} else if (seen.lease_until <= seen.seen_at) {
		CHECK_TELL(look, LEDGER_NO_LEADER);
		check_tell_since(look, seen.lease_until);
		look_at_rest(look, &seen);
	} else {
		CHECK_TELL(look, LEDGER_WELL,
		           day_format_time(seen.seen_at, text), seen.leader);
		look_at_rest(look, &seen);
	}
}
