#include "model/maillog.h"

#include <string.h>

#include "model/maillog_read.h"

/* The lines whose left end is fixed: what follows it is read by the row's
 * function, which says what kind it is. */
struct form {
	const char *left;
	enum fact_kind (*read)(const struct form *form, struct span rest,
	                       struct fact *fact);
	enum tls_trust trust;
};

enum { HOST_MAX = 255, INSIDE_MAX = 255 };

/* No name of a host has a blank in it, so none reaches into the words after
 * it. */
bool maillog_peer(struct span *text, struct fact *fact)
{
	struct span rest = *text, host, ip, after;
	int64_t port = 0;

	if (!span_until(&rest, '[', &host) || host.len == 0 ||
	    host.len > HOST_MAX || memchr(host.at, ' ', host.len) != NULL)
		return false;
	if (!span_until(&rest, ']', &ip) || ip.len == 0 ||
	    ip.len > INSIDE_MAX || memchr(ip.at, ' ', ip.len) != NULL)
		return false;
	after = rest;
	if (span_skip(&after, ":") && span_number(&after, 5, &port))
		rest = after;
	fact->host = host;
	fact->ip = ip;
	fact->port = (int)port;
	*text = rest;
	return true;
}

/* "established to mx[ip]:25: TLSv1.3 with cipher ..." */
static enum fact_kind read_connection(const struct form *form, struct span rest,
                                      struct fact *fact)
{
	enum fact_kind kind = FACT_TLS_UP;

	if (span_skip(&rest, "reused to "))
		kind = FACT_TLS_REUSED;
	else if (!span_skip(&rest, "established to "))
		return FACT_NONE;
	fact->trust = form->trust;
	return maillog_peer(&rest, fact) ? kind : FACT_NONE;
}

/* "mx[ip]:25: -1", "mx[ip]:25: lost connection" */
static enum fact_kind read_error(const struct form *form, struct span rest,
                                 struct fact *fact)
{
	(void)form;
	if (!maillog_peer(&rest, fact))
		return FACT_NONE;
	span_skip(&rest, ": ");
	fact->reason = rest;
	return FACT_TLS_ERROR;
}

/*
 * What Postfix found wrong with the certificate, and the reason as Postfix
 * 3.10 sends it itself in a TLSRPT event: OpenSSL's words with underscores,
 * none where the result type says it all.
 */
static const struct {
	const char *text; /* the reason begins with it */
	enum result_type result;
	const char *reason;
} complaints[] = {
	{"not trusted by local or TLSA policy", RESULT_CERTIFICATE_NOT_TRUSTED,
         ""},
	{"self-signed certificate", RESULT_VALIDATION_FAILURE,
         "self-signed_certificate"},
	/* Postfix itself calls it validation-failure; RFC 8460 section 4.3.1
         * has a word for it */
	{"untrusted issuer ", RESULT_CERTIFICATE_NOT_TRUSTED,
         "untrusted_issuer"},
	{"certificate not yet valid", RESULT_VALIDATION_FAILURE,
         "certificate_is_not_yet_valid"},
	{"certificate has expired", RESULT_CERTIFICATE_EXPIRED, ""},
	{"not designated for use as a server certificate",
         RESULT_VALIDATION_FAILURE, "unsuitable_certificate_purpose"},
	{"certificate chain longer than limit(", RESULT_VALIDATION_FAILURE,
         "certificate_chain_too_long"},
	{"num=62:", RESULT_CERTIFICATE_HOST_MISMATCH, ""},
	{"num=65:", RESULT_CERTIFICATE_NOT_TRUSTED, ""},
	{"external policy failure (sts-policy-fetch-error)",
         RESULT_STS_POLICY_FETCH_ERROR, ""},
	{"external policy failure (sts-policy-invalid)",
         RESULT_STS_POLICY_INVALID, ""},
	{"external policy failure (sts-webpki-invalid)",
         RESULT_STS_WEBPKI_INVALID, ""},
	{"external policy failure (", RESULT_VALIDATION_FAILURE, ""},
};

/* "mx[ip]:25: certificate has expired" */
static enum fact_kind read_complaint(const struct form *form, struct span rest,
                                     struct fact *fact)
{
	int64_t number;

	(void)form;
	if (!maillog_peer(&rest, fact) || !span_skip(&rest, ": "))
		return FACT_NONE;
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]);
	     i++) {
		if (!span_starts(rest, complaints[i].text))
			continue;
		fact->result = complaints[i].result;
		fact->reason = span_of(complaints[i].reason);
		return FACT_NOT_VERIFIED;
	}
	fact->result = RESULT_CERTIFICATE_NOT_TRUSTED;
	if (span_skip(&rest, "num=") && span_number(&rest, 9, &number))
		span_skip(&rest, ":");
	fact->reason = rest;
	return FACT_NOT_VERIFIED;
}

static enum fact_kind read_library(const struct form *form, struct span rest,
                                   struct fact *fact)
{
	(void)form;
	fact->reason = rest;
	return FACT_TLS_LIBRARY;
}

static enum fact_kind read_event(const struct form *form, struct span rest,
                                 struct fact *fact)
{
	(void)form;
	(void)rest;
	(void)fact;
	return FACT_EVENT_SENT;
}

/* "[mx.example.com]": TLS would have been there, and our side wants none. */
static enum fact_kind read_offer(const struct form *form, struct span rest,
                                 struct fact *fact)
{
	(void)form;
	(void)rest;
	(void)fact;
	return FACT_NOT_WANTED;
}

/* The next hop as transport(5) writes it: "[mx.example.com]:587". */
static struct span next_hop_name(struct span hop)
{
	struct span name = hop;

	if (span_skip(&name, "["))
		return span_until(&name, ']', &hop) ? hop : name;
	return span_until(&name, ':', &hop) ? hop : name;
}

static const struct {
	const char *text;
	enum lookup_reason lookup;
} lookup_reasons[] = {
	{"TLSA lookup error for ", LOOKUP_TLSA_ERROR},
	{"no TLSA records found", LOOKUP_NO_TLSA},
	{"non DNSSEC destination", LOOKUP_NOT_DNSSEC},
	{"Verification not possible, MX RRset is insecure", LOOKUP_NOT_DNSSEC},
	{"TLSA records unusable", LOOKUP_UNUSABLE},
	{"client TLS configuration problem", LOOKUP_LOCAL},
};

/* "example.com/mx.example.com: no TLSA records found" */
static enum fact_kind read_lookup(const struct form *form, struct span rest,
                                  struct fact *fact)
{
	struct span names;
	const char *slash;

	(void)form;
	if (!span_until_text(&rest, ": ", &names) || names.len == 0)
		return FACT_NONE;
	slash = memrchr(names.at, '/', names.len);
	if (slash == NULL)
		return FACT_NONE;
	fact->host = (struct span){slash + 1,
	                           (size_t)(names.at + names.len - slash - 1)};
	names.len = (size_t)(slash - names.at);
	fact->domain = next_hop_name(names);
	for (size_t i = 0;
	     i < sizeof(lookup_reasons) / sizeof(lookup_reasons[0]); i++)
		if (span_starts(rest, lookup_reasons[i].text))
			fact->lookup = lookup_reasons[i].lookup;
	return FACT_POLICY_LOOKUP;
}

/* "...Name service error for name=_25._tcp.mx.example.com type=TLSA: ..." */
static enum fact_kind read_tlsa_problem(const struct form *form,
                                        struct span rest, struct fact *fact)
{
	struct span unused, name;

	(void)form;
	fact->reason = rest;
	if (span_until_text(&rest, "name=", &unused) &&
	    span_until(&rest, ' ', &name) &&
	    span_until_text(&name, "._tcp.", &unused))
		fact->host = name;
	return FACT_TLSA_PROBLEM;
}

/* "mx.example.com' does not match STS MX pattern for 'example.com'" */
static enum fact_kind read_mx_mismatch(const struct form *form,
                                       struct span rest, struct fact *fact)
{
	(void)form;
	if (!span_until(&rest, '\'', &fact->host) ||
	    !span_skip(&rest, " does not match STS MX pattern for '") ||
	    !span_until(&rest, '\'', &fact->domain))
		return FACT_NONE;
	return FACT_MX_MISMATCH;
}

static const struct form plain_forms[] = {
	{"Trusted TLS connection ", read_connection, TRUST_TRUSTED},
	{"Untrusted TLS connection ", read_connection, TRUST_UNTRUSTED},
	{"Verified TLS connection ", read_connection, TRUST_VERIFIED},
	{"Anonymous TLS connection ", read_connection, TRUST_ANONYMOUS},
	{"certificate verification failed for ", read_complaint, 0},
	{"server certificate verification failed for ", read_complaint, 0},
	{"CA certificate verification failed for ", read_complaint, 0},
	{"SSL_connect error to ", read_error, 0},
	{"TLSRPT: status=", read_event, 0},
	{"Host offered STARTTLS: ", read_offer, 0},
};

static const struct form warning_forms[] = {
	{"TLS library problem: ", read_library, 0},
	{"TLS policy lookup for ", read_lookup, 0},
	{"TLS policy lookup error for ", read_lookup, 0},
	{"DANE TLSA lookup problem: ", read_tlsa_problem, 0},
	{"MX name '", read_mx_mismatch, 0},
};

/* "mx[ip]:25: all TLSA records unusable, fallback to unauthenticated TLS" */
static enum fact_kind read_about_peer(struct span text, struct fact *fact)
{
	if (!maillog_peer(&text, fact) || !span_skip(&text, ": "))
		return FACT_NONE;
	if (span_skip(&text, "all TLSA records unusable")) {
		fact->fallback = span_starts(text, ", fallback");
		return FACT_TLSA_UNUSABLE;
	}
	if (span_starts(text, "re-using session with untrusted "))
		return FACT_SESSION_BAD;
	return FACT_NONE;
}

/* "_25._tcp.mx.example.com unsupported TLSA certificate usage: 1 0 1 ..." */
static enum fact_kind read_unsupported(struct span text, struct fact *fact)
{
	struct span name, unused;

	if (!span_starts(text, "_") || !span_until(&text, ' ', &name) ||
	    !span_starts(text, "unsupported TLSA ") ||
	    !span_until_text(&name, "._tcp.", &unused))
		return FACT_NONE;
	if (name.len > 0 && name.at[name.len - 1] == ':')
		name.len--;
	fact->host = name;
	return FACT_TLSA_UNSUPPORTED;
}

/* The row whose left end the text has, moved past it; NULL when none. */
static const struct form *find_form(const struct form *forms, size_t count,
                                    struct span *text)
{
	for (size_t i = 0; i < count; i++)
		if (span_skip(text, forms[i].left))
			return &forms[i];
	return NULL;
}

#define FIND_FORM(forms, text)                                                 \
	find_form(forms, sizeof(forms) / sizeof((forms)[0]), text)

/* A line of smtp(8) or tlsproxy(8) without a queue id. */
static enum fact_kind read_tls_line(struct span text, struct fact *fact)
{
	bool warning = span_skip(&text, "warning: ");
	const struct form *form = warning ? FIND_FORM(warning_forms, &text)
	                                  : FIND_FORM(plain_forms, &text);
	enum fact_kind kind;

	if (form != NULL)
		return form->read(form, text, fact);
	kind = read_about_peer(text, fact);
	if (kind == FACT_NONE && warning)
		kind = read_unsupported(text, fact);
	return kind;
}

enum service { SERVICE_OTHER, SERVICE_SMTP, SERVICE_TLSPROXY, SERVICE_QMGR };

/* By the program's last part; the length decides for nearly all. */
static enum service service_of(struct span program)
{
	const char *slash;
	struct span name;

	if (program.len < 12 || !span_starts(program, "postfix"))
		return SERVICE_OTHER;
	slash = memrchr(program.at, '/', program.len);
	if (slash == NULL)
		return SERVICE_OTHER;
	name.at = slash + 1;
	name.len = (size_t)(program.at + program.len - name.at);
	if (span_is(name, "smtp"))
		return SERVICE_SMTP;
	if (span_is(name, "qmgr"))
		return SERVICE_QMGR;
	return span_is(name, "tlsproxy") ? SERVICE_TLSPROXY : SERVICE_OTHER;
}

/* Words at the left end that look like queue ids. */
static bool is_no_queue_id(struct span text)
{
	static const char *const words[] = {
		"warning: ", "error: ", "fatal: ", "panic: ", "TLSRPT: "};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_starts(text, words[i]))
			return true;
	return false;
}

enum fact_kind maillog_read(const struct log_line *line,
                            const struct maillog_site *site, struct fact *fact)
{
	enum service service = service_of(line->program);
	struct span text = line->message;
	bool queued;

	fact->kind = FACT_NONE;
	if (service == SERVICE_OTHER)
		return FACT_NONE;
	memset(fact, 0, sizeof(*fact));
	fact->proxied = service == SERVICE_TLSPROXY;
	queued = service != SERVICE_TLSPROXY && !is_no_queue_id(text) &&
	         maillog_queue_id(&text, &fact->queue_id);
	if (service == SERVICE_QMGR)
		fact->kind =
			queued ? maillog_qmgr_queue(text, fact) : FACT_NONE;
	else
		fact->kind = queued ? maillog_smtp_queue(text, site, fact)
		                    : read_tls_line(text, fact);
	return fact->kind;
}
