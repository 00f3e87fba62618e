/* tlstally clock: is the time believed? */
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/cli.h"
#include "daemon/host_clock.h"
#include "show/doc.h"
#include "store/clock_watch.h"

static void print(struct cli *cli, const struct clock_look *look)
{
	int64_t now = clock_secs(&cli->clock);
	char shown[TIME_TEXT], used[TIME_TEXT];

	day_format_time(look->wall_ms / 1000, shown);
	if (cli->doubt[0] == '\0') {
		strbuf_printf(&cli->out, "the clock is trusted: %s\n", shown);
		return;
	}
	strbuf_printf(&cli->out,
	              "%s\n"
	              "The clock now says %s; according to its previous time, "
	              "it is %s.\n"
	              "Sessions are counted and reports are delivered by the "
	              "previous time; days are\n"
	              "not closed and nothing is purged.\n"
	              "The clock is trusted again when it returns to the "
	              "previous time, when it keeps\n"
	              "the new time for an hour (or for %d minutes while the "
	              "kernel considers it\n"
	              "synchronized, which it %s), or when you confirm the new "
	              "time with\n"
	              "`tlstally clock accept`.\n",
	              cli->doubt, shown, day_format_time(now, used),
	              CLOCK_SYNCHRONISED_SECS / 60,
	              look->synchronised ? "does" : "does not");
}

int cli_clock_show(struct cli *cli, struct err *err)
{
	struct clock_look look = host_clock_look(&cli->clock);
	auto_(json_free) json_t *doc = json_object();

	(void)err;
	if (!cli->args.json) {
		print(cli, &look);
		return 0;
	}
	json_set_bool(doc, "isDoubted", cli->doubt[0] != '\0');
	doc_set(doc, "why", cli->doubt);
	json_set_time(doc, "shown", look.wall_ms / 1000);
	json_set_time(doc, "now", clock_secs(&cli->clock));
	json_set_bool(doc, "isSynchronised", look.synchronised);
	doc_print(doc, &cli->out);
	return 0;
}

int cli_clock_accept(struct cli *cli, struct err *err)
{
	struct clock_look look = host_clock_look(&cli->clock);
	char time[TIME_TEXT];

	if (clock_watch_accept(cli->db, &cli->clock, &look, err) < 0)
		return err->class;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out, "the clock is trusted: %s\n",
		              day_format_time(look.wall_ms / 1000, time));
	return 0;
}
