#include "fleet/ledger_run.h"

#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/hash.h"
#include "fleet/day_adopt.h"
#include "fleet/day_pull.h"
#include "fleet/day_ship.h"
#include "fleet/fleet_bounces.h"
#include "fleet/fleet_rule.h"
#include "fleet/fleet_settings.h"
#include "fleet/fleet_shared.h"
#include "fleet/host_name.h"
#include "ledger/ledger.h"
#include "rollup/closing.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/host_day_table.h"
#include "store/journal_apply.h"
#include "store/log_completing_table.h"
#include "store/log_pending_table.h"
#include "store/tally_table.h"

struct run {
	struct db *db;
	const struct ledger_run_options *options;
	struct ledger_run_result *result;
	char name[DOMAIN_TEXT];
	int64_t now; /* ours, secs */
	struct fleet_seen seen;
	struct ledger *ledger;
	struct ledger_self self;
	struct ledger_view view;
	struct ledger_settings settings;
};

/* --- what the store knows --- */

static int put_seen(struct run *run, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(run->db);
	struct fleet_seen now;

	/* what others may have written since it was read */
	meta_fleet_get(txn, &now);
	run->seen.until = now.until;
	run->seen.relay_at = now.relay_at;
	meta_fleet_put(txn, &run->seen);
	return db_commit(&txn, err);
}

/* Has any of its domains been decided, or is all of it?  Or does a host without
 * the ledger report it: this one, to which others have sent it, or the one to
 * which this one has? */
static bool is_begun(struct db_txn *txn, int32_t day)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct host_day other = {.slot = 0};
	struct tally_head head;
	int32_t at = day;

	if (day_table_is_closed(txn, day) || day_table_is_unsent(txn, day) ||
	    host_day_next(txn, day, &other) ||
	    day < day_of((int64_t)meta_get(txn, META_EXPORTED)))
		return true;
	while (tally_head_next(txn, &at, domain, &head) && at == day)
		if (head.mark != TALLY_OPEN)
			return true;
	return false;
}

/* The first day that this host has neither closed nor begun to. */
static int32_t first_day(struct db_txn *txn, int32_t today)
{
	int32_t first = today, last;

	if (tally_days_until(txn, today, &first, &last) &&
	    first < today - FLEET_DAYS)
		first = today - FLEET_DAYS;
	for (int32_t day = first; day < today; day++)
		if (is_begun(txn, day))
			first = day + 1;
	return first;
}

/* After the last day that is the fleet's, as far as one can know today. */
static int32_t end_of(const struct run *run, int32_t today)
{
	int32_t until = run->seen.until;

	return until != 0 && until <= today ? until : today + 1;
}

/* From here on these days are nobody's alone. */
static int give_days(struct run *run, int32_t today, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(run->db);
	struct day_given given;

	meta_fleet_get(txn, &run->seen);
	if (run->seen.since == 0) {
		run->seen.since = first_day(txn, today);
		run->seen.epoch = run->self.life.epoch;
	}
	for (int32_t day = run->seen.since; day < end_of(run, today); day++)
		if (day > today - FLEET_DAYS &&
		    !day_table_given_get(txn, day, &given))
			day_table_given_put(txn, day, &given);
	meta_fleet_put(txn, &run->seen);
	return db_commit(&txn, err);
}

/* Mostly today was given by an earlier run: then nothing is written. */
static int join(struct run *run, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(run->db);
	int32_t today = day_of(run->now);
	struct day_given given;
	bool is_given;

	run->self = (struct ledger_self){
		.name = run->name,
		.life = {db_store_id(run->db), change_epoch(txn)},
		.version = PACKAGE_VERSION,
	};
	is_given = meta_fleet_get(txn, &run->seen) && run->seen.since != 0 &&
	           day_table_given_get(txn, today, &given);
	if (db_failed(txn))
		return db_failure(txn, err);
	db_abort(&txn);
	run->self.leaves = run->seen.until != 0;
	if (!is_given && end_of(run, today) > today &&
	    give_days(run, today, err) < 0)
		return err->class;
	run->self.since = run->seen.since;
	run->self.mark = run->seen.mark;
	return 0;
}

/* --- whose row is it? --- */

/* Words for the operator; "" when all is well. */
static const char *row_words(enum fleet_row row)
{
	switch (row) {
	case FLEET_ROW_COPIED:
		return "this store is a copy of another one, or older than "
		       "what "
		       "it has shipped: nothing is shipped.  If two hosts have "
		       "it, give one of them a store of its own; if it was set "
		       "back, run `tlstally fleet rejoin`";
	case FLEET_ROW_OTHERS:
		return "another host of that name ships to the ledger: nothing "
		       "is shipped.  Give one of them another ([fleet] name); "
		       "if the other is gone, run `tlstally fleet retire` with "
		       "the name";
	default:
		return "";
	}
}

static struct day_adopt adopting(const struct run *run, int32_t day)
{
	return (struct day_adopt){
		.db = run->db,
		.conf = run->options->conf,
		.ledger = run->ledger,
		.now_ms = clock_ms(run->options->clock),
		.day = day,
	};
}

/* 1: it was given; 0. */
static int read_given(struct run *run, int32_t day, struct day_given *given,
                      struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(run->db);
	int rc = day_table_given_get(txn, day, given);

	return db_failed(txn) ? db_failure(txn, err) : rc;
}

/* Another host makes its reports, or this one has to begin anew. */
static int leave(struct run *run, int32_t day, struct err *err)
{
	const struct day_adopt what = adopting(run, day);

	return day_adopt_leave(&what, err);
}

/*
 * The store was restored: what it believes to be ours and not sent yet may have
 * been sent since, or be another host's by now.  Nothing of it is, until it is
 * taken with what the ledger has of it.
 */
static int forget_days(struct run *run, struct err *err)
{
	for (int32_t day = run->seen.since; day <= day_of(run->now); day++) {
		struct day_given given;
		int rc = read_given(run, day, &given, err);

		if (rc < 0 || (rc == 1 && leave(run, day, err) < 0))
			return err->class;
	}
	run->seen.epoch = run->self.life.epoch;
	run->seen.fence = 0;
	return put_seen(run, err);
}

static int settle_row(struct run *run, const char **trouble, struct err *err)
{
	enum fleet_row row =
		fleet_row_of(&run->view, run->name, &run->self.life,
	                     run->seen.mark, run->seen.next);

	*trouble = row_words(row);
	run->seen.id = run->view.fleet_id;
	run->seen.seen_at = run->now;
	if (row == FLEET_ROW_CONFIRMED)
		run->seen.mark = run->seen.next;
	if (row == FLEET_ROW_NONE)
		run->seen.mark = 0;
	if ((*trouble)[0] != '\0')
		run->seen.fence = 0;
	else if (run->seen.epoch != run->self.life.epoch &&
	         forget_days(run, err) < 0)
		return err->class;
	if (run->seen.mark == run->self.mark)
		return 0;
	run->self.mark = run->seen.mark;
	return put_seen(run, err);
}

/* --- shipping --- */

static uint64_t count_waiting(struct db_txn *txn, int32_t day, int64_t now)
{
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t at = day;
	uint64_t n = 0;

	while (log_pending_next(txn, &at, domain) && at == day)
		n += closing_waits(txn, day, domain, now);
	at = day;
	domain[0] = '\0';
	while (tally_head_next(txn, &at, domain, &head) && at == day)
		n += !log_pending_has(txn, day, domain) &&
		     closing_waits(txn, day, domain, now);
	return n;
}

static int look_at_day(struct run *run, int32_t day, struct fleet_own_day *own,
                       struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(run->db);
	const struct ledger_host_day *there =
		fleet_host_day(&run->view, day, run->name);
	char words[CLOSING_WORDS];

	*own = (struct fleet_own_day){
		.day = day,
		.revision = day_table_revision(txn, day),
		.complete = closing_of_own(txn, run->options->conf, day,
	                                   run->now, words) != CLOSING_NOT_YET,
	};
	/* only who has waited can wait less */
	if (there != NULL && there->totals.waiting > 0)
		own->waiting = count_waiting(txn, day, run->now);
	return db_failure(txn, err);
}

/* The number of the shipment stands in the store before it is made, and as the
 * last one after it: whoever is killed between the two finds out by the ledger
 * whether it was made. */
static int announce(struct run *run, struct err *err)
{
	do
		hash_random_bytes(&run->seen.next, sizeof(run->seen.next));
	while (run->seen.next == 0);
	run->self.next = run->seen.next;
	return put_seen(run, err);
}

static int confirm(struct run *run, struct err *err)
{
	run->seen.mark = run->self.mark = run->seen.next;
	return put_seen(run, err);
}

static int ship(struct run *run, int32_t day, bool seal, struct err *err)
{
	const struct conf *conf = run->options->conf;
	const struct tally_limits limits = {
		.max_policies = conf->store.max_policies,
		.max_details = conf->store.max_details,
	};
	const struct day_ship what = {
		.db = run->db,
		.conf = conf,
		.ledger = run->ledger,
		.self = &run->self,
		.now = run->now,
		.day = day,
		.seal = seal,
	};
	uint64_t domains = 0;

	/* or tlstallyd would do it meanwhile, and the day be another */
	if (seal && journal_apply_days(run->db, day, day, &limits, err) < 0)
		return err->class;
	if (announce(run, err) < 0 || day_ship(&what, &domains, err) < 0 ||
	    confirm(run, err) < 0)
		return err->class;
	run->result->shipped++;
	run->result->sealed += seal;
	run->result->domains += domains;
	return 0;
}

static int ship_days(struct run *run, struct err *err)
{
	int32_t today = day_of(run->now);
	int32_t first = run->seen.since;

	if (first <= today - FLEET_DAYS)
		first = today - FLEET_DAYS + 1;
	for (int32_t day = first; day < end_of(run, today); day++) {
		struct fleet_own_day own;
		enum fleet_ship what;

		if (look_at_day(run, day, &own, err) < 0)
			return err->class;
		what = fleet_ship_what(&run->view, run->name, &run->self.life,
		                       &own, run->options->conf->fleet.ship);
		if (what == FLEET_SHIP_NOTHING)
			continue;
		/* counted on while it was read: the next run comes again */
		if (ship(run, day, what == FLEET_SHIP_SEALED, err) < 0 &&
		    err->class != ERR_BUSY)
			return err->class;
	}
	return 0;
}

/* --- reporting --- */

static struct ledger_lease lease_of(const struct run *run)
{
	return (struct ledger_lease){
		.name = run->name,
		.store_id = run->self.life.store_id,
		.secs = FLEET_LEASE_SECS,
	};
}

/* Which settings the host has otherwise that leads, or led last. */
static int compare_settings(struct run *run, struct err *err)
{
	const struct ledger_host *model = fleet_model(&run->view);
	struct ledger_settings theirs = {.count = 0};
	int rc = 0;

	run->seen.differs[0] = '\0';
	if (model == NULL || !run->options->may_report ||
	    model->life.store_id == run->self.life.store_id ||
	    strcmp(model->settings, run->settings.digest) == 0)
		return 0;
	rc = ledger_settings_get(run->ledger, model->settings, &theirs, err);
	if (rc == 0)
		fleet_settings_differ(&run->settings, &theirs,
		                      run->seen.differs);
	ledger_settings_clear(&theirs);
	return rc;
}

/* Also what it took before its settings, or its relay, were such. */
static int step_back(struct run *run, const struct ledger_lease *lease,
                     struct err *err)
{
	const struct ledger_view *view = &run->view;

	return view->leader_store == run->self.life.store_id &&
	                       view->lease_until > view->now
	               ? ledger_let_go(run->ledger, lease, err)
	               : 0;
}

static int lead(struct run *run, struct err *err)
{
	const struct ledger_lease lease = lease_of(run);
	const struct fleet_candidate me = {
		.name = run->name,
		.store_id = run->self.life.store_id,
		.settings = run->settings.digest,
		.relay_at = run->seen.relay_at,
		.now = run->now,
		.leaves = run->self.leaves,
	};
	int rc;

	if (compare_settings(run, err) < 0)
		return err->class;
	if (!run->options->may_report ||
	    fleet_may_lead(&run->view, &me) != FLEET_LEAD_MAY)
		return step_back(run, &lease, err);
	rc = ledger_lead(run->ledger, &lease, err);
	run->result->leads = rc == 1;
	return rc < 0 ? rc : 0;
}

static int put_given(struct run *run, int32_t day, const char *missing,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(run->db);
	struct day_given given = {.ours = true, .fleet_id = run->view.fleet_id};

	snprintf(given.missing, sizeof(given.missing), "%.255s", missing);
	day_table_given_put(txn, day, &given);
	return db_commit(&txn, err);
}

/* 1: the store says that it has made all its reports. */
static int is_closed(struct run *run, int32_t day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(run->db);
	bool closed = day_table_is_closed(txn, day);

	return db_failed(txn) ? db_failure(txn, err) : closed;
}

static int pull(struct run *run, int32_t day, char *unreadable, struct err *err)
{
	const struct day_pull what = {
		.db = run->db,
		.ledger = run->ledger,
		.view = &run->view,
		.host = run->name,
		.now = run->now,
		.day = day,
		.oldest = day_of(run->now) -
	                  (int32_t)run->options->conf->store.keep_days,
		.unreadable = unreadable,
	};

	return day_pull(&what, &run->result->pulled, err);
}

/* 1: there was one. */
static int tell_deleted_one(struct run *run, int32_t day, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(run->db);
	const struct ledger_lease lease = lease_of(run);
	char domain[DOMAIN_TEXT] = "";
	struct ledger_report report = {
		.day = day,
		.domain = domain,
		.report_id = "",
		.state = LEDGER_REPORT_DELETED,
		.body = "",
	};
	int rc = day_table_deleted_next(txn, day, domain);

	if (rc == 0)
		return db_failure(txn, err);
	db_abort(&txn);
	rc = ledger_claim(run->ledger, &lease, run->view.fence, &report, 1,
	                  err);
	if (rc <= 0)
		return rc;
	txn = db_begin_write(run->db);
	day_table_deleted_forget(txn, day, domain);
	return db_commit(&txn, err) < 0 ? err->class : 1;
}

/* Who takes the day over must not make it anew. */
static int tell_deleted(struct run *run, int32_t day, struct err *err)
{
	int rc;

	do
		rc = run->result->leads ? tell_deleted_one(run, day, err) : 0;
	while (rc > 0);
	return rc;
}

static int end(struct run *run, const struct ledger_day *row, struct err *err)
{
	uint64_t store_id = run->self.life.store_id;
	int open;

	if (row->closed_at == 0 &&
	    ledger_close_day(run->ledger, store_id, row->day, err) < 0)
		return err->class;
	open = day_adopt_has_open(run->db, row->day, err);
	if (open < 0)
		return open;
	return open ? 0 : ledger_end_day(run->ledger, store_id, row->day, err);
}

/* A day that this host took already: what other hosts have shipped of it since,
 * and what became of it. */
static int go_on(struct run *run, const struct ledger_day *row, struct err *err)
{
	char unreadable[LEDGER_MISSING] = "";
	int closed = is_closed(run, row->day, err);

	if (closed < 0)
		return closed;
	if (tell_deleted(run, row->day, err) < 0)
		return err->class;
	if (closed)
		return end(run, row, err);
	if (pull(run, row->day, unreadable, err) < 0)
		return err->class;
	/* also after a run that was killed before it had noted it */
	return put_given(run, row->day, row->missing, err);
}

/* For doctor; before the day is ours, so that a run that is killed tells it
 * when it comes again. */
static int note_left_out(struct run *run, struct err *err)
{
	const struct day_left_out *left_out = &run->result->left_out;

	if (left_out->count == 0)
		return 0;
	run->seen.left_out = left_out->count;
	run->seen.left_out_at = run->now;
	snprintf(run->seen.left_out_first, sizeof(run->seen.left_out_first),
	         "%s", left_out->first);
	return put_seen(run, err);
}

/* In the ledger it is ours: here it is when we have what stands there. */
static int adopt(struct run *run, int32_t day, const char *missing,
                 struct err *err)
{
	const struct day_adopt what = adopting(run, day);

	if (day_adopt_leave(&what, err) < 0 ||
	    day_adopt_take(&what, &run->result->left_out, err) < 0 ||
	    note_left_out(run, err) < 0)
		return err->class;
	return put_given(run, day, missing, err);
}

static int take(struct run *run, int32_t day, struct err *err)
{
	const struct ledger_lease lease = lease_of(run);
	char missing[LEDGER_MISSING], unreadable[LEDGER_MISSING] = "";
	bool over = fleet_deadline_is_over(&run->view, run->options->conf, day);
	int rc;

	/* one that was taken before is not waited for again */
	if (fleet_day_ready(&run->view, run->options->conf, day, missing) ==
	            FLEET_READY_NOT_YET &&
	    fleet_day(&run->view, day)->reporter[0] == '\0')
		return 0;
	if (pull(run, day, over ? unreadable : NULL, err) < 0)
		return err->class;
	if (unreadable[0] != '\0')
		fleet_add_name(missing, unreadable);
	rc = ledger_take_day(run->ledger, &lease, run->view.fence, day, missing,
	                     err);
	if (rc <= 0)
		return rc;
	run->result->taken++;
	return adopt(run, day, missing, err);
}

/* A day that the ledger says is ours. */
static int report_own(struct run *run, const struct ledger_day *row, bool ours,
                      struct err *err)
{
	if (ours)
		return row->done_at == 0 ? go_on(run, row, err) : 0;
	/* it was killed between the two, or its store is a backup */
	return row->done_at == 0 && run->result->leads
	               ? take(run, row->day, err)
	               : 0;
}

static int report_day(struct run *run, const struct ledger_day *row,
                      struct err *err)
{
	struct day_given given;
	bool ours;

	if (read_given(run, row->day, &given, err) < 0)
		return err->class;
	ours = given.ours;
	if (row->reporter_store == run->self.life.store_id)
		return report_own(run, row, ours, err);
	if (ours && leave(run, row->day, err) < 0)
		return err->class;
	return run->result->leads && row->done_at == 0 &&
	                       row->day >= run->seen.since
	               ? take(run, row->day, err)
	               : 0;
}

static int report_days(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->view.day_count; i++)
		if (report_day(run, &run->view.days[i], err) < 0)
			return err->class;
	return 0;
}

/* For who asks how it goes (doctor/check_ledger.c). */
static int note_leader(struct run *run, struct err *err)
{
	const struct ledger_view *view = &run->view;

	run->seen.fence = run->result->leads ? view->fence : 0;
	if (!run->result->leads) {
		run->seen.claims_trouble_at = 0;
		run->seen.claims_trouble[0] = '\0';
	}
	run->seen.lease_until = run->result->leads
	                                ? view->now + FLEET_LEASE_SECS
	                                : view->lease_until;
	snprintf(run->seen.leader, sizeof(run->seen.leader), "%s",
	         run->result->leads ? run->name : view->leader);
	return put_seen(run, err);
}

/* By what was seen before it took the lease, or kept it. */
static bool is_new_leader(const struct run *run)
{
	const struct ledger_view *view = &run->view;

	return run->result->leads &&
	       (view->leader_store != run->self.life.store_id ||
	        strcmp(view->leader, run->name) != 0 ||
	        view->lease_until <= view->now);
}

/* --- the whole --- */

static int look(struct run *run, struct err *err)
{
	return ledger_look(run->ledger, day_of(run->now) - FLEET_DAYS,
	                   &run->view, err);
}

static int reach(struct run *run, struct err *err)
{
	const struct ledger_options options = {
		.url = run->options->conf->fleet.ledger,
		.told_now = run->options->told ? run->now : 0,
	};

	if (ledger_open(&run->ledger, &options, err) < 0 || look(run, err) < 0)
		return err->class;
	run->result->reached = true;
	run->self.ahead = clock_secs(run->options->clock) - run->view.now;
	run->seen.ahead = run->self.ahead;
	run->result->exposed =
		!ledger_is_private(run->ledger) && !run->seen.exposed;
	run->seen.exposed = !ledger_is_private(run->ledger);
	return 0;
}

/* Of a host that leaves.  A week-old day is shipped no more. */
static int look_at_left(struct run *run, struct err *err)
{
	const int32_t oldest = day_of(run->now) - FLEET_DAYS + 1;
	struct fleet_left *left = &run->result->left;

	if (look(run, err) < 0)
		return err->class;
	fleet_left(&run->view, run->name, &run->self.life,
	           run->seen.since > oldest ? run->seen.since : oldest,
	           run->seen.until, left);
	if (left->last_day != 0)
		return 0;
	if (ledger_retire(run->ledger, run->name, err) < 0)
		return err->class;
	run->result->has_left = true;
	run->seen.since = 0;
	run->seen.fence = 0;
	return put_seen(run, err);
}

static int purge(struct run *run, struct err *err)
{
	int32_t day = day_of(run->view.now) - 2 * FLEET_DAYS;

	if (ledger_purge(run->ledger, day, err) < 0)
		return err->class;
	return ledger_purge_shared(run->ledger, day_start(day), err);
}

/* With its settings when they are new there. */
static int greet(struct run *run, struct err *err)
{
	const struct ledger_host *there = fleet_host(&run->view, run->name);
	bool known = there != NULL &&
	             strcmp(there->settings, run->settings.digest) == 0;

	return ledger_greet(run->ledger, &run->self,
	                    known ? NULL : &run->settings, err);
}

static int work(struct run *run, const char **trouble, struct err *err)
{
	if (reach(run, err) < 0 || settle_row(run, trouble, err) < 0)
		return err->class;
	if ((*trouble)[0] != '\0')
		return 0;
	if (greet(run, err) < 0 ||
	    day_adopt_tell(run->db, run->ledger, run->now, err) < 0 ||
	    fleet_bounces_tell(run->db, run->ledger, run->name, err) < 0 ||
	    fleet_bounces_take(run->db, run->ledger, run->now, err) < 0 ||
	    ship_days(run, err) < 0)
		return err->class;
	/* its row came with its first shipment */
	if (fleet_host(&run->view, run->name) == NULL &&
	    run->result->shipped > 0 && greet(run, err) < 0)
		return err->class;
	if (fleet_share_suppressions(run->db, run->ledger, &run->seen, err) <
	            0 ||
	    fleet_share_rates(run->db, run->ledger, run->options->conf,
	                      run->name, run->now, err) < 0 ||
	    lead(run, err) < 0)
		return err->class;
	/* what was shipped just now counts, too, and with the lease comes a new
	 * fence */
	if ((run->result->shipped > 0 || is_new_leader(run)) &&
	    look(run, err) < 0)
		return err->class;
	if (note_leader(run, err) < 0 || report_days(run, err) < 0 ||
	    (run->self.leaves && look_at_left(run, err) < 0))
		return err->class;
	return run->result->leads ? purge(run, err) : 0;
}

/* The same trouble is told once, however often a run meets it. */
static int note_trouble(struct run *run, const char *why, struct err *err)
{
	const struct ledger_run_options *options = run->options;
	bool was = run->seen.trouble[0] != '\0', is = why[0] != '\0';

	if (was != is && options->trouble != NULL)
		options->trouble(options->trouble_arg, is ? why : NULL);
	if (!was && !is)
		return 0;
	if (!was)
		run->seen.trouble_at = run->now;
	if (!is)
		run->seen.trouble_at = 0;
	snprintf(run->seen.trouble, sizeof(run->seen.trouble), "%.255s", why);
	return put_seen(run, err);
}

int ledger_run(struct db *db, const struct ledger_run_options *options,
               struct ledger_run_result *result, struct err *err)
{
	struct run run = {
		.db = db,
		.options = options,
		.result = result,
		.now = clock_secs(options->clock),
	};
	const char *trouble = "";
	struct err why = {0};
	int rc;

	memset(result, 0, sizeof(*result));
	fleet_settings_make(&run.settings, options->conf);
	rc = fleet_host_name(options->conf, run.name, err);
	if (rc == 0)
		rc = join(&run, err);
	result->has_left = run.self.leaves && run.seen.since == 0;
	if (rc == 0 && !result->has_left && work(&run, &trouble, &why) < 0)
		trouble = why.text;
	if (rc == 0)
		rc = note_trouble(&run, trouble, err);
	ledger_settings_clear(&run.settings);
	ledger_view_clear(&run.view);
	ledger_close(&run.ledger);
	return rc;
}

int ledger_run_leave(struct db *db, int64_t now, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct fleet_seen seen;

	meta_fleet_get(txn, &seen);
	if (seen.since == 0 && seen.until == 0)
		return err_set(err, ERR_NOTFOUND,
		               "no run of this host has joined a fleet");
	if (seen.until == 0)
		seen.until = day_of(now) + 1;
	meta_fleet_put(txn, &seen);
	return db_commit(&txn, err);
}

int ledger_run_note_relay(struct db *db, bool failed, int64_t now,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	struct fleet_seen seen;

	meta_fleet_get(txn, &seen);
	if (!failed && seen.relay_at == 0)
		return db_failure(txn, err);
	seen.relay_at = failed ? now : 0;
	meta_fleet_put(txn, &seen);
	return db_commit(&txn, err);
}
