/* The sentence that status, doctor and the page begin with, over the states of
 * a site. */
#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "show/doc.h"
#include "show/status_verdict.h"

#define NOW "2026-03-02T10:00:00Z"

/* What a site has that is well; a row overwrites members of it. */
static const char well[] =
	"{'now':'" NOW "','mode':'all','contactInfo':'tls@a.example',"
	"'store':{'directory':'/s','isFull':false,'isDiskFull':false},"
	"'feeds':[{'name':'events','countsSessions':true,'isUp':true,'state':"
	"'counting','lastCommit':'" NOW "'}],'coverage':[],'clock':{},"
	"'lastRun':{'at':'2026-03-02T09:58:00Z','isLate':false},"
	"'outbox':{'reports':{},'destinations':{}},'answers':[],"
	"'deliveries':[{'day':'2026-03-02','delivered':5},"
	"{'day':'2026-03-01','delivered':7}]}";

#define FEED(members)                                                          \
	"{'feeds':[{'name':'events','countsSessions':true," members "}]}"
#define GROUP(members) "{'transport':'mail','destinations':57," members "}"
#define RELAY_DOWN                                                             \
	GROUP("'ownFault':true,'state':'deferred','domain':'b.example',"       \
	      "'firstAttempt':'2026-03-02T09:00:00Z','nextAttempt':"           \
	      "'2026-03-02T10:30:00Z','answer':'mail relay 192.0.2.1:25: "     \
	      "Connection refused'")
#define REFUSED                                                                \
	"{'transport':'mail','destinations':3,'ownFault':false,'state':"       \
	"'failed','day':'2026-03-02','domain':'c.example','answer':"           \
	"'550 5.1.1 no such user'}"
#define BUSY                                                                   \
	"{'transport':'https','destinations':2,'ownFault':false,'state':"      \
	"'deferred','firstAttempt':'2026-03-02T09:30:00Z','domain':"           \
	"'d.example','answer':'503'}"

static const struct {
	const char *name;
	const char *members; /* of status that differ; NULL: no store */
	const char *checks;  /* of doctor; NULL */
	const char *kind, *cause, *tone;
	const char *what;   /* in it */
	const char *filter; /* of the reports it is about; NULL: none */
	int more;           /* -1: it has none */
	const char *since;
} rows[] = {
	{"all is well", "{}", NULL, "well", "", "good",
         "12 deliveries were accepted in 7 days, the last run came at "
         "2026-03-02T09:58:00Z",
         NULL, -1, ""},
	{"preview sends nothing, as it should",
         "{'mode':'preview','outbox':{'reports':{'held':4}}}", NULL, "well", "",
         "wait", "nothing is sent, for mode = preview holds 4 reports",
         "{'status':'held'}", -1, ""},
	{"mode = off", "{'mode':'off'}", NULL, "well", "", "wait",
         "no report is made, for mode = off", NULL, -1, ""},

	{"the disk is full",
         "{'store':{'directory':'/s','isDiskFull':true,'diskFreeBytes':"
         "4194304}}",
         NULL, "site", "store", "bad",
         "only 4 MiB are free on the file system of the store, /s", NULL, 0,
         ""},
	{"the map is full", "{'store':{'isFull':true}}", NULL, "site", "store",
         "bad", "raise [store] map_size", NULL, 0, ""},
	{"the clock is in doubt", "{'clock':{'why':'the clock is ahead'}}",
         NULL, "site", "clock", "bad", "the clock is ahead", NULL, 0, ""},
	{"nothing was ever counted", "{'feeds':[]}", NULL, "site", "feeds",
         "bad", "nothing was ever counted", NULL, 0, ""},
	{"the feed's daemon is gone",
         FEED("'isUp':false,'state':'notRunning','lastCommit':"
              "'2026-03-02T08:00:00Z','words':'has counted nothing'"),
         NULL, "site", "events", "bad", "feed events: has counted nothing",
         NULL, 0, "2026-03-02T08:00:00Z"},
	{"another counts, and it was given up",
         "{'feeds':[{'name':'events','countsSessions':true,'isUp':false,"
         "'state':'notRunning','lastCommit':'2026-02-01T08:00:00Z'},{'name':"
         "'log','countsSessions':true,'isUp':true,'state':'counting'}]}",
         NULL, "well", "", "good", "12 deliveries", NULL, -1, ""},
	{"the milter alone is none",
         "{'feeds':[{'name':'milter','isUp':true}]}", NULL, "site", "feeds",
         "bad", "nothing was ever counted", NULL, 0, ""},
	{"the feed is silent for a day",
         FEED("'isUp':true,'state':'quiet','words':'the last event was "
              "received at X','lastEvent':'2026-03-01T08:00:00Z'"),
         NULL, "site", "events", "warn",
         "feed events is silent: the last event was received at X", NULL, 0,
         "2026-03-01T08:00:00Z"},
	{"nothing has ever come",
         FEED("'isUp':true,'state':'empty','words':'no event has been "
              "received yet'"),
         NULL, "site", "events", "warn", "no event has been received yet", NULL,
         0, ""},
	{"it starts", FEED("'isUp':true,'state':'starting'"), NULL, "well", "",
         "good", "12 deliveries", NULL, -1, ""},
	{"what was counted cannot be applied",
         "{'journal':{'bytes':9,'oldest':'2026-03-02T08:00:00Z','trouble':"
         "'the disk is full','isLate':true}}",
         NULL, "site", "journal", "bad",
         "what was counted since 2026-03-02T08:00:00Z cannot be applied: the "
         "disk is full",
         NULL, 0, "2026-03-02T08:00:00Z"},
	{"nobody applies it",
         "{'journal':{'bytes':9,'oldest':'2026-03-02T07:00:00Z','trouble':"
         "null,'isLate':true}}",
         NULL, "site", "journal", "bad", "tlstallyd does not apply it", NULL, 0,
         "2026-03-02T07:00:00Z"},
	{"it waits, as it should",
         "{'journal':{'bytes':9,'oldest':'2026-03-02T09:30:00Z'}}", NULL,
         "well", "", "good", "12", NULL, -1, ""},
	{"a row of it is damaged",
         "{'journal':{'lostRows':1,'isLossNew':true}}", NULL, "site", "journal",
         "bad",
         "1 row of the journal of counts cannot be read: what it counted is "
         "missing",
         NULL, 0, ""},
	{"some were, days ago", "{'journal':{'lostRows':2,'isLossNew':false}}",
         NULL, "well", "", "good", "12", NULL, -1, ""},
	{"mail without a session",
         "{'coverage':[{'day':'2026-03-01','broken':true}]}", NULL, "site",
         "coverage", "bad", "mail was sent on 2026-03-01, and no TLS session",
         NULL, 0, ""},
	{"some mail without one is not known to be wrong",
         "{'coverage':[{'day':'2026-03-01','broken':false}]}", NULL, "well", "",
         "good", "12", NULL, -1, ""},

	{"no contact", "{'contactInfo':null}", NULL, "site", "settings", "bad",
         "contact_info is not set", NULL, 0, ""},
	{"the timer does not run",
         "{'lastRun':{'at':'2026-03-01T12:00:00Z','isLate':true,"
         "'overdueSince':'2026-03-01T12:10:00Z'},'outbox':{'reports':"
         "{'pending':57},'destinations':{'pending':57}}}",
         NULL, "site", "runs", "bad",
         "`tlstally run` has not been started since 2026-03-01T12:00:00Z", NULL,
         1, "2026-03-01T12:00:00Z"},
	{"it has never run", "{'lastRun':{'isLate':true}}", NULL, "site",
         "runs", "bad", "`tlstally run` has never been started", NULL, 0, ""},
	{"it runs, and a day is not closed",
         "{'lastRun':{'at':'" NOW "','lateDay':'2026-03-01'}}", NULL, "site",
         "runs", "bad", "2026-03-01 is over, but not closed", NULL, 0, ""},
	{"it runs, and does not come to what is due",
         "{'lastRun':{'at':'" NOW "','overdueSince':'2026-03-01T12:10:00Z'},"
         "'outbox':{'reports':{'pending':57},'destinations':{'pending':57}}}",
         NULL, "site", "runs", "bad",
         "57 deliveries wait, the first overdue since 2026-03-01T12:10:00Z, "
         "although",
         "{'status':'pending'}", 0, "2026-03-01T12:10:00Z"},
	{"what is overdue was tried before",
         "{'lastRun':{'at':'" NOW "','overdueSince':'2026-03-01T12:10:00Z'},"
         "'outbox':{'reports':{'deferred':1},'destinations':{'deferred':1}}}",
         NULL, "site", "runs", "bad", "1 delivery waits",
         "{'status':'deferred'}", 0, "2026-03-01T12:10:00Z"},
	{"what is due later is no trouble",
         "{'outbox':{'reports':{'pending':57},'nextDue':"
         "'2026-03-02T11:00:00Z'}}",
         NULL, "well", "", "good", "12", NULL, -1, ""},

	{"many domains fail as they never did",
         "{'ownFailures':[{'day':'2026-03-02','resultType':"
         "'certificateNotTrusted','failingDomains':40,'domains':62,"
         "'usuallyFailing':1}]}",
         NULL, "site", "sessions", "warn",
         "40 of 62 domains with such a policy failed on 2026-03-02 with "
         "certificate-not-trusted, at different receivers; on a usual day 1",
         "{'day':'2026-03-02','fault':'ours'}", 0, ""},
	{"all domains fail",
         "{'ownFailures':[{'day':'2026-03-02','failingDomains':153,"
         "'domains':153}]}",
         NULL, "site", "sessions", "bad",
         "153 of 153 domains failed on 2026-03-02 with whatever results, at "
         "different receivers",
         "{'day':'2026-03-02','fault':'ours'}", 0, ""},

	{"the policy service is down",
         "{'policyd':{'isUp':false,'seenAt':'2026-03-02T09:00:00Z'}}", NULL,
         "site", "policyd", "bad", "all mail is deferred", NULL, 0,
         "2026-03-02T09:00:00Z"},
	{"its resolver answers nothing",
         "{'policyd':{'isUp':true,'outageSince':'2026-03-02T09:00:00Z'}}", NULL,
         "site", "policyd", "bad", "the resolver has answered nothing", NULL, 0,
         "2026-03-02T09:00:00Z"},
	{"it reaches no policy host",
         "{'policyd':{'isUp':true,'unreachedSince':'2026-03-02T09:00:00Z'}}",
         NULL, "site", "policyd", "bad", "has reached no policy host", NULL, 0,
         "2026-03-02T09:00:00Z"},
	{"it is well", "{'policyd':{'isUp':true}}", NULL, "well", "", "good",
         "12", NULL, -1, ""},

	{"the relay is down, which is no receiver's trouble",
         "{'answers':[" RELAY_DOWN "]}", NULL, "site", "relay", "bad",
         "the mail relay has not taken 57 deliveries, to be tried again at "
         "2026-03-02T10:30:00Z: mail relay 192.0.2.1:25: Connection refused",
         "{'status':'deferred'}", 0, "2026-03-02T09:00:00Z"},
	{"nor is it told beside it", "{'answers':[" RELAY_DOWN "," REFUSED "]}",
         NULL, "site", "relay", "bad", "the mail relay",
         "{'status':'deferred'}", 0, "2026-03-02T09:00:00Z"},
	{"this host itself cannot",
         "{'answers':[{'transport':'directory','destinations':1,'ownFault':"
         "true,'state':'deferred','answer':'/d: Permission denied'}]}",
         NULL, "site", "deliveries", "bad",
         "this site could not make 1 delivery: /d: Permission denied",
         "{'status':'deferred'}", 0, ""},
	{"the relay came back too late",
         "{'answers':[" GROUP(
		 "'ownFault':true,'state':'expired','day':'2026-03-01',"
		 "'answer':'relay down'") "]}",
         NULL, "site", "deliveries", "warn",
         "57 deliveries were given up on 2026-03-01 because of trouble on "
         "this site: relay down",
         "{'state':'expired'}", 0, ""},

	{"a receiver refuses", "{'answers':[" BUSY "," REFUSED "]}", NULL,
         "receivers", "receivers", "warn",
         "3 refused, 2 not accepted yet, for example to "
         "c.example: 550 5.1.1 no such user",
         "{'state':'failed'}", 0, ""},
	{"a receiver is down", "{'answers':[" BUSY "]}", NULL, "receivers",
         "receivers", "wait",
         "2 not accepted yet, for example to d.example: 503",
         "{'status':'deferred'}", 0, "2026-03-02T09:30:00Z"},
	{"a receiver was down for too long",
         "{'answers':[{'transport':'https','destinations':2,'state':'expired',"
         "'day':'2026-03-02','domain':'d.example','answer':'503'}]}",
         NULL, "receivers", "receivers", "warn",
         "2 given up, for example to d.example: 503", "{'state':'expired'}", 0,
         ""},
	{"mail came back",
         "{'answers':[{'transport':'mail','destinations':1,'state':'bounced',"
         "'day':'2026-03-02','domain':'e.example','answer':'5.1.1'}]}",
         NULL, "receivers", "receivers", "warn", "1 refused",
         "{'state':'bounced'}", 0, ""},
	{"the suppression list is no trouble",
         "{'answers':[{'transport':'mail','destinations':1,'state':"
         "'suppressed','day':'2026-03-02','domain':'e.example'}]}",
         NULL, "well", "", "good", "12", NULL, -1, ""},

	{"but a refusal that fills it is",
         "{'answers':[{'transport':'mail','destinations':1,'state':"
         "'suppressed','code':550,'day':'2026-03-02','domain':'e.example'}]}",
         NULL, "receivers", "receivers", "warn",
         "deliveries of today and yesterday: 1 refused and suppressed, for "
         "example to e.example",
         "{'state':'suppressed'}", 0, ""},

	{"the doctor knows more", "{'answers':[" RELAY_DOWN "]}",
         "[{'check':'mode','grade':'note','words':'n'},{'check':'units',"
         "'grade':'bad','words':'tlstallyd.service has failed','command':'c',"
         "'since':'2026-03-02T07:00:00Z'}]",
         "site", "units", "bad", "tlstallyd.service has failed", NULL, 1,
         "2026-03-02T07:00:00Z"},
	{"and does not say things twice", "{'lastRun':{'isLate':true}}",
         "[{'check':'runs','grade':'bad','words':'`tlstally run` has never'}]",
         "site", "runs", "bad", "`tlstally run` has never been started", NULL,
         0, ""},
	{"what it notes is no trouble", "{}",
         "[{'check':'mode','grade':'note','words':'n'},"
         "{'check':'secrets','grade':'unknown','words':'u'}]",
         "well", "", "good", "12", NULL, -1, ""},
	{"there is no store", NULL,
         "[{'check':'store','grade':'bad','words':'there is no store /s'}]",
         "site", "store", "bad", "there is no store /s", NULL, 0, ""},
	{"the store is not to be read", NULL,
         "[{'check':'store','grade':'unknown','words':'not checked'}]",
         "unknown", "", "quiet", "the store could not be read", NULL, -1, ""},
};

/* JSON with ' for ". */
static json_t *read_json(const char *text)
{
	char copy[4096];
	struct err err = {0};

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *at = copy; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	return json_read(copy, strlen(copy), false, &err);
}

static void test_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *status =
			rows[i].members != NULL ? read_json(well) : NULL;
		auto_(json_free) json_t *members =
			rows[i].members != NULL ? read_json(rows[i].members)
						: NULL;
		auto_(json_free) json_t *checks =
			rows[i].checks != NULL ? read_json(rows[i].checks)
					       : NULL;
		auto_(json_free) json_t *filter =
			rows[i].filter != NULL ? read_json(rows[i].filter)
					       : NULL;
		auto_(json_free) json_t *doc = json_object();
		const json_t *verdict, *more, *about;

		ROW(&rows[i]);
		assert_true(rows[i].members == NULL || members != NULL);
		assert_true(rows[i].checks == NULL || checks != NULL);
		if (status != NULL)
			json_object_update(status, members);
		status_verdict(status, checks, doc);
		verdict = doc_get(doc, "verdict");
		more = doc_get(verdict, "more");
		assert_string_equal(doc_text(verdict, "kind"), rows[i].kind);
		assert_string_equal(doc_text(verdict, "cause"), rows[i].cause);
		assert_string_equal(doc_text(verdict, "tone"), rows[i].tone);
		if (strstr(doc_text(verdict, "what"), rows[i].what) == NULL)
			fail_msg("'%s' is not in '%s'", rows[i].what,
			         doc_text(verdict, "what"));
		assert_string_equal(doc_text(verdict, "since"), rows[i].since);
		assert_int_equal(more ? json_integer_value(more) : -1,
		                 rows[i].more);
		about = doc_get(verdict, "reports");
		if (about == NULL)
			about = doc_get(verdict, "domains");
		assert_true(json_equal(doc_get(about, "filter"), filter) ||
		            (filter == NULL && about == NULL));
		/* a person has something to do exactly when it is ours */
		assert_int_equal(json_array_size(doc_get(doc, "actions")) > 0,
		                 strcmp(rows[i].kind, "site") == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
