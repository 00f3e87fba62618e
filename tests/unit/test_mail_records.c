#include "unit/test.h"

#include <string.h>

#include "domain/dkim.h"
#include "domain/dmarc_record.h"
#include "domain/spf_record.h"
#include "domain/tag_list.h"

/* What SPF, DMARC and DKIM records say, or why they say nothing. */

static void test_spf(void **state)
{
	static const struct {
		const char *name, *text;
		enum spf_verdict verdict;
		const char *error; /* NULL: none */
	} rows[] = {
		{"the usual", "v=spf1 mx ip4:192.0.2.0/24 ~all", SPF_GOOD,
	         NULL},
		{"nothing in it is neutral for all", "v=spf1", SPF_GOOD, NULL},
		{"nobody may", "v=spf1 -all", SPF_NOBODY, NULL},
		{"a refusal allows nobody either", "v=spf1 -mx -all",
	         SPF_NOBODY, NULL},
		{"what follows all does not count", "v=spf1 -all mx",
	         SPF_NOBODY, NULL},
		{"a redirect is another's word",
	         "v=spf1 redirect=_spf.a.example", SPF_GOOD, NULL},
		{"anybody may", "v=spf1 +all", SPF_EVERYBODY, NULL},
		{"all alone is +all", "v=spf1 mx all", SPF_EVERYBODY, NULL},
		{"large letters", "V=SPF1 MX -ALL", SPF_GOOD, NULL},
		{"every mechanism",
	         "v=spf1 a a:b.example/24 a/24//64 mx//64 mx:c.example ptr "
	         "ptr:d.example ip6:2001:db8::/32 exists:%{i}._e.example "
	         "include:f.example exp=why.example -all",
	         SPF_GOOD, NULL},
		{"a macro with a slash in it", "v=spf1 a:%{d2/}.x -all",
	         SPF_GOOD, NULL},
		{"two spaces", "v=spf1  mx  -all ", SPF_GOOD, NULL},
		{"a modifier nobody knows", "v=spf1 mx foo=bar -all", SPF_GOOD,
	         NULL},
		{"another version", "v=spf10 -all", 0, "does not begin"},
		{"a typing error", "v=spf1 inlcude:a.example -all", 0,
	         "an unknown mechanism 'inlcude:a.example'"},
		{"no address", "v=spf1 ip4:mail.example -all", 0,
	         "not a valid value in 'ip4:mail.example'"},
		{"no such prefix", "v=spf1 ip4:192.0.2.0/33 -all", 0,
	         "not a valid value"},
		{"v6 in ip4", "v=spf1 ip4:2001:db8::1 -all", 0,
	         "not a valid value"},
		{"include of nothing", "v=spf1 include: -all", 0,
	         "not a valid value"},
		{"all of something", "v=spf1 all:a.example", 0,
	         "not a valid value"},
		{"two redirects", "v=spf1 redirect=a redirect=b", 0,
	         "comes twice"},
		{"redirect to nothing", "v=spf1 redirect=", 0, "no domain"},
		{"too many look-ups",
	         "v=spf1 include:a include:b include:c include:d include:e "
	         "include:f include:g include:h include:i a mx -all",
	         0, "more than 10"},
		{"an error behind all is one, too", "v=spf1 -all foo", 0,
	         "an unknown mechanism"},
		{"a comma", "v=spf1 mx, -all", 0, "not a valid value"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum spf_verdict verdict = SPF_GOOD;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = spf_record_judge(rows[i].text, strlen(rows[i].text),
		                      &verdict, &err);
		assert_int_equal(rc, rows[i].error != NULL ? ERR_PARSE : 0);
		if (rows[i].error == NULL)
			assert_int_equal(verdict, rows[i].verdict);
		else if (strstr(err.text, rows[i].error) == NULL)
			fail_msg("%s", err.text);
	}
}

static void test_dmarc(void **state)
{
	static const struct {
		const char *name, *text;
		enum dmarc_policy policy, subdomain;
		const char *error;
	} rows[] = {
		{"the usual", "v=DMARC1; p=reject; rua=mailto:d@a.example",
	         DMARC_REJECT, DMARC_REJECT, NULL},
		{"another one for subdomains",
	         "v=DMARC1;p=none;sp=quarantine;adkim=s", DMARC_NONE,
	         DMARC_QUARANTINE, NULL},
		{"white space and case", " v = DMARC1 ; p = Quarantine ; ",
	         DMARC_QUARANTINE, DMARC_QUARANTINE, NULL},
		{"a policy nobody knows, with rua: none",
	         "v=DMARC1; p=foo; rua=mailto:d@a.example", DMARC_NONE,
	         DMARC_NONE, NULL},
		{"a bad sp is as if it were not there",
	         "v=DMARC1; p=reject; sp=foo", DMARC_REJECT, DMARC_REJECT,
	         NULL},
		{"no policy, and nowhere to report to", "v=DMARC1; pct=5", 0, 0,
	         "no p="},
		{"another version", "v=DMARC2; p=reject", 0, 0,
	         "does not begin"},
		{"the version is in capital letters", "v=dmarc1; p=reject", 0,
	         0, "does not begin"},
		{"not first", "p=reject; v=DMARC1", 0, 0, "does not begin"},
		{"a tag that comes twice", "v=DMARC1; p=none; p=reject", 0, 0,
	         "comes twice in 'p=reject'"},
		{"no '='", "v=DMARC1; reject", 0, 0, "no '=' in 'reject'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dmarc_record record;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = dmarc_record_read(rows[i].text, strlen(rows[i].text),
		                       &record, &err);
		assert_int_equal(rc, rows[i].error != NULL ? ERR_PARSE : 0);
		if (rows[i].error == NULL) {
			assert_int_equal(record.policy, rows[i].policy);
			assert_int_equal(record.subdomain, rows[i].subdomain);
		} else if (strstr(err.text, rows[i].error) == NULL) {
			fail_msg("%s", err.text);
		}
	}
}

static void test_dkim_key(void **state)
{
	static const struct {
		const char *name, *text;
		enum dkim_key verdict;
		const char *error;
	} rows[] = {
		{"the usual", "v=DKIM1; k=rsa; p=MIGf", DKIM_KEY_GOOD, NULL},
		{"only the key", "p=MIGf", DKIM_KEY_GOOD, NULL},
		{"every service", "v=DKIM1; s=*; p=MIGf", DKIM_KEY_GOOD, NULL},
		{"both services", "v=DKIM1; s=email : tlsrpt; p=MIGf",
	         DKIM_KEY_GOOD, NULL},
		{"mail alone", "v=DKIM1; s=email; p=MIGf", DKIM_KEY_NO_TLSRPT,
	         NULL},
		{"reports alone", "v=DKIM1; s=tlsrpt; p=MIGf",
	         DKIM_KEY_NO_EMAIL, NULL},
		{"no service at all", "v=DKIM1; s=; p=MIGf", DKIM_KEY_NO_TLSRPT,
	         NULL},
		{"revoked", "v=DKIM1; s=email; p=", DKIM_KEY_REVOKED, NULL},
		{"a test", "v=DKIM1; t=s:y; p=MIGf", DKIM_KEY_TESTING, NULL},
		{"strict is no test", "v=DKIM1; t=s; p=MIGf", DKIM_KEY_GOOD,
	         NULL},
		{"another version", "v=DKIM2; p=MIGf", 0, "v= is not DKIM1"},
		{"a version further on", "p=MIGf; v=DKIM1", 0,
	         "not the first tag"},
		{"no key", "v=DKIM1; k=rsa", 0, "no p="},
		{"a byte of something", "v=DKIM1; p=\xc3\xa4", 0,
	         "a character that may not be there"},
		{"nothing", "", 0, "no p="},
		{"nothing between", "v=DKIM1;; p=x", 0, "no '='"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum dkim_key verdict = DKIM_KEY_GOOD;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = dkim_key_judge(rows[i].text, strlen(rows[i].text),
		                    &verdict, &err);
		assert_int_equal(rc, rows[i].error != NULL ? ERR_PARSE : 0);
		if (rows[i].error == NULL)
			assert_int_equal(verdict, rows[i].verdict);
		else if (strstr(err.text, rows[i].error) == NULL)
			fail_msg("%s", err.text);
	}
}

static void test_dkim_signature(void **state)
{
	static const struct {
		const char *name, *text, *domain, *selector;
	} rows[] = {
		{"folded, as a signer writes it",
	         "v=1; a=rsa-sha256; c=relaxed/simple; d=A.example;\n"
	         "\ts=2026; t=1767225600;\n\tbh=x=;\n\th=From:To;\n\tb=abc\n"
	         "\t def",
	         "a.example", "2026"},
		{"a selector of labels", "d=a.example; s=mail.2026",
	         "a.example", "mail.2026"},
		{"no selector", "d=a.example", NULL, NULL},
		{"no domain", "s=x; d=", NULL, NULL},
		{"a domain that is none", "s=x; d=a..example", NULL, NULL},
		{"not a list", "hello", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dkim_name name;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = dkim_signature_read(rows[i].text, strlen(rows[i].text),
		                         &name, &err);
		assert_int_equal(rc, rows[i].domain != NULL ? 0 : ERR_PARSE);
		if (rc < 0)
			continue;
		assert_string_equal(name.domain, rows[i].domain);
		assert_string_equal(name.selector, rows[i].selector);
	}
}

static void test_many_tags(void **state)
{
	char text[8 * (TAG_LIST_MAX + 2)] = "";
	struct tag_list list;
	struct err err = {0};

	(void)state;
	for (int i = 0; i < TAG_LIST_MAX; i++)
		sprintf(text + strlen(text), "a%d=;", i);
	assert_int_equal(tag_list_read(text, strlen(text), &list, &err), 0);
	assert_int_equal(list.count, TAG_LIST_MAX);
	strcat(text, "b=;");
	assert_int_equal(tag_list_read(text, strlen(text), &list, &err),
	                 ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spf),
		cmocka_unit_test(test_dmarc),
		cmocka_unit_test(test_dkim_key),
		cmocka_unit_test(test_dkim_signature),
		cmocka_unit_test(test_many_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
