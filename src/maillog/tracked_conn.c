/*
 * Which connection a line belongs to, and what it adds to it; what is kept of
 * a process.
 */
#include "maillog/tracked.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum {
	/* tlsproxy(8) hands its connection on at once. */
	PROXIED_SECS = 60,
	/* So many facts of others after its last delivery a process has ended,
	 * or goes on with another message: even a host that sends 1000
	 * messages a second logs all recipients of a session sooner.  By facts
	 * and not by time, since clocks are set back. */
	OVER_FACTS = 50000,
};

void tracked_process_clear(void *value)
{
	struct tracked_process *process = value;

	free(process->attempts);
	memset(process, 0, sizeof(*process));
}

bool tracked_process_is_over(const struct tracked_process *process,
                             uint64_t facts)
{
	return !process->conn.open && process->attempt_count == 0 &&
	       facts - process->at_fact > OVER_FACTS;
}

/* One line for each address of an MX host says the same about the host. */
static bool is_repeated(const struct tracked_process *process,
                        const struct tracked_conn *conn,
                        enum tracked_ending ending)
{
	if (conn->peer.ip[0] != '\0' || conn->peer.host[0] == '\0')
		return false;
	for (size_t i = 0; i < process->attempt_count; i++) {
		const struct tracked_attempt *had = &process->attempts[i];

		if (had->ending == ending && had->conn.peer.ip[0] == '\0' &&
		    strcmp(had->conn.peer.host, conn->peer.host) == 0)
			return true;
	}
	return false;
}

void tracked_attempt_add(struct tracked_process *process,
                         const struct tracked_conn *conn,
                         enum tracked_ending ending, struct span queue_id)
{
	struct tracked_attempt *attempt;

	if (is_repeated(process, conn, ending))
		return;
	if (process->attempts == NULL)
		process->attempts = xcalloc(TRACKED_ATTEMPTS_MAX,
		                            sizeof(*process->attempts));
	if (process->attempt_count == TRACKED_ATTEMPTS_MAX) {
		process->attempt_count--;
		memmove(process->attempts, process->attempts + 1,
		        process->attempt_count * sizeof(*attempt));
	}
	attempt = &process->attempts[process->attempt_count++];
	*attempt = (struct tracked_attempt){.ending = ending, .conn = *conn};
	tracked_queue_id_copy(attempt->queue_id, queue_id);
}

void tracked_conn_close(struct tracked_process *process)
{
	struct tracked_conn *conn = &process->conn;

	if (conn->up && !conn->reused)
		tracked_attempt_add(process, conn, ENDING_TLS,
		                    (struct span){0});
	else if (conn->broken && !conn->ours)
		tracked_attempt_add(process, conn, ENDING_HANDSHAKE,
		                    (struct span){0});
	memset(conn, 0, sizeof(*conn));
}

/* What tlsproxy(8) said about this peer is this connection's. */
static void conn_adopt(const struct step *step, struct tracked_conn *conn)
{
	struct lru *proxied = step->tracker->proxied;
	struct tracked_conn *from;
	struct tracked_key key;

	if (!tracked_peer_key(step->line, &conn->peer, &key))
		return;
	from = lru_find(proxied, key.at, key.len);
	if (from == NULL)
		return;
	if (conn->time - from->time <= PROXIED_SECS) {
		conn->broken = from->broken;
		conn->taken = from->taken;
		conn->ours |= from->ours;
		conn->tlsa_unusable = from->tlsa_unusable;
		conn->no_match = from->no_match;
		conn->has_complaint = from->has_complaint;
		conn->complaint = from->complaint;
		memcpy(conn->complaint_reason, from->complaint_reason,
		       sizeof(conn->complaint_reason));
	}
	/* it may have taken more than one to the same host */
	if (from->taken)
		*from = (struct tracked_conn){.open = true,
		                              .taken = true,
		                              .time = from->time,
		                              .peer = from->peer};
	else
		lru_forget(proxied, key.at, key.len);
}

void tracked_conn_begin(const struct step *step, struct tracked_conn *conn,
                        const struct tracked_peer *peer)
{
	bool meant = !conn->open && conn->event != LOG_EVENT_NONE &&
	             strcmp(conn->peer.ip, peer->ip) == 0;

	*conn = (struct tracked_conn){.open = true,
	                              .ours = conn->ours && !conn->open,
	                              .event = meant ? conn->event
	                                             : LOG_EVENT_NONE,
	                              .time = step->line->time,
	                              .peer = *peer};
	if (!step->fact->proxied)
		conn_adopt(step, conn);
}

/* A line about TLS after "TLS connection established" is the next
 * connection's. */
struct tracked_conn *tracked_conn_of(const struct step *step)
{
	struct tracked_peer peer;
	struct tracked_key key;
	struct tracked_conn *conn;

	if (!tracked_peer_of(step->fact, &peer))
		return NULL;
	if (step->fact->proxied) {
		if (!tracked_peer_key(step->line, &peer, &key))
			return NULL;
		conn = lru_use(step->tracker->proxied, key.at, key.len);
		conn->open = conn->open && !conn->up;
	} else {
		conn = &step->process->conn;
		if (conn->open &&
		    (conn->up || conn->reused ||
		     !tracked_peer_is(&conn->peer, peer.ip, peer.port)))
			tracked_conn_close(step->process);
	}
	if (!conn->open)
		tracked_conn_begin(step, conn, &peer);
	conn->time = step->line->time;
	return conn;
}

void tracked_conn_complain(struct tracked_conn *conn, enum result_type result,
                           struct span reason)
{
	if (conn->has_complaint)
		return;
	conn->has_complaint = true;
	conn->complaint = result;
	for (size_t i = 0; i < reason.len && i < TRACKED_REASON - 1; i++) {
		char c = reason.at[i] == ' ' ? '_' : reason.at[i];

		conn->complaint_reason[i] = c > ' ' && c < 0x7f ? c : '?';
	}
}

/* Postfix names no host in "QID: Cannot start TLS": the one whose handshake
 * tlsproxy(8) gave up last will be meant.  It may say so only afterwards: then
 * it is some host of those it has taken. */
void tracked_conn_begin_failed(const struct step *step,
                               struct tracked_conn *conn)
{
	const struct tracked_conn *newest = NULL;
	struct lru *proxied = step->tracker->proxied;
	bool any_taken = false;
	struct tracked_key instance;

	if (!tracked_instance_key(step->line, &instance))
		return;
	for (const void *at = lru_next(proxied, NULL); at != NULL;
	     at = lru_next(proxied, at)) {
		const struct tracked_conn *from = lru_value(at);
		size_t len;
		const char *key = lru_key(at, &len);

		if (len < instance.len ||
		    memcmp(key, instance.at, instance.len) != 0 ||
		    step->line->time - from->time > PROXIED_SECS)
			continue;
		any_taken |= from->taken;
		if (from->broken || from->tlsa_unusable || from->ours)
			newest = from;
	}
	if (newest != NULL) {
		struct tracked_peer peer = newest->peer;

		tracked_conn_begin(step, conn, &peer);
	}
	conn->taken |= any_taken;
}
