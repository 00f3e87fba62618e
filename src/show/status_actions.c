/* What a person must do, found in the rest of status.  What mends itself (a
 * receiver that is down, an address that was suppressed) is none of it;
 * `tlstally doctor` looks at more, and takes longer. */
#include "show/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "show/doc.h"
#include "words/feed.h"
#include "words/words.h"

enum { FULL_PERCENT = 90 };

static void add(json_t *list, const char *command, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(json_t *list, const char *command, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf what = {0};
	json_t *item = doc_row(list);
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&what, fmt, ap);
	va_end(ap);
	doc_set(item, "what", strbuf_text(&what));
	doc_set(item, "command", command);
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

static void look_at_feeds(const json_t *all, json_t *list)
{
	const json_t *feeds = doc_get(all, "feeds"), *feed;
	bool any_up = false, any = false;
	int64_t now = 0;
	size_t i;

	day_parse_time(doc_text(all, "now"), &now, NULL);
	json_array_foreach (feeds, i, feed) {
		bool counts = json_is_true(doc_get(feed, "countsSessions"));

		any |= counts;
		any_up |= counts && json_is_true(doc_get(feed, "isUp"));
	}
	if (!any)
		add(list, "tlstally doctor", "nothing was ever counted");
	json_array_foreach (feeds, i, feed) {
		if (is_missed(feed, now, any_up))
			add(list, "tlstally doctor", "feed %s: %s",
			    doc_text(feed, "name"), doc_text(feed, "words"));
	}
}

static void look_at_coverage(const json_t *all, json_t *list)
{
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(all, "coverage"), i, day) {
		if (json_is_true(doc_get(day, "broken")))
			add(list, "tlstally doctor",
			    "mail was sent on %s, and no TLS session was "
			    "counted",
			    doc_text(day, "day"));
	}
}

static void look_at_clock(const json_t *all, json_t *list)
{
	const char *why = doc_text(doc_get(all, "clock"), "why");

	if (why[0] != '\0')
		add(list, "tlstally clock show", "%s", why);
}

static void look_at_runs(const json_t *all, json_t *list)
{
	const json_t *run = doc_get(all, "lastRun");
	const char *at = doc_text(run, "at");

	if (json_is_true(doc_get(run, "isLate")))
		add(list, "systemctl status tlstally.timer",
		    "`tlstally run` has %s%s", at[0] ? "not come since " : "",
		    at[0] ? at : "never come");
	if (doc_text(all, "contactInfo")[0] == '\0')
		add(list, NULL,
		    "[report] contact_info is not set: no report is made");
}

/* While it does not answer, Postfix defers all mail. */
static void look_at_policyd(const json_t *all, json_t *list)
{
	const json_t *policyd = doc_get(all, "policyd");
	const char *outage = doc_text(policyd, "outageSince");
	const char *unreached = doc_text(policyd, "unreachedSince");

	if (policyd == NULL)
		return;
	if (!json_is_true(doc_get(policyd, "isUp")))
		add(list, "tlstally doctor",
		    "tlstally-policyd has not been running since %s: if "
		    "Postfix asks it, all mail is deferred",
		    doc_text(policyd, "seenAt"));
	else if (outage[0] != '\0')
		add(list, "tlstally doctor",
		    "the resolver has answered nothing to tlstally-policyd "
		    "since %s",
		    outage);
	else if (unreached[0] != '\0')
		add(list, "tlstally doctor",
		    "tlstally-policyd has reached no policy host (port 443) "
		    "since %s",
		    unreached);
}

static void look_at_store(const json_t *all, json_t *list)
{
	const json_t *store = doc_get(all, "store");
	uint64_t used = doc_number(store, "usedBytes");
	uint64_t map = doc_number(store, "mapBytes");

	if (used / FULL_PERCENT >= map / 100)
		add(list, NULL,
		    "the store is full to more than %d %%: raise [store] "
		    "map_size",
		    FULL_PERCENT);
}

/* What our own mail server refuses, and what was given up because of it. */
static void look_at_answers(const json_t *all, json_t *list)
{
	const char *expired = word_api(&words_states, DELIVERY_EXPIRED);
	const json_t *group;
	size_t i;

	json_array_foreach (doc_get(all, "answers"), i, group) {
		const char *state = doc_text(group, "state");
		bool is_over = strcmp(state, expired) == 0;
		const char *day = doc_text(group, "day");

		if (!json_is_true(doc_get(group, "ownFault")) ||
		    (day[0] != '\0' && !is_over))
			continue;
		add(list, is_over ? "tlstally help resend" : "tlstally doctor",
		    "%" PRIu64 " %s %s%s%s by trouble on this site: %s",
		    doc_number(group, "destinations"),
		    doc_number(group, "destinations") == 1 ? "delivery"
		                                           : "deliveries",
		    state, day[0] ? " on " : "", day,
		    doc_text(group, "answer"));
	}
}

void status_actions(const json_t *all, json_t *doc)
{
	json_t *list = doc_array(doc, "actions");

	look_at_feeds(all, list);
	look_at_coverage(all, list);
	look_at_clock(all, list);
	look_at_runs(all, list);
	look_at_policyd(all, list);
	look_at_store(all, list);
	look_at_answers(all, list);
}
