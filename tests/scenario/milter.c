/* What tlstally-milter saw: when it ran, reports of ours, mail for others and
 * mail that came in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "rollup/coverage.h"
#include "scenario/expect.h"
#include "scenario/world.h"
#include "store/feed_table.h"
#include "store/inbound_table.h"
#include "store/mail_table.h"
#include "store/own_report_table.h"
#include "store/tls_optional_table.h"

static int need_time(struct words *words, const char *name, int64_t *time,
                     struct err *err)
{
	const char *text;

	if (words_value(words, name, &text) == 0)
		return err_set(err, ERR_PARSE, "%s=TIME?", name);
	return day_parse_time(text, time, err);
}

/* It commits every 10 seconds, whatever comes. */
int act_milter(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	struct feed feed = {.name = FEED_MILTER};
	int64_t from, until;

	if (need_time(words, "from", &from, err) < 0 ||
	    need_time(words, "until", &until, err) < 0)
		return err->class;
	for (int64_t at = from; at < until; at += 10)
		own_seen_committed(txn, at, at + 10);
	feed.watermark = feed.seen_at = until;
	feed_table_put(txn, &feed);
	return db_commit(&txn, err);
}

static int32_t today(const struct world *world)
{
	struct clock clock = world->clock;

	return day_of(clock_secs(&clock));
}

int act_seen(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	const char *domain;
	size_t times;

	if (words_times(words, &times, err) < 0 ||
	    words_need(words, "a domain", &domain, err) < 0)
		return err->class;
	own_seen_add(txn, today(world), domain, times);
	return db_commit(&txn, err);
}

/* A message whose sender wants it delivered with or without TLS. */
int act_optional(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	const char *queue_id;

	if (words_need(words, "a queue id", &queue_id, err) < 0)
		return err->class;
	tls_optional_add(txn, today(world), queue_id);
	return db_commit(&txn, err);
}

int act_accepted(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	struct mail_row row = {.day = today(world)};
	const char *domain, *via;
	size_t times;

	if (words_times(words, &times, err) < 0)
		return err->class;
	if (words_value(words, "via", &via) == 0)
		via = NULL;
	if (words_need(words, "a domain", &domain, err) < 0)
		return err->class;
	snprintf(row.domain, sizeof(row.domain), "%s", domain);
	snprintf(row.next_hop, sizeof(row.next_hop), "%s", via ? via : domain);
	row.messages = times;
	mail_add(txn, &row);
	return db_commit(&txn, err);
}

static int tls_of(const char *word, enum inbound_tls *tls, struct err *err)
{
	int found = word_find(&words_tls, word);

	*tls = (enum inbound_tls)found;
	if (found >= 0)
		return 0;
	return err_set(err, ERR_PARSE, "'%s' is no way for mail to come in",
	               word);
}

int act_inbound(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	struct inbound inbound = {.client = INBOUND_MX};
	const char *domain, *from = "", *tls;
	size_t times;

	if (words_times(words, &times, err) < 0)
		return err->class;
	words_value(words, "from", &from);
	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "clear, TLSv1.2...", &tls, err) < 0 ||
	    tls_of(tls, &inbound.tls, err) < 0)
		return err->class;
	snprintf(inbound.sender, sizeof(inbound.sender), "%s", from);
	inbound_table_add(txn, today(world), domain, &inbound, times);
	return db_commit(&txn, err);
}

struct sums {
	uint64_t messages, weak;
};

static void add_to_sums(void *arg, const struct inbound *inbound,
                        uint64_t messages)
{
	struct sums *sums = arg;

	sums->messages += messages;
	if (inbound_is_weak(inbound->tls))
		sums->weak += messages;
}

int expect_inbound(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	const char *domain, *text;
	struct sums sums = {0};
	int32_t day;

	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0)
		return err->class;
	inbound_table_each(txn, day, domain, add_to_sums, &sums);
	if (same_number(words, "messages", sums.messages, err) < 0 ||
	    same_number(words, "weak", sums.weak, err) < 0)
		return err->class;
	return 0;
}

/* "later": it is too early to say. */
int expect_coverage(struct world *world, struct words *words, struct err *err)
{
	struct clock clock = world->clock;
	bool later = words_flag(words, "later");
	const char *first = NULL, *text;
	struct coverage got;
	int32_t day;

	words_value(words, "first", &first);
	if (words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0 ||
	    coverage_look(world->db, &world->conf, day, clock_secs(&clock),
	                  &got, err) < 0)
		return err->class;
	if (got.looked == later)
		return err_set(err, ERR_PARSE, "it was%s looked at %s",
		               later ? "" : " not", text);
	if (first != NULL &&
	    same_word("the first", got.listed ? got.list[0].domain : "none",
	              first, err) < 0)
		return err->class;
	if (same_number(words, "domains", got.domains, err) < 0 ||
	    same_number(words, "messages", got.messages, err) < 0 ||
	    same_number(words, "uncovered", got.uncovered, err) < 0 ||
	    same_number(words, "unjudged", got.unjudged, err) < 0 ||
	    same_number(words, "broken", got.broken, err) < 0)
		return err->class;
	return 0;
}
