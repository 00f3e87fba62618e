/*
 * What Stalwart's own clients ask at /jmap, and what they need to hear: lists
 * as objects, pointers into them, errors of objects.  Each row has a store of
 * its own (unit/jmap_world.h).
 */
#include "unit/jmap_world.h"

#define GET "x:TlsInternalReport/get"
#define SET "x:TlsInternalReport/set"
#define QUERY "x:TlsInternalReport/query"
#define CALL(name, args) "[['" name "'," args ",'0']]"
#define ANSWER(name, args) "[['" name "'," args ",'0']]"
#define UPDATE(patch) "['" SET "',{'update':{'$A':" patch "}},'0']"
#define UPDATED "['" SET "',{'updated':{'$A':null},'notUpdated':null},'0']"
#define THEN_GET(property)                                                     \
	"['" GET "',{'ids':['$A'],'properties':['" property "']},'1']"
#define GOT(property, value)                                                   \
	"['" GET "',{'list':[{'id':'$A','" property "':" value "}]},'1']"
#define NOT_UPDATED(type)                                                      \
	ANSWER(SET, "{'updated':null,'notUpdated':{'$A':{'type':'" type        \
	            "','description':'*'}},'newState':'$S'}")
#define POLICY "'policyDomain':'x.example','totalSuccessfulSessions':5"

struct call_row {
	const char *name, *calls, *want;
};

static const struct call_row rows[] = {
	{"sets and lists are objects",
         CALL(GET, "{'ids':['$B'],'properties':['mailRua','httpRua',"
                   "'policyIdentifiers','destinations']}"),
         ANSWER(GET, "{'list':[{'mailRua':{'tls@beta.example':true},"
                     "'httpRua':{'https://beta.example/tls':true},"
                     "'policyIdentifiers':{},'destinations':{"
                     "'0':{'uri':'*','history':{}},'1':{'uri':'*'}}}]}")},
	{"so are those of the report",
         CALL(GET, "{'ids':['$A'],'properties':['report']}"),
         ANSWER(GET, "{'list':[{'report':{'policies':{'0':{" POLICY
                     ",'mxHosts':{},'failureDetails':{},'policyStrings':{}"
                     "}}}}]}")},
	{"objects of our own have arrays",
         "[['tally:Domain/query',{'limit':1},'0']]",
         "[['tally:Domain/query',{'ids':[]},'0']]"},
	{"created has the id only",
         CALL(SET, "{'create':{'new-0':" GIVEN("new.example", "0",
                                               "2026-12-20T10:30:00.000Z",
                                               "'mailRua':{'a@b.example':true},"
                                               "'policyIdentifiers':{},") "}}"),
         ANSWER(SET, "{'created':{'new-0':{'id':'*','status':'!',"
                     "'destinations':'!','deliverAt':'!'}}}")},
	{"created with lists as objects",
         "[['" SET "',{'create':{'k':{'domain':'n.example','createdAt':"
         "'2026-03-02T00:00:00Z','deliverAt':'2026-03-02T00:00:00Z',"
         "'policyIdentifiers':{'77':true},'report':{'reportId':'r@n.example',"
         "'dateRangeStart':'2026-03-01T00:00:00Z','dateRangeEnd':"
         "'2026-03-01T23:59:59Z','policies':{'0':{'policyType':'tlsa'," POLICY
         ",'failureDetails':{'0':{'resultType':'other',"
         "'failedSessionCount':1}}}}}}}},'0'],['" GET
         "',{'ids':['#k'],'properties':['policyIdentifiers','report']},'1']]",
         "['*',['" GET
         "',{'list':[{'policyIdentifiers':{'77':true},'report':{'policies':"
         "{'0':{'policyType':'tlsa','failureDetails':{'0':{'resultType':"
         "'other','failedSessionCount':1}}}}}}]},'1']]"},
	{"a pointer into an item",
         "[" UPDATE("{'report/policies/0/totalFailedSessions':3}") "," THEN_GET(
		 "report") "]",
         "[['" SET "',{'updated':{'$A':{'failedSessions':3}}},'0']," GOT(
		 "report", "{'policies':{'0':{" POLICY
			   ",'totalFailedSessions':3}}}") "]"},
	{"one more item",
         "[" UPDATE("{'report/policies/1':{'policyType':'tlsa',"
                    "'policyDomain':'y.example'}}") "," THEN_GET("report") "]",
         "['*'," GOT("report", "{'policies':{'0':{'policyType':'sts'},"
                               "'1':{'policyType':'tlsa'}}}") "]"},
	{"the numbers of a patch are those of before",
         "[" UPDATE(
		 "{'report/policies/1':{'policyType':'tlsa','policyDomain':"
		 "'y.example','failureDetails':{'0':{'resultType':'other',"
		 "'failedSessionCount':1},'1':{'resultType':'other',"
		 "'failedSessionCount':2}}}}") "," UPDATE("{'report/"
                                                          "policies/0':"
                                                          "null,"
                                                          "'report/"
                                                          "policies/1/"
                                                          "failureDetails/"
                                                          "0':null,"
                                                          "'report/"
                                                          "policies/1/"
                                                          "failureDetails/"
                                                          "1/"
                                                          "failedSessionCoun"
                                                          "t'"
                                                          ":9}") "," THEN_GET("report") "]",
         "['*','*'," GOT("report",
                         "{'policies':{'0':{'policyType':'tlsa',"
                         "'failureDetails':{'0':{'failedSessionCount':9},"
                         "'1':'!'}},'1':'!'}}") "]"},
	{"a number is an item of a set, not a place",
         "[" UPDATE(
		 "{'policyIdentifiers/77':true,'policyIdentifiers/1':"
		 "true}") "," UPDATE("{'policyIdentifiers/77':null}") "," THEN_GET("policyIdentifiers") "]",
         "[" UPDATED "," UPDATED
         "," GOT("policyIdentifiers", "{'1':true,'77':'!'}") "]"},
	{"an address less, one more",
         "[" UPDATE(
		 "{'mailRua/tls@alpha.example':null,"
		 "'mailRua/b@alpha.example':true}") "," THEN_GET("mailRua") "]",
         "[['" SET "',{'updated':{'$A':{'destinations':{'0':{'uri':"
         "'mailto:b@alpha.example'}}}}},'0']," GOT(
		 "mailRua",
		 "{'b@alpha.example':true,'tls@alpha.example':'!'}") "]"},
	{"arrays are read, too", "[" UPDATE("{'policyIdentifiers':[3,4]}") "]",
         "[" UPDATED "]"},
	{"the object may be given back as it was",
         CALL(SET, "{'update':{'$A':{'id':'$A','status':'pending','mailRua':"
                   "{'tls@alpha.example':true},'httpRua':{}}}}"),
         ANSWER(SET, "{'updated':{'$A':null},'newState':'$S'}")},
	{"milliseconds in a time",
         "[" UPDATE("{'deliverAt':'2026-12-20T10:30:00.000Z'}") "]",
         "[['" SET "',{'updated':{'$A':{'deliverAt':'2026-12-20T10:30:00Z'"
         "}}},'0']]"},
	{"into an item that is not there",
         "[" UPDATE("{'report/policies/7/totalFailedSessions':3}") "]",
         NOT_UPDATED("invalidPatch")},
	{"what is wrong in an item is named",
         "[" UPDATE("{'report/policies/0/policyType':'x'}") "]",
         "[['" SET "',{'notUpdated':{'$A':{'type':'invalidProperties',"
         "'properties':['report/policies/0/policyType']}}},'0']]"},
	{"a page: everything, then by its last id",
         "[['" QUERY "',{'accountId':'tally','limit':2,'position':0,"
         "'calculateTotal':true,'sort':[{'property':'domain'}]},'0'],['" GET
         "',{'accountId':'tally','#ids':{'resultOf':'0','name':'" QUERY
         "','path':'/ids'},'properties':['id','domain']},'1'],['" QUERY
         "',{'accountId':'tally','limit':2,'anchor':'$B','anchorOffset':1,"
         "'sort':[{'property':'domain'}]},'2'],['" QUERY
         "',{'accountId':'tally','limit':2,'anchor':'$C','anchorOffset':0,"
         "'sort':[{'property':'domain'}]},'3']]",
         "[['" QUERY "',{'ids':['$A','$B'],'total':3,'limit':'!'},'0'],['" GET
         "',{'list':[{'domain':'alpha.example'},{'domain':'beta.example'}]},"
         "'1'],['" QUERY
         "',{'ids':['$C'],'position':2,'total':'!'},'2'],['" QUERY
         "',{'ids':['$C']},'3']]"},
	{"select all: without a limit none in the answer", CALL(QUERY, "{}"),
         ANSWER(QUERY, "{'ids':['$A','$B','$C'],'limit':'!'}")},
	{"all go", CALL(SET, "{'destroy':['$A','$B','$C']}"),
         ANSWER(SET, "{'destroyed':['$A','$B','$C'],'notDestroyed':null}")},
};

static void run(const struct call_row *row, unsigned permissions)
{
	auto_(json_free) json_t *got = NULL;
	struct world w;

	ROW(row);
	world_make(&w);
	w.caller.dialect = DIALECT_STALWART;
	w.caller.permissions = permissions;
	got = world_calls(&w, row->calls);
	world_check(&w, got, row->want);
	world_clear(&w);
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		run(&rows[i], PERMIT_ALL);
}

/* Such a client shows no error of a method. */
static void test_permissions(void **state)
{
	static const struct call_row forbidden[] = {
		{"no create", CALL(SET, "{'create':{'new-0':{}}}"),
	         ANSWER(SET, "{'created':null,'notCreated':{'new-0':{'type':"
	                     "'forbidden','description':'create requires the "
	                     "permission sysTlsInternalReportCreate'}},"
	                     "'newState':'$S'}")},
		{"no update", CALL(SET, "{'update':{'$A':{}}}"),
	         ANSWER(SET, "{'updated':null,'notUpdated':{'$A':{'type':"
	                     "'forbidden'}},'newState':'$S'}")},
		{"no destroy", CALL(SET, "{'destroy':['$A','$B']}"),
	         ANSWER(SET, "{'destroyed':null,'notDestroyed':{'$A':{'type':"
	                     "'forbidden'},'$B':{'type':'forbidden'}},"
	                     "'newState':'$S'}")},
	};
	static const struct call_row may_read = {
		"who may not read hears it of the method",
		CALL(GET, "{'ids':[]}"),
		"[['error',{'type':'forbidden'},'0']]"};

	(void)state;
	for (size_t i = 0; i < COUNT(forbidden); i++)
		run(&forbidden[i], PERMIT_REPORT_GET);
	run(&may_read, PERMIT_REPORT_QUERY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_permissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
