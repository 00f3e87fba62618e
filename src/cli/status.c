/* The document of status as text: a section for what there is to say, none
 * for what there is not. */
#include "cli/status.h"

#include <inttypes.h>
#include <string.h>

#include "show/doc.h"
#include "show/status.h"
#include "words/words.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "maillog/maillog.h"
#include "words/feed.h"

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

static void print_head(const json_t *doc, struct strbuf *out)
{
	const json_t *store = doc_get(doc, "store");

	strbuf_printf(out, "store     %s, ", doc_text(store, "directory"));
	put_size(doc_number(store, "usedBytes"), out);
	strbuf_printf(out, " in use\nsettings  %s\nmode      %s: ",
	              doc_text(doc, "settings"), doc_text(doc, "mode"));
	for (int mode = MODE_PREVIEW; mode <= MODE_OFF; mode++)
		if (strcmp(doc_text(doc, "mode"),
		           word_api(&words_modes, mode)) == 0)
			strbuf_puts(out, word_sentence(&words_modes, mode));
	strbuf_putc(out, '\n');
}

static void print_clock(const json_t *doc, struct strbuf *out)
{
	const char *why = doc_text(doc_get(doc, "clock"), "why");

	if (why[0] != '\0')
		strbuf_printf(
			out,
			"clock     %s.\n          Days are not closed and "
			"nothing is purged: see `tlstally clock show`\n",
			why);
}

static void print_feeds(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"events from", TABLE_LEFT},
		{"counted until", TABLE_LEFT},
		{"last event", TABLE_LEFT},
		{"in all", TABLE_RIGHT},
	};
	auto_(table_free) struct table *table = table_new(columns, 4);
	const json_t *feed;
	const char *counting_well = word_api(&words_feeds, FEED_COUNTING);
	size_t i, counting = 0;

	json_array_foreach (doc_get(doc, "feeds"), i, feed) {
		counting += json_is_true(doc_get(feed, "countsSessions"));
		table_text(table, doc_text(feed, "name"));
		table_text(table, doc_text(feed, "countedUntil")[0]
		                          ? doc_text(feed, "countedUntil")
		                          : "not yet");
		table_text(table, doc_text(feed, "lastEvent")[0]
		                          ? doc_text(feed, "lastEvent")
		                          : "none yet");
		table_number(table, doc_number(feed, "events"));
	}
	strbuf_putc(out, '\n');
	table_print(table, "", out);
	if (counting == 0)
		strbuf_puts(out, "No events yet.  Is tlstallyd running, and "
		                 "smtp_tlsrpt_enable = yes in Postfix's "
		                 "main.cf?\nFor a Postfix that was built "
		                 "without TLSRPT it is tlstally-logd that "
		                 "should run.\n");
	json_array_foreach (doc_get(doc, "feeds"), i, feed)
		if (strcmp(doc_text(feed, "state"), counting_well) != 0)
			strbuf_printf(out, "%s: %s.\n", doc_text(feed, "name"),
			              doc_text(feed, "words"));
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
			strbuf_printf(out,
			              "%" PRIu64 " lines of the log were not "
			              "understood on %s, the first: '%s'.\n"
			              "Expected are lines like "
			              "'" LOG_LINE_EXAMPLE "', see "
			              "tlstally-logd(8).\n",
			              unread, on,
			              doc_text(day, "firstNotUnderstood"));
		if (unclear > 0)
			strbuf_printf(out,
			              "%" PRIu64 " deliveries on %s count for "
			              "nobody, since their lines can be read "
			              "in two ways or were cut off, the "
			              "first: '%s'.\n",
			              unclear, on,
			              doc_text(day, "firstUnclear"));
		if (ours > 0)
			strbuf_printf(out,
			              "%" PRIu64 " lines of the log on %s tell "
			              "of what keeps this host's own Postfix "
			              "from TLS, the first: '%s'.\n",
			              ours, on, doc_text(day, "firstOwnFault"));
		json_array_foreach (doc_get(day, "leftOut"), j, row)
			strbuf_printf(
				out,
				"%" PRIu64 " lines of %s were left out on "
				"%s, the first: '%s'; [log] journal_users "
				"lets them in.\n",
				doc_number(row, "lines"), doc_text(row, "of"),
				on, doc_text(row, "first"));
	}
}

static void print_waiting(const json_t *doc, struct strbuf *out)
{
	const json_t *waiting = doc_get(doc, "waiting");
	uint64_t sessions = doc_number(waiting, "sessions");

	if (sessions > 0)
		strbuf_printf(out,
		              "%" PRIu64 " sessions of the log (domains and "
		              "days: %" PRIu64 ") are counted once their "
		              "policies are known.\n",
		              sessions, doc_number(waiting, "domains"));
}

static void print_bad_input(const json_t *day, struct strbuf *out)
{
	const char *kind, *comma = "";
	json_t *count;
	/* jansson's iterator takes no const object */
	json_t *bad = json_object_get(day, "badInput");

	if (json_object_size(bad) == 0)
		return;
	strbuf_printf(out, "bad input on %s: ", doc_text(day, "day"));
	json_object_foreach (bad, kind, count) {
		strbuf_printf(out, "%s%lld %s", comma,
		              (long long)json_integer_value(count), kind);
		comma = ", ";
	}
	strbuf_puts(out, "; tlstallyd's log has examples\n");
}

static void print_nobodys(const json_t *day, struct strbuf *out)
{
	const json_t *nobodys = doc_get(day, "nobodys");
	uint64_t sessions = doc_number(nobodys, "sessions");

	if (sessions > 0)
		strbuf_printf(
			out,
			"sessions on %s with next hops of this site whose "
			"domains ask for no reports: %" PRIu64
			", the first with %s\n",
			doc_text(day, "day"), sessions,
			doc_text(nobodys, "firstHost"));
}

static uint64_t sum_of(json_t *object)
{
	const char *name;
	json_t *count;
	uint64_t sum = 0;

	json_object_foreach (object, name, count)
		sum += (uint64_t)json_integer_value(count);
	return sum;
}

static void print_events(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"day (UTC)", TABLE_LEFT},    {"events", TABLE_RIGHT},
		{"sessions ok", TABLE_RIGHT}, {"failed", TABLE_RIGHT},
		{"bad input", TABLE_RIGHT},   {"without domain", TABLE_RIGHT},
	};
	auto_(table_free) struct table *table = table_new(columns, 6);
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(doc, "events"), i, day) {
		table_text(table, doc_text(day, "day"));
		table_number(table, doc_number(day, "events"));
		table_number(table, doc_number(day, "successfulSessions"));
		table_number(table, doc_number(day, "failedSessions"));
		table_number(table, sum_of(json_object_get(day, "badInput")));
		table_number(table, doc_number(day, "withoutDomain"));
	}
	if (json_array_size(doc_get(doc, "events")) > 0)
		strbuf_putc(out, '\n');
	table_print(table, "", out);
	json_array_foreach (doc_get(doc, "events"), i, day) {
		print_bad_input(day, out);
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
		{"day (UTC)", TABLE_LEFT},
		{"domains", TABLE_RIGHT},
		{"state", TABLE_LEFT},
		{"what became of them", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 4);
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(doc, "days"), i, day) {
		auto_(strbuf_clear) struct strbuf state = {0}, marks = {0};

		strbuf_puts(&state, doc_text(day, "state"));
		if (doc_text(day, "waitingFor")[0] != '\0')
			strbuf_printf(&state, " (%s)",
			              doc_text(day, "waitingFor"));
		put_marks(day, &marks);
		table_text(table, doc_text(day, "day"));
		table_number(table, doc_number(day, "domains"));
		table_text(table, strbuf_text(&state));
		table_text(table, strbuf_text(&marks));
	}
	if (json_array_size(doc_get(doc, "days")) > 0)
		strbuf_putc(out, '\n');
	table_print(table, "", out);
}

/* "3 held, 2 pending" */
static void print_counts(const char *title, json_t *counts, struct strbuf *out)
{
	const char *name, *comma = "";
	json_t *count;

	if (json_object_size(counts) == 0)
		return;
	strbuf_puts(out, title);
	json_object_foreach (counts, name, count) {
		strbuf_printf(out, "%s%lld %s", comma,
		              (long long)json_integer_value(count), name);
		comma = ", ";
	}
	strbuf_putc(out, '\n');
}

static void print_outbox(const json_t *doc, struct strbuf *out)
{
	const json_t *outbox = doc_get(doc, "outbox");
	json_t *reports = json_object_get(outbox, "reports");

	strbuf_putc(out, '\n');
	if (json_object_size(reports) == 0)
		strbuf_puts(out, "outbox    empty\n");
	print_counts("outbox    reports: ", reports, out);
	print_counts("          destinations: ",
	             json_object_get(outbox, "destinations"), out);
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

static void print_more(const json_t *doc, const char *count, const char *list,
                       struct strbuf *out)
{
	uint64_t all = doc_number(doc, count);
	size_t shown = json_array_size(doc_get(doc, list));

	if (all > shown)
		strbuf_printf(out, "  and %" PRIu64 " more\n", all - shown);
}

static void print_trouble(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"domain", TABLE_LEFT},      {"to", TABLE_LEFT},
		{"attempts", TABLE_RIGHT},   {"next", TABLE_LEFT},
		{"last answer", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 5);
	const json_t *item;
	size_t i;

	if (doc_number(doc, "troubleCount") == 0)
		return;
	json_array_foreach (doc_get(doc, "trouble"), i, item) {
		table_text(table, doc_text(item, "domain"));
		table_text(table, doc_text(item, "uri"));
		table_number(table, doc_number(item, "attempts"));
		table_text(table, doc_text(item, "nextAttempt"));
		table_text(table, doc_text(item, "lastAnswer"));
	}
	strbuf_puts(out, "\nnot delivered yet, to be tried again\n");
	table_print(table, "  ", out);
	print_more(doc, "troubleCount", "trouble", out);
}

static void print_unreported(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"domain", TABLE_LEFT},
		{"", TABLE_LEFT},
		{"why", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 3);
	const json_t *list = doc_get(doc, "unreported");
	const json_t *item;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	json_array_foreach (list, i, item) {
		table_text(table, doc_text(item, "domain"));
		table_text(table, doc_text(item, "words"));
		table_text(table, doc_text(item, "reason"));
	}
	strbuf_printf(out, "\nno report was made on %s about\n",
	              doc_text(json_array_get(list, 0), "day"));
	table_print(table, "  ", out);
	print_more(doc, "unreportedCount", "unreported", out);
}

void status_print(const json_t *doc, struct strbuf *out)
{
	print_head(doc, out);
	print_clock(doc, out);
	print_feeds(doc, out);
	print_lines(doc, out);
	print_waiting(doc, out);
	status_print_coverage(doc, out);
	print_events(doc, out);
	print_days(doc, out);
	print_outbox(doc, out);
	print_trouble(doc, out);
	print_unreported(doc, out);
}

int cli_status(struct cli *cli, struct err *err)
{
	const struct status_of of = {
		.db = cli->db,
		.conf = &cli->conf,
		.now = clock_secs(&cli->clock),
		.doubt = cli->doubt,
	};
	auto_(json_free) json_t *doc = json_object();
	int rc = status_collect(&of, NULL, doc, err);

	if (rc < 0)
		return rc;
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		status_print(doc, &cli->out);
	return 0;
}
