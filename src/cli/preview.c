/* tlstally preview: the report, or the mail, that a domain's counters would
 * give at this moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "outbox/letter.h"
#include "report/report_json.h"
#include "rollup/decide.h"
#include "rollup/rollup.h"

static void free_ruas(struct rua **ruas)
{
	free(*ruas);
}

/* Where the first mail would go; settings that hold reports back do not
 * count, those that say where they go do. */
static int find_mail_rua(struct cli *cli, struct db_txn *txn,
                         const struct cli_day *at, struct rua *rua,
                         struct err *err)
{
	auto_(lists_free) struct lists *lists = NULL;
	auto_(free_ruas) struct rua *ruas =
		xcalloc(DECIDE_RUA_MAX, sizeof(*ruas));
	struct conf conf = cli->conf;
	struct decide_context context = {
		.conf = &conf,
		.now = clock_secs(&cli->clock),
		.asked_for = true,
	};
	struct decision decision = {.ruas = ruas};

	conf.report.mode = MODE_ALL;
	if (lists_new(&lists, &conf, err) < 0)
		return err->class;
	context.lists = lists;
	decide(&context, txn, at->day, at->domain, &at->head, &decision);
	for (size_t i = 0; i < decision.rua_count; i++)
		if (ruas[i].kind == RUA_MAIL) {
			*rua = ruas[i];
			return 0;
		}
	return err_set(err, ERR_NOTFOUND,
	               "no mail would be sent for %.253s: %s", at->domain,
	               decision.reason[0] ? decision.reason
	                                  : "its rua has no mail address");
}

static int print_mail(struct cli *cli, struct db_txn *txn,
                      const struct cli_day *at, const struct report *report,
                      struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	auto_(strbuf_clear) struct strbuf json = {0}, packed = {0};
	struct outbox_destination dest = {.index = 0};
	struct outbox_head head = {
		.start = report->start,
		.end = report->end,
		.success = report_success(report),
		.failure = report_failure(report),
	};
	struct letter letter = {&cli->conf, gzip, &head, &dest, NULL, 0};
	struct delivery_job job = {0};

	if (find_mail_rua(cli, txn, at, &dest.rua, err) < 0)
		return err->class;
	snprintf(head.domain, sizeof(head.domain), "%.*s", DOMAIN_MAX,
	         at->domain);
	snprintf(head.report_id, sizeof(head.report_id), "%s",
	         report->report_id);
	letter_fix(&cli->conf, &dest, "preview", clock_secs(&cli->clock));
	report_json_write(report, false, &json);
	gzip_pack(gzip, json.data, json.len, &packed);
	letter.report = packed.data;
	letter.report_len = packed.len;
	if (letter_make(&letter, &mem, &job, err) < 0)
		return err->class;
	strbuf_add(&cli->out, job.body, job.body_len);
	return 0;
}

int cli_preview(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	auto_(merged_free) struct merged *merged = merged_new(&cli->conf);
	auto_(report_free) struct report *report = report_new();
	struct cli_day at;
	uint64_t folded = 0;
	int rc;

	if (conf_check_contact(&cli->conf, err) < 0 ||
	    cli_day_find(cli, merged, txn, &at, err) < 0)
		return err->class;
	rc = rollup_build(merged, txn, &cli->conf, db_store_id(cli->db),
	                  at.domain, report, &folded, err);
	if (rc == 0)
		return cli_day_unknown(cli, at.domain, err);
	if (rc < 0)
		return rc;
	if (cli->args.eml)
		return print_mail(cli, txn, &at, report, err);
	report_json_write_pretty(report, true, &cli->out);
	strbuf_putc(&cli->out, '\n');
	return 0;
}
