#include "unit/test.h"

#include "inmail/inbound.h"

#define TLS(version, name, bits)                                               \
	{                                                                      \
		.tls_version = version, .cipher = name, .cipher_bits = bits    \
	}

static void test_macros(void **state)
{
	static const struct {
		const char *name;
		struct inbound_macros macros;
		enum inbound_client by_address;
		struct inbound want;
	} rows[] = {
		{"nothing is clear text", {0}, false, {.tls = INBOUND_CLEAR}},
		{"empty macros are none",
	         {"", "", "", "", "", "", ""},
	         INBOUND_MX,
	         {.tls = INBOUND_CLEAR}},
		{"Postfix with TLS 1.3",
	         TLS("TLSv1.3", "TLS_AES_256_GCM_SHA384", "256"),
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13,
	          .bits = 256,
	          .cipher = "TLS_AES_256_GCM_SHA384"}},
		{"TLS 1.2",
	         TLS("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "128"),
	         INBOUND_MX,
	         {.tls = INBOUND_TLS12,
	          .bits = 128,
	          .cipher = "ECDHE-RSA-AES128-GCM-SHA256"}},
		{"TLS 1.1",
	         {.tls_version = "TLSv1.1"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS11}},
		{"OpenSSL's name of TLS 1.0",
	         {.tls_version = "TLSv1"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS10}},
		{"TLS 1.0",
	         {.tls_version = "TLSv1.0"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS10}},
		{"SSL 3",
	         {.tls_version = "SSLv3"},
	         INBOUND_MX,
	         {.tls = INBOUND_SSL3}},
		{"small letters",
	         {.tls_version = "tlsv1.3"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13}},
		{"what does not exist yet is TLS, not clear text",
	         TLS("TLSv1.4", "X", "512"),
	         INBOUND_MX,
	         {.tls = INBOUND_TLS_OTHER, .bits = 512, .cipher = "X"}},
		{"Postfix names a subject only when it trusts it",
	         {.tls_version = "TLSv1.3", .cert_subject = "client.example"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13, .certificate = INBOUND_CERT_VERIFIED}},
		{"Sendmail: verified",
	         {.tls_version = "TLSv1.3",
	          .cert_subject = "c",
	          .verify = "OK"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13, .certificate = INBOUND_CERT_VERIFIED}},
		{"Sendmail: a certificate that fails",
	         {.tls_version = "TLSv1.3",
	          .cert_subject = "c",
	          .verify = "FAIL"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13,
	          .certificate = INBOUND_CERT_UNVERIFIED}},
		{"Sendmail: the client had none",
	         {.tls_version = "TLSv1.3", .verify = "NO"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13}},
		{"Sendmail: none was asked for",
	         {.tls_version = "TLSv1.3", .verify = "NONE"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13}},
		{"no certificate in clear text",
	         {.cipher = "X",
	          .cipher_bits = "128",
	          .cert_subject = "c",
	          .verify = "OK"},
	         INBOUND_MX,
	         {.tls = INBOUND_CLEAR}},
		{"authenticated",
	         {.auth_type = "PLAIN", .auth_authen = "alice"},
	         INBOUND_MX,
	         {.client = INBOUND_AUTHENTICATED}},
		{"authenticated from this host is authenticated",
	         {.auth_authen = "alice"},
	         INBOUND_LOCAL,
	         {.client = INBOUND_AUTHENTICATED}},
		{"XCLIENT names a method only",
	         {.auth_type = "XCLIENT"},
	         INBOUND_MX,
	         {.client = INBOUND_AUTHENTICATED}},
		{"from this host",
	         {0},
	         INBOUND_LOCAL,
	         {.client = INBOUND_LOCAL}},
		{"from a before-queue filter",
	         {0},
	         INBOUND_FILTERED,
	         {.client = INBOUND_FILTERED}},
		{"bits that are no number",
	         TLS("TLSv1.3", "C", "12x"),
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13, .cipher = "C"}},
		{"bits past what there is",
	         TLS("TLSv1.3", "C", "65536"),
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13, .cipher = "C"}},
		{"negative bits",
	         TLS("TLSv1.3", "C", "-1"),
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13, .cipher = "C"}},
		{"a cipher that is no name",
	         {.tls_version = "TLSv1.3", .cipher = "A \r\n\x80Z"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13, .cipher = "A????Z"}},
		{"a cipher past the room",
	         {.tls_version = "TLSv1.3",
	          .cipher = "12345678901234567890123456789012345678901234567890"
	                    "12345678"
	                    "901234567890"},
	         INBOUND_MX,
	         {.tls = INBOUND_TLS13,
	          .cipher = "12345678901234567890123456789012345678901234567890"
	                    "1234567890123"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* what was there before does not shine through */
		struct inbound got = {.client = INBOUND_LOCAL,
		                      .tls = INBOUND_SSL3,
		                      .certificate = INBOUND_CERT_VERIFIED,
		                      .bits = 7,
		                      .cipher = "before",
		                      .sender = "kept.example",
		                      .other_senders = true};

		ROW(&rows[i]);
		inbound_set(&got, &rows[i].macros, rows[i].by_address);
		assert_int_equal(got.client, rows[i].want.client);
		assert_int_equal(got.tls, rows[i].want.tls);
		assert_int_equal(got.certificate, rows[i].want.certificate);
		assert_int_equal(got.bits, rows[i].want.bits);
		assert_string_equal(got.cipher, rows[i].want.cipher);
		assert_string_equal(got.sender, "kept.example");
		assert_false(got.other_senders);
	}
}

static void test_words(void **state)
{
	static const struct {
		const char *name;
		enum inbound_tls tls;
		bool weak;
	} rows[] = {
		{"clear", INBOUND_CLEAR, true},
		{"SSLv3", INBOUND_SSL3, true},
		{"TLSv1.0", INBOUND_TLS10, true},
		{"TLSv1.1", INBOUND_TLS11, true},
		{"other", INBOUND_TLS_OTHER, false},
		{"TLSv1.2", INBOUND_TLS12, false},
		{"TLSv1.3", INBOUND_TLS13, false},
	};

	(void)state;
	assert_int_equal(COUNT(rows), INBOUND_TLS_VERSIONS);
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(rows[i].tls, i);
		assert_int_equal(inbound_is_weak(rows[i].tls), rows[i].weak);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
