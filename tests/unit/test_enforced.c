#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/enforced.h"
#include "app/postconf.h"
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
		auto_(strbuf_clear) struct strbuf lines = {0};
		struct enforced got;

		ROW(&rows[i]);
		strbuf_puts(&lines, rows[i].lines);
		got = enforced_by_postconf(&lines);
		assert_int_equal(got.dane, rows[i].dane);
		assert_int_equal(got.sts, rows[i].sts);
		assert_int_equal(got.no_cas, rows[i].no_cas);
	}
}

/* A postconf that prints how it was called stands first in the path. */
static void test_whom_it_asks(void **state)
{
	static const struct {
		const char *name, *directory, *script, *want;
		int rc;
	} rows[] = {
		{"the default instance", "", "echo \"$*\"", "-x a b\n", 0},
		{"another instance", "/etc/postfix-out", "echo \"$*\"",
	         "-x -c /etc/postfix-out a b\n", 0},
		{"one that fails", "/nowhere", "exit 3", "", ERR_IO},
	};
	static const char *const names[] = {"a", "b", NULL};
	char directory[] = "/tmp/test_enforced.XXXXXX", path[64], word[128];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/postconf", directory);
	snprintf(word, sizeof(word), "%s:%s", directory, getenv("PATH"));
	setenv("PATH", word, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf out = {0};
		FILE *file = fopen(path, "w");
		struct err err = {0};

		ROW(&rows[i]);
		fprintf(file, "#!/bin/sh\n%s\n", rows[i].script);
		fclose(file);
		chmod(path, 0755);
		assert_int_equal(
			postconf_run(rows[i].directory, names, &out, &err),
			rows[i].rc);
		assert_string_equal(strbuf_text(&out), rows[i].want);
	}
	remove(path);
	remove(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_postconf),
		cmocka_unit_test(test_whom_it_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
