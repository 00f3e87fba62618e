/* What a domain lacks, as lines for its zone and for the web server of its
 * policy (RFC 8460 section 3, RFC 8461 section 3, RFC 7672 section 3.1). */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "show/doc.h"
#include "show/posture_verdict.h"

enum { MAX_AGE = 7 * 24 * 3600 }; /* at least; RFC 8461: weeks */

/* At work on one document. */
struct advice {
	json_t *list;
	const char *domain;
	const json_t *sts, *mx;
	json_t *lines; /* of the last one */
};

static void begin(struct advice *advice, const char *what, const char *why)
{
	json_t *item = doc_row(advice->list);

	json_set_string(item, "what", what);
	doc_set(item, "why", why);
	advice->lines = doc_array(item, "lines");
}

static void add_line(struct advice *advice, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add_line(struct advice *advice, const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	va_list args;

	va_start(args, fmt);
	strbuf_vprintf(&text, fmt, args);
	va_end(args);
	doc_append(advice->lines, strbuf_text(&text));
}

static bool has_status(const json_t *object, const char *name,
                       enum view_status status)
{
	return strcmp(doc_text(object, name),
	              word_api(&words_lookups, status)) == 0;
}

/* NULL: there is none. */
static const char *address_for(const struct conf_list *addresses,
                               const char *domain)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (strcmp(strchr(addresses->items[i], '@') + 1, domain) == 0)
			return addresses->items[i];
	return addresses->count > 0 ? addresses->items[0] : NULL;
}

/* As it stands in a mailto: URI of a rua, where "!" and "%" do not stand for
 * themselves (RFC 6068 section 2, RFC 8460 section 3). */
static void put_mailto(struct strbuf *out, const char *address)
{
	for (const char *at = address; *at != '\0'; at++)
		if (isalnum((unsigned char)*at) || strchr("-._~+@", *at))
			strbuf_putc(out, *at);
		else
			strbuf_printf(out, "%%%02X", (unsigned char)*at);
}

static void advise_tlsrpt(struct advice *advice, const json_t *tlsrpt,
                          const struct conf_list *addresses)
{
	const char *address = address_for(addresses, advice->domain);
	auto_(strbuf_clear) struct strbuf uri = {0};

	if (!has_status(tlsrpt, "status", VIEW_NONE) &&
	    !has_status(tlsrpt, "status", VIEW_BAD))
		return;
	begin(advice, "tlsrpt", "asks senders for reports");
	if (address != NULL)
		put_mailto(&uri, address);
	else
		strbuf_printf(&uri, "tls-reports@%s", advice->domain);
	add_line(advice, "_smtp._tls.%s. IN TXT \"v=TLSRPTv1; rua=mailto:%s\"",
	         advice->domain, strbuf_text(&uri));
}

static bool all_in_policy(const json_t *mx)
{
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(mx, "hosts"), i, item)
		if (json_is_false(doc_get(item, "inPolicy")))
			return false;
	return true;
}

/* The patterns of the policy, and behind them the hosts that they leave out. */
static void add_mx_lines(struct advice *advice)
{
	const json_t *item;
	size_t i;

	json_array_foreach (doc_get(advice->sts, "mx"), i, item)
		add_line(advice, "mx: %s", json_string_value(item));
	json_array_foreach (doc_get(advice->mx, "hosts"), i, item)
		if (!json_is_true(doc_get(item, "inPolicy")))
			add_line(advice, "mx: %s", doc_text(item, "host"));
}

/* Letters and digits, another one with each policy. */
static void add_record(struct advice *advice, int64_t now)
{
	char text[TIME_TEXT], id[TIME_TEXT];
	size_t len = 0;

	day_format_time(now, text);
	for (const char *at = text; *at != '\0'; at++)
		if (isalnum((unsigned char)*at))
			id[len++] = *at;
	id[len] = '\0';
	add_line(advice, "_mta-sts.%s. IN TXT \"v=STSv1; id=%s\"",
	         advice->domain, id);
}

static void advise_sts(struct advice *advice, enum readiness ready, int64_t now)
{
	bool has_policy = has_status(advice->sts, "policy", VIEW_OK);
	bool is_none = has_status(advice->sts, "record", VIEW_NONE);
	uint64_t max_age = doc_number(advice->sts, "maxAge");
	const char *mode = doc_text(advice->sts, "mode");

	if (!has_status(advice->mx, "status", VIEW_OK) ||
	    !(is_none || (has_policy &&
	                  (ready == READY_YES || !all_in_policy(advice->mx)))))
		return;
	begin(advice, "policy",
	      "the policy, at https://mta-sts.DOMAIN/.well-known/mta-sts.txt "
	      "with a certificate that is valid for that host; before the "
	      "record");
	if (is_none || strcmp(mode, word_api(&words_sts_modes, STS_NONE)) == 0)
		mode = word_api(&words_sts_modes, STS_TESTING);
	if (ready == READY_YES)
		mode = word_api(&words_sts_modes, STS_ENFORCE);
	add_line(advice, "version: STSv1");
	add_line(advice, "mode: %s", mode);
	add_mx_lines(advice);
	add_line(advice, "max_age: %" PRIu64,
	         max_age > MAX_AGE ? max_age : (uint64_t)MAX_AGE);
	begin(advice, "mtaSts",
	      is_none ? "says that there is a policy"
	              : "says that there is another policy");
	add_record(advice, now);
}

/* Only a signed zone can have them. */
static void advise_tlsa(struct advice *advice)
{
	const json_t *item;
	bool begun = false;
	size_t i;

	if (!json_is_true(doc_get(advice->mx, "secure")))
		return;
	json_array_foreach (doc_get(advice->mx, "hosts"), i, item) {
		if (!has_status(item, "tlsa", VIEW_NONE))
			continue;
		if (!begun)
			begin(advice, "tlsa",
			      "for senders that do DANE, where the host's zone "
			      "is signed; HASH is printed by: openssl x509 "
			      "-noout -pubkey -in CERTIFICATE | openssl pkey "
			      "-pubin -outform DER | sha256sum");
		begun = true;
		add_line(advice, "_25._tcp.%s. IN TLSA 3 1 1 HASH",
		         doc_text(item, "host"));
	}
}

void posture_publish(json_t *doc, enum readiness ready,
                     const struct conf_list *addresses, int64_t now)
{
	const json_t *published = doc_get(doc, "published");
	struct advice advice = {.list = doc_array(doc, "publish"),
	                        .domain = doc_text(doc, "domain"),
	                        .sts = doc_get(published, "mtaSts"),
	                        .mx = doc_get(published, "mx")};

	if (ready == READY_UNKNOWN || ready == READY_NO_MAIL)
		return;
	advise_tlsrpt(&advice, doc_get(published, "tlsrpt"), addresses);
	advise_sts(&advice, ready, now);
	advise_tlsa(&advice);
}
