/* What a run came to: one line for people, numbers for programs. */
#include "cli/run.h"

#include <inttypes.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/log.h"
#include "show/doc.h"
#include "words/words.h"

/* "3 delivered" of a count that is not 0, with a comma before all but the
 * first. */
static void say_count(struct strbuf *out, uint64_t n, const char *words)
{
	if (n > 0)
		strbuf_printf(out, "%s%" PRIu64 " %s", out->len ? ", " : "", n,
		              words);
}

static void say_number(struct strbuf *out, uint64_t n, const char *one,
                       const char *many)
{
	say_count(out, n, n == 1 ? one : many);
}

static void rollup_words(const struct cli *cli,
                         const struct rollup_result *result, struct strbuf *out)
{
	bool held = cli->conf.report.mode == MODE_PREVIEW;

	say_number(out, result->days, "day closed", "days closed");
	if (held)
		say_number(out, result->marks[TALLY_QUEUED],
		           "report made and held (mode = preview)",
		           "reports made and held (mode = preview)");
	else
		say_number(out, result->marks[TALLY_QUEUED], "report made",
		           "reports made");
	for (int mark = TALLY_QUEUED + 1; mark < TALLY_MARKS; mark++)
		say_count(out, result->marks[mark],
		          word_label(&words_marks, mark));
	say_number(out, result->domains_waiting,
	           "domain waits for its policies",
	           "domains wait for their policies");
	say_number(out, result->released, "held report released",
	           "held reports released");
	say_number(out, result->lapsed, "held report became too old",
	           "held reports became too old");
}

static void fleet_words(const struct ledger_run_result *result,
                        struct strbuf *out)
{
	say_number(out, result->shipped, "day shipped", "days shipped");
	say_number(out, result->sealed, "of them sealed", "of them sealed");
	say_number(out, result->pulled, "day of another host pulled",
	           "days of other hosts pulled");
}

static json_t *fleet_json(const struct ledger_run_result *result)
{
	json_t *json = json_object();

	json_set_bool(json, "reached", result->reached);
	json_set_bool(json, "leads", result->leads);
	json_set_uint(json, "daysShipped", result->shipped);
	json_set_uint(json, "daysSealed", result->sealed);
	json_set_uint(json, "domainsWritten", result->domains);
	json_set_uint(json, "daysPulled", result->pulled);
	json_set_uint(json, "daysTaken", result->taken);
	return json;
}

static void deliver_words(const struct outbox_result *result,
                          struct strbuf *out)
{
	const struct settle_counts *counts = &result->counts;

	say_count(out, counts->delivered, "delivered");
	say_count(out, counts->deferred, "to be tried again");
	say_count(out, counts->failed, "refused");
	say_count(out, counts->suppressed, "to suppressed addresses");
	say_count(out, counts->expired, "given up");
	say_count(out, counts->released, "not started in time");
	say_number(out, result->waiting, "waits for the ledger of the fleet",
	           "wait for the ledger of the fleet");
	say_count(out, result->left, "left to the host that leads the fleet");
	say_number(out, counts->copies_sent, "copy sent", "copies sent");
	say_number(out, counts->copies_failed, "copy not delivered",
	           "copies not delivered");
}

static uint64_t purge_sum(const struct purge_counts *purge)
{
	return purge->tally + purge->archive + purge->suppressions +
	       purge->own_reports + purge->rates + purge->log +
	       purge->policies + purge->wanted + purge->inbound + purge->mail;
}

static void report_words(const struct cli *cli, const struct run_result *result,
                         struct strbuf *out)
{
	char time[TIME_TEXT];

	if (result->steps & STEP_FLEET)
		fleet_words(&result->fleet, out);
	if (result->fetched > 0)
		say_number(out, result->fetched, "day of another host fetched",
		           "days of other hosts fetched");
	if (result->steps & STEP_ROLLUP)
		rollup_words(cli, &result->rollup, out);
	if (result->steps & STEP_DELIVER)
		deliver_words(&result->deliver, out);
	if (result->steps & STEP_PURGE)
		say_number(out, purge_sum(&result->purge), "old row purged",
		           "old rows purged");
	if (out->len == 0)
		strbuf_puts(out, "nothing to do");
	if (result->next_due != 0)
		strbuf_printf(out, "; the next delivery is due %s",
		              day_format_time(result->next_due, time));
}

/* Domains that wait and rows of caches are found by nearly every run: neither
 * is worth a line in the log. */
static bool is_worth_a_line(const struct run_result *result)
{
	const struct rollup_result *rollup = &result->rollup;
	const struct settle_counts *settled = &result->deliver.counts;
	uint64_t n = result->fleet.sealed + result->fleet.pulled +
	             result->fetched + rollup->days + rollup->released +
	             rollup->lapsed + settled->delivered + settled->deferred +
	             settled->failed + settled->suppressed + settled->expired +
	             settled->released + result->deliver.waiting +
	             result->deliver.left + result->purge.tally +
	             result->purge.archive;

	for (int mark = TALLY_QUEUED; mark < TALLY_MARKS; mark++)
		n += rollup->marks[mark];
	return n > 0;
}

static json_t *rollup_json(const struct rollup_result *result)
{
	json_t *json = json_object();
	json_t *domains = json_object();

	json_set_uint(json, "daysClosed", result->days);
	json_set_uint(json, "daysWaiting", result->days_waiting);
	json_set_uint(json, "domainsWaiting", result->domains_waiting);
	json_set_uint(json, "daysIncomplete", result->days_incomplete);
	for (int mark = TALLY_QUEUED; mark < TALLY_MARKS; mark++)
		json_set_uint(domains, word_api(&words_marks, mark),
		              result->marks[mark]);
	json_object_set_new(json, "domains", domains);
	json_set_uint(json, "foldedDetails", result->folded);
	json_set_uint(json, "released", result->released);
	json_set_uint(json, "lapsed", result->lapsed);
	return json;
}

static json_t *deliver_json(const struct outbox_result *result)
{
	const struct settle_counts *counts = &result->counts;
	json_t *json = json_object();

	json_set_uint(json, "attempts", result->attempts);
	json_set_uint(json, "delivered", counts->delivered);
	json_set_uint(json, "deferred", counts->deferred);
	json_set_uint(json, "uncertain", counts->uncertain);
	json_set_uint(json, "failed", counts->failed);
	json_set_uint(json, "suppressed", counts->suppressed);
	json_set_uint(json, "expired", counts->expired);
	json_set_uint(json, "released", counts->released);
	json_set_uint(json, "copies", counts->copies_sent);
	json_set_uint(json, "copiesFailed", counts->copies_failed);
	json_set_uint(json, "answersLost", result->lost);
	json_set_uint(json, "archived", counts->archived);
	json_set_uint(json, "waitingForLedger", result->waiting);
	json_set_uint(json, "leftToLeader", result->left);
	json_set_bool(json, "rateLimited", result->rate_limited);
	doc_set(json, "trouble", result->our_fault ? result->trouble : "");
	doc_set(json, "ledgerTrouble", result->fleet_trouble);
	return json;
}

static json_t *purge_json(const struct purge_counts *counts)
{
	json_t *json = json_object();

	json_set_uint(json, "tally", counts->tally);
	json_set_uint(json, "archive", counts->archive);
	json_set_uint(json, "suppressions", counts->suppressions);
	json_set_uint(json, "ownReports", counts->own_reports);
	json_set_uint(json, "rates", counts->rates);
	json_set_uint(json, "logSessions", counts->log);
	json_set_uint(json, "policies", counts->policies);
	json_set_uint(json, "wantedPolicies", counts->wanted);
	json_set_uint(json, "inbound", counts->inbound);
	json_set_uint(json, "mail", counts->mail);
	return json;
}

static void report_json(struct cli *cli, const struct run_result *result)
{
	auto_(json_free) json_t *json = json_object();

	if (result->steps & STEP_FLEET)
		json_object_set_new(json, "fleet", fleet_json(&result->fleet));
	if (result->steps & STEP_ROLLUP)
		json_object_set_new(json, "rollup",
		                    rollup_json(&result->rollup));
	if (result->steps & STEP_DELIVER)
		json_object_set_new(json, "deliver",
		                    deliver_json(&result->deliver));
	if (result->steps & STEP_PURGE)
		json_object_set_new(json, "purge", purge_json(&result->purge));
	json_set_time(json, "nextDue", result->next_due);
	doc_print(json, &cli->out);
}

void run_report(struct cli *cli, const struct run_result *result)
{
	auto_(strbuf_clear) struct strbuf words = {0};

	if (cli->args.json) {
		report_json(cli, result);
	} else if (cli_is_talkative(cli)) {
		report_words(cli, result, &cli->out);
		strbuf_putc(&cli->out, '\n');
	} else if (log_is_kept() && is_worth_a_line(result)) {
		report_words(cli, result, &words);
		log_notice("%s", strbuf_text(&words));
	}
}
