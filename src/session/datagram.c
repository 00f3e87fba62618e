#include "session/datagram.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/span.h"
#include "base/utf8.h"
#include "session/detail_text.h"

/* Keeps the first failure; every reader of members goes through here. */
struct decoder {
	struct session *session;
	struct err *err;
	bool failed;
};

static void fail(struct decoder *dec, const char *what, const char *why)
{
	if (!dec->failed)
		err_set(dec->err, ERR_PARSE, "%s: %s", what, why);
	dec->failed = true;
}

/* A lent string; NULL when absent or null. */
static const char *string(struct decoder *dec, const json_t *object,
                          const char *name)
{
	const char *value = NULL;

	if (json_get_string(object, name, &value, NULL) < 0)
		fail(dec, name, "not a string");
	return value;
}

static const json_t *array(struct decoder *dec, const json_t *object,
                           const char *name, size_t max)
{
	const json_t *value = NULL;

	if (json_get_array(object, name, &value, NULL) < 0)
		fail(dec, name, "not an array");
	if (json_array_size(value) > max)
		fail(dec, name, "too many elements");
	return dec->failed ? NULL : value;
}

static bool number(struct decoder *dec, const json_t *object, const char *name,
                   int64_t *value)
{
	const json_t *member = json_object_get(object, name);

	if (member == NULL || json_is_null(member))
		return false;
	if (!json_is_integer(member)) {
		fail(dec, name, "not a whole number");
		return false;
	}
	*value = json_integer_value(member);
	return true;
}

static const char **strings(struct decoder *dec, const json_t *object,
                            const char *name, size_t *count)
{
	const json_t *from = array(dec, object, name, SESSION_STRINGS_MAX);
	const char **out;

	*count = json_array_size(from);
	out = arena_array(&dec->session->mem, *count, sizeof(*out));
	for (size_t i = 0; i < *count; i++) {
		out[i] = json_string_value(json_array_get(from, i));
		if (out[i] == NULL)
			fail(dec, name, "an element is not a string");
	}
	return out;
}

static void decode_failure(struct decoder *dec, const json_t *from,
                           struct failure_detail *out)
{
	int64_t code = 0;
	int result;

	if (!json_is_object(from)) {
		fail(dec, "failure-details", "an element is not an object");
		return;
	}
	for (size_t i = 0; i < DETAIL_TEXTS; i++)
		detail_text_set(
			out, &detail_text_rows[i],
			string(dec, from, detail_text_rows[i].libtlsrpt));
	if (!number(dec, from, "c", &code))
		fail(dec, "failure-details", "an element has no code");
	result = word_find_libtlsrpt(&words_results, code);
	out->result = (enum result_type)result;
	if (result < 0) {
		out->result = RESULT_VALIDATION_FAILURE;
		out->reason =
			arena_printf(&dec->session->mem, "%" PRId64, code);
	}
}

/* Of a policy's lines the first with the mode counts (RFC 8461 section 3.2). */
static bool is_testing(const struct session_policy *policy)
{
	for (size_t i = 0; i < policy->string_count; i++) {
		struct span line = span_of(policy->strings[i]), key;

		if (span_until(&line, ':', &key) &&
		    span_is(span_trim(key), "mode"))
			return span_is(span_trim(line), "testing");
	}
	return false;
}

/*
 * Postfix was told of an MTA-STS policy that it was not to enforce: one in
 * testing mode, or one that could not be had, and has no lines.  It calls such
 * a session a success whatever the certificate, and whichever the MX.
 */
static bool is_unjudged(const struct session_policy *policy)
{
	return policy->type == POLICY_STS && !policy->failed &&
	       (session_policy_is_bare(policy) || is_testing(policy));
}

/* Is it about the certificate's chain alone?  Then the handshake was done. */
static bool is_untrusted(const struct failure_detail *detail)
{
	switch (detail->result) {
	case RESULT_CERTIFICATE_NOT_TRUSTED:
	case RESULT_CERTIFICATE_EXPIRED:
		return true;
	case RESULT_VALIDATION_FAILURE:
		/* "self-signed_certificate", not "tls-handshake-failure" nor
		 * "all-fingerprints-unusable" */
		return detail->reason != NULL &&
		       strcmp(detail->reason, "tls-handshake-failure") != 0 &&
		       strncmp(detail->reason, "all-", 4) != 0 &&
		       strspn(detail->reason, "0123456789") !=
		               strlen(detail->reason);
	default:
		return false;
	}
}

/*
 * With "untrusted" in smtp_tls_loglevel Postfix calls a session with a
 * certificate that nobody vouches for a failure, also where the domain has no
 * policy that asks for another, or one that could not be had: TLS is all that
 * such a domain promises.
 */
static void take_back_untrusted(struct session_policy *policy)
{
	bool asks =
		policy->type != POLICY_NONE &&
		(policy->type != POLICY_STS || !session_policy_is_bare(policy));

	if (asks || policy->failure_count == 0)
		return;
	for (size_t i = 0; i < policy->failure_count; i++)
		if (!is_untrusted(&policy->failures[i]))
			return;
	policy->failed = false;
	policy->failure_count = 0;
}

static void decode_policy(struct decoder *dec, const json_t *from,
                          struct session_policy *out)
{
	int64_t type = 0, final = 0;
	const json_t *failures;
	int known;

	if (!json_is_object(from)) {
		fail(dec, "policies", "an element is not an object");
		return;
	}
	if (!number(dec, from, "policy-type", &type))
		fail(dec, "policies", "an element has no policy-type");
	known = word_find_libtlsrpt(&words_policies, type);
	out->type = known < 0 ? POLICY_OTHER : (enum policy_type)known;
	out->domain = string(dec, from, "policy-domain");
	out->strings = strings(dec, from, "policy-string", &out->string_count);
	out->mx_hosts = strings(dec, from, "mx-host", &out->mx_count);
	failures = array(dec, from, "failure-details", SESSION_FAILURES_MAX);
	out->failure_count = json_array_size(failures);
	out->failures = arena_array(&dec->session->mem, out->failure_count,
	                            sizeof(*out->failures));
	for (size_t i = 0; i < out->failure_count && !dec->failed; i++)
		decode_failure(dec, json_array_get(failures, i),
		               &out->failures[i]);
	/* the final result; without one the details have to tell */
	out->failed = number(dec, from, "f", &final) ? final != 0
	                                             : out->failure_count > 0;
	if (dec->failed)
		return;
	take_back_untrusted(out);
	out->unjudged = is_unjudged(out);
}

static void decode_session(struct decoder *dec, const json_t *root)
{
	struct session *session = dec->session;
	const json_t *policies;

	session->domain = string(dec, root, "d");
	session->record = string(dec, root, "pr");
	policies = array(dec, root, "policies", SESSION_POLICIES_MAX);
	if (json_array_size(policies) == 0)
		fail(dec, "policies", "none");
	session->policies =
		arena_array(&session->mem, json_array_size(policies),
	                    sizeof(*session->policies));
	session->policy_count = json_array_size(policies);
	for (size_t i = 0; i < session->policy_count && !dec->failed; i++)
		decode_policy(dec, json_array_get(policies, i),
		              &session->policies[i]);
}

/* "dpv" came with libtlsrpt's first release; very old ones have none. */
static bool version_is_known(const json_t *root)
{
	const json_t *dpv = json_object_get(root, "dpv");

	return dpv == NULL || (json_is_string(dpv) &&
	                       strcmp(json_string_value(dpv), "1") == 0);
}

enum bad_input datagram_decode_json(const json_t *root, struct session *session,
                                    struct err *err)
{
	struct decoder dec = {.session = session, .err = err};
	struct err why;

	session_reset(session);
	if (!version_is_known(root)) {
		err_set(err, ERR_PARSE, "dpv: not version 1");
		return BAD_VERSION;
	}
	decode_session(&dec, root);
	if (dec.failed)
		return BAD_MEMBER;
	if (session_canonicalize(session, &why) < 0) {
		err_set(err, ERR_PARSE, "d: %s", why.text);
		return BAD_DOMAIN;
	}
	return BAD_NONE;
}

enum bad_input datagram_decode(const void *data, size_t len,
                               struct session *session, struct err *err)
{
	auto_(json_free) json_t *root = NULL;
	json_error_t why;

	session_reset(session);
	if (len > DATAGRAM_MAX) {
		err_set(err, ERR_LIMIT, "longer than %d bytes", DATAGRAM_MAX);
		return BAD_TRUNCATED;
	}
	/* jansson refuses all of a text for one bad byte */
	if (!utf8_valid(data, len))
		data = utf8_repair(&session->mem, data, len, &len);
	root = json_loadb(data, len, JSON_ALLOW_NUL, &why);
	if (!json_is_object(root)) {
		err_set(err, ERR_PARSE, "not a JSON object: %s",
		        root ? "another kind of value" : why.text);
		return BAD_JSON;
	}
	return datagram_decode_json(root, session, err);
}
