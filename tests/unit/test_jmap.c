/*
 * RFC 8620 sections 3 and 5, rule by rule: each row begins with the section
 * that says so.  A row has a store of its own (unit/jmap_world.h).
 */
#include "unit/jmap_world.h"

#define ERROR(type) "['error',{'type':'" type "','description':'*'},'0']"
#define GET "x:TlsInternalReport/get"
#define SET "x:TlsInternalReport/set"
#define QUERY "x:TlsInternalReport/query"
#define CHANGES "x:TlsInternalReport/changes"
#define NEW(ruas) GIVEN("new.example", "2", "2026-03-02T05:00:00Z", ruas)
/* one call, and what is in its answer */
#define CALL(name, args) "[['" name "'," args ",'0']]"
#define ANSWER(name, args) "[['" name "'," args ",'0']]"
#define FAILS(name, args, type) CALL(name, args), "[" ERROR(type) "]"
#define FINDS(args, ids) CALL(QUERY, args), ANSWER(QUERY, "{'ids':" ids "}")
#define PATCHED(patch, answer)                                                 \
	CALL(SET, "{'update':{'$A':" patch "}}"), ANSWER(SET, answer)
#define NOT_PATCHED(patch, type)                                               \
	PATCHED(patch, "{'notUpdated':{'$A':{'type':'" type                    \
	               "','description':'*'}},'updated':null,"                 \
	               "'oldState':'$S','newState':'$S'}")
#define BAD_PATCH(patch, property)                                             \
	PATCHED(patch, "{'notUpdated':{'$A':{'type':'invalidProperties',"      \
	               "'properties':['" property "']}},'newState':'$S'}")
#define BAD_CREATE(object, property)                                           \
	CALL(SET, "{'create':{'k':" object "}}"),                              \
		ANSWER(SET, "{'notCreated':{'k':{'type':"                      \
	                    "'invalidProperties','properties':['" property     \
	                    "']}},'created':null,'newState':'$S'}")

struct call_row {
	const char *name, *calls, *want;
};

static const struct call_row calls_rows[] = {
	{"3.3 no calls, no responses", "[]", "[]"},
	{"3.3 calls are answered in their order",
         "[['Core/echo',{'n':1},'a'],['Core/echo',{'n':2},'b']]",
         "[['Core/echo',{'n':1},'a'],['Core/echo',{'n':2},'b']]"},
	{"3.3 two calls may have one id",
         "[['Core/echo',{},'a'],['Core/echo',{},'a']]",
         "[['Core/echo',{},'a'],['Core/echo',{},'a']]"},
	{"4 echo gives back what it got",
         CALL("Core/echo", "{'a':[1,{'b':null}],'c':'\xc3\xa4'}"),
         ANSWER("Core/echo", "{'a':[1,{'b':null}],'c':'\xc3\xa4'}")},
	{"4 echo gives back U+0000 and great numbers",
         CALL("Core/echo", "{'a':['x\\u0000y'],'b':1e308,"
                           "'c':-18446744073709551616}"),
         ANSWER("Core/echo", "{'a':['x\\u0000y'],'b':1e308,"
                             "'c':-18446744073709551616}")},
	{"3.2 a call's id comes back as it was",
         "[['Core/echo',{},'a\\u0000b'],['Core/echo',{'#x':{'resultOf':"
         "'a\\u0000b','name':'Core/echo','path':''}},'a']]",
         "[['Core/echo',{},'a\\u0000b'],['Core/echo',{'x':{}},'a']]"},
	{"3.7 U+0000 in a path",
         FAILS(GET, "{'#ids':{'resultOf':'x','name':'y','path':'/\\u0000'}}",
               "invalidArguments")},
	{"3.7 U+0000 through a reference",
         "[['Core/echo',{'ids':['$A\\u0000']},'e'],['" GET
         "',{'#ids':{'resultOf':'e','name':'Core/echo','path':'/ids'}},'0']]",
         "['*',['" GET "',{'list':[],'notFound':['*']},'0']]"},
	{"3.6.2 U+0000 in an argument's name",
         FAILS(GET, "{'ids\\u0000':[]}", "invalidArguments")},
	{"3.6.2 U+0000 in the account",
         FAILS(GET, "{'accountId':'tally\\u0000'}", "accountNotFound")},
	{"3.6.2 an unknown method", FAILS("Foo/get", "{}", "unknownMethod")},
	{"3.6.2 an unknown verb",
         FAILS("x:TlsInternalReport/copy", "{}", "unknownMethod")},
	{"3.6.2 a name without verb",
         FAILS("x:TlsInternalReport", "{}", "unknownMethod")},
	{"3.6.2 the name without x:",
         FAILS("TlsInternalReport/get", "{}", "unknownMethod")},
	{"3.6.2 an empty name", FAILS("", "{}", "unknownMethod")},
	{"3.6.2 what nobody may set has no /set",
         FAILS("tally:Domain/set", "{}", "unknownMethod")},
	{"3.6.2 an error does not stop what follows",
         "[['Foo/get',{},'0'],['Core/echo',{},'1']]",
         "[" ERROR("unknownMethod") ",['Core/echo',{},'1']]"},
	{"3.6.2 an unknown argument",
         FAILS(GET, "{'idz':[]}", "invalidArguments")},
	{"3.6.2 an account that is none",
         FAILS(GET, "{'accountId':'other'}", "accountNotFound")},
	{"3.6.2 an account that is no text",
         FAILS(GET, "{'accountId':7}", "invalidArguments")},
	{"1.6.2 the account may be named",
         CALL(GET, "{'accountId':'tally','ids':[]}"),
         ANSWER(GET, "{'accountId':'tally','list':[]}")},
	{"3.7 both foo and #foo",
         FAILS(GET, "{'ids':[],'#ids':{'resultOf':'x','name':'y','path':''}}",
               "invalidArguments")},
	{"3.7 a reference that is no object",
         FAILS(GET, "{'#ids':'x'}", "invalidArguments")},
	{"3.7 a reference without path",
         FAILS(GET, "{'#ids':{'resultOf':'x','name':'y'}}",
               "invalidArguments")},
	{"3.7 a reference to no call",
         FAILS(GET,
               "{'#ids':{'resultOf':'x','name':'" QUERY "','path':'/ids'}}",
               "invalidResultReference")},
	{"3.7 a reference to itself",
         FAILS(GET, "{'#ids':{'resultOf':'0','name':'" GET "','path':'/ids'}}",
               "invalidResultReference")},
	{"3.7 a reference to a call of another name",
         "[['Core/echo',{'ids':[]},'e'],['" GET
         "',{'#ids':{'resultOf':'e','name':'Foo/get','path':'/ids'}},'0']]",
         "['*'," ERROR("invalidResultReference") "]"},
	{"3.7 a reference to a call that failed",
         "[['Foo/get',{},'e'],['" GET
         "',{'#ids':{'resultOf':'e','name':'Foo/get','path':'/ids'}},'0']]",
         "['*'," ERROR("invalidResultReference") "]"},
	{"3.7 a path to nothing",
         "[['Core/echo',{},'e'],['" GET
         "',{'#ids':{'resultOf':'e','name':'Core/echo','path':'/x'}},'0']]",
         "['*'," ERROR("invalidResultReference") "]"},
	{"3.7 a path that is none",
         "[['Core/echo',{},'e'],['" GET
         "',{'#ids':{'resultOf':'e','name':'Core/echo','path':'x'}},'0']]",
         "['*'," ERROR("invalidResultReference") "]"},
	{"3.7 query, then get",
         "[['" QUERY "',{'sort':[{'property':'domain'}]},'q'],['" GET
         "',{'#ids':{'resultOf':'q','name':'" QUERY
         "','path':'/ids'},'properties':['domain']},'0']]",
         "['*',['" GET "',{'list':[{'domain':'alpha.example'},"
         "{'domain':'beta.example'},{'domain':'gamma.example'}]},'0']]"},
	{"3.7 * makes one list of many",
         "[['Core/echo',{'l':[{'ids':['$A']},{'ids':['$B']}]},'e'],['" GET
         "',{'#ids':{'resultOf':'e','name':'Core/echo',"
         "'path':'/l/*/ids'},'properties':['id']},'0']]",
         "['*',['" GET "',{'list':[{'id':'$A'},{'id':'$B'}]},'0']]"},
	{"3.7 the first of two responses with the id",
         "[['Core/echo',{'ids':['$A']},'e'],['Core/echo',{'ids':['$B']},'e'],"
         "['" GET "',{'#ids':{'resultOf':'e','name':'Core/echo','path':"
         "'/ids'},'properties':['id']},'0']]",
         "['*','*',['" GET "',{'list':[{'id':'$A'}]},'0']]"},
};

static const struct call_row get_rows[] = {
	{"5.1 all there are", CALL(GET, "{'ids':null}"),
         ANSWER(GET, "{'list':[{'id':'$A'},{'id':'$B'},{'id':'$C'}],"
                     "'notFound':[],'state':'$S'}")},
	{"5.1 ids absent is null", CALL(GET, "{}"),
         ANSWER(GET, "{'list':['*','*','*']}")},
	{"5.1 no ids, no objects", CALL(GET, "{'ids':[]}"),
         ANSWER(GET, "{'list':[],'notFound':[]}")},
	{"5.1 in the order asked for", CALL(GET, "{'ids':['$C','$A']}"),
         ANSWER(GET, "{'list':[{'id':'$C'},{'id':'$A'}]}")},
	{"5.1 an id given twice is given once",
         CALL(GET, "{'ids':['$A','$A','x','x']}"),
         ANSWER(GET, "{'list':[{'id':'$A'}],'notFound':['x']}")},
	{"5.1 what is not there",
         CALL(GET, "{'ids':['nix','$A','a000000000000','']}"),
         ANSWER(GET, "{'list':[{'id':'$A'}],"
                     "'notFound':['nix','a000000000000','']}")},
	{"5.3 a creation id nobody made", CALL(GET, "{'ids':['#nix']}"),
         ANSWER(GET, "{'list':[],'notFound':['#nix']}")},
	{"5.1 every property", CALL(GET, "{'ids':['$C']}"),
         ANSWER(GET,
                "{'list':[{'id':'$C','policyIdentifiers':[],'mailRua':"
                "[],'httpRua':[],'domain':'gamma.example','createdAt':"
                "'2026-03-02T00:00:00Z','deliverAt':"
                "'2026-03-02T02:00:00Z','status':'idle','destinations':"
                "[],'report':{'organizationName':'us.example','contactInfo':"
                "'us@us.example','reportId':'r1@us.example',"
                "'policies':[{'policyType':'sts','mxHosts':[],"
                "'failureDetails':[]}]}}]}")},
	{"5.1 sessions, without the body",
         CALL(GET, "{'ids':['$B'],'properties':['successfulSessions',"
                   "'failedSessions']}"),
         ANSWER(GET, "{'list':[{'id':'$B','successfulSessions':5,"
                     "'failedSessions':3}]}")},
	{"5.1 destinations",
         CALL(GET, "{'ids':['$B'],'properties':['destinations']}"),
         ANSWER(GET, "{'list':[{'destinations':[{'uri':"
                     "'mailto:tls@beta.example','state':'pending',"
                     "'attempts':0,'lastAttempt':null,'nextAttempt':"
                     "'2026-03-02T03:00:00Z','lastAnswer':null},{'uri':"
                     "'https://beta.example/tls'}]}]}")},
	{"5.1 properties: null is all",
         CALL(GET, "{'ids':['$A'],'properties':null}"),
         ANSWER(GET, "{'list':[{'report':'*'}]}")},
	{"5.1 ids: an object", FAILS(GET, "{'ids':{}}", "invalidArguments")},
	{"5.1 ids: a number in it",
         FAILS(GET, "{'ids':[7]}", "invalidArguments")},
	{"5.1 ids: null in it",
         FAILS(GET, "{'ids':[null]}", "invalidArguments")},
	{"5.1 an unknown property",
         FAILS(GET, "{'ids':[],'properties':['nix']}", "invalidArguments")},
	{"5.1 properties: a text",
         FAILS(GET, "{'properties':'domain'}", "invalidArguments")},
	{"5.2 nothing changed since", CALL(CHANGES, "{'sinceState':'$S'}"),
         ANSWER(CHANGES, "{'oldState':'$S','newState':'$S','created':[],"
                         "'updated':[],'destroyed':[],"
                         "'hasMoreChanges':false}")},
	{"5.2 all since the beginning", CALL(CHANGES, "{'sinceState':'$E0'}"),
         ANSWER(CHANGES, "{'oldState':'$E0','newState':'$S','created':['$A',"
                         "'$B','$C'],'updated':[],'destroyed':[],"
                         "'hasMoreChanges':false}")},
	{"5.2 a part of them",
         CALL(CHANGES, "{'sinceState':'$E0','maxChanges':2}"),
         ANSWER(CHANGES, "{'newState':'$E2','created':['$A','$B'],"
                         "'hasMoreChanges':true}")},
	{"5.2 the other part",
         CALL(CHANGES, "{'sinceState':'$E2','maxChanges':2}"),
         ANSWER(CHANGES, "{'newState':'$S','created':['$C'],"
                         "'hasMoreChanges':false}")},
	{"5.2 what came and went is not told",
         "[['" SET "',{'create':{'k':" NEW(
		 "") "}},'1'],['" SET "',{'destroy':['#k']},'2'],['" CHANGES
                     "',{'sinceState':'$S'},'0']]",
         "['*','*',['" CHANGES "',{'created':[],'updated':[],"
         "'destroyed':[]},'0']]"},
	{"5.2 updated, then destroyed",
         "[['" SET "',{'update':{'$A':{'policyIdentifiers':[1]}}},'1'],['" SET
         "',{'destroy':['$A']},'2'],['" CHANGES "',{'sinceState':'$S'},'0']]",
         "['*','*',['" CHANGES "',{'created':[],'updated':[],"
         "'destroyed':['$A']},'0']]"},
	{"5.2 updated twice is one update",
         "[['" SET "',{'update':{'$A':{'policyIdentifiers':[1]}}},'1'],['" SET
         "',{'update':{'$A':{'policyIdentifiers':[2]}}},'2'],['" CHANGES
         "',{'sinceState':'$S'},'0']]",
         "['*','*',['" CHANGES "',{'created':[],'updated':['$A'],"
         "'destroyed':[]},'0']]"},
	{"5.2 created, then updated, is created",
         "[['" SET
         "',{'update':{'$A':{'policyIdentifiers':[1]}}},'1'],['" CHANGES
         "',{'sinceState':'$E0'},'0']]",
         "['*',['" CHANGES "',{'created':['$A','$B','$C'],"
         "'updated':[]},'0']]"},
	{"5.2 no state", FAILS(CHANGES, "{}", "invalidArguments")},
	{"5.2 a state that is no text",
         FAILS(CHANGES, "{'sinceState':1}", "invalidArguments")},
	{"5.2 a state of the future",
         FAILS(CHANGES, "{'sinceState':'$E999'}", "cannotCalculateChanges")},
	{"5.2 a state that is none",
         FAILS(CHANGES, "{'sinceState':'x'}", "cannotCalculateChanges")},
	{"5.2 a state of another epoch",
         FAILS(CHANGES, "{'sinceState':'00000000-1'}",
               "cannotCalculateChanges")},
	{"5.2 no more than asked for, whatever their fate",
         "[['" SET "',{'create':{'k':" NEW(
		 "") "}},'1'],['" SET "',{'destroy':['#k','$A'],'update':{'$B':"
                     "{'policyIdentifiers':[1]}}},'2'],['" CHANGES
                     "',{'sinceState':'$S','maxChanges':2},'0']]",
         "['*','*',['" CHANGES "',{'created':[],'updated':['$B'],"
         "'destroyed':[],'hasMoreChanges':true},'0']]"},
	{"5.2 at most 0", FAILS(CHANGES, "{'sinceState':'$E0','maxChanges':0}",
                                "invalidArguments")},
	{"5.2 at most -1",
         FAILS(CHANGES, "{'sinceState':'$E0','maxChanges':-1}",
               "invalidArguments")},
	{"5.2 at most half", FAILS(CHANGES,
                                   "{'sinceState':'$E0','maxChanges':"
                                   "0.5}",
                                   "invalidArguments")},
};

static const struct call_row query_rows[] = {
	{"5.5 everything, by id", CALL(QUERY, "{}"),
         ANSWER(QUERY, "{'accountId':'tally','queryState':'$S',"
                       "'canCalculateChanges':false,'position':0,"
                       "'ids':['$A','$B','$C']}")},
	{"5.5 a filter of nothing", FINDS("{'filter':{}}", "['$A','$B','$C']")},
	{"5.5 null filter and sort",
         FINDS("{'filter':null,'sort':null}", "['$A','$B','$C']")},
	{"5.5 by domain",
         FINDS("{'filter':{'domain':'Beta.Example'}}", "['$B']")},
	{"5.5 by text", FINDS("{'filter':{'text':'ALPHA'}}", "['$A']")},
	{"5.5 by text: report-id",
         FINDS("{'filter':{'text':'r1@us'}}", "['$A','$B','$C']")},
	{"5.5 by status", FINDS("{'filter':{'status':'idle'}}", "['$C']")},
	{"5.5 with failures",
         FINDS("{'filter':{'hasFailures':true}}", "['$B','$C']")},
	{"5.5 without", FINDS("{'filter':{'hasFailures':false}}", "['$A']")},
	{"5.5 before", FINDS("{'filter':{'deliverBefore':"
                             "'2026-03-02T02:00:00Z'}}",
                             "['$A']")},
	{"5.5 after has the moment itself",
         FINDS("{'filter':{'deliverAfter':'2026-03-02T02:00:00Z'}}",
               "['$B','$C']")},
	{"5.5 created before", FINDS("{'filter':{'createdBefore':"
                                     "'2026-03-02T00:00:00Z'}}",
                                     "[]")},
	{"5.5 created after", FINDS("{'filter':{'createdAfter':"
                                    "'2026-03-02T00:00:00Z'}}",
                                    "['$A','$B','$C']")},
	{"5.5 a time by Stalwart's names: then",
         FINDS("{'filter':{'deliverAt':'2026-03-02T02:00:00.000Z'}}",
               "['$C']")},
	{"5.5 ... later", FINDS("{'filter':{'deliverAtIsGreaterThan':"
                                "'2026-03-02T02:00:00Z'}}",
                                "['$B']")},
	{"5.5 ... then or later",
         FINDS("{'filter':{'deliverAtIsGreaterThanOrEqual':"
               "'2026-03-02T02:00:00Z'}}",
               "['$B','$C']")},
	{"5.5 ... earlier", FINDS("{'filter':{'deliverAtIsLessThan':"
                                  "'2026-03-02T02:00:00Z'}}",
                                  "['$A']")},
	{"5.5 ... then or earlier",
         FINDS("{'filter':{'deliverAtIsLessThanOrEqual':"
               "'2026-03-02T02:00:00Z'}}",
               "['$A','$C']")},
	{"5.5 ... a day",
         FINDS("{'filter':{'createdAtIsGreaterThanOrEqual':"
               "'2026-03-02T00:00:00Z','createdAtIsLessThan':"
               "'2026-03-03T00:00:00Z','deliverAtIsGreaterThanOrEqual':"
               "'2026-03-02T00:00:00Z','deliverAtIsLessThan':"
               "'2026-03-02T01:00:01Z'}}",
               "['$A']")},
	{"5.5 ... a date is no time",
         FAILS(QUERY, "{'filter':{'deliverAtIsLessThan':'2026-03-02'}}",
               "invalidArguments")},
	{"5.5 by host: a mail's",
         FINDS("{'filter':{'host':'ALPHA.example'}}", "['$A']")},
	{"5.5 by host, whole", FINDS("{'filter':{'host':'example'}}", "[]")},
	{"5.5 by host: both of a report",
         FINDS("{'filter':{'host':'beta.example'}}", "['$B']")},
	{"5.5 by host, and not that", FINDS("{'filter':{'operator':'NOT',"
                                            "'conditions':[{'host':"
                                            "'beta.example'}]}}",
                                            "['$A','$C']")},
	{"5.5 by host, with another condition",
         FINDS("{'filter':{'host':'beta.example','hasFailures':false}}", "[]")},
	{"5.5 by answer: there is none",
         FINDS("{'filter':{'answer':'550'}}", "[]")},
	{"5.5 by state",
         FINDS("{'filter':{'state':'pending'}}", "['$A','$B']")},
	{"5.5 by state: none was delivered",
         FINDS("{'filter':{'state':'delivered'}}", "[]")},
	{"5.5 two members are AND",
         FINDS("{'filter':{'hasFailures':true,'status':'pending'}}", "['$B']")},
	{"5.5 OR", FINDS("{'filter':{'operator':'OR','conditions':["
                         "{'domain':'alpha.example'},{'status':'idle'}]}}",
                         "['$A','$C']")},
	{"5.5 NOT is none of them",
         FINDS("{'filter':{'operator':'NOT','conditions':["
               "{'domain':'alpha.example'},{'status':'idle'}]}}",
               "['$B']")},
	{"5.5 AND in NOT",
         FINDS("{'filter':{'operator':'NOT','conditions':[{'operator':"
               "'AND','conditions':[{'hasFailures':true},"
               "{'status':'idle'}]}]}}",
               "['$A','$B']")},
	{"5.5 OR of nothing", FINDS("{'filter':{'operator':'OR',"
                                    "'conditions':[]}}",
                                    "[]")},
	{"5.5 AND of nothing", FINDS("{'filter':{'operator':'AND',"
                                     "'conditions':[]}}",
                                     "['$A','$B','$C']")},
	{"5.5 an unknown filter",
         FAILS(QUERY, "{'filter':{'nix':1}}", "unsupportedFilter")},
	{"5.5 an unknown filter deep down",
         FAILS(QUERY, "{'filter':{'operator':'OR','conditions':[{'nix':1}]}}",
               "unsupportedFilter")},
	{"5.5 an unknown operator",
         FAILS(QUERY, "{'filter':{'operator':'XOR','conditions':[]}}",
               "invalidArguments")},
	{"5.5 an operator without conditions",
         FAILS(QUERY, "{'filter':{'operator':'AND'}}", "invalidArguments")},
	{"5.5 an operator with more",
         FAILS(QUERY,
               "{'filter':{'operator':'AND','conditions':[],"
               "'domain':'x'}}",
               "invalidArguments")},
	{"5.5 a filter that is a text",
         FAILS(QUERY, "{'filter':'x'}", "invalidArguments")},
	{"5.5 a condition that is null",
         FAILS(QUERY, "{'filter':{'operator':'AND','conditions':[null]}}",
               "invalidArguments")},
	{"5.5 a filter of the wrong type",
         FAILS(QUERY, "{'filter':{'domain':7}}", "invalidArguments")},
	{"5.5 a flag that is none",
         FAILS(QUERY, "{'filter':{'hasFailures':'yes'}}", "invalidArguments")},
	{"5.5 a status that is none",
         FAILS(QUERY, "{'filter':{'status':'lost'}}", "invalidArguments")},
	{"5.5 a time that is none",
         FAILS(QUERY, "{'filter':{'createdAfter':'yesterday'}}",
               "invalidArguments")},
	{"1.4 a time in small letters",
         FAILS(QUERY, "{'filter':{'createdAfter':'2026-03-02t00:00:00Z'}}",
               "invalidArguments")},
	{"5.5 a time not in UTC", FAILS(QUERY,
                                        "{'filter':{'createdAfter':"
                                        "'2026-03-02T00:00:00+01:00'}}",
                                        "invalidArguments")},
	{"5.5 sorted",
         FINDS("{'sort':[{'property':'deliverAt'}]}", "['$A','$C','$B']")},
	{"5.5 sorted downwards",
         FINDS("{'sort':[{'property':'deliverAt','isAscending':false}]}",
               "['$B','$C','$A']")},
	{"5.5 by failures", FINDS("{'sort':[{'property':'failures',"
                                  "'isAscending':false}]}",
                                  "['$B','$C','$A']")},
	{"5.5 by id downwards", FINDS("{'sort':[{'property':'id',"
                                      "'isAscending':false}]}",
                                      "['$C','$B','$A']")},
	{"5.5 equal ones by the next comparator",
         FINDS("{'sort':[{'property':'createdAt'},{'property':'domain',"
               "'isAscending':false}]}",
               "['$C','$B','$A']")},
	{"5.5 equal ones by id",
         FINDS("{'sort':[{'property':'createdAt'}]}", "['$A','$B','$C']")},
	{"5.5 a collation we have",
         FINDS("{'sort':[{'property':'domain','collation':"
               "'i;ascii-casemap'}]}",
               "['$A','$B','$C']")},
	{"5.5 one we do not have",
         FAILS(QUERY,
               "{'sort':[{'property':'domain','collation':"
               "'i;octet'}]}",
               "unsupportedSort")},
	{"5.5 an unknown sort",
         FAILS(QUERY, "{'sort':[{'property':'nix'}]}", "unsupportedSort")},
	{"5.5 a comparator without property",
         FAILS(QUERY, "{'sort':[{}]}", "invalidArguments")},
	{"5.5 a comparator that is a text",
         FAILS(QUERY, "{'sort':['domain']}", "invalidArguments")},
	{"5.5 a sort that is an object",
         FAILS(QUERY, "{'sort':{}}", "invalidArguments")},
	{"5.5 isAscending that is a text",
         FAILS(QUERY, "{'sort':[{'property':'id','isAscending':'no'}]}",
               "invalidArguments")},
	{"5.5 position", CALL(QUERY, "{'position':1}"),
         ANSWER(QUERY, "{'position':1,'ids':['$B','$C']}")},
	{"5.5 a negative position is from the end",
         CALL(QUERY, "{'position':-1}"),
         ANSWER(QUERY, "{'position':2,'ids':['$C']}")},
	{"5.5 before the beginning is the beginning",
         CALL(QUERY, "{'position':-9}"),
         ANSWER(QUERY, "{'position':0,'ids':['$A','$B','$C']}")},
	{"5.5 past the end is nothing", FINDS("{'position':3}", "[]")},
	{"5.5 far past the end is nothing",
         FINDS("{'position':9007199254740991}", "[]")},
	{"5.5 position: a text",
         FAILS(QUERY, "{'position':'1'}", "invalidArguments")},
	{"5.5 position: past 2^53",
         FAILS(QUERY, "{'position':9007199254740992}", "invalidArguments")},
	{"5.5 position: past 64 bits",
         FAILS(QUERY, "{'position':18446744073709551616}", "invalidArguments")},
	{"5.5 by text: U+0000",
         FINDS("{'filter':{'text':'alpha\\u0000'}}", "[]")},
	{"5.5 limit", FINDS("{'limit':2}", "['$A','$B']")},
	{"5.5 limit 0", CALL(QUERY, "{'limit':0,'calculateTotal':true}"),
         ANSWER(QUERY, "{'ids':[],'total':3}")},
	{"5.5 position and limit", FINDS("{'position':1,'limit':1}", "['$B']")},
	{"5.5 a negative limit",
         FAILS(QUERY, "{'limit':-1}", "invalidArguments")},
	{"5.5 anchor", CALL(QUERY, "{'anchor':'$B'}"),
         ANSWER(QUERY, "{'position':1,'ids':['$B','$C']}")},
	{"5.5 anchor: position is ignored",
         CALL(QUERY, "{'anchor':'$B','position':2}"),
         ANSWER(QUERY, "{'position':1}")},
	{"5.5 anchor offset", CALL(QUERY, "{'anchor':'$B','anchorOffset':1}"),
         ANSWER(QUERY, "{'position':2,'ids':['$C']}")},
	{"5.5 a negative offset",
         CALL(QUERY, "{'anchor':'$B','anchorOffset':-1}"),
         ANSWER(QUERY, "{'position':0,'ids':['$A','$B','$C']}")},
	{"5.5 an offset past the beginning",
         CALL(QUERY, "{'anchor':'$B','anchorOffset':-7}"),
         ANSWER(QUERY, "{'position':0}")},
	{"5.5 anchor in what the filter left",
         FAILS(QUERY, "{'anchor':'$A','filter':{'hasFailures':true}}",
               "anchorNotFound")},
	{"5.5 an anchor nobody knows",
         FAILS(QUERY, "{'anchor':'nix'}", "anchorNotFound")},
	{"5.5 no total when nobody asks", CALL(QUERY, "{}"),
         ANSWER(QUERY, "{'total':'!'}")},
	{"5.5 no limit in the answer when it was the client's",
         CALL(QUERY, "{'limit':1}"), ANSWER(QUERY, "{'limit':'!'}")},
	{"5.5 total", CALL(QUERY, "{'calculateTotal':true,'limit':1}"),
         ANSWER(QUERY, "{'total':3,'ids':['$A']}")},
	{"5.5 total: a text",
         FAILS(QUERY, "{'calculateTotal':'x'}", "invalidArguments")},
	{"5.6 changes of a query are not kept",
         FAILS("x:TlsInternalReport/queryChanges", "{'sinceQueryState':'$S'}",
               "cannotCalculateChanges")},
	{"5.6 without a state",
         FAILS("x:TlsInternalReport/queryChanges", "{}", "invalidArguments")},
};

#define TIMES                                                                  \
	"'createdAt':'2026-03-02T00:00:00Z',"                                  \
	"'deliverAt':'2026-03-02T00:00:00Z',"
/* With every property, as /get gives it. */
#define WHOLE_REPORT                                                           \
	"{'organizationName':'Us','contactInfo':'us@us.example','reportId':"   \
	"'r9@us.example','dateRangeStart':'2026-03-01T00:00:00Z',"             \
	"'dateRangeEnd':'2026-03-01T23:59:59Z','policies':[{'policyType':"     \
	"'other','policyStrings':['x'],'policyDomain':'a.example','mxHosts':"  \
	"['*.a.example'],'totalSuccessfulSessions':1,'totalFailedSessions':2," \
	"'failureDetails':[{'resultType':'other','sendingMtaIp':'192.0.2.1',"  \
	"'receivingMxHostname':'mx.a.example','receivingMxHelo':'mx',"         \
	"'receivingIp':'2001:db8::1','failedSessionCount':2,"                  \
	"'additionalInformation':'i','failureReasonCode':'c'}]},{"             \
	"'policyType':'tlsa','policyStrings':[],'policyDomain':'b.example',"   \
	"'mxHosts':[],'totalSuccessfulSessions':0,'totalFailedSessions':0,"    \
	"'failureDetails':[]}]}"

static const struct call_row set_rows[] = {
	{"5.3 nothing", CALL(SET, "{}"),
         ANSWER(SET, "{'accountId':'tally','oldState':'$S','newState':'$S',"
                     "'created':null,'updated':null,'destroyed':null,"
                     "'notCreated':null,'notUpdated':null,"
                     "'notDestroyed':null}")},
	{"5.3 null and empty",
         CALL(SET, "{'create':null,'update':{},"
                   "'destroy':[]}"),
         ANSWER(SET, "{'newState':'$S'}")},
	{"5.3 created: what the server set",
         CALL(SET, "{'create':{'k':" NEW("'mailRua':['a@b.example'],") "}}"),
         ANSWER(SET, "{'oldState':'$S','created':{'k':{'id':'*','status':"
                     "'pending','httpRua':[],'policyIdentifiers':[],"
                     "'destinations':[{'uri':'mailto:a@b.example',"
                     "'nextAttempt':'2026-03-02T05:00:00Z'}]}}}")},
	{"5.3 created with empty lists",
         CALL(SET, "{'create':{'k':" NEW("'mailRua':[],'httpRua':[],"
                                         "'policyIdentifiers':[],") "}}"),
         ANSWER(SET, "{'created':{'k':{'status':'idle'}}}")},
	{"5.3 created with Stalwart's sets",
         CALL(SET,
              "{'create':{'k':" NEW("'mailRua':{'a@b.example':true},"
                                    "'policyIdentifiers':{'7':true},") "}}"),
         ANSWER(SET, "{'created':{'k':{'mailRua':['a@b.example'],"
                     "'policyIdentifiers':[7]}}}")},
	{"5.3 created is told how it was understood",
         CALL(SET, "{'create':{'k':" NEW("'mailRua':['A@B.Example'],") "}}"),
         ANSWER(SET, "{'created':{'k':{'mailRua':['A@b.example']}}}")},
	{"5.3 a created id in the same request",
         "[['" SET "',{'create':{'k':" NEW(
		 "") "}},'1'],['" GET
                     "',{'ids':['#k'],'properties':['domain']},'0']]",
         "['*',['" GET "',{'list':[{'domain':'new.example'}]},'0']]"},
	{"5.3 created, updated and destroyed in one call: willDestroy",
         CALL(SET, "{'create':{'k':" NEW("") "},'update':{'#k':{}},"
                                             "'destroy':['#k']}"),
         ANSWER(SET, "{'created':{'k':'*'},'notUpdated':{'#k':{'type':"
                     "'willDestroy'}},'destroyed':['*']}")},
	{"5.3 created and updated in one call",
         "[['" SET "',{'create':{'k':" NEW("") "},'update':{'#k':{'domain':"
                                               "'other.example'}}},'1'],['" GET
                                               "',{'ids':['#k']},'0']]",
         "['*',['" GET "',{'list':[{'domain':'other.example'}]},'0']]"},
	{"5.3 a creation id again means the later one",
         "[['" SET "',{'create':{'k':" NEW(
		 "") "}},'1'],['" SET "',{'create':{'k':{"
                     "'domain':'later.example'," TIMES
                     "'report':" REPORT_OF("0") "}}},'2'],['" GET
                                                "',{'ids':['#k'],'properties':["
                                                "'domain']},'0']]",
         "['*','*',['" GET "',{'list':[{'domain':'later.example'}]},'0']]"},
	{"5.3 what was given is what is there",
         "[['" SET "',{'create':{'k':{" TIMES "'domain':'a.example',"
         "'mailRua':['t@a.example'],'policyIdentifiers':[9,7],'report'"
         ":" WHOLE_REPORT "}}},'1'],['" GET "',{'ids':['#k']},'0']]",
         "[['" SET "',{'created':{'k':{'id':'*','report':'!','mailRua':'!',"
         "'policyIdentifiers':'!','httpRua':[]}}},'1'],['" GET
         "',{'list':[{'policyIdentifiers':[9,7],'report':" WHOLE_REPORT
         "}]},'0']]"},
	{"5.3 ifInState of another epoch",
         FAILS(SET, "{'ifInState':'00000000-3','destroy':['$A']}",
               "stateMismatch")},
	{"5.3 ifInState", CALL(SET, "{'ifInState':'$S','destroy':['$A']}"),
         ANSWER(SET, "{'destroyed':['$A']}")},
	{"5.3 ifInState of before",
         FAILS(SET, "{'ifInState':'$E1','destroy':['$A']}", "stateMismatch")},
	{"5.3 ifInState: a number",
         FAILS(SET, "{'ifInState':1}", "invalidArguments")},
	{"5.3 after a mismatch nothing has changed",
         "[['" SET "',{'ifInState':'$E1','destroy':['$A']},'1'],['" GET
         "',{'ids':['$A']},'0']]",
         "['*',['" GET "',{'list':['*'],'state':'$S'},'0']]"},
	{"5.3 create: an array",
         FAILS(SET, "{'create':[]}", "invalidArguments")},
	{"5.3 create: no id",
         FAILS(SET, "{'create':{'a b':{}}}", "invalidArguments")},
	{"5.3 update: an array",
         FAILS(SET, "{'update':[]}", "invalidArguments")},
	{"5.3 destroy: an object",
         FAILS(SET, "{'destroy':{}}", "invalidArguments")},
	{"5.3 destroy: a number in it",
         FAILS(SET, "{'destroy':[1]}", "invalidArguments")},
	{"5.3 one bad does not stop the others",
         CALL(SET, "{'create':{'bad':{},'good':" NEW("") "},'destroy':"
                                                         "['nix','$A']}"),
         ANSWER(SET, "{'created':{'good':'*'},'notCreated':{'bad':{'type':"
                     "'invalidProperties'}},'destroyed':['$A'],"
                     "'notDestroyed':{'nix':{'type':'notFound'}}}")},
	{"5.3 create: null", CALL(SET, "{'create':{'k':null}}"),
         ANSWER(SET, "{'notCreated':{'k':{'type':'invalidProperties'}}}")},
	{"5.3 updated: null when there is no news",
         PATCHED("{'domain':'delta.example'}",
                 "{'updated':{'$A':null},'oldState':'$S'}")},
	{"5.3 updated: what else changed",
         PATCHED("{'deliverAt':'2026-03-02T09:00:00Z'}",
                 "{'updated':{'$A':{'destinations':[{'nextAttempt':"
                 "'2026-03-02T09:00:00Z'}]}}}")},
	{"5.3 an update that changes nothing leaves the state",
         PATCHED("{'domain':'alpha.example'}",
                 "{'updated':{'$A':null},'newState':'$S'}")},
	{"5.3 an empty patch", PATCHED("{}", "{'updated':{'$A':null},"
                                             "'newState':'$S'}")},
	{"5.3 policyIdentifiers, as the reference does",
         PATCHED("{'policyIdentifiers':[3,4]}", "{'updated':{'$A':null}}")},
	{"5.3 one into a set",
         PATCHED("{'policyIdentifiers/7':true}",
                 "{'updated':{'$A':{'policyIdentifiers':[7]}}}")},
	{"5.3 an address more",
         PATCHED("{'mailRua/b@alpha.example':true}",
                 "{'updated':{'$A':{'destinations':[{'uri':"
                 "'mailto:tls@alpha.example'},{'uri':"
                 "'mailto:b@alpha.example'}]}}}")},
	{"5.3 the last address less",
         PATCHED("{'mailRua/tls@alpha.example':null}",
                 "{'updated':{'$A':{'status':'idle','destinations':[]}}}")},
	{"5.3 into the report", PATCHED("{'report/organizationName':'Us'}",
                                        "{'updated':{'$A':null}}")},
	{"5.3 null is the default",
         PATCHED("{'mailRua':null}",
                 "{'updated':{'$A':{'mailRua':[],'status':'idle'}}}")},
	{"5.3 null of what must be there",
         BAD_PATCH("{'domain':null}", "domain")},
	{"5.3 null for what is not there is what was given",
         PATCHED("{'doneAt':null,'id':'$A'}",
                 "{'updated':{'$A':null},'newState':'$S'}")},
	{"5.3 the other notation of nothing",
         PATCHED("{'policyIdentifiers':{},'httpRua':{}}",
                 "{'updated':{'$A':null},'newState':'$S'}")},
	{"5.3 great identifiers are text",
         PATCHED("{'policyIdentifiers':[7,'18446744073709551615']}",
                 "{'updated':{'$A':null}}")},
	{"5.3 U+0000 fails its property",
         BAD_PATCH("{'domain':'alpha.example\\u0000'}", "domain")},
	{"5.3 U+0000 in the name of a property",
         BAD_PATCH("{'domain\\u0000':'a.example'}", "domain\\u0001")},
	{"5.3 a great number fails its property",
         BAD_PATCH("{'policyIdentifiers':[99999999999999999999]}",
                   "policyIdentifiers/0")},
	{"5.3 the whole object may be given back",
         PATCHED("{'id':'$A','status':'pending','domain':'alpha.example'}",
                 "{'updated':{'$A':null},'newState':'$S'}")},
	{"5.3 what the server counted, too",
         PATCHED("{'successfulSessions':5,'failedSessions':0}",
                 "{'updated':{'$A':null},'newState':'$S'}")},
	{"5.3 but not another count",
         BAD_PATCH("{'failedSessions':1}", "failedSessions")},
	{"5.3 but not another id", BAD_PATCH("{'id':'$B'}", "id")},
	{"5.3 nor another status", BAD_PATCH("{'status':'done'}", "status")},
	{"5.3 nor null for what the server set",
         BAD_PATCH("{'destinations':null}", "destinations")},
	{"5.3 all that is wrong in a patch is named",
         BAD_PATCH("{'id':'$B','status':'done','domain':'a b','report/nix':1,"
                   "'nix':2}",
                   "id','status','nix','report/nix','domain")},
	{"5.3 an unknown property", BAD_PATCH("{'nix':1}", "nix")},
	{"5.3 an unknown one in the report",
         BAD_PATCH("{'report/nix':1}", "report/nix")},
	{"5.3 a pointer into an array",
         NOT_PATCHED("{'report/policies/0/policyType':'tlsa'}",
                     "invalidPatch")},
	{"5.3 an item of an array",
         NOT_PATCHED("{'report/policies/0':{}}", "invalidPatch")},
	{"5.3 an item set to false is taken out",
         PATCHED("{'mailRua/tls@alpha.example':false}",
                 "{'updated':{'$A':{'status':'idle','destinations':[]}}}")},
	{"5.3 an item set to a text",
         NOT_PATCHED("{'mailRua/tls@alpha.example':'x'}", "invalidPatch")},
	{"5.3 through what is not there",
         NOT_PATCHED("{'nix/a':1}", "invalidPatch")},
	{"5.3 through a text", NOT_PATCHED("{'domain/a':1}", "invalidPatch")},
	{"5.3 one pointer the beginning of another",
         NOT_PATCHED("{'report':{},'report/reportId':'x'}", "invalidPatch")},
	{"5.3 a patch that is an array", NOT_PATCHED("[]", "invalidPatch")},
	{"5.3 a patch that is null", NOT_PATCHED("null", "invalidPatch")},
	{"5.3 update what is not there", CALL(SET, "{'update':{'nix':{}}}"),
         ANSWER(SET, "{'notUpdated':{'nix':{'type':'notFound'}}}")},
	{"5.3 update what nobody created", CALL(SET, "{'update':{'#nix':{}}}"),
         ANSWER(SET, "{'notUpdated':{'#nix':{'type':'notFound'}}}")},
	{"5.3 update and destroy",
         CALL(SET, "{'update':{'$A':{}},'destroy':"
                   "['$A']}"),
         ANSWER(SET, "{'notUpdated':{'$A':{'type':'willDestroy'}},"
                     "'destroyed':['$A']}")},
	{"5.3 destroyed once", CALL(SET, "{'destroy':['$A','$A']}"),
         ANSWER(SET, "{'destroyed':['$A'],'notDestroyed':null}")},
	{"5.3 destroyed is gone",
         "[['" SET "',{'destroy':['$A']},'1'],['" SET
         "',{'destroy':['$A']},'0']]",
         "['*',['" SET "',{'notDestroyed':{'$A':{'type':'notFound'}},"
         "'destroyed':null},'0']]"},
};

#define WITH(member)                                                           \
	"{" TIMES "'domain':'a.example','report':" REPORT_OF("0") "," member "}"
#define REPORT_WITH(member)                                                    \
	"{" TIMES "'domain':'a.example','report':{"                            \
	"'reportId':'r@x.example','dateRangeStart':'2026-03-01T00:00:00Z',"    \
	"'dateRangeEnd':'2026-03-01T23:59:59Z'," member "}}"
#define POLICY_WITH(member)                                                    \
	REPORT_WITH("'policies':[{'policyType':'sts',"                         \
	            "'policyDomain':'a.example'," member "}]")
#define DETAIL_WITH(member) POLICY_WITH("'failureDetails':[{" member "}]")

static const struct call_row create_rows[] = {
	{"nothing",
         BAD_CREATE("{}", "report','domain','createdAt','deliverAt")},
	{"5.3 all that is wrong is named",
         BAD_CREATE("{'id':'a','domain':'a b','createdAt':'now','deliverAt':"
                    "'2026-03-02T00:00:00Z','mailRua':['x',7],'report':{}}",
                    "id','mailRua/0','mailRua/1',"
                    "'report/dateRangeStart','report/dateRangeEnd','domain',"
                    "'createdAt")},
	{"no report", BAD_CREATE("{" TIMES "'domain':'a.example'}", "report")},
	{"a report that is null",
         BAD_CREATE("{" TIMES "'domain':'a.example','report':null}", "report")},
	{"a report that is a text",
         BAD_CREATE("{" TIMES "'domain':'a.example','report':'x'}", "report")},
	{"an id", BAD_CREATE(WITH("'id':'a'"), "id")},
	{"a status", BAD_CREATE(WITH("'status':'done'"), "status")},
	{"destinations", BAD_CREATE(WITH("'destinations':[]"), "destinations")},
	{"an unknown property", BAD_CREATE(WITH("'nix':1"), "nix")},
	{"a name in capitals", BAD_CREATE(WITH("'MailRua':[]"), "MailRua")},
	{"addresses: a text",
         BAD_CREATE(WITH("'mailRua':'a@b.example'"), "mailRua")},
	{"addresses: a number", BAD_CREATE(WITH("'mailRua':[7]"), "mailRua/0")},
	{"addresses: none", BAD_CREATE(WITH("'mailRua':['nix']"), "mailRua/0")},
	{"addresses: mailto", BAD_CREATE(WITH("'mailRua':["
                                              "'mailto:a@b.example']"),
                                         "mailRua/0")},
	{"addresses: a line break",
         BAD_CREATE(WITH("'mailRua':['a@b.example\\r\\nBcc: x@y.example']"),
                    "mailRua/0")},
	{"addresses: two in one",
         BAD_CREATE(WITH("'mailRua':['a@b.example,c@d.example']"),
                    "mailRua/0")},
	{"addresses: the second", BAD_CREATE(WITH("'mailRua':['a@b.example',"
                                                  "'@']"),
                                             "mailRua/1")},
	{"URIs: http",
         BAD_CREATE(WITH("'httpRua':['http://a.example/']"), "httpRua/0")},
	{"URIs: a user",
         BAD_CREATE(WITH("'httpRua':['https://u@a.example/']"), "httpRua/0")},
	{"URIs: a fragment", BAD_CREATE(WITH("'httpRua':['https://a.example/"
                                             "#x']"),
                                        "httpRua/0")},
	{"URIs: a file",
         BAD_CREATE(WITH("'httpRua':['file:///etc/passwd']"), "httpRua/0")},
	{"URIs: a directory",
         BAD_CREATE(WITH("'httpRua':['directory:/tmp']"), "httpRua/0")},
	{"ids: negative",
         BAD_CREATE(WITH("'policyIdentifiers':[-1]"), "policyIdentifiers/0")},
	{"ids: a half",
         BAD_CREATE(WITH("'policyIdentifiers':[0.5]"), "policyIdentifiers/0")},
	{"ids: past 2^53", BAD_CREATE(WITH("'policyIdentifiers':["
                                           "9007199254740992]"),
                                      "policyIdentifiers/0")},
	{"no domain",
         BAD_CREATE("{" TIMES "'report':" REPORT_OF("0") "}", "domain")},
	{"a domain that is none",
         BAD_CREATE("{" TIMES "'domain':'a b','report':" REPORT_OF("0") "}",
                    "domain")},
	{"a domain with a line break",
         BAD_CREATE("{" TIMES
                    "'domain':'a.example\\n','report':" REPORT_OF("0") "}",
                    "domain")},
	{"a time that is none",
         BAD_CREATE("{'createdAt':'now','deliverAt':'2026-03-02T00:00:00Z',"
                    "'domain':'a.example','report':" REPORT_OF("0") "}",
                    "createdAt")},
	{"a time that is a number",
         BAD_CREATE("{'createdAt':7,'deliverAt':'2026-03-02T00:00:00Z',"
                    "'domain':'a.example','report':" REPORT_OF("0") "}",
                    "createdAt")},
	{"a time not in UTC",
         BAD_CREATE("{'createdAt':'2026-03-02T00:00:00Z','deliverAt':"
                    "'2026-03-02T00:00:00+01:00','domain':'a.example',"
                    "'report':" REPORT_OF("0") "}",
                    "deliverAt")},
	{"1.4 a time in small letters",
         BAD_CREATE("{'createdAt':'2026-03-02T00:00:00Z','deliverAt':"
                    "'2026-03-02t00:00:00z','domain':'a.example',"
                    "'report':" REPORT_OF("0") "}",
                    "deliverAt")},
	{"a day that is none",
         BAD_CREATE("{'createdAt':'2026-02-30T00:00:00Z','deliverAt':"
                    "'2026-03-02T00:00:00Z','domain':'a.example',"
                    "'report':" REPORT_OF("0") "}",
                    "createdAt")},
	{"report: an unknown property",
         BAD_CREATE(REPORT_WITH("'nix':1"), "report/nix")},
	{"report: contact of two lines",
         BAD_CREATE(REPORT_WITH("'contactInfo':'no\\nbody'"),
                    "report/contactInfo")},
	{"report: a contact with U+0000",
         BAD_CREATE(REPORT_WITH("'contactInfo':'\\u0000'"),
                    "report/contactInfo")},
	{"policy: a count past 64 bits",
         BAD_CREATE(POLICY_WITH("'totalFailedSessions':99999999999999999999"),
                    "report/policies/0/totalFailedSessions")},
	{"policy: a count past a double",
         BAD_CREATE(POLICY_WITH("'totalFailedSessions':-1e999"),
                    "report/policies/0/totalFailedSessions")},
	{"policy: a string with U+0000",
         BAD_CREATE(POLICY_WITH("'policyStrings':['a','b\\u0000c']"),
                    "report/policies/0/policyStrings/1")},
	{"an address with U+0000",
         BAD_CREATE(WITH("'mailRua':['a@b.example\\u0000']"), "mailRua/0")},
	{"a set with U+0000",
         BAD_CREATE(WITH("'mailRua':{'a@b.example\\u0000':true}"),
                    "mailRua/0")},
	{"report: a name that is a number",
         BAD_CREATE(REPORT_WITH("'organizationName':7"),
                    "report/organizationName")},
	{"report: policies that are a text",
         BAD_CREATE(REPORT_WITH("'policies':'x'"), "report/policies")},
	{"report: a policy that is null",
         BAD_CREATE(REPORT_WITH("'policies':[null]"), "report/policies/0")},
	{"report: a policy of nothing",
         BAD_CREATE(REPORT_WITH("'policies':[{}]"),
                    "report/policies/0/policyType','report/policies/0/"
                    "policyDomain")},
	{"policy: an RFC word",
         BAD_CREATE(REPORT_WITH("'policies':[{'policyType':"
                                "'no-policy-found','policyDomain':"
                                "'a.example'}]"),
                    "report/policies/0/policyType")},
	{"policy: a count that is negative",
         BAD_CREATE(POLICY_WITH("'totalFailedSessions':-1"),
                    "report/policies/0/totalFailedSessions")},
	{"policy: a count that is a text",
         BAD_CREATE(POLICY_WITH("'totalSuccessfulSessions':'5'"),
                    "report/policies/0/totalSuccessfulSessions")},
	{"policy: MX that is none", BAD_CREATE(POLICY_WITH("'mxHosts':['a b']"),
                                               "report/policies/0/mxHosts/0")},
	{"policy: strings of numbers",
         BAD_CREATE(POLICY_WITH("'policyStrings':[1]"),
                    "report/policies/0/policyStrings/0")},
	{"detail: no type",
         BAD_CREATE(DETAIL_WITH("'failedSessionCount':1"),
                    "report/policies/0/failureDetails/0/resultType")},
	{"detail: an RFC word",
         BAD_CREATE(DETAIL_WITH("'resultType':'certificate-expired'"),
                    "report/policies/0/failureDetails/0/resultType")},
	{"detail: an address that is none",
         BAD_CREATE(DETAIL_WITH("'resultType':'other','sendingMtaIp':"
                                "'1.2.3'"),
                    "report/policies/0/failureDetails/0/sendingMtaIp")},
	{"detail: unknown",
         BAD_CREATE(DETAIL_WITH("'resultType':'other','nix':1"),
                    "report/policies/0/failureDetails/0/nix")},
};

static void run_rows(const struct call_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		auto_(json_free) json_t *got = NULL;
		struct world w;

		ROW(&rows[i]);
		world_make(&w);
		got = world_calls(&w, rows[i].calls);
		world_check(&w, got, rows[i].want);
		world_clear(&w);
	}
}

#define ROWS_TEST(name)                                                        \
	static void test_##name(void **state)                                  \
	{                                                                      \
		(void)state;                                                   \
		run_rows(name##_rows, COUNT(name##_rows));                     \
	}

ROWS_TEST(calls)
ROWS_TEST(get)
ROWS_TEST(query)
ROWS_TEST(set)
ROWS_TEST(create)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),  cmocka_unit_test(test_get),
		cmocka_unit_test(test_query),  cmocka_unit_test(test_set),
		cmocka_unit_test(test_create),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
