/* What can be done in a scenario. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "fake/fake_events.h"
#include "outbox/claim.h"
#include "scenario/look.h"
#include "scenario/world.h"
#include "store/feed_table.h"

/* Time passes; the daemons are there and say how far they have counted. */
static int act_now(struct world *world, struct words *words, struct err *err)
{
	struct fake_events events = {world->db, &world->conf, &world->clock,
	                             "events", world->leaves_journal};
	const char *text;
	int64_t time;

	if (words_need(words, "a time", &text, err) < 0 ||
	    day_parse_time(text, &time, err) < 0)
		return err->class;
	if (time * 1000 < world_true_ms(world))
		return err_set(err, ERR_PARSE, "time goes on, not back");
	world->clock.fixed_ms += time * 1000 - world_true_ms(world);
	if (world_watch(world, err) < 0 || world_disturb(world, err) < 0)
		return err->class;
	if (world->logd_seen && logged_up_to(world, err) < 0)
		return err->class;
	if (!world->daemon_seen || world->daemon_stands)
		return 0;
	return fake_events_send(&events, NULL, NULL, 0, err);
}

static int act_daemon(struct world *world, struct words *words, struct err *err)
{
	if (words_flag(words, "goes-on")) {
		world->leaves_journal = true;
		return 0;
	}
	world->daemon_stands = words_flag(words, "stops");
	if (!world->daemon_stands && !words_flag(words, "runs"))
		return err_set(err, ERR_PARSE, "stops or runs?");
	return 0;
}

static int act_set(struct world *world, struct words *words, struct err *err)
{
	const char *assignment;

	if (words_need(words, "a setting", &assignment, err) < 0 ||
	    conf_set(&world->conf, assignment, err) < 0)
		return err->class;
	return conf_check(&world->conf, err);
}

static int act_feed(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	struct feed feed = {.seen_at = clock_secs(&world->clock)};
	const char *name, *until;

	if (words_need(words, "a feed", &name, err) < 0)
		return err->class;
	if (!words_flag(words, "watermark"))
		return err_set(err, ERR_PARSE, "watermark TIME?");
	if (words_need(words, "a time", &until, err) < 0 ||
	    day_parse_time(until, &feed.watermark, err) < 0)
		return err->class;
	snprintf(feed.name, sizeof(feed.name), "%s", name);
	feed_table_put(txn, &feed);
	return db_commit(&txn, err);
}

static int act_rollup(struct world *world, struct words *words, struct err *err)
{
	struct rollup_options options = {.conf = &world->conf,
	                                 .clock = &world->clock};
	bool refused = words_flag(words, "refused");
	char why[CLOCK_WORDS];
	const char *day;
	int rc;

	options.one_day = words_value(words, "day", &day);
	if (options.one_day && day_parse(day, &options.day, err) < 0)
		return err->class;
	if (world_watch(world, err) < 0)
		return err->class;
	if (world->clock_record.doubted)
		options.doubt = clock_record_words(&world->clock_record, why);
	options.vouched = world->clock_record.vouched;
	rc = rollup_run(world->db, &options, &world->rolled, err);
	if (!refused)
		return rc;
	if (rc == ERR_BUSY)
		return 0;
	return err_set(err, ERR_PARSE, "it was not refused");
}

/* "https r.example 503 retry-after=60", "https r.example lost" */
static int act_https(struct world *world, struct words *words, struct err *err)
{
	const char *host, *what;
	uint64_t retry_after = 0;

	if (words_number(words, "retry-after", &retry_after, err) < 0 ||
	    words_need(words, "a host", &host, err) < 0 ||
	    words_need(words, "a status", &what, err) < 0)
		return err->class;
	if (strcmp(what, "lost") == 0)
		fake_answer_none(&world->receivers, host, EVENT_UNCERTAIN);
	else if (strcmp(what, "refused") == 0)
		fake_answer_none(&world->receivers, host, EVENT_TEMPORARY);
	else if (atoi(what) >= 100)
		fake_answer_http(&world->receivers, host, atoi(what),
		                 (int64_t)retry_after);
	else
		return err_set(err, ERR_PARSE, "'%s' is no status", what);
	return 0;
}

static int stage_of(const char *word, enum delivery_stage *stage,
                    struct err *err)
{
	int found = word_find(&words_stages, word);

	*stage = (enum delivery_stage)found;
	if (found >= 0)
		return 0;
	return err_set(err, ERR_PARSE, "'%s' is no stage of SMTP", word);
}

/* "mail tls@example.com rcpt 550 5.1.1 no such user", "mail * lost" */
static int act_mail(struct world *world, struct words *words, struct err *err)
{
	auto_(strbuf_clear) struct strbuf reply = {0};
	const char *address, *stage_word, *word;
	enum delivery_stage stage;

	if (words_need(words, "an address", &address, err) < 0 ||
	    words_need(words, "a stage", &stage_word, err) < 0)
		return err->class;
	if (strcmp(stage_word, "lost") == 0) {
		fake_answer_none(&world->receivers, address, EVENT_UNCERTAIN);
		return 0;
	}
	if (stage_of(stage_word, &stage, err) < 0)
		return err->class;
	while ((word = words_take(words)) != NULL)
		strbuf_printf(&reply, "%s%s", reply.len ? " " : "", word);
	if (atoi(strbuf_text(&reply)) < 200)
		return err_set(err, ERR_PARSE, "a reply begins with its code");
	fake_answer_mail(&world->receivers, address, stage, reply.data);
	return 0;
}

/* A run that is killed once it has handed everything on: what it claimed
 * stays claimed, and the answers reach nobody. */
static int deliver_and_die(struct world *world, struct transport *transport,
                           struct err *err)
{
	struct claim_context context = {
		.conf = &world->conf,
		.now = clock_secs(&world->clock),
		.run_start = clock_secs(&world->clock),
		.run = 0xdead,
		.lease_secs = outbox_lease_secs(&world->conf),
	};
	struct gzip *gzip = gzip_new();
	struct claim *claims, *claim;
	int got = claim_due(world->db, &context, CLAIM_BATCH, &claims, err);

	for (claim = claims; claim != NULL && got >= 0; claim = claim->next) {
		if (claim_make_letter(claim, &world->conf, gzip, err) < 0)
			got = err->class;
		else
			transport->submit(transport, &claim->job);
	}
	while ((claim = claims) != NULL) {
		claims = claim->next;
		claim_free(&claim);
	}
	gzip_free(&gzip);
	return got < 0 ? got : 0;
}

static int run_outbox(struct world *world, const struct outbox_options *options,
                      struct outbox_result *result, struct err *err)
{
	struct outbox_options own = *options;
	struct transport *transport = fake_transport_new(&world->receivers);
	int rc;

	own.conf = &world->conf;
	own.clock = &world->clock;
	own.transport = transport;
	rc = outbox_run(world->db, &own, result, err);
	transport->free(&transport);
	return rc;
}

/* Another run while the first one waits for answers. */
static void second_run(void *arg)
{
	struct world *world = arg;
	struct outbox_options options = {0};
	struct outbox_result result;
	struct err err = {0};

	if (run_outbox(world, &options, &result, &err) < 0)
		strbuf_printf(&world->log, "the second run: %s\n", err.text);
}

static int act_deliver(struct world *world, struct words *words,
                       struct err *err)
{
	struct outbox_options options = {.all_now = words_flag(words, "now")};
	bool dies = words_flag(words, "dies");
	const char *domain;
	int rc;

	if (world_watch(world, err) < 0)
		return err->class;
	world->sent_before = world->receivers.sent_count;
	if (words_value(words, "only", &domain) &&
	    look_report_id(world->db, domain, &options.only_id, err) < 0)
		return err->class;
	if (words_flag(words, "twice")) {
		world->receivers.meanwhile = second_run;
		world->receivers.meanwhile_arg = world;
	}
	if (dies) {
		struct transport *transport =
			fake_transport_new(&world->receivers);

		rc = deliver_and_die(world, transport, err);
		transport->free(&transport);
	} else {
		rc = run_outbox(world, &options, &world->delivered, err);
	}
	if (rc == 0 && world->receivers.broken[0] != '\0')
		return err_set(err, ERR_IO, "%s", world->receivers.broken);
	return rc;
}

static int act_expect(struct world *world, struct words *words, struct err *err)
{
	return verb_run(expect_verbs, world, words, err);
}

const struct verb act_verbs[] = {
	{"now", "TIME", act_now},
	{"clock",
         "ahead SPAN|back SPAN|right|pauses SPAN|starts|synchronised|accepted|"
         "unwatched|watched",
         act_clock},
	{"set", "SECTION.NAME=VALUE", act_set},
	{"daemon", "stops|runs|goes-on", act_daemon},
	{"datagram", "FILE [*N] [bad]", act_datagram},
	{"event",
         "DOMAIN [at=TIME] [record=TEXT] "
         "[policy=none|unnamed|sts|testing|testing-lines|failed|tlsa|NUMBER] "
         "[string=TEXT] ok|fail=RESULT [mx= ip= helo= from= info= reason=] "
         "[*N]",
         act_event},
	{"logged",
         "DOMAIN [at=TIME] [old] tls|plain|fail=RESULT [untrusted|verified] "
         "[event|event-failed] [mx= ip= reason=] [route=open|site "
         "[hop=NAME|hop=[NAME]] [port=N]] [*N]",
         act_logged},
	{"postfix", "\"NAME = VALUE\"|\"SERVICE/unix/NAME = VALUE\" ...",
         act_postfix},
	{"log", "FILE [sessions=N] [unlogged=N]", act_log},
	{"known",
         "DOMAIN [record=TEXT|several] [cached] [hosts=MX,...] [tlsa=USAGES] "
         "[sts=MODE [mx=PATTERN]] [sts-fetch=STATUS]",
         act_known},
	{"unanswered", "DOMAIN [failures=N]", act_unanswered},
	{"told", "DOMAIN KIND [at=TIME] [sts-fetch=STATUS] [problem=TEXT]",
         act_told},
	{"policyd", "[at=TIME]", act_policyd},
	{"apply", "[judged=N] [moved=N] [asked=N]", act_apply},
	{"feed", "NAME watermark TIME", act_feed},
	{"milter", "from=TIME until=TIME", act_milter},
	{"seen", "DOMAIN [*N]", act_seen},
	{"optional", "QUEUE-ID", act_optional},
	{"accepted", "DOMAIN [via=HOST] [*N]", act_accepted},
	{"inbound", "DOMAIN [from=DOMAIN] clear|TLSv1.2|... [*N]", act_inbound},
	{"rollup", "[day=DAY] [refused]", act_rollup},
	{"purge", "", act_purge},
	{"https", "HOST STATUS|lost|refused [retry-after=SECS]", act_https},
	{"mail", "ADDRESS|* STAGE CODE [TEXT] | ADDRESS|* lost", act_mail},
	{"deliver", "[now] [only=DOMAIN] [twice] [dies]", act_deliver},
	{"bounce", "DOMAIN failed|delayed STATUS | DOMAIN none = RESULT",
         act_bounce},
	{"expect", "...", act_expect},
	{NULL, NULL, NULL},
};
