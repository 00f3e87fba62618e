/* tlstally import: days that other hosts exported. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/stream.h"
#include "fleet/day_import.h"
#include "fleet/host_name.h"

enum { READ_BYTES = 64 * 1024 };

/* A file of the command line. */
struct input {
	int fd;
	const char *name;
};

static int read_input(struct day_import *import, gzFile gzip, const char *name,
                      struct err *err)
{
	auto_(xfree_str) char *buffer = xmalloc(READ_BYTES);
	int n, code = Z_OK;

	while ((n = gzread(gzip, buffer, READ_BYTES)) > 0)
		if (day_import_feed(import, buffer, (size_t)n, err) < 0)
			return err_prefix(err, "%s", name);
	gzerror(gzip, &code);
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
	struct day_import_result result;
	gzFile gzip = gzdopen(input->fd, "rb");
	int rc;

	if (gzip == NULL)
		return err_set(err, ERR_IO, "%s: no memory", input->name);
	rc = read_input(import, gzip, input->name, err);
	gzclose(gzip);
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
