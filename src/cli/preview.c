/* tlstally preview: the report, or the mail, that a domain's counters would
 * give at this moment (show/preview.h). */
#include "show/preview.h"
#include "base/auto.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "report/report_json.h"

int cli_preview(struct cli *cli, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	auto_(merged_free) struct merged *merged = merged_new(&cli->conf);
	auto_(preview_free) struct preview *preview = NULL;
	int64_t now = clock_secs(&cli->clock);
	struct cli_day at;
	int rc;

	if (conf_check_contact(&cli->conf, err) < 0 ||
	    cli_day_find(cli, merged, txn, &at, err) < 0)
		return err->class;
	rc = preview_make(cli->db, txn, &cli->conf, at.day, at.domain, now,
	                  &preview, err);
	if (rc == 0)
		return cli_day_unknown(cli, at.domain, err);
	if (rc < 0)
		return rc;
	if (cli->args.eml)
		return preview_mail(preview, &cli->conf, at.domain, now,
		                    &cli->out, err);
	report_json_write_pretty(preview->report, true, &cli->out);
	strbuf_putc(&cli->out, '\n');
	return 0;
}
