#include "unit/test.h"

#include "base/arena.h"
#include "maillog/log_session.h"

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
	{"an MX host, or a next hop of this site",
         {.domain = "a.example",
          .outcome = LOG_TLS,
          .verified = true,
          .route = ROUTE_OPEN,
          .hop = "relay.example",
          .hop_is_domain = true,
          .enforces = ENFORCES_ALL}},
	{"a next hop on another port",
         {.domain = "relay.example",
          .outcome = LOG_FAILED,
          .result = RESULT_CERTIFICATE_NOT_TRUSTED,
          .no_match = true,
          .level = LEVEL_DANE,
          .route = ROUTE_MOVED,
          .other_port = true}},
	{"what is enforced, and nothing else",
         {.domain = "a.example",
          .outcome = LOG_TLS,
          .enforces = ENFORCES_KNOWN}},
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
		assert_int_equal(got.verified, want->verified);
		assert_int_equal(got.no_match, want->no_match);
		assert_int_equal(got.route, want->route);
		check_text(got.hop, want->hop);
		assert_int_equal(got.hop_is_domain, want->hop_is_domain);
		assert_int_equal(got.other_port, want->other_port);
		assert_int_equal(got.enforces, want->enforces);
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
		{"a flag of the future", 3, 128},
		{"a flag without its byte", 3, 127},
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
	assert_string_equal(err.text, "the store has a damaged session of "
	                              "the log");
	strbuf_clear(&blob);
	arena_clear(&arena);
}

/* For whom a session counts whose host this site chose. */
static void test_next_hop(void **state)
{
	static const struct {
		const char *name, *domain, *host, *hop;
		const char *want; /* one after the other */
	} hops[] = {
		{"the next hop's name, then what is above it", "a.example",
	         "mx9.relay.test", "smtp.relay.test",
	         "smtp.relay.test relay.test"},
		{"the host's, where no other is known", "a.example",
	         "smtp.relay.test", NULL, "smtp.relay.test relay.test"},
		{"of a long name the last five labels", "a.example",
	         "1.2.3.4.5.6.7.relay.test", NULL,
	         "1.2.3.4.5.6.7.relay.test 5.6.7.relay.test "
	         "6.7.relay.test 7.relay.test relay.test"},
		{"an address has nobody above it", "a.example", "192.0.2.1",
	         NULL, "192.0.2.1"},
		{"a name of one label neither", "a.example", "mailout", NULL,
	         "mailout"},
		{"a next hop within the domain is its own", "a.example",
	         "smtp.a.example", NULL, ""},
		{"the domain itself, too", "a.example", "x.test", "a.example",
	         ""},
		{"a name that only ends so is not", "a.example", "bada.example",
	         NULL, "bada.example"},
		{"no host is known", "a.example", NULL, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hops); i++) {
		struct log_session session = {.domain = hops[i].domain,
		                              .mx_host = hops[i].host,
		                              .hop = hops[i].hop,
		                              .route = ROUTE_OPEN};
		char got[256] = "";

		ROW(&hops[i]);
		log_session_leave(&session);
		if (session.route != ROUTE_MOVED) {
			assert_int_equal(session.route, ROUTE_SITE);
			assert_string_equal(session.domain, hops[i].domain);
			assert_string_equal(hops[i].want, "");
			continue;
		}
		do {
			if (got[0] != '\0')
				strcat(got, " ");
			strcat(got, session.domain);
		} while (log_session_climb(&session));
		assert_string_equal(got, hops[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_hop),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
