#include "cli/day.h"

#include <stdio.h>

#include "base/day.h"

int cli_day_unknown(const struct cli *cli, const char *domain, struct err *err)
{
	char day[DAY_TEXT];

	if (cli->args.has_day)
		return err_set(err, ERR_NOTFOUND,
		               "no session with %s was counted on %s", domain,
		               day_format(cli->args.day, day));
	return err_set(err, ERR_NOTFOUND,
	               "no session with %s was counted on the days that are "
	               "kept",
	               domain);
}

int cli_day_find(const struct cli *cli, struct db_txn *txn, struct cli_day *at,
                 struct err *err)
{
	int32_t first = cli->args.day, last = cli->args.day;
	struct clock clock = cli->clock;

	snprintf(at->domain, sizeof(at->domain), "%s", cli->args.domain);
	if (!cli->args.has_day &&
	    !tally_days_until(txn, day_of(clock_secs(&clock)), &first, &last))
		last = first - 1;
	for (at->day = last; at->day >= first; at->day--)
		if (tally_head_get(txn, at->day, at->domain, &at->head))
			return 0;
	if (db_failed(txn))
		return db_failure(txn, err);
	return cli_day_unknown(cli, at->domain, err);
}
