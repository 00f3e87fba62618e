/*
 * log_day - a busy day's mail log, as Postfix writes it
 *
 *     log_day DAY DOMAINS SESSIONS MEGABYTES >mail.log
 *
 * Each session is one message that came in over SMTP and went out to one of
 * the domains (d000000.example and so on, two MX hosts each); lines of other
 * programs fill the log up to its size.  Fifty processes of smtp(8) have their
 * lines mixed.  Most sessions are over TLS; some servers offer none, fail the
 * handshake, or show an expired certificate.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/day.h"
#include "base/err.h"

enum { CLIENTS = 50, LAST_SECS = DAY_SECS - 60 };

static uint64_t written;

/* One line; its bytes are counted. */
#define LINE(...) (written += (uint64_t)printf(__VA_ARGS__))

struct session {
	const char *stamp;
	int number, pid;
	char domain[40], mx[50], ip[20];
};

static struct session session_of(int number, int domains, const char *stamp)
{
	unsigned mixed = (unsigned)number * 2654435761u;
	unsigned domain = mixed / 2 % (unsigned)domains, mx = mixed % 2;
	struct session s = {stamp, number, 30000 + number % CLIENTS,
	                    "",    "",     ""};

	snprintf(s.domain, sizeof(s.domain), "d%06u.example", domain);
	snprintf(s.mx, sizeof(s.mx), "mx%u.%s", mx, s.domain);
	snprintf(s.ip, sizeof(s.ip), "203.%u.%u.%u", domain / 65536,
	         domain / 256 % 256, domain % 256);
	return s;
}

/* Every other message comes from a user of this host. */
static void comes_in(const struct session *s)
{
	int pid = 20000 + s->number % 30;
	unsigned id = (unsigned)s->number;

	if (id % 2 == 0) {
		LINE("%s mx postfix/smtpd[%d]: connect from "
		     "client.sender.example[198.51.100.7]\n",
		     s->stamp, pid);
		LINE("%s mx postfix/smtpd[%d]: %010X: "
		     "client=client.sender.example[198.51.100.7]\n",
		     s->stamp, pid, id);
	} else {
		LINE("%s mx postfix/pickup[%d]: %010X: uid=1000 from=<a>\n",
		     s->stamp, pid, id);
	}
	LINE("%s mx postfix/cleanup[%d]: %010X: "
	     "message-id=<20261123123314.%08X@sender.example>\n",
	     s->stamp, pid + 1000, id, id);
	LINE("%s mx postfix/qmgr[1849]: %010X: from=<a@sender.example>, "
	     "size=%u, nrcpt=1 (queue active)\n",
	     s->stamp, id, 1000 + id % 90000);
	if (id % 2 == 0)
		LINE("%s mx postfix/smtpd[%d]: disconnect from "
		     "client.sender.example[198.51.100.7] ehlo=1 mail=1 "
		     "rcpt=1 data=1 quit=1 commands=5\n",
		     s->stamp, pid);
}

static void handshake(const struct session *s)
{
	if (s->number % 100 < 3)
		return;
	if (s->number % 100 == 4) {
		LINE("%s mx postfix/smtp[%d]: SSL_connect error to "
		     "%s[%s]:25: -1\n",
		     s->stamp, s->pid, s->mx, s->ip);
		LINE("%s mx postfix/smtp[%d]: warning: TLS library problem: "
		     "error:0A000410:SSL routines::sslv3 alert handshake "
		     "failure:../ssl/record/rec_layer_s3.c:1601:SSL alert "
		     "number 40:\n",
		     s->stamp, s->pid);
		return;
	}
	if (s->number % 100 == 5)
		LINE("%s mx postfix/smtp[%d]: server certificate verification "
		     "failed for %s[%s]:25: certificate has expired\n",
		     s->stamp, s->pid, s->mx, s->ip);
	LINE("%s mx postfix/smtp[%d]: %s TLS connection established to "
	     "%s[%s]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 "
	     "bits) key-exchange X25519 server-signature ECDSA (prime256v1) "
	     "server-digest SHA256\n",
	     s->stamp, s->pid, s->number % 100 == 5 ? "Untrusted" : "Trusted",
	     s->mx, s->ip);
}

static void goes_out(const struct session *s)
{
	const char *how = "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued)";

	if (s->number % 100 == 4)
		how = "dsn=4.7.5, status=deferred (Cannot start TLS: "
		      "handshake failure)";
	LINE("%s mx postfix/smtp[%d]: %010X: to=<user@%s>, relay=%s[%s]:25, "
	     "delay=0.12, delays=0.01/0.01/0.05/0.05, %s\n",
	     s->stamp, s->pid, (unsigned)s->number, s->domain, s->mx, s->ip,
	     how);
	LINE("%s mx postfix/qmgr[1849]: %010X: removed\n", s->stamp,
	     (unsigned)s->number);
}

static void other_line(const char *stamp, int number)
{
	LINE("%s mx dovecot: imap-login: Login: user=<user%d@sender.example>, "
	     "method=PLAIN, rip=198.51.100.%d, lip=192.0.2.1, mpid=%d, TLS\n",
	     stamp, number % 5000, number % 250, 40000 + number % 20000);
}

static void write_day(int32_t day, int domains, int sessions, uint64_t bytes)
{
	struct session open[CLIENTS];
	char stamp[40] = "";

	for (int i = 0; i < sessions + CLIENTS; i++) {
		struct session *slot = &open[i % CLIENTS];
		time_t at = day_start(day) +
		            (int64_t)i * LAST_SECS / (sessions + CLIENTS);
		struct tm tm;

		strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S",
		         localtime_r(&at, &tm));
		if (i >= CLIENTS)
			goes_out(slot);
		if (i < sessions) {
			*slot = session_of(i, domains, stamp);
			comes_in(slot);
			handshake(slot);
		}
		while (written * (uint64_t)sessions < bytes * (uint64_t)i)
			other_line(stamp, i);
	}
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int32_t day;

	if (argc != 5 || day_parse(argv[1], &day, &err) < 0) {
		fprintf(stderr,
		        "usage: log_day DAY DOMAINS SESSIONS MEGABYTES\n");
		return 2;
	}
	write_day(day, atoi(argv[2]), atoi(argv[3]),
	          strtoull(argv[4], NULL, 10) * 1000000);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
