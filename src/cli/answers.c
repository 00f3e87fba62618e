#include "cli/answers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/csv.h"
#include "cli/objects.h"
#include "client/jmap_local.h"
#include "client/jmap_remote.h"
#include "show/doc.h"

enum { KEY_FILE_MAX = 4096, OBJECTS_MAX = 100000 };

/* --- who answers --- */

/* The first line of the file. */
static int read_key_file(const char *path, char **key, struct err *err)
{
	auto_(strbuf_clear) struct strbuf text;
	struct span rest, line;

	strbuf_init(&text, KEY_FILE_MAX);
	if (io_read_file(path, &text, err) < 0)
		return err->class;
	rest = span_of(strbuf_text(&text));
	span_split(&rest, '\n', &line);
	line = span_trim(line);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return err_set(err, ERR_PARSE,
		               "%.200s: the first line has no token", path);
	*key = xstrndup(line.at, line.len);
	return 0;
}

static const char *from_environment(const char *given, const char *name)
{
	const char *text = given ? given : getenv(name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static int open_remote(struct cli *cli, const char *url, unsigned wanted,
                       struct err *err)
{
	const struct cli_object_args *given = &cli->args.object;
	auto_(http_client_free) struct http_client *http = NULL;
	auto_(xfree_str) char *key = NULL;
	struct http_client_options options = {
		.url = url,
		.ca_file = given->ca_file,
		.timeout_secs = given->timeout_secs,
	};

	if (given->api_key_file != NULL &&
	    read_key_file(given->api_key_file, &key, err) < 0)
		return err->class;
	options.key =
		key ? key : from_environment(given->api_key, "TLSTALLY_TOKEN");
	if (http_client_open(&options, &http, err) < 0) {
		cli->is_usage = err->class == ERR_PARSE;
		return err->class;
	}
	/* what comes from the network is not to be read with all rights */
	if (geteuid() == 0 && cli_prepare(cli, NEEDS_SETTINGS_IF_ANY, err) < 0)
		return err->class;
	return jmap_remote_open(&http, url, wanted, given->account,
	                        &cli->answers, err);
}

static int open_local(struct cli *cli, bool changes, struct err *err)
{
	struct jmap jmap = {
		.conf = &cli->conf,
		.clock = &cli->clock,
		.doubt = cli->doubt,
		.on_host = true,
	};

	if (cli->db == NULL &&
	    cli_prepare(cli, changes ? NEEDS_STORE_WRITE : NEEDS_STORE_READ,
	                err) < 0)
		return err->class;
	jmap.db = cli->db;
	cli->answers = jmap_local_new(&jmap);
	return 0;
}

/* What goes with --url means nothing without it. */
static int check_options(const struct cli_object_args *given, bool has_url,
                         struct err *err)
{
	const char *name = given->api_key        ? "--api-key"
	                   : given->api_key_file ? "--api-key-file"
	                   : given->ca_file      ? "--ca-file"
	                   : given->account      ? "--account"
	                   : given->timeout_secs ? "--timeout"
	                                         : NULL;

	if (name != NULL && !has_url)
		return err_set(err, ERR_PARSE, "%s requires --url", name);
	return 0;
}

/* "--url ''" is the store, whatever the environment says. */
const char *cli_server(const struct cli *cli)
{
	return from_environment(cli->args.object.url, "TLSTALLY_URL");
}

int cli_answers_open(struct cli *cli, unsigned wanted, bool changes,
                     struct err *err)
{
	const char *url = cli_server(cli);

	if (cli->answers != NULL)
		return 0;
	cli->is_usage = check_options(&cli->args.object, url != NULL, err) < 0;
	if (cli->is_usage)
		return err->class;
	return url != NULL ? open_remote(cli, url, wanted, err)
	                   : open_local(cli, changes, err);
}

/* --- what is asked --- */

int64_t cli_limit(const struct cli *cli)
{
	return cli->args.object.has_limit ? cli->args.object.limit : -1;
}

int cli_view(struct cli *cli, const char *name, const char *id, json_t *args,
             json_t **object, struct err *err)
{
	const struct jmap_noun noun = {name, CAPABILITY_TLSTALLY};
	auto_(json_free) json_t *response = NULL;
	json_t *found;

	if (cli_answers_open(cli, noun.capabilities, false, err) < 0) {
		json_decref(args);
		return err->class;
	}
	args = args ? args : json_object();
	json_object_set_new(args, "ids", json_pack("[s]", id));
	if (jmap_client_call(cli->answers, &noun, "get", args, &response, err) <
	    0)
		return err->class;
	found = json_array_get(json_object_get(response, "list"), 0);
	if (!json_is_object(found))
		return err_set(err, ERR_PARSE, "the response has no %s", name);
	*object = json_incref(found);
	json_object_del(*object, "id");
	return 0;
}

/* A server may go on for ever. */
static int take_part(struct objects_job *job, json_t *objects, struct err *err)
{
	json_t *all = job->arg;

	json_array_extend(all, objects);
	return json_array_size(all) <= OBJECTS_MAX
	               ? 0
	               : err_set(err, ERR_LIMIT, "more than %d objects",
	                         OBJECTS_MAX);
}

int cli_find(struct cli *cli, struct object_order *order, json_t **objects,
             struct err *err)
{
	struct objects_job job = {
		.cli = cli, .order = order, .each_part = take_part};

	order->verb = OBJECT_QUERY;
	job.arg = *objects = json_array();
	if (cli_answers_open(cli, order->type->capabilities, false, err) < 0)
		return err->class;
	return objects_each(&job, order->fields, err);
}

int cli_flush(struct cli *cli, struct err *err)
{
	int rc = 0;

	if (!cli->says_at_once || cli->out.len == 0)
		return 0;
	if (io_write_all(STDOUT_FILENO, cli->out.data, cli->out.len) != 0)
		rc = err_errno(err, ERR_IO, "cannot write to standard output");
	strbuf_reset(&cli->out);
	return rc;
}

void cli_print(struct cli *cli, json_t *doc,
               void (*print)(const json_t *doc, struct strbuf *out))
{
	if (cli->args.json) {
		doc_print(doc, &cli->out);
		return;
	}
	doc_make_safe(doc);
	print(doc, &cli->out);
}

void cli_print_list(struct cli *cli, json_t *doc, const char *list,
                    const char *names,
                    void (*print)(const json_t *doc, struct strbuf *out))
{
	if (cli->args.csv)
		csv_print(doc_get(doc, list), names, &cli->out);
	else
		cli_print(cli, doc, print);
}

void cli_limit_list(const struct cli *cli, json_t *list)
{
	size_t most = cli->args.object.has_limit
	                      ? (size_t)cli->args.object.limit
	                      : SIZE_MAX;

	while (json_array_size(list) > most)
		json_array_remove(list, json_array_size(list) - 1);
}
