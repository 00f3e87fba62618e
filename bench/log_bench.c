/*
 * log_bench - how fast lines of a mail log are read
 *
 * usage: log_bench [MEGABYTES]
 *
 *   lines without TLS content, split and read: what most of a log is
 *   whole messages with TLS, split, read and tracked to their sessions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "maillog/maillog.h"
#include "maillog/smtp_tracker.h"

/* Formats: minute, second and a number. */
static const char *const other_lines[] = {
	"Nov 23 12:%02d:%02d mx postfix/smtpd[%d]: connect from "
	"unknown[198.51.100.7]\n",
	"Nov 23 12:%02d:%02d mx postfix/pickup[29848]: 3A2BEA8D%03X: uid=0 "
	"from=<a@sender.example>\n",
	"Nov 23 12:%02d:%02d mx postfix/cleanup[%d]: 3A2BEA8D07B: "
	"message-id=<20261123123314.3A2BEA8D07B@sender.example>\n",
	"Nov 23 12:%02d:%02d mx dovecot[%d]: imap(user@example.com): Logged "
	"out in=231 out=9471 deleted=0 expunged=0 trashed=0\n",
	"Nov 23 12:%02d:%02d mx postfix/local[%d]: 3A2BEA8D07B: "
	"to=<user@example.com>, relay=local, delay=0.05, "
	"delays=0.03/0.01/0/0.01, dsn=2.0.0, status=sent (delivered to "
	"maildir)\n",
	"Nov 23 12:%02d:%02d mx postfix/smtp[%d]: connect to "
	"mx.example.net[198.51.100.9]:25: Connection timed out\n",
};

static const char *const message_lines[] = {
	"Nov 23 12:%02d:%02d mx postfix/qmgr[29849]: %08X: "
	"from=<a@sender.example>, size=289, nrcpt=1 (queue active)\n",
	"Nov 23 12:%02d:%02d mx postfix/smtp[29869]: Trusted TLS connection "
	"established to mx.example.com[198.51.101.9]:25: TLSv1.3 with cipher "
	"TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
	"server-signature ECDSA (prime256v1) server-digest SHA256\n",
	"Nov 23 12:%02d:%02d mx postfix/smtp[29869]: %08X: "
	"to=<user@example.com>, relay=mx.example.com[198.51.101.9]:25, "
	"delay=0.12, delays=0.01/0.01/0.05/0.05, dsn=2.0.0, status=sent (250 "
	"2.0.0 Ok: queued as 4Z1xyz)\n",
	"Nov 23 12:%02d:%02d mx postfix/qmgr[29849]: %08X: removed\n",
};

static void make_log(struct strbuf *log, const char *const *lines, size_t count,
                     size_t bytes)
{
	int i = 0;

	strbuf_init(log, 0);
	for (; log->len < bytes; i++)
		for (size_t j = 0; j < count; j++)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			strbuf_printf(log, lines[j], i / 6000 % 60,
			              i / 100 % 60, i);
#pragma GCC diagnostic pop
}

static void count_session(void *arg, int64_t time,
                          const struct log_session *session)
{
	(void)time;
	(void)session;
	++*(long *)arg;
}

static void run(const char *what, const struct strbuf *log)
{
	struct smtp_tracker_options options = {0};
	struct smtp_tracker *tracker = smtp_tracker_new(&options);
	struct log_clock clock_ = {.now = 1795437000};
	const char *at = log->data, *end = log->data + log->len;
	long lines = 0, facts = 0, sessions = 0;
	clock_t begin = clock();
	double secs;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct log_line line;
		struct fact fact;

		if (stop == NULL)
			break;
		lines++;
		if (maillog_line_split(at, (size_t)(stop - at), &clock_,
		                       &line) &&
		    maillog_read(&line, NULL, &fact) != FACT_NONE) {
			facts++;
			smtp_tracker_take(tracker, &line, &fact, count_session,
			                  &sessions);
		}
		at = stop + 1;
	}
	secs = (double)(clock() - begin) / CLOCKS_PER_SEC;
	printf("%s: %.0f MB/s, %.0f lines/s, %ld facts, %ld sessions\n", what,
	       (double)log->len / 1e6 / secs, (double)lines / secs, facts,
	       sessions);
	smtp_tracker_free(&tracker);
}

int main(int argc, char **argv)
{
	size_t bytes = (size_t)(argc > 1 ? atoi(argv[1]) : 200) * 1000000;
	struct strbuf log;

	make_log(&log, other_lines, sizeof(other_lines) / sizeof(*other_lines),
	         bytes);
	run("lines without TLS", &log);
	strbuf_clear(&log);
	make_log(&log, message_lines,
	         sizeof(message_lines) / sizeof(*message_lines), bytes);
	run("messages with TLS", &log);
	strbuf_clear(&log);
	return 0;
}
