/*
 * tlstally import: days that other hosts exported, or that tlsrpt-collectd
 * counted
 *
 * A database is copied beside the store before it is read: it may come through
 * a pipe, and it may be for root alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/stream.h"
#include "fleet/day_import.h"
#include "fleet/host_name.h"
#include "fleet/tlsrpt_day.h"

enum { READ_BYTES = 64 * 1024 };

/* A file of the command line. */
struct input {
	int fd;
	const char *name;
};

/* What comes of it, and where it goes: to the import, or, of a database, into a
 * file first. */
struct taking {
	struct cli *cli;
	struct day_import *import;
	const char *host; /* our own */
	int copy;         /* -1: it is no database */
	char *copy_path;
	bool began;
};

static int open_copy(struct taking *t, struct err *err)
{
	const char *directory = t->cli->conf.store.directory;
	char *path = xasprintf("%s/import-XXXXXX", directory);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		t->copy_path = path;
	else
		free(path);
	return fd >= 0 ? fd : err_errno(err, ERR_IO, "a copy in %s", directory);
}

static void drop_copy(struct taking *t)
{
	if (t->copy_path == NULL)
		return;
	close(t->copy);
	unlink(t->copy_path);
	xfree_str(&t->copy_path);
	t->copy = -1;
}

static int take(struct taking *t, const char *data, size_t len, struct err *err)
{
	if (!t->began && tlsrpt_day_is_database(data, len)) {
		t->copy = open_copy(t, err);
		if (t->copy < 0)
			return err->class;
	}
	t->began = true;
	if (t->copy < 0)
		return day_import_feed(t->import, data, len, err);
	return io_write_all(t->copy, data, len) == 0
	               ? 0
	               : err_errno(err, ERR_IO, "a copy in %s",
	                           t->cli->conf.store.directory);
}

static int feed(void *import, const char *data, size_t len, struct err *err)
{
	return day_import_feed(import, data, len, err);
}

/* Whose day it is: this host's own counts are another host's beside it. */
static int collector_name(const struct taking *t, char out[DOMAIN_TEXT],
                          struct err *err)
{
	const char *given = t->cli->args.host;
	auto_(xfree_str) char *name =
		given != NULL ? xstrdup(given)
			      : xasprintf("tlsrpt-collectd.%s", t->host);

	if (domain_canonical(name, strlen(name), out, err) < 0)
		return err_prefix(err, given != NULL
		                               ? "--host"
		                               : "name the host with --host");
	return 0;
}

static int take_database(struct taking *t, const char *name, struct err *err)
{
	const struct conf *conf = &t->cli->conf;
	char host[DOMAIN_TEXT];
	const struct tlsrpt_day_options options = {
		.host = host,
		.now = clock_secs(&t->cli->clock),
		.caps = {.max_policies = conf->store.max_policies,
	                 .max_details = conf->store.max_details},
	};
	auto_(tlsrpt_day_close) struct tlsrpt_day *day = NULL;
	struct tlsrpt_day_result result;

	if (collector_name(t, host, err) < 0 ||
	    tlsrpt_day_open(&day, t->copy_path, err) < 0)
		return err->class;
	drop_copy(t);
	if (tlsrpt_day_read(day, &options, feed, t->import, &result, err) < 0)
		return err->class;
	if (result.unreadable > 0)
		log_warning("%s: %" PRIu64 " domains are left out, the first: "
		            "%s",
		            name, result.unreadable, result.first);
	if (result.other_days > 0)
		log_warning("%s: %" PRIu64 " rows are of other days, and left "
		            "out",
		            name, result.other_days);
	return 0;
}

static int read_input(struct taking *t, gzFile gzip, const char *name,
                      struct err *err)
{
	auto_(xfree_str) char *buffer = xmalloc(READ_BYTES);
	int n, code = Z_OK;

	while ((n = gzread(gzip, buffer, READ_BYTES)) > 0)
		if (take(t, buffer, (size_t)n, err) < 0)
			return err_prefix(err, "%s", name);
	gzerror(gzip, &code);
	if (n == 0 && code != Z_BUF_ERROR && t->copy >= 0 &&
	    take_database(t, name, err) < 0)
		return err_prefix(err, "%s", name);
	if (n == 0 && code != Z_BUF_ERROR)
		return 0;
	return err_set(err, ERR_PARSE, "%s: %s", name,
	               code == Z_ERRNO       ? strerror(errno)
	               : code == Z_BUF_ERROR ? "the file is cut off"
	                                     : "the file is damaged");
}

static void tell(struct cli *cli, const struct day_import_result *result)
{
	static const char *const did[] = {
		[DAY_IMPORT_NEW] = "imported",
		[DAY_IMPORT_REPLACED] = "imported in place of what was here",
		[DAY_IMPORT_SAME] = "was here already",
	};
	char day[DAY_TEXT];

	day_format(result->head.day, day);
	if (cli_is_talkative(cli))
		strbuf_printf(&cli->out,
		              "%s of %s: %s; %" PRIu64 " domains, %" PRIu64
		              " sessions, %" PRIu64 " of them failed\n",
		              day, result->head.host, did[result->what],
		              result->totals.domains,
		              result->totals.success + result->totals.failure +
		                      result->totals.unjudged,
		              result->totals.failure);
	if (result->late)
		log_warning("%s of %s: it came late: reports of that day were "
		            "made without it",
		            day, result->head.host);
	if (result->head.reports)
		log_warning("%s makes reports of its own, so sites get two: "
		            "set [report] mode = off there",
		            result->head.host);
}

static int import_one(struct cli *cli, const char *host,
                      const struct input *input, struct err *err)
{
	const int64_t now = clock_secs(&cli->clock);
	const struct day_import_options options = {
		.host = host,
		.now = now,
		.oldest = day_of(now) - (int32_t)cli->conf.store.keep_days,
		.replace = cli->args.replace,
	};
	auto_(day_import_free) struct day_import *import =
		day_import_new(cli->db, &options);
	struct taking taking = {cli, import, host, -1, NULL, false};
	struct day_import_result result;
	gzFile gzip = gzdopen(input->fd, "rb");
	int rc;

	if (gzip == NULL)
		return err_set(err, ERR_IO, "%s: no memory", input->name);
	rc = read_input(&taking, gzip, input->name, err);
	gzclose(gzip);
	drop_copy(&taking);
	if (rc == 0 && day_import_finish(import, &result, err) < 0)
		rc = err_prefix(err, "%s", input->name);
	if (rc == 0)
		tell(cli, &result);
	return rc;
}

/* All are opened before root becomes the owner of the store. */
static int open_inputs(struct cli *cli, struct input *inputs, struct err *err)
{
	const struct cli_list *files = &cli->args.files;

	for (size_t i = 0; i < files->count; i++) {
		inputs[i].fd = stream_open_input(
			cli, files->at[i], "import FILE", &inputs[i].name, err);
		if (inputs[i].fd < 0)
			return err->class;
	}
	return 0;
}

/* One that is refused does not keep the others out. */
int cli_import(struct cli *cli, struct err *err)
{
	struct input inputs[CLI_LIST_MAX];
	const struct cli_list *files = &cli->args.files;
	char host[DOMAIN_TEXT];
	int first = 0;

	if (open_inputs(cli, inputs, err) < 0 ||
	    fleet_host_name(&cli->conf, host, err) < 0 ||
	    cli_become_owner(cli, CLI_CREATES, err) < 0 ||
	    cli_open_store(cli, false, err) < 0)
		return err->class;
	for (size_t i = 0; i < files->count; i++) {
		struct err why = {0};

		if (import_one(cli, host, &inputs[i], &why) == 0)
			continue;
		if (first == 0)
			*err = why;
		else
			log_error("%s", why.text);
		first = err->class;
	}
	return first;
}
