#include "unit/test.h"

#include "app/enforced.h"
#include "base/auto.h"

/* What postconf prints, and what it means. */
static void test_by_postconf(void **state)
{
	static const struct {
		const char *name, *lines;
		bool dane, sts, no_cas;
	} rows[] = {
		{"Debian's own",
	         "smtp_tls_security_level = may\n"
	         "smtp_dns_support_level =\n"
	         "smtp_tls_policy_maps =\n"
	         "smtp_tls_CAfile =\n"
	         "smtp_tls_CApath = /etc/ssl/certs\n"
	         "tls_append_default_CA = no\n",
	         false, false, false},
		{"DANE",
	         "smtp_tls_security_level = dane\n"
	         "smtp_dns_support_level = dnssec\n",
	         true, false, true},
		{"DANE alone",
	         "smtp_tls_security_level = dane-only\n"
	         "smtp_dns_support_level = dnssec\n",
	         true, false, true},
		{"DANE without DNSSEC is none",
	         "smtp_tls_security_level = dane\n"
	         "smtp_dns_support_level = enabled\n",
	         false, false, true},
		{"a policy map",
	         "smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:QUERY\n"
	         "smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt\n",
	         false, true, false},
		{"no CA certificates", "smtp_tls_CAfile =\nsmtp_tls_CApath =\n",
	         false, false, true},
		{"a file of them", "smtp_tls_CAfile = /etc/ca.pem\n", false,
	         false, false},
		{"OpenSSL's own", "tls_append_default_CA = yes\n", false, false,
	         false},
		{"not OpenSSL's own", "tls_append_default_CA = no\n", false,
	         false, true},
		{"a name that only ends so", "x_smtp_tls_CAfile = /x\n", false,
	         false, true},
		{"a name that only begins so", "smtp_tls_CAfile_x = /x\n",
	         false, false, true},
		{"nothing", "", false, false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena arena;
		struct postconf set = {0};
		struct enforced got;

		ROW(&rows[i]);
		arena_init(&arena);
		postconf_read_settings(rows[i].lines, strlen(rows[i].lines),
		                       &arena, &set.main);
		got = enforced_by_postconf(&set);
		assert_int_equal(got.dane, rows[i].dane);
		assert_int_equal(got.sts, rows[i].sts);
		assert_int_equal(got.no_cas, rows[i].no_cas);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_postconf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
