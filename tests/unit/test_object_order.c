/* What is typed becomes the arguments of a JMAP call, or is refused. */
#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/object_order.h"
#include "cli/object_type.h"

enum { WORDS_MAX = 32 };

/* Split at blanks; ' is " and ~ is a blank. */
struct line {
	char *text;
	char *argv[WORDS_MAX + 1];
	int argc;
};

static void line_clear(struct line *line)
{
	free(line->text);
}

static struct line line_of(const char *text)
{
	struct line line = {.text = xasprintf("tlstally %s", text)};
	char *save = NULL;

	for (char *c = line.text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	for (char *word = strtok_r(line.text, " ", &save);
	     word != NULL && line.argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save)) {
		for (char *c = word; *c != '\0'; c++)
			*c = *c == '~' ? ' ' : *c;
		line.argv[line.argc++] = word;
	}
	return line;
}

static enum object_verb verb_of(const struct cli_sentence *sentence)
{
	static const char *const words[] = {"get", "query", "create", "update",
	                                    "delete"};

	for (int i = 0; i < 5; i++)
		if (strcmp(words[i], sentence->words) == 0)
			return (enum object_verb)i;
	fail_msg("%s", sentence->words);
	return OBJECT_GET;
}

static int read_line(const char *text, struct line *line,
                     struct object_order *order, struct err *err)
{
	const struct cli_sentence *sentence;
	struct cli_args args;

	*line = line_of(text);
	if (cli_args_read(line->argc, line->argv, &args, &sentence, err) < 0)
		return err->class;
	return object_order_read(&args, verb_of(sentence), order, err);
}

static json_t *args_of(const struct object_order *order)
{
	size_t count = json_array_size(order->ids);

	if (order->verb != OBJECT_GET && order->verb != OBJECT_QUERY)
		return object_order_set(order, 0, object_order_count(order),
		                        order->if_in_state);
	if (order->verb == OBJECT_GET)
		return object_order_get(order, order->ids, 0, count,
		                        order->fields);
	return object_order_query(order, order->position, order->limit);
}

static json_t *json_of(const char *text)
{
	auto_(xfree_str) char *quoted = xstrdup(text);
	struct err err;
	json_t *json;

	for (char *c = quoted; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	json = json_read(quoted, strlen(quoted), true, &err);
	if (json == NULL)
		fail_msg("%s in %s", err.text, text);
	return json;
}

/* All that a new report must have. */
#define REPORT                                                                 \
	"create tls-internal-report --field domain=a.example --field "         \
	"createdAt=2026-03-02T00:00:00Z --field "                              \
	"deliverAt=2026-03-02T01:00:00Z --field report/reportId=5 --field "    \
	"report/dateRangeStart=2026-03-01T00:00:00Z --field "                  \
	"report/dateRangeEnd=2026-03-01T23:59:59Z "
#define MADE(more, in_report)                                                  \
	"{'create':{'new':{'domain':'a.example',"                              \
	"'createdAt':'2026-03-02T00:00:00Z',"                                  \
	"'deliverAt':'2026-03-02T01:00:00Z'," more                             \
	"'report':{'reportId':'5','dateRangeStart':'2026-03-01T00:00:00Z',"    \
	"'dateRangeEnd':'2026-03-01T23:59:59Z'" in_report "}}}}"
#define PATCH "update tls-internal-report a1 --field "
#define PATCHED(patch) "{'update':{'a1':{" patch "}}}"

static void test_requests(void **state)
{
	static const struct {
		const char *name, *line, *want;
	} rows[] = {
		{"get: all", "get tls-internal-report", "{'ids':null}"},
		{"get: one", "get TlsInternalReport a1", "{'ids':['a1']}"},
		{"get: some, each once", "get x:TlsInternalReport --ids a,b,~a",
	         "{'ids':['a','b']}"},
		{"get: fields", "get domain x --fields day,domain,day",
	         "{'ids':['x'],'properties':['day','domain']}"},
		{"query: all", "query tls-internal-report", "{}"},
		{"query: one condition",
	         "query tls-internal-report --where status=deferred",
	         "{'filter':{'status':'deferred'}}"},
		{"query: a bool",
	         "query tls-internal-report --where hasFailures=false",
	         "{'filter':{'hasFailures':false}}"},
		{"query: a text that looks like one",
	         "query tls-internal-report --where text=true",
	         "{'filter':{'text':'true'}}"},
		{"query: an = in the value",
	         "query tls-internal-report --where text=a=b",
	         "{'filter':{'text':'a=b'}}"},
		{"query: several",
	         "query tls-internal-report --where domain=a.example --where "
	         "deliverBefore=2026-03-02T00:00:00Z",
	         "{'filter':{'operator':'AND','conditions':[{'domain':"
	         "'a.example'},{'deliverBefore':'2026-03-02T00:00:00Z'}]}}"},
		{"query: a filter in JSON",
	         "query tls-internal-report --where "
	         "{'operator':'NOT','conditions':[{'status':'done'}]}",
	         "{'filter':{'operator':'NOT','conditions':[{'status':"
	         "'done'}]}}"},
		{"query: a day", "query domain --where day=2026-03-01",
	         "{'filter':{'day':'2026-03-01'}}"},
		{"query: sorted",
	         "query tls-internal-report --sort -failures,domain",
	         "{'sort':[{'property':'failures','isAscending':false},{"
	         "'property':'domain','isAscending':true}]}"},
		{"query: a window", "query inbound --limit 10 --position -20",
	         "{'limit':10,'position':-20}"},
		{"query: none", "query inbound --limit 0", "{'limit':0}"},
		{"get: operands", "get domain x --fields day y x -- z",
	         "{'ids':['x','y','z'],'properties':['day']}"},
		{"delete: operands", "delete suppression x y",
	         "{'destroy':['x','y']}"},
		{"delete: in a state", "delete suppression --if-in-state e-7 x",
	         "{'ifInState':'e-7','destroy':['x']}"},
		{"update: in a state",
	         "update suppression x --if-in-state e-7 --field until=null",
	         "{'ifInState':'e-7','update':{'x':{'until':null}}}"},
		{"create: in a state",
	         "create suppression --if-in-state e-7 --field "
	         "address=a@b.example",
	         "{'ifInState':'e-7','create':{'new':{'address':"
	         "'a@b.example'}}}"},
		{"update: into an item",
	         PATCH "report/policies/0/totalFailedSessions=3",
	         PATCHED("'report/policies/0/totalFailedSessions':3")},
		{"update: a whole item",
	         PATCH "report/policies/1={'policyType':'sts','policyDomain':"
	               "'a.example'}",
	         PATCHED("'report/policies/1':{'policyType':'sts',"
	                 "'policyDomain':'a.example'}")},
		{"update: an item less, and into another, two deep",
	         PATCH "report/policies/0/failureDetails/0=null --field "
	               "report/policies/0/failureDetails/1/"
	               "failedSessionCount=9",
	         PATCHED("'report/policies/0/failureDetails/0':null,"
	                 "'report/policies/0/failureDetails/1/"
	                 "failedSessionCount':9")},
		{"update: an item that goes field by field",
	         PATCH "report/policies/0/policyType=null --field "
	               "report/policies/0/policyDomain=null",
	         PATCHED("'report/policies/0/policyType':null,"
	                 "'report/policies/0/policyDomain':null")},
		{"update: an item of a set in an item",
	         PATCH "report/policies/0/mxHosts/mx.a.example=true",
	         PATCHED("'report/policies/0/mxHosts/mx.a.example':true")},
		{"delete: one", "delete suppression x", "{'destroy':['x']}"},
		{"delete: some", "delete tls-internal-report --ids a,b",
	         "{'destroy':['a','b']}"},
		{"update: a text", PATCH "domain=b.example",
	         PATCHED("'domain':'b.example'")},
		{"update: a text in JSON", PATCH "domain='b.example'",
	         PATCHED("'domain':'b.example'")},
		{"update: a time", PATCH "deliverAt=2026-03-02T10:00:00Z",
	         PATCHED("'deliverAt':'2026-03-02T10:00:00Z'")},
		{"update: several ids",
	         "update tls-internal-report --ids a1,b1 --field "
	         "domain=b.example",
	         "{'update':{'a1':{'domain':'b.example'},'b1':{'domain':"
	         "'b.example'}}}"},
		{"update: several fields",
	         PATCH "domain=b.example --field policyIdentifiers=7",
	         PATCHED("'domain':'b.example','policyIdentifiers':[7]")},
		{"update: a list, bare",
	         PATCH "mailRua=a@b.example,~c@d.example",
	         PATCHED("'mailRua':['a@b.example','c@d.example']")},
		{"update: a list in JSON", PATCH "mailRua=['a@b.example']",
	         PATCHED("'mailRua':['a@b.example']")},
		{"update: a list as others have it",
	         PATCH "mailRua={'a@b.example':true}",
	         PATCHED("'mailRua':{'a@b.example':true}")},
		{"update: an empty list",
	         PATCH "mailRua=", PATCHED("'mailRua':[]")},
		{"update: no list", PATCH "mailRua=null",
	         PATCHED("'mailRua':null")},
		{"update: one more of a list", PATCH "mailRua/a@b.example=true",
	         PATCHED("'mailRua/a@b.example':true")},
		{"update: one less", PATCH "mailRua/a@b.example=null",
	         PATCHED("'mailRua/a@b.example':null")},
		{"update: one less, as a set has it",
	         PATCH "mailRua/a@b.example=false",
	         PATCHED("'mailRua/a@b.example':null")},
		{"update: great numbers, bare",
	         PATCH "policyIdentifiers=7,18446744073709551615",
	         PATCHED("'policyIdentifiers':[7,'18446744073709551615']")},
		{"update: a great number less",
	         PATCH "policyIdentifiers/18446744073709551615=false",
	         PATCHED("'policyIdentifiers/18446744073709551615':null")},
		{"update: the other notation of nothing",
	         PATCH "policyIdentifiers={}",
	         PATCHED("'policyIdentifiers':{}")},
		{"update: an address with =",
	         PATCH "mailRua/a=b@c.example=true",
	         PATCHED("'mailRua/a=b@c.example':true")},
		{"update: one more URI, its slashes as they are",
	         PATCH "httpRua/https://a.example/?x=1=true",
	         PATCHED("'httpRua/https:~1~1a.example~1?x=1':true")},
		{"update: a number", PATCH "policyIdentifiers/7=true",
	         PATCHED("'policyIdentifiers/7':true")},
		{"update: far in", PATCH "report/organizationName=A~B=C",
	         PATCHED("'report/organizationName':'A B=C'")},
		{"update: nothing there", PATCH "report/organizationName=null",
	         PATCHED("'report/organizationName':null")},
		{"update: the word null",
	         PATCH "report/organizationName='null'",
	         PATCHED("'report/organizationName':'null'")},
		{"update: a text of digits", PATCH "report/reportId=12",
	         PATCHED("'report/reportId':'12'")},
		{"update: a list of objects",
	         PATCH "report/policies=[{'policyType':'sts','policyDomain':"
	               "'a.example'}]",
	         PATCHED("'report/policies':[{'policyType':'sts',"
	                 "'policyDomain':'a.example'}]")},
		{"create: what must be there", REPORT, MADE("", "")},
		{"create: lists, bare and in parts",
	         REPORT "--field mailRua=a@b.example --field "
	                "mailRua/c@d.example=true --field "
	                "httpRua/https://a.example/x=true",
	         MADE("'mailRua':['a@b.example','c@d.example'],'httpRua':{"
	              "'https://a.example/x':true},",
	              "")},
		{"create: objects of a list",
	         REPORT "--field report/policies/0/policyType=tlsa --field "
	                "report/policies/0/policyDomain=a.example --field "
	                "report/policies/0/totalFailedSessions=3 --field "
	                "report/policies/0/mxHosts=*.a.example,mx.a.example "
	                "--field report/policies/0/failureDetails/0/"
	                "resultType=tlsaInvalid --field "
	                "report/policies/0/failureDetails/1={'resultType':"
	                "'other'}",
	         MADE("",
	              ",'policies':{'0':{'policyType':'tlsa','policyDomain':"
	              "'a.example','totalFailedSessions':3,'mxHosts':["
	              "'*.a.example','mx.a.example'],'failureDetails':{'0':{"
	              "'resultType':'tlsaInvalid'},'1':{'resultType':'other'}"
	              "}}}")},
		{"create: a later field counts",
	         "create suppression --field address=a@b.example --field "
	         "address=c@d.example --field until=null",
	         "{'create':{'new':{'address':'c@d.example','until':null}}}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(line_clear) struct line line = {0};
		auto_(object_order_clear) struct object_order order = {0};
		auto_(json_free) json_t *got = NULL;
		auto_(json_free) json_t *want = json_of(rows[i].want);
		auto_(strbuf_clear) struct strbuf text = {0};
		struct err err = {0};

		ROW(&rows[i]);
		if (read_line(rows[i].line, &line, &order, &err) < 0)
			fail_msg("%s", err.text);
		got = args_of(&order);
		json_write(got, &text);
		if (!json_equal(got, want))
			fail_msg("got  %s\nwant %s", text.data, rows[i].want);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name, *line, *words;
	} rows[] = {
		{"no type", "get", "get: missing argument: <type>"},
		{"a type misspelt", "get tls-internal-reports",
	         "get: unknown object type 'tls-internal-reports'; did you "
	         "mean 'tls-internal-report'?"},
		{"no such type", "get mailboxes",
	         "get: unknown object type 'mailboxes'; the types are "
	         "tls-internal-report, sent-report, suppression, domain, "
	         "domain-period, inbound, tls-external-report"},
		{"what is read only", "create domain --field domain=a.example",
	         "domain: these objects are read-only: use get or "
	         "query"},
		{"what can be sent again, and nothing else",
	         "delete sent-report a1",
	         "sent-report: these objects can only be updated"},
		{"what can be deleted, and nothing else",
	         "update tls-external-report a1 --field day=x",
	         "tls-external-report: these objects can only be deleted"},
		{"an id and --ids", "get domain x --ids y",
	         "specify an id after the type, or --ids, but not both"},
		{"one of two ids is none", "get domain a a.b",
	         "get: 'a.b' is not an id (A-Z a-z 0-9 - _)"},
		{"the state and something else", "query domain --state --count",
	         "specify only one of --state and --count"},
		{"no id", "get domain a.b",
	         "get: 'a.b' is not an id (A-Z a-z 0-9 - _)"},
		{"an empty id", "get domain --ids a,,b",
	         "'' is not an id (A-Z a-z 0-9 - _)"},
		{"nothing to delete", "delete suppression",
	         "no object specified: use an id after the type, or --ids A,B"},
		{"no ids", "get suppression --ids=", "--ids: missing ids"},
		{"nothing to change", "update suppression --field until=null",
	         "no object specified: use an id after the type, or --ids A,B"},
		{"no change", "update suppression x",
	         "no changes specified: use --field NAME=VALUE, --file or "
	         "--stdin"},
		{"nothing given", "create suppression",
	         "no fields specified: use --field NAME=VALUE, --file or "
	         "--stdin"},
		{"two sources", "create suppression --file x --stdin",
	         "specify only one of --file and --stdin"},
		{"a file that is not there",
	         "create suppression --file /none/x",
	         "/none/x: No such file or directory"},
		{"a column misspelt", "query domain --fields domian",
	         "--fields: unknown field 'domian', did you mean 'domain'?"},
		{"no such column", "query suppression --fields color",
	         "--fields: unknown field 'color': the fields are id, address, "
	         "since, until, by, reason"},
		{"no columns",
	         "query domain --fields=", "--fields: missing fields"},
		{"a condition misspelt",
	         "query tls-internal-report --where stauts=held",
	         "--where: x:TlsInternalReport has no 'stauts', did you mean "
	         "'status'?"},
		{"no such condition", "query inbound --where color=red",
	         "--where: tally:Inbound has no 'color', only day, "
	         "dayBefore, dayAfter, domain, text, hasWeak"},
		{"no word", "query tls-internal-report --where status=failed",
	         "--where: status: 'failed' is not one of held, pending, "
	         "sending, "
	         "deferred, idle, done"},
		{"no bool", "query inbound --where hasWeak=yes",
	         "--where: hasWeak: neither true nor false"},
		{"no time", "query suppression --where sinceAfter=yesterday",
	         "--where: sinceAfter: not in UTC (like "
	         "2026-03-01T10:00:00Z)"},
		{"no day", "query domain --where day=1",
	         "--where: day: '1' is not a day (like 2026-03-01)"},
		{"no condition at all", "query domain --where day",
	         "--where: 'day' is neither NAME=VALUE nor a filter in JSON"},
		{"no JSON", "query domain --where {day}", "--where: "},
		{"a filter in JSON, wrong",
	         "query domain --where {'operator':'XOR','conditions':[]}",
	         "--where: operator: not one of AND, OR, NOT"},
		{"no such order", "query suppression --sort reason",
	         "--sort: 'reason' is not one of id, address, since, until (a "
	         "leading - sorts in descending order)"},
		{"no number", "query domain --limit -1",
	         "--limit: '-1' is not a whole number that is 0 or more"},
		{"no number either", "query domain --position 1x",
	         "--position: '1x' is not a whole number"},
		{"no account", "query domain --account a.b",
	         "--account: 'a.b' is not an id (A-Z a-z 0-9 - _)"},
		{"no span", "query domain --timeout soon",
	         "--timeout: 'soon' is not a time span (like 90s, 10m, 4h, "
	         "2d)"},
		{"no field", PATCH "domain",
	         "--field: 'domain' is not NAME=VALUE"},
		{"a field misspelt", PATCH "mailrua=a@b.example",
	         "--field: mailrua: unknown field, did you mean 'mailRua'?"},
		{"no such field", "create suppression --field color=red",
	         "--field: color: unknown field: the fields are id, address, "
	         "since, until, by, reason"},
		{"a field misspelt, far in", PATCH "report/reportid=5",
	         "--field: report/reportid: unknown field, did you mean "
	         "'reportId'?"},
		{"a field of a text", PATCH "domain/x=1",
	         "--field: domain/x: has no members"},
		{"what the server sets", PATCH "status=done",
	         "--field: status: set by the server"},
		{"an id", "create suppression --field id=x",
	         "--field: id: set by the server"},
		{"into a list of objects, a word that is none",
	         PATCH "report/policies/0/policyType=dane",
	         "report/policies/0/policyType: not one of noPolicyFound, "
	         "tlsa, "
	         "sts, other"},
		{"an item that is no object", PATCH "report/policies/0=7",
	         "report/policies/0: not an object"},
		{"half an item", PATCH "report/policies/0={'policyType':'sts'}",
	         "report/policies/0.policyDomain: missing"},
		{"two deep, a count that is none",
	         PATCH "report/policies/0/failureDetails/1/"
	               "failedSessionCount=-9",
	         "report/policies/0/failureDetails/1/failedSessionCount: "
	         "negative"},
		{"a number that is none", PATCH "report/policies/-1=null",
	         "--field: report/policies/-1: this is a list: its items have "
	         "numbers, starting with 0"},
		{"an item by name",
	         REPORT "--field report/policies/x/policyType=sts",
	         "--field: report/policies/x/policyType: this is a list: its "
	         "items have numbers, starting with 0"},
		{"an item that is not true", PATCH "mailRua/a@b.example=1",
	         "--field: mailRua/a@b.example: '1' is not true (adds the "
	         "item) or false (removes it)"},
		{"no item", PATCH "mailRua/=true",
	         "--field: mailRua/: the item of the list is missing"},
		{"an item that is no address", PATCH "mailRua/nix=true",
	         "mailRua/nix[0]: "},
		{"an item that is not a number",
	         PATCH "policyIdentifiers/x=true",
	         "policyIdentifiers/x[0]: not a whole number up to 2^64-1"},
		{"no address", PATCH "mailRua=a@b.example,nix", "mailRua[1]: "},
		{"no URI", PATCH "httpRua=http://a.example/", "httpRua[0]: "},
		{"no time given", PATCH "deliverAt=tomorrow",
	         "deliverAt: not in UTC (like 2026-03-01T10:00:00Z)"},
		{"no domain", PATCH "domain=a..example",
	         "domain: domain 'a..example' has an empty label"},
		{"no domain at all", PATCH "domain=", "domain: empty"},
		{"what must be there, taken away", PATCH "domain=null",
	         "domain: missing"},
		{"a state that is no text",
	         "delete suppression x --if-in-state \xff",
	         "--if-in-state: not UTF-8"},
		{"no numbers", PATCH "policyIdentifiers=x",
	         "policyIdentifiers[0]: not a whole number up to 2^64-1"},
		{"U+0000 in a text", PATCH "domain='a\\u0000.example'",
	         "domain: has control characters"},
		{"a number past 64 bits",
	         PATCH "report/policies=[{'policyType':'sts','policyDomain':"
	               "'a.example','totalFailedSessions':"
	               "99999999999999999999}]",
	         "report/policies[0].totalFailedSessions: greater than "
	         "2^53-1"},
		{"an object that is none", PATCH "report=x",
	         "--field: report: not JSON: "},
		{"an object that is another", PATCH "report=[]",
	         "report: not an object"},
		{"half a report",
	         PATCH "report={'reportId':'1','dateRangeStart':"
	               "'2026-03-01T00:00:00Z'}",
	         "report.dateRangeEnd: missing"},
		{"a word that is none",
	         PATCH "report/policies=[{'policyType':'dane','policyDomain':"
	               "'a.example'}]",
	         "report/policies[0].policyType: not one of noPolicyFound, "
	         "tlsa, sts, other"},
		{"a count that is none",
	         REPORT "--field report/policies/0={'policyType':'sts',"
	                "'policyDomain':'a.example','totalFailedSessions':-1}",
	         "report.policies[0].totalFailedSessions: negative"},
		{"an item given twice",
	         REPORT "--field report/policies/0/policyType=sts --field "
	                "report/policies/0={}",
	         "--field: report/policies/0: this field, or one that contains "
	         "it, was already specified"},
		{"into what is no object",
	         REPORT "--field report/policies=[] --field "
	                "report/policies/0/policyType=sts",
	         "--field: report/policies/0/policyType: this field, or one "
	         "that contains it, was already specified"},
		{"a new one without its domain",
	         "create tls-internal-report --field "
	         "createdAt=2026-03-02T00:00:00Z",
	         "report: missing"},
		{"a reason with a line end",
	         "create suppression --field address=a@b.example --field "
	         "reason='a\\nb'",
	         "reason: has control characters"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(line_clear) struct line line = {0};
		auto_(object_order_clear) struct object_order order = {0};
		struct err err = {0};
		size_t len = strlen(rows[i].words);

		ROW(&rows[i]);
		if (read_line(rows[i].line, &line, &order, &err) == 0)
			fail_msg("not refused");
		/* words of others stand behind ": " */
		if (len > 2 && strcmp(rows[i].words + len - 2, ": ") == 0)
			err.text[len] = '\0';
		assert_string_equal(err.text, rows[i].words);
	}
}

/* A field too many is said, not lost. */
static void test_too_many(void **state)
{
	static char word[] = "domain=a.example", flag[] = "--field";
	char *argv[3 + 2 * (CLI_LIST_MAX + 1)] = {flag};
	static char name[] = "tlstally", verb[] = "update", type[] = "domain";
	const struct cli_sentence *sentence;
	struct cli_args args;
	struct err err;
	int argc = 0;

	(void)state;
	argv[argc++] = name;
	argv[argc++] = verb;
	argv[argc++] = type;
	for (int i = 0; i <= CLI_LIST_MAX; i++) {
		argv[argc++] = flag;
		argv[argc++] = word;
	}
	assert_int_equal(cli_args_read(argc, argv, &args, &sentence, &err),
	                 ERR_PARSE);
	assert_string_equal(err.text, "--field: more than 64 items");
}

/* Each type's columns are fields it has, and each of its names is found. */
static void test_types(void **state)
{
	const struct jmap_type *type;
	struct err err;

	(void)state;
	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++) {
		assert_ptr_equal(object_type_find(type->name, &err), type);
		assert_ptr_equal(object_type_find(type->show.word, &err), type);
		for (int ours = 0; ours < 2; ours++) {
			auto_(json_free) json_t *columns = object_order_names(
				object_type_columns(type, ours));
			json_t *column;
			size_t c;

			assert_true(json_array_size(columns) > 4);
			json_array_foreach (columns, c, column)
				assert_true(jmap_has_property(
					type, json_string_value(column)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
