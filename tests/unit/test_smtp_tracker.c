#include "unit/test.h"

#include "unit/log_replay.h"

#define MX1 "mx1.example.com[192.0.2.1]:25"
#define MX2 "mx2.example.com[192.0.2.2]:25"
#define P1 "postfix/smtp[1]: "
#define P2 "postfix/smtp[2]: "
#define PROXY "postfix/tlsproxy[9]: "
#define UP(trust, mx)                                                          \
	trust " TLS connection established to " mx ": TLSv1.3 with cipher "    \
	      "X (256/256 bits)\n"
#define TO(id, rcpt, mx) id ": to=<" rcpt ">, relay=" mx ", "
#define TIMES "delay=0.1, delays=0/0/0/0, "
#define SENT TIMES "dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"
#define DEFER(text) TIMES "dsn=4.7.5, status=deferred (" text ")\n"
#define REQUIRETLS "Sender requested REQUIRETLS, but "
#define FAILED_FOR(mx) "certificate verification failed for " mx ": "
/* smtp_tls_loglevel is 1: somebody else's summary */
#define LOUD                                                                   \
	"postfix/smtp[77]: " UP("Trusted", "mx.other.example[192.0.2.9]:25")
#define LOOKUP(mx, reason)                                                     \
	"warning: TLS policy lookup for example.com/" mx ": " reason "\n"

#define SESSION(id)                                                            \
	P1 UP("Verified", MX1)                                                 \
	P1 TO(id, "u@example.com", MX1) SENT
#define COUNTED "example.com tls mx1.example.com 192.0.2.1\n"

#define TAKEN(ip) PROXY "CONNECT to [" ip "]:25\n"

#define LONG_PART "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct row {
	const char *name;
	const char *log; /* lines from the program on */
	const char *want;
};

/* Each line is a second later than the one before; at most an hour.  With
 * options, the daemon is killed after each. */
static void replay_on(struct smtp_tracker **tracker,
                      const struct smtp_tracker_options *options,
                      const char *log, struct strbuf *out)
{
	struct log_clock clock = {.now = REPLAY_NOW};
	int n = 0;

	while (*log != '\0') {
		size_t len = strcspn(log, "\n");
		char *line = NULL;
		int got = asprintf(&line, "Nov 23 12:%02d:%02d mx %.*s", n / 60,
		                   n % 60, (int)len, log);

		assert_true(got > 0);
		replay_line(*tracker, &clock, line, (size_t)got, out);
		free(line);
		log += len + (log[len] == '\n');
		n++;
		if (options != NULL)
			replay_restart(tracker, options);
	}
}

static void replay(struct smtp_tracker *tracker, const char *log,
                   struct strbuf *out)
{
	replay_on(&tracker, NULL, log, out);
}

static void check_with(const struct smtp_tracker_options *options,
                       const struct row *rows, size_t count)
{
	struct strbuf out;

	replay_utc();
	strbuf_init(&out, 0);
	for (size_t i = 0; i < 2 * count; i++) {
		const struct row *row = &rows[i / 2];
		struct smtp_tracker *tracker = smtp_tracker_new(options);

		if (i % 2 == 0)
			ROW(row);
		strbuf_reset(&out);
		replay_on(&tracker, i % 2 == 0 ? NULL : options, row->log,
		          &out);
		assert_string_equal(strbuf_text(&out), row->want);
		smtp_tracker_free(&tracker);
	}
	strbuf_clear(&out);
}

static const struct smtp_tracker_options all = {
	.count_private = true, .max_processes = 64, .max_queue_ids = 64};

static void test_ends(void **state)
{
	static const struct row rows[] = {
		{"a session begins at the summary and ends at the delivery",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"an untrusted certificate at level may",
	         P1 UP("Untrusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT,
	         "example.com tls mx1.example.com 192.0.2.1 untrusted\n"},
		{"several recipients of one session are one",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT P1 TO("AAAAA1", "v@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"of several recipients one may be refused",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("host mx1.example.com[192.0.2.1] said: 450 x")
	                         P1 TO("AAAAA1", "v@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"what becomes of the message is not the outcome",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("host mx1.example.com[192.0.2.1] said: 450 x"),
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"a probe is a session, too",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 TIMES "dsn=2.1.5, status=deliverable (250 Ok)\n",
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"more recipients than one transaction takes: a second session",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT P1 UP("Verified", MX1)
	                         P1 TO("AAAAA1", "v@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"a delivery line that was cut off ends its session, and is "
	         "nobody else's",
	         P1 UP("Verified", MX1) P1
	         "AAAAA1: to=<\"" LONG_PART "\n" P1 UP("Untrusted", MX2)
	                 P1 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "b.example tls mx2.example.com 192.0.2.2 untrusted\n"},
		{"cut off after the recipient",
	         P1 UP("Verified", MX1) P1
	         "AAAAA1: to=<u@example.com>, orig_to=<" LONG_PART
	         "\n" P1 UP("Untrusted", MX2)
	                 P1 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "b.example tls mx2.example.com 192.0.2.2 untrusted\n"},
		{"a delivery that can be read in two ways is nobody's",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "x@victim.example", MX2)
	                 TIMES "status=deferred (Cannot start TLS: "
	                       "handshake failure) <@example.com>, "
	                       "relay=" MX1 ", " SENT P1 UP("Untrusted", MX2)
	                               P1 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "b.example tls mx2.example.com 192.0.2.2 untrusted\n"},
		{"nor is its next recipient another session",
	         LOUD P1 UP("Verified", MX1)
	                 P1 TO("AAAAA1", "x@victim.example", MX2) TIMES
	         "status=sent (250) <@example.com>, "
	         "relay=" MX1 ", " SENT P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT P1 TO("AAAAA2", "u@example.com", MX1) SENT,
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"nor are the hosts that were given up before",
	         P1 "AAAAA1: TLS is required, but was not offered by host "
	            "mx2.example.com[192.0.2.2]\n" P1 UP("Verified", MX1)
	                    P1 TO("AAAAA1", "x@victim.example", MX2) TIMES
	         "status=sent (250) <@example.com>, "
	         "relay=" MX1 ", " SENT P1 UP("Trusted", MX2)
	                 P1 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "b.example tls mx2.example.com 192.0.2.2\n"},
		{"processes do not mix",
	         P1 UP("Verified", MX1) P2 UP("Untrusted", MX2)
	                 P1 TO("AAAAA1", "u@a.example", MX1)
	                         SENT P2 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "a.example tls mx1.example.com 192.0.2.1\n"
	         "b.example tls mx2.example.com 192.0.2.2 untrusted\n"},
		{"nor do instances",
	         "postfix-out/smtp[1]: " UP("Verified", MX1)
	                 LOUD P1 TO("AAAAA1", "u@a.example", MX1) SENT,
	         "a.example plain mx1.example.com 192.0.2.1\n"},
		{"a reused connection is none",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT P1 TO("AAAAA2", "u@example.com",
	                            MX1 ", conn_use=2") SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"one reused by another process is none",
	         LOUD P1 "Verified TLS connection reused to " MX1
	                 ": x\n" P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         ""},
		{"a connection to reuse that was dead is made anew",
	         P1 "Verified TLS connection reused to " MX1
	            ": x\n" P1 UP("Verified", MX1)
	                    P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"over IPv6",
	         P1 UP("Verified", "mx[2001:DB8:0::1]:25") P1 TO(
			 "AAAAA1", "u@example.com", "mx[2001:db8::1]:25") SENT,
	         "example.com tls mx 2001:db8::1\n"},
		{"names have no case",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@Example.COM.",
	                                      "MX1.Example.COM[192.0.2.1]:25")
	                 SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"a domain in UTF-8",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1",
	                                      "u@b\xc3\xbc"
	                                      "cher.example",
	                                      MX1) SENT,
	         "xn--bcher-kva.example tls mx1.example.com 192.0.2.1\n"},
		{"a domain that is none still counts",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@x?Y.example", MX1)
	                 SENT,
	         "x?y.example tls mx1.example.com 192.0.2.1\n"},
		{"no domain, an address, nobody at all: none",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "root", MX1) SENT P1 UP(
			 "Verified", MX1) P1 TO("AAAAA2", "u@[192.0.2.7]", MX1)
	                 SENT P1 UP("Verified", MX1) P1 TO("AAAAA3", "", MX1)
	                         SENT,
	         ""},
		{"a UNIX socket is none",
	         LOUD P1 TO("AAAAA1", "u@example.com", "x[private/lmtp]") SENT,
	         ""},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

static void test_failures(void **state)
{
	static const struct row rows[] = {
		{"handshake",
	         P1 "SSL_connect error to " MX1 ": -1\n" P1
	            "warning: TLS library problem: error:0A000410:x:\n" P1 TO(
			    "AAAAA1", "u@example.com", MX1)
	                    DEFER("Cannot start TLS: handshake failure"),
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"no STARTTLS",
	         P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("TLS is required, but was not offered by host "
	                       "mx1.example.com[192.0.2.1]")
	                         P1 TO("AAAAA1", "v@example.com", MX1)
	                                 DEFER("TLS is required, but was not "
	                                       "offered by host "
	                                       "mx1.example.com[192.0.2.1]"),
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1\n"},
		{"STARTTLS refused",
	         P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("TLS is required, but host "
	                       "mx1.example.com[192.0.2.1] refused to start "
	                       "TLS: 454 no"),
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1\n"},
		{"wrong name",
	         P1 "server " FAILED_FOR(
			 MX1) "num=62:hostname mismatch\n" P1 UP("Trusted", MX1)
	                 P1 TO("AAAAA1", "u@example.com", MX1)
	                         DEFER("Server certificate not "
	                               "verified"),
	         "example.com failed certificate-host-mismatch "
	         "mx1.example.com 192.0.2.1\n"},
		{"the first complaint is the one",
	         P1 FAILED_FOR(
			 MX1) "self-signed certificate\n" P1
	                      "server " FAILED_FOR(
				      MX1) "num=62:hostname mismatch\n" P1
	                              UP("Untrusted", MX1) P1 TO(
					      "AAAAA1", "u@example.com", MX1)
	                                      DEFER("Server certificate not "
	                                            "verified"),
	         "example.com failed validation-failure "
	         "self-signed_certificate mx1.example.com 192.0.2.1\n"},
		{"OpenSSL's words get underscores",
	         P1 "server " FAILED_FOR(
			 MX1) "num=21:unable to verify the "
	                      "first certificate\n" P1 UP("Untrusted", MX1)
	                              P1 TO("AAAAA1", "u@example.com", MX1)
	                                      DEFER("Server certificate not "
	                                            "verified"),
	         "example.com failed certificate-not-trusted "
	         "unable_to_verify_the_first_certificate mx1.example.com "
	         "192.0.2.1\n"},
		{"no complaint, chain trusted: the name",
	         P1 UP("Trusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Server certificate not verified"),
	         "example.com failed certificate-host-mismatch "
	         "mx1.example.com 192.0.2.1\n"},
		{"no complaint, chain not trusted",
	         P1 UP("Untrusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Server certificate not verified"),
	         "example.com failed certificate-not-trusted mx1.example.com "
	         "192.0.2.1\n"},
		{"log level 0: no summary",
	         P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Server certificate not trusted"),
	         "example.com failed certificate-not-trusted mx1.example.com "
	         "192.0.2.1\n"},
		{"a resumed session with a bad certificate",
	         P1 MX1
	         ": re-using session with untrusted certificate, look "
	         "for details earlier in the log\n" P1 UP("Untrusted", MX1)
	                 P1 TO("AAAAA1", "u@example.com", MX1)
	                         DEFER("Server certificate "
	                               "not verified"),
	         "example.com failed certificate-not-trusted mx1.example.com "
	         "192.0.2.1\n"},
		{"a complaint at level may is kept for a testing policy",
	         P1 FAILED_FOR(MX1) "self-signed certificate\n" P1 UP(
			 "Untrusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT,
	         "example.com tls mx1.example.com 192.0.2.1 untrusted but "
	         "validation-failure self-signed_certificate\n"},
		{"TLSA unusable, gone on without",
	         P1 "warning: " MX1
	            ": all TLSA records unusable, fallback to unauthenticated "
	            "TLS\n" P1 UP("Trusted", MX1)
	                    P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1 tlsa-unusable\n"},
		{"TLSA unusable at dane-only",
	         P1 "warning: " MX1 ": all TLSA records unusable\n" P1 TO(
			 "AAAAA1", "u@example.com", MX1)
	                 DEFER("Cannot start TLS: handshake failure"),
	         "example.com failed tlsa-invalid all-TLSA-records-unusable "
	         "mx1.example.com 192.0.2.1\n"},
		{"our own engine is nobody's failure",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("TLS is required, but our TLS engine is "
	                       "unavailable"),
	         ""},
		{"the certificate was refused at log level 0, and no more",
	         P1 "server " FAILED_FOR(MX1) "certificate has expired\n" P1 TO(
			 "AAAAA1", "u@example.com", MX1)
	                 DEFER("Server certificate not verified"),
	         "example.com failed certificate-expired mx1.example.com "
	         "192.0.2.1\n"},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

static void test_other_mx(void **state)
{
	static const struct row rows[] = {
		{"a handshake failed, the next MX took it",
	         P1 "SSL_connect error to " MX1 ": -1\n" P1
	            "AAAAA1: Cannot start TLS: handshake failure\n" P1 UP(
			    "Verified", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"a bad certificate, the next MX took it",
	         P1 "server " FAILED_FOR(MX1) "certificate has expired\n" P1 UP(
			 "Untrusted", MX1) P1
	         "AAAAA1: Server certificate not "
	         "verified\n" P1 UP("Verified", MX2)
	                 P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com failed certificate-expired mx1.example.com "
	         "192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"no STARTTLS: the text names the host",
	         P1 "AAAAA1: TLS is required, but was not offered by host "
	            "mx1.example.com[192.0.2.1]\n" P1 UP("Verified", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"all failed, and no relay in the end",
	         P1 "AAAAA1: TLS is required, but was not offered by host "
	            "mx1.example.com[192.0.2.1]\n" P1 TO(
			    "AAAAA1", "u@example.com", "none")
	                    DEFER("connect to mx2.example.com"
	                          "[192.0.2.2]:25: Connection refused"),
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1\n"},
		{"an MX that does not answer is no session",
	         P1 "connect to " MX1
	            ": Connection timed out\n" P1 UP("Verified", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"an MX that hangs up before TLS is no session",
	         P1 "AAAAA1: lost connection with mx1.example.com[192.0.2.1] "
	            "while receiving the initial server greeting\n" P1 UP(
			    "Verified", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"an MX that hangs up after TLS had its session",
	         P1 UP("Verified", MX1) P1
	         "AAAAA1: lost connection with mx1.example.com[192.0.2.1] "
	         "while performing the EHLO handshake\n" P1 UP("Verified", MX2)
	                 P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"a handshake failed, and plaintext is the second try",
	         LOUD P1 "SSL_connect error to " MX1 ": lost connection\n" P1
	                 "AAAAA1: Cannot start TLS: handshake failure\n" P1 TO(
				 "AAAAA1", "u@example.com", MX1)
	                         SENT P1 TO("AAAAA1", "v@example.com", MX1)
	                                 SENT,
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"the same at a host that offers STARTTLS to nobody now",
	         LOUD P1 "SSL_connect error to " MX1 ": -1\n" P1
	                 "AAAAA1: Cannot start TLS: handshake failure\n" P1
	                 "Host offered STARTTLS: [mx1.example.com]\n" P1 TO(
				 "AAAAA1", "u@example.com", MX1) SENT,
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"the same when 3.11 says so",
	         P1 "SSL_connect error to " MX1 ": lost connection\n" P1
	            "AAAAA1: Cannot start TLS: handshake failure\n" P1 TO(
			    "AAAAA1", "u@example.com", MX1) TIMES
	         "tls=may:none, dsn=2.0.0, status=sent (250)\n",
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"what another message left behind is not this one's",
	         P1 "AAAAA1: TLS is required, but was not offered by host "
	            "mx1.example.com[192.0.2.1]\n" P1 UP("Verified", MX2)
	                    P1 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "b.example tls mx2.example.com 192.0.2.2\n"},
		{"our own engine is nobody's failure",
	         P1 "AAAAA1: TLS is required, but our TLS engine is "
	            "unavailable\n" P1 TO("AAAAA1", "u@example.com", "none")
	                    DEFER("x"),
	         ""},
		{"no TLSA at dane-only",
	         P1 LOOKUP("mx1.example.com", "no TLSA records found")
	                 P1 TO("AAAAA1", "u@example.com", "none")
	                         DEFER("no TLSA records found"),
	         "example.com failed dane-required mx1.example.com\n"},
		{"not DNSSEC at dane-only",
	         P1 LOOKUP("mx1.example.com", "non DNSSEC destination")
	                 P1 TO("AAAAA1", "u@example.com", "none")
	                         DEFER("non DNSSEC destination"),
	         "example.com failed dane-required mx1.example.com\n"},
		{"TLSA lookup error, once for two addresses of the host",
	         P1
	         "warning: DANE TLSA lookup problem: Host or domain name "
	         "not found. Name service error for "
	         "name=_25._tcp.mx1.example.com type=TLSA: Host not found, "
	         "try again\n" P1 LOOKUP("mx1.example.com",
	                                 "TLSA lookup error for "
	                                 "mx1.example.com:25")
	                 P1 LOOKUP("mx1.example.com",
	                           "TLSA lookup error for "
	                           "mx1.example.com:25") P1 UP("Verified", MX2)
	                         P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com failed dnssec-invalid mx1.example.com\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"unusable TLSA at dane-only",
	         P1 LOOKUP("mx1.example.com", "TLSA records unusable")
	                 P1 TO("AAAAA1", "u@example.com", "none")
	                         DEFER("TLSA records unusable"),
	         "example.com failed tlsa-invalid all-TLSA-records-unusable "
	         "mx1.example.com\n"},
		{"our own configuration is nobody's failure",
	         P1 LOOKUP("mx1.example.com",
	                   "client TLS configuration problem")
	                 P1 TO("AAAAA1", "u@example.com", "none") DEFER("x"),
	         ""},
		{"an MX that the STS policy does not name",
	         P1 "warning: MX name 'mx1.example.com' does not match STS MX "
	            "pattern for 'example.com'\n" P1 UP("Verified", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com failed validation-failure "
	         "mtasts-policy-mx-mismatch mx1.example.com\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

static void test_plaintext(void **state)
{
	static const struct row rows[] = {
		{"delivered without a summary",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"several recipients are one session",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT P1 TO("AAAAA1", "v@example.com", MX1) SENT,
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"refused after RCPT TO",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("host mx1.example.com[192.0.2.1] said: 450 x "
	                       "(in reply to RCPT TO command)"),
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"refused at the greeting: TLS had no chance",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("host mx1.example.com[192.0.2.1] refused to "
	                       "talk to me: 421 x"),
	         ""},
		{"nobody knows that summaries are logged",
	         P1 TO("AAAAA1", "u@example.com", MX1) SENT, ""},
		{"a summary of tlsproxy will do",
	         PROXY UP("Trusted", MX2) P1 TO("AAAAA1", "u@example.com", MX1)
	                 SENT,
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"a reused plaintext connection is none",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1 ", conn_use=3") SENT,
	         ""},
		{"STARTTLS was offered and not wanted (level none)",
	         LOUD P1 "Host offered STARTTLS: [mx1.example.com]\n" P1 TO(
			 "AAAAA1", "u@example.com", MX1)
	                 SENT P1 TO("AAAAA1", "v@example.com", MX1) SENT,
	         ""},
		{"and the next session is another matter",
	         LOUD P1 "Host offered STARTTLS: [mx1.example.com]\n" P1 TO(
			 "AAAAA1", "u@example.com", MX1)
	                 SENT P1 TO("AAAAA2", "u@example.com", MX2) SENT,
	         "example.com plain mx2.example.com 192.0.2.2\n"},
		{"by an MX that was given up: nor of the next",
	         LOUD P1 "Host offered STARTTLS: [mx1.example.com]\n" P1 TO(
			 "AAAAA1", "u@example.com", MX2) SENT,
	         ""},
		{"by an MX that was given up: no relay in the end",
	         LOUD P1 "Host offered STARTTLS: [mx1.example.com]\n" P1
	                 "AAAAA1: to=<u@example.com>, relay=none, " DEFER("x")
	                         P1 TO("AAAAA2", "u@b.example", MX2) SENT,
	         "b.example plain mx2.example.com 192.0.2.2\n"},
		{"3.11 says: no STARTTLS",
	         P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=may:none, dsn=2.0.0, status=sent (250)\n",
	         "example.com plain mx1.example.com 192.0.2.1 at=may\n"},
		{"3.11 says: TLS, at log level 0",
	         P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=dane, dsn=2.0.0, status=sent (250)\n",
	         "example.com tls mx1.example.com 192.0.2.1 at=dane\n"},
		{"3.11 says: TLS of a lower level",
	         P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=dane:encrypt/requiretls:none, dsn=2.0.0, status=sent "
	         "(250)\n",
	         "example.com tls mx1.example.com 192.0.2.1 at=dane\n"},
		{"3.11 says: TLS was not wanted",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=none, dsn=2.0.0, status=sent (250)\n",
	         ""},
		{"3.11 says: it never came to it",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=may?, dsn=4.4.2, status=deferred (lost connection with "
	         "mx1.example.com[192.0.2.1] while sending MAIL FROM)\n",
	         ""},
		{"3.11 and the summary are one session",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 TIMES "tls=dane, dsn=2.0.0, status=sent (250)\n" P1 TO(
				 "AAAAA1", "v@example.com", MX1) TIMES
	         "tls=dane, dsn=2.0.0, status=sent (250)\n",
	         "example.com tls mx1.example.com 192.0.2.1 at=dane\n"},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

/* Somebody turned smtp_tls_loglevel off: from one moment on no session has
 * TLS.  Nobody is blamed for that. */
static void test_log_level_turned_off(void **state)
{
	struct smtp_tracker *tracker = smtp_tracker_new(&all);
	struct strbuf log, out;
	int count = 0;

	(void)state;
	replay_utc();
	strbuf_init(&log, 0);
	strbuf_init(&out, 0);
	assert_false(smtp_tracker_has_loglevel(tracker));
	strbuf_puts(&log, LOUD);
	for (int i = 0; i < 300; i++)
		strbuf_printf(&log,
		              P1 "AAAA%d: to=<u@example.com>, relay=" MX1
		                 ", delay=0.1, delays=0/0/0/0, "
		                 "dsn=2.0.0, status=sent (250)\n",
		              i);
	replay(tracker, log.data, &out);
	for (const char *p = out.data; (p = strchr(p, '\n')) != NULL; p++)
		count++;
	assert_int_equal(count, 100);
	assert_false(smtp_tracker_has_loglevel(tracker));
	replay(tracker, LOUD, &out);
	assert_true(smtp_tracker_has_loglevel(tracker));
	strbuf_clear(&log);
	strbuf_clear(&out);
	smtp_tracker_free(&tracker);
}

static void put_silent(struct strbuf *log, int count)
{
	for (int i = 0; i < count; i++)
		strbuf_printf(log,
		              P1 "BBBB%02d: to=<u@example.com>, relay=" MX1
		                 ", delay=0.1, delays=0/0/0/0, "
		                 "dsn=2.0.0, status=sent (250)\n",
		              i);
}

/* A log of which nobody knows the level, and that has failures and no
 * successes, is one of level 0: who fails once would seem to fail always. */
static void test_log_level_zero(void **state)
{
	static const char failed[] =
		P2 "SSL_connect error to " MX2 ": -1\n" P2
		   "CCCCC1: Cannot start TLS: handshake failure\n" P2 TO(
			   "CCCCC1", "u@b.example", MX2)
			   DEFER("Cannot start TLS: handshake failure");
	static const char session[] = "b.example failed validation-failure "
				      "tls-handshake-failure mx2.example.com "
				      "192.0.2.2\n";
	static const struct {
		const char *name, *before;
		int silent;
		bool counts;
	} rows[] = {
		{"too few deliveries to tell", "", 20, true},
		{"deliveries, and no line about TLS", "", 21, false},
		{"one line of a success", LOUD, 21, true},
		{"and no more for a long time", LOUD, 101, false},
	};

	(void)state;
	replay_utc();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct smtp_tracker *tracker = smtp_tracker_new(&all);
		struct strbuf log = {0}, out = {0};

		ROW(&rows[i]);
		strbuf_puts(&log, rows[i].before);
		put_silent(&log, rows[i].silent);
		replay(tracker, strbuf_text(&log), &out);
		strbuf_reset(&out);
		replay(tracker, failed, &out);
		assert_string_equal(strbuf_text(&out),
		                    rows[i].counts ? session : "");
		strbuf_clear(&log);
		strbuf_clear(&out);
		smtp_tracker_free(&tracker);
	}
}

static void test_tlsproxy(void **state)
{
	static const struct row rows[] = {
		{"smtp and tlsproxy both log the summary: one session",
	         PROXY UP("Verified", MX1) P1 UP("Verified", MX1)
	                 P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
		{"a complaint of tlsproxy is the session's",
	         PROXY
	         "server " FAILED_FOR(MX1) "certificate has expired\n" PROXY UP(
			 "Untrusted", MX1) P1 UP("Untrusted", MX1)
	                 P1 TO("AAAAA1", "u@example.com", MX1)
	                         DEFER("Server certificate not "
	                               "verified"),
	         "example.com failed certificate-expired mx1.example.com "
	         "192.0.2.1\n"},
		{"a handshake that tlsproxy could not do",
	         PROXY "SSL_connect error to " MX1
	               ": -1\n" P1 TO("AAAAA1", "u@example.com", MX1)
	                       DEFER("Cannot start TLS: handshake failure"),
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"as tlsproxy really says it",
	         TAKEN("192.0.2.1") PROXY
	         "TLS handshake failed for service=smtp "
	         "peer=[192.0.2.1]:25\n" PROXY
	         "DISCONNECT [192.0.2.1]:25\n" P1 TO("AAAAA1", "u@example.com",
	                                             MX1)
	                 DEFER("Cannot start TLS: handshake failure"),
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"after smtp, when it took too long",
	         TAKEN("192.0.2.1") P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Cannot start TLS: handshake failure") PROXY
	         "TLS handshake failed for service=smtp peer=[192.0.2.1]:25\n",
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"two at once to the same host",
	         TAKEN("192.0.2.1") TAKEN("192.0.2.1")
	                 P1 TO("AAAAA1", "u@example.com", MX1)
	                         DEFER("Cannot start TLS: handshake failure")
	                                 P2 TO("AAAAA2", "u@example.com", MX1)
	                                         DEFER("Cannot start TLS: "
	                                               "handshake failure"),
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"one MX of several that took too long",
	         TAKEN("192.0.2.1") P1
	         "AAAAA1: Cannot start TLS: handshake failure\n" P1 UP(
			 "Verified", MX2) P1 TO("AAAAA1", "u@example.com", MX2)
	                 SENT,
	         "example.com failed validation-failure "
	         "tls-handshake-failure\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"one MX of several, that only tlsproxy knew",
	         PROXY "SSL_connect error to " MX1 ": -1\n" P1
	               "AAAAA1: Cannot start TLS: handshake failure\n" P1 UP(
			       "Verified", MX2)
	                       P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"and that nobody knew: it came to no handshake",
	         P1 "AAAAA1: Cannot start TLS: handshake failure\n" P1 TO(
			 "AAAAA1", "u@example.com", "none") DEFER("x"),
	         ""},
		{"of another instance it is not ours",
	         "postfix-out/tlsproxy[9]: server " FAILED_FOR(
			 MX1) "certificate has expired\n" P1 UP("Untrusted",
	                                                        MX1)
	                 P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1 untrusted\n"},
		{"a policy look-up is smtp's alone",
	         PROXY LOOKUP("mx1.example.com", "no TLSA records found") PROXY
	         "Verified TLS connection reused to " MX1
	         ": x\n" P1 UP("Verified", MX1)
	                 P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1\n"},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

/* Postfix 3.11: tls=, and RFC 8689. */
static void test_features(void **state)
{
	static const struct row rows[] = {
		{"REQUIRETLS and no STARTTLS: Postfix reports it itself",
	         P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=may?/!requiretls:nostarttls, dsn=5.7.30, "
	         "status=bounced (" REQUIRETLS
	         "TLS service was not offered by host "
	         "mx1.example.com[192.0.2.1])\n",
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1 at=may\n"},
		{"REQUIRETLS and an expired certificate",
	         P1 FAILED_FOR(MX1) "certificate has expired\n" P1 UP(
			 "Untrusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 TIMES "tls=!secure/!requiretls:nocertmatch, "
	                       "dsn=5.7.10, status=bounced (" REQUIRETLS
	                       "no trusted server certificate was found. The "
	                       "last attempted server was "
	                       "mx1.example.com[192.0.2.1])\n",
	         "example.com failed certificate-expired mx1.example.com "
	         "192.0.2.1 at=secure\n"},
		{"REQUIRETLS and another name in the certificate",
	         P1 UP("Trusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 TIMES "tls=!secure/!requiretls:nocertmatch, "
	                       "dsn=5.7.10, status=bounced (" REQUIRETLS
	                       "no matching server certificate was found. The "
	                       "last attempted server was "
	                       "mx1.example.com[192.0.2.1])\n",
	         "example.com failed certificate-host-mismatch "
	         "mx1.example.com 192.0.2.1 at=secure\n"},
		{"a server without REQUIRETLS had a good session",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 TIMES "tls=dane/!requiretls:none, dsn=5.7.30, "
	                       "status=bounced (" REQUIRETLS
	                       "no server was found that supports REQUIRETLS. "
	                       "The last attempted server was "
	                       "mx1.example.com[192.0.2.1])\n",
	         "example.com tls mx1.example.com 192.0.2.1 at=dane\n"},
		{"each of two such",
	         P1 UP("Verified", MX1) P1
	         "AAAAA1: " REQUIRETLS "no server was found that supports "
	         "REQUIRETLS. The last attempted server was "
	         "mx1.example.com[192.0.2.1]\n" P1 UP("Verified", MX2)
	                 P1 TO("AAAAA1", "u@example.com", MX2) TIMES
	         "tls=dane/!requiretls:none, "
	         "dsn=5.7.30, status=bounced (x)\n",
	         "example.com tls mx1.example.com 192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2 at=dane\n"},
		{"one MX of two had no STARTTLS",
	         P1 "AAAAA1: " REQUIRETLS "TLS service was not offered by host "
	            "mx1.example.com[192.0.2.1]\n" P1 UP("Verified", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) TIMES
	         "tls=dane/requiretls, dsn=2.0.0, status=sent (250)\n",
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1\n"
	         "example.com tls mx2.example.com 192.0.2.2 at=dane\n"},
		{"our own level: no session at all",
	         P1 "AAAAA1: to=<u@example.com>, relay=none, " TIMES
	            "tls=none/!requiretls:noencryption, dsn=5.7.10, "
	            "status=bounced (" REQUIRETLS "my configured TLS security "
	            "level 'none' disables encryption. The last attempted "
	            "server was mx1.example.com)\n",
	         ""},
		{"what tls= says was blocked is never a good session",
	         P1 UP("Trusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 TIMES "tls=!dane, dsn=4.7.5, status=deferred (in "
	                       "words of a later version)\n",
	         "example.com failed certificate-host-mismatch "
	         "mx1.example.com 192.0.2.1 at=dane\n"},
		{"nor when no line about TLS came before",
	         LOUD P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=!dane, dsn=4.7.5, status=deferred (in "
	         "words of a later version)\n",
	         ""},
		{"and REQUIRETLS says why, in any words",
	         P1 TO("AAAAA1", "u@example.com", MX1) TIMES
	         "tls=!secure/!requiretls:nocertmatch, "
	         "dsn=5.7.10, status=bounced (x)\n" P1 TO(
			 "AAAAA2", "u@example.com", MX2) TIMES
	         "tls=may?/!requiretls:nostarttls, dsn=5.7.30, status=bounced "
	         "(x)\n",
	         "example.com failed certificate-not-trusted mx1.example.com "
	         "192.0.2.1 at=secure\n"
	         "example.com failed starttls-not-supported mx2.example.com "
	         "192.0.2.2 at=may\n"},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

/* What goes wrong on our side is nobody else's failure. */
static void test_our_faults(void **state)
{
	static const struct row rows[] = {
		{"tlsproxy is not there",
	         P1 "warning: connect to private/tlsproxy service: Connection "
	            "refused\n" P1 TO("AAAAA1", "u@example.com", MX1)
	                    DEFER("Cannot start TLS: handshake failure"),
	         ""},
		{"nor for the first MX of two",
	         P1 "warning: connect to private/tlsproxy service: Connection "
	            "refused\n" P1
	            "AAAAA1: Cannot start TLS: handshake failure\n" P1 TO(
			    "AAAAA1", "u@example.com", MX2)
	                    DEFER("Cannot start TLS: handshake failure"),
	         ""},
		{"a list of protocols that means nothing",
	         P1
	         "warning: " MX1 ": Invalid TLS protocol list \"foo\": "
	         "aborting TLS session\n" P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Cannot start TLS: handshake failure"),
	         ""},
		{"the same in tlsproxy",
	         TAKEN("192.0.2.1") PROXY
	         "warning: " MX1
	         ": Invalid TLS protocol list \"foo\": aborting "
	         "TLS session\n" PROXY "TLS handshake failed for service=smtp "
	         "peer=[192.0.2.1]:25\n" P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Cannot start TLS: handshake failure"),
	         ""},
		{"no ciphers are left",
	         P1 "SSL_connect error to " MX1 ": -1\n" P1
	            "warning: TLS library problem: error:0A0000B5:SSL "
	            "routines::no ciphers available:x.c:1:\n" P1 TO(
			    "AAAAA1", "u@example.com", MX1)
	                    DEFER("Cannot start TLS: handshake failure"),
	         ""},
		{"the other side's alert is its failure",
	         P1 "SSL_connect error to " MX1 ": -1\n" P1
	            "warning: TLS library problem: error:0A000438:SSL "
	            "routines::tlsv1 alert internal error:x.c:1:\n" P1 TO(
			    "AAAAA1", "u@example.com", MX1)
	                    DEFER("Cannot start TLS: handshake failure"),
	         "example.com failed validation-failure "
	         "tls-handshake-failure mx1.example.com 192.0.2.1\n"},
		{"no file handle is left, and the next MX is good",
	         P1 "SSL_connect error to " MX1
	            ": Too many open files\n" P1 UP("Trusted", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         "example.com tls mx2.example.com 192.0.2.2\n"},
		{"we ran out of memory over its certificate",
	         P1 "server " FAILED_FOR(MX1) "num=17:out of memory\n" P1 UP(
			 "Untrusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Server certificate not verified"),
	         ""},
		{"our fingerprints are unusable",
	         P1 "warning: " MX1 ": all fingerprints unusable\n" P1 UP(
			 "Untrusted", MX1) P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("Server certificate not verified"),
	         ""},
		{"TLS is required, and we have no engine",
	         P1 TO("AAAAA1", "u@example.com", MX1)
	                 DEFER("TLS is required, but our TLS engine is "
	                       "unavailable"),
	         ""},
		{"at level may a process without engine sends in clear",
	         LOUD P1 "cannot load Certification Authority data, "
	                 "CAfile=\"/x\": disabling TLS support\n" P1 TO(
				 "AAAAA1", "u@example.com", MX1)
	                         SENT P1 TO("AAAAA2", "u@example.com", MX1)
	                                 TIMES
	         "tls=may:none, dsn=2.0.0, status=sent (250)\n" P2 TO(
			 "AAAAA3", "u@example.com", MX1) SENT,
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"where TLS is required and not offered, it is the server's",
	         P1 "warning: no entropy for TLS key generation: disabling TLS "
	            "support\n" P1 TO("AAAAA1", "u@example.com", MX1)
	                    DEFER("TLS is required, but was not offered by "
	                          "host mx1.example.com[192.0.2.1]"),
	         "example.com failed starttls-not-supported mx1.example.com "
	         "192.0.2.1\n"},
		{"the same process number with an engine",
	         P1 "warning: no entropy for TLS key generation: disabling TLS "
	            "support\n" SESSION("AAAAA1")
	                    P1 TO("AAAAA2", "u@example.com", MX2) SENT,
	         COUNTED "example.com plain mx2.example.com 192.0.2.2\n"},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

#define FROM(id, sender)                                                       \
	"postfix/qmgr[3]: " id ": from=<" sender ">, size=1, nrcpt=1 (queue "  \
	"active)\n"
static void test_own_reports(void **state)
{
	static const struct smtp_tracker_options options = {
		.count_private = true, .own_sender = "reports@sender.example"};
	static const struct row rows[] = {
		{"a report of ours",
	         FROM("AAAAA1", "reports@sender.example") SESSION("AAAAA1"),
	         ""},
		{"with a token",
	         FROM("AAAAA1", "reports+0123456789abcdef0123456789abcdef"
	                        "@Sender.Example") SESSION("AAAAA1"),
	         ""},
		{"with an extension that is no token",
	         FROM("AAAAA1", "reports+1a2b@sender.example")
	                 SESSION("AAAAA1"),
	         COUNTED},
		{"somebody else's message",
	         FROM("AAAAA1", "a@sender.example") SESSION("AAAAA1"), COUNTED},
		{"a longer name is somebody else",
	         FROM("AAAAA1", "reports2@sender.example") SESSION("AAAAA1"),
	         COUNTED},
		{"so is another domain",
	         FROM("AAAAA1", "reports@sender.example.net") SESSION("AAAAA1"),
	         COUNTED},
		{"and nobody", FROM("AAAAA1", "") SESSION("AAAAA1"), COUNTED},
		{"the queue id is taken again",
	         FROM("AAAAA1",
	              "reports@sender.example") "postfix/qmgr[3]: AAAAA1: "
	                                        "removed\n" SESSION("AAAAA1"),
	         COUNTED},
		{"the same without word of the end",
	         FROM("AAAAA1", "reports@sender.example")
	                 FROM("AAAAA1", "a@sender.example") SESSION("AAAAA1"),
	         COUNTED},
		{"a smtp service with its own name is of the same instance",
	         FROM("AAAAA1",
	              "reports@sender.example") "postfix/relay/"
	                                        "smtp[1]: " UP(
							"Verified",
							MX1) "postfix"
	                                                     "/relay/"
	                                                     "smtp[1]"
	                                                     ": " TO("AAAAA1",
	                                                             "u@"
	                                                             "example."
	                                                             "com",
	                                                             MX1) SENT,
	         ""},
		{"another instance has its own queue ids",
	         FROM("AAAAA1",
	              "reports@sender.example") "postfix-out/"
	                                        "smtp[1]: " UP(
							"Verified",
							MX1) "postfix"
	                                                     "-out/"
	                                                     "smtp[1]"
	                                                     ": " TO("AAAAA1",
	                                                             "u@"
	                                                             "example."
	                                                             "com",
	                                                             MX1) SENT,
	         COUNTED},
		{"an MX that failed for a report of ours",
	         FROM("AAAAA1", "reports@sender.example") P1
	         "AAAAA1: TLS is required, but was not offered by host "
	         "mx1.example.com[192.0.2.1]\n" P1 TO("AAAAA1", "u@example.com",
	                                              "none") DEFER("x"),
	         ""},
	};

	(void)state;
	check_with(&options, rows, COUNT(rows));
}

static bool is_optional(void *arg, int64_t time, const char *queue_id)
{
	(void)arg;
	(void)time;
	return strcmp(queue_id, "AAAAA1") == 0;
}

/* "TLS-Required: No", known by the queue id. */
static void test_tls_optional(void **state)
{
	static const struct smtp_tracker_options options = {
		.count_private = true, .tls_optional = is_optional};
	static const struct row rows[] = {
		{"its session is none", SESSION("AAAAA1"), ""},
		{"nor its failures on the way",
	         P1 "SSL_connect error to " MX1 ": -1\n" P1
	            "AAAAA1: Cannot start TLS: handshake failure\n" P1 UP(
			    "Trusted", MX2)
	                    P1 TO("AAAAA1", "u@example.com", MX2) SENT,
	         ""},
		{"another message's is one",
	         SESSION("AAAAA1") SESSION("AAAAA2"), COUNTED},
	};

	(void)state;
	check_with(&options, rows, COUNT(rows));
}

static void test_private(void **state)
{
	static const struct smtp_tracker_options options = {0};
	static const struct row rows[] = {
		{"a public address",
	         P1 UP("Verified", "mx[9.9.9.9]:25") P1 TO(
			 "AAAAA1", "u@example.com", "mx[9.9.9.9]:25") SENT,
	         "example.com tls mx 9.9.9.9\n"},
		{"a private one",
	         P1 UP("Verified", "mx[10.0.0.1]:25") P1 TO(
			 "AAAAA1", "u@example.com", "mx[10.0.0.1]:25") SENT,
	         ""},
		{"a content filter here",
	         LOUD P1 TO("AAAAA1", "u@example.com",
	                    "127.0.0.1[127.0.0.1]:10024") SENT,
	         ""},
		{"the same over IPv6",
	         LOUD P1 TO("AAAAA1", "u@example.com", "localhost[::1]:10024")
	                 SENT,
	         ""},
		{"an MX that failed",
	         P1 "AAAAA1: TLS is required, but was not offered by host "
	            "mx1.example.com[192.168.1.1]\n" P1 TO(
			    "AAAAA1", "u@example.com", "none") DEFER("x"),
	         ""},
	};

	(void)state;
	check_with(&options, rows, COUNT(rows));
}

static void test_by_relay(void **state)
{
	static const struct log_site site = {.all_relayed = true};
	static const struct smtp_tracker_options options = {
		.count_private = true, .site = &site};
	static const struct row rows[] = {
		{"the relay host is the domain",
	         P1 UP("Verified", MX1) P1 TO("AAAAA1", "u@a.example", MX1)
	                 SENT P1 TO("AAAAA1", "u@b.example", MX1) SENT,
	         "mx1.example.com tls mx1.example.com 192.0.2.1 route=moved\n"},
		{"also of a failure before",
	         P1 "AAAAA1: TLS is required, but was not offered by host "
	            "mx1.example.com[192.0.2.1]\n" P1 TO(
			    "AAAAA1", "u@a.example", "none") DEFER("x"),
	         "mx1.example.com failed starttls-not-supported "
	         "mx1.example.com 192.0.2.1 route=moved\n"},
	};

	(void)state;
	check_with(&options, rows, COUNT(rows));
}

#define EVENT(result, mx)                                                      \
	"TLSRPT: status=" result ", domain=example.com, receiving_mx=" mx      \
	", failure_type=x\n"

static void test_which_had_an_event(void **state)
{
	static const struct row rows[] = {
		{"a success",
	         P1 UP("Trusted", MX1)
	                 P1 EVENT("success", "mx1.example.com[192.0.2.1]")
	                         P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1 event\n"},
		{"of another process",
	         P1 UP("Trusted", MX1)
	                 P2 EVENT("success", "mx1.example.com[192.0.2.1]")
	                         P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         COUNTED},
		{"of another host",
	         LOUD P1 EVENT("failure", "mx2.example.com[192.0.2.2]")
	                 P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com plain mx1.example.com 192.0.2.1\n"},
		{"STARTTLS was refused, and the mail went on",
	         LOUD P1 EVENT("failure", "mx1.example.com[192.0.2.1]")
	                 P1 TO("AAAAA1", "u@example.com", MX1) SENT,
	         "example.com plain mx1.example.com 192.0.2.1 event-failed\n"},
		{"the second session of the process had none",
	         P1 UP("Trusted", MX1) P1 EVENT("success",
	                                        "mx1.example.com[192.0.2.1]")
	                 P1 TO("AAAAA1", "u@example.com",
	                       MX1) SENT P1 UP("Trusted", MX1)
	                         P1 TO("AAAAA2", "u@example.com", MX1) SENT,
	         "example.com tls mx1.example.com 192.0.2.1 event\n" COUNTED},
	};

	(void)state;
	check_with(&all, rows, COUNT(rows));
}

static void test_events(void **state)
{
	struct smtp_tracker *tracker = smtp_tracker_new(&all);
	struct strbuf out;

	(void)state;
	replay_utc();
	strbuf_init(&out, 0);
	assert_false(smtp_tracker_sees_events(tracker));
	replay(tracker,
	       P1 "TLSRPT: status=success, domain=example.com, "
	          "receiving_mx=mx1.example.com[192.0.2.1]\n",
	       &out);
	assert_true(smtp_tracker_sees_events(tracker));
	assert_false(smtp_tracker_lacks_events(tracker));
	replay_on(&tracker, &all,
	          P1 "warning: TLSRPT is selected, but TLSRPT is not compiled "
	             "in\n",
	          &out);
	assert_true(smtp_tracker_lacks_events(tracker));
	strbuf_clear(&out);
	smtp_tracker_free(&tracker);
}

/* More processes, queue ids and hosts than there is room for: what is kept
 * is bounded, and the newest is. */
static void test_bounds(void **state)
{
	struct smtp_tracker_options options = {.count_private = true,
	                                       .max_processes = 8,
	                                       .max_queue_ids = 8,
	                                       .own_sender = "r@s.example"};
	struct smtp_tracker *tracker = smtp_tracker_new(&options);
	struct strbuf log, out, saved;

	(void)state;
	replay_utc();
	strbuf_init(&log, 0);
	strbuf_init(&out, 0);
	strbuf_init(&saved, 0);
	for (int i = 0; i < 800; i++)
		strbuf_printf(&log,
		              "postfix/smtp[%d]: Trusted TLS connection "
		              "established to mx[192.0.2.1]:%d: x\n"
		              "postfix/tlsproxy[1]: SSL_connect error to "
		              "mx[192.0.2.1]:%d: -1\n"
		              "postfix/smtp[1]: AAAA%d: TLS is required, but "
		              "was not offered by host mx%d[192.0.2.1]\n"
		              "postfix/qmgr[1]: AAAA%d: from=<r@s.example>, "
		              "size=1, nrcpt=1\n",
		              i, i + 1, i + 1, i, i, i);
	replay(tracker, log.data, &out);
	smtp_tracker_save(tracker, &saved);
	assert_in_range(saved.len, 1, 64 * 1024);
	strbuf_reset(&log);
	strbuf_puts(&log, "postfix/smtp[799]: AAAAA: to=<u@example.com>, "
	                  "relay=mx[192.0.2.1]:800, dsn=2.0.0, status=sent "
	                  "(250)\n");
	replay(tracker, log.data, &out);
	/* on that port the host is a next hop */
	assert_string_equal(strbuf_text(&out),
	                    "mx tls mx 192.0.2.1 route=moved\n");
	strbuf_clear(&log);
	strbuf_clear(&out);
	strbuf_clear(&saved);
	smtp_tracker_free(&tracker);
}

/* Processes come and go; those that are gone are not saved with each commit,
 * and one that comes again as another begins anew. */
static void test_processes_end(void **state)
{
	struct smtp_tracker *tracker = smtp_tracker_new(&all);
	struct strbuf log, out, saved;

	(void)state;
	replay_utc();
	strbuf_init(&log, 0);
	strbuf_init(&out, 0);
	strbuf_init(&saved, 0);
	strbuf_puts(&log, LOUD);
	for (int i = 0; i < 40; i++)
		strbuf_printf(&log,
		              "postfix/smtp[%d]: AAAAA: to=<u@example.com>, "
		              "relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent "
		              "(250)\n",
		              i);
	replay(tracker, log.data, &out);
	smtp_tracker_save(tracker, &saved);
	assert_in_range(saved.len, 40 * 20, 40 * 200);
	strbuf_reset(&log);
	for (int i = 0; i < 2500; i++)
		strbuf_puts(&log, "postfix/qmgr[3]: AAAAA: removed\n");
	for (int i = 0; i < 21; i++)
		replay(tracker, log.data, &out);
	replay(tracker, P1 UP("Trusted", MX1), &out);
	strbuf_reset(&saved);
	smtp_tracker_save(tracker, &saved);
	assert_in_range(saved.len, 1, 400);
	strbuf_reset(&out);
	strbuf_reset(&log);
	strbuf_puts(&log, "postfix/smtp[30]: AAAAA: to=<v@example.com>, "
	                  "relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent "
	                  "(250)\n");
	replay(tracker, log.data, &out);
	assert_string_equal(strbuf_text(&out),
	                    "example.com plain mx 192.0.2.1\n");
	strbuf_clear(&log);
	strbuf_clear(&out);
	strbuf_clear(&saved);
	smtp_tracker_free(&tracker);
}

static void test_damaged_state(void **state)
{
	struct smtp_tracker *tracker = smtp_tracker_new(&all);
	struct strbuf out, saved, again;
	struct err err = {0};

	(void)state;
	replay_utc();
	strbuf_init(&out, 0);
	strbuf_init(&saved, 0);
	strbuf_init(&again, 0);
	replay(tracker,
	       P1 FAILED_FOR(
		       MX1) "self-signed certificate\n" P1
	                    "AAAAA1: Server certificate not verified\n" P1 UP(
				    "Trusted", MX2) PROXY
	       "SSL_connect error to " MX1 ": -1\n",
	       &out);
	smtp_tracker_save(tracker, &saved);
	for (size_t len = 0; len < saved.len; len++)
		assert_int_equal(
			smtp_tracker_load(tracker, saved.data, len, &err),
			ERR_PARSE);
	assert_string_equal(err.text,
	                    "the stored state of open sessions is damaged");
	assert_false(smtp_tracker_has_loglevel(tracker));
	assert_int_equal(
		smtp_tracker_load(tracker, saved.data, saved.len, &err), 0);
	smtp_tracker_save(tracker, &again);
	assert_int_equal(again.len, saved.len);
	assert_memory_equal(again.data, saved.data, saved.len);
	saved.data[0] = 9;
	assert_int_equal(
		smtp_tracker_load(tracker, saved.data, saved.len, &err),
		ERR_PARSE);
	assert_string_equal(
		err.text,
		"the stored state of open sessions has an unknown version: 9");
	strbuf_clear(&out);
	strbuf_clear(&saved);
	strbuf_clear(&again);
	smtp_tracker_free(&tracker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_other_mx),
		cmocka_unit_test(test_plaintext),
		cmocka_unit_test(test_log_level_turned_off),
		cmocka_unit_test(test_log_level_zero),
		cmocka_unit_test(test_tlsproxy),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_our_faults),
		cmocka_unit_test(test_own_reports),
		cmocka_unit_test(test_tls_optional),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_by_relay),
		cmocka_unit_test(test_which_had_an_event),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_processes_end),
		cmocka_unit_test(test_damaged_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
