/* "expect ..." about reports and their destinations. */
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/gzip.h"
#include "report/report_json.h"
#include "scenario/compare.h"
#include "scenario/expect.h"
#include "scenario/look.h"

enum { WIRE_MAX = 64 * 1024 * 1024 };

static int look_for(struct words *words, struct db_txn *txn, struct look *look,
                    struct err *err)
{
	const char *domain, *text;
	int32_t day = 0;

	if (words_value(words, "day", &text) && day_parse(text, &day, err) < 0)
		return err->class;
	if (words_need(words, "a domain", &domain, err) < 0)
		return err->class;
	return look_report(txn, domain, day, look, err);
}

int expect_report(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	auto_(strbuf_clear) struct strbuf got = {0}, want = {0};
	const char *name;
	struct look look;

	words_flag(words, "=");
	if (look_for(words, txn, &look, err) < 0 ||
	    words_need(words, "a file", &name, err) < 0 ||
	    world_read_file(world, name, &want, err) < 0 ||
	    look_json(&look, &got, err) < 0)
		return err->class;
	return compare_json(&got, &want, err);
}

static size_t detail_count(const struct report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		count += report->policies[i].detail_count;
	return count;
}

static uint64_t detail_sum(const struct report *report)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		for (size_t k = 0; k < report->policies[i].detail_count; k++)
			sum += report->policies[i].details[k].count;
	return sum;
}

int expect_sums(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	auto_(report_free) struct report *report = report_new();
	auto_(strbuf_clear) struct strbuf json = {0};
	struct look look;
	uint64_t most;

	if (look_for(words, txn, &look, err) < 0 ||
	    look_json(&look, &json, err) < 0 ||
	    report_json_read(json.data, json.len, report, err) < 0 ||
	    same_number(words, "ok", report_success(report), err) < 0 ||
	    same_number(words, "failed", report_failure(report), err) < 0 ||
	    same_number(words, "policies", report->policy_count, err) < 0 ||
	    same_number(words, "details", detail_count(report), err) < 0 ||
	    same_number(words, "detail-sum", detail_sum(report), err) < 0)
		return err->class;
	if (words_number(words, "most-bytes", &most, err) == 1 &&
	    json.len > most)
		return err_set(err, ERR_LIMIT, "it has %zu bytes", json.len);
	return 0;
}

/* The destination whose URI has the text in it; without one the only one. */
static int choose(struct words *words, const struct look *look,
                  struct outbox_destination *destination, struct err *err)
{
	const char *to = NULL;

	if (words_value(words, "to", &to) == 0 &&
	    look->head.destination_count != 1)
		return err_set(err, ERR_PARSE, "it has %u destinations: to=?",
		               look->head.destination_count);
	for (uint16_t i = 0; i < look->head.destination_count; i++) {
		if (look_destination(look, i, destination, err) < 0)
			return err->class;
		if (to == NULL || strstr(destination->rua.uri, to) != NULL)
			return 0;
	}
	return err_set(err, ERR_NOTFOUND, "it does not go to '%s'", to);
}

static int check_destination(struct words *words, const struct look *look,
                             struct err *err)
{
	struct outbox_destination dest;
	const char *state;
	bool uncertain = words_flag(words, "uncertain");

	if (choose(words, look, &dest, err) < 0 ||
	    same_number(words, "destinations", look->head.destination_count,
	                err) < 0 ||
	    same_number(words, "attempts", dest.attempts, err) < 0 ||
	    has_text(words, "answer", dest.answer, err) < 0 ||
	    words_need(words, "a state", &state, err) < 0 ||
	    same_word("state", word_api(&words_states, dest.state), state,
	              err) < 0)
		return err->class;
	if (dest.uncertain != uncertain)
		return err_set(err, ERR_PARSE, "it is %suncertain",
		               uncertain ? "not " : "");
	return 0;
}

static int expect_destination(struct world *world, struct words *words,
                              bool archived, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	struct look look;

	if (look_for(words, txn, &look, err) < 0)
		return err->class;
	if (look.archived != archived)
		return err_set(err, ERR_NOTFOUND, "it is in the %s",
		               look.archived ? "archive" : "outbox");
	return check_destination(words, &look, err);
}

int expect_outbox(struct world *world, struct words *words, struct err *err)
{
	return expect_destination(world, words, false, err);
}

int expect_archive(struct world *world, struct words *words, struct err *err)
{
	return expect_destination(world, words, true, err);
}

int expect_status(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	const char *status;
	struct look look;

	if (look_for(words, txn, &look, err) < 0 ||
	    words_need(words, "a status", &status, err) < 0)
		return err->class;
	return same_word("status", word_api(&words_statuses, look.head.status),
	                 status, err);
}

int expect_reports(struct world *world, struct words *words, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	const char *domain = words_take(words);
	uint64_t waiting = look_count(txn, domain, false);
	uint64_t all = look_count(txn, domain, true);

	if (domain == NULL)
		return err_set(err, ERR_PARSE, "a domain, or all, is missing");
	if (strcmp(domain, "all") == 0) {
		waiting = look_count(txn, NULL, false);
		all = look_count(txn, NULL, true);
	}
	if (same_number(words, "waiting", waiting, err) < 0 ||
	    same_number(words, "made", all, err) < 0)
		return err->class;
	return db_failure(txn, err);
}

/* The report as its receiver unpacked it; by HTTPS or into a directory, since
 * a mail has more around it. */
int expect_wire(struct world *world, struct words *words, struct err *err)
{
	auto_(strbuf_clear) struct strbuf got = {0}, want = {0};
	const struct fake_sent *sent = NULL;
	const char *domain, *name;

	words_flag(words, "=");
	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "a file", &name, err) < 0 ||
	    world_read_file(world, name, &want, err) < 0)
		return err->class;
	for (size_t i = 0; i < world->receivers.sent_count; i++)
		if (strcmp(world->receivers.sent[i].domain, domain) == 0 &&
		    world->receivers.sent[i].mail_from == NULL)
			sent = &world->receivers.sent[i];
	if (sent == NULL)
		return err_set(err, ERR_NOTFOUND, "nothing was sent");
	if (gzip_unpack(sent->body.data, sent->body.len, WIRE_MAX, &got, err))
		return err->class;
	return compare_json(&got, &want, err);
}
