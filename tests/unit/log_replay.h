/* Lines of a log go through the reader and the tracker; the sessions come out
 * as text, one a line. */
#ifndef TLSTALLY_TESTS_UNIT_LOG_REPLAY_H
#define TLSTALLY_TESTS_UNIT_LOG_REPLAY_H

#include <stdlib.h>
#include <time.h>

#include "base/strbuf.h"
#include "maillog/maillog.h"
#include "maillog/smtp_tracker.h"

/* 2026-11-23T12:40:00Z */
#define REPLAY_NOW 1795437600

static inline void replay_put(struct strbuf *out, const char *text)
{
	if (text != NULL)
		strbuf_printf(out, " %s", text);
}

/* "example.com failed certificate-expired mx.example.com 192.0.2.1" */
static inline void replay_session(void *arg, int64_t time,
                                  const struct log_session *session)
{
	static const char *const outcomes[] = {"?", "tls", "plain", "failed"};
	static const char *const levels[TLS_LEVELS] = {
		NULL,        "none", "may",       "encrypt", "fingerprint",
		"half-dane", "dane", "dane-only", "verify",  "secure",
	};
	static const char *const routes[LOG_ROUTES] = {"domain", "open", "site",
	                                               "moved"};
	struct strbuf *out = arg;

	(void)time;
	strbuf_printf(out, "%s %s", session->domain,
	              outcomes[session->outcome]);
	if (session->outcome == LOG_FAILED)
		replay_put(out, word_rfc(&words_results, session->result));
	replay_put(out, session->reason);
	replay_put(out, session->mx_host);
	replay_put(out, session->ip);
	if (session->untrusted)
		replay_put(out, "untrusted");
	if (session->event == LOG_EVENT_SUCCESS)
		replay_put(out, "event");
	if (session->event == LOG_EVENT_FAILURE)
		replay_put(out, "event-failed");
	if (session->tlsa_unusable)
		replay_put(out, "tlsa-unusable");
	if (session->has_complaint && session->outcome == LOG_TLS) {
		replay_put(out, "but");
		replay_put(out, word_rfc(&words_results, session->complaint));
		replay_put(out, session->complaint_reason);
	}
	if (session->level != LEVEL_UNKNOWN)
		strbuf_printf(out, " at=%s", levels[session->level]);
	if (session->route != ROUTE_DOMAIN)
		strbuf_printf(out, " route=%s", routes[session->route]);
	if (session->hop != NULL)
		strbuf_printf(out, " hop=%s%s", session->hop,
		              session->hop_is_domain ? "" : "/host");
	strbuf_puts(out, "\n");
}

static inline void replay_line(struct smtp_tracker *tracker,
                               struct log_clock *clock, const char *text,
                               size_t len, struct strbuf *out)
{
	struct log_line line;
	struct fact fact;

	if (maillog_line_split(text, len, clock, &line) &&
	    maillog_read(&line, NULL, &fact) != FACT_NONE)
		smtp_tracker_take(tracker, &line, &fact, replay_session, out);
}

/* The state goes into a new tracker, as after a kill. */
static inline void replay_restart(struct smtp_tracker **tracker,
                                  const struct smtp_tracker_options *options)
{
	struct smtp_tracker *next = smtp_tracker_new(options);
	struct strbuf state;
	struct err err;

	strbuf_init(&state, 0);
	smtp_tracker_save(*tracker, &state);
	if (smtp_tracker_load(next, state.data, state.len, &err) != 0)
		fail_msg("%s", err.text);
	strbuf_clear(&state);
	smtp_tracker_free(tracker);
	*tracker = next;
}

static inline void replay_utc(void)
{
	setenv("TZ", "UTC0", 1);
	tzset();
}

#endif
