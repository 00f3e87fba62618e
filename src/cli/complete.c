/* tlstally complete: what a word of a command can be, out of the store, for
 * the shell's completion. */
#include "cli/complete.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "store/api_token_table.h"
#include "store/feed_table.h"
#include "store/inbound_table.h"
#include "store/outbox_table.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"

/* Somebody waits with a finger on the key. */
enum {
	NAMES_MAX = 100,
	ROWS_MAX = 2000,
	DAYS_BACK = 7,
};

struct offers {
	struct db_txn *txn;
	int32_t today;
	const char *prefix;
	json_t *names; /* a set, in the order in which they came */
	size_t rows;
};

/* Takes what begins so; false when nothing more is wanted. */
static bool offer(struct offers *offers, const char *name)
{
	if (strncmp(name, offers->prefix, strlen(offers->prefix)) == 0)
		json_object_set_new(offers->names, name, json_null());
	return ++offers->rows < ROWS_MAX &&
	       json_object_size(offers->names) < NAMES_MAX;
}

/* The same of texts in order: those behind the prefix are not wanted. */
static bool offer_next(struct offers *offers, const char *name)
{
	size_t len = strlen(offers->prefix);

	return offer(offers, name) && strncmp(name, offers->prefix, len) <= 0;
}

/* A text that the store has just before those that begin with the prefix. */
static void begin_before(const struct offers *offers, char *text, size_t room)
{
	size_t len = strlen(offers->prefix);

	text[0] = '\0';
	if (len == 0 || len + 2 > room)
		return;
	memcpy(text, offers->prefix, len + 1);
	text[len - 1]--;
	text[len] = '\x7f';
	text[len + 1] = '\0';
}

static void offer_domains(struct offers *offers)
{
	char domain[TALLY_DOMAIN_TEXT];
	struct tally_head head;
	int32_t first, last, at;

	if (!tally_days_until(offers->txn, offers->today, &first, &last))
		return;
	for (int32_t day = last; day >= first && day > last - DAYS_BACK;
	     day--) {
		at = day;
		begin_before(offers, domain, sizeof(domain));
		while (tally_head_next(offers->txn, &at, domain, &head) &&
		       at == day && offer_next(offers, domain))
			;
	}
}

static void offer_own_domains(struct offers *offers)
{
	char domain[DOMAIN_TEXT];

	for (int32_t day = offers->today, at; day > offers->today - DAYS_BACK;
	     day--) {
		at = day;
		begin_before(offers, domain, sizeof(domain));
		while (inbound_table_domain_next(offers->txn, &at, domain) &&
		       at == day && offer_next(offers, domain))
			;
	}
}

static uint64_t week_ago(const struct offers *offers)
{
	return outbox_id_at((int64_t)(offers->today - DAYS_BACK) * DAY_SECS);
}

/* "b000" and what is missing of an id: where such ids begin; without any of
 * it those from an id on. */
static uint64_t first_id(const struct offers *offers, uint64_t from)
{
	char text[OBJECT_ID_TEXT];
	size_t len = strlen(offers->prefix);
	uint64_t id;

	object_id_format(0, text);
	if (len == 0 || len >= sizeof(text))
		return from;
	memcpy(text, offers->prefix, len);
	return object_id_parse(text, &id) && id > 0 ? id - 1 : 0;
}

static void offer_ids(struct offers *offers, uint64_t from,
                      int (*next)(struct db_txn *txn, struct outbox_head *head))
{
	struct outbox_head head = {.id = first_id(offers, from)};
	char id[OBJECT_ID_TEXT];

	while (next(offers->txn, &head) &&
	       offer_next(offers, object_id_format(head.id, id)))
		;
}

static void offer_reports(struct offers *offers)
{
	offer_ids(offers, 0, outbox_head_next);
}

static void offer_sent(struct offers *offers)
{
	offer_ids(offers, week_ago(offers), archive_head_next);
}

/* Addresses that reports went to, or will. */
static void
offer_receivers_of(struct offers *offers, uint64_t from,
                   int (*next)(struct db_txn *txn, struct outbox_head *head),
                   int (*get)(struct db_txn *txn, uint64_t id, uint16_t index,
                              struct outbox_destination *destination))
{
	struct outbox_head head = {.id = from};
	struct outbox_destination to;
	bool more = true;

	while (more && next(offers->txn, &head))
		for (uint16_t i = 0; more && i < head.destination_count; i++)
			if (get(offers->txn, head.id, i, &to) &&
			    to.rua.kind == RUA_MAIL)
				more = offer(offers, to.rua.address);
}

static void offer_receivers(struct offers *offers)
{
	offer_receivers_of(offers, 0, outbox_head_next, outbox_destination_get);
	offer_receivers_of(offers, week_ago(offers), archive_head_next,
	                   archive_destination_get);
}

static void offer_suppressed(struct offers *offers)
{
	struct suppression row = {.since = 0};

	begin_before(offers, row.address, sizeof(row.address));
	while (suppress_next(offers->txn, &row) &&
	       offer_next(offers, row.address))
		;
}

static void offer_tokens(struct offers *offers)
{
	struct api_token row = {.created = 0};

	while (api_token_next(offers->txn, &row) && offer(offers, row.name))
		;
}

static void offer_feeds(struct offers *offers)
{
	struct feed feed = {.events = 0};

	while (feed_table_next(offers->txn, &feed) && offer(offers, feed.name))
		;
}

static const struct {
	const char *what;
	void (*offer)(struct offers *offers);
} kinds[] = {
	{COMPLETE_DOMAINS, offer_domains},
	{COMPLETE_OWN_DOMAINS, offer_own_domains},
	{COMPLETE_REPORTS, offer_reports},
	{COMPLETE_SENT, offer_sent},
	{COMPLETE_RECEIVERS, offer_receivers},
	{COMPLETE_SUPPRESSED, offer_suppressed},
	{COMPLETE_TOKENS, offer_tokens},
	{COMPLETE_FEEDS, offer_feeds},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int find_kind(struct cli *cli, struct err *err)
{
	auto_(strbuf_clear) struct strbuf all = {0};

	for (int i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].what, cli->args.what) == 0)
			return i;
		strbuf_printf(&all, "%s%s", i > 0 ? ", " : "", kinds[i].what);
	}
	cli->is_usage = true;
	return err_set(err, ERR_PARSE, "complete: '%.40s' is not one of %s",
	               cli->args.what, strbuf_text(&all));
}

/* Without a store there is nothing to offer, and nobody to tell. */
int cli_complete(struct cli *cli, struct err *err)
{
	auto_(xfree_str) char *data = NULL;
	auto_(json_free) json_t *names = json_object();
	auto_(db_abort) struct db_txn *txn = NULL;
	struct offers offers = {
		.prefix = cli->args.prefix ? cli->args.prefix : "",
		.names = names,
	};
	int kind = find_kind(cli, err);
	const char *name;
	json_t *ignored;

	if (kind < 0 || cli_prepare(cli, NEEDS_SETTINGS, err) < 0)
		return err->class;
	data = xasprintf("%s/data.mdb", cli->conf.store.directory);
	if (eaccess(data, R_OK) < 0)
		return 0;
	if (cli_open_store(cli, true, err) < 0)
		return err->class;
	offers.today = day_of(clock_secs(&cli->clock));
	offers.txn = txn = db_begin_read(cli->db);
	kinds[kind].offer(&offers);
	json_object_foreach (names, name, ignored)
		strbuf_printf(&cli->out, "%s\n", name);
	return db_failed(txn) ? db_failure(txn, err) : 0;
}
