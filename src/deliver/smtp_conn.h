/*
 * smtp_conn - one connection to the mail relay and the message on it
 *
 *     opening -> idle -> MAIL -> RCPT -> DATA -> text -> idle ...
 *                          \-------\-------> RSET -----> idle
 *
 * libcurl opens it: DNS, connect, greeting, EHLO, STARTTLS, AUTH
 * (CURLOPT_CONNECT_ONLY).  The message itself goes through
 * curl_easy_send() and curl_easy_recv(), command by command, because what
 * libcurl 7.88 does after CURLOPT_UPLOAD does not serve here: it waits for
 * the answer to the final dot with everything else standing still
 * (smtp_block_statemach() in smtp_done()), so that 8 connections to a relay
 * that takes 100 ms a message carry 10 messages a second, not 80; it gives up
 * the connection when a recipient is refused; and it cannot tell whether the
 * final dot had left, which decides between "try again" and "it may have
 * arrived".
 */
#ifndef TLSTALLY_DELIVER_SMTP_CONN_H
#define TLSTALLY_DELIVER_SMTP_CONN_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "deliver/curl_pool.h"
#include "deliver/smtp_login.h"
#include "reply/ports.h"

/* A message that waits for, or is on, a connection. */
struct smtp_mail {
	struct delivery_job *job;
	/* A connection that others had used was gone, or had enough: only a
	 * fresh one may carry it now. */
	bool was_given_back;
	TAILQ_ENTRY(smtp_mail) link;
};
TAILQ_HEAD(smtp_mail_list, smtp_mail);

struct smtp_conn;

enum smtp_conn_end {
	SMTP_CONN_CLOSED,     /* it had been ready */
	SMTP_CONN_NOT_OPENED, /* it never was, or not for the first message */
	SMTP_CONN_NO_TLS,     /* nor this, and it was TLS that failed */
};

/* What the connection tells its owner. */
struct smtp_conn_owner {
	struct clock *clock;
	/* The message has its answer; idle() or gone() follows. */
	void (*answered)(struct smtp_conn_owner *self, struct smtp_mail *mail,
	                 const struct delivery_answer *answer);
	/* A used connection turned out to be gone, or to take no more, before
	 * the message was taken: nothing happened to it yet.  gone()
	 * follows. */
	void (*give_back)(struct smtp_conn_owner *self, struct smtp_mail *mail);
	/* Ready for a message: smtp_conn_send() may be called. */
	void (*idle)(struct smtp_conn_owner *self, struct smtp_conn *conn);
	/* It is over; the owner frees it.  When it never became ready, `why`
	 * says so. */
	void (*gone)(struct smtp_conn_owner *self, struct smtp_conn *conn,
	             enum smtp_conn_end end, const struct delivery_answer *why);
};

/* Begins to open it.  The login stays as it is while the connection does. */
struct smtp_conn *smtp_conn_new(struct curl_pool *pool,
                                const struct smtp_login *login,
                                struct smtp_conn_owner *owner);

/* Says QUIT where that is polite, closes, and frees the message on it. */
void smtp_conn_free(struct smtp_conn **conn);

/* Only on an idle connection. */
void smtp_conn_send(struct smtp_conn *conn, struct smtp_mail *mail);

/* Did it carry a message before? */
bool smtp_conn_is_used(const struct smtp_conn *conn);

#endif
