#include "unit/test.h"

#include "base/arena.h"
#include "model/log_session.h"

static void check_text(const char *got, const char *want)
{
	if (want == NULL)
		assert_null(got);
	else
		assert_string_equal(got, want);
}

static const struct {
	const char *name;
	struct log_session session;
} rows[] = {
	{"TLS", {.domain = "a.example", .outcome = LOG_TLS}},
	{"TLS with all that can be said",
         {.domain = "a.example",
          .mx_host = "mx.example",
          .ip = "2001:db8::1",
          .outcome = LOG_TLS,
          .untrusted = true,
          .has_complaint = true,
          .complaint = RESULT_VALIDATION_FAILURE,
          .complaint_reason = "self-signed_certificate",
          .tlsa_unusable = true}},
	{"plaintext", {.domain = "a.example", .outcome = LOG_PLAIN}},
	{"a failure",
         {.domain = "odd name",
          .outcome = LOG_FAILED,
          .result = RESULT_DANE_REQUIRED,
          .reason = "x"}},
	{"a level",
         {.domain = "a.example", .outcome = LOG_TLS, .level = LEVEL_SECURE}},
	{"unusable alone",
         {.domain = "a.example", .outcome = LOG_TLS, .tlsa_unusable = true}},
};

static void test_round_trip(void **state)
{
	struct strbuf blob;
	struct arena arena;

	(void)state;
	strbuf_init(&blob, 0);
	arena_init(&arena);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct log_session *want = &rows[i].session;
		struct log_session got;

		ROW(&rows[i]);
		strbuf_reset(&blob);
		log_session_encode(want, &blob);
		assert_int_equal(log_session_decode(blob.data, blob.len, &arena,
		                                    &got, NULL),
		                 0);
		check_text(got.domain, want->domain);
		check_text(got.mx_host, want->mx_host);
		check_text(got.ip, want->ip);
		assert_int_equal(got.outcome, want->outcome);
		assert_int_equal(got.result, want->result);
		check_text(got.reason, want->reason);
		assert_int_equal(got.untrusted, want->untrusted);
		assert_int_equal(got.has_complaint, want->has_complaint);
		assert_int_equal(got.complaint, want->complaint);
		check_text(got.complaint_reason, want->complaint_reason);
		assert_int_equal(got.tlsa_unusable, want->tlsa_unusable);
		assert_int_equal(got.level, want->level);
	}
	strbuf_clear(&blob);
	arena_clear(&arena);
}

static void test_damage(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		unsigned char byte;
	} damages[] = {
		{"an outcome that is none", 0, 0},
		{"an outcome of the future", 0, 4},
		{"a result of the future", 1, RESULT_TYPES},
		{"a complaint of the future", 2, RESULT_TYPES},
		{"a flag of the future", 3, 16},
		{"a flag without its byte", 3, 15},
		{"no domain", 4, 0xff},
	};
	struct strbuf blob;
	struct arena arena;
	struct log_session got;
	struct err err = {0};

	(void)state;
	strbuf_init(&blob, 0);
	arena_init(&arena);
	log_session_encode(&rows[1].session, &blob);
	for (size_t i = 0; i < COUNT(damages); i++) {
		char had = blob.data[damages[i].at];

		ROW(&damages[i]);
		blob.data[damages[i].at] = (char)damages[i].byte;
		assert_int_equal(log_session_decode(blob.data, blob.len, &arena,
		                                    &got, &err),
		                 ERR_PARSE);
		blob.data[damages[i].at] = had;
	}
	for (size_t len = 0; len < blob.len; len++)
		assert_int_equal(
			log_session_decode(blob.data, len, &arena, &got, &err),
			ERR_PARSE);
	assert_string_equal(err.text, "damaged session of the log in the "
	                              "store");
	strbuf_clear(&blob);
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
