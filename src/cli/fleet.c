/* tlstally fleet: the ledger that several hosts share ([fleet] ledger). */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "cli/table.h"
#include "fleet/fleet_rule.h"
#include "fleet/fleet_settings.h"
#include "fleet/host_name.h"
#include "ledger/ledger.h"
#include "show/doc.h"
#include "store/change_table.h"
#include "store/meta_table.h"
#include "store/outbox_table.h"

static int check_setting(const struct cli *cli, struct err *err)
{
	return cli->conf.fleet.ledger[0] != '\0'
	               ? 0
	               : err_set(err, ERR_IO,
	                         "[fleet] ledger is not set: there is no "
	                         "fleet");
}

/* As the runs do it: with the store owner's password file and certificate, not
 * with root's. */
static int open_ledger(struct cli *cli, struct ledger **ledger, struct err *err)
{
	const struct ledger_options options = {
		.url = cli->conf.fleet.ledger,
		.told_now = cli->args.now != 0 ? clock_secs(&cli->clock) : 0,
	};

	*ledger = NULL;
	if (check_setting(cli, err) < 0 ||
	    (geteuid() == 0 && cli_become_owner(cli, CLI_CREATES, err) < 0) ||
	    ledger_open(ledger, &options, err) < 0)
		return err->class;
	if (!ledger_is_private(*ledger))
		log_warning("%s", fleet_exposed_words);
	return 0;
}

/* --- fleet init --- */

static void tell_roles(const struct ledger_made *made, struct strbuf *out)
{
	strbuf_printf(
		out,
		"Its owner is %s.  The hosts need no more than another role, "
		"here called tlstally:\n"
		"    GRANT USAGE ON SCHEMA tlstally TO tlstally;\n"
		"    GRANT SELECT, INSERT, UPDATE, DELETE\n"
		"        ON ALL TABLES IN SCHEMA tlstally TO tlstally;\n",
		made->user);
}

int cli_fleet_init(struct cli *cli, struct err *err)
{
	struct ledger_made made;

	if (check_setting(cli, err) < 0 ||
	    (geteuid() == 0 && cli_become_owner(cli, CLI_CREATES, err) < 0) ||
	    ledger_init(cli->conf.fleet.ledger, cli->args.rehearsal, &made,
	                err) < 0)
		return err->class;
	if (made.was_there && made.was_version < made.version) {
		strbuf_printf(
			&cli->out,
			"the ledger had schema %d, and has %d now: upgrade "
			"tlstally on all hosts; those that are older ship "
			"nothing until then\n",
			made.was_version, made.version);
		tell_roles(&made, &cli->out);
		return 0;
	}
	if (made.was_there) {
		strbuf_puts(&cli->out, "the ledger is there already, and is of "
		                       "this version\n");
		return 0;
	}
	strbuf_printf(&cli->out,
	              "the ledger of fleet %016" PRIx64 " is made%s\n",
	              made.fleet_id, made.rehearsal ? ", for rehearsals" : "");
	tell_roles(&made, &cli->out);
	return 0;
}

/* --- fleet --- */

static void set_newest(const struct ledger_view *view, const char *host,
                       json_t *item)
{
	const struct ledger_host_day *shipped = NULL, *sealed = NULL;
	char day[DAY_TEXT];

	for (size_t i = 0; i < view->host_day_count; i++) {
		const struct ledger_host_day *at = &view->host_days[i];

		if (strcmp(at->host, host) != 0)
			continue;
		shipped = at;
		if (at->sealed_at != 0)
			sealed = at;
	}
	doc_set(item, "shippedDay",
	        shipped ? day_format(shipped->day, day) : NULL);
	if (shipped != NULL)
		json_set_time(item, "shippedAt", shipped->shipped_at);
	doc_set(item, "sealedDay",
	        sealed ? day_format(sealed->day, day) : NULL);
}

static void add_hosts(const struct ledger_view *view, json_t *doc)
{
	json_t *list = doc_array(doc, "hosts");

	for (size_t i = 0; i < view->host_count; i++) {
		const struct ledger_host *host = &view->hosts[i];
		json_t *item = doc_row(list);
		bool leads = strcmp(host->name, view->leader) == 0 &&
		             view->lease_until > view->now;

		doc_set(item, "name", host->name);
		doc_set(item, "version", host->version);
		json_set_time(item, "seenAt", host->seen_at);
		set_newest(view, host->name, item);
		doc_set(item, "state",
		        host->retired  ? "retired"
		        : host->leaves ? "leaves"
		        : leads        ? "leads"
		                       : "ships");
		json_object_set_new(item, "clockAhead",
		                    json_integer(host->ahead));
	}
}

static void add_day(const struct cli *cli, const struct ledger_view *view,
                    int32_t day, json_t *list)
{
	const struct ledger_day *row = fleet_day(view, day);
	uint64_t hosts = 0, sealed = 0, sessions = 0, waiting = 0;
	char text[DAY_TEXT], missing[LEDGER_MISSING] = "";
	json_t *item = doc_row(list);

	for (size_t i = 0; i < view->host_day_count; i++) {
		const struct ledger_host_day *at = &view->host_days[i];

		if (at->day != day)
			continue;
		hosts++;
		sealed += at->sealed_at != 0;
		waiting += at->totals.waiting;
		sessions += at->totals.success + at->totals.failure +
		            at->totals.unjudged;
	}
	if (row != NULL && row->reporter[0] != '\0')
		snprintf(missing, sizeof(missing), "%s", row->missing);
	else if (day < day_of(view->now))
		fleet_day_missing(view, &cli->conf, day, missing);
	doc_set(item, "day", day_format(day, text));
	json_set_uint(item, "hosts", hosts);
	json_set_uint(item, "sealed", sealed);
	json_set_uint(item, "sessions", sessions);
	json_set_uint(item, "domainsWaiting", waiting);
	doc_set(item, "missing", missing);
	doc_set(item, "reporter",
	        row && row->reporter[0] ? row->reporter : NULL);
	doc_set(item, "state",
	        day >= day_of(view->now)                  ? "counting"
	        : row == NULL || row->reporter[0] == '\0' ? "waiting"
	        : row->closed_at != 0                     ? "closed"
	                                                  : "reporting");
}

static json_t *make_doc(const struct cli *cli, const struct ledger_view *view)
{
	json_t *doc = json_object(), *list;
	int32_t last = day_of(view->now), first = last - FLEET_DAYS;
	char id[20];

	snprintf(id, sizeof(id), "%016" PRIx64, view->fleet_id);
	doc_set(doc, "fleet", id);
	json_set_bool(doc, "rehearsal", view->rehearsal);
	doc_set(doc, "leader",
	        view->lease_until > view->now ? view->leader : NULL);
	json_set_time(doc, "leaseUntil", view->lease_until);
	add_hosts(view, doc);
	list = doc_array(doc, "days");
	for (int32_t day = last; day >= first; day--) {
		bool any = fleet_day(view, day) != NULL;

		for (size_t i = 0; i < view->host_day_count; i++)
			any |= view->host_days[i].day == day;
		if (any)
			add_day(cli, view, day, list);
	}
	return doc;
}

/* --- what is wrong with it --- */

static void tell(json_t *doc, const char *host, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(json_t *doc, const char *host, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf words = {0};
	json_t *item = doc_row(json_object_get(doc, "problems"));
	va_list ap;

	va_start(ap, fmt);
	strbuf_vprintf(&words, fmt, ap);
	va_end(ap);
	doc_set(item, "host", host);
	doc_set(item, "what", strbuf_text(&words));
}

static void tell_clock(const struct ledger_host *host, json_t *doc)
{
	int64_t off = host->ahead < 0 ? -host->ahead : host->ahead;

	if (off >= FLEET_CLOCK_SECS)
		tell(doc, host->name,
		     "its clock is %" PRId64
		     " minutes %s that of the database: one of them is wrong",
		     off / 60, host->ahead < 0 ? "behind" : "ahead of");
}

static int tell_settings(struct ledger *ledger, const struct ledger_host *model,
                         const struct ledger_settings *right,
                         const struct ledger_host *host, json_t *doc,
                         struct err *err)
{
	auto_(ledger_settings_clear) struct ledger_settings own = {.count = 0};
	char names[FLEET_SETTINGS_NAMES];

	if (host->settings[0] == '\0' ||
	    strcmp(host->settings, model->settings) == 0)
		return 0;
	if (ledger_settings_get(ledger, host->settings, &own, err) < 0)
		return err->class;
	fleet_settings_differ(&own, right, names);
	tell(doc, host->name,
	     "it ships, but cannot lead: %s has other values of %s",
	     model->name, names);
	return 0;
}

static int add_problems(struct ledger *ledger, const struct ledger_view *view,
                        json_t *doc, struct err *err)
{
	auto_(ledger_settings_clear) struct ledger_settings right = {0};
	const struct ledger_host *model = fleet_model(view);

	doc_array(doc, "problems");
	if (model != NULL &&
	    ledger_settings_get(ledger, model->settings, &right, err) < 0)
		return err->class;
	for (size_t i = 0; i < view->host_count; i++) {
		const struct ledger_host *host = &view->hosts[i];

		if (host->retired)
			continue;
		tell_clock(host, doc);
		if (model != NULL &&
		    tell_settings(ledger, model, &right, host, doc, err) < 0)
			return err->class;
	}
	return 0;
}

static void print_problems(const json_t *doc, struct strbuf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(doc, "problems"), i, item)
		strbuf_printf(out, "%s%s: %s\n", i == 0 ? "\n" : "",
		              doc_text(item, "host"), doc_text(item, "what"));
}

static void print(const json_t *doc, struct strbuf *out)
{
	static const struct table_column hosts[] = {
		TABLE_TEXT("host", "name"),
		TABLE_TEXT("state", "state"),
		TABLE_TEXT("seen", "seenAt"),
		{.title = "sealed", .member = "sealedDay", .empty = "never"},
		{.title = "shipped", .member = "shippedAt", .empty = "never"},
		TABLE_TEXT("version", "version"),
	};
	static const struct table_column days[] = {
		TABLE_TEXT("day", "day"),
		TABLE_TEXT("state", "state"),
		TABLE_NUMBER("hosts", "hosts"),
		TABLE_NUMBER("sealed", "sealed"),
		TABLE_NUMBER("sessions", "sessions"),
		{.title = "reporter", .member = "reporter", .empty = "-"},
		TABLE_TEXT("not sealed by", "missing"),
	};
	const char *leader = json_string_value(json_object_get(doc, "leader"));

	strbuf_printf(out, "fleet %s%s, led by %s\n\n",
	              json_string_value(json_object_get(doc, "fleet")),
	              json_is_true(json_object_get(doc, "rehearsal"))
	                      ? " (for rehearsals)"
	                      : "",
	              leader ? leader : "nobody");
	table_print(doc_get(doc, "hosts"), hosts, 6, "", out);
	strbuf_putc(out, '\n');
	table_print(doc_get(doc, "days"), days, 7, "", out);
	print_problems(doc, out);
}

int cli_fleet(struct cli *cli, struct err *err)
{
	auto_(ledger_close) struct ledger *ledger = NULL;
	auto_(ledger_view_clear) struct ledger_view view = {.now = 0};
	auto_(json_free) json_t *doc = NULL;

	if (open_ledger(cli, &ledger, err) < 0 ||
	    ledger_look(ledger, day_of(clock_secs(&cli->clock)) - FLEET_DAYS,
	                &view, err) < 0)
		return err->class;
	doc = make_doc(cli, &view);
	if (add_problems(ledger, &view, doc, err) < 0)
		return err->class;
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		print(doc, &cli->out);
	return 0;
}

/* --- who leads, who is gone --- */

int cli_fleet_lead(struct cli *cli, struct err *err)
{
	auto_(ledger_close) struct ledger *ledger = NULL;
	char name[DOMAIN_TEXT];
	struct ledger_lease lease = {
		.name = name,
		.store_id = db_store_id(cli->db),
		.secs = FLEET_LEASE_SECS,
		.now = true,
	};

	if (cli->conf.report.mode == MODE_OFF)
		return err_set(err, ERR_IO,
		               "this host makes no reports ([report] mode = "
		               "off), so it cannot lead");
	if (conf_check_contact(&cli->conf, err) < 0 ||
	    fleet_host_name(&cli->conf, name, err) < 0 ||
	    open_ledger(cli, &ledger, err) < 0 ||
	    ledger_lead(ledger, &lease, err) < 0)
		return err->class;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out, "%s leads the fleet\n", name);
	return 0;
}

int cli_fleet_retire(struct cli *cli, struct err *err)
{
	auto_(ledger_close) struct ledger *ledger = NULL;
	int rc;

	if (open_ledger(cli, &ledger, err) < 0)
		return err->class;
	rc = ledger_retire(ledger, cli->args.domain, err);
	if (rc == 0)
		return err_set(err, ERR_NOTFOUND,
		               "the ledger has no host %.200s; `tlstally "
		               "fleet` lists those that it has",
		               cli->args.domain);
	return rc < 0 ? rc : 0;
}

/* Reports that are no fleet's. */
static uint64_t count_own_reports(struct cli *cli)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	struct outbox_head head = {.id = 0};
	uint64_t n = 0;

	while (outbox_head_next(txn, &head))
		n += !head.of_fleet;
	return n;
}

static void say_left(const struct fleet_left *left, struct strbuf *out)
{
	if (left->to_seal > 0)
		strbuf_printf(out, "%" PRIu64 " %s not sealed yet\n",
		              left->to_seal,
		              left->to_seal == 1 ? "day is" : "days are");
	if (left->to_decide > 0)
		strbuf_printf(
			out,
			"%" PRIu64
			" sealed %s domains that wait for their policies\n",
			left->to_decide,
			left->to_decide == 1 ? "day has" : "days have");
	if (left->to_take > 0)
		strbuf_printf(out,
		              "%" PRIu64
		              " %s reports are under way here: the host that "
		              "leads next takes them over\n",
		              left->to_take,
		              left->to_take == 1 ? "day's" : "days'");
}

static void say_leaving(struct cli *cli, const struct ledger_run_result *result)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	uint64_t own = count_own_reports(cli);
	struct fleet_seen seen;
	char day[DAY_TEXT];

	meta_fleet_get(txn, &seen);
	if (result->has_left) {
		strbuf_puts(&cli->out,
		            "this host has left the fleet: remove [fleet] "
		            "ledger from its settings\n");
	} else {
		strbuf_printf(&cli->out,
		              "this host leaves the fleet: its own days begin "
		              "with %s\n",
		              day_format(seen.until, day));
		if (seen.trouble[0] != '\0')
			strbuf_printf(&cli->out,
			              "the ledger of the fleet: %s\n",
			              seen.trouble);
		say_left(&result->left, &cli->out);
		strbuf_puts(&cli->out,
		            "`tlstally run` does the rest: keep [fleet] ledger "
		            "until `tlstally fleet leave` says that the host "
		            "has left\n");
	}
	if (own > 0)
		strbuf_printf(&cli->out,
		              "%" PRIu64
		              " %s of its own: `tlstally run` sends them\n",
		              own, own == 1 ? "report is" : "reports are");
}

int cli_fleet_leave(struct cli *cli, struct err *err)
{
	const struct ledger_run_options options = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.told = cli->args.now != 0,
		.may_report = cli_may_report(cli),
	};
	struct ledger_run_result result;

	if (cli->doubt[0] != '\0')
		return err_set(err, ERR_BUSY, "%s", cli->doubt);
	if (check_setting(cli, err) < 0 ||
	    ledger_run_leave(cli->db, clock_secs(&cli->clock), err) < 0 ||
	    ledger_run(cli->db, &options, &result, err) < 0)
		return err->class;
	say_leaving(cli, &result);
	return 0;
}

int cli_fleet_rejoin(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(cli->db);
	struct fleet_seen seen;

	meta_fleet_get(txn, &seen);
	seen.mark = seen.next = 0;
	seen.until = 0;
	meta_fleet_put(txn, &seen);
	change_epoch_renew(txn);
	return db_commit(&txn, err);
}
