/* What can be looked at in a scenario: "expect ...". */
#include "scenario/expect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/xalloc.h"
#include "store/day_table.h"
#include "store/journal_table.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"

int same_number(struct words *words, const char *name, uint64_t got,
                struct err *err)
{
	uint64_t want;
	int rc = words_number(words, name, &want, err);

	if (rc == 1 && got != want)
		return err_set(err, ERR_PARSE,
		               "%s is %" PRIu64 ", not %" PRIu64, name, got,
		               want);
	return rc < 0 ? rc : 0;
}

int same_word(const char *what, const char *got, const char *want,
              struct err *err)
{
	if (strcmp(got, want) == 0)
		return 0;
	return err_set(err, ERR_PARSE, "%s is %s, not %s", what, got, want);
}

int has_text(struct words *words, const char *name, const char *got,
             struct err *err)
{
	const char *want;

	if (words_value(words, name, &want) == 0 || strstr(got, want) != NULL)
		return 0;
	return err_set(err, ERR_PARSE, "%s is '%s', without '%s'", name, got,
	               want);
}

static uint64_t count_sent(const struct world *world, const char *domain,
                           const char *to)
{
	uint64_t count = 0;

	for (size_t i = 0; i < world->receivers.sent_count; i++) {
		const struct fake_sent *sent = &world->receivers.sent[i];

		count += strcmp(sent->domain, domain) == 0 &&
		         (to == NULL || strstr(sent->uri, to) != NULL);
	}
	return count;
}

static int expect_sent(struct world *world, struct words *words,
                       struct err *err)
{
	const char *to = NULL, *domain, *number;
	uint64_t got;
	char text[24];

	words_value(words, "to", &to);
	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "a number", &number, err) < 0)
		return err->class;
	got = count_sent(world, domain, to);
	snprintf(text, sizeof(text), "%" PRIu64, got);
	return same_word("the number sent", text, number, err);
}

static int expect_nothing(struct world *world, struct words *words,
                          struct err *err)
{
	size_t count = world->receivers.sent_count - world->sent_before;

	if (!words_flag(words, "sent"))
		return err_set(err, ERR_PARSE, "nothing sent?");
	if (count > 0)
		return err_set(err, ERR_PARSE, "%zu sent", count);
	return 0;
}

static int look_at_head(struct world *world, struct words *words,
                        struct tally_head *head, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	const char *domain, *text;
	int32_t day;

	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0)
		return err->class;
	if (tally_head_get(txn, day, domain, head))
		return 0;
	return err_set(err, ERR_NOTFOUND, "%s was not counted on %s", domain,
	               text);
}

static int expect_mark(struct world *world, struct words *words,
                       struct err *err)
{
	struct tally_head head;
	const char *mark;

	if (look_at_head(world, words, &head, err) < 0 ||
	    has_text(words, "reason", head.reason, err) < 0 ||
	    words_need(words, "a mark", &mark, err) < 0)
		return err->class;
	return same_word("the mark", word_api(&words_marks, head.mark), mark,
	                 err);
}

/* Do counts of the day wait in the journal?  With a clock that is set meanwhile
 * they may be applied early, or another day's before them. */
static int expect_journal(struct world *world, struct words *words,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	bool wants_rows = words_flag(words, "waits");
	const char *text;
	int32_t day;

	if ((!wants_rows && !words_flag(words, "applied")) ||
	    words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0)
		return err_set(err, ERR_PARSE, "DAY waits|applied");
	if (world->disturbed >= DISTURBED_AHEAD)
		return 0;
	if (journal_table_has(txn, day) != wants_rows)
		return err_set(err, ERR_PARSE, "counts of %s %s", text,
		               wants_rows ? "are applied" : "wait");
	return db_failure(txn, err);
}

static int expect_counts(struct world *world, struct words *words,
                         struct err *err)
{
	struct tally_head head;
	bool none = words_flag(words, "none");

	if (look_at_head(world, words, &head, err) < 0)
		return none && err->class == ERR_NOTFOUND ? 0 : err->class;
	if (none)
		return err_set(err, ERR_PARSE, "it was counted");
	if (same_number(words, "ok", head.success, err) < 0 ||
	    same_number(words, "failed", head.failure, err) < 0 ||
	    same_number(words, "unjudged", head.unjudged, err) < 0 ||
	    same_number(words, "folded", head.folded, err) < 0)
		return err->class;
	return same_number(words, "late", head.late_success + head.late_failure,
	                   err);
}

static void put_details(const struct report_policy *policy, struct strbuf *out)
{
	for (size_t i = 0; i < policy->detail_count; i++) {
		const struct failure_detail *detail =
			&policy->details[i].detail;

		strbuf_printf(out, "%s%s:%s", out->len > 0 ? " " : "",
		              word_rfc(&words_policies, policy->type),
		              word_rfc(&words_results, detail->result));
		if (detail->reason != NULL)
			strbuf_printf(out, "(%s)", detail->reason);
		strbuf_printf(out, "*%" PRIu64, policy->details[i].count);
	}
}

/* All failures of a domain's day: "sts:certificate-expired*2". */
static int expect_details(struct world *world, struct words *words,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	auto_(strbuf_clear) struct strbuf got = {0};
	auto_(report_free) struct report *report = report_new();
	const char *domain, *text, *want;
	int32_t day;

	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0 ||
	    words_need(words, "details", &want, err) < 0 ||
	    tally_load(txn, day, domain, report, err) < 0)
		return err->class;
	report_sort(report);
	for (size_t i = 0; i < report->policy_count; i++)
		put_details(&report->policies[i], &got);
	return same_word("the details", strbuf_text(&got), want, err);
}

static int expect_suppressed(struct world *world, struct words *words,
                             struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	struct suppression row = {0};
	bool want = !words_flag(words, "not");
	const char *address;

	if (words_need(words, "an address", &address, err) < 0)
		return err->class;
	if ((suppress_get(txn, address, &row) == 1) == want)
		return has_text(words, "reason", row.reason, err);
	return err_set(err, ERR_PARSE, "%s is %ssuppressed", address,
	               want ? "not " : "");
}

static int expect_rollup(struct world *world, struct words *words,
                         struct err *err)
{
	const struct rollup_result *r = &world->rolled;

	for (int mark = 0; mark < TALLY_MARKS; mark++)
		if (same_number(words, word_api(&words_marks, mark),
		                r->marks[mark], err) < 0)
			return err->class;
	if (same_number(words, "days", r->days, err) < 0 ||
	    same_number(words, "waiting", r->days_waiting, err) < 0 ||
	    same_number(words, "domains-waiting", r->domains_waiting, err) <
	            0 ||
	    same_number(words, "folded", r->folded, err) < 0 ||
	    same_number(words, "released", r->released, err) < 0)
		return err->class;
	return same_number(words, "lapsed", r->lapsed, err);
}

static int expect_delivery(struct world *world, struct words *words,
                           struct err *err)
{
	const struct outbox_result *r = &world->delivered;
	const struct settle_counts *c = &r->counts;
	const struct {
		const char *name;
		uint64_t got;
	} rows[] = {
		{"attempts", r->attempts},
		{"delivered", c->delivered},
		{"deferred", c->deferred},
		{"uncertain", c->uncertain},
		{"failed", c->failed},
		{"suppressed", c->suppressed},
		{"expired", c->expired},
		{"archived", c->archived},
		{"limited", r->rate_limited},
		{"our-fault", r->our_fault},
		{"copies", c->copies_sent},
		{"copies-failed", c->copies_failed},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (same_number(words, rows[i].name, rows[i].got, err) < 0)
			return err->class;
	return 0;
}

static int expect_settled(struct world *world, struct words *words,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	struct day_settled settled;
	uint64_t copies_failed = 0;
	const char *text;
	int32_t day;

	if (words_need(words, "a day", &text, err) < 0 ||
	    day_parse(text, &day, err) < 0)
		return err->class;
	day_table_settled_get(txn, day, &settled);
	for (int state = 0; state < DELIVERY_STATES; state++) {
		if (same_number(words, word_api(&words_states, state),
		                settled.destinations[state], err) < 0)
			return err->class;
		if (state != DELIVERY_DELIVERED)
			copies_failed += settled.copies[state];
	}
	if (same_number(words, "reports", settled.reports, err) < 0 ||
	    same_number(words, "copies", settled.copies[DELIVERY_DELIVERED],
	                err) < 0)
		return err->class;
	return same_number(words, "copies-failed", copies_failed, err);
}

/* Takes the first line with the text in it; at the end none may be left. */
static int expect_log(struct world *world, struct words *words, struct err *err)
{
	const char *text, *log = strbuf_text(&world->log), *at, *end;
	auto_(xfree_str) char *rest = NULL;

	if (words_need(words, "a text", &text, err) < 0)
		return err->class;
	at = strstr(log, text);
	if (at == NULL)
		return err_set(err, ERR_NOTFOUND, "nobody said '%s'", text);
	end = strchr(at, '\n') + 1;
	while (at > log && at[-1] != '\n')
		at--;
	rest = xasprintf("%.*s%s", (int)(at - log), log, end);
	strbuf_reset(&world->log);
	strbuf_puts(&world->log, rest);
	return 0;
}

const struct verb expect_verbs[] = {
	{"report", "DOMAIN [day=DAY] = FILE", expect_report},
	{"sums",
         "DOMAIN [ok=N] [failed=N] [policies=N] [details=N] [detail-sum=N] "
         "[most-bytes=N]",
         expect_sums},
	{"outbox",
         "DOMAIN STATE [to=TEXT] [attempts=N] [destinations=N] [answer=TEXT] "
         "[uncertain] [day=DAY]",
         expect_outbox},
	{"archive", "as outbox", expect_archive},
	{"status", "DOMAIN STATUS [day=DAY]", expect_status},
	{"reports", "DOMAIN|all [waiting=N] [made=N]", expect_reports},
	{"clock", "believed|doubted", expect_clock},
	{"sent", "DOMAIN N [to=TEXT]", expect_sent},
	{"nothing", "sent", expect_nothing},
	{"wire", "DOMAIN = FILE", expect_wire},
	{"mark", "DOMAIN DAY MARK [reason=TEXT]", expect_mark},
	{"counts",
         "DOMAIN DAY none|[ok=N] [failed=N] [unjudged=N] [late=N] [folded=N]",
         expect_counts},
	{"journal", "DAY waits|applied", expect_journal},
	{"details", "DOMAIN DAY \"POLICY:RESULT[(REASON)]*N ...\"",
         expect_details},
	{"settled", "DAY [reports=N] [STATE=N] [copies=N] [copies-failed=N]",
         expect_settled},
	{"nobodys", "DAY [sessions=N] [host=NAME]", expect_nobodys},
	{"suppressed", "[not] ADDRESS [reason=TEXT]", expect_suppressed},
	{"rollup",
         "[days=N] [waiting=N] [domains-waiting=N] [MARK=N] [released=N] "
         "[lapsed=N]",
         expect_rollup},
	{"delivery", "[attempts=N] [delivered=N] [limited=1] ...",
         expect_delivery},
	{"untold", "ROWS", expect_untold},
	{"waiting", "[sessions=N] [domains=N]", expect_waiting},
	{"inbound", "DOMAIN DAY [messages=N] [weak=N]", expect_inbound},
	{"coverage",
         "DAY [domains=N] [messages=N] [uncovered=N] [unjudged=N] [broken=0|1] "
         "[first=DOMAIN] | DAY later",
         expect_coverage},
	{"log", "TEXT", expect_log},
	{NULL, NULL, NULL},
};
