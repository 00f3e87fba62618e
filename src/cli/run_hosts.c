/* The step of `tlstally run` that keeps which MX hosts domains of ours publish
 * (store/own_host_table.h): once a day, and at the next run where DNS did not
 * answer. */
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "cli/run.h"
#include "policy/service.h"
#include "store/own_host_table.h"

enum { STEP_SECS = 30 }; /* for all of them */

/* The next one that was not noted today, from that place of the list on. */
static bool next_domain(struct cli *cli, size_t *at, char domain[DOMAIN_TEXT],
                        struct err *err)
{
	const struct conf_list *domains = &cli->conf.received.domains;
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);
	int32_t today = day_of(clock_secs(&cli->clock));

	while (*at < domains->count) {
		const char *text = domains->items[(*at)++];

		if (domain_canonical(text, strlen(text), domain, NULL) == 0 &&
		    own_host_noted(txn, domain) < today)
			return db_failure(txn, err) == 0;
	}
	return false;
}

static int note(struct cli *cli, const struct domain_view *view,
                struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(cli->db);

	own_host_note(txn, view, day_of(clock_secs(&cli->clock)));
	return db_commit(&txn, err);
}

/* While the clock is doubted nobody knows which day it is; of a time that
 * somebody told nobody knows what DNS said then. */
int cli_step_hosts(struct cli *cli, struct run_result *result, struct err *err)
{
	auto_(policy_service_close) struct policy_service *service = NULL;
	const struct policy_service_options options = {.conf = &cli->conf,
	                                               .clock = &cli->clock};
	int64_t until = clock_host_ms() + STEP_SECS * 1000;
	char domain[DOMAIN_TEXT];
	size_t at = 0;

	(void)result;
	*err = (struct err){0};
	if (cli->args.now != 0 || cli->doubt[0] != '\0')
		return 0;
	while (next_domain(cli, &at, domain, err)) {
		auto_(arena_clear) struct arena arena = {0};
		struct domain_view view;
		struct err ignored;

		if (service == NULL &&
		    policy_service_open(&service, &options, err) < 0)
			return err->class;
		if (policy_service_now(service, domain, until, &arena, &view,
		                       &ignored) < 0)
			break;
		if (note(cli, &view, err) < 0)
			return err->class;
	}
	return err->class;
}
