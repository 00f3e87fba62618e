/*
 * tlstally doctor: what the mail log says, and what this host's Postfix can do
 */
#include "show/doctor_checks.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "maillog/maillog.h"
#include "postfix/postfix_site.h"
#include "postfix/postfix_tlsrpt.h"
#include "postfix/site.h"
#include "store/day_table.h"
#include "store/feed_table.h"

enum {
	LEVELS_ENOUGH = 5, /* sessions that show what all are like */
};

/* Of today and yesterday. */
static void sum_lines(const struct status_of *of,
                      struct day_lines sums[LINE_FATES])
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int32_t today = day_of(of->now);

	for (int32_t day = today; day >= today - 1; day--) {
		struct day_lines row = {0};

		while (day_table_lines_next(txn, day, &row)) {
			struct day_lines *sum = &sums[row.fate];
			uint64_t n = sum->n;

			if (n == 0)
				*sum = row;
			sum->n = n + row.n;
		}
	}
}

void doctor_look_at_log(const struct status_of *of, struct finding *finding)
{
	struct day_lines sums[LINE_FATES] = {{0}};
	struct feed_kind kind = *feed_kind(FEED_LOG);

	sum_lines(of, sums);
	if (sums[LINE_TELLS].n == 0 && sums[LINE_UNREAD].n > 0)
		kind.check = "its lines are not understood";
	else if (sums[LINE_TELLS].n == 0 && sums[LINE_FOREIGN].n > 0)
		kind.check = "its lines are ignored";
	doctor_look_at_feed(of, &kind, finding);
}

/* Where no line told of a session, those that were not read are why. */
void doctor_look_at_lines(const struct status_of *of, struct finding *finding)
{
	struct day_lines sums[LINE_FATES] = {{0}};
	enum grade grade;

	sum_lines(of, sums);
	grade = sums[LINE_TELLS].n == 0 ? BAD : NOTE;
	if (sums[LINE_UNREAD].n > 0)
		doctor_tell(finding, grade,
		            "%" PRIu64
		            " log lines were not understood, the first: '%s'; "
		            "expected are lines like '" LOG_LINE_EXAMPLE
		            "' (tlstally-logd(8))",
		            sums[LINE_UNREAD].n, sums[LINE_UNREAD].first);
	else if (sums[LINE_FOREIGN].n > 0)
		doctor_tell(finding, grade,
		            "%" PRIu64
		            " lines of the journal are not from root or "
		            "Postfix's mail_owner and were ignored, the first: "
		            "'%s'; set [log] journal_users to count them",
		            sums[LINE_FOREIGN].n, sums[LINE_FOREIGN].first);
	else if (sums[LINE_UNCLEAR].n > 0)
		doctor_tell(finding, NOTE,
		            "%" PRIu64
		            " deliveries are not counted because their log "
		            "lines are ambiguous or truncated, the first: '%s'",
		            sums[LINE_UNCLEAR].n, sums[LINE_UNCLEAR].first);
	else if (sums[LINE_READ].n == 0)
		doctor_tell(finding, NOTE,
		            "no log line has been read since yesterday");
	else
		doctor_tell(finding, GOOD,
		            "all log lines were understood, and %" PRIu64
		            " were about sessions",
		            sums[LINE_TELLS].n);
}

void doctor_look_at_faults(const struct status_of *of, struct finding *finding)
{
	struct day_lines sums[LINE_FATES] = {{0}};

	sum_lines(of, sums);
	if (sums[LINE_OURS].n > 0)
		doctor_tell(finding, NOTE,
		            "%" PRIu64
		            " log lines report problems that keep Postfix on "
		            "this host from using TLS, the first: '%s'",
		            sums[LINE_OURS].n, sums[LINE_OURS].first);
	else
		doctor_tell(finding, GOOD,
		            "the log has no problems that keep Postfix on this "
		            "host from using TLS");
}

static const struct postfix_instance *
first_sender(const struct postfix_site *site)
{
	for (size_t i = 0; i < site->count; i++)
		if (site->instances[i].sends && site->instances[i].known)
			return &site->instances[i];
	return NULL;
}

/* Somebody sends them, whoever it is. */
static bool events_come(const struct status_of *of)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct feed feed = {0};

	return feed_table_get(txn, FEED_EVENTS, &feed) &&
	       moment_age(feed.last_event, of->now) <= FEED_QUIET_SECS;
}

/* Why there are no events, or why there need not be. */
static void tell_tlsrpt(enum tlsrpt_support support, bool enabled, bool by_log,
                        struct finding *finding)
{
	enum grade wrong = by_log ? NOTE : BAD;

	if (support == TLSRPT_NOT_SEEN)
		doctor_tell(finding, NOTE,
		            "cannot read smtp(8) in daemon_directory to find "
		            "out whether it can send events");
	else if (support == TLSRPT_LEFT_OUT && (enabled || !by_log))
		doctor_tell(
			finding, wrong,
			"this Postfix was built without TLSRPT and does not "
			"send events, regardless of smtp_tlsrpt_enable; %s",
			by_log ? "set smtp_tlsrpt_enable = no"
			       : "run tlstally-logd, or install a Postfix that "
				 "was built with libtlsrpt");
	else if (support == TLSRPT_UNHEARD_OF && !by_log)
		doctor_tell(finding, BAD,
		            "this Postfix does not support TLSRPT and does not "
		            "send events: run tlstally-logd");
	else if (support == TLSRPT_BUILT_IN && !enabled)
		doctor_tell(finding, wrong,
		            "this Postfix can send events, but "
		            "smtp_tlsrpt_enable is not yes%s",
		            by_log ? "; events have more details than the log"
		                   : "");
	else if (by_log)
		doctor_tell(finding, GOOD,
		            "the sessions of this Postfix are counted from its "
		            "log");
	else
		doctor_tell(finding, GOOD, "this Postfix sends events");
}

static bool is_yes(const struct postconf *set, const char *name)
{
	const char *value = postconf_get(set, name);

	return value != NULL && strcmp(value, "yes") == 0;
}

/* Level none in a policy map, of which only tls= (3.11) or a line of its own
 * tells. */
static bool hides_none(const struct postconf *set)
{
	const char *maps = postconf_get(set, "smtp_tls_policy_maps");

	return maps != NULL && maps[0] != '\0' &&
	       !is_yes(set, "smtp_log_tls_feature_status") &&
	       !is_yes(set, "smtp_tls_note_starttls_offer");
}

void doctor_look_at_postfix(const struct status_of *of, struct finding *finding)
{
	struct postfix_site *site = postfix_site_ask(of->conf);
	const struct postfix_instance *sender = first_sender(site);

	if (sender == NULL) {
		doctor_tell(finding, NOTE,
		            "cannot read the settings of Postfix: %s",
		            site->trouble.text);
	} else {
		bool by_log = !doctor_counts_by(of, FEED_EVENTS);

		tell_tlsrpt(postfix_tlsrpt(&sender->set),
		            is_yes(&sender->set, "smtp_tlsrpt_enable"), by_log,
		            finding);
		if (finding->grade == GOOD && by_log &&
		    hides_none(&sender->set))
			doctor_tell(
				finding, NOTE,
				"set smtp_tls_note_starttls_offer = yes: "
				"otherwise level none in smtp_tls_policy_maps "
				"looks like a server without STARTTLS");
	}
	if (finding->grade == BAD && events_come(of))
		doctor_tell(finding, GOOD, "another Postfix sends events");
	postfix_site_free(&site);
}

/* Of a service that logs no TLS only failures are seen, and nothing counts. */
void doctor_look_at_loglevel(const struct status_of *of,
                             struct finding *finding)
{
	/* standard input may be another host's log */
	bool foreign = of->conf->log.source == LOG_FROM_STDIN &&
	               of->conf->log.tls_loglevel[0] == '\0';
	struct postfix_site *postfix = postfix_site_ask(of->conf);
	struct log_site *site =
		site_make(of->conf, postfix, LOG_FROM_FILE, false);
	auto_(strbuf_clear) struct strbuf names = {0};

	if (site_unlogged(site, &names) > 0)
		doctor_tell(finding, foreign ? NOTE : BAD,
		            "smtp_tls_loglevel = 0: no session of %s is "
		            "counted; set smtp_tls_loglevel = 1",
		            strbuf_text(&names));
	else if (site->count == 0 && of->conf->log.tls_loglevel[0] == '\0')
		doctor_tell(finding, NOTE,
		            "the settings of Postfix are not known: set [log] "
		            "tls_loglevel = 1 if smtp_tls_loglevel is 1 there");
	else
		doctor_tell(finding, GOOD, "Postfix logs its TLS sessions");
	log_site_free(&site);
	postfix_site_free(&postfix);
}

/* What only messages with "TLS-Required: No" should have, all have: so many
 * that it is no chance. */
static bool all_less(uint64_t less, uint64_t all)
{
	return all >= LEVELS_ENOUGH && less == all;
}

void doctor_look_at_levels(const struct status_of *of, struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	int32_t today = day_of(of->now);
	struct day_levels levels, yesterday;

	day_table_levels_get(txn, today, &levels);
	day_table_levels_get(txn, today - 1, &yesterday);
	levels.dane += yesterday.dane;
	levels.less_than_dane += yesterday.less_than_dane;
	levels.sts += yesterday.sts;
	levels.less_than_sts += yesterday.less_than_sts;
	if (all_less(levels.less_than_dane, levels.dane))
		doctor_tell(finding, BAD,
		            "this Postfix does not use DANE: all %" PRIu64
		            " sessions with MX hosts that have TLSA records "
		            "were at level may (tls= in its log) and are not "
		            "counted; does the resolver in /etc/resolv.conf "
		            "validate DNSSEC?",
		            levels.dane);
	else if (all_less(levels.less_than_sts, levels.sts))
		doctor_tell(finding, BAD,
		            "this Postfix does not use MTA-STS: all %" PRIu64
		            " sessions with domains that enforce it were at "
		            "level may (tls= in its log) and are not counted; "
		            "does its policy map support MTA-STS?  If not, set "
		            "[log] enforces",
		            levels.sts);
	else
		doctor_tell(finding, GOOD,
		            "the log has no sign that DANE or MTA-STS is not "
		            "enforced");
}
