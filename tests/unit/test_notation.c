#include "unit/test.h"

#include "api/notation.h"
#include "api/object.h"
#include "base/auto.h"
#include "base/json.h"

/* Rows are written with ' for ". */
static json_t *parse(const char *text)
{
	auto_(strbuf_clear) struct strbuf quoted = {0};
	struct err err;
	json_t *json;

	for (; *text != '\0'; text++)
		strbuf_putc(&quoted, *text == '\'' ? '"' : *text);
	json = json_read(quoted.data, quoted.len, true, &err);
	if (json == NULL)
		fail_msg("%s: %s", quoted.data, err.text);
	return json;
}

static void check_json(json_t *got, const char *want_text)
{
	auto_(json_free) json_t *want = parse(want_text);
	auto_(strbuf_clear) struct strbuf text = {0};

	json_write(got, &text);
	if (!json_equal(got, want))
		fail_msg("got %s, want %s", text.data, want_text);
}

static void test_both_ways(void **state)
{
	static const struct {
		const char *name, *arrays, *members;
	} rows[] = {
		{"nothing", "{}", "{}"},
		{"no list", "{'domain':'a.example','id':null}",
	         "{'domain':'a.example','id':null}"},
		{"empty lists", "{'mailRua':[],'policyIdentifiers':[]}",
	         "{'mailRua':{},'policyIdentifiers':{}}"},
		{"a set of texts", "{'mailRua':['b@x','a@x']}",
	         "{'mailRua':{'b@x':true,'a@x':true}}"},
		{"a set of numbers",
	         "{'policyIdentifiers':[7,0,'18446744073709551615']}",
	         "{'policyIdentifiers':{'7':true,'0':true,"
	         "'18446744073709551615':true}}"},
		{"a list of objects",
	         "{'destinations':[{'uri':'x','history':[{'at':null},{}]},{}]}",
	         "{'destinations':{'0':{'uri':'x','history':"
	         "{'0':{'at':null},'1':{}}},'1':{}}}"},
		{"lists within an object",
	         "{'report':{'policies':[{'mxHosts':['m'],'failureDetails':"
	         "[{'resultType':'other'}]}]}}",
	         "{'report':{'policies':{'0':{'mxHosts':{'m':true},"
	         "'failureDetails':{'0':{'resultType':'other'}}}}}}"},
		{"null", "{'mailRua':null,'report':null}",
	         "{'mailRua':null,'report':null}"},
		{"what is no list", "{'mailRua':'x','destinations':7}",
	         "{'mailRua':'x','destinations':7}"},
		{"what no set can have", "{'mailRua':[{}]}",
	         "{'mailRua':[{}]}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *object = parse(rows[i].arrays);

		ROW(&rows[i]);
		notation_to_members(&object_table, object);
		check_json(object, rows[i].members);
		notation_to_arrays(&object_table, object);
		check_json(object, rows[i].arrays);
	}
}

static void test_to_arrays(void **state)
{
	static const struct {
		const char *name, *given, *want;
	} rows[] = {
		{"numbers say the order",
	         "{'destinations':{'7':{'uri':'c'},'10':{'uri':'d'},"
	         "'2':{'uri':'a'}}}",
	         "{'destinations':[{'uri':'a'},{'uri':'c'},{'uri':'d'}]}"},
		{"what is false is not in it",
	         "{'mailRua':{'a@x':true,'b@x':false}}", "{'mailRua':['a@x']}"},
		{"what is no number stays", "{'destinations':{'07':{}}}",
	         "{'destinations':{'07':{}}}"},
		{"what is no object stays", "{'destinations':{'0':null}}",
	         "{'destinations':{'0':null}}"},
		{"what is neither true nor false stays",
	         "{'mailRua':{'a@x':1}}", "{'mailRua':{'a@x':1}}"},
		{"members in an array",
	         "{'destinations':[{'history':{'0':{}}}]}",
	         "{'destinations':[{'history':[{}]}]}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *object = parse(rows[i].given);

		ROW(&rows[i]);
		notation_to_arrays(&object_table, object);
		check_json(object, rows[i].want);
	}
}

#define OBJECT                                                                 \
	"{'domain':'a.example','policyIdentifiers':[7,77],'mailRua':['a@x'],"  \
	"'httpRua':[],'report':{'reportId':'r','policies':["                   \
	"{'policyType':'sts','totalFailedSessions':1,'policyStrings':"         \
	"['s','s'],'failureDetails':["                                         \
	"{'resultType':'a','failedSessionCount':1,'receivingIp':null},"        \
	"{'resultType':'b','failedSessionCount':2}]},"                         \
	"{'policyType':'tlsa','failureDetails':[]},"                           \
	"{'policyType':'none','failureDetails':[{'resultType':'c'}]}]}}"

#define REPORT(policies) "{'reportId':'r','policies':[" policies "]}"
#define DETAIL_A "{'resultType':'a','failedSessionCount':1,'receivingIp':null}"
#define DETAIL_B "{'resultType':'b','failedSessionCount':2}"
#define STS(failed, details)                                                   \
	"{'policyType':'sts','totalFailedSessions':" failed                    \
	",'policyStrings':['s','s'],'failureDetails':[" details "]}"
#define TLSA "{'policyType':'tlsa','failureDetails':[]}"
#define NONE "{'policyType':'none','failureDetails':[{'resultType':'c'}]}"

static void test_patch(void **state)
{
	static const struct {
		const char *name, *patch, *at, *want, *words;
	} rows[] = {
		{"nothing", "{}", NULL, OBJECT, NULL},
		{"a member", "{'domain':'b'}", "domain", "'b'", NULL},
		{"a new one", "{'n':[1]}", "n", "[1]", NULL},
		{"an item more", "{'mailRua/b@x':true}", "mailRua",
	         "['a@x','b@x']", NULL},
		{"an item that is there", "{'mailRua/a@x':true}", "mailRua",
	         "['a@x']", NULL},
		{"an item less, by null", "{'mailRua/a@x':null}", "mailRua",
	         "[]", NULL},
		{"an item less, by false", "{'mailRua/a@x':false}", "mailRua",
	         "[]", NULL},
		{"an item less that is not there", "{'mailRua/z@x':null}",
	         "mailRua", "['a@x']", NULL},
		{"into an empty set",
	         "{'httpRua/https:~1~1h~1p':true,'httpRua/b':true}", "httpRua",
	         "['https://h/p','b']", NULL},
		{"of numbers the number, not the place",
	         "{'policyIdentifiers/77':null,'policyIdentifiers/1':null,"
	         "'policyIdentifiers/0':true}",
	         "policyIdentifiers", "[7,0]", NULL},
		{"a whole set", "{'mailRua':{'c@x':true}}", "mailRua",
	         "['c@x']", NULL},
		{"a whole array", "{'mailRua':['c@x']}", "mailRua", "['c@x']",
	         NULL},
		{"into an item", "{'report/policies/0/totalFailedSessions':3}",
	         "report",
	         REPORT(STS("3", DETAIL_A "," DETAIL_B) "," TLSA "," NONE),
	         NULL},
		{"one more item", "{'report/policies/3':{'policyType':'x'}}",
	         "report",
	         REPORT(STS("1", DETAIL_A "," DETAIL_B) "," TLSA "," NONE
	                                                ",{'policyType':'x'}"),
	         NULL},
		{"one more, with lists as members",
	         "{'report/policies/9':{'mxHosts':{'m':true},"
	         "'failureDetails':{'1':{},'0':{'resultType':'d'}}}}",
	         "report",
	         REPORT(STS("1", DETAIL_A
	                    "," DETAIL_B) "," TLSA "," NONE
	                                  ",{'mxHosts':['m'],'failureDetails':"
	                                  "[{'resultType':'d'},{}]}"),
	         NULL},
		{"one more into an empty list",
	         "{'report/policies/1/failureDetails/0':{'resultType':'d'}}",
	         "report",
	         REPORT(STS("1", DETAIL_A "," DETAIL_B) ",{'policyType':'tlsa',"
	                                                "'failureDetails':"
	                                                "[{'resultType':'d'}]"
	                                                "}," NONE),
	         NULL},
		{"another in its place",
	         "{'report/policies/1':{'policyType':'x'}}", "report",
	         REPORT(STS("1",
	                    DETAIL_A "," DETAIL_B) ",{'policyType':'x'}," NONE),
	         NULL},
		{"an item goes", "{'report/policies/0':null}", "report",
	         REPORT(TLSA "," NONE), NULL},
		{"one that is not there goes", "{'report/policies/7':null}",
	         "report",
	         REPORT(STS("1", DETAIL_A "," DETAIL_B) "," TLSA "," NONE),
	         NULL},
		{"numbers are those of before",
	         "{'report/policies/0/failureDetails/0':null,"
	         "'report/policies/0/failureDetails/1/failedSessionCount':9}",
	         "report",
	         REPORT(STS(
			 "1",
			 "{'resultType':'b','failedSessionCount':9}") "," TLSA
	                                                              "," NONE),
	         NULL},
		{"... whatever comes first",
	         "{'report/policies/2/policyType':'z','report/policies/3':{},"
	         "'report/policies/1':null,'report/policies/0':null}",
	         "report",
	         REPORT("{'policyType':'z','failureDetails':"
	                "[{'resultType':'c'}]},{}"),
	         NULL},
		{"all null, member by member: it goes",
	         "{'report/policies/0/failureDetails/1/resultType':null,"
	         "'report/policies/0/failureDetails/0/resultType':'z',"
	         "'report/policies/0/failureDetails/1/failedSessionCount':"
	         "null}",
	         "report",
	         REPORT(STS("1", "{'resultType':'z','failedSessionCount':1,"
	                         "'receivingIp':null}") "," TLSA "," NONE),
	         NULL},
		{"... what was null need not be named",
	         "{'report/policies/0/failureDetails/0/resultType':null,"
	         "'report/policies/0/failureDetails/0/failedSessionCount':"
	         "null}",
	         "report", REPORT(STS("1", DETAIL_B) "," TLSA "," NONE), NULL},
		{"... with its own list, item by item",
	         "{'report/policies/2/policyType':null,"
	         "'report/policies/2/failureDetails/0/resultType':null}",
	         "report", REPORT(STS("1", DETAIL_A "," DETAIL_B) "," TLSA),
	         NULL},
		{"some null: it stays",
	         "{'report/policies/0/failureDetails/1/resultType':null}",
	         "report",
	         REPORT(STS("1", DETAIL_A
	                    ",{'failedSessionCount':2}") "," TLSA "," NONE),
	         NULL},
		{"a new item without anything stays",
	         "{'report/policies/3':{}}", "report",
	         REPORT(STS("1", DETAIL_A "," DETAIL_B) "," TLSA "," NONE
	                                                ",{}"),
	         NULL},
		{"a set in an item",
	         "{'report/policies/1/policyStrings':{},"
	         "'report/policies/2/mxHosts':{'m':true}}",
	         "report",
	         REPORT(STS("1", DETAIL_A
	                    "," DETAIL_B) ",{'policyType':'tlsa',"
	                                  "'failureDetails':[],"
	                                  "'policyStrings':[]},{'policyType':"
	                                  "'none','failureDetails':"
	                                  "[{'resultType':'c'}],"
	                                  "'mxHosts':['m']}"),
	         NULL},
		{"into an item that is not there",
	         "{'report/policies/3/policyType':'x'}", NULL, NULL,
	         "'3', which does not exist"},
		{"the end of a list", "{'report/policies/-':{}}", NULL, NULL,
	         "number of an item"},
		{"a leading zero", "{'report/policies/00':{}}", NULL, NULL,
	         "number of an item"},
		{"a leading zero further on",
	         "{'report/policies/00/policyType':'x'}", NULL, NULL,
	         "'00', which does not exist"},
		{"a number past any",
	         "{'report/policies/99999999999999999999':{}}", NULL, NULL,
	         "number of an item"},
		{"an item set to a text", "{'report/policies/0':'x'}", NULL,
	         NULL, "an item of a list"},
		{"an item of a list set to true", "{'report/policies/0':true}",
	         NULL, NULL, "an item of a list"},
		{"an item of a set, set to a text", "{'mailRua/a@x':'x'}", NULL,
	         NULL, "an item of a set"},
		{"past an item of a set", "{'mailRua/a@x/y':true}", NULL, NULL,
	         "points into an item of a set"},
		{"through what is not there", "{'nix/a':1}", NULL, NULL,
	         "'nix', which does not exist"},
		{"through a text", "{'domain/a':1}", NULL, NULL,
	         "not an object"},
		{"one the beginning of another",
	         "{'report/policies/0':null,"
	         "'report/policies/0/policyType':null}",
	         NULL, NULL, "is a prefix of"},
		{"~ alone", "{'report/~x':1}", NULL, NULL, "~ is not followed"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *object = parse(OBJECT);
		auto_(json_free) json_t *patch = parse(rows[i].patch);
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = notation_patch(&object_table, object, patch, &err);
		if (rows[i].words != NULL) {
			assert_int_equal(rc, ERR_PARSE);
			if (strstr(err.text, rows[i].words) == NULL)
				fail_msg("got: %s", err.text);
			continue;
		}
		if (rc != 0)
			fail_msg("%s", err.text);
		check_json(rows[i].at ? json_object_get(object, rows[i].at)
		                      : object,
		           rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_to_arrays),
		cmocka_unit_test(test_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
