/* Sessions of the mail log: counted as facts, judged when their domain is
 * known. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/xalloc.h"
#include "domain/domain_view.h"
#include "intake/log_share.h"
#include "judge/apply.h"
#include "judge/complete.h"
#include "maillog/log_session.h"
#include "maillog/log_site.h"
#include "maillog/maillog.h"
#include "maillog/smtp_tracker.h"
#include "scenario/expect.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/keys.h"
#include "store/log_pending_table.h"
#include "store/policy_cache_table.h"
#include "store/policy_wanted_table.h"
#include "store/tls_optional_table.h"
#include "store/told_table.h"

enum { HOUR = 3600, MEMORY = 16 * 1024 * 1024 };

/* tlstally-logd has read so far, and n sessions more. */
static void put_feed(struct db_txn *txn, int64_t now, uint64_t n)
{
	struct feed feed = {.name = FEED_LOG};

	feed_table_get(txn, FEED_LOG, &feed);
	feed.watermark = feed.seen_at = now;
	if (n > 0)
		feed.last_event = now;
	feed.events += n;
	feed_table_put(txn, &feed);
}

int logged_up_to(struct world *world, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);

	put_feed(txn, clock_secs(&world->clock), 0);
	return db_commit(&txn, err);
}

static int read_outcome(struct words *words, struct log_session *session,
                        struct err *err)
{
	const char *result;

	session->outcome = LOG_TLS;
	words_value(words, "mx", &session->mx_host);
	words_value(words, "ip", &session->ip);
	words_value(words, "reason", &session->reason);
	session->untrusted = words_flag(words, "untrusted");
	session->verified = words_flag(words, "verified");
	if (words_flag(words, "event"))
		session->event = LOG_EVENT_SUCCESS;
	else if (words_flag(words, "event-failed"))
		session->event = LOG_EVENT_FAILURE;
	if (words_value(words, "fail", &result)) {
		session->outcome = LOG_FAILED;
		if (word_find_rfc(&words_results, result) < 0)
			return err_set(err, ERR_PARSE, "'%s' is no result type",
			               result);
		session->result = word_find_rfc(&words_results, result);
	} else if (words_flag(words, "plain")) {
		session->outcome = LOG_PLAIN;
	} else if (!words_flag(words, "tls")) {
		return err_set(err, ERR_PARSE, "tls, plain or fail=RESULT?");
	}
	return 0;
}

/* "route=open hop=relay.example": what maillog/log_site found out. */
static int read_route(struct words *words, struct log_session *session,
                      char hop[DOMAIN_TEXT], struct err *err)
{
	const char *route, *name;
	uint64_t port = 25;

	if (words_number(words, "port", &port, err) < 0)
		return err->class;
	session->other_port = port != 25;
	if (words_value(words, "hop", &name)) {
		session->hop_is_domain = name[0] != '[';
		snprintf(hop, DOMAIN_TEXT, "%.*s",
		         (int)strcspn(name + 1, "]") + 1, name);
		session->hop = session->hop_is_domain ? hop : hop + 1;
	}
	if (!words_value(words, "route", &route))
		return 0;
	session->route = strcmp(route, "open") == 0 ? ROUTE_OPEN : ROUTE_SITE;
	return strcmp(route, "open") == 0 || strcmp(route, "site") == 0
	               ? 0
	               : err_set(err, ERR_PARSE, "route=open or route=site?");
}

/* "at=TIME": a line of an earlier time that is read only now. */
static int read_time(const struct world *world, struct words *words,
                     int64_t *time, struct err *err)
{
	struct clock clock = world->clock;
	const char *text;

	*time = clock_secs(&clock);
	if (words_value(words, "at", &text) == 0)
		return 0;
	return day_parse_time(text, time, err);
}

/* As log_feed does it, without its thread. */
static void add_session(const struct world *world, struct db_txn *txn,
                        int64_t time, const struct log_session *session,
                        size_t times)
{
	auto_(strbuf_clear) struct strbuf bytes = {0};

	if (!world->conf.log.complete_events)
		log_session_encode(session, &bytes);
	else if (!log_share_encode(txn, session, time, &bytes))
		return;
	log_share_add(txn, day_of(time), session->domain, bytes.data, bytes.len,
	              times);
}

int act_logged(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	auto_(xfree_str) char *standard = NULL;
	struct log_session session = {0};
	char hop[DOMAIN_TEXT];
	size_t times;
	int64_t time;

	if (words_times(words, &times, err) < 0 ||
	    read_time(world, words, &time, err) < 0 ||
	    read_outcome(words, &session, err) < 0 ||
	    read_route(words, &session, hop, err) < 0 ||
	    words_need(words, "a domain", &session.domain, err) < 0)
		return err->class;
	standard = xasprintf("mx.%s", session.domain);
	if (session.mx_host == NULL)
		session.mx_host = standard;
	if (session.route == ROUTE_SITE)
		log_session_leave(&session);
	add_session(world, txn, time, &session, times);
	put_feed(txn, clock_secs(&world->clock), times);
	if (words_flag(words, "old"))
		day_table_unsent_set(txn, day_of(time));
	world->logd_seen = true;
	return db_commit(&txn, err);
}

struct reading {
	const struct world *world;
	struct db_txn *txn;
	uint64_t sessions, unlogged;
};

static void count_line(void *arg, int64_t time,
                       const struct log_session *session)
{
	struct reading *reading = arg;

	add_session(reading->world, reading->txn, time, session, 1);
	reading->sessions++;
}

static bool is_tls_optional(void *arg, int64_t time, const char *queue_id)
{
	struct reading *reading = arg;

	return tls_optional_has(reading->txn, day_of(time), queue_id);
}

/* How Postfix is set: main.cf, and master.cf's -o of smtp and relay. */
int act_postfix(struct world *world, struct words *words, struct err *err)
{
	const char *line;

	strbuf_reset(&world->main_cf);
	strbuf_reset(&world->services);
	strbuf_reset(&world->overrides);
	strbuf_puts(&world->services, "smtp unix - - n - - smtp\n"
	                              "relay unix - - n - - smtp\n");
	world->postfix_known = true;
	if (words_need(words, "a setting", &line, err) < 0)
		return err->class;
	for (; line != NULL; line = words_take(words))
		strbuf_printf(strcspn(line, "/") < strcspn(line, " =")
		                      ? &world->overrides
		                      : &world->main_cf,
		              "%s\n", line);
	return 0;
}

static void postconf_of(const struct world *world, struct arena *arena,
                        struct postconf *set)
{
	postconf_read_settings(strbuf_text(&world->main_cf), world->main_cf.len,
	                       arena, &set->main);
	postconf_read_services(strbuf_text(&world->services),
	                       world->services.len, arena, set);
	postconf_read_settings(strbuf_text(&world->overrides),
	                       world->overrides.len, arena, &set->overrides);
}

/* NULL: nobody said how Postfix is set. */
static struct log_site *site_of(const struct world *world)
{
	auto_(arena_clear) struct arena arena = {0};
	const struct conf_list *enforces = &world->conf.log.enforces;
	const struct site_by_hand by_hand = {
		.loglevel = "",
		.has_enforces = enforces->count > 0,
		.dane = conf_list_has(enforces, "dane"),
		.sts = conf_list_has(enforces, "sts"),
	};
	struct postconf set = {0};
	const struct site_instance instance = {.directory = "/etc/postfix",
	                                       .set = &set};

	if (!world->postfix_known)
		return NULL;
	postconf_of(world, &arena, &set);
	return log_site_new(&instance, 1, &by_hand);
}

/* As log_feed does it, without its thread. */
static void read_lines(struct world *world, const char *text,
                       struct reading *reading)
{
	auto_(log_site_free) struct log_site *site = site_of(world);
	struct log_clock clock = {.now = clock_secs(&world->clock)};
	struct smtp_tracker_options options = {
		.site = site,
		.own_sender = world->conf.report.contact_info,
		.tls_optional = is_tls_optional,
		.tls_optional_arg = reading};
	struct smtp_tracker *tracker = smtp_tracker_new(&options);
	struct log_line line;
	struct fact fact;

	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (maillog_line_split(text, len, &clock, &line) &&
		    maillog_read(&line, NULL, &fact) != FACT_NONE)
			smtp_tracker_take(tracker, &line, &fact, count_line,
			                  reading);
	}
	reading->unlogged = smtp_tracker_unlogged(tracker);
	smtp_tracker_free(&tracker);
}

/* tlstally-logd reads the lines of a file. */
int act_log(struct world *world, struct words *words, struct err *err)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	struct reading reading = {.world = world, .txn = txn};
	const char *name;

	if (words_need(words, "a file", &name, err) < 0 ||
	    world_read_file(world, name, &text, err) < 0)
		return err->class;
	read_lines(world, strbuf_text(&text), &reading);
	put_feed(txn, clock_secs(&world->clock), reading.sessions);
	world->logd_seen = true;
	if (same_number(words, "sessions", reading.sessions, err) < 0 ||
	    same_number(words, "unlogged", reading.unlogged, err) < 0)
		return err->class;
	return db_commit(&txn, err);
}

int expect_nobodys(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	struct day_nobodys nobodys;
	const char *text, *host;
	int32_t day;

	if (words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0)
		return err->class;
	day_table_nobodys_get(txn, day, &nobodys);
	if (same_number(words, "sessions", nobodys.sessions, err) < 0)
		return err->class;
	return words_value(words, "host", &host)
	               ? same_word("the host", nobodys.host, host, err)
	               : 0;
}

static void add_sts(struct domain_view *view, const char *mode, const char *mx,
                    struct arena *mem)
{
	struct sts_policy *policy = &view->sts_policy;

	view->sts_record = view->sts = view->sts_fetch = VIEW_OK;
	view->sts_id = "1";
	view->sts_expires_at = view->expires_at + HOUR;
	policy->mode = strcmp(mode, "testing") == 0 ? STS_TESTING : STS_ENFORCE;
	policy->max_age = 24 * HOUR;
	policy->mx_count = 1;
	policy->mx = arena_array(mem, 1, sizeof(*policy->mx));
	policy->mx[0] = mx;
	policy->line_count = 3;
	policy->lines = arena_array(mem, 3, sizeof(*policy->lines));
	policy->lines[0] = "version: STSv1";
	policy->lines[1] = arena_printf(mem, "mode: %s", mode);
	policy->lines[2] = arena_printf(mem, "mx: %s", mx);
}

/* There is a record, and the policy could not be had. */
static int add_no_sts(struct domain_view *view, const char *word,
                      struct err *err)
{
	view->sts_record = VIEW_OK;
	view->sts = VIEW_NONE;
	view->sts_id = "1";
	view->sts_problem = "not to be had";
	for (int i = VIEW_BAD; i < VIEW_STATUSES; i++)
		if (strcmp(word_api(&words_lookups, i), word) == 0)
			view->sts_fetch = i;
	return view->sts_fetch != VIEW_UNKNOWN
	               ? 0
	               : err_set(err, ERR_PARSE, "'%s' is no status", word);
}

/* "hosts=mx1.a.example,mx2.a.example": the MX set. */
static void add_hosts(struct domain_view *view, const char *list,
                      struct arena *mem)
{
	char *rest = arena_strdup(mem, list), *host;

	view->mx = VIEW_OK;
	view->mxs = arena_array(mem, strlen(list) / 2 + 1, sizeof(*view->mxs));
	while ((host = strtok_r(rest, ",", &rest)) != NULL)
		view->mxs[view->mx_count++] =
			(struct view_mx){.host = host, .tlsa = VIEW_NONE};
}

/* "tlsa=33": records of these usages at each MX, or else at mx.DOMAIN, in a
 * signed zone. */
static void add_tlsa(struct domain_view *view, const char *usages,
                     struct arena *mem)
{
	size_t count = strlen(usages);
	const char **strings = arena_array(mem, count, sizeof(*strings));

	for (size_t i = 0; i < count; i++)
		strings[i] = arena_printf(mem, "%c 1 1 %02zX", usages[i], i);
	if (view->mx_count == 0)
		add_hosts(view, arena_printf(mem, "mx.%s", view->domain), mem);
	view->mx_secure = true;
	for (size_t i = 0; i < view->mx_count; i++) {
		view->mxs[i].tlsa = count > 0 ? VIEW_OK : VIEW_NONE;
		view->mxs[i].tlsa_strings = strings;
		view->mxs[i].tlsa_count = count;
	}
}

/* The domain was looked up: this is what was found out. */
int act_known(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	auto_(arena_clear) struct arena mem = {0};
	int64_t now = clock_secs(&world->clock);
	struct domain_view view = {.checked_at = now,
	                           .expires_at = now + HOUR,
	                           .tlsrpt = VIEW_OK,
	                           .sts_record = VIEW_NONE,
	                           .mx = VIEW_NONE,
	                           .mx_checked_at = now};
	const char *record = NULL, *mode = NULL, *mx = "*.example";
	const char *tlsa, *fetch, *hosts;

	words_value(words, "record", &record);
	words_value(words, "mx", &mx);
	words_value(words, "sts", &mode);
	if (words_need(words, "a domain", &view.domain, err) < 0)
		return err->class;
	if (words_flag(words, "several"))
		view.tlsrpt = VIEW_BAD;
	else if (record == NULL)
		record = arena_printf(&mem, "v=TLSRPTv1; rua=mailto:tls@%s",
		                      view.domain);
	view.tlsrpt_record = record;
	if (record != NULL && record[0] == '\0')
		view.tlsrpt = VIEW_NONE;
	/* its MX set is of before the session that is to come */
	view.mx_anew = !words_flag(words, "cached");
	if (words_value(words, "hosts", &hosts))
		add_hosts(&view, hosts, &mem);
	if (words_value(words, "tlsa", &tlsa))
		add_tlsa(&view, tlsa, &mem);
	if (words_value(words, "sts-fetch", &fetch) &&
	    add_no_sts(&view, fetch, err) < 0)
		return err->class;
	if (mode != NULL)
		add_sts(&view, mode, mx, &mem);
	policy_cache_put(txn, &view);
	policy_wanted_delete(txn, view.domain);
	return db_commit(&txn, err);
}

/* It was looked up so often, and nobody answered. */
int act_unanswered(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	const char *domain;
	uint64_t failures = 10;

	if (words_number(words, "failures", &failures, err) < 0 ||
	    words_need(words, "a domain", &domain, err) < 0)
		return err->class;
	policy_wanted_put(txn, domain, clock_secs(&world->clock) + HOUR,
	                  (uint32_t)failures);
	return db_commit(&txn, err);
}

/* tlstally-policyd told Postfix so from now on. */
int act_told(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	const char *domain, *kind, *fetch = "unknown";
	struct told told = {.problem = NULL};
	int number;

	words_value(words, "problem", &told.problem);
	words_value(words, "sts-fetch", &fetch);
	if (read_time(world, words, &told.since, err) < 0 ||
	    words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "what it is told", &kind, err) < 0)
		return err->class;
	number = word_find(&words_told, kind);
	if (number < 0 || word_find(&words_lookups, fetch) < 0)
		return err_set(err, ERR_PARSE, "what is '%s', '%s'?", kind,
		               fetch);
	told.kind = (enum told_kind)number;
	told.sts_fetch = (enum view_status)word_find(&words_lookups, fetch);
	told_put(txn, domain, &told);
	return db_commit(&txn, err);
}

/* It has written down all that it told before. */
int act_policyd(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(world->db);
	int64_t until;

	if (read_time(world, words, &until, err) < 0)
		return err->class;
	told_until_put(txn, until);
	return db_commit(&txn, err);
}

int act_apply(struct world *world, struct words *words, struct err *err)
{
	const struct conf_list *enforces = &world->conf.log.enforces;
	struct apply_options options = {
		.db = world->db,
		.clock = &world->clock,
		.judge = {.dane = conf_list_has(enforces, "dane"),
	                  .sts = conf_list_has(enforces, "sts")},
		.limits = {world->conf.store.max_policies,
	                   world->conf.store.max_details, MEMORY, 2 * MEMORY},
	};
	uint64_t judged, moved, wanted;

	if (complete_waiting(&options, &judged, err) < 0 ||
	    same_number(words, "judged", judged, err) < 0 ||
	    apply_waiting(&options, &moved, &wanted, err) < 0 ||
	    same_number(words, "moved", moved, err) < 0)
		return err->class;
	return same_number(words, "asked", wanted, err);
}

/* That wait for what Postfix was told. */
int expect_untold(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	struct db_key all = key_of(TABLE_UNTOLD);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &all);
	char got[sizeof("18446744073709551615")];
	const char *want;
	size_t n = 0;

	if (words_need(words, "how many", &want, err) < 0)
		return err->class;
	while (db_rows_next(&rows))
		n++;
	snprintf(got, sizeof(got), "%zu", n);
	return same_word("rows that wait", got, want, err);
}

int expect_waiting(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	uint64_t sessions, domains;

	log_pending_count(txn, &sessions, &domains);
	if (same_number(words, "sessions", sessions, err) < 0)
		return err->class;
	return same_number(words, "domains", domains, err);
}
