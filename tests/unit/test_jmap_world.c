/* JMAP beyond single calls: created ids across requests, limits,
 * the session, our own types, two clients at once, a full store. */
#include <pthread.h>
#include <stdlib.h>

#include "unit/jmap_world.h"

#include "api/object.h"
#include "api/object_id.h"
#include "jmap/jmap_method.h"
#include "jmap/jmap_type.h"
#include "store/change_table.h"
#include "store/inbound_table.h"
#include "store/suppress_table.h"
#include "store/tally_table.h"

#define SET "x:TlsInternalReport/set"
#define GET "x:TlsInternalReport/get"
#define QUERY "x:TlsInternalReport/query"

static void check(struct world *w, const char *calls, const char *want)
{
	auto_(json_free) json_t *got = world_calls(w, calls);

	world_check(w, got, want);
}

static void test_using(void **state)
{
	static const struct {
		const char *name, *body, *want;
	} rows[] = {
		{"3.3 a method whose capability is not named",
	         "{'using':['urn:ietf:params:jmap:core'],'methodCalls':[['" GET
	         "',{},'0']]}",
	         "{'methodResponses':[['error',{'type':'unknownMethod'},"
	         "'0']]}"},
		{"3.3 echo needs core",
	         "{'using':[],'methodCalls':[['Core/echo',{},'0']]}",
	         "{'methodResponses':[['error',{'type':'unknownMethod'},"
	         "'0']]}"},
		{"our types are not Stalwart's",
	         "{'using':['urn:stalwart:jmap'],'methodCalls':[["
	         "'tally:Domain/get',{},'0']]}",
	         "{'methodResponses':[['error',{'type':'unknownMethod'},"
	         "'0']]}"},
		{"3.4 created ids come back when they were sent",
	         "{'using':['urn:stalwart:jmap'],'methodCalls':[['" GET
	         "',{'ids':['#old'],'properties':['id']},'0']],'createdIds':{"
	         "'old':'$A'}}",
	         "{'createdIds':{'old':'$A'},'methodResponses':[['" GET
	         "',{'list':[{'id':'$A'}]},'0']]}"},
		{"3.4 with what was created",
	         "{'using':['urn:stalwart:jmap'],'methodCalls':[['" SET
	         "',{'create':{'k':" GIVEN("new.example", "0",
	                                   "2026-03-02T01:00:00Z",
	                                   "") "}},'0']],'createdIds':{}}",
	         "{'createdIds':{'k':'*'}}"},
		{"3.4 the state of the session",
	         "{'using':[],'methodCalls':[]}",
	         "{'sessionState':'*','methodResponses':[]}"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *got = world_post(w, rows[i].body);

		ROW(&rows[i]);
		world_check(w, got, rows[i].want);
	}
}

static void test_created_ids_only_when_sent(void **state)
{
	auto_(json_free) json_t *got =
		world_post(*state, "{'using':[],'methodCalls':[]}");

	assert_null(json_object_get(got, "createdIds"));
}

static void test_session(void **state)
{
	struct world *w = *state;
	auto_(strbuf_clear) struct strbuf out = {0};
	auto_(json_free) json_t *session = NULL;
	struct err err;

	jmap_session_write(&w->jmap, &w->caller, "https://t.example:8460",
	                   &out);
	session = json_read(out.data, out.len, false, &err);
	assert_non_null(session);
	world_check(
		w, session,
		"{'capabilities':{'urn:ietf:params:jmap:core':{"
		"'maxSizeUpload':0,'maxConcurrentUpload':0,'maxSizeRequest':"
		"10485760,'maxConcurrentRequests':8,'maxCallsInRequest':32,"
		"'maxObjectsInGet':500,'maxObjectsInSet':500,"
		"'collationAlgorithms':['i;ascii-casemap']},"
		"'urn:stalwart:jmap':{},'urn:tlstally:jmap':{}},'accounts':{"
		"'tally':{'name':'tlstally','isPersonal':false,'isReadOnly':"
		"false,'accountCapabilities':{'urn:ietf:params:jmap:core':{},"
		"'urn:stalwart:jmap':{},'urn:tlstally:jmap':{'permissions':["
		"'sysTlsInternalReportGet','sysTlsInternalReportQuery',"
		"'sysTlsInternalReportCreate','sysTlsInternalReportUpdate',"
		"'sysTlsInternalReportDestroy','tallyRead','tallyManage',"
		"'sysTlsExternalReportGet','sysTlsExternalReportQuery',"
		"'sysTlsExternalReportDestroy',"
		"'sysTlsExternalReportDownload'],"
		"'submitter':'us.example'}}}},"
		"'primaryAccounts':{'urn:stalwart:jmap':'tally'},'username':"
		"'test','apiUrl':'https://t.example:8460/jmap/','downloadUrl':"
		"'*','uploadUrl':'*','eventSourceUrl':'*','state':'*'}");
	strbuf_reset(&out);
	json_free(&session);
	w->caller.permissions = PERMIT_REPORT_GET;
	jmap_session_write(&w->jmap, &w->caller, "", &out);
	session = json_read(out.data, out.len, false, &err);
	world_check(w, session,
	            "{'accounts':{'tally':{'isReadOnly':true,"
	            "'accountCapabilities':{'urn:tlstally:jmap':{"
	            "'permissions':['sysTlsInternalReportGet']}}}},"
	            "'state':'*'}");
}

/* Section 2: it changes with what the session says. */
static void test_session_state(void **state)
{
	struct world *w = *state;
	char states[3][24];

	jmap_session_state(&w->jmap, &w->caller, states[0]);
	w->caller.permissions = PERMIT_REPORT_GET;
	jmap_session_state(&w->jmap, &w->caller, states[1]);
	free(w->conf.report.contact_info);
	w->conf.report.contact_info = xstrdup("tls@they.example");
	jmap_session_state(&w->jmap, &w->caller, states[2]);
	assert_string_not_equal(states[0], states[1]);
	assert_string_not_equal(states[1], states[2]);
}

static void test_problem(void **state)
{
	struct jmap_problem problem = {
		.status = 400,
		.type = "urn:ietf:params:jmap:error:limit",
		.limit = "maxSizeRequest",
		.detail = "cut \xc3",
	};
	auto_(strbuf_clear) struct strbuf out = {0};

	(void)state;
	jmap_problem_write(&problem, &out);
	assert_string_equal(out.data,
	                    "{\"type\":\"urn:ietf:params:jmap:error:limit\","
	                    "\"status\":400,\"detail\":\"cut \xef\xbf\xbd\","
	                    "\"limit\":\"maxSizeRequest\"}");
}

static void add_ids(struct strbuf *calls, const char *before, size_t count,
                    const char *after)
{
	strbuf_puts(calls, before);
	for (size_t i = 0; i < count; i++)
		strbuf_printf(calls, "%s'x%zu'", i ? "," : "", i);
	strbuf_puts(calls, after);
}

static void test_limits(void **state)
{
	static const struct {
		const char *name, *before, *after;
		size_t most;
	} rows[] = {
		{"5.1 get", "[['" GET "',{'ids':[", "]},'0']]", JMAP_MAX_GET},
		{"5.3 set", "[['" SET "',{'destroy':[", "]},'0']]",
	         JMAP_MAX_SET},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf good = {0}, bad = {0};

		ROW(&rows[i]);
		add_ids(&good, rows[i].before, rows[i].most, rows[i].after);
		check(w, good.data, "[['*',{'accountId':'tally'},'0']]");
		add_ids(&bad, rows[i].before, rows[i].most + 1, rows[i].after);
		check(w, bad.data,
		      "[['error',{'type':'requestTooLarge'},'0']]");
	}
}

static void test_get_of_too_many(void **state)
{
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);
	struct outbox_new new = {
		.head = {.domain = "a.example", .report_id = "x"}};

	for (int i = 0; i < JMAP_MAX_GET - 2; i++)
		outbox_add(txn, &new, (int64_t)WORLD_NOW * 1000);
	commit_ok(&txn);
	check(w, "[['" GET "',{'ids':null,'properties':['id']},'0']]",
	      "[['error',{'type':'requestTooLarge'},'0']]");
}

/* --- small requests that ask for much --- */

/* It has gone on each time it is looked at. */
static int64_t steps(void *arg)
{
	return ++*(int64_t *)arg;
}

/* At the first look the request has spent 1. */
static void test_what_costs_too_much(void **state)
{
	static const struct {
		const char *name;
		int64_t limit;
		const char *calls, *want;
	} rows[] = {
		{"nothing more may be called", 0, "[['Core/echo',{},'0']]",
	         "[['error',{'type':'requestTooLarge'},'0']]"},
		{"the call before it has spent all", 1,
	         "[['Core/echo',{},'0'],['Core/echo',{},'1']]",
	         "['*',['error',{'type':'requestTooLarge'},'1']]"},
		{"in the middle of a /get", 2,
	         "[['" GET "',{'ids':['$A','$B']},'0']]",
	         "[['error',{'type':'requestTooLarge'},'0']]"},
		{"in the middle of a /query", 1, "[['" QUERY "',{},'0']]",
	         "[['error',{'type':'unsupportedFilter'},'0']]"},
		{"in the middle of a /set", 3,
	         "[['" SET "',{'destroy':['$A'],'update':{'$B':{'mailRua':"
	         "['x@b.example']},'$C':{'mailRua':['x@c.example']}}},'0']]",
	         "[['error',{'type':'requestTooLarge'},'0']]"},
		{"nothing of it is done", 1000,
	         "[['" GET "',{'ids':['$A','$B'],'properties':['mailRua']},"
	         "'0']]",
	         "[['*',{'list':[{'mailRua':['tls@alpha.example']"
	         "},{'mailRua':['tls@beta.example']}]},'0']]"},
		{"all that may be found is found", 1000,
	         "[['" QUERY "',{'calculateTotal':true},'0']]",
	         "[['*',{'total':2050},'0']]"},
	};
	struct world *w = *state;
	int64_t spent = 0;
	struct jmap_meter meter = {.spent_ms = steps, .arg = &spent};
	struct db_txn *txn = db_begin_write(w->f.db);
	struct outbox_new new = {
		.head = {.domain = "a.example", .report_id = "x"}};

	for (int i = 0; i < 2047; i++)
		outbox_add(txn, &new, (int64_t)WORLD_NOW * 1000);
	commit_ok(&txn);
	w->jmap.meter = &meter;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		meter.limit_ms = rows[i].limit;
		check(w, rows[i].calls, rows[i].want);
	}
}

/* Each echoes the one before it twice: the last would be 2^31 times x. */
static void test_echoes_of_echoes(void **state)
{
	auto_(strbuf_clear) struct strbuf calls = {0}, last = {0};
	auto_(json_free) json_t *got = NULL;
	struct world *w = *state;

	strbuf_puts(&calls, "[['Core/echo',{'x':'x'},'0']");
	for (int i = 1; i < JMAP_MAX_CALLS; i++)
		strbuf_printf(&calls,
		              ",['Core/echo',{'#a':{'resultOf':'%d','name':"
		              "'Core/echo','path':''},'#b':{'resultOf':'%d',"
		              "'name':'Core/echo','path':''}},'%d']",
		              i - 1, i - 1, i);
	strbuf_puts(&calls, "]");
	got = world_calls(w, calls.data);
	json_write(json_array_get(got, JMAP_MAX_CALLS - 1), &last);
	assert_non_null(strstr(last.data, "invalidResultReference"));
}

static void test_many_references(void **state)
{
	auto_(strbuf_clear) struct strbuf calls = {0};
	struct world *w = *state;

	strbuf_puts(&calls, "[['Core/echo',{},'e'],['Core/echo',{");
	for (int i = 0; i < 65; i++)
		strbuf_printf(&calls,
		              "%s'#r%d':{'resultOf':'e','name':'Core/echo',"
		              "'path':''}",
		              i > 0 ? "," : "", i);
	strbuf_puts(&calls, "},'0']]");
	check(w, calls.data,
	      "['*',['error',{'type':'invalidResultReference'},'0']]");
}

/* Four responses that together have room for 4 bytes more: of the next /get
 * one object alone, but not two. */
static void test_large_responses(void **state)
{
	static const struct {
		const char *name, *call, *want;
	} rows[] = {
		{"one alone is given", "'ids':['$A']", "['" GET "','*','0']"},
		{"two are too many", "'ids':['$A','$B']",
	         "['error',{'type':'requestTooLarge'},'0']"},
		{"none, but one more call", "'ids':['$A']},'0'],['" GET "',{",
	         "['" GET
	         "','*','0'],['error',{'type':'requestTooLarge'},'0']"},
	};
	enum { QUARTER = 8 * 1024 * 1024 - 1 };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf calls = {0}, want = {0};

		ROW(&rows[i]);
		strbuf_puts(&calls, "[['Core/echo',{'a':'");
		for (size_t n = strlen("{'a':''}") + 1; n < QUARTER; n++)
			strbuf_putc(&calls, 'x');
		strbuf_puts(&calls, "'},'e']");
		for (int n = 0; n < 3; n++)
			strbuf_puts(&calls,
			            ",['Core/echo',{'#a':{'resultOf':'e',"
			            "'name':'Core/echo','path':'/a'}},'f']");
		strbuf_printf(&calls, ",['" GET "',{%s},'0']]", rows[i].call);
		strbuf_printf(&want, "['*','*','*','*',%s]", rows[i].want);
		check(w, calls.data, want.data);
	}
}

static void test_large_filter(void **state)
{
	static const struct {
		const char *name;
		int conditions;
		const char *want;
	} rows[] = {
		{"which is the maximum", 127, "[['*',{'ids':['$A']},'0']]"},
		{"one more", 128,
	         "[['error',{'type':'unsupportedFilter'},'0']]"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf calls = {0};

		ROW(&rows[i]);
		strbuf_puts(&calls, "[['" QUERY "',{'filter':{'operator':'OR',"
		                    "'conditions':[{'domain':'alpha.example'}");
		for (int n = 1; n < rows[i].conditions; n++)
			strbuf_puts(&calls, ",{'text':'nowhere'}");
		strbuf_puts(&calls, "]}},'0']]");
		check(w, calls.data, rows[i].want);
	}
}

static void test_many_policy_ids(void **state)
{
	static const struct {
		const char *name;
		int count;
		const char *want;
	} rows[] = {
		{"which is the maximum", 10000,
	         "[['*',{'updated':{'$A':null},'notUpdated':null},'0']]"},
		{"one more", 10001,
	         "[['*',{'updated':null,'notUpdated':{'$A':{'type':"
	         "'invalidProperties','properties':['policyIdentifiers']}}},"
	         "'0']]"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf calls = {0};

		ROW(&rows[i]);
		strbuf_puts(&calls, "[['" SET "',{'update':{'$A':{"
		                    "'policyIdentifiers':[0");
		for (int n = 1; n < rows[i].count; n++)
			strbuf_printf(&calls, ",%d", n);
		strbuf_puts(&calls, "]}}},'0']]");
		check(w, calls.data, rows[i].want);
	}
}

/* --- our own types --- */

static void test_suppressions(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"none", "[['tally:Suppression/query',{},'0']]",
	         "[['*',{'ids':[],'queryState':'$E0'},'0']]"},
		{"none, sorted",
	         "[['tally:Suppression/query',{'sort':[{'property':'until'}]},"
	         "'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"one made",
	         "[['tally:Suppression/set',{'create':{'k':{'address':"
	         "'Tls-1@A.example','reason':'asked us','until':"
	         "'2026-04-01T00:00:00Z'}}},'0']]",
	         "[['*',{'created':{'k':{'id':'Q54ls-1Q40a_example','address':"
	         "'Tls-1@a.example','since':'2026-03-02T00:00:00Z','by':"
	         "'hand'}}},'0']]"},
		{"again",
	         "[['tally:Suppression/set',{'create':{'k':{'address':"
	         "'Tls-1@a.example'}}},'0']]",
	         "[['*',{'notCreated':{'k':{'type':'alreadyExists',"
	         "'existingId':'Q54ls-1Q40a_example'}}},'0']]"},
		{"shown",
	         "[['tally:Suppression/get',{'ids':['Q54ls-1Q40a_example',"
	         "'tls-1X40a_example','X54ls-1X40a.example','X']},'0']]",
	         "[['*',{'list':[{'address':'Tls-1@a.example','until':"
	         "'2026-04-01T00:00:00Z','reason':'asked us'}],'notFound':["
	         "'tls-1X40a_example','X54ls-1X40a.example','X']},'0']]"},
		{"found",
	         "[['tally:Suppression/query',{'filter':{'text':'ASKED'}},"
	         "'0']]",
	         "[['*',{'ids':['Q54ls-1Q40a_example']},'0']]"},
		{"changed",
	         "[['tally:Suppression/set',{'update':{'Q54ls-1Q40a_example':"
	         "{'until':null,'reason':'for good'}}},'0'],["
	         "'tally:Suppression/get',{},'1']]",
	         "['*',['*',{'list':[{'until':null,'reason':'for good',"
	         "'since':'2026-03-02T00:00:00Z'}]},'1']]"},
		{"not its address",
	         "[['tally:Suppression/set',{'update':{'Q54ls-1Q40a_example':"
	         "{'address':'x@y.example'}}},'0']]",
	         "[['*',{'notUpdated':{'Q54ls-1Q40a_example':{'type':"
	         "'invalidProperties','properties':['address']}}},'0']]"},
		{"no address",
	         "[['tally:Suppression/set',{'create':{'a':{},'b':{'address':"
	         "'nix'},'c':{'address':'a@b.example','nix':1},'d':{'address':"
	         "'a@b.example','until':'soon'}}},'0']]",
	         "[['*',{'notCreated':{'a':{'properties':['address']},'b':{"
	         "'properties':['address']},'c':{'properties':['nix']},'d':{"
	         "'properties':['until']}},'created':null},'0']]"},
		{"not by hand what the server sets",
	         "[['tally:Suppression/set',{'create':{'a':{'address':"
	         "'a@b.example','since':'2026-03-02T00:00:00Z'},'b':{"
	         "'address':'a@b.example','reason':'a\\u0001b'}}},'0']]",
	         "[['*',{'notCreated':{'a':{'properties':['since']},'b':{"
	         "'properties':['reason']}},'created':null},'0']]"},
		{"changes",
	         "[['tally:Suppression/changes',{'sinceState':'$E1'},'0']]",
	         "[['*',{'updated':['Q54ls-1Q40a_example'],'newState':'$E2'},"
	         "'0']]"},
		{"5.2 destroyed, then created under its id, is updated",
	         "[['tally:Suppression/set',{'destroy':['Q54ls-1Q40a_example']"
	         "},'0'],['tally:Suppression/set',{'create':{'n':{'address':"
	         "'Tls-1@a.example'}}},'1'],['tally:Suppression/changes',"
	         "{'sinceState':'$E2'},'2']]",
	         "['*',['*',{'created':{'n':'*'}},'1'],['*',{'created':[],"
	         "'updated':['Q54ls-1Q40a_example'],'destroyed':[]},'2']]"},
		{"1.2 ids begin with a letter",
	         "[['tally:Suppression/set',{'create':{'n':{'address':"
	         "'1q@a.example'}}},'0'],['tally:Suppression/get',{'ids':"
	         "['Q31Q71Q40a_example']},'1'],['tally:Suppression/set',"
	         "{'destroy':['#n']},'2']]",
	         "[['*',{'created':{'n':{'id':'Q31Q71Q40a_example'}}},'0'],"
	         "['*',{'notFound':[]},'1'],'*']"},
		{"5.5 i;ascii-casemap: capitals make no difference",
	         "[['tally:Suppression/set',{'create':{'1':{'address':"
	         "'b@a.example'},'2':{'address':'C@a.example'},'3':{'address':"
	         "'d_@a.example'},'4':{'address':'dE@a.example'}}},'0'],"
	         "['tally:Suppression/query',{'sort':[{'property':'address'}],"
	         "'filter':{'operator':'NOT','conditions':[{'text':'tls'}]}},"
	         "'1'],['tally:Suppression/set',{'destroy':['#1','#2','#3',"
	         "'#4']},'2']]",
	         "['*',['*',{'ids':['bQ40a_example','Q43Q40a_example',"
	         "'dQ45Q40a_example','dQ5fQ40a_example']},'1'],['*',"
	         "{'notDestroyed':null},'2']]"},
		{"taken away",
	         "[['tally:Suppression/set',{'destroy':['Q54ls-1Q40a_example',"
	         "'nix']},'0'],['tally:Suppression/get',{},'1']]",
	         "[['*',{'destroyed':['Q54ls-1Q40a_example'],'notDestroyed':{"
	         "'nix':{'type':'notFound'}}},'0'],['*',{'list':[]},'1']]"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check(w, rows[i].calls, rows[i].want);
	}
}

/* An address whose id would be longer than an id may be. */
static void test_long_suppression(void **state)
{
	struct world *w = *state;
	struct suppression row = {.since = WORLD_NOW};
	struct db_txn *txn = db_begin_write(w->f.db);

	memset(row.address, 'X', 100);
	snprintf(row.address + 100, sizeof(row.address) - 100, "@a.example");
	suppress_put(txn, &row);
	commit_ok(&txn);
	check(w,
	      "[['tally:Suppression/query',{},'q'],['tally:Suppression/get',{"
	      "'#ids':{'resultOf':'q','name':'tally:Suppression/query','path':"
	      "'/ids'}},'0'],['tally:Suppression/set',{'#destroy':{'resultOf':"
	      "'q','name':'tally:Suppression/query','path':'/ids'}},'1']]",
	      "['*',['*',{'list':[{'by':'answer'}],'notFound':[]},'0'],['*',"
	      "{'notDestroyed':null},'1']]");
}

static void add_tally(struct db_txn *txn, int32_t day, const char *domain,
                      uint64_t failure);

static void test_domains(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"all, by day and domain", "[['tally:Domain/query',{},'0']]",
	         "[['*',{'ids':['d20513-a_example','d20513-b-c_example',"
	         "'d20514-a_example']},'0']]"},
		{"of a day",
	         "[['tally:Domain/query',{'filter':{'day':'2026-03-02'}},"
	         "'0']]",
	         "[['*',{'ids':['d20514-a_example']},'0']]"},
		{"of a day, and more",
	         "[['tally:Domain/query',{'filter':{'operator':'AND',"
	         "'conditions':[{'hasFailures':true},{'operator':'AND',"
	         "'conditions':[{'day':'2026-03-01'}]}]}},'0']]",
	         "[['*',{'ids':['d20513-b-c_example']},'0']]"},
		{"of two days",
	         "[['tally:Domain/query',{'filter':{'operator':'OR',"
	         "'conditions':[{'day':'2026-03-02'},{'day':'2026-03-01'}]}},"
	         "'0']]",
	         "[['*',{'ids':['d20513-a_example','d20513-b-c_example',"
	         "'d20514-a_example']},'0']]"},
		{"of two days at once",
	         "[['tally:Domain/query',{'filter':{'operator':'AND',"
	         "'conditions':[{'day':'2026-03-02'},{'day':'2026-03-01'}]}},"
	         "'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"not of a day",
	         "[['tally:Domain/query',{'filter':{'operator':'NOT',"
	         "'conditions':[{'day':'2026-03-01'}]}},'0']]",
	         "[['*',{'ids':['d20514-a_example']},'0']]"},
		{"of a day without any",
	         "[['tally:Domain/query',{'filter':{'day':'2026-02-28'},"
	         "'calculateTotal':true},'0']]",
	         "[['*',{'ids':[],'total':0},'0']]"},
		{"with failures, the most first",
	         "[['tally:Domain/query',{'filter':{'hasFailures':true},"
	         "'sort':[{'property':'totalFailedSessions','isAscending':"
	         "false}]},'0']]",
	         "[['*',{'ids':['d20514-a_example','d20513-b-c_example']},"
	         "'0']]"},
		{"by mark",
	         "[['tally:Domain/query',{'filter':{'mark':'queued'}},'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"by a mark of two words",
	         "[['tally:Domain/query',{'filter':{'mark':'noRecord'}},"
	         "'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"by a mark with a dash, as it was once",
	         "[['tally:Domain/query',{'filter':{'mark':'no-record'}},"
	         "'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"by a mark that is none",
	         "[['tally:Domain/query',{'filter':{'mark':'norecord'}},"
	         "'0']]",
	         "[['error',{'type':'invalidArguments'},'0']]"},
		{"a day that is none",
	         "[['tally:Domain/query',{'filter':{'day':'2026-02-30'}},"
	         "'0']]",
	         "[['error',{'type':'invalidArguments'},'0']]"},
		{"one",
	         "[['tally:Domain/get',{'ids':['d20513-b-c_example']},'0']]",
	         "[['*',{'list':[{'day':'2026-03-01','domain':'b-c.example',"
	         "'totalFailedSessions':2,'mark':'open','reportObjectId':"
	         "null}]},'0']]"},
		{"none",
	         "[['tally:Domain/get',{'ids':['x','-','20513','d20513-',"
	         "'020513-a_example','d20515-a_example','d20513-Z']},'0']]",
	         "[['*',{'list':[],'notFound':['x','-','20513','d20513-',"
	         "'020513-a_example','d20515-a_example','d20513-Z']},'0']]"},
		{"what changed is not kept",
	         "[['tally:Domain/changes',{'sinceState':'$E1'},'0']]",
	         "[['error',{'type':'cannotCalculateChanges'},'0']]"},
		{"but that nothing did",
	         "[['tally:Domain/changes',{'sinceState':'$E3'},'0']]",
	         "[['*',{'newState':'$E3','updated':[]},'0']]"},
	};
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);

	add_tally(txn, 20513, "a.example", 0);
	add_tally(txn, 20513, "b-c.example", 2);
	add_tally(txn, 20514, "a.example", 7);
	commit_ok(&txn);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check(w, rows[i].calls, rows[i].want);
	}
}

static void test_inbound(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"all", "[['tally:Inbound/query',{},'0']]",
	         "[['*',{'ids':['d20513-a_example','d20514-a_example'],"
	         "'queryState':'$E3'},'0']]"},
		{"with weak ones",
	         "[['tally:Inbound/query',{'filter':{'hasWeak':true}},'0']]",
	         "[['*',{'ids':['d20513-a_example']},'0']]"},
		{"the most first",
	         "[['tally:Inbound/query',{'sort':[{'property':'messages',"
	         "'isAscending':false}]},'0']]",
	         "[['*',{'ids':['d20514-a_example','d20513-a_example']},'0']]"},
		{"one",
	         "[['tally:Inbound/get',{'ids':['d20513-a_example']},'0']]",
	         "[['*',{'list':[{'day':'2026-03-01','domain':'a.example',"
	         "'messages':5,'weakMessages':2,'outcomes':['*','*']}]},"
	         "'0']]"},
		{"its outcome",
	         "[['tally:Inbound/get',{'ids':['d20514-a_example'],"
	         "'properties':['outcomes']},'0']]",
	         "[['*',{'list':[{'outcomes':[{'sender':'from.example',"
	         "'client':'*','tls':'TLSv1.3','certificate':'*','cipher':"
	         "null,'cipherBits':0,'messages':9,'otherSenders':null}]}]},"
	         "'0']]"},
		{"none",
	         "[['tally:Inbound/get',{'ids':['x','d20513-b_example',"
	         "'d20515-a_example']},'0']]",
	         "[['*',{'list':[],'notFound':['*','*','*']},'0']]"},
	};
	struct world *w = *state;
	struct inbound inbound = {.sender = "from.example",
	                          .tls = INBOUND_TLS13};
	struct db_txn *txn = db_begin_write(w->f.db);

	inbound_table_add(txn, 20513, "a.example", &inbound, 3);
	inbound_table_add(txn, 20514, "a.example", &inbound, 9);
	inbound.tls = INBOUND_CLEAR;
	inbound_table_add(txn, 20513, "a.example", &inbound, 2);
	commit_ok(&txn);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check(w, rows[i].calls, rows[i].want);
	}
}

/* Days that are not there are leapt over; a name that is too long for an id
 * is found by its hash. */
static void test_inbound_of_a_domain(void **state)
{
	static const struct {
		const char *name, *calls, *want;
	} rows[] = {
		{"of one domain",
	         "[['tally:Inbound/query',{'filter':{'domain':'A.example'}},"
	         "'0']]",
	         "[['*',{'ids':['d20513-a_example','d20520-a_example']},'0']]"},
		{"and not of days before",
	         "[['tally:Inbound/query',{'filter':{'domain':'a.example',"
	         "'dayAfter':'2026-03-02'}},'0']]",
	         "[['*',{'ids':['d20520-a_example']},'0']]"},
		{"nor behind",
	         "[['tally:Inbound/query',{'filter':{'domain':'c.example',"
	         "'dayBefore':'2026-03-10'}},'0']]",
	         "[['*',{'ids':['d20520-c_example']},'0']]"},
		{"of a domain without mail",
	         "[['tally:Inbound/query',{'filter':{'domain':'b.exampl'}},"
	         "'0']]",
	         "[['*',{'ids':[]},'0']]"},
		{"by a hash",
	         "[['tally:Inbound/query',{'filter':{'text':'qqq'}},'0'],"
	         "['tally:Inbound/get',{'#ids':{'resultOf':'0','name':"
	         "'tally:Inbound/query','path':'/ids'}},'1']]",
	         "['*',['*',{'list':[{'day':'2026-03-03','messages':1}]},"
	         "'1']]"},
	};
	static const struct {
		int32_t day;
		const char *domain;
	} mail[] = {
		{20513, "a.example"}, {20513, "b.example"},
		{20514, "b.example"}, {20520, "a.example"},
		{20520, "c.example"}, {20600, "c.example"},
	};
	struct world *w = *state;
	struct inbound inbound = {.tls = INBOUND_TLS13};
	struct db_txn *txn = db_begin_write(w->f.db);
	char domain[DOMAIN_TEXT];

	memset(domain, 'q', sizeof(domain));
	for (size_t i = 60; i < sizeof(domain) - 1; i += 60)
		domain[i] = '.';
	domain[sizeof(domain) - 1] = '\0';
	for (size_t i = 0; i < COUNT(mail); i++)
		inbound_table_add(txn, mail[i].day, mail[i].domain, &inbound,
		                  1);
	inbound_table_add(txn, 20515, domain, &inbound, 1);
	commit_ok(&txn);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check(w, rows[i].calls, rows[i].want);
	}
}

/* --- states --- */

static void test_log_is_bounded(void **state)
{
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);
	struct change change;

	for (int i = 0; i < CHANGE_LOG_MAX; i++)
		change_note_id(txn, CHANGE_REPORT, CHANGE_UPDATED, (uint64_t)i);
	assert_int_equal(change_state(txn, CHANGE_REPORT), CHANGE_LOG_MAX + 3);
	assert_int_equal(change_after(txn, CHANGE_REPORT, 2, &change), 0);
	assert_int_equal(change_after(txn, CHANGE_REPORT, 3, &change), 1);
	commit_ok(&txn);
	check(w, "[['x:TlsInternalReport/changes',{'sinceState':'$E2'},'0']]",
	      "[['error',{'type':'cannotCalculateChanges'},'0']]");
	check(w, "[['x:TlsInternalReport/changes',{'sinceState':'$E3'},'0']]",
	      "[['*',{'hasMoreChanges':false},'0']]");
}

/* What is written as it stood already is no change. */
static void test_states_are_exact(void **state)
{
	struct world *w = *state;
	struct db_txn *txn = db_begin_write(w->f.db);
	struct outbox_destination dest;
	struct outbox_head head;
	uint64_t id;

	assert_true(object_id_parse(w->ids[0], &id));
	assert_int_equal(outbox_head_get(txn, id, &head), 1);
	assert_int_equal(outbox_destination_get(txn, id, 0, &dest), 1);
	outbox_head_put(txn, &head);
	outbox_destination_put(txn, id, &dest);
	outbox_remove(txn, id + 1000);
	assert_int_equal(change_state(txn, CHANGE_REPORT), 3);
	dest.attempts++;
	outbox_destination_put(txn, id, &dest);
	assert_int_equal(change_state(txn, CHANGE_REPORT), 4);
	dest.attempts++;
	outbox_destination_put(txn, id, &dest);
	assert_int_equal(change_state(txn, CHANGE_REPORT), 4);
	commit_ok(&txn);
	txn = db_begin_write(w->f.db);
	archive_move(txn, &head);
	assert_int_equal(change_state(txn, CHANGE_REPORT), 5);
	assert_int_equal(change_state(txn, CHANGE_SENT), 1);
	commit_ok(&txn);
}

/* What a transaction does to an object in a row is one change of it. */
static void test_one_change_in_a_row(void **state)
{
	enum { A = 7, B = 8 };
	static const struct {
		const char *name;
		struct {
			enum change_what what;
			uint64_t id;
		} notes[4];
		/* "+7": 7 was created, "*": updated, "-": destroyed */
		const char *want;
	} rows[] = {
		{"updated twice",
	         {{CHANGE_UPDATED, A}, {CHANGE_UPDATED, A}},
	         "*7"},
		{"created and updated",
	         {{CHANGE_CREATED, A}, {CHANGE_UPDATED, A}},
	         "+7"},
		{"updated and destroyed",
	         {{CHANGE_UPDATED, A}, {CHANGE_DESTROYED, A}},
	         "-7"},
		{"created, updated and destroyed",
	         {{CHANGE_CREATED, A},
	          {CHANGE_UPDATED, A},
	          {CHANGE_DESTROYED, A}},
	         "+7-7"},
		{"destroyed and made again",
	         {{CHANGE_DESTROYED, A}, {CHANGE_CREATED, A}},
	         "-7+7"},
		{"another one between",
	         {{CHANGE_UPDATED, A},
	          {CHANGE_UPDATED, B},
	          {CHANGE_UPDATED, A}},
	         "*7*8*7"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(w->f.db);
		uint64_t at = change_state(txn, CHANGE_SENT);
		char got[32] = "";
		struct change change;

		ROW(&rows[i]);
		for (size_t n = 0; n < COUNT(rows[i].notes); n++)
			if (rows[i].notes[n].id != 0)
				change_note_id(txn, CHANGE_SENT,
				               rows[i].notes[n].what,
				               rows[i].notes[n].id);
		for (; change_after(txn, CHANGE_SENT, at, &change); at++) {
			size_t len = strlen(got);

			assert_true(len + 2 < sizeof(got));
			got[len] = " +*-"[change.what];
			got[len + 1] =
				(char)('0' + change.id[change.id_len - 1]);
		}
		assert_string_equal(got, rows[i].want);
		assert_int_equal(at, change_state(txn, CHANGE_SENT));
	}
}

/* The next transaction's change is one of its own: a client may have been there
 * between them. */
static void test_change_of_another_transaction(void **state)
{
	struct world *w = *state;
	struct db_txn *txn;

	for (int i = 0; i < 3; i++) {
		txn = db_begin_write(w->f.db);
		change_note_id(txn, CHANGE_SENT, CHANGE_UPDATED, 7);
		assert_int_equal(change_state(txn, CHANGE_SENT), i + 1);
		commit_ok(&txn);
	}
}

enum { CLIENTS = 4, ROUNDS = 25 };

struct client {
	struct world *w;
	char *calls;
	bool won;
};

static void *set_once(void *arg)
{
	struct client *client = arg;
	auto_(json_free) json_t *got = world_calls(client->w, client->calls);
	json_t *response = json_array_get(got, 0);

	client->won = strcmp(json_string_value(json_array_get(response, 0)),
	                     SET) == 0;
	return NULL;
}

/* 5.3: all have read the same state, and one of them changes it. */
static void test_one_wins(void **state)
{
	struct world *w = *state;
	struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];

	for (int round = 0; round < ROUNDS; round++) {
		struct db_txn *txn = db_begin_read(w->f.db);
		uint64_t now = change_state(txn, CHANGE_REPORT);
		int winners = 0;

		db_abort(&txn);
		for (int i = 0; i < CLIENTS; i++) {
			clients[i] = (struct client){.w = w};
			clients[i].calls = xasprintf(
				"[['" SET
				"',{'ifInState':'$E%llu','update':{'$A'"
				":{'policyIdentifiers':[%d]}}},'0']]",
				(unsigned long long)now,
				round * CLIENTS + i + 1);
			assert_int_equal(pthread_create(&threads[i], NULL,
			                                set_once, &clients[i]),
			                 0);
		}
		for (int i = 0; i < CLIENTS; i++) {
			pthread_join(threads[i], NULL);
			winners += clients[i].won;
			xfree_str(&clients[i].calls);
		}
		assert_int_equal(winners, 1);
	}
}

/* A call that finds no room has changed nothing, and says that it is worth
 * another try. */
static void test_a_full_store(void **state)
{
	struct world *w = *state;
	struct db_options options = fixture_options(&w->f);
	auto_(strbuf_clear) struct strbuf calls = {0};
	json_t *got = NULL;
	const char *type;
	struct err err;

	db_close(&w->f.db);
	options.map_size = 1 << 20;
	assert_int_equal(db_open(&w->f.db, &options, &err), 0);
	w->jmap.db = w->f.db;
	strbuf_puts(&calls, "[['" SET "',{'create':{");
	for (int i = 0; i < 100; i++)
		strbuf_printf(
			&calls, "%s'k%d':%s", i ? "," : "", i,
			GIVEN("full.example", "7", "2026-03-02T01:00:00Z", ""));
	strbuf_puts(&calls, "}},'0']]");
	for (int i = 0; i < 100; i++) {
		json_decref(got);
		xfree_str(&w->state);
		got = world_calls(w, "[['" GET "',{'ids':[]},'0']]");
		w->state = xstrdup(json_string_value(json_object_get(
			json_array_get(json_array_get(got, 0), 1), "state")));
		json_decref(got);
		got = world_calls(w, calls.data);
		type = json_string_value(
			json_array_get(json_array_get(got, 0), 0));
		if (strcmp(type, "error") == 0)
			break;
	}
	world_check(w, got, "[['error',{'type':'serverUnavailable'},'0']]");
	json_decref(got);
	check(w, "[['" GET "',{'ids':['$A'],'properties':[]},'0']]",
	      "[['*',{'list':[{'id':'$A'}]},'0']]");
}

/* What happened after the backup has no state that comes again. */
static void test_restored(void **state)
{
	struct world *w = *state;
	struct db_options options = fixture_options(&w->f);
	auto_(xfree_str) char *path = xasprintf("%s/copy", w->f.directory);
	struct err err;

	assert_int_equal(backup_to(w->f.db, path, &err), 0);
	check(w,
	      "[['" SET "',{'update':{'$A':{'policyIdentifiers':[1]}}},'0']]",
	      "[['*',{'oldState':'$E3','newState':'$E4'},'0']]");
	db_close(&w->f.db);
	assert_int_equal(restore_from(&options, path, &err), 0);
	fixture_open(&w->f);
	w->jmap.db = w->f.db;
	/* one change again, and the number is 4 again */
	check(w, "[['" SET "',{'destroy':['$B']},'0']]",
	      "[['*',{'destroyed':['$B']},'0']]");
	check(w, "[['x:TlsInternalReport/changes',{'sinceState':'$E4'},'0']]",
	      "[['error',{'type':'cannotCalculateChanges'},'0']]");
	check(w, "[['" SET "',{'ifInState':'$E4','destroy':['$A']},'0']]",
	      "[['error',{'type':'stateMismatch'},'0']]");
}

enum { WRITERS = 3, PATCHES = 40 };

struct writer {
	struct world *w;
	int number;
};

static void *patch_often(void *arg)
{
	struct writer *writer = arg;

	for (int i = 0; i < PATCHES; i++) {
		auto_(json_free) json_t *got = NULL;
		auto_(xfree_str) char *calls = xasprintf(
			"[['" SET "',{'update':{'$A':{'policyIdentifiers/%d':"
			"true}}},'0']]",
			writer->number * PATCHES + i);

		got = world_calls(writer->w, calls);
		world_check(writer->w, got, "[['*',{'notUpdated':null},'0']]");
	}
	return NULL;
}

/* 3.10: a patch is made for the object as it is when it is written, also when
 * others wrote in between. */
static void test_no_patch_is_lost(void **state)
{
	struct world *w = *state;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	auto_(json_free) json_t *got = NULL;
	json_t *object;

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){w, i};
		assert_int_equal(pthread_create(&threads[i], NULL, patch_often,
		                                &writers[i]),
		                 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	got = world_calls(w, "[['" GET "',{'ids':['$A']},'0']]");
	object = json_array_get(
		json_object_get(json_array_get(json_array_get(got, 0), 1),
	                        "list"),
		0);
	assert_int_equal(
		json_array_size(json_object_get(object, "policyIdentifiers")),
		WRITERS * PATCHES);
}

/* More than is planned ahead: the last ones are planned as they are written. */
static void test_a_large_set(void **state)
{
	struct world *w = *state;
	auto_(strbuf_clear) struct strbuf calls = {0}, long_text = {0};
	auto_(json_free) json_t *got = NULL;
	json_t *created;

	for (int i = 0; i < 3000; i++)
		strbuf_printf(&long_text, "%s'%0600d'", i ? "," : "", i);
	strbuf_puts(&calls, "[['" SET "',{'create':{");
	for (int i = 0; i < 5; i++)
		strbuf_printf(
			&calls,
			"%s'k%d':{'domain':'a.example','createdAt':"
			"'2026-03-02T00:00:00Z','deliverAt':"
			"'2026-03-02T00:00:00Z','report':{'reportId':'r',"
			"'dateRangeStart':'2026-03-01T00:00:00Z',"
			"'dateRangeEnd':'2026-03-01T23:59:59Z','policies':"
			"[{'policyType':'sts','policyDomain':'a.example',"
			"'policyStrings':[%s]}]}}",
			i ? "," : "", i, strbuf_text(&long_text));
	strbuf_puts(&calls, "},'update':{");
	for (int i = 0; i < 5; i++)
		strbuf_printf(&calls, "%s'#k%d':{'domain':'b%d.example'}",
		              i ? "," : "", i, i);
	strbuf_puts(&calls, "}},'0'],['" GET "',{'ids':['#k0','#k4'],"
	                    "'properties':['domain']},'1']]");
	got = world_calls(w, calls.data);
	created = json_object_get(json_array_get(json_array_get(got, 0), 1),
	                          "created");
	assert_int_equal(json_object_size(created), 5);
	world_check(w, got,
	            "[['*',{'notCreated':null,'notUpdated':null},'0'],['*',"
	            "{'list':[{'domain':'b0.example'},{'domain':"
	            "'b4.example'}]},'1']]");
}

static void add_tally(struct db_txn *txn, int32_t day, const char *domain,
                      uint64_t failure)
{
	struct tally_domain delta = {
		.day = day,
		.domain = domain,
		.valid = true,
		.success = 5,
		.failure = failure,
	};
	struct tally_limits limits = {0};

	tally_apply(txn, &delta, &limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_using),
		WORLD_TEST(test_created_ids_only_when_sent),
		WORLD_TEST(test_session),
		WORLD_TEST(test_session_state),
		cmocka_unit_test(test_problem),
		WORLD_TEST(test_limits),
		WORLD_TEST(test_get_of_too_many),
		WORLD_TEST(test_echoes_of_echoes),
		WORLD_TEST(test_many_references),
		WORLD_TEST(test_large_responses),
		WORLD_TEST(test_what_costs_too_much),
		WORLD_TEST(test_large_filter),
		WORLD_TEST(test_many_policy_ids),
		WORLD_TEST(test_suppressions),
		WORLD_TEST(test_long_suppression),
		WORLD_TEST(test_domains),
		WORLD_TEST(test_inbound),
		WORLD_TEST(test_inbound_of_a_domain),
		WORLD_TEST(test_log_is_bounded),
		WORLD_TEST(test_states_are_exact),
		WORLD_TEST(test_one_change_in_a_row),
		WORLD_TEST(test_change_of_another_transaction),
		WORLD_TEST(test_one_wins),
		WORLD_TEST(test_a_full_store),
		WORLD_TEST(test_restored),
		WORLD_TEST(test_no_patch_is_lost),
		WORLD_TEST(test_a_large_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
