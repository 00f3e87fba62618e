/* What stands between the command line and a sentence's function: settings,
 * clock, rights and the store. */
#include "cli/cli.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/day.h"
#include "client/jmap_client.h"
#include "daemon/host_clock.h"
#include "daemon/privs.h"

static int set_clock(struct cli *cli, struct err *err)
{
	char text[TIME_TEXT];

	cli->clock = clock_system();
	if (cli->args.now == 0)
		return 0;
	if (cli->args.now > clock_secs(&cli->clock) &&
	    !cli->conf.store.rehearsal)
		return err_set(err, ERR_PARSE,
		               "--now %s is in the future: days would be "
		               "closed and reports sent too early.  To "
		               "rehearse this with a store made for that "
		               "purpose, set [store] rehearsal = yes",
		               day_format_time(cli->args.now, text));
	cli->clock = clock_shifted(cli->args.now);
	return 0;
}

/* Root becomes whoever owns the store, for good. */
static int become_owner(struct cli *cli, struct err *err)
{
	struct identity owner;

	if (privs_store_owner(cli->conf.store.directory, &owner, err) < 0)
		return err->class;
	return privs_become(&owner, NULL, 0, err);
}

/* The one who reads must not make an empty store of a misspelt path. */
static int must_exist(const struct cli *cli, struct err *err)
{
	const char *directory = cli->conf.store.directory;
	struct stat st;

	if (stat(directory, &st) == 0 || errno != ENOENT)
		return 0;
	return err_set(err, ERR_NOTFOUND,
	               "there is no store in %s: tlstallyd creates it when it "
	               "first starts ([store] directory in %s)",
	               directory, settings_file_path(&cli->args.file));
}

int cli_open_store(struct cli *cli, bool read_only, struct err *err)
{
	struct db_options options = {
		.directory = cli->conf.store.directory,
		.map_size = cli->conf.store.map_size,
		.read_only = read_only,
	};
	struct clock_record record;
	int rc;

	if (must_exist(cli, err) < 0 || become_owner(cli, err) < 0 ||
	    db_open(&cli->db, &options, err) < 0)
		return err->class;
	rc = host_clock_watch(cli->db, &cli->conf, &cli->clock, &record, err);
	clock_record_words(&record, cli->doubt);
	cli->vouched = record.vouched;
	/* a store that takes nothing is told of by who has more to put there */
	return rc == ERR_BUSY ? 0 : rc;
}

int cli_prepare(struct cli *cli, enum cli_needs needs, struct err *err)
{
	struct stat st;

	if (needs == NEEDS_NOTHING)
		return 0;
	if (needs == NEEDS_SETTINGS_IF_ANY) {
		if (settings_file_read_if_any(&cli->args.file, &cli->conf,
		                              err) < 0)
			return err->class;
		cli->clock = clock_system();
		/* what comes from the network is not to be read as root */
		return geteuid() == 0 &&
		                       stat(cli->conf.store.directory, &st) == 0
		               ? become_owner(cli, err)
		               : 0;
	}
	if (settings_file_read(&cli->args.file, &cli->conf, err) < 0 ||
	    conf_check(&cli->conf, err) < 0 || set_clock(cli, err) < 0)
		return err->class;
	if (needs == NEEDS_OWNER)
		return become_owner(cli, err);
	if (needs >= NEEDS_STORE_READ)
		return cli_open_store(cli, needs == NEEDS_STORE_READ, err);
	return 0;
}

void cli_clear(struct cli *cli)
{
	jmap_client_free(&cli->answers);
	db_close(&cli->db);
	conf_clear(&cli->conf);
	strbuf_clear(&cli->out);
}

bool cli_is_talkative(const struct cli *cli)
{
	return cli->args.verbose || isatty(STDOUT_FILENO);
}
