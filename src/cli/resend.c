/* tlstally resend: a report of the archive is delivered once more. */
#include <inttypes.h>

#include "cli/cli.h"
#include "outbox/resend.h"
#include "words/words.h"

int cli_resend(struct cli *cli, struct err *err)
{
	int64_t now = clock_secs(&cli->clock);
	uint64_t count = 0;

	if (resend_report(cli->db, cli->args.id, now, cli->args.force, &count,
	                  err) < 0) {
		struct err why = *err;

		return why.class != ERR_LIMIT
		               ? why.class
		               : err_set(err, ERR_LIMIT,
		                         "%s; --force sends it to them once "
		                         "more",
		                         why.text);
	}
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out,
		              "%" PRIu64 " %s: the next `tlstally run` sends "
		              "the report%s\n",
		              count,
		              count == 1 ? "destination" : "destinations",
		              cli->conf.report.mode == MODE_PREVIEW ||
		                              cli->conf.report.mode == MODE_OFF
		                      ? ", but not with this mode: use "
		                        "`tlstally deliver --id`"
		                      : "");
	return 0;
}
