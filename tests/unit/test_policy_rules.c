#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "policyd/policy_rules.h"

#define ASKS "smtp_tls_policy_maps = socketmap:unix:/run/p.sock:QUERY\n"
#define DNSSEC "smtp_dns_support_level = dnssec\n"
#define SMTP "smtp unix - - n - - smtp\n"
#define RELAY SMTP "relay unix - - n - - smtp\n"
#define REPORTS SMTP "tlsreport unix - - n - - smtp\n"

static const struct row {
	const char *name, *main_cf, *services, *overrides;
	const char *setting; /* [policyd] level */
	bool no_validation;
	const char *level;
	bool dane, differs, refused;
} rows[] = {
	{.name = "may without DANE",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = SMTP,
         .level = "may"},
	{.name = "may where Postfix can do DANE",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC,
         .services = SMTP,
         .level = "dane",
         .dane = true},
	{.name = "DANE whose resolver does not validate is may",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC,
         .services = SMTP,
         .no_validation = true,
         .level = "may"},
	{.name = "so is level dane",
         .main_cf = "smtp_tls_security_level = dane\n" ASKS DNSSEC,
         .services = SMTP,
         .no_validation = true,
         .level = "may"},
	{.name = "and level dane without dnssec",
         .main_cf = "smtp_tls_security_level = dane\n" ASKS,
         .services = SMTP,
         .level = "may"},
	{.name = "dnssec of the service itself",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = SMTP,
         .overrides = "smtp/unix/" DNSSEC,
         .level = "dane",
         .dane = true},
	{.name = "the service itself has it off",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC,
         .services = SMTP,
         .overrides = "smtp/unix/smtp_dns_support_level = enabled\n",
         .level = "may"},
	{.name = "the level of the service itself",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = SMTP,
         .overrides = "smtp/unix/smtp_tls_security_level = encrypt\n",
         .level = "encrypt"},
	{.name = "Postfix does no DANE when it ignores MX errors",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC
                    "ignore_mx_lookup_error = yes\n",
         .services = SMTP,
         .level = "may"},
	{.name = "nor without DNS for hosts",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC
                    "smtp_host_lookup = native\n",
         .services = SMTP,
         .level = "may"},
	{.name = "nor where names are completed",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC
                    "smtp_dns_resolver_options = res_defnames\n",
         .services = SMTP,
         .level = "may"},
	{.name = "services that differ have no level in common",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = RELAY,
         .overrides = "relay/unix/smtp_tls_security_level = encrypt\n",
         .level = "",
         .differs = true},
	{.name = "may and dane are one where both do it",
         .main_cf = "smtp_tls_security_level = may\n" ASKS DNSSEC,
         .services = RELAY,
         .overrides = "relay/unix/smtp_tls_security_level = dane\n",
         .level = "dane",
         .dane = true},
	{.name = "a service that does not ask does not count",
         .main_cf = "smtp_tls_security_level = encrypt\n" ASKS,
         .services = REPORTS,
         .overrides = "tlsreport/unix/smtp_tls_security_level = may\n"
                      "tlsreport/unix/smtp_tls_policy_maps =\n",
         .level = "encrypt"},
	{.name = "before any asks, all count",
         .main_cf = "smtp_tls_security_level = encrypt\n",
         .services = SMTP,
         .level = "encrypt"},
	{.name = "the setting",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = SMTP,
         .setting = "encrypt",
         .level = "encrypt"},
	{.name = "the setting settles what differs",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = RELAY,
         .overrides = "relay/unix/smtp_tls_security_level = encrypt\n",
         .setting = "encrypt",
         .level = "encrypt"},
	{.name = "not one that is weaker than what the site has",
         .main_cf = "smtp_tls_security_level = encrypt\n" ASKS DNSSEC,
         .services = SMTP,
         .setting = "may",
         .level = "encrypt",
         .dane = true,
         .refused = true},
	{.name = "nor dane, which would be may without TLSA",
         .main_cf = "smtp_tls_security_level = encrypt\n" ASKS DNSSEC,
         .services = SMTP,
         .setting = "dane",
         .level = "encrypt",
         .dane = true,
         .refused = true},
	{.name = "nor dane where Postfix does not do it",
         .main_cf = "smtp_tls_security_level = may\n" ASKS,
         .services = SMTP,
         .setting = "dane",
         .level = "may",
         .refused = true},
	{.name = "levels as somebody wrote them",
         .main_cf = "smtp_tls_security_level = Encrypt\n" ASKS,
         .services = SMTP,
         .level = "encrypt"},
	{.name = "one that verifies",
         .main_cf = "smtp_tls_security_level =\nsmtp_enforce_tls = yes\n" ASKS,
         .services = SMTP,
         .level = "verify"},
	{.name = "no Postfix that is known", .level = "may"},
	{.name = "nor known, and the setting says dane",
         .setting = "dane",
         .level = "dane",
         .dane = true},
};

static void check_row(const struct row *row)
{
	auto_(arena_clear) struct arena arena = {0};
	char socket[] = "unix:/run/p.sock", level[32];
	struct conf conf = {.policyd = {.socket = socket, .level = level}};
	struct postfix_instance instance = {.directory = "/nowhere",
	                                    .known = row->main_cf != NULL,
	                                    .sends = true};
	struct postfix_site site = {.instances = &instance, .count = 1};
	const char *overrides = row->overrides != NULL ? row->overrides : "";
	struct policy_rules rules = {0};

	snprintf(level, sizeof(level), "%s",
	         row->setting != NULL ? row->setting : "");
	if (instance.known) {
		postconf_read_settings(row->main_cf, strlen(row->main_cf),
		                       &arena, &instance.set.main);
		postconf_read_services(row->services, strlen(row->services),
		                       &arena, &instance.set);
		postconf_read_settings(overrides, strlen(overrides), &arena,
		                       &instance.set.overrides);
	}
	policy_rules_of_site(&rules, &conf, &site, !row->no_validation);
	assert_string_equal(rules.site.level, row->level);
	assert_int_equal(rules.site.dane, row->dane);
	assert_int_equal(rules.site.differs, row->differs);
	assert_int_equal(rules.refused, row->refused);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		check_row(&rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
