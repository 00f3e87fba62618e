#include <inttypes.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "programs/logd.h"
#include "daemon/progress.h"
#include "base/auto.h"
#include "base/log.h"
#include "store/log_table.h"

enum {
	TICK_MS = 1000,
	QUICK_TICK_MS = 200, /* somebody is watching, or waiting */
	READER_CHECK_TICKS = 60,
	PLACE_CHECK_TICKS = 5,
	SITE_CHECK_TICKS = 5,
	STUCK_MS = 60000,
	ENOUGH_DELIVERIES = 100,
	ENOUGH_MISSED = 5,
	PATIENCE_MS = 30000, /* with domains whose look-up fails */
	BYTES_SHOWN = 1024 * 1024,
	SAY_AGAIN_MS = 3600 * 1000,
};

bool logd_ends(const struct logd *d)
{
	return d->from_start || d->once;
}

/* Moves what can be moved; who failed to answer is asked again later. */
static uint64_t apply(struct logd *d)
{
	uint64_t moved = 0, wanted = 0;
	struct err err = {0};
	int rc = policy_apply(&d->apply, &moved, &wanted, &err);

	if (rc < 0 && !d->apply_fails)
		log_error("sessions cannot move to their policies: %s; they "
		          "wait, and it is tried again",
		          err.text);
	else if (rc == 0 && d->apply_fails)
		log_info("sessions move to their policies again");
	d->apply_fails = rc < 0;
	if (wanted > 0)
		policy_pool_wake(d->pool);
	return moved;
}

/* At once, and then at most every hour while there are more of them. */
static bool may_say(struct logd *d, struct logd_said *said, uint64_t n)
{
	int64_t now = clock_monotonic_ms(&d->clock);

	if (n == said->n || (said->n > 0 && now - said->at_ms < SAY_AGAIN_MS))
		return false;
	said->n = n;
	said->at_ms = now;
	return true;
}

static void say_foreign(const struct line_count *user)
{
	char uid[32] = "nobody (no _UID)";

	if (user->uid != LINE_UID_NONE)
		snprintf(uid, sizeof(uid), "user %" PRId64, user->uid);
	log_warning("%" PRIu64 " lines of the journal that look like "
	            "Postfix's are of %s, and are left out, the first: '%s'; "
	            "[log] journal_users lets them in",
	            user->n, uid, user->first);
}

/* Lines that count for nothing. */
static void say_left_out(struct logd *d, const struct log_fates *fates)
{
	if (may_say(d, &d->said_unread, fates->n[LINE_UNREAD]))
		log_warning("%" PRIu64 " lines of the log are not "
		            "understood, the first: '%s'; expected are lines "
		            "like '" LOG_LINE_EXAMPLE "' (more in "
		            "tlstally-logd(8))",
		            fates->n[LINE_UNREAD], fates->first[LINE_UNREAD]);
	if (may_say(d, &d->said_unclear, fates->n[LINE_UNCLEAR]))
		log_warning("%" PRIu64 " deliveries count for nobody, since "
		            "their lines can be read in two ways or were cut "
		            "off, the first: '%s'",
		            fates->n[LINE_UNCLEAR], fates->first[LINE_UNCLEAR]);
	if (may_say(d, &d->said_ours, fates->n[LINE_OURS]))
		log_warning("%" PRIu64 " lines of the log tell of what keeps "
		            "this host's own Postfix from TLS, the first: "
		            "'%s'; its sessions then count for nobody",
		            fates->n[LINE_OURS], fates->first[LINE_OURS]);
	if (may_say(d, &d->said_foreign, fates->n[LINE_FOREIGN]))
		for (size_t i = 0; i < fates->user_count; i++)
			say_foreign(&fates->users[i]);
}

/* What the log lacks, or somebody else counts: said once. */
static void advise(struct logd *d, const struct log_feed_state *state)
{
	say_left_out(d, &state->fates);
	if (!d->said_loglevel && !state->has_loglevel &&
	    state->deliveries >= ENOUGH_DELIVERIES) {
		d->said_loglevel = true;
		log_warning("%" PRIu64 " deliveries and not one line about "
		            "TLS: set smtp_tls_loglevel = 1 in Postfix's "
		            "main.cf, or no session can be counted",
		            state->deliveries);
	}
	if (!d->said_events && state->sees_events) {
		d->said_events = true;
		log_warning("this Postfix sends its TLS sessions as events, "
		            "too: tlstallyd counts them, with more particulars "
		            "than the log has; keep one of the two");
	}
	if (!d->said_no_events && state->lacks_events) {
		d->said_no_events = true;
		log_warning("Postfix is told to send its TLS sessions as "
		            "events (smtp_tlsrpt_enable), and was built "
		            "without TLSRPT: they are counted from its log. "
		            "Set it to no, or install a Postfix that was built "
		            "with libtlsrpt and start tlstallyd instead");
	}
	if (!d->said_missed && policy_pool_missed(d->pool) >= ENOUGH_MISSED) {
		d->said_missed = true;
		log_warning("the last %d MTA-STS policy hosts could not be "
		            "connected to: does a firewall of this host stop "
		            "what goes out to port 443?",
		            ENOUGH_MISSED);
	}
}

static int tick(struct logd *d, unsigned ticks, struct log_feed_state *state,
                struct err *err)
{
	*state = log_feed_state(d->feed);
	daemon_watch_clock(d->db, &d->conf, &d->clock);
	advise(d, state);
	if (ticks % READER_CHECK_TICKS == 0)
		db_check_readers(d->db);
	if (ticks % SITE_CHECK_TICKS == 0)
		logd_watch_site(d);
	if (ticks % PLACE_CHECK_TICKS == 0 && db_check_place(d->db, err) < 0)
		return err->class;
	if (clock_monotonic_ms(&d->clock) - state->committer.progress_ms <
	    STUCK_MS)
		daemon_alive();
	return 0;
}

int logd_run(struct logd *d, struct err *err)
{
	struct log_feed_state state = {0};
	unsigned ticks = 0;

	while (!state.ended && !daemon_wait(TICK_MS)) {
		if (tick(d, ++ticks, &state, err) < 0)
			return err->class;
		apply(d);
	}
	if (state.ended)
		log_info("the log has come to its end");
	return 0;
}

static int count_waiting(struct logd *d, uint64_t *sessions, uint64_t *domains,
                         struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(d->db);

	log_pending_count(txn, sessions, domains);
	return db_failure(txn, err);
}

/* Reads to the end; *stopped when a signal came before. */
static int read_all(struct logd *d, bool *stopped, struct err *err)
{
	struct log_feed_state state = log_feed_state(d->feed);
	int64_t lag = state.lag > 0 ? state.lag : 0;
	uint64_t total = (uint64_t)lag / BYTES_SHOWN;
	struct progress progress;
	unsigned ticks = 0;
	int rc = 0;

	progress_begin(&progress, total > 0 ? "MiB of the log" : "lines",
	               total);
	while (rc == 0 && !state.ended &&
	       !(*stopped = daemon_wait(QUICK_TICK_MS))) {
		uint64_t done;

		rc = tick(d, ++ticks, &state, err);
		apply(d);
		done = total > 0 ? (uint64_t)(lag - state.lag) / BYTES_SHOWN
		                 : state.lines;
		progress_add(&progress,
		             done > progress.done ? done - progress.done : 0);
	}
	progress_end(&progress);
	if (rc == 0 && state.ended)
		log_info("read %" PRIu64 " lines: %" PRIu64 " deliveries, "
		         "%" PRIu64 " sessions",
		         state.lines, state.deliveries, state.sessions);
	return rc;
}

/* Waits for answers as long as there are any; what is left waits in the store
 * for the next tlstally-logd. */
static int look_up_all(struct logd *d, struct err *err)
{
	int64_t moved_ms = clock_monotonic_ms(&d->clock);
	uint64_t sessions, domains;
	struct progress progress;
	bool stopped = false;

	if (count_waiting(d, &sessions, &domains, err) < 0)
		return err->class;
	progress_begin(&progress, "sessions with their policies", sessions);
	do {
		uint64_t moved = apply(d);

		daemon_alive();
		progress_add(&progress, moved);
		if (moved > 0)
			moved_ms = clock_monotonic_ms(&d->clock);
		if (count_waiting(d, &sessions, &domains, err) < 0)
			return err->class;
	} while (sessions > 0 && !stopped &&
	         clock_monotonic_ms(&d->clock) - moved_ms < PATIENCE_MS &&
	         !(stopped = daemon_wait(QUICK_TICK_MS)));
	progress_end(&progress);
	if (sessions > 0)
		log_warning("%" PRIu64 " sessions of %" PRIu64 " domains wait "
		            "for DNS: the next tlstally-logd goes on",
		            sessions, domains);
	return 0;
}

int logd_run_once(struct logd *d, struct err *err)
{
	bool stopped = false;
	int rc = read_all(d, &stopped, err);

	return rc < 0 || stopped ? rc : look_up_all(d, err);
}
