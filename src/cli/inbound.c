/* What `tlstally inbound` finds in the store, and the command itself. */
#include "cli/inbound.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "show/doc.h"
#include "show/inbound_sums.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "store/inbound_table.h"
#include "store/paged.h"

enum { DAYS_SHOWN = 7 };

/* No domain has such a name. */
#define NULL_SENDER "<>"
#define OTHER_SENDERS "(others)"

/* One row's place in the sums. */
struct collect {
	const char *domain;          /* our domain, at hand now */
	struct inbound_sums senders; /* or, of all domains, our domains */
	struct inbound_sums ways;
	bool one_domain;
};

static const char *sender_name(const struct inbound *inbound)
{
	if (inbound->other_senders)
		return OTHER_SENDERS;
	return inbound->sender[0] != '\0' ? inbound->sender : NULL_SENDER;
}

/* A way to come in as one name: "0 6 2 256 TLS_AES_256_GCM_SHA384", in an
 * order that people want. */
static void add_way(struct collect *c, const struct inbound *inbound,
                    uint64_t messages)
{
	char name[64 + INBOUND_CIPHER_TEXT];

	snprintf(name, sizeof(name), "%d %d %d %u %s", (int)inbound->client,
	         (int)inbound->tls, (int)inbound->certificate,
	         (unsigned)inbound->bits, inbound->cipher);
	inbound_sums_add(&c->ways, name, inbound, messages);
}

static void add_row(void *arg, const struct inbound *inbound, uint64_t messages)
{
	struct collect *c = arg;

	if (!c->one_domain) {
		inbound_sums_add(&c->senders, c->domain, inbound, messages);
		return;
	}
	if (inbound->client == INBOUND_MX)
		inbound_sums_add(&c->senders, sender_name(inbound), inbound,
		                 messages);
	add_way(c, inbound, messages);
}

static int collect_all(struct cli *cli, int32_t first, int32_t last,
                       struct collect *c, struct err *err)
{
	struct paged paged = {.db = cli->db};
	char domain[DOMAIN_TEXT] = "";
	int32_t day = first;

	c->domain = domain;
	for (;;) {
		struct db_txn *txn = paged_txn(&paged);

		if (!inbound_domain_next(txn, &day, domain) || day > last)
			break;
		inbound_each(txn, day, domain, add_row, c);
	}
	return paged_end(&paged, err);
}

static int collect_one(struct cli *cli, int32_t first, int32_t last,
                       const char *domain, struct collect *c, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);

	c->one_domain = true;
	for (int32_t day = first; day <= last; day++)
		inbound_each(txn, day, domain, add_row, c);
	return db_commit(&txn, err);
}

static void set_mix(json_t *item, const struct inbound_mix *mix)
{
	json_set_uint(item, "messages", inbound_mix_sum(mix));
	json_set_uint(item, "weak", inbound_mix_weak(mix));
	json_set_uint(item, "clear", mix->tls[INBOUND_CLEAR]);
	json_set_uint(item, "oldTls", inbound_mix_old(mix));
	json_set_uint(item, "tls12", mix->tls[INBOUND_TLS12]);
	json_set_uint(item, "tls13", mix->tls[INBOUND_TLS13]);
	json_set_uint(item, "otherTls", mix->tls[INBOUND_TLS_OTHER]);
}

static void add_lines(json_t *list, const char *what, bool ours,
                      struct inbound_sums *sums)
{
	inbound_sums_sort(sums);
	for (size_t i = 0; i < sums->count; i++) {
		json_t *item = doc_row(list);

		doc_set(item, what, sums->lines[i].name);
		set_mix(item, &sums->lines[i].mix);
		if (!ours)
			continue;
		json_set_uint(item, "submitted", sums->lines[i].mix.submitted);
		json_set_uint(item, "filtered", sums->lines[i].mix.filtered);
	}
}

static void add_ways(json_t *list, struct inbound_sums *ways)
{
	inbound_sums_sort(ways);
	for (size_t i = 0; i < ways->count; i++) {
		const struct inbound_line *line = &ways->lines[i];
		json_t *item = doc_row(list);
		int client, tls, certificate, cipher = 0;
		unsigned bits;

		/* add_way() wrote it */
		if (sscanf(line->name, "%d %d %d %u %n", &client, &tls,
		           &certificate, &bits, &cipher) < 4)
			continue;
		json_set_string(item, "client",
		                word_api(&words_clients, client));
		json_set_string(item, "tls", word_api(&words_tls, tls));
		doc_set(item, "cipher", line->name + cipher);
		json_set_uint(item, "bits", bits);
		json_set_string(item, "certificate",
		                word_api(&words_certificates, certificate));
		json_set_uint(item, "messages",
		              inbound_mix_sum(&line->mix) +
		                      line->mix.submitted + line->mix.filtered);
	}
}

static int fill(struct cli *cli, json_t *doc, int32_t first, int32_t last,
                struct err *err)
{
	const char *text = cli->args.operands[0];
	struct collect c = {.one_domain = text != NULL};
	char domain[DOMAIN_TEXT];
	int rc;

	doc_set_day(doc, "firstDay", first);
	doc_set_day(doc, "lastDay", last);
	if (text == NULL) {
		rc = collect_all(cli, first, last, &c, err);
		add_lines(doc_array(doc, "domains"), "domain", true,
		          &c.senders);
	} else if (domain_canonical(text, strlen(text), domain, err) < 0) {
		rc = err->class;
	} else {
		rc = collect_one(cli, first, last, domain, &c, err);
		doc_set(doc, "domain", domain);
		add_lines(doc_array(doc, "senders"), "sender", false,
		          &c.senders);
		add_ways(doc_array(doc, "ways"), &c.ways);
	}
	inbound_sums_clear(&c.senders);
	inbound_sums_clear(&c.ways);
	return rc;
}

static bool has_nothing(const json_t *doc)
{
	return json_array_size(doc_get(doc, "domains")) == 0 &&
	       json_array_size(doc_get(doc, "ways")) == 0;
}

/* A script gets an empty list; people are told why. */
int cli_inbound(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	int32_t last = day_of(clock_secs(&cli->clock)), first;
	int rc;

	if (cli->args.has_day && cli->args.days > 0)
		return err_set(err, ERR_PARSE, "--day or --days, but not both");
	first = last - (cli->args.days ? cli->args.days : DAYS_SHOWN) + 1;
	if (cli->args.has_day)
		first = last = cli->args.day;
	rc = fill(cli, doc, first, last, err);
	if (rc < 0)
		return rc;
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else if (has_nothing(doc))
		return err_set(err, ERR_NOTFOUND,
		               "no mail%s%.253s came in on %s that is counted; "
		               "is tlstally-milter running, and one of "
		               "smtpd_milters in Postfix's main.cf?",
		               cli->args.operands[0] ? " to " : "",
		               doc_text(doc, "domain"),
		               first == last ? "this day" : "these days");
	else
		inbound_print(doc, &cli->out);
	return 0;
}
