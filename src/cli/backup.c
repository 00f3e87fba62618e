/*
 * tlstally check-store, rebuild, backup and restore: the store as a file
 *
 * The file of a backup belongs to whoever gave the command.  So it is opened
 * before root becomes the owner of the store, who may not write it, or read
 * it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/child.h"
#include "base/err.h"
#include "base/json.h"
#include "base/new_file.h"
#include "cli/cli.h"
#include "cli/stream.h"
#include "show/doc.h"
#include "store/received_compare.h"
#include "store/derived.h"
#include "store/store_check.h"
#include "store/tally_aside.h"
#include "store/tally_table.h"

enum { BACKUP_MODE = 0640 };

/* What was found, for people; with --json for a program, too. */
struct findings {
	struct cli *cli;
	json_t *faults, *notes; /* NULL: without --json */
	uint64_t rows;          /* of the journal of counts, among the faults */
};

static void tell(struct findings *findings, json_t *list, const char *table,
                 const char *words)
{
	json_t *item;

	if (list == NULL) {
		strbuf_printf(&findings->cli->out, "%s%s%s%s\n",
		              *table ? "table " : "", table, *table ? ": " : "",
		              words);
		return;
	}
	item = doc_row(list);
	doc_set(item, "table", table);
	doc_set(item, "words", words);
}

static void on_fault(void *arg, const char *table, const char *words)
{
	struct findings *findings = arg;

	tell(findings, findings->faults, table, words);
	findings->rows += strcmp(table, db_table_name(TABLE_JOURNAL)) == 0;
}

static void on_note(void *arg, const char *table, const char *words)
{
	struct findings *findings = arg;

	tell(findings, findings->notes, table, words);
}

/* What mends it is more than a backup in two cases. */
static int tell_remedy(const struct findings *findings,
                       const struct store_check *check, struct err *err)
{
	uint64_t others =
		check->faults - check->derived_faults - findings->rows;

	if (others > 0)
		return err_set(err, ERR_IO,
		               "data.mdb is damaged in %" PRIu64
		               " places: restore a backup (tlstally restore "
		               "FILE)",
		               check->faults);
	if (check->derived_faults > 0)
		return err_set(err, ERR_IO,
		               "sums and indexes differ from their rows in "
		               "%" PRIu64 " places: make them anew (tlstally "
		               "rebuild)",
		               check->derived_faults);
	return err_set(err, ERR_IO,
	               "%" PRIu64 " row%s of the journal of counts cannot be "
	               "read: what %s counted is missing, and nothing else; "
	               "tlstallyd or tlstally run sets %s aside",
	               findings->rows, findings->rows == 1 ? "" : "s",
	               findings->rows == 1 ? "it" : "they",
	               findings->rows == 1 ? "it" : "them");
}

static int print_check(const struct findings *findings,
                       const struct store_check *check, json_t *doc,
                       struct err *err)
{
	struct cli *cli = findings->cli;

	json_set_uint(doc, "tables", check->tables);
	json_set_uint(doc, "rows", check->rows);
	json_set_uint(doc, "pages", check->pages);
	json_set_uint(doc, "freePages", check->free_pages);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	if (check->faults > 0)
		return tell_remedy(findings, check, err);
	if (!cli->args.json)
		strbuf_printf(&cli->out,
		              "no damage found: %" PRIu64 " rows in %" PRIu64
		              " tables, %" PRIu64 " pages\n",
		              check->rows, check->tables, check->pages);
	return 0;
}

/* The store, or a backup of one in a directory that may be written to. */
static int check_store(struct cli *cli, const char *directory,
                       const struct db_backup *backup, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	struct findings findings = {.cli = cli};
	struct store_check check = {
		.fault = on_fault, .note = on_note, .arg = &findings};
	const struct db_options options = {
		.directory = directory,
		.map_size = cli->conf.store.map_size,
		.read_only = true,
	};
	int rc;

	if (cli->args.json) {
		findings.faults = doc_array(doc, "faults");
		findings.notes = doc_array(doc, "notes");
	}
	rc = backup == NULL ? store_check_run(&check, &options, err)
	                    : store_check_backup(&check, &options, backup, err);
	return rc < 0 ? rc : print_check(&findings, &check, doc, err);
}

int cli_check_store(struct cli *cli, struct err *err)
{
	return check_store(cli, cli->conf.store.directory, NULL, err);
}

static bool next_day(struct cli *cli, int32_t *day)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);

	return tally_day_next(txn, day) > 0;
}

int cli_rebuild(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	uint64_t days = 0;
	int32_t day = 0;
	int rc = 0, outbox, received;

	while (rc >= 0 && next_day(cli, &day)) {
		rc = tally_aside_day(cli->db, day++, err);
		days += rc > 0;
	}
	outbox = rc < 0 ? rc : derived_rebuild_outbox(cli->db, err);
	if (outbox < 0)
		return outbox;
	received = received_rebuild(cli->db, err);
	if (received < 0)
		return received;
	json_set_uint(doc, "days", days);
	json_set_bool(doc, "outbox", outbox > 0);
	json_set_bool(doc, "received", received > 0);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else if (days == 0 && outbox == 0 && received == 0)
		strbuf_puts(&cli->out,
		            "all sums and indexes are those of their rows\n");
	else
		strbuf_printf(&cli->out,
		              "made anew: sums and indexes of %" PRIu64
		              " days%s%s\n",
		              days, outbox > 0 ? ", of the outbox" : "",
		              received > 0 ? ", of received reports" : "");
	return 0;
}

static int open_backup(struct cli *cli, struct db_backup *backup,
                       struct err *err)
{
	backup->fd = stream_open_input(cli, cli->args.path, "restore FILE",
	                               &backup->name, err);
	return backup->fd < 0 ? backup->fd : 0;
}

/* Where the copy is looked at: beside the store, where there is room for it, or
 * for those who may only read it where everybody may write. */
static const char *place_to_check(const struct cli *cli)
{
	const char *directory = cli->conf.store.directory;
	const char *temporary = getenv("TMPDIR");

	if (access(directory, W_OK) == 0)
		return directory;
	return temporary != NULL && temporary[0] != '\0' ? temporary
	                                                 : "/var/tmp";
}

static int check_backup(struct cli *cli, struct err *err)
{
	struct db_backup backup;

	if (open_backup(cli, &backup, err) < 0)
		return err->class;
	/* what is in the file is not to be read with all rights */
	if (geteuid() == 0 && cli_become_owner(cli, CLI_READS, err) < 0)
		return err->class;
	return check_store(cli, place_to_check(cli), &backup, err);
}

struct copying {
	struct cli *cli;
	int fd;
	const char *name;
};

static int copy_as_owner(void *arg, struct err *err)
{
	struct copying *copying = arg;
	struct cli *cli = copying->cli;

	if (cli_open_store(cli, true, err) < 0 ||
	    db_copy(cli->db, copying->fd, copying->name, err) < 0)
		return err->class;
	db_close(&cli->db);
	return 0;
}

/* The child becomes the owner of the store; we stay who may rename the file, or
 * remove it when the child is killed. */
static int copy_store(struct cli *cli, int fd, const char *name,
                      struct err *err)
{
	struct copying copying = {cli, fd, name};
	int rc = child_run(copy_as_owner, &copying, err);

	return rc == ERR_UNCERTAIN ? err_prefix(err, "the store is not copied")
	                           : rc;
}

static int backup_to_output(struct cli *cli, struct err *err)
{
	static const char name[] = "standard output";

	if (stream_refuse_terminal(cli, STDOUT_FILENO, name, "backup - >FILE",
	                           err) < 0 ||
	    stream_check_output(err) < 0)
		return err->class;
	return copy_store(cli, STDOUT_FILENO, name, err);
}

int cli_backup(struct cli *cli, struct err *err)
{
	auto_(new_file_drop) struct new_file *file = NULL;
	const char *path = cli->args.path;

	if (cli->args.check)
		return check_backup(cli, err);
	if (strcmp(path, "-") == 0)
		return backup_to_output(cli, err);
	if (new_file_open(&file, path, BACKUP_MODE, cli->args.force, err) < 0 ||
	    copy_store(cli, new_file_fd(file), path, err) < 0 ||
	    new_file_commit(file, err) < 0)
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
	struct db_backup backup;
	int kept;

	if (open_backup(cli, &backup, err) < 0 ||
	    cli_become_owner(cli, CLI_CREATES, err) < 0)
		return err->class;
	kept = db_restore(&options, &backup, err);
	if (kept < 0)
		return kept;
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out, "%s was restored to %s%s\n",
		              backup.name, options.directory,
		              kept ? "; the previous store was kept there as "
		                     "data.mdb.before"
		                   : "");
	return 0;
}
