/* outbox/edit: what a change does to the destinations, seen through JMAP. */
#include "unit/jmap_world.h"

#include <stdlib.h>

#include "api/object.h"
#include "api/object_id.h"
#include "outbox/edit.h"
#include "store/due_table.h"

#define SET "x:TlsInternalReport/set"
#define GET "x:TlsInternalReport/get"

static uint64_t id_of(const struct world *w, char letter)
{
	uint64_t id;

	assert_true(object_id_parse(w->ids[letter - 'A'], &id));
	return id;
}

static struct outbox_destination get_dest(struct world *w, char letter,
                                          uint16_t index)
{
	struct db_txn *txn = db_begin_read(w->f.db);
	struct outbox_destination dest;

	assert_int_equal(
		outbox_destination_get(txn, id_of(w, letter), index, &dest), 1);
	db_abort(&txn);
	return dest;
}

/* As a delivery run leaves it. */
static void put_dest(struct world *w, char letter, uint16_t index,
                     enum delivery_state to, int64_t due)
{
	struct outbox_destination dest = get_dest(w, letter, index);
	struct db_txn *txn = db_begin_write(w->f.db);

	dest.state = to;
	dest.due = due;
	dest.attempts = 3;
	dest.first_attempt = WORLD_NOW - 100;
	dest.last_attempt = WORLD_NOW - 50;
	dest.lease_run = to == DELIVERY_INFLIGHT ? 77 : 0;
	snprintf(dest.token, sizeof(dest.token), "0123");
	outbox_destination_put(txn, id_of(w, letter), &dest);
	commit_ok(&txn);
}

static void check(struct world *w, const char *calls, const char *want)
{
	auto_(json_free) json_t *got = world_calls(w, calls);

	world_check(w, got, want);
}

static size_t count_due(struct world *w)
{
	struct db_txn *txn = db_begin_read(w->f.db);
	struct due_row row = {0};
	size_t n = 0;

	while (due_next(txn, INT64_MAX, &row))
		n++;
	db_abort(&txn);
	return n;
}

static void test_in_flight(void **state)
{
	struct world *w = *state;

	put_dest(w, 'A', 0, DELIVERY_INFLIGHT, WORLD_NOW + 900);
	check(w,
	      "[['" SET "',{'update':{'$A':{'domain':'x.example'}},"
	      "'destroy':['$B']},'0']]",
	      "[['" SET "',{'notUpdated':{'$A':{'type':'forbidden',"
	      "'description':'the report is being delivered to "
	      "mailto:tls@alpha.example: try again after that, at "
	      "2026-03-02T00:15:00Z at the "
	      "latest'}},'destroyed':['$B']},'0']]");
	check(w, "[['" SET "',{'destroy':['$A']},'0']]",
	      "[['" SET "',{'notDestroyed':{'$A':{'type':'forbidden'}}},'0']]");
	check(w, "[['" GET "',{'ids':['$A']},'0']]",
	      "[['" GET "',{'list':[{'domain':'alpha.example','destinations':"
	      "[{'state':'inflight','nextAttempt':null}]}]},'0']]");
	/* the run died: nobody waits for its answer */
	w->clock = clock_fixed(WORLD_NOW + 901);
	check(w, "[['" SET "',{'update':{'$A':{'domain':'x.example'}}},'0']]",
	      "[['" SET "',{'updated':{'$A':{'destinations':[{'state':"
	      "'pending','attempts':0}],'report':{'reportId':"
	      "'r1.rev2@us.example'}}}},'0']]");
	assert_int_equal(get_dest(w, 'A', 0).lease_run, 0);
	assert_string_equal(get_dest(w, 'A', 0).token, "");
}

static void test_new_report_id(void **state)
{
	static const struct {
		const char *name, *before, *patch, *want;
		enum delivery_state state;
	} rows[] = {
		{"nothing was sent: the id stays", "r@x.example",
	         "'report/organizationName':'U'", "r@x.example",
	         DELIVERY_PENDING},
		{"refused for sure: the id stays", "r@x.example",
	         "'report/organizationName':'U'", "r@x.example",
	         DELIVERY_FAILED},
		{"delivered", "r@x.example", "'report/organizationName':'U'",
	         "r.rev2@x.example", DELIVERY_DELIVERED},
		{"delivered, for another domain", "r@x.example",
	         "'domain':'z.example'", "r.rev2@x.example",
	         DELIVERY_DELIVERED},
		{"delivered as a revision", "r.rev9@x.example",
	         "'report/organizationName':'U'", "r.rev10@x.example",
	         DELIVERY_DELIVERED},
		{"an id that is no msg-id", "r", "'domain':'z.example'",
	         "r.rev2", DELIVERY_DELIVERED},
		{"rev alone is no revision", ".rev7@x.example",
	         "'domain':'z.example'", ".rev7.rev2@x.example",
	         DELIVERY_DELIVERED},
		{"the client gave one", "r@x.example", "'report/reportId':'s'",
	         "s", DELIVERY_DELIVERED},
		{"other bytes do not go out", "r@x.example",
	         "'policyIdentifiers':[1]", "r@x.example", DELIVERY_DELIVERED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf calls = {0}, want = {0};
		struct world w;

		ROW(&rows[i]);
		world_make(&w);
		strbuf_printf(&calls,
		              "[['" SET "',{'update':{'$B':{"
		              "'report/reportId':'%s'}}},'0']]",
		              rows[i].before);
		check(&w, calls.data, "[['" SET "',{'notUpdated':null},'0']]");
		put_dest(&w, 'B', 0, rows[i].state, 0);
		strbuf_reset(&calls);
		strbuf_printf(&calls,
		              "[['" SET "',{'update':{'$B':{%s}}},'0'],['" GET
		              "',{'ids':['$B']},'1']]",
		              rows[i].patch);
		strbuf_printf(&want,
		              "['*',['" GET "',{'list':[{'report':{"
		              "'reportId':'%s'}}]},'1']]",
		              rows[i].want);
		check(&w, calls.data, want.data);
		world_clear(&w);
	}
}

static void test_no_room_for_a_new_id(void **state)
{
	struct world *w = *state;
	auto_(strbuf_clear) struct strbuf calls = {0};

	strbuf_puts(&calls, "[['" SET "',{'update':{'$A':{'report/reportId':'");
	for (int i = 0; i < REPORT_ID_TEXT - 1; i++)
		strbuf_putc(&calls, 'r');
	strbuf_puts(&calls, "'}}},'0']]");
	check(w, calls.data, "[['" SET "',{'notUpdated':null},'0']]");
	put_dest(w, 'A', 0, DELIVERY_DELIVERED, 0);
	check(w, "[['" SET "',{'update':{'$A':{'domain':'x.example'}}},'0']]",
	      "[['" SET "',{'notUpdated':{'$A':{'type':'tooLarge'}}},'0']]");
}

static void test_what_is_sent_again(void **state)
{
	static const struct {
		const char *name, *patch;
		enum delivery_state before, want;
		int64_t want_due;
		uint32_t want_attempts;
	} rows[] = {
		{"other bytes: even what was delivered",
	         "'report/organizationName':'U'", DELIVERY_DELIVERED,
	         DELIVERY_PENDING, WORLD_NOW + 10800, 0},
		{"other bytes: what waits", "'domain':'z.example'",
	         DELIVERY_DEFERRED, DELIVERY_PENDING, WORLD_NOW + 10800, 0},
		{"another time: what waits",
	         "'deliverAt':'2026-03-02T00:00:01Z'", DELIVERY_DEFERRED,
	         DELIVERY_PENDING, WORLD_NOW + 1, 0},
		{"another time: what failed",
	         "'deliverAt':'2026-03-02T00:00:01Z'", DELIVERY_FAILED,
	         DELIVERY_PENDING, WORLD_NOW + 1, 0},
		{"another time: not what was delivered",
	         "'deliverAt':'2026-03-02T00:00:01Z'", DELIVERY_DELIVERED,
	         DELIVERY_DELIVERED, 0, 3},
		{"another address: not what waits",
	         "'mailRua/new@beta.example':true", DELIVERY_DEFERRED,
	         DELIVERY_DEFERRED, WORLD_NOW + 5, 3},
		{"policy ids: not what waits", "'policyIdentifiers':[1]",
	         DELIVERY_DEFERRED, DELIVERY_DEFERRED, WORLD_NOW + 5, 3},
		{"a moment before 1970: at once",
	         "'deliverAt':'1970-01-01T00:00:00Z'", DELIVERY_DEFERRED,
	         DELIVERY_PENDING, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf calls = {0};
		struct outbox_destination got;
		struct world w;

		ROW(&rows[i]);
		world_make(&w);
		put_dest(&w, 'B', 0, rows[i].before,
		         rows[i].before == DELIVERY_DEFERRED ? WORLD_NOW + 5
		                                             : 0);
		strbuf_printf(&calls,
		              "[['" SET "',{'update':{'$B':{%s}}},'0']]",
		              rows[i].patch);
		check(&w, calls.data, "[['" SET "',{'notUpdated':null},'0']]");
		got = get_dest(&w, 'B', 0);
		assert_int_equal(got.state, rows[i].want);
		assert_int_equal(got.due, rows[i].want_due);
		assert_int_equal(got.attempts, rows[i].want_attempts);
		world_clear(&w);
	}
}

static void test_destroyed_is_not_sent(void **state)
{
	struct world *w = *state;

	assert_int_equal(count_due(w), 3);
	check(w, "[['" SET "',{'destroy':['$B']},'0']]",
	      "[['" SET "',{'destroyed':['$B']},'0']]");
	assert_int_equal(count_due(w), 1);
}

static void test_gone_addresses_are_not_sent_to(void **state)
{
	struct world *w = *state;

	check(w, "[['" SET "',{'update':{'$B':{'mailRua':[]}}},'0']]",
	      "[['" SET "',{'updated':{'$B':{'destinations':[{'uri':"
	      "'https://beta.example/tls'}]}}},'0']]");
	assert_int_equal(count_due(w), 2);
	assert_int_equal(get_dest(w, 'B', 0).rua.kind, RUA_HTTPS);
}

/* Nothing will happen to it any more. */
static void test_the_last_waiting_one_gone(void **state)
{
	struct world *w = *state;

	put_dest(w, 'B', 0, DELIVERY_DELIVERED, 0);
	check(w,
	      "[['" SET "',{'update':{'$B':{'httpRua':[]}}},'0'],['" GET
	      "',{'ids':['$B']},'1'],['tally:SentReport/get',{'ids':['$B']},"
	      "'2']]",
	      "[['" SET "',{'updated':{'$B':null}},'0'],['" GET
	      "',{'notFound':['$B']},'1'],['tally:SentReport/get',{'list':[{"
	      "'status':'done','destinations':[{'state':'delivered'}],"
	      "'report':{'reportId':'r1@us.example'}}]},'2']]");
	assert_int_equal(count_due(w), 1);
}

#define SENT "tally:SentReport/"

/* deliverAt of the archive's: once more, to those that did not get it. */
static void test_sent_again(void **state)
{
	struct world *w = *state;

	put_dest(w, 'B', 0, DELIVERY_EXPIRED, 0);
	check(w, "[['" SET "',{'update':{'$B':{'httpRua':[]}}},'0']]",
	      "[['" SET "',{'updated':{'$B':null}},'0']]");
	check(w,
	      "[['" SENT "set',{'update':{'$B':{'domain':'x.example',"
	      "'deliverAt':'soon'}}},'0'],['" SENT
	      "set',{'update':{'$B':{'status':'pending'}}},'1'],['" SENT
	      "set',{'update':{'$B':{}}},'2'],['" SENT
	      "set',{'update':{'$A':{}}},'3'],['" SENT
	      "set',{'destroy':['$B']},'4'],['" SENT
	      "set',{'create':{'k':{}}},'5']]",
	      "[['" SENT "set',{'notUpdated':{'$B':{'type':"
	      "'invalidProperties','properties':['domain','deliverAt']}}},"
	      "'0'],['" SENT "set',{'notUpdated':{'$B':{'type':"
	      "'invalidProperties','properties':['status']}}},'1'],['" SENT
	      "set',{'updated':{'$B':null}},'2'],['" SENT
	      "set',{'notUpdated':{'$A':{'type':'notFound'}}},'3'],"
	      "['error',{'type':'forbidden'},'4'],"
	      "['error',{'type':'forbidden'},'5']]");
	check(w,
	      "[['" SENT "set',{'update':{'$B':{'deliverAt':"
	      "'2026-03-03T00:00:00Z'}}},'0'],['" SENT
	      "get',{'ids':['$B']},'1'],['" GET "',{'ids':['$B']},'2']]",
	      "[['" SENT "set',{'updated':{'$B':null}},'0'],['" SENT
	      "get',{'notFound':['$B']},'1'],['" GET
	      "',{'list':[{'status':'pending','deliverAt':"
	      "'2026-03-03T00:00:00Z','destinations':[{'state':'pending',"
	      "'attempts':0,'nextAttempt':'2026-03-03T00:00:00Z'}],"
	      "'report':{'reportId':'r1@us.example'}}]},'2']]");
}

static void test_not_sent_twice(void **state)
{
	struct world *w = *state;

	put_dest(w, 'B', 0, DELIVERY_DELIVERED, 0);
	check(w, "[['" SET "',{'update':{'$B':{'httpRua':[]}}},'0']]",
	      "[['" SET "',{'updated':{'$B':null}},'0']]");
	check(w,
	      "[['" SENT "set',{'update':{'$B':{'deliverAt':"
	      "'2026-03-03T00:00:01Z'}}},'0']]",
	      "[['" SENT "set',{'notUpdated':{'$B':{'type':'forbidden',"
	      "'description':'the report was delivered to all its "
	      "destinations'}}},'0']]");
}

static void test_preview_holds(void **state)
{
	struct world *w = *state;

	w->conf.report.mode = MODE_PREVIEW;
	check(w,
	      "[['" SET "',{'create':{'k':" GIVEN(
		      "new.example", "0", "2026-03-02T01:00:00Z",
		      "'mailRua':['a@new.example'],") "},'update':{'$C':{"
	                                              "'mailRua/"
	                                              "b@gamma.example':true}}}"
	                                              ",'0']]",
	      "[['" SET "',{'created':{'k':{'status':'held','destinations':[{"
	      "'nextAttempt':null}]}},'updated':{'$C':{'status':'held',"
	      "'destinations':[{'nextAttempt':null}]}}},'0']]");
	assert_int_equal(count_due(w), 3);
}

/* It stands in no list that a client sees. */
static void test_a_directory_stays(void **state)
{
	struct world *w = *state;
	struct outbox_destination dest = {
		.index = 1, .state = DELIVERY_PENDING, .due = WORLD_NOW};
	struct db_txn *txn = db_begin_write(w->f.db);
	struct outbox_head head;

	assert_int_equal(rua_from_directory("/var/reports", &dest.rua, NULL),
	                 0);
	assert_int_equal(outbox_head_get(txn, id_of(w, 'A'), &head), 1);
	head.destination_count = 2;
	outbox_head_put(txn, &head);
	outbox_destination_put(txn, head.id, &dest);
	commit_ok(&txn);
	check(w, "[['" SET "',{'update':{'$A':{'mailRua':[]}}},'0']]",
	      "[['" SET "',{'updated':{'$A':{'destinations':[{'uri':"
	      "'directory:/var/reports'}]}}},'0']]");
	assert_int_equal(get_dest(w, 'A', 0).rua.kind, RUA_DIRECTORY);
}

static void test_too_large(void **state)
{
	struct world *w = *state;

	w->conf.report.max_report_size = 300;
	check(w,
	      "[['" SET "',{'create':{'k':" GIVEN(
		      "new.example", "0", "2026-03-02T01:00:00Z",
		      "") "},'update':{'$A':{'report/"
	                  "organizationName':'U'},'$B':{"
	                  "'policyIdentifiers':[5]}}},'0']]",
	      "[['" SET "',{'notCreated':{'k':{'type':'tooLarge'}},"
	      "'notUpdated':{'$A':{'type':'tooLarge'}},'updated':{'$B':null}},"
	      "'0']]");
}

/* What may be between the look and the writing. */
static void test_changed_since_the_look(void **state)
{
	static const struct {
		const char *name, *calls;
		enum delivery_state to;
		int64_t due;
		int want;
	} rows[] = {
		{"nothing", "[]", DELIVERY_PENDING, 0, 0},
		{"another report",
	         "[['" SET
	         "',{'update':{'$B':{'policyIdentifiers':[1]}}},'0']]",
	         DELIVERY_PENDING, 0, 0},
		{"its body",
	         "[['" SET
	         "',{'update':{'$A':{'policyIdentifiers':[1]}}},'0']]",
	         DELIVERY_PENDING, 0, 1},
		{"its head",
	         "[['" SET
	         "',{'update':{'$A':{'createdAt':'2026-03-02T00:00:01Z'}}},"
	         "'0']]",
	         DELIVERY_PENDING, 0, 1},
		{"a destination", "[]", DELIVERY_DELIVERED, 0, 1},
		{"a claim", "[]", DELIVERY_INFLIGHT, WORLD_NOW + 900, 1},
		{"it is gone", "[['" SET "',{'destroy':['$A']},'0']]",
	         DELIVERY_PENDING, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(edit_free) struct edit *edit = edit_new();
		auto_(json_free) json_t *got = NULL;
		struct db_txn *txn;
		struct world w;
		struct err err;

		ROW(&rows[i]);
		world_make(&w);
		txn = db_begin_read(w.f.db);
		assert_int_equal(
			edit_look(edit, txn, id_of(&w, 'A'), WORLD_NOW, &err),
			0);
		db_abort(&txn);
		got = world_calls(&w, rows[i].calls);
		if (rows[i].to != DELIVERY_PENDING)
			put_dest(&w, 'A', 0, rows[i].to, rows[i].due);
		edit->after->domain = "x.example";
		assert_int_equal(edit_pack(edit, &w.conf, &err), 0);
		txn = db_begin_write(w.f.db);
		assert_int_equal(edit_write(edit, txn, &w.conf,
		                            WORLD_NOW * INT64_C(1000), &err),
		                 rows[i].want);
		db_abort(&txn);
		world_clear(&w);
	}
}

/* --- an object given back as it was got --- */

static json_t *get_object(struct world *w, const char *id)
{
	auto_(strbuf_clear) struct strbuf calls = {0};
	auto_(json_free) json_t *got = NULL;

	strbuf_printf(&calls, "[['" GET "',{'ids':['%s']},'0']]", id);
	got = world_calls(w, calls.data);
	return json_incref(json_array_get(
		json_object_get(json_array_get(json_array_get(got, 0), 1),
	                        "list"),
		0));
}

/* The response to an update of the whole object. */
static json_t *put_object(struct world *w, const char *id, json_t *object)
{
	auto_(strbuf_clear) struct strbuf text = {0}, calls = {0};
	auto_(json_free) json_t *got = NULL;

	json_write(object, &text);
	strbuf_printf(&calls, "[['" SET "',{'update':{'%s':%s}},'0']]", id,
	              text.data);
	got = world_calls(w, calls.data);
	return json_incref(json_array_get(json_array_get(got, 0), 1));
}

static struct hash128 digest_of(struct world *w, const char *text)
{
	struct db_txn *txn = db_begin_read(w->f.db);
	struct hash128 digest;
	uint64_t id;

	assert_true(object_id_parse(text, &id));
	digest = outbox_digest(txn, id);
	db_abort(&txn);
	return digest;
}

static void check_no_change(struct world *w, const char *id)
{
	auto_(json_free) json_t *object = get_object(w, id);
	struct hash128 before = digest_of(w, id), after;
	auto_(json_free) json_t *response = put_object(w, id, object);
	auto_(json_free) json_t *again = get_object(w, id);
	json_t *updated = json_object_get(response, "updated");

	if (!json_is_null(json_object_get(updated, id)))
		fail_msg("got: %s", json_dumps(response, 0));
	assert_string_equal(
		json_string_value(json_object_get(response, "oldState")),
		json_string_value(json_object_get(response, "newState")));
	after = digest_of(w, id);
	assert_true(before.high == after.high && before.low == after.low);
	assert_true(json_equal(object, again));
}

static void test_given_back(void **state)
{
	static const char every[] =
		"[['" SET
		"',{'create':{'k':{'domain':'every.example','createdAt':"
		"'2026-03-02T00:00:00Z','deliverAt':'2026-03-02T01:00:00Z',"
		"'mailRua':['tls@every.example'],'httpRua':"
		"['https://every.example/a?b=c'],'policyIdentifiers':[0,"
		"9007199254740991,'9007199254740992','18446744073709551615'],"
		"'report':{'organizationName':'Us, Ã¤ & Co',"
		"'contactInfo':'ask at the desk','reportId':'no msg-id',"
		"'dateRangeStart':'2026-03-01T00:00:00Z','dateRangeEnd':"
		"'2026-03-01T23:59:59Z','policies':[{'policyType':'other',"
		"'policyStrings':['â¬'],'policyDomain':"
		"'every.example','mxHosts':['*.every.example'],"
		"'totalFailedSessions':9007199254740991,'failureDetails':[{"
		"'resultType':'other','receivingIp':'2001:DB8::1',"
		"'receivingMxHelo':'x y','additionalInformation':'no URI'}]}]}"
		"}}},'0']]";
	struct world *w = *state;
	auto_(json_free) json_t *got = world_calls(w, every);
	json_t *created = json_object_get(
		json_array_get(json_array_get(got, 0), 1), "created");
	const char *id = json_string_value(
		json_object_get(json_object_get(created, "k"), "id"));

	check_no_change(w, id);
	for (size_t i = 0; i < 3; i++)
		check_no_change(w, w->ids[i]);
	put_dest(w, 'A', 0, DELIVERY_DEFERRED, WORLD_NOW + 600);
	put_dest(w, 'B', 0, DELIVERY_DELIVERED, 0);
	put_dest(w, 'B', 1, DELIVERY_FAILED, 0);
	for (size_t i = 0; i < 3; i++)
		check_no_change(w, w->ids[i]);
}

static void test_given_back_with_a_change(void **state)
{
	struct world *w = *state;
	auto_(json_free) json_t *object = get_object(w, w->ids[1]);
	auto_(json_free) json_t *response = NULL;

	json_object_set_new(object, "domain", json_string("other.example"));
	response = put_object(w, w->ids[1], object);
	world_check(w, response, "{'updated':{'$B':null},'notUpdated':null}");
	world_check(w, response, "{'oldState':'$S'}");
	json_object_set_new(object, "doneAt",
	                    json_string("2026-03-02T00:00:00Z"));
	json_object_set_new(object, "status", json_null());
	json_free(&response);
	response = put_object(w, w->ids[1], object);
	world_check(w, response,
	            "{'notUpdated':{'$B':{'type':'invalidProperties',"
	            "'properties':['doneAt','status']}}}");
}

/* --- what nobody gave --- */

#define MADE(report)                                                           \
	"[['" SET "',{'create':{'k':{'domain':'made.example','createdAt':"     \
	"'2026-03-02T00:00:00Z','deliverAt':'2026-03-02T01:00:00Z','report':{" \
	"'dateRangeStart':'2026-03-01T00:00:00Z','dateRangeEnd':"              \
	"'2026-03-01T23:59:59Z'" report "}}}},'0']]"

static void test_of_the_settings(void **state)
{
	static const struct {
		const char *name, *organization, *report, *want;
	} rows[] = {
		{"all of it", "Us", "",
	         "{'organizationName':'Us','contactInfo':'tls@us.example',"
	         "'reportId':'*'}"},
		{"null and nothing", "Us",
	         ",'organizationName':null,'contactInfo':'','reportId':null",
	         "{'organizationName':'Us','contactInfo':'tls@us.example',"
	         "'reportId':'*'}"},
		{"an organization without a name", "", "",
	         "{'organizationName':'us.example'}"},
		{"what was given stays", "Us",
	         ",'organizationName':'They','contactInfo':'They',"
	         "'reportId':'They'",
	         "{'organizationName':'They','contactInfo':'They','reportId':"
	         "'They'}"},
	};
	static const char made[] = "20260301.made.example.";
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf calls = {0};
		auto_(json_free) json_t *got = NULL, *object = NULL;
		json_t *k, *report;
		const char *id;

		ROW(&rows[i]);
		free(w->conf.report.organization_name);
		w->conf.report.organization_name =
			xstrdup(rows[i].organization);
		strbuf_printf(&calls, MADE("%s"), rows[i].report);
		got = world_calls(w, calls.data);
		k = json_object_get(
			json_object_get(
				json_array_get(json_array_get(got, 0), 1),
				"created"),
			"k");
		object = get_object(
			w, json_string_value(json_object_get(k, "id")));
		report = json_object_get(object, "report");
		world_check(w, report, rows[i].want);
		/* who did not say it is told */
		if (i < 3)
			assert_true(json_equal(json_object_get(k, "report"),
			                       report));
		id = json_string_value(json_object_get(report, "reportId"));
		if (strcmp(id, "They") != 0) {
			assert_int_equal(strncmp(id, made, strlen(made)), 0);
			assert_string_equal(strchr(id, '@'), "@us.example");
		}
	}
}

/* Two of one domain and day, of which a receiver must not drop one. */
static void test_made_ids_differ(void **state)
{
	struct world *w = *state;
	const char *ids[2];
	json_t *got[2];

	for (size_t i = 0; i < 2; i++) {
		json_t *created;

		got[i] = world_calls(w, MADE(""));
		created = json_object_get(
			json_array_get(json_array_get(got[i], 0), 1),
			"created");
		ids[i] = json_string_value(json_object_get(
			json_object_get(json_object_get(created, "k"),
		                        "report"),
			"reportId"));
		assert_non_null(ids[i]);
	}
	assert_string_not_equal(ids[0], ids[1]);
	json_decref(got[0]);
	json_decref(got[1]);
}

/* A report needs somebody whom its receiver may ask. */
static void test_nobody_to_ask(void **state)
{
	struct world *w = *state;

	free(w->conf.report.contact_info);
	w->conf.report.contact_info = xstrdup("");
	check(w, MADE(""),
	      "[['" SET "',{'notCreated':{'k':{'type':'forbidden',"
	      "'description':'[report] contact_info: required: the mail "
	      "address that receivers of reports may write to'}}},'0']]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_given_back),
		WORLD_TEST(test_given_back_with_a_change),
		WORLD_TEST(test_of_the_settings),
		WORLD_TEST(test_nobody_to_ask),
		WORLD_TEST(test_made_ids_differ),
		WORLD_TEST(test_in_flight),
		cmocka_unit_test(test_new_report_id),
		WORLD_TEST(test_no_room_for_a_new_id),
		cmocka_unit_test(test_what_is_sent_again),
		WORLD_TEST(test_destroyed_is_not_sent),
		WORLD_TEST(test_gone_addresses_are_not_sent_to),
		WORLD_TEST(test_the_last_waiting_one_gone),
		WORLD_TEST(test_sent_again),
		WORLD_TEST(test_not_sent_twice),
		WORLD_TEST(test_preview_holds),
		WORLD_TEST(test_a_directory_stays),
		WORLD_TEST(test_too_large),
		cmocka_unit_test(test_changed_since_the_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
