#include "unit/test.h"

#include "words/names.h"

static const struct {
	const char *name;
	enum policy_type type;
	const char *rfc, *api;
	int64_t number; /* 0: libtlsrpt has none */
} policies[] = {
	{"no policy", POLICY_NONE, "no-policy-found", "noPolicyFound", 9},
	{"DANE", POLICY_TLSA, "tlsa", "tlsa", 1},
	{"MTA-STS", POLICY_STS, "sts", "sts", 2},
	{"the API's own", POLICY_OTHER, "other", "other", 0},
};

static const struct {
	const char *name;
	enum result_type type;
	const char *rfc, *api;
	int64_t number;
} results[] = {
	{"no STARTTLS", RESULT_STARTTLS_NOT_SUPPORTED, "starttls-not-supported",
         "startTlsNotSupported", 201},
	{"another host's certificate", RESULT_CERTIFICATE_HOST_MISMATCH,
         "certificate-host-mismatch", "certificateHostMismatch", 202},
	{"an unknown issuer", RESULT_CERTIFICATE_NOT_TRUSTED,
         "certificate-not-trusted", "certificateNotTrusted", 203},
	{"an old certificate", RESULT_CERTIFICATE_EXPIRED,
         "certificate-expired", "certificateExpired", 204},
	{"any other handshake failure", RESULT_VALIDATION_FAILURE,
         "validation-failure", "validationFailure", 205},
	{"no policy file", RESULT_STS_POLICY_FETCH_ERROR,
         "sts-policy-fetch-error", "stsPolicyFetchError", 301},
	{"a bad policy file", RESULT_STS_POLICY_INVALID, "sts-policy-invalid",
         "stsPolicyInvalid", 302},
	{"a bad policy host", RESULT_STS_WEBPKI_INVALID, "sts-webpki-invalid",
         "stsWebpkiInvalid", 303},
	{"no usable TLSA", RESULT_TLSA_INVALID, "tlsa-invalid", "tlsaInvalid",
         304},
	{"bogus DNSSEC", RESULT_DNSSEC_INVALID, "dnssec-invalid",
         "dnssecInvalid", 305},
	{"DANE was asked for", RESULT_DANE_REQUIRED, "dane-required",
         "daneRequired", 306},
	{"the API's own", RESULT_OTHER, "other", "other", 0},
};

static void test_policy_types(void **state)
{
	(void)state;
	assert_int_equal(COUNT(policies), POLICY_TYPES);
	for (size_t i = 0; i < COUNT(policies); i++) {
		enum policy_type got = POLICY_TYPES;

		ROW(&policies[i]);
		assert_string_equal(policy_type_rfc(policies[i].type),
		                    policies[i].rfc);
		assert_string_equal(policy_type_api(policies[i].type),
		                    policies[i].api);
		assert_true(policy_type_from_rfc(policies[i].rfc, &got));
		assert_int_equal(got, policies[i].type);
		got = POLICY_TYPES;
		assert_true(policy_type_from_api(policies[i].api, &got));
		assert_int_equal(got, policies[i].type);
		if (policies[i].number != 0)
			assert_int_equal(
				policy_type_from_libtlsrpt(policies[i].number),
				policies[i].type);
	}
}

static void test_result_types(void **state)
{
	(void)state;
	assert_int_equal(COUNT(results), RESULT_TYPES);
	for (size_t i = 0; i < COUNT(results); i++) {
		enum result_type got = RESULT_TYPES;

		ROW(&results[i]);
		assert_string_equal(result_type_rfc(results[i].type),
		                    results[i].rfc);
		assert_string_equal(result_type_api(results[i].type),
		                    results[i].api);
		assert_true(result_type_from_rfc(results[i].rfc, &got));
		assert_int_equal(got, results[i].type);
		got = RESULT_TYPES;
		assert_true(result_type_from_api(results[i].api, &got));
		assert_int_equal(got, results[i].type);
		if (results[i].number == 0)
			continue;
		got = RESULT_TYPES;
		assert_true(
			result_type_from_libtlsrpt(results[i].number, &got));
		assert_int_equal(got, results[i].type);
	}
}

static void test_unknown_names(void **state)
{
	static const int64_t no_results[] = {
		0, 1, 200, 206, 300, 307, 901, -201, INT64_MAX, INT64_MIN,
	};
	static const int64_t no_policies[] = {0, 3, 8, 10, -1, INT64_MAX};
	enum policy_type policy;
	enum result_type result;

	(void)state;
	for (size_t i = 0; i < COUNT(no_results); i++)
		assert_false(
			result_type_from_libtlsrpt(no_results[i], &result));
	for (size_t i = 0; i < COUNT(no_policies); i++)
		assert_int_equal(policy_type_from_libtlsrpt(no_policies[i]),
		                 POLICY_OTHER);
	assert_false(policy_type_from_rfc("noPolicyFound", &policy));
	assert_false(policy_type_from_rfc("TLSA", &policy));
	assert_false(policy_type_from_api("no-policy-found", &policy));
	assert_false(policy_type_from_api("", &policy));
	assert_false(result_type_from_rfc("certificateExpired", &result));
	assert_false(result_type_from_rfc("", &result));
	assert_false(result_type_from_api("certificate-expired", &result));
	assert_false(result_type_from_api("starttlsNotSupported", &result));
	/* a number that a newer version stored */
	assert_string_equal(policy_type_rfc((enum policy_type)77), "other");
	assert_string_equal(result_type_api((enum result_type)77), "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_types),
		cmocka_unit_test(test_result_types),
		cmocka_unit_test(test_unknown_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
