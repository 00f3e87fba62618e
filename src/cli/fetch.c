/* tlstally fetch, and the first step of run: days of other hosts. */
#include "cli/run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/log.h"
#include "cli/day.h"
#include "fleet/day_fetch.h"
#include "fleet/host_name.h"

struct telling {
	struct cli *cli;
	bool by_hand;
	uint64_t fetched, missing;
};

static void tell_done(struct cli *cli, const char *day,
                      const struct day_fetch_news *news)
{
	const struct host_fetch *state = news->state;
	const struct sealed_totals *totals = news->totals;

	if (cli_is_talkative(cli) && !cli->args.json)
		strbuf_printf(&cli->out,
		              "%s of %s: fetched; %" PRIu64 " domains, %" PRIu64
		              " sessions, %" PRIu64 " of them failed\n",
		              day, state->host, totals->domains,
		              totals->success + totals->failure +
		                      totals->unjudged,
		              totals->failure);
	if (state->unreadable > 0)
		log_warning("%s of %s: %" PRIu64 " domains are missing, whose "
		            "counts cannot be read",
		            day, state->host, state->unreadable);
	if (news->late)
		log_warning("%s of %s: it came late: reports of that day were "
		            "made without it",
		            day, state->host);
}

/* A run comes every five minutes, and cron mails what it says: the same trouble
 * is told once. */
static void on_news(void *arg, const struct day_fetch_news *news)
{
	struct telling *telling = arg;
	const struct host_fetch *state = news->state;
	bool by_hand = telling->by_hand;
	char day[DAY_TEXT];

	day_format(state->day, day);
	telling->missing += news->what >= DAY_FETCH_GOES_ON;
	switch (news->what) {
	case DAY_FETCH_DONE:
		telling->fetched++;
		tell_done(telling->cli, day, news);
		break;
	case DAY_FETCH_CLOCK:
		log_warning("the clock of %s is %lld seconds %s: which day a "
		            "session counts for depends on it",
		            state->host, llabs((long long)state->ahead),
		            state->ahead > 0 ? "ahead" : "behind");
		break;
	case DAY_FETCH_GOES_ON:
		if (by_hand)
			log_warning("%s of %s: %" PRIu64 " of %" PRIu64
			            " domains are fetched; `tlstally run` "
			            "goes on",
			            day, state->host, state->done, state->of);
		break;
	case DAY_FETCH_WAITS:
		if (by_hand)
			log_warning("%s of %s: %s", day, state->host,
			            state->words[0] != '\0'
			                    ? state->words
			                    : "another run is at it");
		break;
	case DAY_FETCH_TROUBLE:
		if (by_hand || news->is_new)
			log_warning("%s of %s cannot be fetched: %s", day,
			            state->host, state->words);
		break;
	}
}

static int fetch_day(struct cli *cli, struct telling *telling, int32_t day,
                     struct err *err)
{
	char name[DOMAIN_TEXT];
	const struct day_fetch_options options = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.own_name = name,
		.day = day,
		.by_hand = telling->by_hand,
		.tell = on_news,
		.arg = telling,
	};

	if (fleet_host_name(&cli->conf, name, err) < 0)
		return err->class;
	return day_fetch_run(cli->db, &options, err);
}

/* A collector of tlsrpt-reporter keeps yesterday only. */
int cli_step_fetch(struct cli *cli, struct run_result *result, struct err *err)
{
	struct telling telling = {.cli = cli};
	int rc;

	if (cli->doubt[0] != '\0' || cli->conf.fleet.fetchers.count == 0)
		return 0;
	rc = fetch_day(cli, &telling, day_of(clock_secs(&cli->clock)) - 1, err);
	result->fetched = telling.fetched;
	return rc;
}

int cli_fetch(struct cli *cli, struct err *err)
{
	struct telling telling = {.cli = cli, .by_hand = true};
	int32_t today = day_of(clock_secs(&cli->clock));

	if (!cli->args.has_day)
		cli->args.day = CLI_DAY_YESTERDAY;
	if (cli->conf.fleet.fetchers.count == 0)
		return err_set(err, ERR_NOTFOUND,
		               "no host is fetched: [fleet] fetchers names "
		               "none");
	if (cli_day_asked(cli) >= today)
		return err_set(err, ERR_BUSY, "the day is not over");
	if (fetch_day(cli, &telling, cli_day_asked(cli), err) < 0)
		return err->class;
	if (telling.missing > 0)
		return err_set(err, ERR_BUSY, "not all hosts were fetched");
	return 0;
}
