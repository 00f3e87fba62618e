/*
 * tlstally import-tlsrpt: the settings of tlsrpt-reporter as ours
 *
 * The settings go to standard output, or into a file that is not there yet;
 * what has no counterpart goes to standard error, a line each.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/log.h"
#include "base/new_file.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/stream.h"
#include "rollup/lists.h"
#include "setup/tlsrpt_import.h"
#include "setup/tlsrpt_ini.h"

enum { MODE = 0644, LONGEST = TLSRPT_FILE_MAX + 1 };

/* A path that is not absolute is that of the file which names it. */
static int read_map(void *arg, const char *named_in, const char *path,
                    struct strbuf *out, struct err *err)
{
	const char *slash = strrchr(named_in, '/');
	auto_(xfree_str) char *whole =
		path[0] == '/' || slash == NULL
			? xstrdup(path)
			: xasprintf("%.*s/%s", (int)(slash - named_in),
	                            named_in, path);

	(void)arg;
	strbuf_init(out, LONGEST);
	return io_read_file(whole, out, err);
}

static int read_one(struct cli *cli, const char *path, struct strbuf *text,
                    struct tlsrpt_file *file, struct err *err)
{
	int fd = stream_open_input(cli, path, "import-tlsrpt FILE", &file->name,
	                           err);

	if (fd < 0)
		return err->class;
	strbuf_init(text, LONGEST);
	if (io_read_all(fd, text) < 0)
		err_errno(err, ERR_IO, "%s", file->name);
	else
		err->class = 0;
	if (fd != STDIN_FILENO)
		close(fd);
	file->text = strbuf_text(text);
	file->len = text->len;
	return err->class;
}

static int write_file(struct cli *cli, const struct strbuf *settings,
                      struct err *err)
{
	auto_(new_file_drop) struct new_file *file = NULL;
	const char *path = cli->args.into;

	if (new_file_open(&file, path, MODE, false, err) < 0)
		return err->class;
	if (io_write_all(new_file_fd(file), settings->data, settings->len) < 0)
		return err_errno(err, ERR_IO, "%s", path);
	return new_file_commit(file, err);
}

/* What our own check has against the result, but for the files and users that
 * only the host on which it is used can have. */
static void check_result(const struct strbuf *settings)
{
	auto_(conf_clear) struct conf conf;
	auto_(lists_free) struct lists *lists = NULL;
	struct err err = {0};

	conf_init(&conf);
	if (conf_read_text(&conf, "the result", settings->data, settings->len,
	                   &err) < 0 ||
	    conf_check(&conf, &err) < 0 || lists_new(&lists, &conf, &err) < 0)
		log_warning("%s", err.text);
	for (size_t i = 0; i < conf.remarks.count; i++)
		log_warning("%s", conf.remarks.items[i]);
}

int cli_import_tlsrpt(struct cli *cli, struct err *err)
{
	static const struct tlsrpt_import_options options = {.read = read_map};
	const struct cli_list *names = &cli->args.files;
	auto_(conf_list_clear) struct conf_list remarks = {0};
	auto_(strbuf_clear) struct strbuf settings = {0};
	struct tlsrpt_file files[CLI_LIST_MAX];
	struct strbuf texts[CLI_LIST_MAX];
	int rc = 0;

	memset(texts, 0, sizeof(texts));
	for (size_t i = 0; rc == 0 && i < names->count; i++)
		rc = read_one(cli, names->at[i], &texts[i], &files[i], err);
	if (rc == 0)
		rc = tlsrpt_import(files, names->count, &options, &settings,
		                   &remarks, err);
	for (size_t i = 0; i < remarks.count; i++)
		log_warning("%s", remarks.items[i]);
	if (rc == 0)
		check_result(&settings);
	if (rc == 0 && cli->args.into != NULL)
		rc = write_file(cli, &settings, err);
	else if (rc == 0)
		strbuf_add(&cli->out, settings.data, settings.len);
	for (size_t i = 0; i < names->count; i++)
		strbuf_clear(&texts[i]);
	return rc;
}
