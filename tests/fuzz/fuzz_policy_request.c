/* Any bytes on the socket, and each request in them: what is read lies within
 * what came, is the same however it was cut, and has an answer.  The keys are
 * looked for among the domains and in a table of overrides. */
#include "base/auto.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "policyd/overrides.h"
#include "policyd/policy_key.h"
#include "policyd/policy_request.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char table[] = "a.test may\n.a.test encrypt\n[a]:25 none\n";

static void check_key(struct span key)
{
	static struct overrides *overrides;
	char domain[DOMAIN_TEXT];
	const char *why = policy_key_domain(key, domain), *text;

	if (overrides == NULL)
		check(overrides_read(&overrides, table, sizeof(table) - 1,
		                     NULL) == 0);
	text = overrides_find(overrides, key);
	check(text == NULL || text[0] != '\0');
	if (why != NULL) {
		check_words(why);
		return;
	}
	check(domain_is_canonical(domain) && domain_is_host(domain));
	check(policy_key_domain(span_of(domain), domain) == NULL);
}

/* With a byte less it is not whole. */
static void check_cut(const char *data, const struct policy_request *request)
{
	struct policy_request half;

	check(policy_request_read(data, request->used - 1, &half, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	struct policy_request request = {0};
	struct err err = {0};
	int rc;

	while ((rc = policy_request_read(at, size, &request, &err)) == 1 ||
	       rc == ERR_NOTFOUND) {
		auto_(strbuf_clear) struct strbuf reply = {0};

		check(request.used > 0 && request.used <= size);
		if (rc == 1) {
			check(request.key.at >= at &&
			      request.key.at + request.key.len < at + size);
			check_key(request.key);
			check_cut(at, &request);
		} else {
			check_words(err.text);
		}
		policy_reply_add(&reply, "OK", at, request.used);
		check(strtoul(strbuf_text(&reply), NULL, 10) ==
		      request.used + 3);
		at += request.used;
		size -= request.used;
	}
	if (rc < 0)
		check_words(err.text);
	return 0;
}
