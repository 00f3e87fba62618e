/* tlstally conf: the settings as a file. */
#include "cli/cli.h"

#include "base/auto.h"
#include "base/err.h"
#include "base/log.h"
#include "rollup/lists.h"

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
