#include "maillog/smtp_tracker.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "domain/own_address.h"
#include "maillog/tracked.h"
#include "session/session.h"

enum {
	DEFAULT_PROCESSES = 4096,
	DEFAULT_QUEUE_IDS = 65536,
};

static void tables_new(struct smtp_tracker *tracker)
{
	const struct smtp_tracker_options *options = &tracker->options;

	tracker->processes =
		lru_new(options->max_processes, sizeof(struct tracked_process),
	                tracked_process_clear);
	tracker->proxied =
		lru_new(TRACKED_PROXIED_MAX, sizeof(struct tracked_conn), NULL);
	tracker->own_ids = lru_new(options->max_queue_ids, 0, NULL);
}

static void tables_free(struct smtp_tracker *tracker)
{
	lru_free(&tracker->processes);
	lru_free(&tracker->proxied);
	lru_free(&tracker->own_ids);
}

struct smtp_tracker *
smtp_tracker_new(const struct smtp_tracker_options *options)
{
	struct smtp_tracker *tracker = xcalloc(1, sizeof(*tracker));

	tracker->options = *options;
	if (options->max_processes == 0)
		tracker->options.max_processes = DEFAULT_PROCESSES;
	if (options->max_queue_ids == 0)
		tracker->options.max_queue_ids = DEFAULT_QUEUE_IDS;
	if (options->own_sender != NULL)
		tracker->own_sender = xstrdup(options->own_sender);
	tracker->options.own_sender = tracker->own_sender;
	arena_init(&tracker->scratch);
	tables_new(tracker);
	return tracker;
}

void smtp_tracker_free(struct smtp_tracker **tracker)
{
	if (*tracker == NULL)
		return;
	tables_free(*tracker);
	arena_clear(&(*tracker)->scratch);
	free((*tracker)->own_sender);
	free(*tracker);
	*tracker = NULL;
}

void smtp_tracker_empty(struct smtp_tracker *tracker)
{
	tables_free(tracker);
	tables_new(tracker);
	tracker->facts = 0;
	tracker->summary_seen = tracker->event_seen = false;
	tracker->no_events_seen = false;
	tracker->plain_run = 0;
}

void smtp_tracker_set_site(struct smtp_tracker *tracker,
                           const struct log_site *site)
{
	tracker->options.site = site;
}

uint64_t smtp_tracker_unlogged(const struct smtp_tracker *tracker)
{
	return tracker->unlogged;
}

bool smtp_tracker_sees_events(const struct smtp_tracker *tracker)
{
	return tracker->event_seen;
}

bool smtp_tracker_lacks_events(const struct smtp_tracker *tracker)
{
	return tracker->no_events_seen;
}

/* A supervisor that logs what its daemon wrote doubles each line.  A second
 * session with the same host takes a delivery, or a failure, in between. */
static bool is_doubled(const struct step *step)
{
	const struct tracked_conn *conn;
	struct tracked_peer peer;

	if (step->fact->proxied || !tracked_peer_of(step->fact, &peer))
		return false;
	conn = &step->process->conn;
	return conn->open && conn->up && !conn->reused &&
	       conn->time == step->line->time &&
	       conn->trust == step->fact->trust &&
	       tracked_peer_is(&conn->peer, peer.ip, peer.port) &&
	       strcmp(conn->peer.host, peer.host) == 0;
}

static void take_tls_up(const struct step *step)
{
	struct tracked_conn *conn;

	step->tracker->summary_seen = true;
	step->tracker->plain_run = 0;
	if (is_doubled(step))
		return;
	conn = tracked_conn_of(step);
	if (conn == NULL)
		return;
	conn->up = true;
	conn->broken = false;
	if (step->process != NULL)
		step->process->no_engine = false;
	conn->trust = step->fact->trust;
}

static void take_tls_reused(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn != NULL)
		conn->reused = true;
}

static void take_tls_error(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn == NULL)
		return;
	conn->broken = true;
	conn->ours |= step->fact->our_fault;
}

/* It comes after "SSL_connect error", and before the end. */
static void take_library(const struct step *step)
{
	struct tracked_conn *conn = &step->process->conn;

	conn->ours |= step->fact->our_fault && conn->open && conn->broken;
}

/* Without a peer it is about the connection that has had no line yet. */
static void take_our_fault(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn == NULL && step->process != NULL) {
		tracked_conn_close(step->process);
		conn = &step->process->conn;
	}
	if (conn != NULL)
		conn->ours = true;
}

static void take_no_engine(const struct step *step)
{
	step->process->no_engine = true;
}

static void take_taken(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn != NULL)
		conn->taken = true;
}

static void take_not_verified(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn == NULL)
		return;
	conn->ours |= step->fact->our_fault;
	conn->no_match |= step->fact->no_match;
	tracked_conn_complain(conn, step->fact->result, step->fact->reason);
}

static void take_session_bad(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn != NULL)
		tracked_conn_complain(conn, RESULT_CERTIFICATE_NOT_TRUSTED,
		                      (struct span){0});
}

static void take_tlsa_unusable(const struct step *step)
{
	struct tracked_conn *conn = tracked_conn_of(step);

	if (conn != NULL)
		conn->tlsa_unusable = true;
}

static void attempt_without_connection(const struct step *step,
                                       enum tracked_ending ending)
{
	struct tracked_conn conn = {.time = step->line->time,
	                            .dest_is_host = step->fact->dest_is_host};
	struct span dest = step->fact->domain;

	if (ending == ENDING_NONE)
		return;
	tracked_peer_set_host(&conn.peer, step->fact->host);
	if (dest.len > 0)
		domain_canonical(dest.at, dest.len, conn.dest, NULL);
	tracked_attempt_add(step->process, &conn, ending, step->fact->queue_id);
}

/* No connection follows.  "DANE TLSA lookup problem:" comes before the same
 * failure and is not counted besides. */
static void take_policy_lookup(const struct step *step)
{
	static const enum tracked_ending by_reason[] = {
		[LOOKUP_OTHER] = ENDING_NONE,
		[LOOKUP_TLSA_ERROR] = ENDING_TLSA_ERROR,
		[LOOKUP_NO_TLSA] = ENDING_NO_TLSA,
		[LOOKUP_NOT_DNSSEC] = ENDING_NO_TLSA,
		[LOOKUP_UNUSABLE] = ENDING_TLSA_UNUSABLE,
		[LOOKUP_LOCAL] = ENDING_NONE,
	};

	attempt_without_connection(step, by_reason[step->fact->lookup]);
}

static void take_mx_mismatch(const struct step *step)
{
	attempt_without_connection(step, ENDING_MX_MISMATCH);
}

static void take_not_wanted(const struct step *step)
{
	tracked_conn_close(step->process);
	step->process->conn.unwanted = true;
}

/* smtp(8) says so after the handshake; when none came to it, or it failed,
 * before any other line about the connection. */
static void take_event(const struct step *step)
{
	struct tracked_peer peer;
	struct tracked_conn *conn;

	step->tracker->event_seen = true;
	if (step->process == NULL || !tracked_peer_of(step->fact, &peer))
		return;
	conn = &step->process->conn;
	if (conn->open && !tracked_peer_is(&conn->peer, peer.ip, 0))
		tracked_conn_close(step->process);
	conn->event = step->fact->event_failed ? LOG_EVENT_FAILURE
	                                       : LOG_EVENT_SUCCESS;
	if (!conn->open)
		memcpy(conn->peer.ip, peer.ip, sizeof(conn->peer.ip));
}

static void take_no_events(const struct step *step)
{
	step->tracker->no_events_seen = true;
}

/* A queue id may be taken again by somebody else's message. */
static void take_mail(const struct step *step)
{
	const struct fact *fact = step->fact;
	struct smtp_tracker *tracker = step->tracker;
	char token[OWN_TOKEN_TEXT];
	struct tracked_key key;

	if (!tracked_queue_key(step->line, fact->queue_id, &key))
		return;
	if (fact->kind == FACT_MAIL_FROM && tracker->own_sender != NULL &&
	    own_address_is(tracker->own_sender, fact->address.at,
	                   fact->address.len, token))
		lru_use(tracker->own_ids, key.at, key.len);
	else
		lru_forget(tracker->own_ids, key.at, key.len);
}

/* Whose lines count: tlsproxy(8) and qmgr(8) have no process here. */
enum from { FROM_SMTP, FROM_PROXY, FROM_BOTH, FROM_ANY };

static const struct {
	void (*take)(const struct step *step);
	enum from from;
} takers[FACT_KINDS] = {
	[FACT_TLS_UP] = {take_tls_up, FROM_BOTH},
	[FACT_TLS_REUSED] = {take_tls_reused, FROM_SMTP},
	[FACT_TLS_ERROR] = {take_tls_error, FROM_BOTH},
	[FACT_TLS_LIBRARY] = {take_library, FROM_SMTP},
	[FACT_NOT_VERIFIED] = {take_not_verified, FROM_BOTH},
	[FACT_SESSION_BAD] = {take_session_bad, FROM_BOTH},
	[FACT_TLSA_UNUSABLE] = {take_tlsa_unusable, FROM_BOTH},
	[FACT_POLICY_LOOKUP] = {take_policy_lookup, FROM_SMTP},
	[FACT_MX_MISMATCH] = {take_mx_mismatch, FROM_SMTP},
	[FACT_OUR_FAULT] = {take_our_fault, FROM_BOTH},
	[FACT_NO_ENGINE] = {take_no_engine, FROM_SMTP},
	[FACT_TAKEN] = {take_taken, FROM_PROXY},
	[FACT_EVENT_SENT] = {take_event, FROM_BOTH},
	[FACT_NO_EVENTS] = {take_no_events, FROM_ANY},
	[FACT_NOT_WANTED] = {take_not_wanted, FROM_SMTP},
	[FACT_DELIVERY] = {smtp_tracker_take_delivery, FROM_SMTP},
	[FACT_UNCLEAR] = {smtp_tracker_take_unclear, FROM_SMTP},
	[FACT_MX_FAILED] = {smtp_tracker_take_mx_failed, FROM_SMTP},
	[FACT_MAIL_FROM] = {take_mail, FROM_ANY},
	[FACT_MAIL_GONE] = {take_mail, FROM_ANY},
};

/* The process of an smtp(8) line; NULL when its name is absurdly long. */
static struct tracked_process *process_of(struct smtp_tracker *tracker,
                                          const struct log_line *line)
{
	struct tracked_process *process;
	struct tracked_key key;

	if (!tracked_process_key(line, &key))
		return NULL;
	process = lru_use(tracker->processes, key.at, key.len);
	if (tracked_process_is_over(process, tracker->facts))
		tracked_process_clear(process);
	process->at_fact = tracker->facts;
	return process;
}

void smtp_tracker_take(struct smtp_tracker *tracker,
                       const struct log_line *line, const struct fact *fact,
                       log_session_fn *done, void *arg)
{
	struct step step = {.tracker = tracker,
	                    .line = line,
	                    .fact = fact,
	                    .done = done,
	                    .arg = arg};
	enum from from = takers[fact->kind].from;

	tracker->facts++;
	if (takers[fact->kind].take == NULL ||
	    from == (fact->proxied ? FROM_SMTP : FROM_PROXY))
		return;
	if (!fact->proxied && from != FROM_ANY) {
		step.process = process_of(tracker, line);
		if (step.process == NULL)
			return;
	}
	takers[fact->kind].take(&step);
}
