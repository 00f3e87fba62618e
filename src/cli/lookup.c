/* tlstally lookup: a domain's DNS and policy host, asked now; no store. */
#include "cli/lookup.h"

#include <string.h>

#include "show/doc.h"
#include "show/lookup_doc.h"
#include "cli/cli.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/domain.h"
#include "policy/discover.h"

/* What a look-up needs; opened for this one. */
struct tools {
	struct resolver *resolver;
	struct sts_fetcher *fetcher;
};

static void tools_close(struct tools *tools)
{
	if (tools->fetcher != NULL)
		tools->fetcher->free(&tools->fetcher);
	if (tools->resolver != NULL)
		tools->resolver->free(&tools->resolver);
}

static int tools_open(const struct cli *cli, struct tools *tools,
                      struct err *err)
{
	const struct conf *conf = &cli->conf;
	struct resolver_options resolver = {
		.address = cli->args.resolver != NULL ? cli->args.resolver
	                                              : conf->policy.resolver,
		.trust_ad = conf->policy.trust_ad,
		.timeout_ms = conf->policy.timeout_ms,
	};
	struct sts_fetch_options fetch = {
		.ca_file = conf->policy.sts_ca_file,
		.allow_private = conf->policy.allow_private,
	};

	if (resolver_ldns_open(&resolver, &tools->resolver, err) < 0)
		return err->class;
	fetch.resolver = tools->resolver;
	return sts_fetch_open(&fetch, &tools->fetcher, err);
}

int cli_lookup(struct cli *cli, struct err *err)
{
	const char *operand = cli->args.operands[0];
	auto_(json_free) json_t *doc = json_object();
	auto_(arena_clear) struct arena arena = {0};
	auto_(tools_close) struct tools tools = {0};
	struct discover_options options = {
		.clock = &cli->clock,
		.dane = true,
		.thorough = true,
	};
	struct domain_view view;
	char domain[DOMAIN_TEXT];

	if (domain_canonical(operand, strlen(operand), domain, err) < 0 ||
	    tools_open(cli, &tools, err) < 0)
		return err->class;
	options.resolver = tools.resolver;
	options.fetcher = tools.fetcher;
	discover(&options, domain, NULL, &arena, &view);
	lookup_doc(&view, &arena, doc);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		lookup_print(doc, &cli->out);
	return lookup_verdict(&view, err);
}
