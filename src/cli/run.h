/*
 * run - the steps of `tlstally run`, and what they came to
 *
 * fetch, rollup, deliver and purge do one step each; run does all of them, and
 * each whatever became of the one before.  Where several hosts share a ledger,
 * run asks it first.
 */
#ifndef TLSTALLY_CLI_RUN_H
#define TLSTALLY_CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "fleet/ledger_run.h"
#include "outbox/outbox.h"
#include "rollup/rollup.h"
#include "store/purge.h"

enum run_step {
	STEP_ROLLUP = 1,
	STEP_DELIVER = 2,
	STEP_PURGE = 4,
	STEP_FLEET = 8,
};

struct run_result {
	unsigned steps;   /* that were begun: bits of enum run_step */
	uint64_t fetched; /* hosts whose day came */
	struct ledger_run_result fleet;
	struct rollup_result rollup;
	struct outbox_result deliver;
	struct purge_counts purge;
	int64_t next_due; /* secs; 0: nothing waits */
};

/* Has it what reports need? */
bool cli_may_report(const struct cli *cli);

/* Days of the hosts of [fleet] fetchers. */
int cli_step_fetch(struct cli *cli, struct run_result *result, struct err *err);

/* What MX hosts our domains have, for received reports. */
int cli_step_hosts(struct cli *cli, struct run_result *result, struct err *err);

/* Appends the result for people (nothing unless they want to hear it) or, with
 * --json, for programs.  Under systemd, where nobody hears it, the journal gets
 * it as one line, if the run did anything. */
void run_report(struct cli *cli, const struct run_result *result);

#endif
