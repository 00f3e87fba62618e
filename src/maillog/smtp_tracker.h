/*
 * smtp_tracker - facts of the log become sessions
 *
 * Keeps, for each smtp(8) process ("postfix-out/smtp[4711]"), what was seen
 * since its connection began.  A session ends at the first delivery line with
 * a relay; later ones of the same process, queue id and relay belong to it.
 * Reused connections (conn_use=, "TLS connection reused") are none.  A failure
 * that made Postfix go on to the next MX ("QID: Cannot start TLS: handshake
 * failure", no relay; "TLS policy lookup for ...") is a session of its own
 * with the MX tried then; its domain is that of the delivery line that
 * follows, so it is handed out with that.
 *
 *   a plaintext delivery after a failed handshake with the same MX is
 *   Postfix's second try of the same session, and none;
 *   handshakes done by tlsproxy(8) belong to the smtp(8) process that names
 *   the same host, address and port next, within a minute;
 *   a host that this site chose itself (maillog/log_site.h) is a next hop's,
 * and the session counts for that name, not for the recipient's domain: whoever
 *   takes it from here (judge/apply.h) finds out who asks for reports there;
 *   deliveries to address literals and over UNIX sockets are none;
 *   "unsupported TLSA certificate usage" is about one record: whether all
 *   are unusable, the domain's view says (judge/judge.h).
 *
 * Bounded: so many processes and queue ids, the oldest forgotten first.  The
 * open state can be saved and read back, for a daemon that is killed.
 */
#ifndef TLSTALLY_MAILLOG_SMTP_TRACKER_H
#define TLSTALLY_MAILLOG_SMTP_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "maillog/log_session.h"
#include "maillog/log_site.h"
#include "maillog/maillog.h"

struct smtp_tracker_options {
	bool count_private; /* also private and loopback MX addresses */
	/* what the site has to do with its sessions, lent; NULL: it is not
	 * known, and taken to send to MX hosts alone */
	const struct log_site *site;
	/* our reports' envelope sender: what it sends is not counted, nor what
	 * local+token@domain sends; NULL: none */
	const char *own_sender;
	/* was the message with this queue id to be delivered with or without
	 * TLS (RFC 8689)?  Then its sessions say nothing of any policy, and are
	 * none; NULL: nobody knows */
	bool (*tls_optional)(void *arg, int64_t time, const char *queue_id);
	void *tls_optional_arg;
	size_t max_processes; /* 4096 */
	size_t max_queue_ids; /* 65536 of our own mails */
};

struct smtp_tracker;

struct smtp_tracker *
smtp_tracker_new(const struct smtp_tracker_options *options);
void smtp_tracker_free(struct smtp_tracker **tracker);

/* Postfix's settings have changed: from the next line on. */
void smtp_tracker_set_site(struct smtp_tracker *tracker,
                           const struct log_site *site);

/* Called for each session that ended; the session is lent. */
typedef void log_session_fn(void *arg, int64_t time,
                            const struct log_session *session);

void smtp_tracker_take(struct smtp_tracker *tracker,
                       const struct log_line *line, const struct fact *fact,
                       log_session_fn *done, void *arg);

/* Has a TLS summary line been seen?  Without smtp_tls_loglevel >= 1 there is
 * none, and a plaintext delivery cannot be told from another.  False again
 * after 100 sessions without any: somebody turned the logging off. */
bool smtp_tracker_has_loglevel(const struct smtp_tracker *tracker);

/* How many sessions were not counted since their service logs no TLS
 * (smtp_tls_loglevel = 0): of those only the failures are seen. */
uint64_t smtp_tracker_unlogged(const struct smtp_tracker *tracker);

/* Does this host send TLSRPT datagrams, too ("TLSRPT: status=" lines)? */
bool smtp_tracker_sees_events(const struct smtp_tracker *tracker);

/* Was this Postfix told to send them, and built without TLSRPT? */
bool smtp_tracker_lacks_events(const struct smtp_tracker *tracker);

/* The open state, for the transaction that commits the position.  Loading
 * takes the place of what was there; ERR_PARSE when it is damaged, and then
 * the tracker is empty. */
void smtp_tracker_save(const struct smtp_tracker *tracker, struct strbuf *out);
int smtp_tracker_load(struct smtp_tracker *tracker, const void *data,
                      size_t len, struct err *err);

#endif
