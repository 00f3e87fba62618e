#include "unit/store_test.h"

#include "base/day.h"
#include "base/utf8.h"
#include "domain/rua.h"
#include "outbox/bounce.h"
#include "outbox/edit.h"
#include "outbox/settle_report.h"
#include "store/day_table.h"
#include "store/meta_table.h"
#include "store/outbox_table.h"
#include "store/suppress_table.h"
#include "store/token_table.h"

enum { NOW = 1772359200 };

#define TOKEN "0123456789abcdef0123456789abcdef"
#define RUA "tls@example.com"

/* A report to RUA and to another place, the first in that state. */
static uint64_t put_report(struct fixture *f, enum delivery_state state,
                           enum delivery_state other)
{
	static const enum delivery_state none = DELIVERY_PENDING;
	struct db_txn *txn = db_begin_write(f->db);
	struct rua ruas[2];
	struct outbox_new report = {.ruas = ruas, .rua_count = 2};
	struct token_owner owner = {0};

	assert_int_equal(rua_from_address(RUA, strlen(RUA), &ruas[0], &f->err),
	                 0);
	assert_int_equal(
		rua_from_address("b@example.net", 13, &ruas[1], &f->err), 0);
	strcpy(report.head.domain, "example.com");
	report.head.status = OUTBOX_PENDING;
	report.head.destination_count = 2;
	report.body = "x";
	report.body_len = 1;
	owner.id = outbox_add(txn, &report, NOW * INT64_C(1000));
	for (uint16_t i = 0; i < 2; i++) {
		struct outbox_destination dest;

		assert_int_equal(
			outbox_destination_get(txn, owner.id, i, &dest), 1);
		dest.state = i == 0 ? state : other;
		if (dest.state != none)
			dest.due = 0;
		dest.lease_run = dest.state == DELIVERY_INFLIGHT ? 7 : 0;
		outbox_destination_put(txn, owner.id, &dest);
	}
	token_put(txn, TOKEN, &owner);
	commit_ok(&txn);
	return owner.id;
}

static struct dsn dsn_of(const char *address, enum dsn_action action, int a,
                         int b, int c, const char *diagnostic)
{
	struct dsn dsn = {.count = 1};
	const int beside[3] = {a, b, c};
	struct refusal refusal;

	refusal_read(span_of(diagnostic), beside, &refusal);
	dsn.recipients[0].refusal = refusal.kind;
	snprintf(dsn.recipients[0].address, sizeof(dsn.recipients[0].address),
	         "%s", address);
	dsn.recipients[0].action = action;
	dsn.recipients[0].status[0] = a;
	dsn.recipients[0].status[1] = b;
	dsn.recipients[0].status[2] = c;
	snprintf(dsn.recipients[0].diagnostic,
	         sizeof(dsn.recipients[0].diagnostic), "%s", diagnostic);
	return dsn;
}

static bool is_suppressed(struct fixture *f)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(f->db);
	struct suppression row;

	return suppress_get(txn, RUA, &row) == 1 &&
	       row.until == NOW + 30 * 86400 && !row.by_hand;
}

static const struct row {
	const char *name;
	enum delivery_state state;
	enum dsn_action action;
	int status[3];
	enum bounce_result want;
	enum delivery_state becomes;
} rows[] = {
	{"no such user",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {5, 1, 1},
         BOUNCE_SUPPRESSED,
         DELIVERY_BOUNCED},
	{"as Exchange says it",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {5, 1, 10},
         BOUNCE_SUPPRESSED,
         DELIVERY_BOUNCED},
	{"a mailbox that is disabled: one of three",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {5, 2, 1},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"a full one",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {5, 2, 2},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"it minds our address",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {5, 1, 8},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"policy",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {5, 7, 1},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"given up after days",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {4, 4, 7},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"no status at all",
         DELIVERY_DELIVERED,
         DSN_FAILED,
         {0, 0, 0},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"delayed",
         DELIVERY_DELIVERED,
         DSN_DELAYED,
         {4, 4, 1},
         BOUNCE_NOTED,
         DELIVERY_DELIVERED},
	{"relayed",
         DELIVERY_DELIVERED,
         DSN_OTHER,
         {2, 0, 0},
         BOUNCE_IGNORED,
         DELIVERY_DELIVERED},
	{"faster than our own writing down",
         DELIVERY_INFLIGHT,
         DSN_FAILED,
         {5, 1, 1},
         BOUNCE_SUPPRESSED,
         DELIVERY_BOUNCED},
	{"an answer was lost: it had arrived",
         DELIVERY_DEFERRED,
         DSN_FAILED,
         {5, 1, 1},
         BOUNCE_SUPPRESSED,
         DELIVERY_BOUNCED},
	{"the second bounce of one",
         DELIVERY_BOUNCED,
         DSN_FAILED,
         {5, 7, 1},
         BOUNCE_MARKED,
         DELIVERY_BOUNCED},
	{"of one that never went out",
         DELIVERY_SUPPRESSED,
         DSN_FAILED,
         {5, 1, 1},
         BOUNCE_IGNORED,
         DELIVERY_SUPPRESSED},
};

static void try_row(const struct row *row)
{
	struct fixture f;
	struct outbox_destination dest;
	struct bounce_outcome outcome;
	struct dsn dsn = dsn_of(RUA, row->action, row->status[0],
	                        row->status[1], row->status[2], "words");
	struct db_txn *txn;
	uint64_t id;

	fixture_make(&f);
	fixture_open(&f);
	/* the other place waits, so the report stays where it is */
	id = put_report(&f, row->state, DELIVERY_PENDING);
	assert_int_equal(bounce_apply(f.db, TOKEN, &dsn, NOW, &outcome, &f.err),
	                 0);
	if (outcome.result != row->want)
		fail_msg("%s: %s", row->name,
		         word_api(&words_bounces, outcome.result));
	assert_int_equal(outcome.id, id);
	assert_string_equal(outcome.address, RUA);
	txn = db_begin_read(f.db);
	assert_int_equal(outbox_destination_get(txn, id, 0, &dest), 1);
	if (dest.state != row->becomes)
		fail_msg("%s: %s", row->name,
		         word_api(&words_states, dest.state));
	db_abort(&txn);
	if (is_suppressed(&f) != (row->want == BOUNCE_SUPPRESSED))
		fail_msg("%s: suppressed?", row->name);
	fixture_clear(&f);
}

static void test_what_a_bounce_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(&rows[i]);
}

static void test_in_the_archive(void **state)
{
	struct fixture *f = *state;
	uint64_t id = put_report(f, DELIVERY_DELIVERED, DELIVERY_DELIVERED);
	struct dsn dsn = dsn_of(RUA, DSN_FAILED, 5, 1, 1, "550 user unknown");
	struct db_txn *txn = db_begin_write(f->db);
	struct bounce_outcome outcome;
	struct outbox_destination dest;
	struct outbox_head head;
	struct day_settled settled;

	assert_int_equal(outbox_head_get(txn, id, &head), 1);
	assert_true(settle_report(txn, &head, NOW));
	assert_int_equal(head.delivered_count, 2);
	commit_ok(&txn);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome,
		                              &f->err),
		                 0);
		assert_int_equal(outcome.result, BOUNCE_SUPPRESSED);
		txn = db_begin_read(f->db);
		assert_int_equal(archive_head_get(txn, id, &head), 1);
		assert_int_equal(head.delivered_count, 1);
		assert_int_equal(archive_destination_get(txn, id, 0, &dest), 1);
		assert_int_equal(dest.state, DELIVERY_BOUNCED);
		assert_string_equal(dest.answer, "bounced: 550 user unknown");
		assert_int_equal(archive_destination_get(txn, id, 1, &dest), 1);
		assert_int_equal(dest.state, DELIVERY_DELIVERED);
		db_abort(&txn);
	}
	assert_true(is_suppressed(f));
	txn = db_begin_read(f->db);
	day_table_settled_get(txn, day_of(NOW), &settled);
	assert_int_equal(settled.reports, 1);
	assert_int_equal(settled.destinations[DELIVERY_DELIVERED], 2);
	assert_int_equal(settled.destinations[DELIVERY_BOUNCED], 1);
	db_abort(&txn);
}

/* What is too long is cut between two characters. */
static void test_a_long_diagnostic(void **state)
{
	struct fixture *f = *state;
	struct bounce_outcome outcome;
	struct suppression row;
	char text[256] = "550 5.1.1 ";
	struct db_txn *txn;
	struct dsn dsn;

	for (size_t at = strlen(text); at + 2 < sizeof(text); at += 2)
		memcpy(text + at, "\xc3\xa9", 3);
	for (int i = 0; i < 2; i++) {
		/* by a byte more it ends within one */
		dsn = dsn_of(RUA, DSN_FAILED, 5, 1, 1, text + i);
		txn = db_begin_write(f->db);
		suppress_delete(txn, RUA);
		commit_ok(&txn);
		put_report(f, DELIVERY_DELIVERED, DELIVERY_DELIVERED);
		assert_int_equal(bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome,
		                              &f->err),
		                 0);
		assert_int_equal(outcome.result, BOUNCE_SUPPRESSED);
		assert_true(utf8_valid(outcome.text, strlen(outcome.text)));
		txn = db_begin_read(f->db);
		assert_int_equal(suppress_get(txn, RUA, &row), 1);
		db_abort(&txn);
		assert_true(utf8_valid(row.reason, strlen(row.reason)));
	}
}

/* Of a fleet it may be another host's; who has left it keeps none. */
static void test_of_another_host(void **state)
{
	struct fixture *f = *state;
	struct dsn dsn = dsn_of(RUA, DSN_FAILED, 5, 1, 1, "550 who?");
	struct fleet_seen seen = {.id = 1, .since = 20000};
	struct bounce_outcome outcome;
	struct db_txn *txn;

	for (int left = 0; left < 2; left++) {
		txn = db_begin_write(f->db);
		seen.since = left ? 0 : 20000;
		seen.until = left ? 20001 : 0;
		meta_fleet_put(txn, &seen);
		commit_ok(&txn);
		assert_int_equal(bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome,
		                              &f->err),
		                 0);
		assert_int_equal(outcome.result,
		                 left ? BOUNCE_UNKNOWN : BOUNCE_PASSED_ON);
	}
}

/* The last one that was not final: the report leaves the outbox. */
static void test_the_report_is_done_by_it(void **state)
{
	struct fixture *f = *state;
	uint64_t id = put_report(f, DELIVERY_DEFERRED, DELIVERY_DELIVERED);
	struct dsn dsn = dsn_of(RUA, DSN_FAILED, 5, 7, 1, "");
	struct bounce_outcome outcome;
	struct outbox_head head;
	struct db_txn *txn;

	assert_int_equal(
		bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome, &f->err), 0);
	assert_int_equal(outcome.result, BOUNCE_MARKED);
	assert_string_equal(outcome.text, "bounced: status 5.7.1");
	txn = db_begin_read(f->db);
	assert_int_equal(outbox_head_get(txn, id, &head), 0);
	assert_int_equal(archive_head_get(txn, id, &head), 1);
	assert_int_equal(head.delivered_count, 1);
	db_abort(&txn);
}

/* Its row goes with it. */
static void test_a_report_that_was_destroyed(void **state)
{
	struct fixture *f = *state;
	uint64_t id = put_report(f, DELIVERY_DELIVERED, DELIVERY_PENDING);
	struct dsn dsn = dsn_of(RUA, DSN_FAILED, 5, 1, 1, "");
	struct outbox_destination dest;
	struct bounce_outcome outcome;
	struct token_owner owner;
	struct db_txn *txn = db_begin_write(f->db);

	assert_int_equal(outbox_destination_get(txn, id, 0, &dest), 1);
	strcpy(dest.token, TOKEN);
	outbox_destination_put(txn, id, &dest);
	token_keep(txn, id, &dest);
	assert_int_equal(token_get(txn, TOKEN, &owner), 1);
	assert_int_equal(edit_destroy(txn, id, NOW, &f->err), 0);
	assert_int_equal(token_get(txn, TOKEN, &owner), 0);
	commit_ok(&txn);
	assert_int_equal(
		bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome, &f->err), 0);
	assert_int_equal(outcome.result, BOUNCE_UNKNOWN);
}

static void test_whose_bounce(void **state)
{
	struct fixture *f = *state;
	struct dsn dsn = dsn_of("alias@elsewhere.example", DSN_FAILED, 5, 1, 1,
	                        "550 user unknown");
	struct bounce_outcome outcome;

	put_report(f, DELIVERY_DELIVERED, DELIVERY_PENDING);
	assert_int_equal(
		bounce_apply(f->db, "f" TOKEN, &dsn, NOW, &outcome, &f->err),
		0);
	assert_int_equal(outcome.result, BOUNCE_UNKNOWN);
	/* two recipients, and neither is ours */
	dsn.recipients[dsn.count++] = dsn.recipients[0];
	assert_int_equal(
		bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome, &f->err), 0);
	assert_int_equal(outcome.result, BOUNCE_IGNORED);
	/* one, that our address may have led to */
	dsn.count = 1;
	assert_int_equal(
		bounce_apply(f->db, TOKEN, &dsn, NOW, &outcome, &f->err), 0);
	assert_int_equal(outcome.result, BOUNCE_SUPPRESSED);
	assert_string_equal(outcome.address, RUA);
	assert_true(is_suppressed(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_bounce_does),
		STORE_TEST(test_in_the_archive),
		STORE_TEST(test_a_long_diagnostic),
		STORE_TEST(test_of_another_host),
		STORE_TEST(test_the_report_is_done_by_it),
		STORE_TEST(test_a_report_that_was_destroyed),
		STORE_TEST(test_whose_bounce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
