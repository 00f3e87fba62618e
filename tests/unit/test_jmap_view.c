/* JMAP's views: status, the sums of some days, a domain looked up now. */
#include <stdlib.h>
#include <time.h>

#include "unit/jmap_world.h"

#include "fake/fake_resolver.h"
#include "fake/fake_tally.h"
#include "jmap/lookup_desk.h"
#include "session/session.h"
#include "store/answer_group.h"
#include "store/day_table.h"
#include "store/feed_table.h"
#include "store/inbound_table.h"
#include "store/policy_cache_table.h"
#include "store/purge.h"

enum { MONDAY = 20513, TUESDAY }; /* 2026-03-01 and 02; it is Tuesday 00:00 */

static const struct tally_limits wide = {.max_policies = 1000,
                                         .max_details = 100000,
                                         .soft_bytes = 64u << 20,
                                         .hard_bytes = 64u << 20};

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	world_make(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	lookup_desk_free(&w->jmap.lookups);
	world_clear(w);
	free(w);
	return 0;
}

static void check(struct world *w, const char *calls, const char *want)
{
	auto_(json_free) json_t *got = world_calls(w, calls);

	world_check(w, got, want);
}

/* Sessions of a domain under one policy, all of one outcome. */
struct event {
	int32_t day;
	const char *domain;
	enum policy_type policy;
	int result; /* an enum result_type; -1: success */
	uint64_t n;
};

static void add(struct tally *tally, const struct event *e)
{
	const char *strings[] = {"version: STSv1"};
	struct failure_detail detail = {.result = (enum result_type)e->result,
	                                .mx_host = "mx.example.com"};
	struct session_policy policy = {.type = e->policy,
	                                .domain = e->domain,
	                                .strings = strings,
	                                .string_count = e->policy == POLICY_STS,
	                                .failures = &detail,
	                                .failure_count = e->result >= 0,
	                                .failed = e->result >= 0};
	struct session session = {.domain = e->domain,
	                          .policies = &policy,
	                          .policy_count = 1,
	                          .valid = true};

	assert_true(tally_add(tally, e->day, &session, e->n));
}

static void count_all(struct world *w, const struct event *events, size_t count)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &wide);
	struct err err = {0};

	for (size_t i = 0; i < count; i++)
		add(tally, &events[i]);
	if (fake_tally_commit(w->f.db, tally, &wide, &err) != 0)
		fail_msg("%s", err.text);
}

static const struct event two_days[] = {
	{MONDAY, "a.example", POLICY_STS, -1, 100},
	{MONDAY, "a.example", POLICY_STS, RESULT_CERTIFICATE_EXPIRED, 3},
	{MONDAY, "b.example", POLICY_TLSA, RESULT_TLSA_INVALID, 5},
	{MONDAY, "c.example", POLICY_NONE, -1, 7},
	{TUESDAY, "a.example", POLICY_STS, RESULT_CERTIFICATE_EXPIRED, 4},
	{TUESDAY, "a.example", POLICY_STS, RESULT_STARTTLS_NOT_SUPPORTED, 1},
	{TUESDAY, "d.example", POLICY_NONE, -1, 9},
};

static void test_what_is_asked(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"they have no other method",
	         "[['tally:Status/query',{},'0'],['tally:Lookup/set',{},'1'],"
	         "['tally:Overview/changes',{'sinceState':'0'},'2']]",
	         "[['error',{'type':'unknownMethod'},'0'],['error',{'type':"
	         "'unknownMethod'},'1'],['error',{'type':'unknownMethod'},"
	         "'2']]"},
		{"without ids there is the status and nothing else",
	         "[['tally:Status/get',{'properties':['mode']},'0'],["
	         "'tally:Overview/get',{},'1']]",
	         "[['tally:Status/get',{'accountId':'tally','state':'*','list':"
	         "[{'id':'singleton','mode':'all'}],'notFound':[]},'0'],["
	         "'error',{'type':'invalidArguments'},'1']]"},
		{"what is not there",
	         "[['tally:Status/get',{'ids':['x']},'0'],['tally:Overview/"
	         "get',{'ids':['d2026-03-01','d2026-03-02_2026-03-01',"
	         "'d2026-02-30_2026-03-01','d2026-03-01x2026-03-02']},'1'],["
	         "'tally:Lookup/get',{'ids':['a_','A_example','_']},'2']]",
	         "[['*',{'list':[],'notFound':['x']},'0'],['*',{'list':[],"
	         "'notFound':['*','*','*','*']},'1'],['*',{'list':[],"
	         "'notFound':['*','*','*']},'2']]"},
		{"too many",
	         "[['tally:Lookup/get',{'ids':['a_b','b_b','c_b','d_b','e_b']}"
	         ",'0'],['tally:Overview/get',{'ids':['d2025-01-01_2026-02-05'"
	         "]},'1']]",
	         "[['error',{'type':'requestTooLarge'},'0'],['error',{'type':"
	         "'requestTooLarge','description':'*'},'1']]"},
		{"a property that is none",
	         "[['tally:Status/get',{'properties':['moda']},'0']]",
	         "[['error',{'type':'invalidArguments','description':'*'},'0']"
	         "]"},
		{"only a look-up can be made anew",
	         "[['tally:Status/get',{'refresh':true},'0']]",
	         "[['error',{'type':'invalidArguments'},'0']]"},
		{"nobody here asks DNS",
	         "[['tally:Lookup/get',{'ids':['a_example']},'0']]",
	         "[['error',{'type':'serverUnavailable','description':'only "
	         "tlstally-httpd makes lookups for this object; at the command "
	         "line, use `tlstally lookup`'},'0']]"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check(w, rows[i].calls, rows[i].want);
	}
}

static void test_status(void **state)
{
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);
	struct feed feed = {.name = "events",
	                    .watermark = WORLD_NOW - 1,
	                    .seen_at = WORLD_NOW,
	                    .last_event = WORLD_NOW - 60,
	                    .events = 17};

	feed_table_put(txn, &feed);
	commit_ok(&txn);
	count_all(w, two_days, COUNT(two_days));
	check(w, "[['tally:Status/get',{},'0']]",
	      "[['*',{'list':[{'id':'singleton','now':'2026-03-02T00:00:00Z',"
	      "'mode':'all','store':{'usedBytes':'*'},'feeds':[{'name':"
	      "'events','lastEvent':'2026-03-01T23:59:00Z','events':17}],"
	      "'days':[{'day':'2026-03-02','domains':2},{'day':'2026-03-01',"
	      "'domains':3}],'outbox':{'reports':{'pending':2,'idle':1}},"
	      "'troubleCount':0,'suppressions':0,'coverage':[]}]},'0']]");
	check(w,
	      "[['tally:Status/get',{'properties':['outbox','settings']},'0']]",
	      "[['*',{'list':[{'id':'singleton','settings':null,'outbox':'*'}]"
	      "},'0']]");
}

/* What a person must do comes first, and 3 of one cause are one. */
static void test_status_of_deliveries(void **state)
{
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);
	struct outbox_destination dest = {
		.rua = {.kind = RUA_MAIL, .address = "a@b.example"},
		.stage = STAGE_CONNECT,
		.our_fault = true,
		.attempts = 1,
		.first_attempt = WORLD_NOW - 60,
		.last_attempt = WORLD_NOW - 60,
		.answer = "mail relay 192.0.2.1:25: refused",
	};
	struct answer_group group;

	dest.state = DELIVERY_EXPIRED;
	answer_group_of(&dest, "a.example", &group);
	for (int i = 0; i < 3; i++)
		answer_group_add(txn, TUESDAY, &group);
	day_table_settled_add(
		txn, TUESDAY,
		&(struct day_settled){.reports = 3,
	                              .destinations[DELIVERY_EXPIRED] = 3});
	feed_table_put(txn, &(struct feed){.name = "events",
	                                   .watermark = WORLD_NOW,
	                                   .seen_at = WORLD_NOW,
	                                   .last_event = WORLD_NOW});
	commit_ok(&txn);
	check(w,
	      "[['tally:Status/get',{'properties':['verdict','actions',"
	      "'answers','deliveries']},'0']]",
	      "[['*',{'list':[{'id':'singleton','verdict':{'kind':'site',"
	      "'cause':'deliveries','more':0},'actions':[{'what':'3 "
	      "deliveries were given up on 2026-03-02 because of trouble on "
	      "this site: mail relay 192.0.2.1:25: refused','command':'"
	      "tlstally help resend'}],'answers':[{'day':"
	      "'2026-03-02','state':'expired','transport':'mail','stage':"
	      "'connect','code':0,'ownFault':true,'destinations':3,'domain':"
	      "'a.example','answer':'mail relay 192.0.2.1:25: refused',"
	      "'firstAttempt':'2026-03-01T23:59:00Z','lastAttempt':"
	      "'2026-03-01T23:59:00Z'}],'deliveries':[{"
	      "'day':'2026-03-02','settled':3,'delivered':0,'failed':0,"
	      "'suppressed':0,'expired':3,'bounced':0}]}]},'0']]");
}

#define OVERVIEW(first, last)                                                  \
	"[['tally:Overview/get',{'ids':['d" first "_" last "']},'0']]"
#define BOTH OVERVIEW("2026-03-01", "2026-03-02")

static void test_sums(void **state)
{
	struct world *w = *state;
	struct db_txn *txn;

	count_all(w, two_days, COUNT(two_days));
	txn = db_begin_write(w->f.db);
	day_table_closed_set(txn, MONDAY);
	day_table_settled_add(
		txn, TUESDAY,
		&(struct day_settled){.reports = 2,
	                              .destinations[DELIVERY_DELIVERED] = 3,
	                              .destinations[DELIVERY_FAILED] = 1});
	commit_ok(&txn);
	check(w, BOTH,
	      "[['*',{'list':[{'firstDay':'2026-03-01','lastDay':'2026-03-02',"
	      "'isComplete':true,'days':[{'day':'2026-03-01','isClosed':true,"
	      "'domains':3,'failingDomains':2,'successfulSessions':107,"
	      "'failedSessions':8,'policyTypes':{'sts':{'successfulSessions':"
	      "100,'failedSessions':3},'tlsa':{'failedSessions':5},"
	      "'noPolicyFound':{'successfulSessions':7}},'resultTypes':{"
	      "'certificateExpired':3,'tlsaInvalid':5},'marks':{'open':3},"
	      "'reports':{'settled':0,'delivered':0}},{'day':'2026-03-02',"
	      "'isClosed':false,'domains':2,'failingDomains':1,"
	      "'successfulSessions':9,'failedSessions':5,'resultTypes':{"
	      "'certificateExpired':4,'startTlsNotSupported':1},'reports':{"
	      "'settled':2,'delivered':3,'failed':1,'bounced':0}}],"
	      "'worstDomains':[{'domain':'a.example','successfulSessions':100,"
	      "'failedSessions':8},{'domain':'b.example','failedSessions':5}]"
	      "}]},'0']]");
	check(w, OVERVIEW("2026-02-01", "2026-02-02"),
	      "[['*',{'list':[{'isComplete':true,'worstDomains':[],'days':[{"
	      "'day':'2026-02-01','domains':0,'failedSessions':0},{'day':"
	      "'2026-02-02','resultTypes':{}}]}]},'0']]");
}

#define FAILED(n)                                                              \
	"[['*',{'list':[{'days':[{'failedSessions':8},{'failedSessions':" n    \
	"}]}]},'0']]"

/* What is counted is in the sums at once, and a purge takes them away. */
static void test_kept(void **state)
{
	static const struct event more = {TUESDAY, "e.example", POLICY_NONE,
	                                  RESULT_OTHER, 2};
	struct purge_counts counts;
	struct world *w = *state;
	struct err err;

	count_all(w, two_days, COUNT(two_days));
	check(w, BOTH, FAILED("5"));
	count_all(w, &more, 1);
	check(w, BOTH, FAILED("7"));
	if (purge_run(w->f.db, TUESDAY, WORLD_NOW, 0, 90, &counts, &err) < 0)
		fail_msg("%s", err.text);
	check(w, BOTH,
	      "[['*',{'list':[{'days':[{'failedSessions':0,'domains':0},{"
	      "'failedSessions':7}],'worstDomains':['*','*']}]},'0']]");
}

#define CONCERNED                                                              \
	"[['tally:Overview/get',{'ids':['d2026-03-01_2026-03-02'],"            \
	"'properties':['concerned']},'0'],"                                    \
	"['tally:DomainPeriod/query',{'filter':{'hasClear':true,'dayAfter':"   \
	"'2026-03-01'},'calculateTotal':true,'limit':0},'1'],"                 \
	"['tally:DomainPeriod/query',{'filter':{'policyType':'tlsa',"          \
	"'hasFailures':true,'dayAfter':'2026-03-01'},'calculateTotal':true,"   \
	"'limit':0},'2']]"

/* As many as the lists of domains have to which the page leads, those with
 * most sessions. */
static void test_concerned(void **state)
{
	struct world *w = *state;

	count_all(w, two_days, COUNT(two_days));
	for (int i = 0; i < 12; i++) {
		char domain[32];
		struct event events[] = {
			{i % 2 ? MONDAY : TUESDAY, domain, POLICY_TLSA,
		         RESULT_TLSA_INVALID, 10 + (uint64_t)i * 7 % 12},
			{MONDAY, domain, POLICY_TLSA, -1, 50},
		};

		snprintf(domain, sizeof(domain), "t%02d.example", i);
		count_all(w, events, COUNT(events));
	}
	count_all(w,
	          &(struct event){TUESDAY, "e.example", POLICY_NONE,
	                          RESULT_STARTTLS_NOT_SUPPORTED, 6},
	          1);
	check(w, CONCERNED,
	      "[['*',{'list':[{'concerned':{'clear':{'total':1,"
	      "'domains':[{'domain':'e.example','clearSessions':6,"
	      "'failedSessions':6,'mainResult':'startTlsNotSupported'}]},"
	      "'tlsa':{'total':13,'domains':[{'domain':'t05.example',"
	      "'failedSessions':21},{'domain':'t10.example','failedSessions':"
	      "20},{'domain':'t03.example'},{'domain':'t08.example'},'*','*',"
	      "'*','*','*',{'domain':'t02.example','failedSessions':12}]},"
	      "'sts':{'total':1,'domains':[{'domain':'a.example',"
	      "'failedSessions':8,'clearSessions':0}]}}}]},'0'],"
	      "['*',{'total':1},'1'],['*',{'total':13},'2']]");
}

#define MANY(args)                                                             \
	"[['tally:Domain/query',{" args ",'calculateTotal':true},'0']]"
#define MANY_IDS(ids) "[['*',{'ids':[" ids "],'total':5000},'0']]"

/* The worst come first, however many domains failed. */
static void test_many_domains(void **state)
{
	auto_(tally_free) struct tally *tally = tally_new(1, &wide);
	struct world *w = *state;
	struct err err = {0};

	for (int i = 0; i < 5000; i++) {
		char domain[32];
		struct event event = {MONDAY, domain, POLICY_NONE,
		                      RESULT_VALIDATION_FAILURE,
		                      (uint64_t)(i * 7919 % 5003) + 1};

		snprintf(domain, sizeof(domain), "d%d.example", i);
		add(tally, &event);
	}
	assert_int_equal(fake_tally_commit(w->f.db, tally, &wide, &err), 0);
	check(w,
	      "[['tally:Overview/get',{'ids':['d2026-03-01_2026-03-01'],"
	      "'properties':['worstDomains','days']},'0']]",
	      "[['*',{'list':[{'days':[{'domains':5000,'failingDomains':5000}]"
	      ",'worstDomains':[{'domain':'*','failedSessions':5003},{"
	      "'domain':'*','failedSessions':5002},'*','*','*','*','*','*','*'"
	      ",'*','*','*','*','*','*','*','*','*','*','*']}]},'0']]");
	check(w,
	      MANY("'sort':[{'property':'totalFailedSessions','isAscending':"
	           "false}],'position':1,'limit':2"),
	      MANY_IDS("'d20513-d1726_example','d20513-d2589_example'"));
	/* past what is kept of them, by name and by day */
	check(w,
	      MANY("'sort':[{'property':'domain'}],'position':4998,'limit':9"),
	      MANY_IDS("'d20513-d998_example','d20513-d999_example'"));
	check(w,
	      MANY("'sort':[{'property':'day','isAscending':false},{"
	           "'property':'domain'}],'position':4998,'limit':9"),
	      MANY_IDS("'d20513-d998_example','d20513-d999_example'"));
	check(w, MANY("'limit':0"), MANY_IDS(""));
}

/* --- a result in pages --- */

enum { PAGE = 3 };

/* The response to a /query with these arguments; the caller's. */
static json_t *query(struct world *w, const char *type, const char *args,
                     const char *more)
{
	auto_(strbuf_clear) struct strbuf calls = {0};
	auto_(json_free) json_t *responses = NULL;
	json_t *got;

	strbuf_printf(&calls, "[['%s/query',{%s%s%s},'0']]", type, args,
	              args[0] != '\0' ? "," : "", more);
	responses = world_calls(w, strbuf_text(&calls));
	got = json_array_get(json_array_get(responses, 0), 1);
	if (json_object_get(got, "ids") == NULL)
		fail_msg("%s: %s", strbuf_text(&calls), json_dumps(got, 0));
	return json_incref(got);
}

/* The page from `from` on, by a place or behind an anchor, is that part of all
 * ids. */
static void check_page(struct world *w, const char *type, const char *args,
                       const json_t *all, size_t from, bool by_anchor)
{
	auto_(strbuf_clear) struct strbuf more = {0};
	auto_(json_free) json_t *got = NULL;
	size_t count = json_array_size(all), i;
	const json_t *ids, *id;

	if (by_anchor)
		strbuf_printf(&more, "'anchor':'%s','anchorOffset':1",
		              json_string_value(json_array_get(all, from - 1)));
	else
		strbuf_printf(&more, "'position':%zu", from);
	strbuf_printf(&more, ",'limit':%d%s", PAGE,
	              from % 2 == 0 ? ",'calculateTotal':true" : "");
	got = query(w, type, args, strbuf_text(&more));
	ids = json_object_get(got, "ids");
	assert_int_equal(json_array_size(ids),
	                 count - from < PAGE ? count - from : PAGE);
	json_array_foreach (ids, i, id)
		assert_string_equal(
			json_string_value(id),
			json_string_value(json_array_get(all, from + i)));
	assert_int_equal(json_integer_value(json_object_get(got, "position")),
	                 from);
	if (from % 2 == 0)
		assert_int_equal(
			json_integer_value(json_object_get(got, "total")),
			count);
}

static void check_pages(struct world *w, const char *type, const char *args)
{
	/* from the end: all are looked at */
	auto_(json_free) json_t *got = query(w, type, args, "'position':-999");
	auto_(json_free) json_t *plain = query(w, type, args, "'position':0");
	json_t *all = json_object_get(got, "ids");

	assert_true(json_array_size(all) > 0);
	assert_true(json_equal(all, json_object_get(plain, "ids")));
	for (size_t from = 0; from <= json_array_size(all); from++) {
		check_page(w, type, args, all, from, false);
		if (from > 0)
			check_page(w, type, args, all, from, true);
	}
}

/* However much of it is looked at, a result is the same. */
static void test_pages(void **state)
{
	static const char *const types[] = {"tally:Domain",
	                                    "tally:DomainPeriod"};
	static const char *const sorts[] = {
		"",
		"'sort':[{'property':'id'}]",
		"'sort':[{'property':'domain'}]",
		"'sort':[{'property':'domain','isAscending':false}]",
		"'sort':[{'property':'domain','collation':'i;ascii-casemap'}]",
		"'sort':[{'property':'totalFailedSessions','isAscending':"
		"false}]",
		"'sort':[{'property':'totalFailedSessions'}]",
		"'sort':[{'property':'totalFailedSessions','isAscending':"
		"false},{'property':'domain'}]",
	};
	static const char *const days[] = {
		"'sort':[{'property':'day'}]",
		"'sort':[{'property':'day','isAscending':false}]",
		"'sort':[{'property':'day','isAscending':false},{'property':"
		"'domain'}]",
		"'sort':[{'property':'day','isAscending':false},{'property':"
		"'domain','isAscending':false}]",
		"'sort':[{'property':'domain'},{'property':'day'}]",
	};
	static const char either[] =
		"'filter':{'operator':'OR','conditions':"
		"[{'hasFailures':true},{'domain':'c.example'}]}";
	static const char *const filters[] = {
		"",
		"'filter':{'hasFailures':true}",
		"'filter':{'hasFailures':false}",
		"'filter':{'day':'2026-03-01'}",
		"'filter':{'day':'2026-03-01','hasFailures':true}",
		"'filter':{'text':'example'}",
		either,
	};
	struct world *w = *state;

	count_all(w, two_days, COUNT(two_days));
	for (size_t f = 0; f < COUNT(filters); f++) {
		for (size_t s = 0; s < COUNT(sorts) + COUNT(days); s++) {
			bool of_days = s >= COUNT(sorts);
			const char *sort =
				of_days ? days[s - COUNT(sorts)] : sorts[s];
			auto_(xfree_str) char *args = xasprintf(
				"%s%s%s", filters[f],
				filters[f][0] && sort[0] ? "," : "", sort);

			check_pages(w, types[0], args);
			if (!of_days)
				check_pages(w, types[1], args);
		}
	}
}

static void close_domain(struct world *w, int32_t day, const char *domain)
{
	struct db_txn *txn = db_begin_write(w->f.db);
	struct tally_head head;
	struct err err;

	assert_int_equal(tally_head_get(txn, day, domain, &head), 1);
	tally_mark_set(txn, day, domain, head.revision, TALLY_QUEUED, 0, NULL);
	assert_int_equal(db_commit(&txn, &err), 0);
}

#define PERIOD_QUERY(args) "[['tally:DomainPeriod/query',{" args "},'0']]"
#define PERIOD_IDS(ids) "[['*',{'ids':[" ids "]},'0']]"

/* Days that are decided about and days that are open make one line. */
static void test_domain_periods(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"all, by name", PERIOD_QUERY("'calculateTotal':true"),
	         "[['*',{'ids':['p20485-20514-a_example',"
	         "'p20485-20514-b_example','p20485-20514-c_example',"
	         "'p20485-20514-d_example'],'total':4},'0']]"},
		{"the most failures first",
	         PERIOD_QUERY("'sort':[{'property':'totalFailedSessions',"
	                      "'isAscending':false}],'limit':2"),
	         PERIOD_IDS(
			 "'p20485-20514-a_example','p20485-20514-b_example'")},
		{"of one day", PERIOD_QUERY("'filter':{'day':'2026-03-01'}"),
	         PERIOD_IDS("'p20513-20513-a_example','p20513-20513-b_example'"
	                    ",'p20513-20513-c_example'")},
		{"of one domain",
	         PERIOD_QUERY("'filter':{'domain':'D.example','dayAfter':"
	                      "'2026-03-02'}"),
	         PERIOD_IDS("'p20514-20514-d_example'")},
		{"a U-label, or a final dot",
	         PERIOD_QUERY("'filter':{'text':'A.Example.'}"),
	         PERIOD_IDS("'p20485-20514-a_example'")},
		{"of a result",
	         PERIOD_QUERY("'filter':{'result':'tlsaInvalid'}"),
	         PERIOD_IDS("'p20485-20514-b_example'")},
		{"of a policy type",
	         PERIOD_QUERY("'filter':{'policyType':'noPolicyFound'}"),
	         PERIOD_IDS(
			 "'p20485-20514-c_example','p20485-20514-d_example'")},
		{"whose fault", PERIOD_QUERY("'filter':{'fault':'theirs'}"),
	         PERIOD_IDS(
			 "'p20485-20514-a_example','p20485-20514-b_example'")},
		{"one",
	         "[['tally:DomainPeriod/get',{'ids':['p20500-20514-"
	         "a_example']},'0']]",
	         "[['*',{'list':[{'id':'p20500-20514-a_example','domain':"
	         "'a.example','firstDay':'2026-02-16','lastDay':'2026-03-02',"
	         "'countedDays':2,'lastCountedDay':'2026-03-02',"
	         "'totalSuccessfulSessions':100,'totalFailedSessions':8,"
	         "'failingDays':2,'failingSince':'2026-03-01','lastFailedDay':"
	         "'2026-03-02','mainResult':'certificateExpired',"
	         "'policyTypes':['sts'],'fault':'theirs','failingWith':1}]},"
	         "'0']]"},
		{"one that did not fail of late",
	         "[['tally:DomainPeriod/get',{'ids':['p20513-20514-c_example'"
	         "],'properties':['failingSince','mainResult','fault']},'0']]",
	         "[['*',{'list':[{'failingSince':null,'mainResult':null,"
	         "'fault':'none'}]},'0']]"},
		{"none",
	         "[['tally:DomainPeriod/get',{'ids':['p20513-20514-x',"
	         "'p020513-20514-a_example','p20514-20513-a_example',"
	         "'p20513-a_example']},'0']]",
	         "[['*',{'list':[],'notFound':['*','*','*','*']},'0']]"},
	};
	struct world *w = *state;

	count_all(w, two_days, COUNT(two_days));
	close_domain(w, MONDAY, "a.example");
	close_domain(w, MONDAY, "c.example");
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("%s\n", rows[i].name);
		check(w, rows[i].calls, rows[i].want);
	}
}

static void test_domain_days(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"of one domain",
	         "[['tally:Domain/query',{'filter':{'domain':'A.example'},"
	         "'sort':[{'property':'day','isAscending':false}]},'0']]",
	         "[['*',{'ids':['d20514-a_example','d20513-a_example']},'0']]"},
		{"and not of days before",
	         "[['tally:Domain/query',{'filter':{'domain':'a.example',"
	         "'dayAfter':'2026-03-02'}},'0']]",
	         "[['*',{'ids':['d20514-a_example']},'0']]"},
		{"a domain or another",
	         "[['tally:Domain/query',{'filter':{'operator':'OR',"
	         "'conditions':[{'domain':'b.example'},{'domain':'d.example'}"
	         "]}},'0']]",
	         "[['*',{'ids':['d20513-b_example','d20514-d_example']},'0']]"},
		{"not that domain",
	         "[['tally:Domain/query',{'filter':{'operator':'NOT',"
	         "'conditions':[{'domain':'a.example'},{'day':'2026-03-02'}]}}"
	         ",'0']]",
	         "[['*',{'ids':['d20513-b_example','d20513-c_example']},'0']]"},
		{"days before",
	         "[['tally:Domain/query',{'filter':{'dayBefore':'2026-03-02',"
	         "'hasFailures':true}},'0']]",
	         "[['*',{'ids':['d20513-a_example','d20513-b_example']},'0']]"},
		{"no day is before itself",
	         "[['tally:Domain/query',{'filter':{'dayBefore':'2026-03-02',"
	         "'dayAfter':'2026-03-02'}},'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"its policies",
	         "[['tally:Domain/get',{'ids':['d20513-a_example'],"
	         "'properties':['policies']},'0']]",
	         "[['*',{'list':[{'policies':[{'policyType':'sts',"
	         "'policyDomain':'a.example','totalSuccessfulSessions':100,"
	         "'totalFailedSessions':3,'failureDetails':[{'resultType':"
	         "'certificateExpired','failedSessionCount':3,"
	         "'receivingMxHostname':'mx.example.com'}]}]}]},'0']]"},
	};
	struct world *w = *state;

	count_all(w, two_days, COUNT(two_days));
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check(w, rows[i].calls, rows[i].want);
	}
}

/* --- look-ups --- */

#define ZONE                                                                   \
	"_smtp._tls.good.example TXT ok insecure 300 "                         \
	"v=TLSRPTv1; rua=mailto:tls@good.example\n"                            \
	"good.example MX ok secure 300 10 mx.good.example\n"                   \
	"mx.good.example A ok secure 300 192.0.2.1\n"                          \
	"_25._tcp.mx.good.example TLSA ok secure 300 3 1 1 *\n"                \
	"dead.example * tempfail insecure 0\n"                                 \
	"_smtp._tls.dead.example * tempfail insecure 0\n"                      \
	"_mta-sts.dead.example * tempfail insecure 0\n"

static struct {
	struct fake_resolver resolver;
	struct fake_fetcher fetcher;
} fakes;

static int open_fake(void *arg, struct loop *loop, struct resolver **resolver,
                     struct sts_fetcher **fetcher, struct err *err)
{
	(void)arg;
	(void)loop;
	(void)err;
	fake_resolver_init(&fakes.resolver, ZONE);
	fake_fetcher_init(&fakes.fetcher, "");
	*resolver = &fakes.resolver.resolver;
	*fetcher = &fakes.fetcher.fetcher;
	return 0;
}

static void open_desk(struct world *w)
{
	const struct policy_service_options options = {
		.conf = w->jmap.conf, .clock = &w->clock, .open = open_fake};

	w->jmap.lookups = lookup_desk_new(&options);
}

/* Asks again until it is through. */
static json_t *settled(struct world *w, const char *calls)
{
	const struct timespec step = {.tv_nsec = 5 * 1000 * 1000};

	for (int i = 0; i < 2000; i++) {
		json_t *got = world_calls(w, calls), *list, *state;

		list = json_object_get(
			json_array_get(json_array_get(got, 0), 1), "list");
		state = json_object_get(json_array_get(list, 0), "state");
		if (state == NULL ||
		    strcmp(json_string_value(state), "underWay") != 0)
			return got;
		json_decref(got);
		nanosleep(&step, NULL);
	}
	fail_msg("a look-up does not end");
	return NULL;
}

#define LOOKUP(name) "[['tally:Lookup/get',{'ids':['" name "']},'0']]"
#define ANEW(name)                                                             \
	"[['tally:Lookup/get',{'ids':['" name "'],'refresh':true},'0']]"

static void test_lookup(void **state)
{
	auto_(json_free) json_t *good = NULL;
	auto_(json_free) json_t *dead = NULL;
	struct world *w = *state;

	open_desk(w);
	check(w, LOOKUP("good_example"),
	      "[['*',{'list':[{'id':'good_example','domain':'good.example',"
	      "'state':'*','askedAt':'2026-03-02T00:00:00Z'}]},'0']]");
	good = settled(w, LOOKUP("good_example"));
	world_check(
		w, good,
		"[['*',{'list':[{'state':'done','source':'dns','failure':null,"
		"'checkedAt':'2026-03-02T00:00:00Z','tlsrpt':{'status':'ok',"
		"'destinations':['mailto:tls@good.example']},'mtaSts':{"
		"'record':'none'},'mx':{'secure':true,'hosts':[{'host':"
		"'mx.good.example','tlsa':'ok'}]},'problems':'*'}]},'0']]");
	dead = settled(w, LOOKUP("dead_example"));
	world_check(w, dead,
	            "[['*',{'list':[{'state':'failed','failure':'*','tlsrpt':{"
	            "'status':'no-answer'}}]},'0']]");
	w->clock.fixed_ms += 1000 * LOOKUP_KEEP_FAILED_SECS;
	check(w, LOOKUP("dead_example"),
	      "[['*',{'list':[{'askedAt':'2026-03-02T00:01:00Z'}]},'0']]");
	check(w, LOOKUP("good_example"),
	      "[['*',{'list':[{'askedAt':'2026-03-02T00:00:00Z'}]},'0']]");
}

static void test_lookup_is_kept(void **state)
{
	struct world *w = *state;

	open_desk(w);
	json_decref(settled(w, LOOKUP("good_example")));
	w->clock.fixed_ms += 60 * 1000;
	check(w, LOOKUP("good_example"),
	      "[['*',{'list':[{'state':'done','askedAt':'2026-03-02T00:00:00Z'"
	      "}]},'0']]");
	check(w, ANEW("good_example"),
	      "[['*',{'list':[{'askedAt':'2026-03-02T00:01:00Z'}]},'0']]");
	json_decref(settled(w, LOOKUP("good_example")));
	w->clock.fixed_ms += 1000 * LOOKUP_KEEP_SECS;
	check(w, LOOKUP("good_example"),
	      "[['*',{'list':[{'askedAt':'2026-03-02T00:06:00Z'}]},'0']]");
}

static void test_lookup_in_cache(void **state)
{
	struct world *w = *state;
	struct view_mx mx = {.host = "mx.a.example", .tlsa = VIEW_NONE};
	struct domain_view view = {
		.domain = "a.example",
		.checked_at = WORLD_NOW - 10,
		.expires_at = WORLD_NOW + 10,
		.tlsrpt = VIEW_NONE,
		.sts_record = VIEW_NONE,
		.mx = VIEW_OK,
		.mxs = &mx,
		.mx_count = 1,
	};
	struct db_txn *txn = db_begin_write(w->f.db);

	policy_cache_put(txn, &view);
	view.domain = "half.example";
	mx.tlsa = VIEW_UNKNOWN;
	policy_cache_put(txn, &view);
	commit_ok(&txn);
	open_desk(w);
	check(w, LOOKUP("a_example"),
	      "[['*',{'list':[{'state':'done','source':'cache','checkedAt':"
	      "'2026-03-01T23:59:50Z','mx':{'hosts':[{'host':'mx.a.example'}]}"
	      "}]},'0']]");
	check(w, LOOKUP("half_example"),
	      "[['*',{'list':[{'source':'dns'}]},'0']]");
	check(w, ANEW("a_example"), "[['*',{'list':[{'source':'dns'}]},'0']]");
	/* what was looked up since is newer */
	json_decref(settled(w, LOOKUP("a_example")));
	check(w, LOOKUP("a_example"),
	      "[['*',{'list':[{'source':'dns','state':'done'}]},'0']]");
	w->clock.fixed_ms += 1000 * LOOKUP_KEEP_SECS;
	check(w, LOOKUP("a_example"),
	      "[['*',{'list':[{'source':'dns'}]},'0']]");
}

static void ask_often(struct world *w, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		auto_(strbuf_clear) struct strbuf calls = {0};
		char number[16];

		snprintf(number, sizeof(number), "d%u_example", i);
		strbuf_printf(&calls,
		              "[['tally:Lookup/get',{'ids':['%s']},'0']]",
		              number);
		check(w, calls.data, "[['tally:Lookup/get','*','0']]");
	}
}

static void test_lookup_rate(void **state)
{
	struct world *w = *state;

	open_desk(w);
	ask_often(w, LOOKUP_PER_MINUTE);
	w->clock.fixed_ms += 10 * 1000;
	check(w, LOOKUP("one_more_example"),
	      "[['error',{'type':'serverUnavailable','description':'this token "
	      "has used its limit of 20 lookups per minute; try again in 50 "
	      "seconds'},'0']]");
	/* what is known costs nothing; another token has its own */
	check(w, LOOKUP("d0_example"), "[['tally:Lookup/get','*','0']]");
	w->caller.name = "another";
	check(w, LOOKUP("one_more_example"), "[['tally:Lookup/get','*','0']]");
	w->caller.name = "test";
	w->clock.fixed_ms += 50 * 1000;
	check(w, LOOKUP("two_more_example"), "[['tally:Lookup/get','*','0']]");
}

/* A minute is one by any clock: who sets the clock neither shortens it nor
 * makes anybody wait for a year. */
static void test_lookup_clock_is_set(void **state)
{
	static const char busy[] = "[['error',{'type':'serverUnavailable','"
				   "description':'*'},'0']]";
	const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
	struct world *w = *state;

	open_desk(w);
	clock_step(&w->clock, year_ms);
	ask_often(w, LOOKUP_PER_MINUTE);
	check(w, LOOKUP("one_more_example"), busy);
	clock_step(&w->clock, -year_ms);
	check(w, LOOKUP("one_more_example"), busy);
	w->clock.fixed_ms += 60 * 1000;
	check(w, LOOKUP("one_more_example"), "[['tally:Lookup/get','*','0']]");
}

/* What each day came to, and who sent in clear text, most first. */
static void test_inbound_overview(void **state)
{
	static const struct {
		int32_t day;
		const char *domain, *sender;
		enum inbound_tls tls;
		uint64_t messages;
	} mail[] = {
		{MONDAY, "us.example", "a.example", INBOUND_TLS13, 7},
		{MONDAY, "us.example", "a.example", INBOUND_CLEAR, 1},
		{TUESDAY, "us.example", "b.example", INBOUND_CLEAR, 4},
		{TUESDAY, "we.example", "a.example", INBOUND_CLEAR, 2},
	};
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);

	for (size_t i = 0; i < COUNT(mail); i++) {
		struct inbound inbound = {.tls = mail[i].tls};

		snprintf(inbound.sender, sizeof(inbound.sender), "%s",
		         mail[i].sender);
		inbound_table_add(txn, mail[i].day, mail[i].domain, &inbound,
		                  mail[i].messages);
	}
	commit_ok(&txn);
	check(w,
	      "[['tally:InboundOverview/get',{'ids':['d2026-02-28_2026-03-02',"
	      "'x']},'0']]",
	      "[['*',{'list':[{'firstDay':'2026-02-28','lastDay':'2026-03-02',"
	      "'firstCountedDay':'2026-03-01','isComplete':true,'days':[{'day':"
	      "'2026-02-28','messages':0},{'day':'2026-03-01','messages':8,"
	      "'clear':1,'tls13':7,'weakMessages':1},{'day':'2026-03-02',"
	      "'messages':6,'clear':6}],'senderCount':2,'senders':[{'sender':"
	      "'b.example','messages':4,'domain':'us.example','day':"
	      "'2026-03-02'},{'sender':'a.example','messages':3,'domain':"
	      "'we.example','day':'2026-03-02'}]}],'notFound':['x']},'0']]");
	check(w,
	      "[['tally:InboundOverview/get',{'ids':['d2020-01-01_2026-03-02']"
	      "},'0']]",
	      "[['error',{'type':'requestTooLarge'},'0']]");
}

/* The report of a day that nobody has closed yet. */
static void test_preview(void **state)
{
	struct world *w = *state;

	count_all(w, two_days, COUNT(two_days));
	check(w,
	      "[['tally:Preview/get',{'ids':['d20513-a_example',"
	      "'d20513-nobody_example']},'0']]",
	      "[['*',{'list':[{'id':'d20513-a_example','day':'2026-03-01',"
	      "'domain':'a.example','json':'*','object':{'domain':'a.example',"
	      "'report':{'contactInfo':'tls@us.example','policies':[{"
	      "'policyType':'sts','totalSuccessfulSessions':100,"
	      "'totalFailedSessions':3}]}}}],'notFound':["
	      "'d20513-nobody_example']},'0']]");
}

#define VIEW_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(test_what_is_asked),
		VIEW_TEST(test_status),
		VIEW_TEST(test_status_of_deliveries),
		VIEW_TEST(test_sums),
		VIEW_TEST(test_inbound_overview),
		VIEW_TEST(test_preview),
		VIEW_TEST(test_kept),
		VIEW_TEST(test_concerned),
		VIEW_TEST(test_many_domains),
		VIEW_TEST(test_pages),
		VIEW_TEST(test_domain_periods),
		VIEW_TEST(test_domain_days),
		VIEW_TEST(test_lookup),
		VIEW_TEST(test_lookup_is_kept),
		VIEW_TEST(test_lookup_in_cache),
		VIEW_TEST(test_lookup_rate),
		VIEW_TEST(test_lookup_clock_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
