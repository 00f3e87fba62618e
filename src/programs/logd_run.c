/* The main thread of tlstally-logd: what it counts, and what it says of it. */
#include <inttypes.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/log.h"
#include "judge/complete.h"
#include "programs/logd.h"
#include "store/day_table.h"
#include "store/log_pending_table.h"

enum {
	WATCH_SITE_MS = 5 * 1000,
	ENOUGH_DELIVERIES = 100,
	ENOUGH_FOR_EVENTS = 1000, /* most domains ask for no reports */
	ENOUGH_MISSED = 5,
	PATIENCE_MS = 30000, /* with domains whose look-up fails */
	BYTES_SHOWN = 1024 * 1024,
	SAY_AGAIN_MS = 3600 * 1000,
	/* When counting fails, it is tried again each second, and all counts of
	 * the days in question are looked at so often. */
	MEND_MS = 60 * 1000,
};

/* Moves what can be moved; who failed to answer is asked again later. */
static uint64_t apply(struct logd *d)
{
	uint64_t judged = 0, moved = 0, wanted = 0;
	int64_t now_ms = clock_monotonic_ms(&d->base.clock);
	struct err err = {0};
	int rc;

	d->apply.leaves_damage =
		d->mended_ms != 0 && now_ms - d->mended_ms < MEND_MS;
	rc = complete_waiting(&d->apply, &judged, &err);
	if (rc == 0)
		rc = apply_waiting(&d->apply, &moved, &wanted, &err);
	if (rc == ERR_IO && !d->apply.leaves_damage)
		d->mended_ms = now_ms;
	if (rc < 0 && !d->apply_fails)
		log_error("cannot count sessions by their policies: %s; they "
		          "wait in the store, will retry",
		          err.text);
	else if (rc == 0 && d->apply_fails)
		log_info("sessions are counted by their policies again");
	d->apply_fails = rc < 0;
	if (wanted > 0)
		policy_service_wake(d->lookups);
	return moved;
}

/* At once, and then at most every hour while there are more of them. */
static bool may_say(struct logd *d, struct logd_said *said, uint64_t n)
{
	int64_t now = clock_monotonic_ms(&d->base.clock);

	if (n == said->n || (said->n > 0 && now - said->at_ms < SAY_AGAIN_MS))
		return false;
	said->n = n;
	said->at_ms = now;
	return true;
}

/* Lines that count for nothing. */
static void say_left_out(struct logd *d, const struct log_fates *fates)
{
	if (may_say(d, &d->said_unread, fates->n[LINE_UNREAD]))
		log_warning("%" PRIu64
		            " log lines are not understood, the first: '%s'; "
		            "expected are lines like '" LOG_LINE_EXAMPLE
		            "' (see tlstally-logd(8))",
		            fates->n[LINE_UNREAD], fates->first[LINE_UNREAD]);
	if (may_say(d, &d->said_unclear, fates->n[LINE_UNCLEAR]))
		log_warning("%" PRIu64
		            " deliveries are not counted because their log "
		            "lines are ambiguous or truncated, the first: '%s'",
		            fates->n[LINE_UNCLEAR], fates->first[LINE_UNCLEAR]);
	if (may_say(d, &d->said_ours, fates->n[LINE_OURS]))
		log_warning("%" PRIu64
		            " log lines report problems that keep Postfix on "
		            "this host from using TLS, the first: '%s'; the "
		            "sessions concerned are not counted",
		            fates->n[LINE_OURS], fates->first[LINE_OURS]);
	if (may_say(d, &d->said_foreign, fates->n[LINE_FOREIGN]))
		for (size_t i = 0; i < fates->user_count; i++) {
			const struct day_lines *user = &fates->users[i];
			char uid[32] = "nobody (no _UID)";

			if (user->uid != LINE_UID_NONE)
				snprintf(uid, sizeof(uid), "user %" PRId64,
				         user->uid);
			log_warning(
				"ignoring %" PRIu64
				" lines of the journal that look like "
				"Postfix's but are from %s, the first: '%s'; "
				"set [log] journal_users to count them",
				user->n, uid, user->first);
		}
}

/* What the log lacks, or somebody else counts: said once. */
static void advise(struct logd *d, const struct log_feed_state *state)
{
	say_left_out(d, &state->fates);
	if (!d->said_loglevel && !state->has_loglevel &&
	    state->deliveries >= ENOUGH_DELIVERIES) {
		d->said_loglevel = true;
		log_warning("the log has %" PRIu64
		            " deliveries but no line about TLS: set "
		            "smtp_tls_loglevel = 1 in Postfix's main.cf, or no "
		            "session can be counted",
		            state->deliveries);
	}
	if (d->base.conf.log.complete_events) {
		if (!d->said_events && !state->sees_events &&
		    state->deliveries >= ENOUGH_FOR_EVENTS) {
			d->said_events = true;
			log_warning("[log] complete_events = yes, but Postfix "
			            "has sent no event about %" PRIu64
			            " deliveries: is smtp_tlsrpt_enable = yes "
			            "set, and Postfix built with libtlsrpt?",
			            state->deliveries);
		}
	} else if (!d->said_events && state->sees_events) {
		d->said_events = true;
		log_warning("this Postfix also sends its TLS sessions as "
		            "events, which have more details than the log: run "
		            "either tlstallyd or tlstally-logd, not both, or "
		            "set [log] complete_events = yes");
	}
	if (!d->said_no_events && state->lacks_events) {
		d->said_no_events = true;
		log_warning("Postfix has smtp_tlsrpt_enable = yes, but was "
		            "built without TLSRPT; its sessions are counted "
		            "from the log. Set smtp_tlsrpt_enable = no, or "
		            "install a Postfix that was built with libtlsrpt "
		            "and run tlstallyd instead");
	}
	if (!d->said_missed &&
	    policy_service_state(d->lookups).missed >= ENOUGH_MISSED) {
		d->said_missed = true;
		log_warning("cannot connect to any of the last %d MTA-STS "
		            "policy hosts: does a firewall block outgoing "
		            "connections to port 443?",
		            ENOUGH_MISSED);
	}
}

static int count_waiting(struct logd *d, uint64_t *sessions, uint64_t *domains,
                         struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(d->base.db);

	log_pending_count(txn, sessions, domains);
	return db_failure(txn, err);
}

void logd_begin_reading(struct logd *d)
{
	struct log_feed_state state = log_feed_state(d->feed);
	uint64_t total;

	if (!logd_ends(d))
		return;
	d->lag = state.lag > 0 ? state.lag : 0;
	total = (uint64_t)d->lag / BYTES_SHOWN;
	progress_begin(&d->progress, total > 0 ? "MiB of the log" : "lines",
	               total);
}

/* To the end of the log; then look-ups begin. */
static int read_on(struct logd *d, const struct log_feed_state *state,
                   struct err *err)
{
	uint64_t done = d->progress.total > 0
	                        ? (uint64_t)(d->lag - state->lag) / BYTES_SHOWN
	                        : state->lines;

	if (done > d->progress.done)
		progress_add(&d->progress, done - d->progress.done);
	if (!state->ended)
		return 0;
	progress_end(&d->progress);
	log_info("read %" PRIu64 " lines: %" PRIu64 " deliveries, %" PRIu64
	         " sessions",
	         state->lines, state->deliveries, state->sessions);
	if (count_waiting(d, &d->waiting, &d->waiting_domains, err) < 0)
		return err->class;
	d->looks_up = true;
	d->moved_ms = clock_monotonic_ms(&d->base.clock);
	progress_begin(&d->progress, "sessions with their policies",
	               d->waiting);
	return 0;
}

/* Waits for answers as long as there are any; 1: that was all. */
static int look_up_on(struct logd *d, uint64_t moved, struct err *err)
{
	int64_t now_ms = clock_monotonic_ms(&d->base.clock);

	progress_add(&d->progress, moved);
	if (moved > 0)
		d->moved_ms = now_ms;
	if (count_waiting(d, &d->waiting, &d->waiting_domains, err) < 0)
		return err->class;
	return d->waiting == 0 || now_ms - d->moved_ms >= PATIENCE_MS;
}

int logd_tick(void *self, struct err *err)
{
	struct logd *d = self;
	struct log_feed_state state = log_feed_state(d->feed);
	uint64_t moved;

	advise(d, &state);
	if (daemon_is_due(&d->base, &d->watch_site_ms, WATCH_SITE_MS))
		logd_watch_site(d);
	moved = apply(d);
	if (d->looks_up)
		return look_up_on(d, moved, err);
	if (logd_ends(d))
		return read_on(d, &state, err);
	if (state.ended)
		log_info("end of the log");
	return state.ended;
}

int64_t logd_progress(void *self)
{
	struct logd *d = self;
	struct log_feed_state state = log_feed_state(d->feed);

	/* with nothing left to read, this thread does the work */
	return state.ended ? clock_monotonic_ms(&d->base.clock)
	                   : state.committer.progress_ms;
}

void logd_end_run(struct logd *d, bool failed)
{
	progress_end(&d->progress);
	if (d->waiting > 0 && !failed)
		log_warning("%" PRIu64 " sessions of %" PRIu64
		            " domains are waiting for DNS; the next "
		            "tlstally-logd will continue",
		            d->waiting, d->waiting_domains);
}
