#include "maillog/maillog.h"

#include <string.h>

#include "maillog/maillog_read.h"

/* The lines whose left end is fixed: what follows it is read by the row's
 * function, which says what kind it is. */
struct form {
	const char *left;
	enum fact_kind (*read)(const struct form *form, struct span rest,
	                       struct fact *fact);
	enum tls_trust trust;
	enum fact_kind kind; /* of read_no_more */
};

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

/* errno of what this host ran out of, as "%m" says it. */
static bool is_our_errno(struct span reason)
{
	return span_is(reason, "Cannot allocate memory") ||
	       span_is(reason, "No buffer space available") ||
	       span_is(reason, "Too many open files") ||
	       span_is(reason, "Too many open files in system");
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
	fact->our_fault = is_our_errno(rest);
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
	{"num=64:", RESULT_CERTIFICATE_HOST_MISMATCH, ""}, /* IP address */
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
	fact->no_match = span_starts(rest, "num=65:");
	for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]);
	     i++) {
		if (!span_starts(rest, complaints[i].text))
			continue;
		fact->result = complaints[i].result;
		fact->reason = span_of(complaints[i].reason);
		return FACT_NOT_VERIFIED;
	}
	fact->result = RESULT_CERTIFICATE_NOT_TRUSTED;
	if (span_skip(&rest, "num=") && span_number(&rest, 9, &number)) {
		/* out of memory, a call that is wrong, a store that cannot be
		 * read */
		fact->our_fault = number == 17 || number == 69 || number == 70;
		span_skip(&rest, ":");
	}
	fact->reason = rest;
	return FACT_NOT_VERIFIED;
}

/*
 * "error:0A0000BF:SSL routines::no protocols available:../ssl/...": the fifth
 * field says why, and some reasons are of this host's settings.  The other
 * side's are "ssl/tls alert ..." and what its messages are like.
 */
static enum fact_kind read_library(const struct form *form, struct span rest,
                                   struct fact *fact)
{
	static const char *const ours[] = {
		"no protocols available", "no ciphers available",
		"library has no ciphers", "malloc failure",
		"internal error",
	};
	struct span field = {0};

	(void)form;
	fact->reason = rest;
	for (int i = 0; i < 5; i++)
		span_split(&rest, ':', &field);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		fact->our_fault |= span_is(field, ours[i]);
	return FACT_TLS_LIBRARY;
}

/* "[192.0.2.1]:25" */
static bool read_endpoint(struct span text, struct fact *fact)
{
	int64_t port = 0;

	if (!span_skip(&text, "[") || !span_until(&text, ']', &fact->ip) ||
	    !span_skip(&text, ":") || !span_number(&text, 5, &port))
		return false;
	fact->port = (int)port;
	return true;
}

/* tlsproxy(8) has taken a connection over; what comes of its handshake is the
 * other side's. */
static enum fact_kind read_taken(const struct form *form, struct span rest,
                                 struct fact *fact)
{
	(void)form;
	return read_endpoint(rest, fact) ? FACT_TAKEN : FACT_NONE;
}

/* "service=smtp peer=[192.0.2.1]:25" */
static enum fact_kind read_proxy_failed(const struct form *form,
                                        struct span rest, struct fact *fact)
{
	struct span service;

	(void)form;
	return span_until_text(&rest, " peer=", &service) &&
	                       read_endpoint(rest, fact)
	               ? FACT_TLS_ERROR
	               : FACT_NONE;
}

/* "success, domain=example.com, receiving_mx=mx.example.com[192.0.2.1]" and
 * "failure, ..., failure_type=...".  One that is cut off is one all the same.
 */
static enum fact_kind read_event(const struct form *form, struct span rest,
                                 struct fact *fact)
{
	struct span unused;

	(void)form;
	fact->event_failed = span_starts(rest, "failure");
	if (span_until_text(&rest, ", receiving_mx=", &unused))
		maillog_peer(&rest, fact);
	return FACT_EVENT_SENT;
}

/* The left end says it all. */
static enum fact_kind read_no_more(const struct form *form, struct span rest,
                                   struct fact *fact)
{
	(void)rest;
	(void)fact;
	return form->kind;
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
	fact->dest_is_host = span_starts(names, "[");
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
	{"Trusted TLS connection ", read_connection, .trust = TRUST_TRUSTED},
	{"Untrusted TLS connection ", read_connection,
         .trust = TRUST_UNTRUSTED},
	{"Verified TLS connection ", read_connection, .trust = TRUST_VERIFIED},
	{"Anonymous TLS connection ", read_connection,
         .trust = TRUST_ANONYMOUS},
	{"certificate verification failed for ", .read = read_complaint},
	{"server certificate verification failed for ", .read = read_complaint},
	{"CA certificate verification failed for ", .read = read_complaint},
	{"SSL_connect error to ", .read = read_error},
	{"TLSRPT: status=", .read = read_event},
	/* TLS would have been there, and our side wants none */
	{"Host offered STARTTLS: ", read_no_more, .kind = FACT_NOT_WANTED},
	{"CONNECT to ", .read = read_taken},
	{"TLS handshake failed for service=", .read = read_proxy_failed},
};

static const struct form warning_forms[] = {
	{"TLS library problem: ", .read = read_library},
	{"TLS policy lookup for ", .read = read_lookup},
	{"TLS policy lookup error for ", .read = read_lookup},
	{"DANE TLSA lookup problem: ", .read = read_tlsa_problem},
	{"MX name '", .read = read_mx_mismatch},
	{"TLSRPT is selected, but TLSRPT is not compiled in", read_no_more,
         .kind = FACT_NO_EVENTS},
};

/* A setting of ours keeps the session from being what it could be. */
static bool is_our_setting(struct span text)
{
	static const char *const words[] = {
		"Invalid TLS protocol list ",
		"invalid cipher grade: ",
		"invalid unary ",
		"error setting cipher grade: ",
		"error enabling ",
		"error configuring local trust anchors",
		"error setting SNI hostname ",
		"ignoring too long SNI hostname: ",
		"all fingerprints unusable",
		"all trust anchors unusable",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_starts(text, words[i]))
			return true;
	return false;
}

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
	return is_our_setting(text) ? FACT_OUR_FAULT : FACT_NONE;
}

/* "connect to private/tlsproxy service: Connection refused", and what else
 * keeps smtp(8) from handing a connection to tlsproxy(8). */
static bool is_no_proxy(struct span text)
{
	static const char *const words[] = {"connect to ", "error receiving ",
	                                    "error sending request to ",
	                                    "sending file handle to "};
	struct span name;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_skip(&text, words[i]))
			break;
	return span_skip(&text, "private/") && span_until(&text, ' ', &name) &&
	       span_starts(text, "service");
}

/* Its certificate, CA or settings file cannot be read, tlsmgr(8) is not there:
 * at level may it goes on without TLS, and says nothing more. */
static bool is_no_engine(struct span text)
{
	static const char words[] = "disabling TLS support";
	size_t len = sizeof(words) - 1;

	return (text.len >= len &&
	        memcmp(text.at + text.len - len, words, len) == 0) ||
	       span_starts(text, "error opening chain file: ") ||
	       span_starts(text, "TLS has been selected, but TLS support is "
	                         "not compiled in");
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
	if (kind == FACT_NONE && warning && is_no_proxy(text))
		kind = FACT_OUR_FAULT;
	return kind == FACT_NONE && is_no_engine(text) ? FACT_NO_ENGINE : kind;
}

enum service {
	SERVICE_OTHER,
	SERVICE_SMTP,
	SERVICE_TLSPROXY,
	SERVICE_QMGR,
	SERVICE_ANY /* Postfix, and it does not say which */
};

/* By the program's last part; its length decides for nearly all. */
static enum service service_of(struct span program,
                               const struct maillog_site *site)
{
	const char *slash =
		program.len > 0 ? memrchr(program.at, '/', program.len) : NULL;
	struct span name;

	if (slash == NULL) {
		bool ours = span_starts(program, "postfix");

		for (size_t i = 0; site != NULL && i < site->name_count; i++)
			ours |= span_is(program, site->names[i]);
		return ours ? SERVICE_ANY : SERVICE_OTHER;
	}
	name.at = slash + 1;
	name.len = (size_t)(program.at + program.len - name.at);
	if (slash == program.at)
		return SERVICE_OTHER;
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

/* smtp(8) or qmgr(8), it is not said which; or another service, whose sessions
 * are not with port 25: local(8), pipe(8), lmtp(8), and smtpd(8) with what it
 * says of its clients. */
static enum fact_kind read_any(struct span text, bool queued,
                               const struct maillog_site *site,
                               struct fact *fact)
{
	enum { SMTP_PORT = 25 };
	enum fact_kind kind = queued ? maillog_smtp_queue(text, site, fact)
	                             : read_tls_line(text, fact);

	if (kind == FACT_NONE && queued)
		kind = maillog_qmgr_queue(text, fact);
	if (kind == FACT_DELIVERY && fact->port != SMTP_PORT)
		fact->has_relay = false;
	else if (!queued && fact->port != 0 && fact->port != SMTP_PORT)
		kind = FACT_NONE;
	return kind;
}

enum fact_kind maillog_read(const struct log_line *line,
                            const struct maillog_site *site, struct fact *fact)
{
	enum service service = service_of(line->program, site);
	struct span text = line->message;
	bool queued;

	fact->kind = FACT_NONE;
	if (service == SERVICE_OTHER || line->pid == 0)
		return FACT_NONE;
	memset(fact, 0, sizeof(*fact));
	fact->proxied = service == SERVICE_TLSPROXY;
	queued = service != SERVICE_TLSPROXY && !is_no_queue_id(text) &&
	         maillog_queue_id(&text, &fact->queue_id);
	if (service == SERVICE_ANY)
		fact->kind = read_any(text, queued, site, fact);
	else if (service == SERVICE_QMGR)
		fact->kind =
			queued ? maillog_qmgr_queue(text, fact) : FACT_NONE;
	else
		fact->kind = queued ? maillog_smtp_queue(text, site, fact)
		                    : read_tls_line(text, fact);
	return fact->kind;
}

bool maillog_names_service(struct span program)
{
	enum service service = service_of(program, NULL);

	return service != SERVICE_OTHER && service != SERVICE_ANY;
}

bool maillog_is_lost(const struct log_line *line)
{
	struct log_clock clock = {0};
	struct log_line inner;
	enum service service;

	if (line->pid == 0) {
		service = service_of(line->program, NULL);
		if (service != SERVICE_OTHER &&
		    (service != SERVICE_ANY ||
		     span_is(line->program, "postfix")))
			return true;
	}
	return maillog_has_stamp(line->message) &&
	       maillog_line_split(line->message.at, line->message.len, &clock,
	                          &inner) &&
	       service_of(inner.program, NULL) != SERVICE_OTHER;
}
