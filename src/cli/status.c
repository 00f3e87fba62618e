/* The document of status as text: a section for what there is to say, none
 * for what there is not. */
#include "cli/status.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/object_print.h"
#include "cli/table.h"
#include "maillog/maillog.h"
#include "show/doc.h"
#include "words/feed.h"
#include "words/words.h"

/* "12 KiB", "3 MiB" */
static void put_size(uint64_t bytes, struct strbuf *out)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
	size_t unit = 0;

	while (bytes >= 10 * 1024 && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	strbuf_printf(out, "%" PRIu64 " %s", bytes, units[unit]);
}

static void print_last_run(const json_t *run, struct strbuf *out)
{
	const char *at = doc_text(run, "at");

	if (!json_is_true(doc_get(run, "isLate")))
		return;
	strbuf_printf(out,
	              "runs      %s%s: does the timer, or cron, call "
	              "`tlstally run`?\n",
	              at[0] != '\0' ? "none since " : "none has come yet", at);
}

static void print_head(const json_t *doc, struct strbuf *out)
{
	const json_t *store = doc_get(doc, "store");
	const char *doubt = doc_text(doc_get(doc, "clock"), "why");

	strbuf_printf(out, "store     %s, ", doc_text(store, "directory"));
	put_size(doc_number(store, "usedBytes"), out);
	strbuf_printf(out, " in use\nsettings  %s\nmode      %s: ",
	              doc_text(doc, "settings"), doc_text(doc, "mode"));
	for (int mode = MODE_PREVIEW; mode <= MODE_OFF; mode++)
		if (strcmp(doc_text(doc, "mode"),
		           word_api(&words_modes, mode)) == 0)
			strbuf_puts(out, word_sentence(&words_modes, mode));
	strbuf_putc(out, '\n');
	if (doc_text(doc, "contactInfo")[0] == '\0')
		strbuf_puts(out, "contact   none: [report] contact_info is not "
		                 "set, and no report is made before it is\n");
	print_last_run(doc_get(doc, "lastRun"), out);
	if (doubt[0] != '\0')
		strbuf_printf(
			out,
			"clock     %s.\n          Days are not closed and "
			"nothing is purged: see `tlstally clock show`\n",
			doubt);
}

static void print_feeds(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("feed", "name"),
		{.title = "counted until",
	         .member = "countedUntil",
	         .empty = "not yet"},
		{.title = "last event",
	         .member = "lastEvent",
	         .empty = "none yet"},
		TABLE_NUMBER("total", "events"),
	};
	const json_t *feed;
	const char *counting_well = word_api(&words_feeds, FEED_COUNTING);
	size_t i, counting = 0;

	json_array_foreach (doc_get(doc, "feeds"), i, feed)
		counting += json_is_true(doc_get(feed, "countsSessions"));
	strbuf_putc(out, '\n');
	table_print(doc_get(doc, "feeds"), columns, 4, "", out);
	if (counting == 0)
		strbuf_puts(out,
		            "No events yet.  Is tlstallyd running, and is "
		            "smtp_tlsrpt_enable = yes in Postfix's main.cf?\n"
		            "With a Postfix that was built without TLSRPT, run "
		            "tlstally-logd instead.\n");
	json_array_foreach (doc_get(doc, "feeds"), i, feed)
		if (strcmp(doc_text(feed, "state"), counting_well) != 0)
			strbuf_printf(out, "%s: %s\n", doc_text(feed, "name"),
			              doc_text(feed, "words"));
}

/* Other hosts, of which this one reports. */
static void print_hosts(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("host", "name"),
		{.title = "state", .member = "state", .words = &words_hosts},
		{.title = "last day", .member = "lastDay", .empty = "none"},
		{.title = "came", .member = "importedAt", .empty = ""},
		TABLE_NUMBER("domains", "domains"),
		TABLE_NUMBER("sessions", "sessions"),
		TABLE_NUMBER("failed", "failedSessions"),
	};
	const json_t *list = doc_get(doc, "hosts"), *host;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	strbuf_putc(out, '\n');
	table_print(list, columns, 7, "", out);
	json_array_foreach (list, i, host)
		if (doc_text(host, "words")[0] != '\0')
			strbuf_printf(out, "%s: %s\n", doc_text(host, "name"),
			              doc_text(host, "words"));
}

/* Lines that count for nothing. */
static void print_lines(const json_t *doc, struct strbuf *out)
{
	const json_t *row, *day;
	size_t i, j;

	json_array_foreach (doc_get(doc, "lines"), i, day) {
		const char *on = doc_text(day, "day");
		uint64_t unread = doc_number(day, "notUnderstood");
		uint64_t unclear = doc_number(day, "unclear");
		uint64_t ours = doc_number(day, "ownFaults");

		if (unread > 0)
			strbuf_printf(
				out,
				"%" PRIu64 " log lines were not understood on "
				"%s, the first: '%s'.\n"
				"Expected are lines like '" LOG_LINE_EXAMPLE
				"'; see tlstally-logd(8).\n",
				unread, on,
				doc_text(day, "firstNotUnderstood"));
		if (unclear > 0)
			strbuf_printf(
				out,
				"%" PRIu64 " deliveries on %s are not counted "
				"because their log lines are ambiguous "
				"or truncated, the first: '%s'.\n",
				unclear, on, doc_text(day, "firstUnclear"));
		if (ours > 0)
			strbuf_printf(out,
			              "%" PRIu64
			              " log lines on %s report problems that "
			              "keep Postfix on this host from using "
			              "TLS, the first: '%s'.\n",
			              ours, on, doc_text(day, "firstOwnFault"));
		json_array_foreach (doc_get(day, "leftOut"), j, row)
			strbuf_printf(
				out,
				"%" PRIu64 " log lines of %s were ignored on "
				"%s, the first: '%s'; set [log] "
				"journal_users to count them.\n",
				doc_number(row, "lines"), doc_text(row, "of"),
				on, doc_text(row, "first"));
	}
}

static void print_waiting(const json_t *doc, struct strbuf *out)
{
	const json_t *waiting = doc_get(doc, "waiting");
	uint64_t sessions = doc_number(waiting, "sessions");

	if (sessions > 0)
		strbuf_printf(
			out,
			"%" PRIu64
			" sessions from the log (domains and days: %" PRIu64
			") will be counted when their policies are known.\n",
			sessions, doc_number(waiting, "domains"));
}

static void print_journal(const json_t *doc, struct strbuf *out)
{
	const json_t *journal = doc_get(doc, "journal"), *row;
	const char *trouble = doc_text(journal, "trouble");
	uint64_t bytes = doc_number(journal, "bytes");
	size_t i;

	if (bytes > 0) {
		strbuf_puts(out, "journal of counts: ");
		put_size(bytes, out);
		strbuf_printf(out, " to be applied, the oldest of %s%s%s\n",
		              doc_text(journal, "oldest"),
		              trouble[0] != '\0' ? "; that fails: " : "",
		              trouble);
	}
	json_array_foreach (doc_get(journal, "setAside"), i, row)
		strbuf_printf(out, "%s cannot be read and was set aside: %s\n",
		              doc_text(row, "text"), doc_text(row, "words"));
}

/* "3 held, 2 pending" between the two; nothing of none. */
static void print_counts(const char *before, json_t *counts, const char *after,
                         struct strbuf *out)
{
	const char *name, *comma = "";
	json_t *count;

	if (json_object_size(counts) == 0)
		return;
	strbuf_puts(out, before);
	json_object_foreach (counts, name, count) {
		strbuf_printf(out, "%s%lld %s", comma,
		              (long long)json_integer_value(count), name);
		comma = ", ";
	}
	strbuf_puts(out, after);
}

static void print_nobodys(const json_t *day, struct strbuf *out)
{
	const json_t *nobodys = doc_get(day, "nobodys");
	uint64_t sessions = doc_number(nobodys, "sessions");

	if (sessions > 0)
		strbuf_printf(out,
		              "sessions on %s with next hops of this site "
		              "whose domains do not ask for reports: %" PRIu64
		              ", the first with %s\n",
		              doc_text(day, "day"), sessions,
		              doc_text(nobodys, "firstHost"));
}

static void print_not_judged(const json_t *day, struct strbuf *out)
{
	uint64_t sessions = doc_number(day, "notJudgedSessions");

	if (sessions > 0)
		strbuf_printf(out,
		              "sessions on %s that were not judged: %" PRIu64
		              "; Postfix does not tell whether they met the "
		              "MTA-STS policy (see WHAT IS SEEN in "
		              "tlstallyd(8))\n",
		              doc_text(day, "day"), sessions);
}

static void print_events(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("day (UTC)", "day"),
		TABLE_NUMBER("events", "events"),
		TABLE_NUMBER("ok", "successfulSessions"),
		TABLE_NUMBER("failed", "failedSessions"),
		TABLE_NUMBER("bad input", "bad"),
		TABLE_NUMBER("no domain", "withoutDomain"),
	};
	const json_t *list = doc_get(doc, "events");
	json_t *day, *bad, *count;
	const char *kind;
	size_t i;

	json_array_foreach (list, i, day) {
		uint64_t sum = 0;

		bad = json_object_get(day, "badInput");
		json_object_foreach (bad, kind, count)
			sum += (uint64_t)json_integer_value(count);
		json_set_uint(day, "bad", sum);
	}
	if (json_array_size(list) > 0)
		strbuf_putc(out, '\n');
	table_print(list, columns, 6, "", out);
	json_array_foreach (list, i, day) {
		auto_(xfree_str) char *title =
			xasprintf("bad input on %s: ", doc_text(day, "day"));

		print_counts(title, json_object_get(day, "badInput"),
		             "; see the log of tlstallyd for examples\n", out);
		print_not_judged(day, out);
		print_nobodys(day, out);
	}
}

static void put_marks(const json_t *day, struct strbuf *out)
{
	const json_t *marks = doc_get(day, "marks");
	const char *comma = "";

	for (int mark = 0; mark < TALLY_MARKS; mark++) {
		uint64_t n = doc_number(marks, word_api(&words_marks, mark));

		if (n == 0)
			continue;
		strbuf_printf(out, "%s%" PRIu64 " %s", comma, n,
		              word_label(&words_marks, mark));
		comma = ", ";
	}
}

static void print_days(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("day (UTC)", "day"),
		TABLE_NUMBER("domains", "domains"),
		TABLE_TEXT("state", "stateWords"),
		TABLE_TEXT("outcomes", "markWords"),
	};
	const json_t *list = doc_get(doc, "days");
	json_t *day;
	size_t i;

	json_array_foreach (list, i, day) {
		auto_(strbuf_clear) struct strbuf state = {0}, marks = {0};

		strbuf_puts(&state, doc_text(day, "state"));
		if (doc_text(day, "waitingFor")[0] != '\0')
			strbuf_printf(&state, " (%s)",
			              doc_text(day, "waitingFor"));
		put_marks(day, &marks);
		json_set_string(day, "stateWords", strbuf_text(&state));
		json_set_string(day, "markWords", strbuf_text(&marks));
	}
	if (json_array_size(list) > 0)
		strbuf_putc(out, '\n');
	table_print(list, columns, 4, "", out);
}

static void print_outbox(const json_t *doc, struct strbuf *out)
{
	const json_t *outbox = doc_get(doc, "outbox");
	json_t *reports = json_object_get(outbox, "reports");

	strbuf_putc(out, '\n');
	if (json_object_size(reports) == 0)
		strbuf_puts(out, "outbox    empty\n");
	print_counts("outbox    reports: ", reports, "\n", out);
	print_counts("          destinations: ",
	             json_object_get(outbox, "destinations"), "\n", out);
	if (doc_text(outbox, "nextDue")[0] != '\0')
		strbuf_printf(out, "          the next is due %s\n",
		              doc_text(outbox, "nextDue"));
	if (doc_number(reports, "held") > 0)
		strbuf_puts(out, "          held reports are not sent while "
		                 "mode = preview\n");
	if (doc_number(doc, "suppressions") > 0)
		strbuf_printf(out,
		              "          %" PRIu64 " addresses get no reports: "
		              "`tlstally suppress list`\n",
		              doc_number(doc, "suppressions"));
}

static void print_policyd(const json_t *doc, struct strbuf *out)
{
	const json_t *policyd = doc_get(doc, "policyd");
	json_t *answers = json_object_get(policyd, "answers"), *n;
	const char *kind, *outage = doc_text(policyd, "outageSince");
	const char *unreached = doc_text(policyd, "unreachedSince");
	void *next;

	if (!json_is_object(policyd))
		return;
	json_object_foreach_safe (answers, next, kind, n)
		if (json_integer_value(n) == 0)
			json_object_del(answers, kind);
	strbuf_printf(out, "\npolicies  tlstally-policyd %s%s\n",
	              json_is_true(doc_get(policyd, "isUp"))
	                      ? "is running"
	                      : "has not been running since ",
	              json_is_true(doc_get(policyd, "isUp"))
	                      ? ""
	                      : doc_text(policyd, "seenAt"));
	print_counts("          answers to Postfix: ", answers, "\n", out);
	if (outage[0] != '\0')
		strbuf_printf(
			out,
			"          the resolver has answered nothing to it "
			"since %s\n",
			outage);
	if (unreached[0] != '\0')
		strbuf_printf(out,
		              "          it has reached no policy host (port "
		              "443) since %s\n",
		              unreached);
}

/* The groups of those that wait, or of those that do not any more. */
static json_t *answers_that(const json_t *doc, bool wait)
{
	const char *deferred = word_api(&words_states, DELIVERY_DEFERRED);
	json_t *list = json_array(), *group;
	size_t i;

	json_array_foreach (doc_get(doc, "answers"), i, group) {
		bool waits = strcmp(doc_text(group, "state"), deferred) == 0;

		if (waits == wait)
			json_array_append(list, group);
	}
	return list;
}

/* Those of them who sent too many reports. */
static void print_submitters(const json_t *doc, struct strbuf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(doc, "submitters"), i, item)
		strbuf_printf(out,
		              "\nreceived  %" PRIu64
		              " reports of %s were dropped on %s, and %" PRIu64
		              " kept:\n"
		              "          see max_per_submitter and "
		              "max_per_submitter_size in [received]\n",
		              doc_number(item, "dropped"),
		              doc_text(item, "submitter"),
		              doc_text(item, "day"), doc_number(item, "kept"));
}

/* Reports of others that were too many. */
static void print_strangers(const json_t *doc, struct strbuf *out)
{
	const json_t *strangers = doc_get(doc, "unauthenticated");
	uint64_t dropped = doc_number(strangers, "dropped");

	if (dropped > 0)
		strbuf_printf(out,
		              "\nreceived  %" PRIu64
		              " unauthenticated reports of others were "
		              "dropped on %s, and %" PRIu64 " kept:\n"
		              "          see max_unauthenticated and "
		              "max_unauthenticated_size in [received]\n",
		              dropped, doc_text(strangers, "day"),
		              doc_number(strangers, "kept"));
}

static void print_answers(const json_t *doc, struct strbuf *out)
{
	static const struct table_column waiting[] = {
		TABLE_NUMBER("how many", "destinations"),
		TABLE_TEXT("by", "transport"),
		TABLE_TEXT("first", "firstAttempt"),
		TABLE_TEXT("next", "nextAttempt"),
		TABLE_TEXT("such as", "domain"),
		TABLE_TEXT("last answer", "answer"),
	};
	static const struct table_column settled[] = {
		{.title = "day (UTC)", .member = "day", .empty = "not settled"},
		{.title = "state", .member = "state", .words = &words_states},
		TABLE_NUMBER("how many", "destinations"),
		TABLE_TEXT("by", "transport"),
		TABLE_TEXT("such as", "domain"),
		TABLE_TEXT("last answer", "answer"),
	};
	auto_(json_free) json_t *wait = answers_that(doc, true);
	auto_(json_free) json_t *rest = answers_that(doc, false);

	if (json_array_size(wait) > 0)
		strbuf_puts(out, "\nnot yet delivered, will be tried again\n");
	table_print(wait, waiting, 6, "  ", out);
	if (json_array_size(rest) > 0)
		strbuf_puts(out, "\nnot delivered, will not be tried again\n");
	table_print(rest, settled, 6, "  ", out);
}

static void print_deliveries(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("day (UTC)", "day"),
		TABLE_NUMBER("reports settled", "settled"),
		TABLE_NUMBER("delivered", "delivered"),
		TABLE_NUMBER("refused", "failed"),
		TABLE_NUMBER("suppressed", "suppressed"),
		TABLE_NUMBER("given up", "expired"),
		TABLE_NUMBER("bounced", "bounced"),
		TABLE_NUMBER("copies", "copies"),
		TABLE_NUMBER("copies failed", "copiesFailed"),
	};
	const json_t *days = doc_get(doc, "deliveries"), *day;
	uint64_t copies = 0;
	size_t i;

	json_array_foreach (days, i, day)
		copies += doc_number(day, "copies") +
		          doc_number(day, "copiesFailed");
	if (json_array_size(days) > 0)
		strbuf_putc(out, '\n');
	table_print(days, columns, copies > 0 ? 9 : 7, "", out);
}

void cli_status_print_verdict(const json_t *verdict, struct strbuf *out)
{
	int kind = word_find(&words_overall, doc_text(verdict, "kind"));
	const char *command = doc_text(verdict, "command");
	const char *advice = doc_text(verdict, "advice");

	strbuf_printf(out, "%s: %s", word_label(&words_overall, kind),
	              doc_text(verdict, "what"));
	if (advice[0] != '\0')
		strbuf_printf(out, "; %s", advice);
	if (command[0] != '\0')
		strbuf_printf(out, ": `%s`", command);
	strbuf_putc(out, '\n');
}

static void print_actions(const json_t *doc, struct strbuf *out)
{
	const json_t *list = doc_get(doc, "actions"), *action;
	const char *first = doc_text(doc_get(doc, "verdict"), "what");
	const char *before = "also needs action: ";
	size_t i;

	cli_status_print_verdict(doc_get(doc, "verdict"), out);
	json_array_foreach (list, i, action) {
		const char *command = doc_text(action, "command");

		if (strcmp(doc_text(action, "what"), first) == 0)
			continue;
		strbuf_printf(out, "%s%s%s%s%s\n", before,
		              doc_text(action, "what"), command[0] ? ": `" : "",
		              command, command[0] ? "`" : "");
		before = "                   ";
	}
	strbuf_putc(out, '\n');
}

static void print_unreported(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("domain", "domain"),
		TABLE_TEXT("", "words"),
		TABLE_TEXT("why", "reason"),
	};
	const json_t *list = doc_get(doc, "unreported");

	if (json_array_size(list) == 0)
		return;
	strbuf_printf(out, "\nno report was made for %s, for these domains\n",
	              doc_text(json_array_get(list, 0), "day"));
	table_print(list, columns, 3, "  ", out);
	table_print_more(list, doc_number(doc, "unreportedCount"), "  ", out);
}

void cli_status_print(const json_t *doc, struct strbuf *out)
{
	print_actions(doc, out);
	print_head(doc, out);
	print_feeds(doc, out);
	print_hosts(doc, out);
	print_lines(doc, out);
	print_waiting(doc, out);
	print_journal(doc, out);
	cli_status_print_coverage(doc, out);
	print_events(doc, out);
	print_days(doc, out);
	print_outbox(doc, out);
	print_policyd(doc, out);
	print_strangers(doc, out);
	print_submitters(doc, out);
	print_answers(doc, out);
	print_deliveries(doc, out);
	print_unreported(doc, out);
}

int cli_status(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = NULL, *rows = NULL;

	if (cli_view(cli, "tally:Status", "singleton", NULL, &doc, err) < 0)
		return err->class;
	if (cli->args.csv) {
		rows = object_print_rows(doc, NULL);
		csv_print(rows, "field,value", &cli->out);
	} else {
		cli_print(cli, doc, cli_status_print);
	}
	return 0;
}
