#include "cli/run.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "cli/day.h"
#include "daemon/progress.h"
#include "deliver/transport.h"
#include "fleet/fleet_claims.h"
#include "fleet/fleet_rule.h"
#include "postfix/postfix_site.h"
#include "store/day_table.h"
#include "store/due_table.h"
#include "store/meta_table.h"
#include "store/outbox_table.h"

enum { RUN_SECS = 900 };

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int sig)
{
	(void)sig;
	stop_asked = 1;
}

/* Only while something is under way to a receiver: at any other moment the
 * process may just end. */
static void catch_signals(bool on)
{
	struct sigaction action = {.sa_handler = on ? ask_to_stop : SIG_DFL};

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

/* The ledger of a fleet. */

static void on_ledger(void *arg, const char *why)
{
	const struct cli *cli = arg;

	if (why != NULL)
		log_warning(
			"the ledger of the fleet: %s; counts are kept, will "
			"retry",
			why);
	else
		log_notice("the ledger of the fleet takes what %s has counted "
		           "again",
		           cli->conf.fleet.name[0] ? cli->conf.fleet.name
		                                   : "this host");
}

static void on_claims(void *arg, const char *why)
{
	(void)arg;
	if (why != NULL)
		log_warning("reports of the fleet wait for its ledger: %s; "
		            "will retry",
		            why);
	else
		log_notice("the ledger of the fleet takes reports again");
}

static bool has_ledger(const struct cli *cli)
{
	return cli->conf.fleet.ledger[0] != '\0';
}

bool cli_may_report(const struct cli *cli)
{
	struct err why;

	return cli->conf.report.mode != MODE_OFF &&
	       conf_check_contact(&cli->conf, &why) == 0;
}

/* While the clock is doubted nobody knows which day it is. */
static int step_fleet(struct cli *cli, struct run_result *result,
                      struct err *err)
{
	const struct ledger_run_options options = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.told = cli->args.now != 0,
		.may_report = cli_may_report(cli),
		.trouble = on_ledger,
		.trouble_arg = cli,
	};

	if (!has_ledger(cli) || cli->doubt[0] != '\0')
		return 0;
	result->steps |= STEP_FLEET;
	if (ledger_run(cli->db, &options, &result->fleet, err) < 0)
		return err->class;
	if (result->fleet.exposed)
		log_warning("%s", fleet_exposed_words);
	if (result->fleet.left_out.count > 0)
		log_warning("the ledger of the fleet has reports that cannot "
		            "be read and are not sent (%" PRIu64
		            "); the first is that of %s",
		            result->fleet.left_out.count,
		            result->fleet.left_out.first);
	return 0;
}

/* Rollup. */

static void on_rollup(void *arg, int32_t day, uint64_t domains)
{
	(void)day;
	progress_add(arg, domains);
}

/* Domains of days before today that no run has looked at. */
static uint64_t count_open(struct cli *cli)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int32_t today = day_of(clock_secs(&cli->clock));
	char domain[TALLY_DOMAIN_TEXT] = "";
	struct tally_head head;
	int32_t first, last;
	uint64_t n = 0;

	if (!tally_day_range(txn, &first, &last))
		return 0;
	for (int32_t day = first; day < today && day <= last; day++) {
		int32_t at = day;

		if (day_table_is_closed(txn, day))
			continue;
		domain[0] = '\0';
		while (tally_head_next(txn, &at, domain, &head) && at == day)
			n += head.mark == TALLY_OPEN;
	}
	return n;
}

static void tell_taken_back(const struct not_yet *done)
{
	if (done->feeds + done->days + done->domains == 0)
		return;
	log_warning("the store has times in the future, from a clock that was "
	            "ahead; corrected: %" PRIu64 " feeds, %" PRIu64
	            " days reopened (%" PRIu64
	            " reports withdrawn), and sessions of %" PRIu64
	            " domains on future days, which now count as late",
	            done->feeds, done->days, done->reports, done->domains);
}

/* Postfix 3.10.4 and later would send none for our reports.  Any instance will
 * do, since nobody knows by which of them our reports leave. */
static bool events_have_ours(void *arg)
{
	const struct cli *cli = arg;
	struct postfix_site *site = postfix_site_ask(&cli->conf);
	bool found = false;

	for (size_t i = 0; i < site->count; i++) {
		const struct postfix_instance *instance = &site->instances[i];
		const char *enabled =
			postconf_get(&instance->set, "tls_required_enable");

		found |= instance->known && enabled != NULL &&
		         strcmp(enabled, "no") == 0;
	}
	postfix_site_free(&site);
	return found;
}

static int step_rollup(struct cli *cli, struct run_result *result,
                       struct err *err)
{
	struct progress progress;
	struct rollup_options options = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.one_day = cli->args.has_day,
		.day = cli_day_asked(cli),
		.doubt = cli->doubt[0] != '\0' ? cli->doubt : NULL,
		.vouched = cli->vouched,
		.events_have_ours = events_have_ours,
		.ours_arg = cli,
		.progress = on_rollup,
		.progress_arg = &progress,
	};
	int rc;

	if (conf_check_contact(&cli->conf, err) < 0)
		return err->class;
	result->steps |= STEP_ROLLUP;
	progress_begin(&progress, "domains",
	               progress_is_watched() ? count_open(cli) : 0);
	rc = rollup_run(cli->db, &options, &result->rollup, err);
	progress_end(&progress);
	/* once a day at most: cron mails what is said here */
	if (result->rollup.days_incomplete > 0)
		log_warning("a day was closed although %s; `tlstally doctor` "
		            "says what to do",
		            result->rollup.incomplete);
	tell_taken_back(&result->rollup.taken_back);
	return rc;
}

/* Delivery. */

static void on_answer(void *arg, const struct claim *claim)
{
	(void)claim;
	progress_add(arg, 1);
}

static void on_store(void *arg, const char *why)
{
	(void)arg;
	if (why != NULL)
		log_error(
			"cannot store answers: %s; kept in memory, will retry",
			why);
	else
		log_notice("answers are stored again; none was lost");
}

static uint64_t count_due(struct cli *cli)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int64_t until = cli->args.all_now ? INT64_MAX : clock_secs(&cli->clock);
	struct due_row row = {0};
	uint64_t n = 0;

	while (due_next(txn, until, &row)) {
		struct due_waiting at = {0};

		n += row.id != 0;
		while (row.id == 0 && due_queue_next(txn, row.receiver, &at))
			n++;
	}
	return n;
}

static void warn_of_trouble(const struct cli *cli,
                            const struct outbox_result *result)
{
	if (result->our_fault)
		log_warning(
			"deliveries fail because of a problem at this site: %s",
			result->trouble);
	if (result->rate_limited)
		log_warning("[deliver] rate_per_hour = %" PRIu64
		            " is reached: the remaining reports wait for the "
		            "next hour",
		            cli->conf.deliver.rate_per_hour);
}

/* With --id: is it there? */
static int check_id(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct outbox_head head;

	if (cli->args.id == 0)
		return 0;
	txn = db_begin_read(cli->db);
	if (!outbox_head_get(txn, cli->args.id, &head))
		return err_set(err, ERR_NOTFOUND,
		               "the outbox has no such report");
	return db_failure(txn, err);
}

/* For who is to lead a fleet. */
static int note_relay(struct cli *cli, const struct outbox_result *result,
                      struct err *err)
{
	bool works = result->counts.delivered > 0;

	if (!has_ledger(cli) || (!works && !result->our_fault))
		return 0;
	return ledger_run_note_relay(cli->db, !works, clock_secs(&cli->clock),
	                             err);
}

static int deliver(struct cli *cli, struct transport *transport,
                   struct run_result *result, struct err *err)
{
	struct progress progress;
	const struct fleet_claims_options claims = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.told = cli->args.now != 0,
		.trouble = on_claims,
	};
	auto_(fleet_claims_close) struct outbox_ledger *ledger =
		fleet_claims_open(cli->db, &claims);
	struct outbox_options options = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.transport = transport,
		.ledger = ledger,
		.all_now = cli->args.all_now,
		.only_id = cli->args.id,
		/* the next run, which closes days, starts when this one ends */
		.claim_secs = result->steps & STEP_ROLLUP ? RUN_SECS : 0,
		.stop = &stop_asked,
		.answered = on_answer,
		.answered_arg = &progress,
		.store_fails = on_store,
	};
	int rc;

	progress_begin(&progress, "destinations",
	               progress_is_watched() ? count_due(cli) : 0);
	catch_signals(true);
	rc = outbox_run(cli->db, &options, &result->deliver, err);
	catch_signals(false);
	progress_end(&progress);
	warn_of_trouble(cli, &result->deliver);
	if (rc == 0)
		rc = note_relay(cli, &result->deliver, err);
	if (rc == 0 && stop_asked)
		return err_set(err, ERR_BUSY,
		               "stopped by a signal; the state of all "
		               "deliveries is stored");
	return rc;
}

/* That it came by; a rehearsal of another moment says nothing of now. */
static int step_note(struct cli *cli, struct run_result *result,
                     struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;

	(void)result;
	if (cli->args.now != 0)
		return 0;
	txn = db_begin_write(cli->db);
	meta_put(txn, META_LAST_RUN, (uint64_t)clock_secs(&cli->clock));
	return db_commit(&txn, err);
}

static int step_deliver(struct cli *cli, struct run_result *result,
                        struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct transport *transport;
	int rc;

	if (conf_check_contact(&cli->conf, err) < 0)
		return err->class;
	result->steps |= STEP_DELIVER;
	if (check_id(cli, err) < 0 ||
	    transport_open(&cli->conf, &cli->clock, &transport, err) < 0)
		return err->class;
	rc = deliver(cli, transport, result, err);
	transport->free(&transport);
	txn = db_begin_read(cli->db);
	result->next_due = due_first(txn);
	return rc;
}

/* Purge.  When nothing is old it costs a few look-ups, so it needs no
 * calendar of its own. */
static int step_purge(struct cli *cli, struct run_result *result,
                      struct err *err)
{
	int64_t now = clock_secs(&cli->clock);

	if (cli->doubt[0] != '\0')
		return 0;
	result->steps |= STEP_PURGE;
	db_check_readers(cli->db);
	return purge_run(
		cli->db, day_of(now), now, (int32_t)cli->conf.store.keep_days,
		(int32_t)cli->conf.store.archive_days, &result->purge, err);
}

typedef int step_fn(struct cli *cli, struct run_result *result,
                    struct err *err);

/* A step that fails leaves the others their turn; the last failure is the
 * command's, those before it are said here. */
static int run_steps(struct cli *cli, step_fn *const *steps, size_t count,
                     struct err *err)
{
	struct run_result result = {0};
	int rc = 0;

	/* each time: what waits for it may be today's reports */
	if (cli->doubt[0] != '\0')
		log_warning(
			"%s; days are not closed and nothing is purged until "
			"the clock is trusted again (`tlstally clock show`)",
			cli->doubt);
	for (size_t i = 0; i < count && !stop_asked; i++) {
		struct err own = {0};

		if (steps[i](cli, &result, &own) == 0)
			continue;
		if (rc != 0)
			log_error("%s", err->text);
		rc = own.class;
		*err = own;
	}
	run_report(cli, &result);
	return rc;
}

/* Before there is a contact_info the days wait for it.  Only who wants reports
 * sent is told so every 5 minutes. */
int cli_run(struct cli *cli, struct err *err)
{
	/* a delivery may take longer than the next run is away */
	static step_fn *const steps[] = {
		step_fleet,   cli_step_fetch, step_rollup,   step_note,
		step_deliver, step_purge,     cli_step_hosts};
	/* who only ships needs nobody to ask */
	static step_fn *const quiet[] = {step_fleet, cli_step_fetch, step_note,
	                                 step_purge, cli_step_hosts};
	bool sends = cli->conf.report.mode == MODE_ALL ||
	             cli->conf.report.mode == MODE_FAILURES_ONLY;

	if (conf_check_contact(&cli->conf, err) == 0)
		return run_steps(cli, steps, 7, err);
	if (sends)
		return err->class;
	if (cli_is_talkative(cli) && !cli->args.json)
		strbuf_printf(&cli->out, "no day is closed: %s\n", err->text);
	return run_steps(cli, quiet, 5, err);
}

int cli_rollup(struct cli *cli, struct err *err)
{
	return run_steps(cli, (step_fn *[]){step_rollup}, 1, err);
}

int cli_deliver(struct cli *cli, struct err *err)
{
	return run_steps(cli, (step_fn *[]){step_deliver}, 1, err);
}

int cli_purge(struct cli *cli, struct err *err)
{
	return run_steps(cli, (step_fn *[]){step_purge}, 1, err);
}
