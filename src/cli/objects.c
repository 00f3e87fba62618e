/* tlstally get, query, create, update, delete: an order (object_order.h), made
 * calls of, answered by the store or by a server. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/objects.h"
#include "client/jmap_local.h"
#include "client/jmap_remote.h"
#include "cli/object_print.h"
#include "cli/object_type.h"
#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "base/log.h"
#include "base/span.h"
#include "base/xalloc.h"

enum { KEY_FILE_MAX = 4096 };

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
		               "%.200s: no key in its first line", path);
	*key = xstrndup(line.at, line.len);
	return 0;
}

static const char *from_environment(const char *given, const char *name)
{
	const char *text = given ? given : getenv(name);

	return text != NULL && text[0] != '\0' ? text : NULL;
}

static int open_remote(struct cli *cli, const char *url,
                       const struct object_order *order,
                       struct jmap_transport **transport, struct err *err)
{
	const struct cli_object_args *given = &cli->args.object;
	auto_(http_client_free) struct http_client *http = NULL;
	auto_(xfree_str) char *key = NULL;
	struct http_options options = {
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
	return jmap_remote_open(&http, url, order->type, given->account,
	                        transport, err);
}

static int open_local(struct cli *cli, const struct object_order *order,
                      struct jmap_transport **transport, struct err *err)
{
	bool reads = order->verb == OBJECT_GET || order->verb == OBJECT_QUERY;
	struct jmap jmap = {.conf = &cli->conf, .clock = &cli->clock};

	if (cli_prepare(cli, reads ? NEEDS_STORE_READ : NEEDS_STORE_WRITE,
	                err) < 0)
		return err->class;
	jmap.db = cli->db;
	*transport = jmap_local_new(&jmap);
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

	if (given->api_key != NULL && given->api_key_file != NULL)
		return err_set(err, ERR_PARSE,
		               "--api-key or --api-key-file: not both");
	if (name != NULL && !has_url)
		return err_set(err, ERR_PARSE,
		               "%s is for a server, and no --url names one",
		               name);
	return 0;
}

/* "--url ''" is the store, whatever the environment says. */
static int open_transport(struct cli *cli, const struct object_order *order,
                          struct jmap_transport **transport, struct err *err)
{
	const char *url =
		from_environment(cli->args.object.url, "TLSTALLY_URL");

	cli->is_usage = check_options(&cli->args.object, url != NULL, err) < 0;
	if (cli->is_usage)
		return err->class;
	return url != NULL ? open_remote(cli, url, order, transport, err)
	                   : open_local(cli, order, transport, err);
}

static int run(struct cli *cli, enum object_verb verb,
               int (*perform)(struct object_job *job, struct err *err),
               struct err *err)
{
	auto_(object_order_clear) struct object_order order = {0};
	auto_(jmap_transport_free) struct jmap_transport *transport = NULL;
	struct object_job job = {.cli = cli, .order = &order};

	if (object_order_read(&cli->args, verb, &order, err) < 0) {
		cli->is_usage = err->class != ERR_IO;
		return err->class;
	}
	if (open_transport(cli, &order, &transport, err) < 0)
		return err->class;
	job.transport = transport;
	return perform(&job, err);
}

int cli_object_get(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_GET, object_job_get, err);
}

int cli_object_query(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_QUERY, object_job_query, err);
}

int cli_object_create(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_CREATE, object_job_create, err);
}

int cli_object_update(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_UPDATE, object_job_update, err);
}

int cli_object_delete(struct cli *cli, struct err *err)
{
	return run(cli, OBJECT_DELETE, object_job_delete, err);
}
