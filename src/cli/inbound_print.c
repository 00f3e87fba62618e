/* The document of inbound as text. */
#include "cli/inbound.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "show/doc.h"
#include "cli/table.h"
#include "base/auto.h"

enum { SHARE_TEXT = 32 };

/* "12.5 %"; what is there never reads as 0. */
static void put_share(uint64_t part, uint64_t all, char text[SHARE_TEXT])
{
	unsigned tenths =
		all > 0 ? (unsigned)(1000.0 * (double)part / (double)all) : 0;

	if (part > 0 && tenths == 0)
		snprintf(text, SHARE_TEXT, "< 0.1 %%");
	else
		snprintf(text, SHARE_TEXT, "%u.%u %%", tenths / 10,
		         tenths % 10);
}

static void print_days(const json_t *doc, struct strbuf *out)
{
	const char *first = doc_text(doc, "firstDay");
	const char *last = doc_text(doc, "lastDay");

	strbuf_puts(out, first);
	if (strcmp(first, last) != 0)
		strbuf_printf(out, " to %s", last);
}

static void put_mix(struct table *table, const json_t *item)
{
	static const char *const names[] = {"messages", "clear", "oldTls",
	                                    "tls12", "tls13"};
	char share[SHARE_TEXT];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_number(table, doc_number(item, names[i]));
	put_share(doc_number(item, "weak"), doc_number(item, "messages"),
	          share);
	table_text(table, share);
}

static void print_domains(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"mail to", TABLE_LEFT},   {"from other sites", TABLE_RIGHT},
		{"in clear", TABLE_RIGHT}, {"TLS < 1.2", TABLE_RIGHT},
		{"TLS 1.2", TABLE_RIGHT},  {"TLS 1.3", TABLE_RIGHT},
		{"weak", TABLE_RIGHT},     {"own users", TABLE_RIGHT},
	};
	auto_(table_free) struct table *table = table_new(columns, 8);
	const json_t *item;
	uint64_t filtered = 0;
	size_t i;

	print_days(doc, out);
	strbuf_puts(out, ": messages that came in\n");
	json_array_foreach (doc_get(doc, "domains"), i, item) {
		table_text(table, doc_text(item, "domain"));
		put_mix(table, item);
		table_number(table, doc_number(item, "submitted"));
		filtered += doc_number(item, "filtered");
	}
	table_print(table, "", out);
	if (filtered > 0)
		strbuf_printf(out,
		              "A before-queue filter handed back %" PRIu64
		              " more: how these came in is not seen.\n",
		              filtered);
	strbuf_puts(out, "weak: in clear text, or with TLS older than 1.2.  "
	                 "`tlstally inbound DOMAIN` says who.\n");
}

/* Those with weak messages, or those without; at most so many. */
static void print_senders(const json_t *doc, bool weak, size_t most,
                          const char *title, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"sender", TABLE_LEFT},    {"messages", TABLE_RIGHT},
		{"in clear", TABLE_RIGHT}, {"TLS < 1.2", TABLE_RIGHT},
		{"TLS 1.2", TABLE_RIGHT},  {"TLS 1.3", TABLE_RIGHT},
		{"weak", TABLE_RIGHT},
	};
	auto_(table_free) struct table *table = table_new(columns, 7);
	const json_t *item;
	size_t i, count = 0;

	json_array_foreach (doc_get(doc, "senders"), i, item) {
		if ((doc_number(item, "weak") > 0) != weak || count++ >= most)
			continue;
		table_text(table, doc_text(item, "sender"));
		put_mix(table, item);
	}
	if (count == 0)
		return;
	strbuf_puts(out, title);
	table_print(table, "  ", out);
	if (count > most)
		strbuf_printf(out, "  and %zu more; --json lists all\n",
		              count - most);
}

enum clients { OTHER_SITES, OUR_OWN, FILTER };

static enum clients clients_of(const char *client)
{
	if (strcmp(client, "mx") == 0)
		return OTHER_SITES;
	return strcmp(client, "filter") == 0 ? FILTER : OUR_OWN;
}

static void print_ways(const json_t *doc, enum clients clients,
                       const char *title, struct strbuf *out)
{
	static const struct table_column columns[] = {
		{"messages", TABLE_RIGHT},
		{"client", TABLE_LEFT},
		{"TLS", TABLE_LEFT},
		{"bits", TABLE_RIGHT},
		{"its certificate", TABLE_LEFT},
		{"cipher", TABLE_LEFT},
	};
	auto_(table_free) struct table *table = table_new(columns, 6);
	const json_t *item;
	size_t i, count = 0;

	json_array_foreach (doc_get(doc, "ways"), i, item) {
		const char *client = doc_text(item, "client");

		if (clients_of(client) != clients)
			continue;
		count++;
		table_number(table, doc_number(item, "messages"));
		table_text(table,
		           clients == OTHER_SITES ? "other site" : client);
		table_text(table, doc_text(item, "tls"));
		table_number(table, doc_number(item, "bits"));
		table_text(table, doc_text(item, "certificate"));
		table_text(table, doc_text(item, "cipher"));
	}
	if (count == 0)
		return;
	strbuf_puts(out, title);
	table_print(table, "  ", out);
}

static void print_domain(const json_t *doc, struct strbuf *out)
{
	print_days(doc, out);
	strbuf_printf(out, ": messages that came in for %s\n",
	              doc_text(doc, "domain"));
	print_senders(doc, true, SIZE_MAX,
	              "\nstill without TLS, or with TLS older than 1.2\n", out);
	print_senders(doc, false, INBOUND_GOOD_SHOWN,
	              "\nalways with TLS 1.2 or newer\n", out);
	print_ways(doc, OTHER_SITES, "\nhow other sites deliver\n", out);
	print_ways(doc, OUR_OWN, "\nhow our own users and programs hand in\n",
	           out);
	print_ways(doc, FILTER,
	           "\nhow a before-queue filter hands back, whoever sent it\n",
	           out);
}

void inbound_print(const json_t *doc, struct strbuf *out)
{
	if (json_is_array(json_object_get(doc, "domains")))
		print_domains(doc, out);
	else
		print_domain(doc, out);
}
