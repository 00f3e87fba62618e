#include "unit/store_test.h"

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "cli/cli.h"
#include "client/jmap_client.h"
#include "store/inbound_table.h"

enum { DAY = 20513 }; /* 2026-03-01 */

static const struct {
	int32_t day;
	const char *domain;
	struct inbound inbound;
	uint64_t messages;
} rows[] = {
	{DAY,
         "a.example",
         {.sender = "good.example", .tls = INBOUND_TLS13},
         90},
	{DAY, "a.example", {.sender = "bad.example"}, 3},
	{DAY + 1, "a.example", {.sender = "bad.example"}, 4},
	{DAY, "a.example", {.sender = "old.example", .tls = INBOUND_TLS10}, 2},
	{DAY, "a.example", {.sender = "old.example", .tls = INBOUND_TLS12}, 1},
	{DAY, "a.example", {.other_senders = true}, 5},
	{DAY, "a.example", {.sender = "", .tls = INBOUND_TLS_OTHER}, 6},
	{DAY,
         "a.example",
         {.client = INBOUND_AUTHENTICATED,
          .tls = INBOUND_TLS13,
          .sender = "a.example",
          .bits = 256,
          .certificate = INBOUND_CERT_VERIFIED,
          .cipher = "TLS_AES_256_GCM_SHA384"},
         7},
	{DAY,
         "a.example",
         {.client = INBOUND_FILTERED, .sender = "x.example"},
         8},
	{DAY, "b.example", {.sender = "evil\x1b[2J", .tls = INBOUND_TLS12}, 1},
	{DAY, "c.example", {.sender = "bad.example"}, 100},
	{DAY - 7, "c.example", {.sender = "bad.example"}, 1000},
};

static int setup(void **state)
{
	struct db_txn *txn;
	struct fixture *f;

	store_setup(state);
	f = *state;
	txn = db_begin_write(f->db);
	for (size_t i = 0; i < COUNT(rows); i++)
		inbound_table_add(txn, rows[i].day, rows[i].domain,
		                  &rows[i].inbound, rows[i].messages);
	commit_ok(&txn);
	return 0;
}

static int run(struct fixture *f, const char *domain, struct cli_args args,
               struct strbuf *out)
{
	struct cli cli = {.args = args, .db = f->db};
	int rc;

	cli.clock = clock_fixed(day_start(DAY + 1) + 3600);
	if (domain != NULL && domain_canonical(domain, strlen(domain),
	                                       cli.args.domain, &f->err) < 0)
		return f->err.class;
	rc = cli_inbound(&cli, &f->err);
	jmap_client_free(&cli.answers);
	*out = cli.out;
	return rc;
}

/* As "domain messages weak clear oldTls tls12 tls13 otherTls submitted
 * filtered;". */
static void put_lines(const json_t *list, const char *what, struct strbuf *out)
{
	static const char *const names[] = {
		"messages", "weak",     "clear",     "oldTls",  "tls12",
		"tls13",    "otherTls", "submitted", "filtered"};
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		strbuf_puts(out,
		            json_string_value(json_object_get(item, what)));
		for (size_t j = 0; j < COUNT(names); j++) {
			const json_t *n = json_object_get(item, names[j]);

			if (n != NULL)
				strbuf_printf(out, " %d",
				              (int)json_integer_value(n));
		}
		strbuf_puts(out, "; ");
	}
}

static void test_json(void **state)
{
	static const struct {
		const char *name, *domain;
		struct cli_args args;
		const char *list, *what, *want;
	} cases[] = {
		{"all of the last 7 days, the worst first",
	         NULL,
	         {.json = true},
	         "domains",
	         "domain",
	         "c.example 100 100 100 0 0 0 0 0 0; "
	         "a.example 111 14 12 2 1 90 6 7 8; "
	         "b.example 1 0 0 0 1 0 0 0 0; "},
		{"of one day",
	         NULL,
	         {.json = true, .has_day = true, .day = DAY + 1},
	         "domains",
	         "domain",
	         "a.example 4 4 4 0 0 0 0 0 0; "},
		{"of more days",
	         NULL,
	         {.json = true, .days = 9},
	         "domains",
	         "domain",
	         "c.example 1100 1100 1100 0 0 0 0 0 0; "
	         "a.example 111 14 12 2 1 90 6 7 8; "
	         "b.example 1 0 0 0 1 0 0 0 0; "},
		{"who sends to one domain; its own users are apart",
	         "A.example.",
	         {.json = true},
	         "senders",
	         "sender",
	         "bad.example 7 7 7 0 0 0 0; "
	         "(others) 5 5 5 0 0 0 0; "
	         "old.example 3 2 0 2 1 0 0; "
	         "good.example 90 0 0 0 0 90 0; "
	         "<> 6 0 0 0 0 0 6; "},
		{"a day without any",
	         "a.example",
	         {.json = true, .has_day = true, .day = DAY - 3},
	         "senders",
	         "sender",
	         ""},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_(strbuf_clear) struct strbuf out = {0}, got = {0};
		auto_(json_free) json_t *doc = NULL;

		ROW(&cases[i]);
		if (run(f, cases[i].domain, cases[i].args, &out) != 0)
			fail_msg("%s", f->err.text);
		doc = json_read(out.data, out.len, false, &f->err);
		assert_non_null(doc);
		put_lines(json_object_get(doc, cases[i].list), cases[i].what,
		          &got);
		assert_string_equal(strbuf_text(&got), cases[i].want);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *name, *domain, *want;
		bool there;
	} cases[] = {
		{"the days", NULL,
	         "2026-02-24 to 2026-03-02: incoming messages", true},
		{"a share", NULL, "12.6 %", true},
		{"all of it", NULL, "100.0 %", true},
		{"who is bad", "a.example",
	         "senders without TLS, or with TLS before 1.2\n"
	         "  sender       messages",
	         true},
		{"a cipher", "a.example", "TLS_AES_256_GCM_SHA384", true},
		{"own users", "a.example",
	         "mail from our own users and programs", true},
		{"a before-queue filter", NULL,
	         "A before-queue filter handed back 8 more", true},
		{"its way in", "a.example",
	         "mail handed back by a before-queue filter, from any sender\n"
	         "  messages  client  TLS",
	         true},
		{"no filter, no word of it", "b.example", "filter", false},
		{"nobody is bad", "b.example", "senders without TLS", false},
		{"a terminal is told nothing", "b.example", "\x1b", false},
		{"but the name is there", "b.example", "evil[2J", true},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&cases[i]);
		if (run(f, cases[i].domain, (struct cli_args){.json = false},
		        &out) != 0)
			fail_msg("%s", f->err.text);
		if ((strstr(strbuf_text(&out), cases[i].want) != NULL) !=
		    cases[i].there)
			fail_msg("%s", strbuf_text(&out));
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *domain;
		struct cli_args args;
		int class;
		const char *words;
	} cases[] = {
		{"nothing came in",
	         "d.example",
	         {.json = false},
	         ERR_NOTFOUND,
	         "no mail to d.example was counted"},
		{"no day had any",
	         NULL,
	         {.has_day = true, .day = 7},
	         ERR_NOTFOUND,
	         "tlstally-milter"},
		{"no domain", "a b", {.json = false}, ERR_PARSE, "a b"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&cases[i]);
		assert_int_equal(run(f, cases[i].domain, cases[i].args, &out),
		                 cases[i].class);
		if (strstr(f->err.text, cases[i].words) == NULL)
			fail_msg("%s", f->err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_json, setup,
	                                        store_teardown),
		cmocka_unit_test_setup_teardown(test_words, setup,
	                                        store_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup,
	                                        store_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
