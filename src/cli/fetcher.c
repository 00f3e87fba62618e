/*
 * tlstally fetcher: what a tlsrpt-reportd is answered that asks this host for
 * its counts, as tlsrpt-fetcher would (sealed/fetcher_answer.h)
 *
 * It is asked once for the list of a day's domains, and once for each of them.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/io.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "fleet/day_export.h"
#include "rollup/closing.h"
#include "sealed/fetcher_answer.h"
#include "sealed/sealed_merge.h"
#include "store/paged.h"
#include "store/tally_seal.h"

enum { PRINT_BYTES = 64 * 1024, LOOK_BACK_DAYS = 7 };

/* What would stand before a domain in a report that has it.  reportd hands the
 * name to a command, and ssh(1) to a shell: what is no domain stays here. */
static bool is_listed(const struct tally_head *head)
{
	return head->valid && head->record[0] != '\0' &&
	       head->success + head->failure > 0;
}

/* The last day of which every feed has counted to the end.  reportd waits for
 * it for some minutes only, so `grace` is not waited for. */
static int32_t last_complete(struct cli *cli, int64_t now, struct db_txn *txn)
{
	char words[CLOSING_WORDS];
	int32_t day = day_of(now) - 1, oldest = day - LOOK_BACK_DAYS;

	while (day > oldest && closing_of_feeds(txn, &cli->conf, day, now,
	                                        words) == CLOSING_NOT_YET)
		day--;
	return day;
}

static int print(struct cli *cli, size_t from, struct err *err)
{
	if (cli->out.len < from)
		return 0;
	if (io_write_all(STDOUT_FILENO, cli->out.data, cli->out.len) != 0)
		return err_set(err, ERR_IO, "cannot write to standard output");
	strbuf_reset(&cli->out);
	return 0;
}

static int print_domains(struct cli *cli, int32_t day, int64_t now,
                         struct err *err)
{
	struct paged paged = {.db = cli->db};
	char domain[TALLY_DOMAIN_TEXT] = "", text[DAY_TEXT];
	struct tally_head head;
	uint64_t waiting = 0;
	int32_t at = day;

	while (tally_head_next(paged_txn(&paged), &at, domain, &head) &&
	       at == day) {
		if (!is_listed(&head))
			continue;
		waiting += closing_waits(paged_txn(&paged), day, domain, now);
		fetcher_write_name(domain, &cli->out);
		if (print(cli, PRINT_BYTES, err) < 0)
			break;
	}
	if (waiting > 0)
		log_warning("%s: %" PRIu64 " domains still wait for their "
		            "policies, and are given without those sessions",
		            day_format(day, text), waiting);
	return paged_end(&paged, err);
}

static int answer_list(struct cli *cli, int32_t day, struct err *err)
{
	int64_t now = clock_secs(&cli->clock);
	bool is_owner = cli_open_store(cli, false, err) == 0;
	struct db_txn *txn;
	int32_t complete;

	/* who may only read, reads */
	if (!is_owner && cli_open_store(cli, true, err) < 0)
		return err->class;
	txn = db_begin_read(cli->db);
	complete = last_complete(cli, now, txn);
	db_abort(&txn);
	fetcher_write_head(now, complete, &cli->out);
	if (day <= complete && print_domains(cli, day, now, err) < 0)
		return err->class;
	if (is_owner && day <= complete)
		day_export_note(cli->db, now);
	fetcher_write_end(&cli->out);
	return 0;
}

/* Equal details of the tally and of the journal of counts together. */
static int write_domain(struct cli *cli, const struct sealed_domain *counts,
                        struct err *err)
{
	const struct tally_limits caps = {
		.max_policies = cli->conf.store.max_policies,
		.max_details = cli->conf.store.max_details,
	};
	auto_(sealed_merge_free) struct sealed_merge *merge =
		sealed_merge_new(&caps);
	const struct sealed_domain *sum;

	sealed_merge_begin(merge);
	sealed_merge_add(merge, counts);
	sum = sealed_merge_end(merge);
	if (sum == NULL)
		return err_set(err, ERR_PARSE, "the counts of %s are damaged",
		               counts->counts.domain);
	return fetcher_write_domain(sum, &cli->out, err);
}

static int answer_domain(struct cli *cli, int32_t day, struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	auto_(db_abort) struct db_txn *txn = NULL;
	const char *domain = cli->args.domain;
	struct sealed_domain counts;
	struct tally_head head;

	if (cli_open_store(cli, true, err) < 0)
		return err->class;
	arena_init(&mem);
	txn = db_begin_read(cli->db);
	if (tally_head_get(txn, day, domain, &head) && is_listed(&head) &&
	    tally_seal(txn, day, domain, &mem, &counts))
		return write_domain(cli, &counts, err);
	fetcher_write_nothing(domain, &cli->out);
	return db_failure(txn, err);
}

int cli_fetcher(struct cli *cli, struct err *err)
{
	int32_t day = cli_day_asked(cli);

	return cli->args.domain[0] != '\0' ? answer_domain(cli, day, err)
	                                   : answer_list(cli, day, err);
}
