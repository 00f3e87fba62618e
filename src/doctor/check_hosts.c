/* Several hosts, of which one reports. */
#include "doctor/check.h"

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "fleet/host_state.h"

enum { EXPORTED_SECS = 3 * DAY_SECS };

/* This host's counts go to another that reports, and it does so itself. */
static void look_at_own(struct look *look, struct db_txn *txn)
{
	int64_t at = (int64_t)meta_get(txn, META_EXPORTED);
	int mode = look->of->conf->report.mode;
	char text[TIME_TEXT];

	if (at != 0 && moment_age(at, look->of->now) < EXPORTED_SECS &&
	    (mode == MODE_ALL || mode == MODE_FAILURES_ONLY))
		CHECK_TELL(look, HOSTS_TWO_REPORTS,
		           arena_strdup(look->arena, day_format_time(at, text)),
		           check_settings_file(look));
}

/* What helps on this host; "": the words say what on the other. */
static const char *command_for(struct look *look,
                               const struct host_state *state)
{
	if (state->is_fetched)
		return "tlstally fetch";
	return state->is_expected ? ""
	                          : arena_printf(look->arena, "editor %s",
	                                         check_settings_file(look));
}

/* Its next day was waited for until then; 0: none is here. */
static int64_t missing_since(const struct look *look,
                             const struct host_state *state)
{
	return state->last.slot == 0 ? 0
	                             : day_start(state->last.head.day + 2) +
	                                       look->of->conf->fleet.deadline;
}

void check_hosts(struct look *look)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(look->of->db);
	struct host_state state;
	size_t place = 0;
	uint64_t well = 0;

	look_at_own(look, txn);
	while (host_state_next(txn, look->of->conf, look->of->now, &place,
	                       &state)) {
		const char *name = arena_strdup(look->arena, state.name);
		const char *words = arena_strdup(look->arena, state.words);

		if (state.status == HOST_MISSING) {
			CHECK_TELL(look, HOSTS_MISSING, name, words,
			           command_for(look, &state));
			check_tell_since(look, missing_since(look, &state));
		} else if (state.status == HOST_WAITED_FOR) {
			CHECK_TELL(look, HOSTS_WAITED_FOR, name, words);
		} else if (words[0] != '\0') {
			CHECK_TELL(look, HOSTS_TROUBLE, name, words,
			           command_for(look, &state));
		} else {
			well++;
		}
	}
	if (well > 0)
		CHECK_TELL(look, HOSTS_WELL, check_number(look, well));
}
