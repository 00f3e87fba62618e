/*
 * day - a day on which a domain was counted
 */
#ifndef TLSTALLY_CLI_DAY_H
#define TLSTALLY_CLI_DAY_H

#include <stdint.h>

#include <jansson.h>

#include "cli/cli.h"
#include "rollup/merged.h"
#include "store/tally_table.h"

struct cli_day {
	char domain[TALLY_DOMAIN_TEXT];
	int32_t day;
	struct tally_head head;
};

/* --day, by the clock when it is a word; 0: not given. */
int32_t cli_day_asked(const struct cli *cli);

/* The operand's domain on --day, or on the last day that it was counted, at
 * which merged stands then.  ERR_NOTFOUND in words. */
int cli_day_find(const struct cli *cli, struct merged *merged,
                 struct db_txn *txn, struct cli_day *at, struct err *err);

/* The words for a domain that was not counted; returns ERR_NOTFOUND. */
int cli_day_unknown(const struct cli *cli, const char *domain, struct err *err);

/* Each of a domain's days gets the report that was made of it: it is in the
 * outbox or, when all was said, in the archive; one that is in neither was
 * deleted. */
int cli_day_add_reports(struct cli *cli, const json_t *days, struct err *err);

#endif
