#include "unit/test.h"

#include <stdlib.h>
#include <time.h>

#include "base/day.h"
#include "base/strbuf.h"
#include "maillog/maillog.h"

/* 2026-11-23T12:40:00Z */
enum { NOW = 1795437600 };

static const char *const kinds[FACT_KINDS] = {
	[FACT_NONE] = "nothing",
	[FACT_TLS_UP] = "up",
	[FACT_TLS_REUSED] = "reused",
	[FACT_TLS_ERROR] = "error",
	[FACT_TLS_LIBRARY] = "library",
	[FACT_NOT_VERIFIED] = "not-verified",
	[FACT_SESSION_BAD] = "session-bad",
	[FACT_TLSA_UNUSABLE] = "tlsa-unusable",
	[FACT_TLSA_UNSUPPORTED] = "tlsa-unsupported",
	[FACT_POLICY_LOOKUP] = "lookup",
	[FACT_TLSA_PROBLEM] = "tlsa-problem",
	[FACT_MX_MISMATCH] = "mx-mismatch",
	[FACT_OUR_FAULT] = "our-fault",
	[FACT_NO_ENGINE] = "no-engine",
	[FACT_TAKEN] = "taken",
	[FACT_EVENT_SENT] = "event",
	[FACT_NO_EVENTS] = "no-events",
	[FACT_NOT_WANTED] = "not-wanted",
	[FACT_DELIVERY] = "delivery",
	[FACT_UNCLEAR] = "unclear",
	[FACT_MX_FAILED] = "mx-failed",
	[FACT_MAIL_FROM] = "from",
	[FACT_MAIL_GONE] = "gone",
};
static const char *const trusts[] = {"anonymous", "untrusted", "trusted",
                                     "verified"};
static const char *const refusals[] = {
	"",          "not-offered",  "refused",
	"handshake", "not-verified", "not-trusted",
	"local",
};
static const char *const lookups[] = {
	"other", "tlsa-error", "no-tlsa", "not-dnssec", "unusable", "local",
};

static void put_span(struct strbuf *out, const char *name, struct span span)
{
	if (span.len > 0)
		strbuf_printf(out, " %s=%.*s", name, (int)span.len, span.at);
}

static void put_feature(struct strbuf *out, const struct tls_feature *tls)
{
	static const char *const levels[TLS_LEVELS] = {
		"unknown",   "none", "may",       "encrypt", "fingerprint",
		"half-dane", "dane", "dane-only", "verify",  "secure",
	};

	if (!tls->said)
		return;
	strbuf_printf(out, " tls=%s:%s", levels[tls->wanted], levels[tls->got]);
	strbuf_printf(out, "%s%s%s%s", tls->unmet ? " unmet" : "",
	              tls->undecided ? " undecided" : "",
	              tls->no_starttls ? " no-starttls" : "",
	              tls->no_match ? " no-match" : "");
}

/* A fact in a line: what is there, in this order. */
static void put_fact(struct strbuf *out, const struct fact *fact)
{
	strbuf_puts(out, kinds[fact->kind]);
	if (fact->kind == FACT_TLS_UP)
		strbuf_printf(out, " %s", trusts[fact->trust]);
	if (fact->kind == FACT_NOT_VERIFIED)
		strbuf_printf(out, " %s",
		              word_rfc(&words_results, fact->result));
	if (fact->kind == FACT_POLICY_LOOKUP)
		strbuf_printf(out, " %s", lookups[fact->lookup]);
	put_span(out, "id", fact->queue_id);
	put_span(out, "domain", fact->domain);
	put_span(out, "address", fact->address);
	put_span(out, "host", fact->host);
	put_span(out, "ip", fact->ip);
	if (fact->port != 0)
		strbuf_printf(out, " port=%d", fact->port);
	put_span(out, "reason", fact->reason);
	put_feature(out, &fact->tls);
	if (fact->kind == FACT_DELIVERY)
		strbuf_printf(out, "%s%s%s%s", fact->has_relay ? " relay" : "",
		              fact->reused ? " again" : "",
		              fact->delivered ? " sent" : "",
		              fact->past_tls ? " past" : "");
	if (fact->rewritten)
		strbuf_puts(out, " rewritten");
	if (fact->refusal != REFUSAL_NONE)
		strbuf_printf(out, " %s", refusals[fact->refusal]);
	if (fact->our_fault)
		strbuf_puts(out, " ours");
	if (fact->fallback)
		strbuf_puts(out, " fallback");
	if (fact->event_failed)
		strbuf_puts(out, " failed");
	if (fact->proxied)
		strbuf_puts(out, " proxied");
}

struct form_row {
	const char *name;
	const char *program;
	const char *message;
	const char *want;
};

/* Postfix 3.5 and later. */
static const struct maillog_site quoting = {.quotes_addresses = true};

static void check_forms_of(const struct maillog_site *site,
                           const struct form_row *rows, size_t count)
{
	struct strbuf got;

	strbuf_init(&got, 0);
	for (size_t i = 0; i < count; i++) {
		const struct form_row *row = &rows[i];
		struct log_line line = {
			.time = NOW,
			.program = {row->program, strlen(row->program)},
			.pid = 4711,
			.message = {row->message, strlen(row->message)},
		};
		struct fact fact;
		enum fact_kind kind;

		ROW(row);
		strbuf_reset(&got);
		kind = maillog_read(&line, site, &fact);
		assert_int_equal(kind, fact.kind);
		if (fact.kind == FACT_NONE)
			strbuf_puts(&got, kinds[FACT_NONE]);
		else
			put_fact(&got, &fact);
		assert_string_equal(strbuf_text(&got), row->want);
	}
	strbuf_clear(&got);
}

static void check_forms(const struct form_row *rows, size_t count)
{
	check_forms_of(NULL, rows, count);
}

#define SMTP "postfix/smtp"
#define MX "mx.example.com[192.0.2.1]:25"
#define AT_MX " host=mx.example.com ip=192.0.2.1 port=25"
#define CIPHER ": TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"

static void test_connections(void **state)
{
	static const struct form_row rows[] = {
		{"anonymous", SMTP,
	         "Anonymous TLS connection established to " MX CIPHER,
	         "up anonymous" AT_MX},
		{"untrusted", SMTP,
	         "Untrusted TLS connection established to " MX CIPHER,
	         "up untrusted" AT_MX},
		{"trusted, with the key exchange of TLS 1.3", SMTP,
	         "Trusted TLS connection established to " MX CIPHER
	         " key-exchange X25519 server-signature ECDSA (prime256v1) "
	         "server-digest SHA256",
	         "up trusted" AT_MX},
		{"verified", SMTP,
	         "Verified TLS connection established to " MX CIPHER,
	         "up verified" AT_MX},
		{"over IPv6", SMTP,
	         "Verified TLS connection established to "
	         "mx[2001:db8::1]:25" CIPHER,
	         "up verified host=mx ip=2001:db8::1 port=25"},
		{"another instance", "postfix-out/smtp",
	         "Trusted TLS connection established to " MX CIPHER,
	         "up trusted" AT_MX},
		{"a service with a syslog_name of its own",
	         "postfix/relay/smtp",
	         "Trusted TLS connection established to " MX CIPHER,
	         "up trusted" AT_MX},
		{"done by tlsproxy", "postfix/tlsproxy",
	         "Trusted TLS connection established to " MX CIPHER,
	         "up trusted" AT_MX " proxied"},
		{"tlsproxy as a server", "postfix/tlsproxy",
	         "Anonymous TLS connection established from "
	         "c.example[192.0.2.9]:4711" CIPHER,
	         "nothing"},
		{"reused", SMTP, "Verified TLS connection reused to " MX CIPHER,
	         "reused" AT_MX},
		{"the server's half is not ours", "postfix/smtpd",
	         "Anonymous TLS connection established from "
	         "c.example[192.0.2.9]" CIPHER,
	         "nothing"},
		{"lmtp is no session", "postfix/lmtp",
	         "Trusted TLS connection established to " MX CIPHER, "nothing"},
		{"a syslog_name without \"postfix\"", "enforced-tls-smtp/smtp",
	         "Trusted TLS connection established to " MX CIPHER,
	         "up trusted" AT_MX},
		{"a short one", "m/smtp",
	         "Trusted TLS connection established to " MX CIPHER,
	         "up trusted" AT_MX},
		{"a service and no name", "/smtp",
	         "Trusted TLS connection established to " MX CIPHER, "nothing"},
		{"a program of that name", "smtp",
	         "Trusted TLS connection established to " MX CIPHER, "nothing"},
		{"rsyslog's word for a repeated line", SMTP,
	         "message repeated 2 times: [ Trusted TLS connection "
	         "established to " MX CIPHER "]",
	         "nothing"},
		{"no address", SMTP,
	         "Trusted TLS connection established to mx.example.com",
	         "nothing"},
		{"cut off", SMTP, "Trusted TLS connection ", "nothing"},
		{"empty", SMTP, "", "nothing"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
}

#define FAILED_FOR "certificate verification failed for " MX ": "

static void test_handshakes(void **state)
{
	static const struct form_row rows[] = {
		{"handshake failed", SMTP, "SSL_connect error to " MX ": -1",
	         "error" AT_MX " reason=-1"},
		{"with an errno", SMTP,
	         "SSL_connect error to " MX ": Connection reset by peer",
	         "error" AT_MX " reason=Connection reset by peer"},
		{"connection lost in it", SMTP,
	         "SSL_connect error to " MX ": lost connection",
	         "error" AT_MX " reason=lost connection"},
		{"by tlsproxy", "postfix/tlsproxy",
	         "SSL_connect error to " MX ": -1",
	         "error" AT_MX " reason=-1 proxied"},
		{"tlsproxy takes a connection", "postfix/tlsproxy",
	         "CONNECT to [192.0.2.1]:25",
	         "taken ip=192.0.2.1 port=25 proxied"},
		{"and one of a client", "postfix/tlsproxy",
	         "CONNECT from [192.0.2.1]:4711", "nothing"},
		{"tlsproxy gives one up", "postfix/tlsproxy",
	         "TLS handshake failed for service=smtp peer=[192.0.2.1]:25",
	         "error ip=192.0.2.1 port=25 proxied"},
		{"to no address", "postfix/tlsproxy",
	         "TLS handshake failed for service=smtp peer=unknown",
	         "nothing"},
		{"an errno of ours", SMTP,
	         "SSL_connect error to " MX ": Too many open files",
	         "error" AT_MX " reason=Too many open files ours"},
		{"OpenSSL could not begin, by our settings", SMTP,
	         "warning: TLS library problem: error:0A0000BF:SSL "
	         "routines::no protocols available:../ssl/statem/"
	         "statem_lib.c:104:",
	         "library reason=error:0A0000BF:SSL routines::no protocols "
	         "available:../ssl/statem/statem_lib.c:104: ours"},
		{"an alert of the other side is not ours", SMTP,
	         "warning: TLS library problem: error:0A000438:SSL "
	         "routines::tlsv1 alert internal error:../ssl/record/"
	         "rec_layer_s3.c:1605:SSL alert number 80:",
	         "library reason=error:0A000438:SSL routines::tlsv1 alert "
	         "internal error:../ssl/record/rec_layer_s3.c:1605:SSL alert "
	         "number 80:"},
		{"a library line that is cut off", SMTP,
	         "warning: TLS library problem: error:0A",
	         "library reason=error:0A"},
		{"our list of protocols", SMTP,
	         "warning: " MX ": Invalid TLS protocol list \"foo\": "
	         "aborting TLS session",
	         "our-fault" AT_MX},
		{"our ciphers, by tlsproxy", "postfix/tlsproxy",
	         "warning: " MX ": error setting cipher grade: \"medium\"",
	         "our-fault" AT_MX " proxied"},
		{"our fingerprints", SMTP,
	         "warning: " MX ": all fingerprints unusable",
	         "our-fault" AT_MX},
		{"tlsproxy is not there", SMTP,
	         "warning: connect to private/tlsproxy service: Connection "
	         "refused",
	         "our-fault"},
		{"tlsproxy has no engine", SMTP,
	         "warning: private/tlsproxy service role \"client\" is not "
	         "available",
	         "our-fault"},
		{"tlsproxy went away", SMTP,
	         "warning: sending file handle to private/tlsproxy service: "
	         "Broken pipe",
	         "our-fault"},
		{"tlsmgr is another matter", SMTP,
	         "warning: connect to private/tlsmgr: No such file or "
	         "directory",
	         "nothing"},
		{"our CA file cannot be read", SMTP,
	         "cannot load Certification Authority data, "
	         "CAfile=\"/nonexistent\": disabling TLS support",
	         "no-engine"},
		{"tlsmgr is not there", SMTP,
	         "warning: no entropy for TLS key generation: disabling TLS "
	         "support",
	         "no-engine"},
		{"our certificate, in a chain file", SMTP,
	         "warning: error opening chain file: /etc/x: No such file or "
	         "directory",
	         "no-engine"},
		{"OpenSSL's settings", SMTP,
	         "warning: error initializing the OpenSSL library, disabling "
	         "TLS support",
	         "no-engine"},
		{"a host that says so is none", SMTP,
	         "4BEA8D: host mx.example.com[192.0.2.1] said: 450 disabling "
	         "TLS support",
	         "nothing"},
		{"OpenSSL's words", SMTP,
	         "warning: TLS library problem: error:0A000410:SSL "
	         "routines::sslv3 alert handshake failure:../ssl/record/"
	         "rec_layer_s3.c:1601:SSL alert number 40:",
	         "library reason=error:0A000410:SSL routines::sslv3 alert "
	         "handshake failure:../ssl/record/rec_layer_s3.c:1601:SSL "
	         "alert number 40:"},
		{"not trusted", SMTP,
	         FAILED_FOR "not trusted by local or TLSA policy",
	         "not-verified certificate-not-trusted" AT_MX},
		{"self-signed", SMTP, FAILED_FOR "self-signed certificate",
	         "not-verified validation-failure" AT_MX
	         " reason=self-signed_certificate"},
		{"untrusted issuer", SMTP,
	         FAILED_FOR "untrusted issuer /CN=num=62:x",
	         "not-verified certificate-not-trusted" AT_MX
	         " reason=untrusted_issuer"},
		{"not yet valid", SMTP,
	         "server " FAILED_FOR "certificate not yet valid",
	         "not-verified validation-failure" AT_MX
	         " reason=certificate_is_not_yet_valid"},
		{"a CA's is not yet valid", SMTP,
	         "CA " FAILED_FOR "certificate not yet valid",
	         "not-verified validation-failure" AT_MX
	         " reason=certificate_is_not_yet_valid"},
		{"expired", SMTP,
	         "server " FAILED_FOR "certificate has expired",
	         "not-verified certificate-expired" AT_MX},
		{"a CA's has expired", SMTP,
	         "CA " FAILED_FOR "certificate has expired",
	         "not-verified certificate-expired" AT_MX},
		{"wrong purpose", SMTP,
	         FAILED_FOR "not designated for use as a server certificate",
	         "not-verified validation-failure" AT_MX
	         " reason=unsuitable_certificate_purpose"},
		{"chain too long", SMTP,
	         FAILED_FOR "certificate chain longer than limit(9)",
	         "not-verified validation-failure" AT_MX
	         " reason=certificate_chain_too_long"},
		{"wrong name", SMTP,
	         "server " FAILED_FOR "num=62:hostname mismatch",
	         "not-verified certificate-host-mismatch" AT_MX},
		{"another address than the certificate names", SMTP,
	         "server " FAILED_FOR "num=64:IP address mismatch",
	         "not-verified certificate-host-mismatch" AT_MX},
		{"we are out of memory", SMTP,
	         "server " FAILED_FOR "num=17:out of memory",
	         "not-verified certificate-not-trusted" AT_MX
	         " reason=out of memory ours"},
		{"we cannot read our CA certificates", SMTP,
	         "server " FAILED_FOR "num=70:issuer certificate lookup error",
	         "not-verified certificate-not-trusted" AT_MX
	         " reason=issuer certificate lookup error ours"},
		{"no TLSA record matches", SMTP,
	         "server " FAILED_FOR "num=65:no matching DANE TLSA records",
	         "not-verified certificate-not-trusted" AT_MX},
		{"any other number", SMTP,
	         "server " FAILED_FOR
	         "num=21:unable to verify the first certificate",
	         "not-verified certificate-not-trusted" AT_MX
	         " reason=unable to verify the first certificate"},
		{"62 is not 621", SMTP, "server " FAILED_FOR "num=621:odd",
	         "not-verified certificate-not-trusted" AT_MX " reason=odd"},
		{"the plugin could not fetch the policy", SMTP,
	         FAILED_FOR "external policy failure (sts-policy-fetch-error)",
	         "not-verified sts-policy-fetch-error" AT_MX},
		{"the plugin could not read it", SMTP,
	         FAILED_FOR "external policy failure (sts-policy-invalid)",
	         "not-verified sts-policy-invalid" AT_MX},
		{"the plugin did not trust its host", SMTP,
	         FAILED_FOR "external policy failure (sts-webpki-invalid)",
	         "not-verified sts-webpki-invalid" AT_MX},
		{"the plugin has another word", SMTP,
	         FAILED_FOR "external policy failure (validation-failure)",
	         "not-verified validation-failure" AT_MX},
		{"resumed session", SMTP,
	         MX ": re-using session with untrusted certificate, look for "
	            "details earlier in the log",
	         "session-bad" AT_MX},
		{"resumed session, since 3.9", SMTP,
	         MX ": re-using session with untrusted peer credential, look "
	            "for details earlier in the log",
	         "session-bad" AT_MX},
		{"this host sends events", SMTP,
	         "TLSRPT: status=success, domain=example.com, "
	         "receiving_mx=mx.example.com[192.0.2.1]",
	         "event host=mx.example.com ip=192.0.2.1"},
		{"... about a failure without a connection", SMTP,
	         "TLSRPT: status=failure, domain=example.com, "
	         "receiving_mx=(null)[(null)], failure_type=x",
	         "event host=(null) ip=(null) failed"},
		{"... cut off", SMTP, "TLSRPT: status=success, domain=exam",
	         "event"},
		{"this host would send events, and cannot", SMTP,
	         "warning: TLSRPT is selected, but TLSRPT is not compiled in",
	         "no-events"},
		{"so does tlsproxy", "postfix/tlsproxy",
	         "TLSRPT: status=failure, domain=example.com, "
	         "receiving_mx=mx.example.com[192.0.2.1], "
	         "failure_type=certificate_expired",
	         "event host=mx.example.com ip=192.0.2.1 failed proxied"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
}

static void test_policies(void **state)
{
	static const struct form_row rows[] = {
		{"all TLSA unusable", SMTP,
	         "warning: " MX ": all TLSA records unusable, fallback to "
	         "unauthenticated TLS",
	         "tlsa-unusable" AT_MX " fallback"},
		{"all TLSA unusable, dane-only", SMTP,
	         MX ": all TLSA records unusable", "tlsa-unusable" AT_MX},
		{"unsupported usage", SMTP,
	         "warning: _25._tcp.mx.example.com unsupported TLSA "
	         "certificate usage: 1 0 1 03D8365C5D",
	         "tlsa-unsupported host=mx.example.com"},
		{"unsupported usage, with a colon", SMTP,
	         "warning: _25._tcp.mx.example.com: unsupported TLSA "
	         "certificate usage: 1 0 1 03D8365C5D",
	         "tlsa-unsupported host=mx.example.com"},
		{"TLSA lookup error", SMTP,
	         "warning: TLS policy lookup for example.com/mx.example.com: "
	         "TLSA lookup error for mx.example.com:25",
	         "lookup tlsa-error domain=example.com host=mx.example.com"},
		{"no TLSA", SMTP,
	         "warning: TLS policy lookup for example.com/mx.example.com: "
	         "no TLSA records found",
	         "lookup no-tlsa domain=example.com host=mx.example.com"},
		{"not DNSSEC", SMTP,
	         "warning: TLS policy lookup for example.com/mx.example.com: "
	         "non DNSSEC destination",
	         "lookup not-dnssec domain=example.com host=mx.example.com"},
		{"insecure MX", SMTP,
	         "warning: TLS policy lookup for example.com/mx.example.com: "
	         "Verification not possible, MX RRset is insecure",
	         "lookup not-dnssec domain=example.com host=mx.example.com"},
		{"unusable TLSA", SMTP,
	         "warning: TLS policy lookup for example.com/mx.example.com: "
	         "TLSA records unusable",
	         "lookup unusable domain=example.com host=mx.example.com"},
		{"our own configuration", SMTP,
	         "warning: TLS policy lookup for example.com/mx.example.com: "
	         "client TLS configuration problem",
	         "lookup local domain=example.com host=mx.example.com"},
		{"for a connection to be reused", SMTP,
	         "warning: TLS policy lookup error for "
	         "example.com/mx.example.com: something",
	         "lookup other domain=example.com host=mx.example.com"},
		{"for a relay host with a port", SMTP,
	         "warning: TLS policy lookup for "
	         "[relay.example]:587/relay.example: no TLSA records found",
	         "lookup no-tlsa domain=relay.example host=relay.example"},
		{"for an address", SMTP,
	         "warning: TLS policy lookup for "
	         "[2001:db8::1]:25/2001:db8::1: no TLSA records found",
	         "lookup no-tlsa domain=2001:db8::1 host=2001:db8::1"},
		{"without MX", SMTP,
	         "warning: TLS policy lookup for example.com: no", "nothing"},
		{"TLSA lookup problem", SMTP,
	         "warning: DANE TLSA lookup problem: Host or domain name not "
	         "found. Name service error for name=_25._tcp.mx.example.com "
	         "type=TLSA: Host not found, try again",
	         "tlsa-problem host=mx.example.com reason=Host or domain name "
	         "not found. Name service error for "
	         "name=_25._tcp.mx.example.com type=TLSA: Host not found, try "
	         "again"},
		{"MX not in the STS policy, since 3.10.6", SMTP,
	         "warning: MX name 'mx.example.com' does not match STS MX "
	         "pattern for 'example.com'",
	         "mx-mismatch domain=example.com host=mx.example.com"},
		{"STARTTLS that nobody asked for", SMTP,
	         "Host offered STARTTLS: [mx.example.com]", "not-wanted"},
		{"a warning about something else", SMTP,
	         "warning: mx.example.com[192.0.2.1]:25 offered null AUTH "
	         "mechanism list",
	         "nothing"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
}

#define TO                                                                     \
	"4BEA8D: to=<u@example.com>, relay=" MX ", delay=0.1, "                \
	"delays=0/0/0.1/0, "
#define REQUIRETLS "Sender requested REQUIRETLS, but "
#define DEFERRED TO "dsn=4.7.5, status=deferred "
#define DELIVERY "delivery id=4BEA8D domain=example.com" AT_MX

static void test_deliveries(void **state)
{
	static const struct form_row rows[] = {
		{"sent", SMTP, TO "dsn=2.0.0, status=sent (250 2.0.0 Ok)",
	         DELIVERY " relay sent past"},
		{"a long queue id", SMTP,
	         "4Zy1Bk3zXwz2xY: to=<u@example.com>, relay=" MX
	         ", delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         "delivery id=4Zy1Bk3zXwz2xY domain=example.com" AT_MX
	         " relay sent past"},
		{"a probe", SMTP, TO "dsn=2.1.5, status=deliverable (250 Ok)",
	         DELIVERY " relay sent past"},
		{"original recipient", SMTP,
	         "4BEA8D: to=<u@example.com>, orig_to=<a@b.example>, relay=" MX
	         ", delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         DELIVERY " relay sent past rewritten"},
		{"reused connection", SMTP,
	         "4BEA8D: to=<u@example.com>, relay=" MX
	         ", conn_use=2, delay=0.1, delays=0/0/0/0, dsn=2.0.0, "
	         "status=sent (250)",
	         DELIVERY " relay again sent past"},
		{"tls= of 3.11", SMTP,
	         TO "tls=may:none, dsn=2.0.0, status=sent (250)",
	         DELIVERY " tls=may:none relay sent past"},
		{"tls= of a downgrade", SMTP,
	         TO "tls=dane:encrypt/requiretls:none, dsn=2.0.0, status=sent "
	            "(250)",
	         DELIVERY " tls=dane:encrypt relay sent past"},
		{"tls= of a level of the future", SMTP,
	         TO "tls=better, dsn=2.0.0, status=sent (250)",
	         DELIVERY " tls=unknown:unknown relay sent past"},
		{"an empty tls=", SMTP, TO "tls=, dsn=2.0.0, status=sent (250)",
	         DELIVERY " tls=unknown:unknown relay sent past"},
		{"over IPv6", SMTP,
	         "4BEA8D: to=<u@example.com>, relay=mx[2001:db8::1]:25, "
	         "delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D domain=example.com host=mx "
	         "ip=2001:db8::1 port=25 relay sent past"},
		{"no relay", SMTP,
	         "4BEA8D: to=<u@example.com>, relay=none, delay=0.1, "
	         "delays=0/0/0/0, dsn=4.4.1, status=deferred (connect to "
	         "mx.example.com[192.0.2.1]:25: Connection refused)",
	         "delivery id=4BEA8D domain=example.com"},
		{"a UNIX socket", SMTP,
	         "4BEA8D: to=<u@example.com>, "
	         "relay=mail.example[private/lmtp], "
	         "delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D domain=example.com host=mail.example "
	         "ip=private/lmtp relay sent past"},
		{"a UNIX socket by its path", SMTP,
	         "4BEA8D: to=<u@example.com>, relay=/private/lmtp, delay=0.1, "
	         "delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D domain=example.com host=/private/lmtp "
	         "relay sent past"},
		{"no domain", SMTP,
	         "4BEA8D: to=<root>, relay=" MX ", delay=0.1, delays=0/0/0/0, "
	         "dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D" AT_MX " relay sent past"},
		{"the empty address", SMTP,
	         "4BEA8D: to=<>, relay=" MX ", delay=0.1, delays=0/0/0/0, "
	         "dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D" AT_MX " relay sent past"},
		{"an address literal", SMTP,
	         "4BEA8D: to=<u@[192.0.2.7]>, relay=" MX
	         ", delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D domain=[192.0.2.7]" AT_MX
	         " relay sent past"},
		{"refused after RCPT TO", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] said: 450 4.2.0 "
	                  "Greylisted (in reply to RCPT TO command))",
	         DELIVERY " relay past"},
		{"refused at the greeting", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] refused to talk to "
	                  "me: 421 busy)",
	         DELIVERY " relay"},
		{"lost at the greeting", SMTP,
	         DEFERRED "(lost connection with mx.example.com[192.0.2.1] "
	                  "while receiving the initial server greeting)",
	         DELIVERY " relay"},
		{"lost in EHLO", SMTP,
	         DEFERRED "(lost connection with mx.example.com[192.0.2.1] "
	                  "while performing the EHLO handshake)",
	         DELIVERY " relay"},
		{"lost in DATA", SMTP,
	         DEFERRED "(lost connection with mx.example.com[192.0.2.1] "
	                  "while sending message body)",
	         DELIVERY " relay past"},
		{"too slow at RCPT TO", SMTP,
	         DEFERRED "(conversation with mx.example.com[192.0.2.1] timed "
	                  "out while sending RCPT TO)",
	         DELIVERY " relay past"},
		{"no STARTTLS", SMTP,
	         DEFERRED "(TLS is required, but was not offered by host "
	                  "mx.example.com[192.0.2.1])",
	         DELIVERY " relay not-offered"},
		{"STARTTLS refused", SMTP,
	         DEFERRED "(TLS is required, but host "
	                  "mx.example.com[192.0.2.1] refused to start TLS: 454 "
	                  "4.7.0 no)",
	         DELIVERY " relay refused"},
		{"handshake failed", SMTP,
	         DEFERRED "(Cannot start TLS: handshake failure)",
	         DELIVERY " relay handshake"},
		{"certificate", SMTP,
	         DEFERRED "(Server certificate not verified)",
	         DELIVERY " relay not-verified"},
		{"certificate, up to 3.5", SMTP,
	         DEFERRED "(Server certificate not trusted)",
	         DELIVERY " relay not-trusted"},
		{"our engine", SMTP,
	         DEFERRED "(TLS is required, but our TLS engine is "
	                  "unavailable)",
	         DELIVERY " relay local"},
		{"our engine, who knows why", SMTP,
	         DEFERRED "(TLS is required, but unavailable)",
	         DELIVERY " relay local"},
		{"REQUIRETLS without STARTTLS", SMTP,
	         TO "tls=may?/!requiretls:nostarttls, dsn=5.7.30, "
	            "status=bounced (" REQUIRETLS "TLS service was not offered "
	            "by host mx.example.com[192.0.2.1])",
	         DELIVERY " tls=may:may undecided no-starttls relay "
	                  "not-offered"},
		{"REQUIRETLS, and STARTTLS is refused", SMTP,
	         TO "tls=!dane/!requiretls:nostarttls, dsn=5.7.10, "
	            "status=bounced (" REQUIRETLS
	            "host mx.example.com[192.0.2.1] refused to start TLS: 454)",
	         DELIVERY " tls=dane:dane unmet no-starttls relay refused"},
		{"REQUIRETLS with a certificate of another name", SMTP,
	         TO "tls=!secure/!requiretls:nocertmatch, dsn=5.7.10, "
	            "status=bounced (" REQUIRETLS "no matching server "
	            "certificate was found. The last attempted server was "
	            "mx.example.com[192.0.2.1])",
	         DELIVERY " tls=secure:secure unmet no-match relay "
	                  "not-verified"},
		{"REQUIRETLS with a bad certificate", SMTP,
	         TO "dsn=5.7.10, status=bounced (" REQUIRETLS
	            "no trusted server certificate was found. The last "
	            "attempted server was mx.example.com[192.0.2.1])",
	         DELIVERY " relay not-verified"},
		{"REQUIRETLS is not supported: TLS was good", SMTP,
	         TO "tls=dane/!requiretls:none, dsn=5.7.30, status=bounced "
	            "(" REQUIRETLS "no server was found that supports "
	            "REQUIRETLS. The last attempted server was "
	            "mx.example.com[192.0.2.1])",
	         DELIVERY " tls=dane:dane relay"},
		{"our level matches no certificates", SMTP,
	         TO "tls=may/!requiretls:none, dsn=5.7.10, status=bounced "
	            "(" REQUIRETLS "my configured TLS security level 'may' "
	            "disables certificate matching. The last attempted server "
	            "was mx.example.com)",
	         DELIVERY " tls=may:may relay"},
		{"one MX: REQUIRETLS without STARTTLS", SMTP,
	         "4BEA8D: " REQUIRETLS "TLS service was not offered by host "
	         "mx.example.com[192.0.2.1]",
	         "mx-failed id=4BEA8D host=mx.example.com ip=192.0.2.1 "
	         "not-offered"},
		{"one MX: REQUIRETLS and a bad certificate", SMTP,
	         "4BEA8D: " REQUIRETLS "no trusted server certificate was "
	         "found. The last attempted server was "
	         "mx.example.com[192.0.2.1]",
	         "mx-failed id=4BEA8D not-verified"},
		{"one MX: REQUIRETLS is not supported", SMTP,
	         "4BEA8D: " REQUIRETLS "REQUIRETLS support was not offered by "
	         "host mx.example.com[192.0.2.1]",
	         "nothing"},
		{"one MX: our level", SMTP,
	         "4BEA8D: " REQUIRETLS "my configured TLS security level "
	         "'may' disables certificate matching. The last attempted "
	         "server was mx.example.com",
	         "nothing"},
		{"one MX: no STARTTLS", SMTP,
	         "4BEA8D: TLS is required, but was not offered by host "
	         "mx.example.com[192.0.2.1]",
	         "mx-failed id=4BEA8D host=mx.example.com ip=192.0.2.1 "
	         "not-offered"},
		{"one MX: refused", SMTP,
	         "4BEA8D: TLS is required, but host mx.example.com[192.0.2.1] "
	         "refused to start TLS: 454 no",
	         "mx-failed id=4BEA8D host=mx.example.com ip=192.0.2.1 "
	         "refused"},
		{"one MX: handshake", SMTP,
	         "4BEA8D: Cannot start TLS: handshake failure",
	         "mx-failed id=4BEA8D handshake"},
		{"one MX: certificate", SMTP,
	         "4BEA8D: Server certificate not verified",
	         "mx-failed id=4BEA8D not-verified"},
		{"one MX: nothing about TLS", SMTP,
	         "4BEA8D: lost connection with mx.example.com[192.0.2.1] while "
	         "receiving the initial server greeting",
	         "nothing"},
		{"one MX does not answer", SMTP,
	         "connect to mx.example.com[192.0.2.1]:25: Connection timed "
	         "out",
	         "nothing"},
		{"a delivery by another service", "postfix/local",
	         "4BEA8D: to=<u@example.com>, relay=local, delay=0.1, "
	         "delays=0/0/0/0, dsn=2.0.0, status=sent (delivered)",
	         "nothing"},
		{"a delivery without relay", SMTP,
	         "4BEA8D: to=<u@example.com>, delay=0.1, status=sent (250)",
	         "unclear id=4BEA8D"},
		{"a delivery cut off", SMTP,
	         "4BEA8D: to=<u@example.com>, relay=" MX ", delay=0",
	         DELIVERY " relay"},
		{"a delivery cut off in the status", SMTP, TO "status=sent",
	         DELIVERY " relay sent past"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
}

static void test_queue_manager(void **state)
{
	static const struct form_row rows[] = {
		{"a message begins", "postfix/qmgr",
	         "4BEA8D: from=<a@sender.example>, size=289, nrcpt=1 (queue "
	         "active)",
	         "from id=4BEA8D address=a@sender.example"},
		{"a bounce begins", "postfix-out/qmgr",
	         "4BEA8D: from=<>, size=289, nrcpt=1 (queue active)",
	         "from id=4BEA8D"},
		{"a quoted sender", "postfix/qmgr",
	         "4BEA8D: from=<\"a>, size=1\"@x.example>, size=289, nrcpt=1",
	         "from id=4BEA8D address=\"a>, size=1\"@x.example"},
		{"a message is gone", "postfix/qmgr", "4BEA8D: removed",
	         "gone id=4BEA8D"},
		{"anything else", "postfix/qmgr",
	         "4BEA8D: skipped, still being "
	         "delivered",
	         "nothing"},
		{"smtp says nothing of the sort", SMTP, "4BEA8D: removed",
	         "nothing"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
}

/* What others may write into these lines: replies and local parts. */
static void test_hostile(void **state)
{
	static const struct form_row rows[] = {
		{"a reply that says sent", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] said: 450 x), "
	                  "relay=evil[198.51.100.1]:25, status=sent (250)",
	         DELIVERY " relay past"},
		{"a reply that speaks of TLS", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] said: 450 TLS is "
	                  "required, but was not offered by host "
	                  "evil[198.51.100.1])",
	         DELIVERY " relay past"},
		{"a greeting that speaks of a reply", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] refused to talk to "
	                  "me: 421 mx[1.2.3.4] said: x while sending)",
	         DELIVERY " relay"},
		{"a reply that closes the parenthesis", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] said: ))) "
	                  "(Cannot start TLS: handshake failure)",
	         DELIVERY " relay past"},
		{"a reply of one MX like a summary", SMTP,
	         "4BEA8D: host mx.example.com[192.0.2.1] said: 450 Trusted "
	         "TLS connection established to evil[198.51.100.1]:25",
	         "nothing"},
		{"a reply of one MX like a delivery", SMTP,
	         "4BEA8D: host mx.example.com[192.0.2.1] said: 4BEA8D: "
	         "to=<x@victim.example>, relay=" MX ", status=sent (250)",
	         "nothing"},
		{"a refusal like a delivery", SMTP,
	         DEFERRED "(TLS is required, but host "
	                  "mx.example.com[192.0.2.1] refused to start TLS: "
	                  "454 x), relay=none, status=sent (x)",
	         DELIVERY " relay refused"},
		{"8 bits and control characters", SMTP,
	         DEFERRED "(host mx.example.com[192.0.2.1] said: 450 "
	                  "\xff\xfe\x01\x1b[31m)",
	         DELIVERY " relay past"},
		{"a quoted local part like a delivery", SMTP,
	         "4BEA8D: to=<\"a> b\"@example.com>, relay=" MX
	         ", delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         DELIVERY " relay sent past"},
		{"one with all the marks", SMTP,
	         "4BEA8D: to=<\"a>, relay=x[192.0.2.66]:25, status=sent "
	         "(\\\"@evil.example>, \"@example.com>, relay=" MX
	         ", delay=0.1, delays=0/0/0/0, dsn=4.0.0, status=deferred (x)",
	         DELIVERY " relay"},
		{"a quote that is never closed", SMTP,
	         "4BEA8D: to=<\"a@example.com>, relay=" MX ", status=sent (x)",
	         "unclear id=4BEA8D"},
		{"cut off in the relay", SMTP,
	         "4BEA8D: to=<u@example.com>, relay=mx.exam",
	         "delivery id=4BEA8D domain=example.com"},
		{"a quoted original recipient", SMTP,
	         "4BEA8D: to=<u@example.com>, orig_to=<\">, relay=none, "
	         "status=sent (x)\"@x>, relay=" MX ", dsn=2.0.0, status=sent "
	         "(250)",
	         DELIVERY " relay sent past rewritten"},
		{"an issuer's name", SMTP,
	         FAILED_FOR "untrusted issuer /CN=x: certificate has expired",
	         "not-verified certificate-not-trusted" AT_MX
	         " reason=untrusted_issuer"},
		{"a queue id that is none", SMTP,
	         "fatal: to=<u@example.com>, x", "nothing"},
		{"a program without an end", "postfix/", "x", "nothing"},
		{"a port of many digits", SMTP,
	         "SSL_connect error to mx[192.0.2.1]:99999999999: -1",
	         "error host=mx ip=192.0.2.1 port=99999 reason=999999: -1"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
}

#define VICTIM                                                                 \
	"x@victim.example>, relay=mx.victim.example[198.51.100.9]:25, "        \
	"delay=1, delays=0/0/0/0, dsn=4.7.4, status=deferred (TLS is "         \
	"required, but was not offered by host "                               \
	"mx.victim.example[198.51.100.9])"
#define REAL "example.com>, relay=" MX ", delay=0.1, delays=0/0/0/0, dsn=2.0.0"

/* Up to 3.4 Postfix logs a recipient as it is. */
static void test_forged_addresses(void **state)
{
	static const struct form_row rows[] = {
		{"a delivery in a recipient's address", SMTP,
	         "4BEA8D: to=<" VICTIM " <@" REAL ", status=sent (250 Ok)",
	         "unclear id=4BEA8D"},
		{"the same in the sender of a bounce, that was rewritten", SMTP,
	         "4BEA8D: to=<u@example.com>, orig_to=<" VICTIM " <@" REAL
	         ", status=sent (250 Ok)",
	         "unclear id=4BEA8D"},
		{"an original recipient in an address that was rewritten", SMTP,
	         "4BEA8D: to=<x@victim.example>, orig_to=<q@example.net>, "
	         "orig_to=<u@" REAL ", status=sent (250 Ok)",
	         "unclear id=4BEA8D"},
		{"behind something that looks quoted", SMTP,
	         "4BEA8D: to=<\"a\"" VICTIM " <@" REAL ", status=sent (250 Ok)",
	         "unclear id=4BEA8D"},
		{"a quote that a reply closes", SMTP,
	         "4BEA8D: to=<\"u@" REAL ", status=sent (250 \"" VICTIM ")",
	         "unclear id=4BEA8D"},
		{"the same on a connection used again", SMTP,
	         "4BEA8D: to=<\"u@example.com>, relay=" MX
	         ", conn_use=2, delay=0.1, delays=0/0/0/0, dsn=2.0.0, "
	         "status=sent (250 \"" VICTIM ")",
	         "unclear id=4BEA8D"},
		{"a reply like an address, and who knows", SMTP,
	         "4BEA8D: to=<u@" REAL ", status=sent (250 <a>, relay=b)",
	         "unclear id=4BEA8D"},
		{"odd, and only one reading", SMTP,
	         "4BEA8D: to=<a b>, c@" REAL ", status=sent (250 Ok)",
	         "delivery id=4BEA8D domain=example.com" AT_MX
	         " relay sent past"},
		{"a sender like two", "postfix/qmgr",
	         "4BEA8D: from=<tls@ours.example>, size=1, nrcpt=1 "
	         "<@example.com>, size=289, nrcpt=1 (queue active)",
	         "from id=4BEA8D"},
		{"a sender with a relay", "postfix/qmgr",
	         "4BEA8D: from=<" VICTIM " <@example.com>, size=260, nrcpt=1 "
	         "(queue active)",
	         "from id=4BEA8D address=" VICTIM " <@example.com"},
	};

	static const struct form_row certain[] = {
		{"where Postfix quotes, a reply means nothing", SMTP,
	         "4BEA8D: to=<u@" REAL ", status=sent (250 <" VICTIM ")",
	         "delivery id=4BEA8D domain=example.com" AT_MX
	         " relay sent past"},
		{"and an original recipient is one", SMTP,
	         "4BEA8D: to=<x@victim.example>, orig_to=<q@" REAL
	         ", status=sent (250 Ok)",
	         "delivery id=4BEA8D domain=victim.example" AT_MX
	         " relay sent past"},
	};

	(void)state;
	check_forms(rows, COUNT(rows));
	check_forms_of(&quoting, certain, COUNT(certain));
}

/* The address that Postfix's limit cuts off has no second end. */
static void test_forged_and_cut(void **state)
{
	enum { WHOLE = 2000 };
	struct log_line line = {.program = {SMTP, strlen(SMTP)}, .pid = 1};
	struct strbuf text;
	struct fact fact;

	(void)state;
	strbuf_init(&text, 0);
	strbuf_puts(&text, "4BEA8D: to=<" VICTIM);
	while (text.len < WHOLE)
		strbuf_putc(&text, ')');
	for (size_t len = 1000; len <= text.len; len++) {
		line.message = (struct span){text.data, len};
		assert_int_equal(maillog_read(&line, NULL, &fact),
		                 FACT_UNCLEAR);
		assert_int_equal(maillog_read(&line, &quoting, &fact),
		                 FACT_DELIVERY);
	}
	strbuf_clear(&text);
}

/* A reply may have any length; so may a local part. */
static void test_long_lines(void **state)
{
	enum { LONG = 60 * 1024 };
	struct log_line line = {.program = {SMTP, strlen(SMTP)}, .pid = 1};
	struct strbuf text;
	struct fact fact;

	(void)state;
	strbuf_init(&text, 0);
	strbuf_puts(&text, DEFERRED "(host mx.example.com[192.0.2.1] said: ");
	for (int i = 0; i < LONG / 8; i++)
		strbuf_puts(&text, "), to=<x");
	line.message = (struct span){text.data, text.len};
	assert_int_equal(maillog_read(&line, &quoting, &fact), FACT_DELIVERY);
	assert_true(fact.past_tls);

	strbuf_reset(&text);
	strbuf_puts(&text, "4BEA8D: to=<\"");
	for (int i = 0; i < LONG; i++)
		strbuf_putc(&text, '>');
	strbuf_puts(&text, "\"@example.com>, relay=" MX ", status=sent (250)");
	line.message = (struct span){text.data, text.len};
	assert_int_equal(maillog_read(&line, &quoting, &fact), FACT_DELIVERY);
	assert_int_equal(fact.domain.len, strlen("example.com"));

	strbuf_reset(&text);
	for (int i = 0; i < LONG; i++)
		strbuf_putc(&text, 'A');
	line.message = (struct span){text.data, text.len};
	assert_int_equal(maillog_read(&line, &quoting, &fact), FACT_NONE);
	strbuf_clear(&text);
}

/* No prefix of a line leads past its end. */
static void test_cut_lines(void **state)
{
	static const char *const messages[] = {
		"Trusted TLS connection established to " MX CIPHER,
		"server " FAILED_FOR "num=62:hostname mismatch",
		"SSL_connect error to " MX ": -1",
		"warning: " MX ": all TLSA records unusable, fallback to",
		"warning: _25._tcp.mx.example.com: unsupported TLSA x",
		"warning: TLS policy lookup for a/b: no TLSA records found",
		"warning: DANE TLSA lookup problem: name=_25._tcp.mx type=TLSA",
		"warning: MX name 'a' does not match STS MX pattern for 'b'",
		"4BEA8D: to=<\"a\"@b>, orig_to=<c>, relay=" MX ", conn_use=2, "
		"tls=may, dsn=2.0.0, status=deferred (TLS is required, but "
		"host mx[192.0.2.1] refused to start TLS: x)",
		"4BEA8D: TLS is required, but was not offered by host mx[::1]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		size_t len = strlen(messages[i]);

		for (size_t n = 0; n <= len; n++) {
			/* so that the sanitizer sees the end */
			char *copy = malloc(n + 1);
			struct log_line line = {.program = {SMTP, strlen(SMTP)},
			                        .message = {copy, n}};
			struct fact fact;

			assert_non_null(copy);
			memcpy(copy, messages[i], n);
			copy = realloc(copy, n > 0 ? n : 1);
			line.message.at = copy;
			maillog_read(&line, NULL, &fact);
			free(copy);
		}
	}
}

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

/* What is not read, and whether anybody ought to hear of it. */
static void test_not_read(void **state)
{
	static const struct {
		const char *name, *text;
		enum log_line_kind want;
		bool lost;
	} rows[] = {
		{"of no form", "smtp said x", LOG_LINE_UNREAD, false},
		{"JSON", "{\"log\": \"x\"}", LOG_LINE_UNREAD, false},
		{"an empty line", "", LOG_LINE_NOTHING, false},
		{"a line of blanks", "  \r\n", LOG_LINE_NOTHING, false},
		{"repeated", "Nov 23 12:33:14 mx last message repeated 2 times",
	         LOG_LINE_NOTHING, false},
		{"syslogd is there", "Nov 23 12:33:14 mx -- MARK --",
	         LOG_LINE_NOTHING, false},
		{"journalctl's own", "-- Boot 0123456789abcdef --",
	         LOG_LINE_NOTHING, false},
		{"tail's own", "==> /var/log/mail.log <==", LOG_LINE_NOTHING,
	         false},
		{"of another program", "Nov 23 12:33:14 mx dovecot[7]: x",
	         LOG_LINE_READ, false},
		{"Postfix without a pid", "Nov 23 12:33:14 mx postfix/smtp: x",
	         LOG_LINE_READ, true},
		{"another program without a pid",
	         "Nov 23 12:33:14 mx kernel: x", LOG_LINE_READ, false},
		{"Postfix in another program's line",
	         "Nov 23 12:33:14 mx docker[7]: Nov 23 12:33:14 c "
	         "postfix/smtp[8]: x",
	         LOG_LINE_READ, true},
		{"something else in another program's line",
	         "Nov 23 12:33:14 mx docker[7]: Nov 23 12:33:14 c "
	         "postfix/smtpd[8]: x",
	         LOG_LINE_READ, false},
	};

	(void)state;
	zone("UTC0");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log_clock clock = {.now = NOW};
		struct log_line line;

		ROW(&rows[i]);
		maillog_line_split(rows[i].text, strlen(rows[i].text), &clock,
		                   &line);
		assert_int_equal(line.kind, rows[i].want);
		if (line.kind == LOG_LINE_READ)
			assert_int_equal(maillog_is_lost(&line), rows[i].lost);
	}
}

/* rsyslog's form of RFC 5424 has no service: "postfix 4711". */
static void test_no_service(void **state)
{
	static const char *const names[] = {"mx1"};
	static const struct maillog_site site = {.names = names,
	                                         .name_count = COUNT(names)};
	static const struct form_row rows[] = {
		{"a session with port 25", "postfix",
	         "Trusted TLS connection established to " MX CIPHER,
	         "up trusted" AT_MX},
		{"with another port, which may be lmtp's", "postfix",
	         "Trusted TLS connection established to "
	         "mx[192.0.2.1]:24" CIPHER,
	         "nothing"},
		{"a client of smtpd", "postfix",
	         "certificate verification failed for c.example[192.0.2.9]:"
	         "4711: self-signed certificate",
	         "nothing"},
		{"a server's half", "postfix",
	         "Anonymous TLS connection established from "
	         "c.example[192.0.2.9]:4711" CIPHER,
	         "nothing"},
		{"a delivery", "postfix", TO "dsn=2.0.0, status=sent (250)",
	         DELIVERY " relay sent past"},
		{"a delivery by local", "postfix",
	         "4BEA8D: to=<u@example.com>, relay=local, delay=0.1, "
	         "delays=0/0/0/0, dsn=2.0.0, status=sent (delivered)",
	         "delivery id=4BEA8D domain=example.com host=local sent past"},
		{"a delivery by lmtp", "postfix",
	         "4BEA8D: to=<u@example.com>, relay=mx[192.0.2.1]:24, "
	         "delay=0.1, delays=0/0/0/0, dsn=2.0.0, status=sent (250)",
	         "delivery id=4BEA8D domain=example.com host=mx ip=192.0.2.1 "
	         "port=24 sent past"},
		{"one MX of several", "postfix",
	         "4BEA8D: Cannot start TLS: handshake failure",
	         "mx-failed id=4BEA8D handshake"},
		{"the queue manager", "postfix",
	         "4BEA8D: from=<a@sender.example>, size=289, nrcpt=1 (queue "
	         "active)",
	         "from id=4BEA8D address=a@sender.example"},
		{"pickup", "postfix", "4BEA8D: uid=0 from=<a@sender.example>",
	         "nothing"},
		{"cleanup", "postfix",
	         "4BEA8D: warning: header Subject: x from local; "
	         "from=<a@sender.example> to=<u@example.com>",
	         "nothing"},
		{"smtpd", "postfix",
	         "4BEA8D: client=c.example[192.0.2.9], sasl_username=x",
	         "nothing"},
		{"another instance", "postfix-out", "4BEA8D: removed",
	         "gone id=4BEA8D"},
		{"a name that postconf tells", "mx1", "4BEA8D: removed",
	         "gone id=4BEA8D"},
		{"a name that nobody knows", "mx2", "4BEA8D: removed",
	         "nothing"},
	};

	(void)state;
	check_forms_of(&site, rows, COUNT(rows));
}

static void test_split(void **state)
{
	static const struct {
		const char *name, *text;
		const char *want; /* NULL: none */
	} rows[] = {
		{"traditional", "Nov 23 12:33:14 mx postfix/smtp[29869]: hello",
	         "2026-11-23T12:33:14Z postfix/smtp 29869 'hello'"},
		{"a day of one digit", "Nov  3 02:03:04 mx postfix/smtp[1]: x",
	         "2026-11-03T02:03:04Z postfix/smtp 1 'x'"},
		{"a day with a zero", "Nov 03 02:03:04 mx postfix/smtp[1]: x",
	         "2026-11-03T02:03:04Z postfix/smtp 1 'x'"},
		{"RFC 3339, with a fraction and an offset",
	         "2026-11-23T12:33:14.123456+01:00 mx postfix/smtp[7]: x: y",
	         "2026-11-23T11:33:14Z postfix/smtp 7 'x: y'"},
		{"RFC 3339 in UTC",
	         "2026-11-23T12:33:14Z mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"another instance",
	         "Nov 23 12:33:14 mx postfix-out/smtp[2]: x",
	         "2026-11-23T12:33:14Z postfix-out/smtp 2 'x'"},
		{"a program without pid", "Nov 23 12:33:14 mx kernel: x",
	         "2026-11-23T12:33:14Z kernel 0 'x'"},
		{"with an end of line",
	         "Nov 23 12:33:14 mx postfix/smtp[2]: x\r\n",
	         "2026-11-23T12:33:14Z postfix/smtp 2 'x'"},
		{"an empty message", "Nov 23 12:33:14 mx postfix/smtp[2]: ",
	         "2026-11-23T12:33:14Z postfix/smtp 2 ''"},
		{"a leap second", "Nov 23 12:33:60 mx postfix/smtp[2]: x",
	         "2026-11-23T12:33:59Z postfix/smtp 2 'x'"},
		{"no blank at the end of an empty one",
	         "Nov 23 12:33:14 mx postfix/smtp[2]:",
	         "2026-11-23T12:33:14Z postfix/smtp 2 ''"},
		{"repeated", "Nov 23 12:33:14 mx last message repeated 2 times",
	         NULL},
		{"no program", "Nov 23 12:33:14 mx", NULL},
		{"no month", "Nix 23 12:33:14 mx postfix/smtp[2]: x", NULL},
		{"no minute", "Nov 23 12:73:14 mx postfix/smtp[2]: x", NULL},
		{"no hour", "Nov 23 24:33:14 mx postfix/smtp[2]: x", NULL},
		{"no second", "Nov 23 12:33:1x mx postfix/smtp[2]: x", NULL},
		{"a pid of letters", "Nov 23 12:33:14 mx postfix/smtp[x]: y",
	         NULL},
		{"a pid without end", "Nov 23 12:33:14 mx postfix/smtp[12: y",
	         NULL},
		{"only a stamp", "Nov 23 12:33:14", NULL},
		{"no such day", "2026-02-30T12:33:14Z mx postfix/smtp[7]: x",
	         NULL},
		{"a long word of digits",
	         "11111111111111111111111111111111111111111111111 a b[1]: c",
	         NULL},
		{"a fraction, and a comma before it",
	         "Nov 23 12:33:14,123 mx postfix/smtp[2]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 2 'x'"},
		{"a fraction without digits",
	         "Nov 23 12:33:14. mx postfix/smtp[2]: x", NULL},
		{"an offset without colon, journalctl before 255",
	         "2026-11-23T12:33:14+0100 001.mia postfix/smtp[7]: x",
	         "2026-11-23T11:33:14Z postfix/smtp 7 'x'"},
		{"an offset to the west, and a fraction",
	         "2026-11-23T12:33:14.462084-0430 mx postfix/smtp[7]: x",
	         "2026-11-23T17:03:14Z postfix/smtp 7 'x'"},
		{"an offset that is none",
	         "2026-11-23T12:33:14+01:0 mx postfix/smtp[7]: x", NULL},
		{"no offset", "2026-11-23T12:33:14 mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"a blank for the T",
	         "2026-11-23 12:33:14,668 mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"seconds since 1970", "1795437194 mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"seconds since 1970 with a fraction, and no host",
	         "1795437194.123456 postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"too many seconds since 1970",
	         "17954371940 mx postfix/smtp[7]: x", NULL},
		{"BusyBox", "Nov 23 12:33:14 vm mail.info postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"BusyBox, another facility",
	         "Nov 23 12:33:14 vm local5.warn postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"BusyBox, short", "Nov 23 12:33:14 postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"FreeBSD, verbose",
	         "Nov 23 12:33:14 <mail.info> mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"AIX", "Nov 23 12:33:14 mx mail:info postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"Solaris",
	         "Nov 23 12:33:14 mx postfix/smtp[7]: [ID 197553 mail.info] x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"a severity for the host",
	         "2026-11-23T12:33:14.171226+00:00 INFO    postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"an IPv6 host",
	         "Nov 23 12:33:14 2001:db8:: postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"a word that is nobody's before the program",
	         "Nov 23 12:33:14 mx said postfix/smtp[7]: x", NULL},
		{"words before the program",
	         "Nov 23 12:33:14 mx mail.info x postfix/smtp[7]: x", NULL},
		{"with the priority of the protocol",
	         "<22>Nov 23 12:33:14 mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"the same without a host, as /dev/log has it",
	         "<22>Nov 23 12:33:14 postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"a priority that does not end",
	         "<22Nov 23 12:33:14 mx a[7]: x", NULL},
		{"RFC 5424",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp 7 - - x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"RFC 5424 without a priority",
	         "1 2026-11-23T12:33:14.003Z mx postfix/smtp 7 - - x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"RFC 5424 with a byte order mark",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp 7 - - "
	         "\xef\xbb\xbfx y",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x y'"},
		{"RFC 5424 with structured data",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp 7 ID47 "
	         "[a b=\"c] \\\"d \\] \"][e@1 f=\"\"] x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"RFC 5424, data that do not end",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp 7 - [a b=\"] x",
	         NULL},
		{"RFC 5424, data and no blank",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp 7 - [a]x", NULL},
		{"RFC 5424 without a message",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp 7 - -",
	         "2026-11-23T12:33:14Z postfix/smtp 7 ''"},
		{"RFC 5424 that knows no time",
	         "<22>1 - mx postfix/smtp 7 - - x",
	         "2026-11-23T12:40:00Z postfix/smtp 7 'x'"},
		{"RFC 5424 that knows no pid",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp - - - x",
	         "2026-11-23T12:33:14Z postfix/smtp 0 'x'"},
		{"RFC 5424, cut off",
	         "<22>1 2026-11-23T12:33:14Z mx postfix/smtp", NULL},
		{"docker compose",
	         "postfix-mailcow-1  | Nov 23 12:33:14 mx postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"docker, with its own stamp",
	         "2026-11-23T12:33:14.123456789Z Nov 23 13:33:14 mx "
	         "postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"a container's log file",
	         "2026-11-23T12:33:14.123456789Z stdout F Nov 23 13:33:14 mx "
	         "postfix/smtp[7]: x",
	         "2026-11-23T12:33:14Z postfix/smtp 7 'x'"},
		{"docker compose, of a container that says something else",
	         "web-1  | GET / postfix/smtp[7]: x", NULL},
		{"empty", "", NULL},
	};

	(void)state;
	zone("UTC0");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log_clock clock = {.now = NOW};
		struct log_line line;
		char got[256], time[TIME_TEXT];
		bool split = maillog_line_split(
			rows[i].text, strlen(rows[i].text), &clock, &line);

		ROW(&rows[i]);
		assert_int_equal(split, rows[i].want != NULL);
		if (!split)
			continue;
		snprintf(got, sizeof(got), "%s %.*s %d '%.*s'",
		         day_format_time(line.time, time),
		         (int)line.program.len, line.program.at, (int)line.pid,
		         (int)line.message.len, line.message.at);
		assert_string_equal(got, rows[i].want);
	}
}

/* The stamps are read one after the other by one clock. */
static void test_zones(void **state)
{
	static const struct {
		const char *name, *zone, *now;
		const char *stamps[8], *want[8];
	} rows[] = {
		{"the year of now",
	         "UTC0",
	         "2026-11-23T12:40:00Z",
	         {"Nov 23 12:33:14"},
	         {"2026-11-23T12:33:14Z"}},
		{"December, read in January",
	         "UTC0",
	         "2027-01-01T00:00:05Z",
	         {"Dec 31 23:59:59", "Jan  1 00:00:02"},
	         {"2026-12-31T23:59:59Z", "2027-01-01T00:00:02Z"}},
		{"January, when our clock is behind",
	         "UTC0",
	         "2026-12-31T23:59:58Z",
	         {"Dec 31 23:59:59", "Jan  1 00:00:02"},
	         {"2026-12-31T23:59:59Z", "2027-01-01T00:00:02Z"}},
		{"more than a day from now is last year",
	         "UTC0",
	         "2026-11-23T12:40:00Z",
	         {"Nov 25 12:33:14"},
	         {"2025-11-25T12:33:14Z"}},
		{"29 February, read a year later",
	         "UTC0",
	         "2029-01-10T00:00:00Z",
	         {"Feb 29 10:00:00"},
	         {"2028-02-29T10:00:00Z"}},
		{"a zone east of Greenwich",
	         "CET-1CEST,M3.5.0,M10.5.0/3",
	         "2026-11-23T12:40:00Z",
	         {"Nov 23 00:33:14", "Jul  1 01:00:00"},
	         {"2026-11-22T23:33:14Z", "2026-06-30T23:00:00Z"}},
		{"spring: an hour is skipped",
	         "CET-1CEST,M3.5.0,M10.5.0/3",
	         "2026-03-29T12:00:00Z",
	         {"Mar 29 01:59:59", "Mar 29 03:00:00"},
	         {"2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"}},
		{"spring: what no clock shows is not before what was",
	         "CET-1CEST,M3.5.0,M10.5.0/3",
	         "2026-03-29T12:00:00Z",
	         {"Mar 29 01:59:00", "Mar 29 02:30:00", "Mar 29 03:00:00"},
	         {"2026-03-29T00:59:00Z", "2026-03-29T00:59:00Z",
	          "2026-03-29T01:00:00Z"}},
		{"autumn: an hour is shown twice",
	         "CET-1CEST,M3.5.0,M10.5.0/3",
	         "2026-10-25T12:00:00Z",
	         {"Oct 25 01:59:00", "Oct 25 02:10:00", "Oct 25 02:59:00",
	          "Oct 25 02:00:00", "Oct 25 02:30:00", "Oct 25 02:59:30",
	          "Oct 25 03:00:00"},
	         {"2026-10-24T23:59:00Z", "2026-10-25T00:10:00Z",
	          "2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z",
	          "2026-10-25T01:30:00Z", "2026-10-25T01:59:30Z",
	          "2026-10-25T02:00:00Z"}},
		{"autumn: processes a little out of order",
	         "CET-1CEST,M3.5.0,M10.5.0/3",
	         "2026-10-25T12:00:00Z",
	         {"Oct 25 02:10:00", "Oct 25 02:09:59", "Oct 25 02:11:00"},
	         {"2026-10-25T00:10:00Z", "2026-10-25T00:09:59Z",
	          "2026-10-25T00:11:00Z"}},
		{"autumn: read while it is the first time",
	         "CET-1CEST,M3.5.0,M10.5.0/3",
	         "2026-10-25T00:40:00Z",
	         {"Oct 25 02:40:00", "Oct 25 02:30:00"},
	         {"2026-10-25T00:40:00Z", "2026-10-25T00:30:00Z"}},
		{"south of the equator",
	         "AEST-10AEDT,M10.1.0,M4.1.0/3",
	         "2026-04-05T12:00:00Z",
	         {"Apr  5 02:30:00", "Apr  5 02:10:00"},
	         {"2026-04-04T15:30:00Z", "2026-04-04T16:10:00Z"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log_clock clock = {0};

		ROW(&rows[i]);
		zone(rows[i].zone);
		assert_int_equal(day_parse_time(rows[i].now, &clock.now, NULL),
		                 0);
		for (size_t j = 0; rows[i].stamps[j] != NULL; j++) {
			struct log_line line;
			char text[64], got[TIME_TEXT];

			snprintf(text, sizeof(text), "%s mx postfix/smtp[1]: x",
			         rows[i].stamps[j]);
			assert_true(maillog_line_split(text, strlen(text),
			                               &clock, &line));
			assert_string_equal(day_format_time(line.time, got),
			                    rows[i].want[j]);
		}
	}
	zone("UTC0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_handshakes),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_deliveries),
		cmocka_unit_test(test_queue_manager),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_forged_addresses),
		cmocka_unit_test(test_forged_and_cut),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_cut_lines),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_not_read),
		cmocka_unit_test(test_no_service),
		cmocka_unit_test(test_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
