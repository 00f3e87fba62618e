/* tlstally lookup: a domain's DNS and policy host, asked now; no store. */
#include "cli/lookup.h"

#include "show/doc.h"
#include "show/lookup_doc.h"
#include "cli/cli.h"
#include "base/arena.h"
#include "base/auto.h"
#include "base/json.h"
#include "policy/crew.h"
#include "policy/discover.h"

int cli_lookup(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	auto_(arena_clear) struct arena arena = {0};
	struct kit_options with = kit_options_of(&cli->conf);
	auto_(kit_close) struct kit kit = {0};
	struct discover_options options = {
		.clock = &cli->clock,
		.dane = true,
		.thorough = true,
	};
	struct domain_view view;

	if (cli->args.resolver != NULL)
		with.resolver.address = cli->args.resolver;
	if (kit_open(&kit, &with, NULL, err) < 0)
		return err->class;
	options.resolver = kit.resolver;
	options.fetcher = kit.fetcher;
	discover(&options, cli->args.domain, NULL, &arena, &view);
	lookup_doc(&view, &arena, doc);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		lookup_print(doc, &cli->out);
	return lookup_verdict(&view, err);
}
