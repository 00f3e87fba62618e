#include "unit/store_test.h"

#include "base/json.h"
#include "show/doc.h"
#include "show/posture.h"
#include "show/posture_verdict.h"
#include "store/inbound_table.h"
#include "store/own_host_table.h"

enum { FIRST = 20513, LAST = FIRST + 9 }; /* 2026-03-01 to 2026-03-10 */

#define NOW INT64_C(1773144000) /* 2026-03-10T12:00:00Z */

#define RECORD "'tlsrpt':{'status':'ok','record':'v=TLSRPTv1; rua=mailto:a@b'}"
#define MX(in_policy)                                                          \
	"'mx':{'status':'ok','secure':true,'hosts':[{'host':"                  \
	"'mx1.example.com','inPolicy':true,'tlsa':'ok'},{'host':"              \
	"'mx2.example.com','inPolicy':" in_policy ",'tlsa':'none'}]}"
#define STS(mode)                                                              \
	"'mtaSts':{'record':'ok','policy':'ok','id':'1','mode':'" mode         \
	"','maxAge':86400,'mx':['mx1.example.com']}"
#define NO_STS                                                                 \
	"'mtaSts':{'record':'none','policy':'unknown'},"                       \
	"'mx':{'status':'ok','secure':false,'hosts':[{'host':"                 \
	"'mx1.example.com','tlsa':'none'}]}"

/* What a day's report says; the days are counted from FIRST. */
struct said {
	int day, days;
	const char *organization;
	uint64_t success, failure;
	enum result_type result;
	const char *host;  /* that failed */
	const char *about; /* a host, for a DANE report */
};

static void add_said(struct posture *posture, const struct said *said)
{
	for (int day = said->day; day < said->day + said->days; day++) {
		struct received_sum_row row = {.day = FIRST + day};

		snprintf(row.organization, sizeof(row.organization), "%s",
		         said->organization);
		row.sums.reports = 1;
		row.sums.success = said->success;
		row.sums.failure = said->failure;
		row.sums.results[said->result] = said->failure;
		if (said->failure > 0)
			received_faults_add(&row.faults, said->result,
			                    said->host, said->failure);
		posture_add_sums(posture, &row, said->about);
	}
}

static json_t *doc_of(const struct said *said, size_t count,
                      const char *published)
{
	const struct conf_list none = {0};
	struct inbound clear = {.client = INBOUND_MX, .tls = INBOUND_CLEAR};
	struct inbound tls13 = {.client = INBOUND_MX, .tls = INBOUND_TLS13};
	struct inbound ours = {.client = INBOUND_AUTHENTICATED,
	                       .tls = INBOUND_TLS12};
	auto_(posture_free) struct posture *posture =
		posture_new("example.com", FIRST, LAST);
	json_t *doc = json_object();
	char *text = xstrndup(published, strlen(published));

	posture_add_host(posture, "mx1.example.com", LAST);
	posture_add_host(posture, "old.example.com", FIRST + 2);
	for (size_t i = 0; i < count && said[i].organization != NULL; i++)
		add_said(posture, &said[i]);
	posture_add_inbound(posture, FIRST + 1, &clear, 3);
	posture_add_inbound(posture, FIRST + 1, &tls13, 97);
	posture_add_inbound(posture, FIRST + 1, &ours, 1000);
	posture_add_inbound(posture, LAST + 1, &clear, 1000);
	posture_doc(posture, doc);
	for (char *at = text; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	if (text[0] != '\0')
		json_object_set_new(doc, "published",
		                    json_loads(text, 0, NULL));
	posture_judge(doc, &none, NOW);
	free(text);
	return doc;
}

/* All texts of a list behind each other. */
static void join(const json_t *list, struct strbuf *out)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		strbuf_printf(out, "%s%s", i > 0 ? "; " : "",
		              json_string_value(item));
}

#define GOOD                                                                   \
	{                                                                      \
		0, 10, "Sender", 5, 0, 0, NULL, NULL                           \
	}

static void test_verdict(void **state)
{
	static const struct {
		const char *name;
		struct said said[3];
		const char *published;
		const char *ready, *reason, *note, *cut_off;
	} rows[] = {
		{"nothing was looked up", {GOOD}, "", "unknown", "", "", ""},
		{"a lookup that failed",
	         {GOOD},
	         "{'failure':'no answer from DNS'}",
	         "unknown",
	         "no answer from DNS",
	         "",
	         ""},
		{"no answer for MTA-STS",
	         {GOOD},
	         "{" RECORD ",'mtaSts':{'record':'no-answer'}," MX("true") "}",
	         "unknown",
	         "no answer from DNS about MTA-STS",
	         "",
	         ""},
		{"null MX",
	         {GOOD},
	         "{'mtaSts':{'record':'none'},'mx':{'nullMx':true}}",
	         "noMail",
	         "",
	         "",
	         ""},
		{"no policy",
	         {GOOD},
	         "{'tlsrpt':{'status':'none'}," NO_STS "}",
	         "no",
	         "the domain has no MTA-STS record",
	         "the domain has no TLSRPT record: nobody reports",
	         ""},
		{"a policy that cannot be had",
	         {GOOD},
	         "{" RECORD ",'mtaSts':{'record':'ok','policy':'fetch-error',"
	         "'problem':'HTTP 404'}," MX("true") "}",
	         "no",
	         "the MTA-STS policy cannot be had: HTTP 404",
	         "",
	         ""},
		{"mode none",
	         {GOOD},
	         "{" RECORD "," STS("none") "," MX("true") "}",
	         "no",
	         "the MTA-STS policy has mode none",
	         "",
	         ""},
		{"ten days of testing, and all is well",
	         {GOOD},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "yes",
	         "",
	         "the milter saw 100 messages from other sites, 3 of them in "
	         "clear text and 0 with TLS before 1.2",
	         ""},
		{"six days say too little",
	         {{4, 6, "Sender", 5, 0, 0, NULL, NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "notYet",
	         "",
	         "reports of 6 days have come; of 7 would be enough",
	         ""},
		{"nobody says anything",
	         {{.organization = NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "notYet",
	         "",
	         "no report that counts has come for these days",
	         ""},
		{"a certificate expired, and who would be cut off",
	         {GOOD,
	          {6, 4, "Big Inc.", 5, 2, RESULT_CERTIFICATE_EXPIRED,
	           "mx2.example.com", NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "no",
	         "at mx2.example.com since 2026-03-07, last on 2026-03-10: 8 "
	         "sessions, according to Big Inc.; these senders would not "
	         "deliver there",
	         "",
	         "Big Inc."},
		{"the same while it is enforced",
	         {GOOD,
	          {9, 1, "Big Inc.", 5, 1, RESULT_CERTIFICATE_EXPIRED,
	           "mx2.example.com", NULL}},
	         "{" RECORD "," STS("enforce") "," MX("true") "}",
	         "failing",
	         "since 2026-03-10: 1 session, according to Big Inc.; these "
	         "senders do not deliver there",
	         "",
	         "Big Inc."},
		{"it is over: two days have said nothing of it",
	         {GOOD,
	          {6, 2, "Big Inc.", 5, 2, RESULT_CERTIFICATE_EXPIRED,
	           "mx2.example.com", NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "yes",
	         "",
	         "it seems to be over",
	         ""},
		{"it is not over after one day",
	         {GOOD,
	          {6, 3, "Big Inc.", 5, 2, RESULT_CERTIFICATE_EXPIRED,
	           "mx2.example.com", NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "no",
	         "since 2026-03-07, last on 2026-03-09",
	         "",
	         "Big Inc."},
		{"a host that DNS does not show any more",
	         {GOOD,
	          {0, 10, "Big Inc.", 5, 2, RESULT_CERTIFICATE_EXPIRED,
	           "old.example.com", NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "yes",
	         "",
	         "DNS does not show this host any more",
	         ""},
		{"an MX that the policy leaves out",
	         {GOOD},
	         "{" RECORD "," STS("enforce") "," MX("false") "}",
	         "failing",
	         "MX mx2.example.com does not match any mx line",
	         "",
	         ""},
		{"who cannot fetch the policy is not cut off",
	         {GOOD,
	          {0, 10, "Big Inc.", 5, 2, RESULT_STS_POLICY_FETCH_ERROR, NULL,
	           NULL}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "no",
	         "do not know the policy, and deliver without it",
	         "",
	         ""},
		{"DANE cuts off whatever MTA-STS says",
	         {GOOD,
	          {0, 10, "Big Inc.", 5, 2, RESULT_TLSA_INVALID, NULL,
	           "mx1.example.com"}},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "no",
	         "at mx1.example.com since 2026-03-01, last on 2026-03-10: 20 "
	         "sessions, according to Big Inc.; senders that do DANE do not "
	         "deliver there",
	         "",
	         "Big Inc."},
		{"enforced, and all is well",
	         {GOOD},
	         "{" RECORD "," STS("enforce") "," MX("true") "}",
	         "enforced",
	         "",
	         "",
	         ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf reasons = {0}, notes = {0},
						  names = {0};
		auto_(json_free) json_t *doc =
			doc_of(rows[i].said, 3, rows[i].published);

		ROW(&rows[i]);
		join(doc_get(doc, "reasons"), &reasons);
		join(doc_get(doc, "notes"), &notes);
		join(doc_get(doc, "cutOff"), &names);
		assert_string_equal(doc_text(doc, "ready"), rows[i].ready);
		assert_true(doc_text(doc, "sentence")[0] != '\0');
		if (rows[i].reason[0] == '\0')
			assert_string_equal(strbuf_text(&reasons), "");
		if (strstr(strbuf_text(&reasons), rows[i].reason) == NULL)
			fail_msg("reasons: %s", strbuf_text(&reasons));
		if (strstr(strbuf_text(&notes), rows[i].note) == NULL)
			fail_msg("notes: %s", strbuf_text(&notes));
		assert_string_equal(strbuf_text(&names), rows[i].cut_off);
	}
}

/* By day, organization and host, what was said and seen. */
static void test_sums(void **state)
{
	static const struct said said[] = {
		{0, 3, "Sender", 5, 0, 0, NULL, NULL},
		{1, 1, "Big Inc.", 7, 2, RESULT_CERTIFICATE_EXPIRED,
	         "mx2.example.com", NULL},
		{2, 1, "Big Inc.", 4, 0, 0, NULL, "mx1.example.com"},
		{12, 1, "Later", 4, 0, 0, NULL, NULL},
	};
	auto_(json_free) json_t *doc = doc_of(said, COUNT(said), "");
	const json_t *days = doc_get(doc, "days");
	const json_t *day = json_array_get(days, 1);
	const json_t *first = json_array_get(doc_get(doc, "organizations"), 0);
	const json_t *hosts = doc_get(doc, "hosts");

	(void)state;
	assert_int_equal(json_array_size(days), 10);
	assert_string_equal(doc_text(day, "day"), "2026-03-02");
	assert_int_equal(doc_number(day, "reports"), 2);
	assert_int_equal(doc_number(day, "successfulSessions"), 12);
	assert_int_equal(
		doc_number(doc_get(day, "results"), "certificateExpired"), 2);
	assert_int_equal(doc_number(doc_get(day, "seen"), "messages"), 100);
	assert_int_equal(doc_number(doc_get(day, "seen"), "clear"), 3);
	assert_int_equal(json_array_size(doc_get(doc, "organizations")), 2);
	assert_string_equal(doc_text(first, "organization"), "Big Inc.");
	assert_int_equal(doc_number(first, "successfulSessions"), 7);
	assert_int_equal(
		doc_number(json_array_get(hosts, 0), "successfulSessions"), 4);
	assert_string_equal(doc_text(json_array_get(hosts, 1), "lastSeen"),
	                    "2026-03-03");
}

/* As lines for a zone, or a file. */
static void test_publish(void **state)
{
	static const struct {
		const char *name;
		struct said said[1];
		const char *published, *what, *want;
	} rows[] = {
		{"a TLSRPT record",
	         {GOOD},
	         "{'tlsrpt':{'status':'none'}," NO_STS "}",
	         "tlsrpt",
	         "_smtp._tls.example.com. IN TXT \"v=TLSRPTv1; "
	         "rua=mailto:tls-reports@example.com\""},
		{"a policy, for a start with mode testing",
	         {GOOD},
	         "{'tlsrpt':{'status':'none'}," NO_STS "}",
	         "policy",
	         "version: STSv1; mode: testing; mx: mx1.example.com; max_age: "
	         "604800"},
		{"and its record",
	         {GOOD},
	         "{'tlsrpt':{'status':'none'}," NO_STS "}",
	         "mtaSts",
	         "_mta-sts.example.com. IN TXT \"v=STSv1; "
	         "id=20260310T120000Z\""},
		{"the host that is left out",
	         {GOOD},
	         "{" RECORD "," STS("enforce") "," MX("false") "}",
	         "policy",
	         "version: STSv1; mode: enforce; mx: mx1.example.com; mx: "
	         "mx2.example.com; max_age: 604800"},
		{"ready",
	         {GOOD},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "policy",
	         "version: STSv1; mode: enforce; mx: mx1.example.com; max_age: "
	         "604800"},
		{"TLSA where DNS is signed",
	         {GOOD},
	         "{" RECORD "," STS("testing") "," MX("true") "}",
	         "tlsa",
	         "_25._tcp.mx2.example.com. IN TLSA 3 1 1 HASH"},
		{"no TLSA where it is not",
	         {GOOD},
	         "{'tlsrpt':{'status':'none'}," NO_STS "}",
	         "tlsa",
	         ""},
		{"nothing while nothing is known", {GOOD}, "", "tlsrpt", ""},
		{"nothing when all is there",
	         {GOOD},
	         "{" RECORD "," STS("enforce") "," MX("true") "}",
	         "policy",
	         ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *doc =
			doc_of(rows[i].said, 1, rows[i].published);
		auto_(strbuf_clear) struct strbuf lines = {0};
		const json_t *item;
		size_t j;

		ROW(&rows[i]);
		json_array_foreach (doc_get(doc, "publish"), j, item)
			if (strcmp(doc_text(item, "what"), rows[i].what) == 0)
				join(doc_get(item, "lines"), &lines);
		assert_string_equal(strbuf_text(&lines), rows[i].want);
	}
}

/* Reports go to where they are read. */
static void test_publish_address(void **state)
{
	static const struct {
		const char *name, *setting, *want;
	} rows[] = {
		{"the first",
	         "received.addresses=tls@example.net, b@example.org",
	         "tls@example.net"},
		{"the domain's own",
	         "received.addresses=tls@example.net, b@example.com",
	         "b@example.com"},
		{"as a URI has it", "received.addresses=a!b%c+d@example.net",
	         "a%21b%25c+d@example.net"},
		{"none", "received.addresses=", "tls-reports@example.com"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *doc = json_object();
		auto_(strbuf_clear) struct strbuf lines = {0}, want = {0};
		struct conf conf;
		struct err err;

		ROW(&rows[i]);
		conf_init(&conf);
		assert_int_equal(conf_set(&conf, rows[i].setting, &err), 0);
		doc_set(doc, "domain", "example.com");
		doc_set(doc_object(doc_object(doc, "published"), "tlsrpt"),
		        "status", "none");
		posture_publish(doc, READY_NOT_YET, &conf.received.addresses,
		                NOW);
		join(doc_get(json_array_get(doc_get(doc, "publish"), 0),
		             "lines"),
		     &lines);
		strbuf_printf(&want,
		              "_smtp._tls.example.com. IN TXT "
		              "\"v=TLSRPTv1; rua=mailto:%s\"",
		              rows[i].want);
		assert_string_equal(strbuf_text(&lines), strbuf_text(&want));
		conf_clear(&conf);
	}
}

/* The store's part: the domain's rows and those of its hosts, and no others. */
static void test_read(void **state)
{
	struct view_mx mx = {.host = "mx1.example.com"};
	struct domain_view view = {.domain = "example.com",
	                           .mx = VIEW_OK,
	                           .mxs = &mx,
	                           .mx_count = 1};
	struct inbound inbound = {.client = INBOUND_MX, .tls = INBOUND_TLS13};
	struct received_domain domain = {.sums = {.reports = 1, .success = 5}};
	static const char *const names[] = {"example.com", "mx1.example.com",
	                                    "example.com.other", "other"};
	auto_(posture_free) struct posture *posture =
		posture_new("example.com", FIRST, LAST);
	auto_(json_free) json_t *doc = json_object();
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	const json_t *day;

	own_host_note(txn, &view, FIRST);
	for (size_t i = 0; i < COUNT(names); i++) {
		domain.domain = names[i];
		received_sums_move(txn, FIRST + 3, "", &domain, false);
		received_sums_move(txn, FIRST - 1, "", &domain, false);
		inbound_table_add(txn, FIRST + 3, names[i], &inbound, 8);
	}
	commit_ok(&txn);
	assert_int_equal(posture_read(f->db, posture, "example.com", FIRST,
	                              LAST, &f->err),
	                 0);
	posture_doc(posture, doc);
	day = json_array_get(doc_get(doc, "days"), 3);
	assert_int_equal(doc_number(day, "successfulSessions"), 5);
	assert_int_equal(doc_number(doc_get(day, "seen"), "tls13"), 8);
	assert_int_equal(json_array_size(doc_get(doc, "organizations")), 1);
	assert_int_equal(doc_number(json_array_get(doc_get(doc, "hosts"), 0),
	                            "successfulSessions"),
	                 5);
}

/* However many organizations and hosts there are, sums are whole. */
static void test_many(void **state)
{
	auto_(posture_free) struct posture *posture =
		posture_new("example.com", FIRST, LAST);
	auto_(json_free) json_t *doc = json_object();
	char name[32], host[32];

	(void)state;
	for (int i = 0; i < 2 * POSTURE_ORGANIZATIONS; i++) {
		const struct said said = {0, 1, name, 1, 1, 1, host, NULL};

		snprintf(name, sizeof(name), "Sender %d", i);
		snprintf(host, sizeof(host), "mx%d.example.com", i);
		add_said(posture, &said);
	}
	posture_doc(posture, doc);
	assert_int_equal(
		doc_number(json_array_get(doc_get(doc, "days"), 0), "reports"),
		2 * POSTURE_ORGANIZATIONS);
	assert_int_equal(json_array_size(doc_get(doc, "organizations")),
	                 POSTURE_ORGANIZATIONS + 1);
	assert_int_equal(json_array_size(doc_get(doc, "faults")),
	                 POSTURE_FAULTS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_publish_address),
		cmocka_unit_test(test_many),
		STORE_TEST(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
