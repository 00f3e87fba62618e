/*
 * tlstally export: a day that is over, in gzip, for the host that reports
 *
 * The file belongs to whoever gave the command; the store is read by its owner,
 * in a child (see cli/backup.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/auto.h"
#include "base/child.h"
#include "base/log.h"
#include "base/new_file.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "cli/stream.h"
#include "fleet/day_export.h"
#include "fleet/host_name.h"
#include "store/journal_apply.h"

enum { EXPORT_MODE = 0640 };

struct exporting {
	struct cli *cli;
	int fd;
	const char *name; /* of the file */
	gzFile gzip;
};

static int fail(const struct exporting *e, struct err *err)
{
	int code = Z_ERRNO;
	const char *words = gzerror(e->gzip, &code);

	return err_set(err, ERR_IO, "%s: %s", e->name,
	               code == Z_ERRNO ? strerror(errno) : words);
}

static int write_lines(void *arg, const char *data, size_t len, struct err *err)
{
	struct exporting *e = arg;

	return gzwrite(e->gzip, data, (unsigned)len) == (int)len ? 0
	                                                         : fail(e, err);
}

/* What went wrong or is missing is told, for it is told nowhere else. */
static void warn(const struct exporting *e,
                 const struct day_export_result *result)
{
	if (result->behind[0] != '\0')
		log_warning("%s: the day is exported without all of it: %s",
		            e->name, result->behind);
	if (result->totals.waiting > 0)
		log_warning("%s: %" PRIu64 " domains still wait for their "
		            "policies: export the day again later",
		            e->name, result->totals.waiting);
	if (e->cli->conf.report.mode != MODE_OFF)
		log_warning("this host makes reports of its own, so sites "
		            "would get two: set [report] mode = off");
}

static int export_as_owner(void *arg, struct err *err)
{
	struct exporting *e = arg;
	struct cli *cli = e->cli;
	const struct tally_limits limits = {
		.max_policies = cli->conf.store.max_policies,
		.max_details = cli->conf.store.max_details,
	};
	const int32_t day = cli_day_asked(cli);
	struct day_export_result result;
	char host[DOMAIN_TEXT];

	/* applied before, or tlstallyd would do it meanwhile: the day would
	 * not be what it was when the export began */
	if (fleet_host_name(&cli->conf, host, err) < 0 ||
	    cli_open_store(cli, false, err) < 0 ||
	    journal_apply_days(cli->db, day, day, &limits, err) < 0 ||
	    day_export(cli->db, &cli->conf, &cli->clock, host, day, write_lines,
	               e, &result, err) < 0)
		return err->class;
	db_close(&cli->db);
	warn(e, &result);
	return 0;
}

static int export_to(struct exporting *e, struct err *err)
{
	int fd = dup(e->fd), rc;

	if (fd < 0)
		return err_errno(err, ERR_IO, "%s", e->name);
	e->gzip = gzdopen(fd, "wb");
	if (e->gzip == NULL) {
		close(fd);
		return err_set(err, ERR_IO, "%s: no memory", e->name);
	}
	rc = export_as_owner(e, err);
	if (rc == 0 && gzclose(e->gzip) != Z_OK)
		return err_errno(err, ERR_IO, "%s", e->name);
	if (rc < 0)
		gzclose(e->gzip);
	return rc;
}

static int in_child(void *arg, struct err *err)
{
	return export_to(arg, err);
}

int cli_export(struct cli *cli, struct err *err)
{
	auto_(new_file_drop) struct new_file *file = NULL;
	const char *path = cli->args.path;
	struct exporting e = {cli, STDOUT_FILENO, "standard output", NULL};
	int rc;

	if (!cli->args.has_day)
		cli->args.day = CLI_DAY_YESTERDAY;

	if (path == NULL || strcmp(path, "-") == 0) {
		if (stream_refuse_terminal(cli, e.fd, e.name, "export FILE",
		                           err) < 0 ||
		    stream_check_output(err) < 0)
			return err->class;
		return child_run(in_child, &e, err);
	}
	if (new_file_open(&file, path, EXPORT_MODE, cli->args.force, err) < 0)
		return err->class;
	e.fd = new_file_fd(file);
	e.name = path;
	rc = child_run(in_child, &e, err);
	return rc < 0 ? rc : new_file_commit(file, err);
}
