#include "deliver/smtp_conn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/curl_handle.h"
#include "base/failpoint.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "deliver/answer.h"
#include "deliver/smtp_opening.h"
#include "deliver/verdict.h"
#include "reply/smtp_time.h"
#include "reply/smtp_wire.h"

enum {
	IDLE_MS = 30000,        /* a connection nobody used is given up */
	KEEP_OUT_BYTES = 65536, /* memory kept between messages */
};

/* Where the dialogue is: the command whose reply we wait for. */
enum conn_state {
	CONN_OPENING,
	CONN_IDLE,
	CONN_MAIL,
	CONN_RCPT,
	CONN_DATA,
	CONN_TEXT,
	CONN_RSET,
	CONN_GONE,
};

struct smtp_conn {
	struct curl_pool_transfer transfer;
	struct curl_pool_watch watch;
	struct curl_pool *pool;
	struct smtp_conn_owner *owner;
	const struct smtp_login *login;
	enum conn_state state;
	bool is_used;     /* a message went over it before, */
	bool has_taken;   /* and the server took it */
	int64_t until_ms; /* the message's time is over */
	struct smtp_mail *mail;
	struct strbuf out;
	size_t out_sent;
	char in[SMTP_REPLY_MAX + 1];
	size_t in_len;
	struct smtp_opening opening;
};

static void drop(struct smtp_conn *conn, enum smtp_conn_end end,
                 const struct delivery_answer *why)
{
	conn->state = CONN_GONE;
	conn->owner->gone(conn->owner, conn, end, why);
}

static void go_idle(struct smtp_conn *conn)
{
	if (conn->in_len > 0) { /* "250 taken", and at once "421 goodbye" */
		drop(conn, SMTP_CONN_CLOSED, NULL);
		return;
	}
	conn->state = CONN_IDLE;
	conn->watch.events = CURL_WAIT_POLLIN;
	conn->watch.deadline_ms = clock_host_ms() + IDLE_MS;
	conn->owner->idle(conn->owner, conn);
}

static void answer(struct smtp_conn *conn, const struct delivery_answer *a)
{
	struct smtp_mail *mail = conn->mail;

	conn->mail = NULL;
	conn->is_used = true;
	conn->has_taken |= a->event == EVENT_ACCEPTED;
	failpoint_hit("smtp answer");
	conn->owner->answered(conn->owner, mail, a);
}

/*
 * A relay may close a connection it finds idle at the moment we use it, or take
 * so many messages on each and then say 421, or 452 (OpenSMTPD): that says
 * nothing about the message, which a fresh connection may carry.  Once: a relay
 * that always does this gets no loop.  `code` is 0 where it closed, and then
 * nothing of the text may have left.
 */
static bool give_back(struct smtp_conn *conn, int code)
{
	struct smtp_mail *mail = conn->mail;
	bool had_enough = code == 421 ||
	                  (code == 0 && conn->state < CONN_TEXT) ||
	                  (code / 100 == 4 && conn->state == CONN_MAIL &&
	                   conn->has_taken);

	if (!had_enough || !conn->is_used || mail->was_given_back)
		return false;
	conn->mail = NULL;
	mail->was_given_back = true;
	conn->owner->give_back(conn->owner, mail);
	return true;
}

/* The connection ended by itself, or talks nonsense. */
static void lost(struct smtp_conn *conn, const char *how)
{
	static const enum delivery_stage stages[] = {
		[CONN_MAIL] = STAGE_MAIL,
		[CONN_RCPT] = STAGE_RCPT,
		[CONN_DATA] = STAGE_DATA,
		[CONN_TEXT] = STAGE_DATA,
	};
	struct delivery_answer a;
	bool text_left =
		conn->state == CONN_TEXT && conn->out_sent == conn->out.len;
	bool never_served = conn->state == CONN_MAIL && !conn->is_used;

	if (conn->mail != NULL && !give_back(conn, 0)) {
		answer_set(&a, text_left ? EVENT_UNCERTAIN : EVENT_TEMPORARY,
		           stages[conn->state], "mail relay %s: %s%s",
		           conn->login->name, how,
		           text_left ? " after the message was sent" : "");
		answer(conn, &a);
	}
	if (never_served)
		drop(conn, SMTP_CONN_NOT_OPENED, &a);
	else
		drop(conn, SMTP_CONN_CLOSED, NULL);
}

/* Of the reply that is waited for, or of the text that goes out. */
static void set_deadline(struct smtp_conn *conn)
{
	static const enum smtp_step steps[] = {
		[CONN_MAIL] = SMTP_STEP_MAIL, [CONN_RCPT] = SMTP_STEP_RCPT,
		[CONN_DATA] = SMTP_STEP_DATA, [CONN_TEXT] = SMTP_STEP_TEXT,
		[CONN_RSET] = SMTP_STEP_DATA,
	};
	enum smtp_step step = steps[conn->state];
	int64_t deadline_ms;

	if (conn->state == CONN_TEXT && conn->out_sent == conn->out.len)
		step = SMTP_STEP_DOT;
	deadline_ms = clock_host_ms() +
	              smtp_time_step_secs(step, conn->login->dot_secs) * 1000;
	if (conn->mail != NULL && deadline_ms > conn->until_ms)
		deadline_ms = conn->until_ms;
	conn->watch.deadline_ms = deadline_ms;
}

static void flush(struct smtp_conn *conn)
{
	size_t before = conn->out_sent;
	CURLcode rc = CURLE_OK;
	size_t sent;

	while (conn->out_sent < conn->out.len && rc == CURLE_OK) {
		sent = 0;
		rc = curl_easy_send(conn->transfer.easy,
		                    conn->out.data + conn->out_sent,
		                    conn->out.len - conn->out_sent, &sent);
		conn->out_sent += sent;
	}
	/* While text goes out the server may already say no: listen too.  When
	 * sending failed, reading says why: perhaps "421 goodbye". */
	conn->watch.events = CURL_WAIT_POLLIN;
	if (rc == CURLE_AGAIN)
		conn->watch.events |= CURL_WAIT_POLLOUT;
	if (conn->out_sent > before)
		set_deadline(conn);
}

/* Sends what is in `out` and then waits for the reply. */
static void send_out(struct smtp_conn *conn, enum conn_state state)
{
	conn->state = state;
	conn->out_sent = 0;
	set_deadline(conn);
	flush(conn);
}

static void command(struct smtp_conn *conn, enum conn_state state,
                    const char *verb, const char *address)
{
	strbuf_reset(&conn->out);
	if (address != NULL)
		strbuf_printf(&conn->out, "%s:<%s>\r\n", verb, address);
	else
		strbuf_printf(&conn->out, "%s\r\n", verb);
	send_out(conn, state);
}

/* Before DATA it can be taken back; after it only by breaking off. */
static bool ended_too_late(struct smtp_conn *conn)
{
	bool after_data = conn->state == CONN_DATA;
	struct delivery_answer a;

	if (!answer_too_late(&a, conn->mail->job, conn->owner->clock))
		return false;
	answer(conn, &a);
	if (after_data)
		drop(conn, SMTP_CONN_CLOSED, NULL);
	else
		command(conn, CONN_RSET, "RSET", NULL);
	return true;
}

/* The reply that lets the dialogue go on. */
static void go_on(struct smtp_conn *conn, const struct smtp_reply *reply)
{
	const struct delivery_job *job;
	struct delivery_answer a;

	switch (conn->state) {
	case CONN_MAIL:
		command(conn, CONN_RCPT, "RCPT TO",
		        conn->mail->job->rua->address);
		break;
	case CONN_RCPT:
		if (!ended_too_late(conn))
			command(conn, CONN_DATA, "DATA", NULL);
		break;
	case CONN_DATA:
		if (ended_too_late(conn))
			break;
		job = conn->mail->job;
		strbuf_reset(&conn->out);
		smtp_wire_put_message(&conn->out, job->body, job->body_len);
		failpoint_hit("smtp text");
		send_out(conn, CONN_TEXT);
		break;
	case CONN_TEXT:
		if (conn->out.room > KEEP_OUT_BYTES)
			strbuf_clear(&conn->out);
		verdict_smtp(STAGE_DATA, reply, &a);
		answer(conn, &a);
		go_idle(conn);
		break;
	case CONN_RSET:
		go_idle(conn);
		break;
	default:
		lost(conn, "sent a reply out of order");
		break;
	}
}

/* Any other reply ends this message; the connection stays for the next. */
static void refused(struct smtp_conn *conn, enum delivery_stage stage,
                    const struct smtp_reply *reply)
{
	bool goodbye = reply->code == 421 || conn->state == CONN_RSET ||
	               conn->out_sent < conn->out.len || conn->in_len > 0;
	bool never_served = reply->code == 421 && conn->state == CONN_MAIL &&
	                    !conn->is_used;
	bool had_mail = conn->mail != NULL;
	struct delivery_answer a;

	if (had_mail && give_back(conn, reply->code)) {
		goodbye = true;
	} else if (had_mail) {
		verdict_smtp(stage, reply, &a);
		answer(conn, &a);
	}
	if (never_served)
		drop(conn, SMTP_CONN_NOT_OPENED, &a);
	else if (goodbye)
		drop(conn, SMTP_CONN_CLOSED, NULL);
	else if (conn->state == CONN_TEXT)
		go_idle(conn);
	else
		command(conn, CONN_RSET, "RSET", NULL);
}

static void on_reply(struct smtp_conn *conn, const struct smtp_reply *reply)
{
	static const struct {
		int wanted; /* first digit */
		enum delivery_stage stage;
	} steps[] = {
		[CONN_MAIL] = {2, STAGE_MAIL}, [CONN_RCPT] = {2, STAGE_RCPT},
		[CONN_DATA] = {3, STAGE_DATA}, [CONN_TEXT] = {2, STAGE_DATA},
		[CONN_RSET] = {2, STAGE_MAIL},
	};

	if (conn->state == CONN_IDLE)
		lost(conn, reply->text); /* "421 timeout, closing" */
	else if (reply->code / 100 != steps[conn->state].wanted)
		refused(conn, steps[conn->state].stage, reply);
	else if (conn->out_sent < conn->out.len)
		lost(conn, "replied before the command was sent");
	else if (conn->in_len > 0 && conn->state < CONN_TEXT)
		/* we send one command at a time: what follows is no answer */
		lost(conn, "sent a reply that no command asked for");
	else
		go_on(conn, reply);
}

/* Reads what is there.  1: a reply, 0: not yet, negative: it is over. */
static int receive(struct smtp_conn *conn, struct smtp_reply *reply,
                   struct err *err)
{
	CURLcode rc = CURLE_OK;
	size_t got, used;
	int found;

	while (conn->in_len < SMTP_REPLY_MAX) {
		rc = curl_easy_recv(conn->transfer.easy,
		                    conn->in + conn->in_len,
		                    SMTP_REPLY_MAX - conn->in_len, &got);
		if (rc != CURLE_OK || got == 0)
			break;
		conn->in_len += got;
	}
	found = smtp_wire_read_reply(conn->in, conn->in_len, reply, &used, err);
	if (found > 0) {
		conn->in_len -= used;
		memmove(conn->in, conn->in + used, conn->in_len);
		return 1;
	}
	if (found < 0)
		return found;
	if (rc == CURLE_AGAIN)
		return 0;
	if (conn->in_len >= SMTP_REPLY_MAX)
		return err_set(err, ERR_LIMIT,
		               "an SMTP reply with too many lines");
	return err_set(err, ERR_IO, "lost connection");
}

/* TCP, that is; TLS and the greeting have times of their own. */
static bool is_connected(const struct smtp_conn *conn)
{
	curl_off_t took_us = 0;

	curl_easy_getinfo(conn->transfer.easy, CURLINFO_CONNECT_TIME_T,
	                  &took_us);
	return took_us > 0;
}

static void on_ready(struct curl_pool_watch *watch, short revents)
{
	struct smtp_conn *conn =
		(struct smtp_conn *)((char *)watch -
	                             offsetof(struct smtp_conn, watch));
	struct delivery_answer why;
	struct smtp_reply reply;
	struct err err;
	int rc;

	if (revents == 0 && conn->state == CONN_OPENING) {
		if (is_connected(conn))
			return;
		answer_our_fault(
			&why, STAGE_CONNECT,
			"mail relay %s: connection timed out after %d s",
			conn->login->name,
			(int)smtp_time_step_secs(SMTP_STEP_CONNECT,
		                                 conn->login->dot_secs));
		drop(conn, SMTP_CONN_NOT_OPENED, &why);
		return;
	}
	if (revents == 0) {
		lost(conn, conn->state == CONN_IDLE ? "idle" : "timed out");
		return;
	}
	if (conn->out_sent < conn->out.len && (revents & CURL_WAIT_POLLOUT)) {
		flush(conn);
		return;
	}
	if (!(revents & CURL_WAIT_POLLIN))
		return;
	rc = receive(conn, &reply, &err);
	if (rc < 0)
		lost(conn, err.text);
	else if (rc > 0)
		on_reply(conn, &reply);
}

static void opened(struct curl_pool_transfer *transfer, CURLcode result)
{
	struct smtp_conn *conn =
		(struct smtp_conn *)((char *)transfer -
	                             offsetof(struct smtp_conn, transfer));
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct delivery_answer why;

	if (result == CURLE_OK)
		result = curl_easy_getinfo(transfer->easy,
		                           CURLINFO_ACTIVESOCKET, &fd);
	if (result == CURLE_OK && fd == CURL_SOCKET_BAD)
		result = CURLE_COULDNT_CONNECT;
	if (result != CURLE_OK) {
		bool was_tls;

		if (conn->opening.stage == STAGE_CONNECT && is_connected(conn))
			conn->opening.stage = STAGE_GREETING;
		was_tls = smtp_opening_failed(&conn->opening, result,
		                              conn->login->name, &why);

		drop(conn, was_tls ? SMTP_CONN_NO_TLS : SMTP_CONN_NOT_OPENED,
		     &why);
		return;
	}
	curl_easy_setopt(transfer->easy, CURLOPT_VERBOSE, 0L);
	conn->watch.fd = fd;
	go_idle(conn);
}

struct smtp_conn *smtp_conn_new(struct curl_pool *pool,
                                const struct smtp_login *login,
                                struct smtp_conn_owner *owner)
{
	struct smtp_conn *conn = xcalloc(1, sizeof(*conn));

	conn->pool = pool;
	conn->login = login;
	conn->owner = owner;
	conn->watch.fd = -1;
	conn->watch.ready = on_ready;
	conn->watch.deadline_ms =
		clock_host_ms() +
		smtp_time_step_secs(SMTP_STEP_CONNECT, login->dot_secs) * 1000;
	curl_pool_watch(pool, &conn->watch);
	conn->transfer.ended = opened;
	conn->transfer.easy = curl_handle_new();
	smtp_login_apply(login, conn->transfer.easy);
	smtp_opening_follow(&conn->opening, conn->transfer.easy);
	curl_pool_start(pool, &conn->transfer);
	return conn;
}

void smtp_conn_free(struct smtp_conn **conn)
{
	struct smtp_conn *c = *conn;
	size_t sent;

	if (c == NULL)
		return;
	if (c->state == CONN_IDLE) /* nobody waits for the reply */
		curl_easy_send(c->transfer.easy, "QUIT\r\n", 6, &sent);
	curl_pool_unwatch(c->pool, &c->watch);
	/* curl says no QUIT on a connection made with CONNECT_ONLY */
	curl_pool_stop(c->pool, &c->transfer);
	curl_easy_cleanup(c->transfer.easy);
	strbuf_clear(&c->out);
	free(c->mail);
	free(c);
	*conn = NULL;
}

void smtp_conn_send(struct smtp_conn *conn, struct smtp_mail *mail)
{
	conn->mail = mail;
	conn->until_ms = clock_host_ms() +
	                 smtp_time_message_secs(conn->login->dot_secs) * 1000;
	command(conn, CONN_MAIL, "MAIL FROM", mail->job->mail_from);
}

bool smtp_conn_is_used(const struct smtp_conn *conn)
{
	return conn->is_used;
}
