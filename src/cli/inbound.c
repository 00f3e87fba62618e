/* tlstally inbound: how mail came in, summed up over some days by our domain,
 * or for one domain by sender and by the way it came. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/answers.h"
#include "cli/objects.h"
#include "cli/cli.h"
#include "cli/day.h"
#include "cli/table.h"
#include "inmail/inbound.h"
#include "show/doc.h"
#include "words/words.h"

enum {
	DAYS_SHOWN = 7,
	GOOD_SHOWN = 20, /* senders that deliver well are many */
};

/* No domain has such a name. */
#define NULL_SENDER "<>"
#define OTHER_SENDERS "(others)"

/* --- sums --- */

/* What counts as one line of the sums, by its name. */
static json_t *line_of(json_t *sums, const char *member, const char *name)
{
	json_t *line = json_object_get(sums, name);

	if (line != NULL)
		return line;
	line = doc_object(sums, name);
	doc_set(line, member, name);
	return line;
}

static void add_number(json_t *line, const char *member, uint64_t n)
{
	json_set_uint(line, member, doc_number(line, member) + n);
}

/* A version that only a later server knows is another one. */
static const char *member_of(const char *tls)
{
	int version = word_find(&words_tls, tls);

	if (version == INBOUND_CLEAR)
		return "clear";
	if (version == INBOUND_TLS12)
		return "tls12";
	if (version == INBOUND_TLS13)
		return "tls13";
	return version >= 0 && inbound_is_weak(version) ? "oldTls" : "otherTls";
}

/* What a line has beside its name, also where it is 0; of a sender the last
 * two say nothing. */
static const char *const mix_members[] = {"clear",   "oldTls",   "tls12",
                                          "tls13",   "otherTls", "submitted",
                                          "filtered"};
enum { OF_OTHER_SITES = 5, OF_ALL = 7 };

static void add_mix(json_t *line, const json_t *more, size_t members)
{
	uint64_t messages = 0;

	for (size_t i = 0; i < members; i++) {
		add_number(line, mix_members[i],
		           doc_number(more, mix_members[i]));
		if (i < OF_OTHER_SITES)
			messages += doc_number(line, mix_members[i]);
	}
	json_set_uint(line, "messages", messages);
	json_set_uint(line, "weak",
	              doc_number(line, "clear") + doc_number(line, "oldTls"));
}

static void add_sender(json_t *senders, const json_t *outcome)
{
	const char *name = doc_text(outcome, "sender");
	auto_(json_free) json_t *mix = json_object();

	if (json_is_string(doc_get(outcome, "otherSenders")))
		name = OTHER_SENDERS;
	else if (name[0] == '\0')
		name = NULL_SENDER;
	json_set_uint(mix, member_of(doc_text(outcome, "tls")),
	              doc_number(outcome, "messages"));
	add_mix(line_of(senders, "sender", name), mix, OF_OTHER_SITES);
}

static void add_way(json_t *ways, const json_t *outcome)
{
	static const char *const members[] = {"client", "tls", "certificate",
	                                      "cipher"};
	auto_(strbuf_clear) struct strbuf name = {0};
	json_t *line;

	for (size_t i = 0; i < 4; i++)
		strbuf_printf(&name, "%s ", doc_text(outcome, members[i]));
	strbuf_printf(&name, "%" PRIu64, doc_number(outcome, "cipherBits"));
	line = line_of(ways, "name", strbuf_text(&name));
	json_object_del(line, "name");
	for (size_t i = 0; i < 4; i++)
		doc_set(line, members[i], doc_text(outcome, members[i]));
	json_set_uint(line, "bits", doc_number(outcome, "cipherBits"));
	add_number(line, "messages", doc_number(outcome, "messages"));
}

/* --- the lines in order --- */

static int more_first(const json_t *a, const json_t *b, const char *member)
{
	uint64_t x = doc_number(a, member), y = doc_number(b, member);

	return x == y ? 0 : x < y ? 1 : -1;
}

/* Domain or sender; a way has none. */
static const char *name_of(const json_t *line)
{
	const char *domain = doc_text(line, "domain");

	return domain[0] != '\0' ? domain : doc_text(line, "sender");
}

static int worst_first(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;
	int order = more_first(*x, *y, "weak");

	if (order == 0)
		order = more_first(*x, *y, "messages");
	return order != 0 ? order : strcmp(name_of(*x), name_of(*y));
}

/* The worst first, then the most messages, then by name. */
static void put_lines(json_t *doc, const char *member, json_t *sums)
{
	json_t *list = doc_array(doc, member), *line;
	size_t count = json_object_size(sums), n = 0;
	json_t **lines = xcalloc(count + 1, sizeof(json_t *));
	const char *name;

	json_object_foreach (sums, name, line)
		lines[n++] = line;
	qsort(lines, count, sizeof(json_t *), worst_first);
	for (n = 0; n < count; n++)
		json_array_append(list, lines[n]);
	free(lines);
}

/* --- as text --- */

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

/* How the messages of a line came in, after its name. */
#define MIX_COLUMNS                                                            \
	TABLE_NUMBER("clear text", "clear"),                                   \
		TABLE_NUMBER("TLS < 1.2", "oldTls"),                           \
		TABLE_NUMBER("TLS 1.2", "tls12"),                              \
		TABLE_NUMBER("TLS 1.3", "tls13"),                              \
		TABLE_NUMBER("weak", "share")

static void print_lines(const json_t *lines, const struct table_column *columns,
                        size_t count, const char *indent, struct strbuf *out)
{
	char share[SHARE_TEXT];
	json_t *item;
	size_t i;

	json_array_foreach (lines, i, item) {
		put_share(doc_number(item, "weak"),
		          doc_number(item, "messages"), share);
		json_set_string(item, "share", share);
	}
	table_print(lines, columns, count, indent, out);
}

static void print_domains(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("mail to", "domain"),
		TABLE_NUMBER("from other sites", "messages"),
		MIX_COLUMNS,
		TABLE_NUMBER("from own users", "submitted"),
	};
	const json_t *item;
	uint64_t filtered = 0;
	size_t i;

	print_days(doc, out);
	strbuf_puts(out, ": incoming messages\n");
	json_array_foreach (doc_get(doc, "domains"), i, item)
		filtered += doc_number(item, "filtered");
	print_lines(doc_get(doc, "domains"), columns, 8, "", out);
	if (filtered > 0)
		strbuf_printf(out,
		              "A before-queue filter handed back %" PRIu64
		              " more; it hides how these came in.\n",
		              filtered);
	strbuf_puts(out, "weak: in clear text, or with TLS before 1.2.  "
	                 "`tlstally inbound DOMAIN` lists the senders.\n");
}

/* Those with weak messages, or those without; at most so many. */
static void print_senders(const json_t *doc, bool weak, size_t most,
                          const char *title, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("sender", "sender"),
		TABLE_NUMBER("messages", "messages"),
		MIX_COLUMNS,
	};
	auto_(json_free) json_t *lines = json_array();
	json_t *item;
	size_t i, count = 0;

	json_array_foreach (doc_get(doc, "senders"), i, item) {
		if ((doc_number(item, "weak") > 0) == weak && count++ < most)
			json_array_append(lines, item);
	}
	if (count == 0)
		return;
	strbuf_puts(out, title);
	print_lines(lines, columns, 7, "  ", out);
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
		TABLE_NUMBER("messages", "messages"),
		TABLE_TEXT("client", "who"),
		TABLE_TEXT("TLS", "tls"),
		TABLE_NUMBER("bits", "bits"),
		TABLE_TEXT("certificate", "certificate"),
		TABLE_TEXT("cipher", "cipher"),
	};
	auto_(json_free) json_t *ways = json_array();
	json_t *item;
	size_t i;

	json_array_foreach (doc_get(doc, "ways"), i, item) {
		const char *client = doc_text(item, "client");

		if (clients_of(client) != clients)
			continue;
		json_set_string(item, "who",
		                clients == OTHER_SITES ? "other site" : client);
		json_array_append(ways, item);
	}
	if (json_array_size(ways) > 0)
		strbuf_puts(out, title);
	table_print(ways, columns, 6, "  ", out);
}

static void print(const json_t *doc, struct strbuf *out)
{
	if (json_is_array(doc_get(doc, "domains"))) {
		print_domains(doc, out);
		return;
	}
	print_days(doc, out);
	strbuf_printf(out, ": incoming messages for %s\n",
	              doc_text(doc, "domain"));
	print_senders(doc, true, SIZE_MAX,
	              "\nsenders without TLS, or with TLS before 1.2\n", out);
	print_senders(doc, false, GOOD_SHOWN,
	              "\nsenders that always use TLS 1.2 or later\n", out);
	print_ways(doc, OTHER_SITES, "\nmail from other sites\n", out);
	print_ways(doc, OUR_OWN, "\nmail from our own users and programs\n",
	           out);
	print_ways(
		doc, FILTER,
		"\n"
		"mail handed back by a before-queue filter, from any sender\n",
		out);
}

/* --- what is asked --- */

/* What is summed up of the objects, by name. */
struct sums {
	const char *domain; /* NULL: of all */
	json_t *lines, *ways;
};

static int add_part(struct objects_job *job, json_t *objects, struct err *err)
{
	const struct sums *sums = job->arg;
	json_t *item, *outcome;
	size_t i, j;

	(void)err;
	json_array_foreach (objects, i, item) {
		if (sums->domain == NULL)
			add_mix(line_of(sums->lines, "domain",
			                doc_text(item, "domain")),
			        item, OF_ALL);
		json_array_foreach (doc_get(item, "outcomes"), j, outcome) {
			if (strcmp(doc_text(outcome, "client"), "mx") == 0)
				add_sender(sums->lines, outcome);
			add_way(sums->ways, outcome);
		}
	}
	return 0;
}

static int fill_doc(struct cli *cli, int32_t first, int32_t last,
                    const char *domain, json_t *doc, struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.verb = OBJECT_QUERY,
		.type = &type_inbound,
		.limit = -1,
		.fields =
			object_order_names(domain ? "outcomes"
	                                          : "domain,clear,oldTls,tls12"
	                                            ",tls13,otherTls,submitted"
	                                            ",filtered"),
		.filter = json_object(),
	};
	auto_(json_free) json_t *lines = json_object(), *ways = json_object();
	struct sums sums = {domain, lines, ways};
	struct objects_job job = {.cli = cli,
	                          .order = &order,
	                          .each_part = add_part,
	                          .arg = &sums};

	doc_set_day(order.filter, "dayAfter", first);
	doc_set_day(order.filter, "dayBefore", last + 1);
	if (domain != NULL)
		doc_set(order.filter, "domain", domain);
	if (cli_answers_open(cli, order.type->capabilities, false, err) < 0 ||
	    objects_each(&job, order.fields, err) < 0)
		return err->class;
	put_lines(doc, domain ? "senders" : "domains", lines);
	if (domain != NULL)
		put_lines(doc, "ways", ways);
	return 0;
}

/* A script gets an empty list; people are told why. */
int cli_inbound(struct cli *cli, struct err *err)
{
	const char *domain =
		cli->args.domain[0] != '\0' ? cli->args.domain : NULL;
	int32_t last = day_of(clock_secs(&cli->clock)), first;
	auto_(json_free) json_t *doc = json_object();

	first = last - (cli->args.days ? cli->args.days : DAYS_SHOWN) + 1;
	if (cli->args.has_day)
		first = last = cli_day_asked(cli);
	doc_set_day(doc, "firstDay", first);
	doc_set_day(doc, "lastDay", last);
	if (domain != NULL)
		doc_set(doc, "domain", domain);
	if (fill_doc(cli, first, last, domain, doc, err) < 0)
		return err->class;
	if (!cli->args.json && !cli->args.csv &&
	    json_array_size(doc_get(doc, "domains")) == 0 &&
	    json_array_size(doc_get(doc, "ways")) == 0)
		return err_set(err, ERR_NOTFOUND,
		               "no mail%s%.253s was counted on %s; is "
		               "tlstally-milter running, and listed in "
		               "smtpd_milters in Postfix's main.cf?",
		               domain ? " to " : "", domain ? domain : "",
		               first == last ? "this day" : "these days");
	cli_limit_list(cli,
	               json_object_get(doc, domain ? "senders" : "domains"));
	cli_print_list(cli, doc, domain ? "senders" : "domains",
	               domain ? "sender,messages,weak,clear,oldTls,tls12,tls13"
	                        ",otherTls"
	                      : "domain,messages,weak,clear,oldTls,tls12,tls13"
	                        ",otherTls,submitted,filtered",
	               print);
	return 0;
}
