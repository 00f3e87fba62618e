#include "show/status_verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "show/doc.h"
#include "show/status.h"
#include "words/feed.h"
#include "words/words.h"

/* --- telling --- */

struct telling {
	const json_t *status;
	const json_t *checks;
	json_t *list; /* what was told */
};

static json_t *tell(struct telling *telling, const char *cause,
                    const char *command, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Lends what it has added, which is trouble of this site and bad. */
static json_t *tell(struct telling *telling, const char *cause,
                    const char *command, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf words = {0};
	json_t *item = doc_row(telling->list);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&words, fmt, ap);
	va_end(ap);
	doc_set(item, "kind", word_api(&words_overall, OVERALL_SITE));
	doc_set(item, "cause", cause);
	doc_set(item, "tone", "bad");
	doc_set(item, "what", strbuf_text(&words));
	doc_set(item, "command", command);
	return item;
}

static void set_since(json_t *item, const char *since)
{
	doc_set(item, "since", since);
}

/* Which reports this is about: how a client asks for them. */
static void set_reports(json_t *item, const char *type, const char *name,
                        const char *value)
{
	json_t *reports = doc_object(item, "reports");

	doc_set(reports, "type", type);
	doc_set(doc_object(reports, "filter"), name, value);
}

static void set_outbox(json_t *item, enum outbox_status status)
{
	set_reports(item, "x:TlsInternalReport", "status",
	            word_api(&words_statuses, status));
}

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

/* --- the store and the intake --- */

static void look_at_store(struct telling *telling)
{
	const json_t *store = doc_get(telling->status, "store");
	const char *directory = doc_text(store, "directory");
	auto_(strbuf_clear) struct strbuf command = {0};

	strbuf_printf(&command, "df -h %s", directory);
	if (json_is_true(doc_get(store, "isDiskFull")))
		tell(telling, "store", strbuf_text(&command),
		     "only %" PRIu64 " MiB are free on the file system of the "
		     "store, %s: events can be lost soon",
		     doc_number(store, "diskFreeBytes") / (1024 * 1024),
		     directory);
	if (json_is_true(doc_get(store, "isFull")))
		tell(telling, "store", NULL,
		     "the store is full to more than 90 %%: raise [store] "
		     "map_size");
}

static void look_at_clock(struct telling *telling)
{
	const char *why = doc_text(doc_get(telling->status, "clock"), "why");

	if (why[0] != '\0')
		tell(telling, "clock", "tlstally clock show", "%s", why);
}

/* One that was given up for another is no trouble (words/feed.h). */
static bool is_missed(const json_t *feed, int64_t now, bool any_up)
{
	struct feed row = {.seen_at = 0};

	if (!json_is_true(doc_get(feed, "countsSessions")) ||
	    json_is_true(doc_get(feed, "isUp")))
		return false;
	day_parse_time(doc_text(feed, "lastCommit"), &row.seen_at, NULL);
	return !any_up || feed_is_in_use(&row, now);
}

static void look_at_feeds(struct telling *telling)
{
	const json_t *feeds = doc_get(telling->status, "feeds"), *feed;
	bool any_up = false, any = false;
	int64_t now = 0;
	size_t i;

	day_parse_time(doc_text(telling->status, "now"), &now, NULL);
	json_array_foreach (feeds, i, feed) {
		bool counts = json_is_true(doc_get(feed, "countsSessions"));

		any |= counts;
		any_up |= counts && json_is_true(doc_get(feed, "isUp"));
	}
	if (!any)
		tell(telling, "feeds", "tlstally doctor",
		     "nothing was ever counted");
	json_array_foreach (feeds, i, feed) {
		if (is_missed(feed, now, any_up))
			set_since(tell(telling, doc_text(feed, "name"),
			               "tlstally doctor", "feed %s: %s",
			               doc_text(feed, "name"),
			               doc_text(feed, "words")),
			          doc_text(feed, "lastCommit"));
	}
}

/* What was counted, and does not get any further. */
static void look_at_journal(struct telling *telling)
{
	const json_t *journal = doc_get(telling->status, "journal");
	const char *oldest = doc_text(journal, "oldest");
	const char *trouble = doc_text(journal, "trouble");
	uint64_t damaged = doc_number(journal, "lostRows");

	if (trouble[0] != '\0')
		set_since(tell(telling, "journal", "tlstally doctor",
		               "what was counted since %s cannot be applied: "
		               "%s",
		               oldest, trouble),
		          oldest);
	else if (json_is_true(doc_get(journal, "isLate")))
		set_since(tell(telling, "journal", "journalctl -u tlstallyd",
		               "what was counted since %s waits in the journal "
		               "of counts: tlstallyd does not apply it",
		               oldest),
		          oldest);
	if (json_is_true(doc_get(journal, "isLossNew")))
		tell(telling, "journal", "tlstally check-store",
		     "%" PRIu64 " %s of the journal of counts cannot be read: "
		     "what %s counted is missing",
		     damaged, plural(damaged, "row", "rows"),
		     plural(damaged, "it", "they"));
}

static void look_at_coverage(struct telling *telling)
{
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(telling->status, "coverage"), i, day) {
		if (json_is_true(doc_get(day, "broken")))
			tell(telling, "coverage", "tlstally doctor",
			     "mail was sent on %s, and no TLS session was "
			     "counted",
			     doc_text(day, "day"));
	}
}

/* While it does not answer, Postfix defers all mail. */
static void look_at_policyd(struct telling *telling)
{
	const json_t *policyd = doc_get(telling->status, "policyd");
	const char *outage = doc_text(policyd, "outageSince");
	const char *unreached = doc_text(policyd, "unreachedSince");

	if (policyd == NULL)
		return;
	if (!json_is_true(doc_get(policyd, "isUp")))
		set_since(tell(telling, "policyd", "tlstally doctor",
		               "tlstally-policyd has not been running since "
		               "%s: if Postfix asks it, all mail is deferred",
		               doc_text(policyd, "seenAt")),
		          doc_text(policyd, "seenAt"));
	else if (outage[0] != '\0')
		set_since(tell(telling, "policyd", "tlstally doctor",
		               "the resolver has answered nothing to "
		               "tlstally-policyd since %s",
		               outage),
		          outage);
	else if (unreached[0] != '\0')
		set_since(tell(telling, "policyd", "tlstally doctor",
		               "tlstally-policyd has reached no policy host "
		               "(port 443) since %s",
		               unreached),
		          unreached);
}

/* It runs, and for a day or ever nothing came: the weakest sign of all, for
 * little mail does the same. */
static void look_at_silence(struct telling *telling)
{
	const char *empty = word_api(&words_feeds, FEED_EMPTY);
	const char *quiet = word_api(&words_feeds, FEED_QUIET);
	const json_t *feed, *silent = NULL;
	size_t i;

	json_array_foreach (doc_get(telling->status, "feeds"), i, feed) {
		const char *state = doc_text(feed, "state");

		if (!json_is_true(doc_get(feed, "countsSessions")) ||
		    !json_is_true(doc_get(feed, "isUp")))
			continue;
		if (strcmp(state, empty) != 0 && strcmp(state, quiet) != 0)
			return;
		silent = feed;
	}
	if (silent != NULL) {
		json_t *item = tell(telling, doc_text(silent, "name"),
		                    "tlstally doctor", "feed %s is silent: %s",
		                    doc_text(silent, "name"),
		                    doc_text(silent, "words"));

		doc_set(item, "tone", "warn");
		set_since(item, doc_text(silent, "lastEvent"));
	}
}

/* --- runs and deliveries --- */

static void look_at_overdue(struct telling *telling)
{
	const json_t *run = doc_get(telling->status, "lastRun");
	const json_t *outbox = doc_get(telling->status, "outbox");
	const json_t *states = doc_get(outbox, "destinations");
	const char *since = doc_text(run, "overdueSince");
	bool is_late = json_is_true(doc_get(run, "isLate"));
	uint64_t n =
		doc_number(states, word_api(&words_states, DELIVERY_PENDING)) +
		doc_number(states, word_api(&words_states, DELIVERY_DEFERRED));
	json_t *item;

	if (since[0] == '\0')
		return;
	item = tell(telling, "runs",
	            is_late ? "systemctl status tlstally.timer"
	                    : "journalctl -u tlstally",
	            "%" PRIu64 " %s, the first overdue since %s%s", n,
	            plural(n, "delivery waits", "deliveries wait"), since,
	            is_late ? ""
	                    : ", although `tlstally run` was started since: it "
	                      "hangs, or [deliver] rate_per_hour is too low");
	set_since(item, since);
	set_outbox(item,
	           doc_number(doc_get(outbox, "reports"),
	                      word_api(&words_statuses, OUTBOX_PENDING)) > 0
	                   ? OUTBOX_PENDING
	                   : OUTBOX_DEFERRED);
}

static void look_at_runs(struct telling *telling)
{
	const json_t *run = doc_get(telling->status, "lastRun");
	const char *at = doc_text(run, "at"), *day = doc_text(run, "lateDay");

	if (doc_text(telling->status, "contactInfo")[0] == '\0')
		tell(telling, "settings", NULL,
		     "[report] contact_info is not set: no report is made");
	if (json_is_true(doc_get(run, "isLate")))
		set_since(tell(telling, "runs",
		               "systemctl status tlstally.timer",
		               "`tlstally run` has %s%s",
		               at[0] ? "not been started since "
		                     : "never been started",
		               at),
		          at);
	else if (day[0] != '\0')
		tell(telling, "runs", "journalctl -u tlstally",
		     "%s is over, but not closed", day);
	look_at_overdue(telling);
}

static bool is_state(const json_t *group, enum delivery_state state)
{
	return strcmp(doc_text(group, "state"),
	              word_api(&words_states, state)) == 0;
}

static bool is_mail(const json_t *group)
{
	return strcmp(doc_text(group, "transport"), "mail") == 0;
}

/* What our own mail server refuses, and what this host cannot do itself. */
static void look_at_own_faults(struct telling *telling)
{
	const json_t *group;
	size_t i;

	json_array_foreach (doc_get(telling->status, "answers"), i, group) {
		uint64_t n = doc_number(group, "destinations");
		const char *next = doc_text(group, "nextAttempt");
		json_t *item;

		if (!json_is_true(doc_get(group, "ownFault")) ||
		    !is_state(group, DELIVERY_DEFERRED))
			continue;
		item = tell(telling, is_mail(group) ? "relay" : "deliveries",
		            "tlstally doctor", "%s %" PRIu64 " %s%s%s: %s",
		            is_mail(group) ? "the mail relay has not taken"
		                           : "this site could not make",
		            n, plural(n, "delivery", "deliveries"),
		            next[0] ? ", to be tried again at " : "", next,
		            doc_text(group, "answer"));
		set_since(item, doc_text(group, "firstAttempt"));
		set_outbox(item, OUTBOX_DEFERRED);
	}
}

/* Mail that many receivers could not be given over TLS, by what all of it has
 * in common: this site. */
static void look_at_failures(struct telling *telling)
{
	const json_t *failure;
	size_t i;

	json_array_foreach (doc_get(telling->status, "ownFailures"), i,
	                    failure) {
		const char *result = doc_text(failure, "resultType");
		bool is_all = result[0] == '\0';
		char usual[64] = "";
		json_t *item, *filter;

		if (doc_get(failure, "usuallyFailing") != NULL)
			snprintf(usual, sizeof(usual),
			         "; on a usual day %" PRIu64,
			         doc_number(failure, "usuallyFailing"));
		item = tell(
			telling, "sessions", NULL,
			"%" PRIu64 " of %" PRIu64
			" domains%s failed on %s with %s, at different "
			"receivers%s",
			doc_number(failure, "failingDomains"),
			doc_number(failure, "domains"),
			is_all ? "" : " with such a policy",
			doc_text(failure, "day"),
			is_all ? "whatever results"
			       : word_rfc(&words_results,
		                          word_find(&words_results, result)),
			usual);
		doc_set(item, "advice",
		        "the cause looks like this site's: the CA file, the "
		        "resolver, the clock or a firewall");
		doc_set(item, "tone", is_all ? "bad" : "warn");
		filter = doc_object(doc_object(item, "domains"), "filter");
		doc_set(filter, "day", doc_text(failure, "day"));
		doc_set(filter, "fault", word_api(&words_faults, FAULT_OURS));
	}
}

/* What was given up because of them: it is over, and can still be sent. */
static void look_at_lost(struct telling *telling)
{
	const json_t *group;
	size_t i;

	json_array_foreach (doc_get(telling->status, "answers"), i, group) {
		uint64_t n = doc_number(group, "destinations");
		json_t *item;

		if (!json_is_true(doc_get(group, "ownFault")) ||
		    !is_state(group, DELIVERY_EXPIRED))
			continue;
		item = tell(telling, "deliveries", "tlstally help resend",
		            "%" PRIu64 " %s given up on %s because of trouble "
		            "on this site: %s",
		            n, plural(n, "delivery was", "deliveries were"),
		            doc_text(group, "day"), doc_text(group, "answer"));
		doc_set(item, "tone", "warn");
		set_reports(item, "tally:SentReport", "state",
		            doc_text(group, "state"));
	}
}

/* --- the doctor --- */

/* Something is told of it already. */
static bool is_told(const struct telling *telling, const char *check)
{
	const json_t *item;
	size_t i;

	json_array_foreach (telling->list, i, item) {
		if (strcmp(doc_text(item, "cause"), check) == 0)
			return true;
	}
	return false;
}

static void look_at_checks(struct telling *telling)
{
	const json_t *check;
	size_t i;

	json_array_foreach (telling->checks, i, check) {
		const char *name = doc_text(check, "check");

		if (strcmp(doc_text(check, "grade"), "bad") == 0 &&
		    !is_told(telling, name))
			set_since(tell(telling, name,
			               doc_text(check, "command"), "%s",
			               doc_text(check, "words")),
			          doc_text(check, "since"));
	}
}

/* --- receivers --- */

struct refusals {
	uint64_t deferred, refused, suppressed, given_up;
	const json_t *such_as; /* the worst of them */
};

static void add_refusal(struct refusals *of, const json_t *group)
{
	uint64_t n = doc_number(group, "destinations");
	bool is_final = true;

	if (is_state(group, DELIVERY_FAILED) ||
	    is_state(group, DELIVERY_BOUNCED)) {
		of->refused += n;
	} else if (is_state(group, DELIVERY_EXPIRED)) {
		of->given_up += n;
	} else if (is_state(group, DELIVERY_SUPPRESSED) &&
	           doc_number(group, "code") != 0) {
		/* by this very answer; the others were not tried */
		of->suppressed += n;
	} else if (is_state(group, DELIVERY_DEFERRED)) {
		of->deferred += n;
		is_final = false;
	} else {
		return;
	}
	if (of->such_as == NULL ||
	    (is_final && is_state(of->such_as, DELIVERY_DEFERRED)))
		of->such_as = group;
}

static void add_count(struct strbuf *out, uint64_t n, const char *words)
{
	if (n > 0)
		strbuf_printf(out, "%s%" PRIu64 " %s", out->len > 0 ? ", " : "",
		              n, words);
}

static void look_at_receivers(struct telling *telling)
{
	auto_(strbuf_clear) struct strbuf counts = {0};
	struct refusals of = {0};
	bool is_final;
	const json_t *group;
	json_t *item;
	size_t i;

	json_array_foreach (doc_get(telling->status, "answers"), i, group) {
		if (!json_is_true(doc_get(group, "ownFault")))
			add_refusal(&of, group);
	}
	if (of.such_as == NULL)
		return;
	add_count(&counts, of.refused, "refused");
	add_count(&counts, of.suppressed, "refused and suppressed");
	add_count(&counts, of.given_up, "given up");
	add_count(&counts, of.deferred, "not accepted yet");
	is_final = of.refused + of.suppressed + of.given_up > 0;
	item = tell(telling, "receivers", NULL,
	            "deliveries of today and yesterday: %s, for example to "
	            "%s: %s",
	            strbuf_text(&counts), doc_text(of.such_as, "domain"),
	            doc_text(of.such_as, "answer"));
	doc_set(item, "kind", word_api(&words_overall, OVERALL_RECEIVERS));
	doc_set(item, "tone", is_final ? "warn" : "wait");
	doc_set(item, "advice",
	        is_final ? "nothing needs to be done on this site; the next "
	                   "reports are sent to them as usual"
	                 : "nothing needs to be done on this site; they are "
	                   "tried again");
	if (!is_final) {
		set_since(item, doc_text(of.such_as, "firstAttempt"));
		set_outbox(item, OUTBOX_DEFERRED);
	} else {
		set_reports(item, "tally:SentReport", "state",
		            doc_text(of.such_as, "state"));
	}
}

/* --- all of it --- */

/* What makes the rest meaningless comes first. */
static void (*const causes[])(struct telling *telling) = {
	look_at_store,     look_at_clock,      look_at_feeds,   look_at_journal,
	look_at_coverage,  look_at_runs,       look_at_policyd, look_at_checks,
	look_at_failures,  look_at_own_faults, look_at_lost,    look_at_silence,
	look_at_receivers,
};

json_t *status_verdict_wants(void)
{
	return json_pack("[s,s,s,s,s,s,s,s,s,s,s,s,s,s]", "now", "mode",
	                 "contactInfo", "store", "feeds", "journal", "coverage",
	                 "ownFailures", "clock", "lastRun", "policyd", "outbox",
	                 "answers", "deliveries");
}

/* What the site wants, but nobody takes for granted. */
static void add_mode(const json_t *status, struct strbuf *words,
                     json_t *verdict)
{
	const json_t *reports = doc_get(doc_get(status, "outbox"), "reports");
	uint64_t held =
		doc_number(reports, word_api(&words_statuses, OUTBOX_HELD));
	const char *mode = doc_text(status, "mode");

	if (strcmp(mode, word_api(&words_modes, MODE_PREVIEW)) == 0) {
		strbuf_printf(
			words,
			"; nothing is sent, for mode = preview holds %" PRIu64
			" %s",
			held, plural(held, "report", "reports"));
		doc_set(verdict, "command", "tlstally preview DOMAIN");
		set_outbox(verdict, OUTBOX_HELD);
	} else if (strcmp(mode, word_api(&words_modes, MODE_OFF)) == 0) {
		strbuf_puts(words, "; no report is made, for mode = off");
	} else {
		return;
	}
	doc_set(verdict, "tone", "wait");
}

static void tell_well(const json_t *status, json_t *verdict)
{
	auto_(strbuf_clear) struct strbuf words = {0};
	const json_t *day;
	const char *run = doc_text(doc_get(status, "lastRun"), "at");
	uint64_t delivered = 0;
	size_t i;

	json_array_foreach (doc_get(status, "deliveries"), i, day)
		delivered += doc_number(
			day, word_api(&words_states, DELIVERY_DELIVERED));
	doc_set(verdict, "kind", word_api(&words_overall, OVERALL_WELL));
	doc_set(verdict, "tone", "good");
	strbuf_printf(&words, "%" PRIu64 " %s in %d days", delivered,
	              plural(delivered, "delivery was accepted",
	                     "deliveries were accepted"),
	              STATUS_DAYS);
	if (run[0] != '\0')
		strbuf_printf(&words, ", the last run came at %s", run);
	add_mode(status, &words, verdict);
	doc_set(verdict, "what", strbuf_text(&words));
}

static bool is_of_receivers(const json_t *item)
{
	return strcmp(doc_text(item, "kind"),
	              word_api(&words_overall, OVERALL_RECEIVERS)) == 0;
}

void status_verdict(const json_t *status, const json_t *checks, json_t *doc)
{
	struct telling telling = {status, checks, doc_array(doc, "actions")};
	json_t *verdict = doc_object(doc, "verdict");
	size_t told;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (status != NULL || causes[i] == look_at_checks)
			causes[i](&telling);
	told = json_array_size(telling.list);
	if (told == 0 && status != NULL) {
		tell_well(status, verdict);
		return;
	}
	if (told == 0) {
		doc_set(verdict, "kind",
		        word_api(&words_overall, OVERALL_UNKNOWN));
		doc_set(verdict, "tone", "quiet");
		doc_set(verdict, "what",
		        word_sentence(&words_overall, OVERALL_UNKNOWN));
		return;
	}
	json_object_update(verdict, json_array_get(telling.list, 0));
	if (is_of_receivers(json_array_get(telling.list, told - 1)))
		json_array_remove(telling.list, --told);
	json_set_uint(verdict, "more", told > 0 ? told - 1 : 0);
}
