/* What stands between the command line and a sentence's function: settings,
 * clock, rights and the store. */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/endpoint.h"
#include "base/xalloc.h"
#include "client/jmap_client.h"
#include "daemon/host_clock.h"
#include "daemon/privs.h"
#include "postfix/postfix_feed.h"
#include "postfix/postfix_site.h"
#include "words/feed.h"

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

/* Who would create it: the daemon that fits this host's Postfix, as
 * `tlstally setup` has it. */
static int no_store(const struct cli *cli, struct err *err)
{
	auto_(postfix_site_free) struct postfix_site *site =
		postfix_site_ask(&cli->conf);
	const char *socket = endpoint_path(cli->conf.events.socket);
	const char *who = "tlstallyd or tlstally-logd creates it";
	struct postfix_feed feed = {.feed = ""};

	if (site->count > 0 && site->instances[0].known)
		postfix_feed_choose(site, socket ? socket : "", &feed);
	if (strcmp(feed.feed, FEED_EVENTS) == 0)
		who = "tlstallyd, which receives the events of this host's "
		      "Postfix, creates it";
	else if (strcmp(feed.feed, FEED_LOG) == 0)
		who = "tlstally-logd, which reads the log of this host's "
		      "Postfix, creates it";
	return err_set(err, ERR_NOTFOUND,
	               "there is no store in %s ([store] directory in %s): %s "
	               "when it starts; `tlstally setup` shows what to do",
	               cli->conf.store.directory,
	               settings_file_path(&cli->args.file), who);
}

/* The one who reads must not make an empty store of a misspelt path.  What may
 * not be looked at is told of by who opens it. */
static int must_exist(const struct cli *cli, const char *data, struct err *err)
{
	struct stat st;

	return stat(data, &st) == 0 || errno != ENOENT ? 0 : no_store(cli, err);
}

static int not_a_reader(const struct identity *owner, struct err *err)
{
	const struct group *group = getgrgid(owner->gid);
	char number[16];

	snprintf(number, sizeof(number), "%u", (unsigned)owner->gid);
	return err_set(err, ERR_IO,
	               "the store is owned by user %s: run this as that user, "
	               "as root, or as a member of group %s",
	               owner->name, group ? group->gr_name : number);
}

int cli_become_owner(struct cli *cli, enum cli_use use, struct err *err)
{
	const char *directory = cli->conf.store.directory;
	auto_(xfree_str) char *data = xasprintf("%s/data.mdb", directory);
	struct identity owner;

	if ((use != CLI_CREATES && must_exist(cli, data, err) < 0) ||
	    privs_store_owner(directory, &owner, err) < 0)
		return err->class;
	if (use != CLI_READS || geteuid() == 0 || geteuid() == owner.uid)
		return privs_become(&owner, NULL, 0, err);
	return eaccess(data, R_OK) == 0 ? 0 : not_a_reader(&owner, err);
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

	if (cli_become_owner(cli, read_only ? CLI_READS : CLI_WRITES, err) <
	            0 ||
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
		if (geteuid() != 0)
			return 0;
		return stat(cli->conf.store.directory, &st) == 0
		               ? cli_become_owner(cli, CLI_CREATES, err)
		               : privs_leave_root(err);
	}
	if (settings_file_read(&cli->args.file, &cli->conf, err) < 0 ||
	    conf_check(&cli->conf, err) < 0 || set_clock(cli, err) < 0)
		return err->class;
	if (needs == NEEDS_READER)
		return cli_become_owner(cli, CLI_READS, err);
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

bool cli_is_chatty(const struct cli *cli)
{
	return !cli->args.json && !cli->args.csv && cli_is_talkative(cli);
}
