/* tlstally check-store, backup, restore and conf: the store as a file, the
 * settings as one. */
#include "cli/cli.h"

#include <inttypes.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "rollup/lists.h"
#include "show/doc.h"
#include "store/store_check.h"

/* What was found, for people; with --json for a program, too. */
struct findings {
	struct cli *cli;
	json_t *list; /* NULL: without --json */
};

static void on_fault(void *arg, const char *table, const char *words)
{
	struct findings *findings = arg;
	json_t *item;

	if (findings->list == NULL) {
		strbuf_printf(&findings->cli->out, "%s%s%s%s\n",
		              *table ? "table " : "", table, *table ? ": " : "",
		              words);
		return;
	}
	item = doc_row(findings->list);
	doc_set(item, "table", table);
	doc_set(item, "words", words);
}

static int print_check(struct cli *cli, const struct store_check *check,
                       json_t *doc, struct err *err)
{
	json_set_uint(doc, "tables", check->tables);
	json_set_uint(doc, "rows", check->rows);
	json_set_uint(doc, "pages", check->pages);
	json_set_uint(doc, "freePages", check->free_pages);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	if (check->faults > 0)
		return err_set(
			err, ERR_IO,
			"data.mdb is damaged in %" PRIu64
			" places: restore a backup (tlstally restore FILE)",
			check->faults);
	if (!cli->args.json)
		strbuf_printf(&cli->out,
		              "no damage found: %" PRIu64 " rows in %" PRIu64
		              " tables, %" PRIu64 " pages\n",
		              check->rows, check->tables, check->pages);
	return 0;
}

/* The store, or with a path a backup of one. */
static int check_store(struct cli *cli, const char *backup, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	struct findings findings = {cli, NULL};
	struct store_check check = {.fault = on_fault, .arg = &findings};
	const struct db_options options = {
		.directory = cli->conf.store.directory,
		.map_size = cli->conf.store.map_size,
		.read_only = true,
	};
	json_t *list = doc_array(doc, "faults");
	int rc;

	if (cli->args.json)
		findings.list = list;
	rc = backup == NULL ? store_check_run(&check, &options, err)
	                    : store_check_backup(&check, &options, backup, err);
	return rc < 0 ? rc : print_check(cli, &check, doc, err);
}

int cli_check_store(struct cli *cli, struct err *err)
{
	return check_store(cli, NULL, err);
}

int cli_backup(struct cli *cli, struct err *err)
{
	const char *path = cli->args.path;

	if (cli->args.check)
		return check_store(cli, path, err);
	if (cli_open_store(cli, true, err) < 0)
		return err->class;
	if (db_backup(cli->db, path, err) < 0)
		return err->class;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out, "the store was copied to %s\n", path);
	return 0;
}

int cli_restore(struct cli *cli, struct err *err)
{
	struct db_options options = {
		.directory = cli->conf.store.directory,
		.map_size = cli->conf.store.map_size,
		.create = true,
	};

	if (db_restore(&options, cli->args.path, err) < 0)
		return err->class;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out,
		              "%s was restored to %s; the previous store was "
		              "kept there as data.mdb.before\n",
		              cli->args.path, options.directory);
	return 0;
}

/* All that a run would mind: what deny and redirect name is read by the same
 * parsers as then.  Of several mistakes all are said. */
static int check_settings(const struct conf *conf, struct err *err)
{
	auto_(conf_list_clear) struct conf_list faults = {0};
	auto_(lists_free) struct lists *lists = NULL;

	conf_find_faults(conf, &faults);
	if (faults.count == 0)
		return lists_new(&lists, conf, err);
	for (size_t i = 0; i + 1 < faults.count; i++)
		log_error("%s", faults.items[i]);
	return err_set(err, ERR_PARSE, "%s", faults.items[faults.count - 1]);
}

/*
 * Settings that do not fit together are printed, too: how else would one see
 * why.  Only --check, and whoever works with them, minds.
 */
int cli_conf(struct cli *cli, struct err *err)
{
	enum conf_print what = cli->args.changed    ? CONF_PRINT_CHANGED
	                       : cli->args.defaults ? CONF_PRINT_DEFAULTS
	                                            : CONF_PRINT_ALL;

	if (what == CONF_PRINT_DEFAULTS)
		conf_init(&cli->conf);
	else if (settings_file_read(&cli->args.file, &cli->conf, err) < 0 &&
	         (!cli->args.check || cli->conf.faults.count == 0))
		return err->class;
	if (!cli->args.check)
		conf_print(&cli->conf, what, &cli->out);
	else if (check_settings(&cli->conf, err) < 0)
		return err->class;
	else if (settings_file_warn(&cli->conf), cli_is_talkative(cli))
		strbuf_printf(&cli->out, "%s: no problems found\n",
		              settings_file_path(&cli->args.file));
	return 0;
}
