#include "unit/test.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "domain/policy_answer.h"
#include "domain/policy_text.h"
#include "session/session.h"

enum { NOW = 1772359200, HOUR = 3600, WEEK = 7 * 24 * HOUR };

#define LIST(...)                                                              \
	(const char *[])                                                       \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define MXS(...)                                                               \
	.mx = VIEW_OK, .mxs = (struct view_mx[]){__VA_ARGS__},                 \
	.mx_count = sizeof((struct view_mx[]){__VA_ARGS__}) /                  \
	            sizeof(struct view_mx)
#define ONE_MX(status) MXS({.host = "mx.d.test", .tlsa = (status)})
#define POLICY(m)                                                              \
	.sts = VIEW_OK, .sts_expires_at = NOW + WEEK,                          \
	.sts_policy = {.mode = (m),                                            \
	               .max_age = WEEK,                                        \
	               .mx = LIST("mx.d.test", "*.d.test"),                    \
	               .mx_count = 2,                                          \
	               .lines = LIST("version: STSv1", "mode: " MODE_##m,      \
	                             "mx: mx.d.test"),                         \
	               .line_count = 3}
#define MODE_STS_ENFORCE "enforce"
#define MODE_STS_TESTING "testing"
#define MODE_STS_NONE "none"
#define FETCHED .sts_record = VIEW_OK, .sts_id = "1", .sts_fetch = VIEW_OK
#define FAILED(status)                                                         \
	.sts_record = VIEW_OK, .sts_id = "2", .sts_fetch = (status),           \
	.sts_problem = "what went wrong"

#define REPORT(mode)                                                           \
	" policy_type=sts policy_domain=d.test mx_host_pattern=mx.d.test "     \
	"mx_host_pattern=*.d.test { policy_string = version: STSv1 } "         \
	"{ policy_string = mode: " mode " } "                                  \
	"{ policy_string = mx: mx.d.test }"
#define ENFORCE "secure match=mx.d.test:.d.test servername=hostname"

static const struct policy_site may = {
	.level = "may", .validates = true, .temp_secs = HOUR};
static const struct policy_site dane = {
	.level = "dane", .dane = true, .validates = true, .temp_secs = HOUR};
static const struct policy_site dane_only = {
	.level = "dane", .dane = true, .dane_only = true, .validates = true};
static const struct policy_site deaf = {.level = "dane", .dane = true};
static const struct policy_site encrypt = {.level = "encrypt",
                                           .validates = true};
static const struct policy_site verify = {.level = "verify", .validates = true};
static const struct policy_site clear = {.level = "none", .validates = true};
static const struct policy_site unset = {.level = "", .validates = true};
static const struct policy_site defers = {
	.level = "may", .validates = true, .defers = true, .temp_secs = HOUR};

#define OWN(l) .level = l##_TEXT, .own = SITE_LEVEL_BIT(SITE_LEVEL_##l)
#define ENCRYPT_TEXT "encrypt"
#define VERIFY_TEXT "verify"
#define SECURE_TEXT "secure"
#define FINGERPRINT_TEXT "fingerprint"
#define DANE_ONLY_TEXT "dane-only"
#define DOES_DANE .dane = true, .validates = true

static const struct policy_site encrypt_dane = {OWN(ENCRYPT), DOES_DANE};
static const struct policy_site encrypt_deaf = {OWN(ENCRYPT), .dane = true};
static const struct policy_site verify_host = {OWN(VERIFY), DOES_DANE,
                                               .verifies_host = true};
static const struct policy_site verify_other = {OWN(VERIFY), DOES_DANE};
static const struct policy_site secure = {OWN(SECURE), DOES_DANE};
static const struct policy_site pinned = {OWN(FINGERPRINT), DOES_DANE};
static const struct policy_site own_dane_only = {OWN(DANE_ONLY), DOES_DANE};
static const struct policy_site differs = {
	.level = "",
	.differs = true,
	.own = SITE_LEVEL_BIT(SITE_LEVEL_MAY) |
               SITE_LEVEL_BIT(SITE_LEVEL_ENCRYPT),
	DOES_DANE};

static const struct row {
	const char *name;
	const struct policy_site *site;
	struct domain_view view;
	bool no_view, outage, by_failure;
	const char *override;
	enum told_kind kind;
	const char *text, *plain; /* plain NULL: NOTFOUND */
	enum view_status failure;
	const char *why; /* a part of it */
} rows[] = {
	{.name = "nothing published",
         .site = &may,
         .view = {.sts_record = VIEW_NONE, .sts = VIEW_NONE},
         .kind = TOLD_NONE,
         .text = "",
         .why = "neither"},
	{.name = "an enforced policy",
         .site = &may,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE,
         .why = "mode enforce, is in force until 2026-03-08"},
	{.name = "a testing one is reported alone",
         .site = &may,
         .view = {FETCHED, POLICY(STS_TESTING)},
         .kind = TOLD_STS_TESTING,
         .text = "may servername=hostname" REPORT("testing"),
         .why = "mode testing"},
	{.name = "testing keeps the level of the site",
         .site = &encrypt,
         .view = {FETCHED, POLICY(STS_TESTING)},
         .kind = TOLD_STS_TESTING,
         .text = "encrypt servername=hostname" REPORT("testing")},
	{.name = "testing where Postfix would enforce patterns",
         .site = &verify,
         .view = {FETCHED, POLICY(STS_TESTING)},
         .kind = TOLD_STS_TESTING,
         .text = "verify servername=hostname policy_type=sts "
                 "policy_domain=d.test "
                 "{ policy_string = version: STSv1 } "
                 "{ policy_string = mode: testing } "
                 "{ policy_string = mx: mx.d.test }"},
	{.name = "testing where Postfix does DANE",
         .site = &dane,
         .view = {FETCHED, POLICY(STS_TESTING), .mx_secure = true,
                  ONE_MX(VIEW_NONE)},
         .kind = TOLD_STS_TESTING,
         .text = "dane" REPORT("testing")},
	{.name = "testing where TLS is off",
         .site = &clear,
         .view = {FETCHED, POLICY(STS_TESTING)},
         .kind = TOLD_STS_TESTING,
         .text = ""},
	{.name = "testing where no level is set",
         .site = &unset,
         .view = {FETCHED, POLICY(STS_TESTING)},
         .kind = TOLD_STS_TESTING,
         .text = ""},
	{.name = "enforced where TLS is off",
         .site = &clear,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "an enforced one of addresses and words of Postfix's",
         .site = &may,
         .view = {FETCHED, .sts = VIEW_OK, .sts_expires_at = NOW + WEEK,
                  .sts_policy = {.mode = STS_ENFORCE,
                                 .max_age = WEEK,
                                 .mx = LIST("192.0.2.1", "nexthop", "hostname",
                                            "dot-nexthop"),
                                 .mx_count = 4}},
         .kind = TOLD_STS_UNTOLD,
         .text = "",
         .why = "none of its mx lines is a host name"},
	{.name = "mode none is no policy",
         .site = &may,
         .view = {FETCHED, POLICY(STS_NONE)},
         .kind = TOLD_NONE,
         .text = "",
         .why = "mode none"},
	{.name = "signed TLSA records",
         .site = &dane,
         .view = {.mx_secure = true, ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane",
         .why = "1 of its 1 MX hosts"},
	{.name = "DANE before an enforced policy",
         .site = &dane,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane"},
	{.name = "dane-only by the setting",
         .site = &dane_only,
         .view = {.mx_secure = true, ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane-only",
         .plain = "dane-only"},
	{.name = "not where an MX host has no TLSA",
         .site = &dane_only,
         .view = {.mx_secure = true,
                  MXS({.host = "a.d.test", .tlsa = VIEW_OK},
                      {.host = "b.d.test", .tlsa = VIEW_NONE})},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane"},
	{.name = "TLSA records that cannot be used",
         .site = &dane,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  ONE_MX(VIEW_BAD)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "TLSA records that nobody signed",
         .site = &dane,
         .view = {FETCHED, POLICY(STS_ENFORCE), ONE_MX(VIEW_OK)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "signed or not, the resolver does not say",
         .site = &deaf,
         .view = {FETCHED, POLICY(STS_ENFORCE), ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane",
         .why = "does not say"},
	{.name = "a Postfix that does no DANE",
         .site = &may,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  ONE_MX(VIEW_OK)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "no answer about TLSA",
         .site = &dane,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  ONE_MX(VIEW_TEMPFAIL)},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane",
         .why = "failed"},
	{.name = "TLSA that nobody has looked for yet",
         .site = &dane,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  ONE_MX(VIEW_UNKNOWN)},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane",
         .why = "not known"},
	{.name = "bogus TLSA",
         .site = &dane,
         .view = {.mx_secure = true, ONE_MX(VIEW_BOGUS)},
         .kind = TOLD_DANE,
         .text = "dane",
         .plain = "dane"},
	{.name = "signed TLSA where the site encrypts: dane would be may when "
                 "they are gone",
         .site = &encrypt_dane,
         .view = {.mx_secure = true, ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane-only",
         .plain = "dane-only"},
	{.name = "and where one MX host has none, dane would be may for it",
         .site = &encrypt_dane,
         .view = {.sts_record = VIEW_NONE,
                  .sts = VIEW_NONE,
                  .mx_secure = true,
                  MXS({.host = "a.d.test", .tlsa = VIEW_OK},
                      {.host = "b.d.test", .tlsa = VIEW_NONE})},
         .kind = TOLD_NONE,
         .text = "",
         .why = "could be weaker than the level of this site"},
	{.name = "then its policy is enforced",
         .site = &encrypt_dane,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  MXS({.host = "a.d.test", .tlsa = VIEW_OK},
                      {.host = "b.d.test", .tlsa = VIEW_NONE})},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "no answer about TLSA where the site encrypts",
         .site = &encrypt_dane,
         .view = {.sts_record = VIEW_NONE,
                  .sts = VIEW_NONE,
                  .mx_secure = true,
                  ONE_MX(VIEW_TEMPFAIL)},
         .kind = TOLD_NONE,
         .text = "",
         .why = "could be weaker"},
	{.name = "signed or not, where the site encrypts",
         .site = &encrypt_deaf,
         .view = {.sts_record = VIEW_NONE, .sts = VIEW_NONE, ONE_MX(VIEW_OK)},
         .kind = TOLD_NONE,
         .text = "",
         .why = "could be weaker"},
	{.name = "enforced where the site verifies the MX host's name",
         .site = &verify_host,
         .view = {FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
                  ONE_MX(VIEW_OK)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "not where it verifies names of its own",
         .site = &verify_other,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_UNTOLD,
         .text = "",
         .why = "could be weaker than the level of this site"},
	{.name = "nor where it has secure names",
         .site = &secure,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_UNTOLD,
         .text = ""},
	{.name = "nor fingerprints",
         .site = &pinned,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_UNTOLD,
         .text = ""},
	{.name = "nor delivers with TLSA alone",
         .site = &own_dane_only,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_UNTOLD,
         .text = ""},
	{.name = "which is told with TLSA",
         .site = &own_dane_only,
         .view = {.mx_secure = true, ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane-only",
         .plain = "dane-only"},
	{.name = "TLSA where the site has fingerprints",
         .site = &pinned,
         .view = {.sts_record = VIEW_NONE,
                  .sts = VIEW_NONE,
                  .mx_secure = true,
                  ONE_MX(VIEW_OK)},
         .kind = TOLD_NONE,
         .text = "",
         .why = "could be weaker"},
	{.name = "testing where services have different levels",
         .site = &differs,
         .view = {FETCHED, POLICY(STS_TESTING)},
         .kind = TOLD_STS_UNTOLD,
         .text = "",
         .why = "different levels"},
	{.name = "a failure where services have different levels",
         .site = &differs,
         .view = {FAILED(VIEW_FETCH_ERROR), .sts = VIEW_FETCH_ERROR},
         .kind = TOLD_STS_UNTOLD,
         .text = "",
         .failure = VIEW_FETCH_ERROR,
         .why = "different levels"},
	{.name = "enforced where services have different levels",
         .site = &differs,
         .view = {FETCHED, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "TLSA where services have different levels",
         .site = &differs,
         .view = {.mx_secure = true, ONE_MX(VIEW_OK)},
         .kind = TOLD_DANE,
         .text = "dane-only",
         .plain = "dane-only"},
	{.name = "a policy that cannot be fetched",
         .site = &may,
         .view = {FAILED(VIEW_FETCH_ERROR), .sts = VIEW_FETCH_ERROR},
         .kind = TOLD_STS_FAILED,
         .text = "may policy_type=sts policy_domain=d.test",
         .failure = VIEW_FETCH_ERROR,
         .why = "cannot be had: what went wrong"},
	{.name = "a policy that is malformed",
         .site = &dane,
         .view = {FAILED(VIEW_BAD), .sts = VIEW_BAD},
         .kind = TOLD_STS_FAILED,
         .text = "dane policy_type=sts policy_domain=d.test",
         .failure = VIEW_BAD},
	{.name = "a policy host with a bad certificate",
         .site = &encrypt,
         .view = {FAILED(VIEW_WEBPKI_ERROR), .sts = VIEW_WEBPKI_ERROR},
         .kind = TOLD_STS_FAILED,
         .text = "encrypt policy_type=sts policy_domain=d.test",
         .failure = VIEW_WEBPKI_ERROR},
	{.name = "one that is in force, and the next cannot be fetched",
         .site = &may,
         .view = {FAILED(VIEW_FETCH_ERROR), POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE,
         .failure = VIEW_FETCH_ERROR,
         .why = "could not be had: what went wrong"},
	{.name = "the record is gone, the policy is in force",
         .site = &may,
         .view = {.sts_record = VIEW_NONE, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "no answer, nothing known",
         .site = &may,
         .by_failure = true,
         .view = {.sts_record = VIEW_TEMPFAIL, .sts = VIEW_TEMPFAIL},
         .kind = TOLD_NONE,
         .text = "",
         .why = "DNS does not answer"},
	{.name = "its record is known, and we do not get to its policy host",
         .site = &may,
         .view = {.sts_record = VIEW_OK,
                  .sts_id = "1",
                  .sts = VIEW_TEMPFAIL,
                  .sts_problem = "no host is reached"},
         .kind = TOLD_NONE,
         .text = "",
         .why = "by a fault that is not its own: no host is reached"},
	{.name = "the same, and the mail may wait, but it is this domain alone",
         .site = &defers,
         .by_failure = true,
         .view = {.sts_record = VIEW_TEMPFAIL, .sts = VIEW_TEMPFAIL},
         .kind = TOLD_NONE,
         .text = ""},
	{.name = "the same, and nobody is answered",
         .site = &defers,
         .outage = true,
         .by_failure = true,
         .view = {.sts_record = VIEW_TEMPFAIL, .sts = VIEW_TEMPFAIL},
         .kind = TOLD_TEMP,
         .text = "the resolver does not answer"},
	{.name = "a policy is in force in an outage",
         .site = &defers,
         .outage = true,
         .view = {.sts_record = VIEW_TEMPFAIL, POLICY(STS_ENFORCE)},
         .kind = TOLD_STS_ENFORCE,
         .text = ENFORCE REPORT("enforce"),
         .plain = ENFORCE},
	{.name = "an enforced policy is over and cannot be had anew",
         .site = &may,
         .view = {FAILED(VIEW_FETCH_ERROR), .sts = VIEW_FETCH_ERROR,
                  .sts_enforced_until = NOW - HOUR + 1},
         .kind = TOLD_TEMP,
         .text = "its MTA-STS policy of mode enforce is over, and the new one "
                 "cannot be had",
         .failure = VIEW_FETCH_ERROR},
	{.name = "not for longer than that",
         .site = &may,
         .view = {FAILED(VIEW_FETCH_ERROR), .sts = VIEW_FETCH_ERROR,
                  .sts_enforced_until = NOW - HOUR},
         .kind = TOLD_STS_FAILED,
         .text = "may policy_type=sts policy_domain=d.test",
         .failure = VIEW_FETCH_ERROR},
	{.name = "the domain took it back",
         .site = &may,
         .view = {.sts_record = VIEW_NONE,
                  .sts = VIEW_NONE,
                  .sts_enforced_until = NOW - 1},
         .kind = TOLD_NONE,
         .text = ""},
	{.name = "nothing known yet",
         .site = &may,
         .no_view = true,
         .kind = TOLD_NONE,
         .text = "",
         .why = "nothing is known"},
	{.name = "nothing known yet, and the mail may wait",
         .site = &defers,
         .no_view = true,
         .kind = TOLD_TEMP,
         .text = "nothing is known of it yet"},
	{.name = "an override",
         .site = &dane,
         .view = {.mx_secure = true, ONE_MX(VIEW_OK)},
         .override = "encrypt ciphers=high",
         .kind = TOLD_OVERRIDE,
         .text = "encrypt ciphers=high",
         .plain = "encrypt ciphers=high"},
	{.name = "an override before anything is known",
         .site = &defers,
         .no_view = true,
         .override = "",
         .kind = TOLD_OVERRIDE,
         .text = ""},
	{.name = "an override of 3.10, for one before it",
         .site = &may,
         .no_view = true,
         .override = "may policy_type=no-policy-found",
         .kind = TOLD_OVERRIDE,
         .text = "may policy_type=no-policy-found"},
};

static void check_row(const struct row *row, struct arena *arena)
{
	struct policy_known known = {
		.domain = "d.test",
		.view = row->no_view ? NULL : &row->view,
		.override = row->override,
		.now = NOW,
		.outage = row->outage,
	};
	struct policy_answer got;

	policy_answer_make(row->site, &known, arena, &got);
	assert_int_equal(got.kind, row->kind);
	assert_string_equal(got.text, row->text);
	assert_int_equal(got.plain_len,
	                 row->plain != NULL ? strlen(row->plain) : 0);
	if (row->plain != NULL)
		assert_memory_equal(got.text, row->plain, got.plain_len);
	assert_int_equal(got.failure,
	                 row->failure != VIEW_UNKNOWN ? row->failure : VIEW_OK);
	assert_int_equal(got.by_failure, row->by_failure);
	assert_non_null(got.why);
	if (row->why != NULL)
		assert_non_null(strstr(got.why, row->why));
}

/* --- nothing that is told is weaker than what the site has --- */

static const struct domain_view published[] = {
	{FETCHED, POLICY(STS_ENFORCE)},
	{FETCHED, POLICY(STS_TESTING)},
	{FAILED(VIEW_BAD), .sts = VIEW_BAD},
	{.mx_secure = true, ONE_MX(VIEW_OK)},
	{.mx_secure = true, ONE_MX(VIEW_TEMPFAIL)},
	{.mx_secure = true, ONE_MX(VIEW_BAD)},
	{.mx_secure = true,
         MXS({.host = "a.d.test", .tlsa = VIEW_OK},
             {.host = "b.d.test", .tlsa = VIEW_NONE})},
	{FETCHED, POLICY(STS_ENFORCE), .mx_secure = true,
         MXS({.host = "a.d.test", .tlsa = VIEW_OK},
             {.host = "b.d.test", .tlsa = VIEW_NONE})},
	{FETCHED, POLICY(STS_TESTING), ONE_MX(VIEW_OK)},
};

/* The level that a text begins with. */
static enum site_level level_told(const char *text)
{
	char word[32] = "";

	memcpy(word, text, strcspn(text, " "));
	return site_level_of(word);
}

static void check_strength(const struct policy_site *site,
                           const struct domain_view *view, struct arena *arena)
{
	struct policy_known known = {
		.domain = "d.test", .view = view, .now = NOW};
	struct policy_answer got;
	unsigned own = site->own;

	policy_answer_make(site, &known, arena, &got);
	assert_int_not_equal(got.kind, TOLD_TEMP);
	if (got.text[0] == '\0')
		return;
	/* no TLSA that could be used */
	if (got.kind == TOLD_STS_ENFORCE)
		own &= ~SITE_LEVEL_BIT(SITE_LEVEL_DANE);
	assert_true(site_level_holds(level_told(got.text), own));
}

static void test_strength(void **state)
{
	auto_(arena_clear) struct arena arena = {0};

	(void)state;
	/* each set of levels that services can have */
	for (unsigned own = 1; own < SITE_LEVEL_BIT(SITE_LEVELS); own++)
		for (unsigned bits = 0; bits < 8; bits++) {
			struct policy_site site = {
				.own = own,
				.level = "",
				.differs = true,
				.dane = (bits & 1) != 0,
				.validates = (bits & 2) != 0,
				.dane_only = (bits & 4) != 0,
			};

			for (unsigned l = 0; l < SITE_LEVELS; l++)
				if (own == SITE_LEVEL_BIT(l)) {
					site.level = site_level_text(l);
					site.differs = false;
				}
			for (size_t i = 0; i < COUNT(published); i++)
				check_strength(&site, &published[i], &arena);
			arena_reset(&arena);
		}
}

static void test_rows(void **state)
{
	auto_(arena_clear) struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check_row(&rows[i], &arena);
	}
}

/* --- what a stranger writes into his policy --- */

static const struct {
	const char *name;
	const char *line, *pattern;
	bool line_told, pattern_told;
} strange[] = {
	{"braces in pairs", "a: {b}", NULL, true, false},
	{"a brace that closes", "a: } match=x", NULL, false, false},
	{"a brace that opens", "a: {", NULL, false, false},
	{"an attribute", "a: b } servername=evil { c", NULL, false, false},
	{"a line end", "a: b\nservername=evil", NULL, false, false},
	{"bytes that are not UTF-8", "a: \xff", NULL, false, false},
	{"=, comma, quotes and backslash", "a=\"b\", \\ 'c'", NULL, true,
         false},
	{"a pattern with a blank", NULL, "a servername=evil", false, false},
	{"a pattern with a comma", NULL, "a,b", false, false},
	{"a pattern with a colon", NULL, "a:hostname", false, false},
	{"a pattern that ends in a dot", NULL, "a.test.", false, false},
	{"an empty pattern", NULL, "", false, false},
	{"a star alone", NULL, "*.", false, false},
	{"a star within", NULL, "a.*.test", false, false},
	{"a word of Postfix's", NULL, "hostname", false, true},
	{"an address", NULL, "192.0.2.1", false, true},
	{"an address to OpenSSL alone", NULL, "010.0.2.1", false, true},
	{"a host", NULL, "x.test", false, true},
};

static void test_strange(void **state)
{
	auto_(arena_clear) struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(strange); i++) {
		struct domain_view view = {
			FETCHED,
			.sts = VIEW_OK,
			.sts_expires_at = NOW + WEEK,
			.sts_policy = {.mode = STS_ENFORCE,
		                       .max_age = WEEK,
		                       .mx = LIST("ok.test",
		                                  strange[i].pattern),
		                       .mx_count = strange[i].pattern ? 2 : 1,
		                       .lines = LIST(strange[i].line),
		                       .line_count = strange[i].line ? 1 : 0},
		};
		struct policy_known known = {
			.domain = "d.test", .view = &view, .now = NOW};
		struct policy_answer got;

		ROW(&strange[i]);
		policy_answer_make(&may, &known, &arena, &got);
		assert_int_equal(got.kind, TOLD_STS_ENFORCE);
		assert_int_equal(
			strange[i].line != NULL &&
				strstr(got.text,
		                       arena_printf(&arena,
		                                    "{ policy_string = %s }",
		                                    strange[i].line)) != NULL,
			strange[i].line_told);
		assert_int_equal(
			strstr(strstr(got.text, "mx_host_pattern=") + 1,
		               "mx_host_pattern=") != NULL,
			strange[i].pattern_told);
		assert_null(strstr(got.text, "servername=evil "));
		assert_null(strstr(got.text, "match=ok.test:hostname"));
		assert_null(strstr(got.text, "match=ok.test:192"));
		assert_null(strstr(got.text, "match=ok.test:010"));
	}
}

/* As many patterns and lines as fit in a policy's 64 KiB: Postfix reads no
 * reply of 100,000 bytes. */
static void test_large(void **state)
{
	enum { PATTERNS = 13000, LINES = 100, LONG = 4000 };
	auto_(arena_clear) struct arena arena = {0};
	const char **mx = arena_array(&arena, PATTERNS, sizeof(*mx));
	const char **lines = arena_array(&arena, LINES, sizeof(*lines));
	char *line = arena_alloc(&arena, LONG + 1);
	struct domain_view view = {
		FETCHED,
		.sts = VIEW_OK,
		.sts_expires_at = NOW + WEEK,
		.sts_policy = {.mode = STS_ENFORCE,
	                       .max_age = WEEK,
	                       .mx = mx,
	                       .mx_count = PATTERNS,
	                       .lines = lines,
	                       .line_count = LINES},
		MXS({.host = "h12999.test", .tlsa = VIEW_NONE}),
	};
	struct policy_known known = {
		.domain = "d.test", .view = &view, .now = NOW};
	struct policy_answer got;

	(void)state;
	memset(line, 'x', LONG);
	for (size_t i = 0; i < LINES; i++)
		lines[i] = line;
	for (size_t i = 0; i < PATTERNS; i++)
		mx[i] = arena_printf(&arena, "h%zu.test", i);
	policy_answer_make(&may, &known, &arena, &got);
	assert_int_equal(got.kind, TOLD_STS_ENFORCE);
	assert_true(strlen(got.text) <= POLICY_TEXT_MAX);
	assert_non_null(strstr(got.text, "match=h12999.test "));
	assert_non_null(strstr(got.text, "mx_host_pattern=h12999.test "));
	assert_non_null(strstr(got.text, "policy_string"));
	/* a host that the policy does not have is not delivered to either */
	view.mxs[0].host = "other.test";
	policy_answer_make(&may, &known, &arena, &got);
	assert_int_equal(got.kind, TOLD_STS_ENFORCE);
	assert_true(strlen(got.text) <= POLICY_TEXT_MAX);
	assert_non_null(strstr(got.text, "match=h0.test:h1.test:"));
	assert_null(strstr(got.text, "other.test"));
}

/* An event is known as one of a policy in testing by that line. */
static void test_mode_is_told(void **state)
{
	enum { PATTERNS = 4000, LINES = STS_LINES_MAX };
	static const char text[] = "{ policy_string = mode: testing }";
	static const struct mode_row {
		const char *name, *line;
		size_t at, patterns;
	} modes[] = {
		{"the first", "mode: testing", 0, 1},
		{"the last that is kept", "mode: testing", LINES - 1, 1},
		{"after those that are kept", "mx: a.test", 0, 1},
		{"cut", "mode:                  ", 1, 1},
		{"no room, patterns", "mode: testing", 1, PATTERNS},
		{"no room, lines", "mode: testing", LINES - 1, PATTERNS},
		{"neither kept nor room", "mx: a.test", 0, PATTERNS},
	};
	auto_(arena_clear) struct arena arena = {0};
	const char **mx = arena_array(&arena, PATTERNS, sizeof(*mx));
	const char **lines = arena_array(&arena, LINES, sizeof(*lines));
	char *line = arena_alloc(&arena, SESSION_POLICY_STRING_MAX + 1);

	(void)state;
	memset(line, 'x', SESSION_POLICY_STRING_MAX);
	line[SESSION_POLICY_STRING_MAX] = '\0';
	for (size_t i = 0; i < PATTERNS; i++)
		mx[i] = "mx.d.test";
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct domain_view view = {
			FETCHED,
			.sts = VIEW_OK,
			.sts_expires_at = NOW + WEEK,
			.sts_policy = {.mode = STS_TESTING,
		                       .max_age = WEEK,
		                       .mx = mx,
		                       .mx_count = modes[i].patterns,
		                       .lines = lines,
		                       .line_count = LINES},
			ONE_MX(VIEW_NONE),
		};
		struct policy_known known = {
			.domain = "d.test", .view = &view, .now = NOW};
		struct policy_answer got;
		const char *found;
		size_t told = 0;

		ROW(&modes[i]);
		for (size_t j = 0; j < LINES; j++)
			lines[j] = modes[i].patterns > 1 ? line : "x: y";
		lines[modes[i].at] = modes[i].line;
		policy_answer_make(&may, &known, &arena, &got);
		assert_int_equal(got.kind, TOLD_STS_TESTING);
		assert_true(strlen(got.text) <= POLICY_TEXT_MAX);
		found = strstr(got.text, text);
		assert_non_null(found);
		assert_null(strstr(found + 1, text));
		for (found = got.text;
		     (found = strstr(found, "policy_string")) != NULL; found++)
			told++;
		assert_true(told <= STS_LINES_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_strength),
		cmocka_unit_test(test_strange),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_mode_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
