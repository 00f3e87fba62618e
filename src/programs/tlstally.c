/*
 * tlstally - the operator's command: reports made, sent and looked at
 *
 * Command line to sentence, sentence to function; what the function had to
 * say is printed whether it succeeded or not.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/width.h"
#include "show/doc.h"
#include "store/db_fault.h"

static int usage(const struct err *err)
{
	auto_(xfree_str) char *safe = doc_safe_text(err->text);

	fprintf(stderr, "tlstally: %s\n", safe);
	return CLI_EXIT_USAGE;
}

static void help(const struct cli_sentence *sentence, const char *group,
                 struct strbuf *out)
{
	if (sentence != NULL)
		cli_help_sentence(sentence, out);
	else if (group != NULL)
		cli_help_group(group, out);
	else
		cli_help(out);
}

/* What fails for one is to come again, not to be returned to its sender. */
static bool is_for_mail(const struct cli *cli,
                        const struct cli_sentence *sentence)
{
	return sentence->needs == NEEDS_STORE_FOR_MAIL ||
	       (sentence->needs == NEEDS_SETTINGS_FOR_MAIL &&
	        cli->args.files.count == 0);
}

static int perform(struct cli *cli, const struct cli_sentence *sentence)
{
	struct err err = {0};

	if (is_for_mail(cli, sentence))
		db_fault_set_status(EX_TEMPFAIL);
	if (cli_prepare(cli, sentence->needs, &err) == 0 &&
	    sentence->run(cli, &err) == 0)
		return cli->exit_status;
	if (cli->is_usage)
		return usage(&err);
	log_error("%s", err.text);
	if (cli->exit_status != EXIT_SUCCESS)
		return cli->exit_status;
	return is_for_mail(cli, sentence) ? EX_TEMPFAIL : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct cli_sentence *sentence;
	struct cli cli = {.clock = clock_system(), .says_at_once = true};
	struct err err = {0};
	int status = EXIT_SUCCESS;

	io_hold_standard();
	log_open("tlstally",
	         log_target_default(true, getenv("JOURNAL_STREAM")));
	failpoint_arm();
	table_set_width(width_of_terminal(STDOUT_FILENO));
	if (cli_args_read(argc, argv, &cli.args, &sentence, &err) < 0)
		return usage(&err);
	if (cli.args.version)
		strbuf_puts(&cli.out, "tlstally " PACKAGE_VERSION "\n");
	else if (cli.args.help)
		help(sentence, cli.args.group, &cli.out);
	else
		status = perform(&cli, sentence);
	if (cli.out.len > 0 &&
	    io_write_all(STDOUT_FILENO, cli.out.data, cli.out.len) != 0) {
		log_error("cannot write to standard output");
		status = EXIT_FAILURE;
	}
	cli_clear(&cli);
	return status;
}
