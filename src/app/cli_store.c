/* tlstally backup, restore and conf: the store as a file, the settings as
 * one. */
#include "app/cli.h"
#include "base/auto.h"
#include "base/err.h"
#include "rollup/lists.h"

int cli_backup(struct cli *cli, struct err *err)
{
	const char *path = cli->args.operands[0];

	if (db_backup(cli->db, path, err) < 0)
		return err->class;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out, "the store is copied to %s\n", path);
	return 0;
}

int cli_restore(struct cli *cli, struct err *err)
{
	struct db_options options = {
		.directory = cli->conf.store.directory,
		.map_size = cli->conf.store.map_size,
		.create = true,
	};

	if (db_restore(&options, cli->args.operands[0], err) < 0)
		return err->class;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out,
		              "%s is the store of %s now; the one before is "
		              "data.mdb.before beside it\n",
		              cli->args.operands[0], options.directory);
	return 0;
}

/* All that a run would mind: what deny and redirect name is read by the same
 * parsers as then. */
static int check_settings(const struct conf *conf, struct err *err)
{
	auto_(lists_free) struct lists *lists = NULL;

	if (conf_check(conf, err) < 0 || conf_check_secrets(conf, err) < 0)
		return err->class;
	return lists_new(&lists, conf, err);
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
	else if (settings_file_read(&cli->args.file, &cli->conf, err) < 0)
		return err->class;
	if (!cli->args.check)
		conf_print(&cli->conf, what, &cli->out);
	else if (check_settings(&cli->conf, err) < 0)
		return err->class;
	else if (cli_is_talkative(cli))
		strbuf_printf(&cli->out, "%s: all right\n",
		              settings_file_path(&cli->args.file));
	return 0;
}
