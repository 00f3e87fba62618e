#include "unit/store_test.h"

#include "app/cli.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "store/feed_table.h"
#include "store/mail_table.h"
#include "store/tally_table.h"

enum { DAY = 20513 };
#define NOW (day_start(DAY + 1) + 4 * 3600)

/* What stands in the store, and what doctor says of it. */
struct row {
	const char *name;
	const char *feed; /* counts sessions */
	int64_t milter;   /* secs before now of its last commit; -1: none */
	int64_t message;  /* of its last message */
	uint64_t mail;    /* messages to a.example yesterday */
	bool session;     /* with it, yesterday */
	const char *check, *grade, *words;
};

static const struct row rows[] = {
	{"no milter: nobody asks after it", FEED_LOG, -1, 0, 9, false, "milter",
         NULL, NULL},
	{"nor after what it sees", FEED_LOG, -1, 0, 9, false, "coverage", NULL,
         NULL},
	{"it counts", FEED_LOG, 5, 60, 0, false, "milter", "good",
         "counting; the last message came"},
	{"it died", FEED_LOG, 900, 900, 0, false, "milter", "BAD",
         "tlstally-milter has counted nothing since"},
	{"mail, and no session at all", FEED_LOG, 5, 60, 9, false, "coverage",
         "BAD", "tlstally-logd"},
	{"the same where events should come", FEED_EVENTS, 5, 60, 9, false,
         "coverage", "BAD", "smtp_tlsrpt_enable"},
	{"too few messages to say", FEED_LOG, 5, 60, 4, false, "coverage",
         "good", "`tlstally status` lists"},
	{"mail and a session", FEED_LOG, 5, 60, 9, true, "coverage", "good",
         "no mail is known to go uncounted"},
};

static void put_session(struct db_txn *txn, int32_t day)
{
	static const struct tally_limits limits = {.max_policies = 32,
	                                           .max_details = 100};
	struct tally_policy policy = {.success = 1, .blob = "p", .blob_len = 1};
	struct tally_domain domain = {.day = day,
	                              .domain = "a.example",
	                              .valid = true,
	                              .record = "v=TLSRPTv1",
	                              .success = 1,
	                              .policies = &policy};

	tally_apply(txn, &domain, &limits);
}

static void fill(struct db *db, const struct row *row)
{
	struct db_txn *txn = db_begin_write(db);
	struct feed feed = {.watermark = NOW, .seen_at = NOW};

	snprintf(feed.name, sizeof(feed.name), "%s", row->feed);
	feed_put(txn, &feed);
	if (row->milter >= 0) {
		feed = (struct feed){.name = FEED_MILTER,
		                     .watermark = NOW - row->milter,
		                     .seen_at = NOW - row->milter,
		                     .last_event = NOW - row->message};
		feed_put(txn, &feed);
	}
	if (row->mail > 0)
		mail_add(txn, &(struct mail_row){.day = DAY,
		                                 .domain = "a.example",
		                                 .next_hop = "a.example",
		                                 .messages = row->mail});
	/* its record is known since the day before */
	put_session(txn, DAY - 1);
	if (row->session)
		put_session(txn, DAY);
	commit_ok(&txn);
}

static const json_t *find_check(const json_t *doc, const char *name)
{
	const json_t *check;
	size_t i;

	json_array_foreach (json_object_get(doc, "checks"), i, check) {
		const char *text =
			json_string_value(json_object_get(check, "check"));

		if (strcmp(text, name) == 0)
			return check;
	}
	return NULL;
}

static const char *member(const json_t *check, const char *name)
{
	return json_string_value(json_object_get(check, name));
}

static void test_milter_and_coverage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *doc = NULL;
		struct cli cli = {.args.json = true};
		const json_t *check;
		struct fixture f;

		ROW(&rows[i]);
		fixture_make(&f);
		fixture_open(&f);
		fill(f.db, &rows[i]);
		conf_init(&cli.conf);
		cli.db = f.db;
		cli.clock = clock_fixed(NOW);
		cli_doctor(&cli, &f.err);
		doc = json_read(cli.out.data, cli.out.len, false, &f.err);
		check = find_check(doc, rows[i].check);
		assert_int_equal(check != NULL, rows[i].grade != NULL);
		if (check != NULL) {
			assert_string_equal(member(check, "grade"),
			                    rows[i].grade);
			if (strstr(member(check, "words"), rows[i].words) ==
			    NULL)
				fail_msg("%s", member(check, "words"));
		}
		strbuf_clear(&cli.out);
		conf_clear(&cli.conf);
		fixture_clear(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_milter_and_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
