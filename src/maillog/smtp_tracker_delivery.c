/*
 * The lines with a queue id, at which sessions end and are handed out.
 */
#include "maillog/tracked.h"

#include <stdlib.h>
#include <string.h>

#include "session/session.h"

enum {
	/* A process that forgot to end its message for so long was cut off. */
	ATTEMPT_SECS = 3600,
	FOREIGN_DOMAIN_MAX = 1024,
	/* Plaintext sessions in a row that nobody believes: mail to the public
	 * meets a server with TLS sooner. */
	PLAIN_RUN_MAX = 100,
	/* The same of a log in which no TLS session has been seen yet. */
	PLAIN_BEGIN_MAX = 20,
};

bool smtp_tracker_has_loglevel(const struct smtp_tracker *tracker)
{
	return tracker->summary_seen && tracker->plain_run < PLAIN_RUN_MAX;
}

/* One that nothing is known of when there is none. */
static const struct log_site *tracker_site(const struct smtp_tracker *tracker)
{
	static const struct log_site unknown;

	return tracker->options.site != NULL ? tracker->options.site : &unknown;
}

static bool is_own(const struct step *step)
{
	struct tracked_key key;

	return tracked_queue_key(step->line, step->fact->queue_id, &key) &&
	       lru_find(step->tracker->own_ids, key.at, key.len) != NULL;
}

static bool is_tls_optional(const struct step *step)
{
	const struct smtp_tracker_options *options = &step->tracker->options;
	char queue_id[TRACKED_QUEUE_ID];

	if (options->tls_optional == NULL)
		return false;
	tracked_queue_id_copy(queue_id, step->fact->queue_id);
	return options->tls_optional(options->tls_optional_arg,
	                             step->line->time, queue_id);
}

/* The recipient's domain; NULL when it is none. */
static const char *policy_domain(const struct step *step)
{
	struct arena *scratch = &step->tracker->scratch;
	struct span domain = step->fact->domain;

	if (domain.len == 0 || domain.len > FOREIGN_DOMAIN_MAX ||
	    domain.at[0] == '[')
		return NULL;
	return session_domain(scratch,
	                      arena_strndup(scratch, domain.at, domain.len));
}

static void set_route(const struct step *step,
                      const struct log_service *service,
                      const struct tracked_conn *conn,
                      struct log_session *session)
{
	const struct tracked_peer *peer = &conn->peer;
	const struct site_hop *hop = NULL;

	session->other_port = peer->port != 0 && peer->port != 25;
	if (conn->dest[0] != '\0') {
		/* a line named the next hop: the domain, or another */
		if (conn->dest_is_host ||
		    strcmp(conn->dest, session->domain) != 0) {
			session->route = ROUTE_SITE;
			session->hop = conn->dest;
			session->hop_is_domain = !conn->dest_is_host;
		}
	} else {
		session->route =
			log_site_route(tracker_site(step->tracker), service,
		                       peer->host, peer->port, &hop);
		session->hop = hop != NULL ? hop->name : NULL;
		session->hop_is_domain = hop != NULL && !hop->is_host;
	}
	/* the domain is, perhaps, a stranger's word: let its MX records say */
	if (step->fact->rewritten && session->route == ROUTE_DOMAIN)
		session->route = ROUTE_OPEN;
	if (session->route == ROUTE_SITE)
		log_session_leave(session);
}

/* Where only failures are logged, everybody would be all failures.  Where the
 * level is not known, deliveries without a line about TLS tell. */
static bool is_unlogged(const struct step *step,
                        const struct log_service *service)
{
	const struct smtp_tracker *tracker = step->tracker;
	/* by what the lines are like, smtp_tls_loglevel is 0 */
	bool none_seen =
		tracker->plain_run >
		(tracker->summary_seen ? PLAIN_RUN_MAX : PLAIN_BEGIN_MAX);
	bool missing = service->tls_lines == TLS_LINES_MISSING ||
	               (service->tls_lines == TLS_LINES_UNKNOWN && none_seen);

	if (!missing || step->fact->tls.said)
		return false;
	step->tracker->unlogged++;
	return true;
}

/* The session counts for the domain of the delivery line at hand, or for the
 * next hop's. */
static void hand_out(const struct step *step, int64_t time,
                     const struct tracked_conn *conn,
                     enum tracked_ending ending, enum tls_level level)
{
	const struct log_service *service =
		log_site_service(tracker_site(step->tracker),
	                         step->line->program, step->line->host);
	struct log_session session;
	const char *domain;

	if (ending == ENDING_NONE || is_own(step) ||
	    (!service->ignores_tls_required && is_tls_optional(step)) ||
	    !tracked_peer_is_counted(&conn->peer,
	                             step->tracker->options.count_private) ||
	    is_unlogged(step, service))
		return;
	arena_reset(&step->tracker->scratch);
	domain = policy_domain(step);
	if (domain == NULL)
		return;
	session = tracked_session(conn, ending, domain);
	session.level = level;
	session.enforces = service->enforces;
	set_route(step, service, conn, &session);
	step->done(step->arg, time, &session);
}

/* Of this message, and not of one whose end the log lost? */
static bool is_current(const struct step *step,
                       const struct tracked_attempt *attempt)
{
	return (attempt->queue_id[0] == '\0' ||
	        tracked_queue_id_is(attempt->queue_id, step->fact->queue_id)) &&
	       step->line->time - attempt->conn.time <= ATTEMPT_SECS;
}

static void attempts_drop(struct tracked_process *process)
{
	free(process->attempts);
	process->attempts = NULL;
	process->attempt_count = 0;
}

/* Their levels are not known: with DANE each MX has its own. */
static void attempts_hand_out(const struct step *step)
{
	struct tracked_process *process = step->process;

	for (size_t i = 0; i < process->attempt_count; i++) {
		const struct tracked_attempt *attempt = &process->attempts[i];

		if (is_current(step, attempt))
			hand_out(step, attempt->conn.time, &attempt->conn,
			         attempt->ending, LEVEL_UNKNOWN);
	}
	attempts_drop(process);
}

/* Did the message have a session with this MX already, in this process?  A
 * plaintext one after it is Postfix's way out of a TLS that failed. */
static bool was_tried(const struct step *step, const struct tracked_peer *peer)
{
	for (size_t i = 0; i < step->process->attempt_count; i++) {
		const struct tracked_attempt *attempt =
			&step->process->attempts[i];

		if (is_current(step, attempt) &&
		    tracked_peer_is(peer, attempt->conn.peer.ip,
		                    attempt->conn.peer.port))
			return true;
	}
	return false;
}

/*
 * "Cannot start TLS: handshake failure" is also what Postfix says when it came
 * to no handshake, for want of tlsproxy(8) or with settings that OpenSSL does
 * not take.  One that the other side had a part in left its own line before.
 */
static enum tracked_ending handshake_ending(const struct tracked_conn *conn)
{
	if (conn->broken)
		return ENDING_HANDSHAKE;
	/* dane-only, up to 3.5: no handshake was tried */
	if (conn->tlsa_unusable)
		return ENDING_TLSA_UNUSABLE;
	return conn->taken ? ENDING_HANDSHAKE : ENDING_NONE;
}

static enum tracked_ending refusal_ending(enum tls_refusal refusal,
                                          const struct tracked_conn *conn)
{
	static const enum tracked_ending by_refusal[] = {
		[REFUSAL_NONE] = ENDING_NONE,
		[REFUSAL_NOT_OFFERED] = ENDING_NO_STARTTLS,
		[REFUSAL_REFUSED] = ENDING_NO_STARTTLS,
		[REFUSAL_NOT_VERIFIED] = ENDING_NOT_VERIFIED,
		[REFUSAL_NOT_TRUSTED] = ENDING_NOT_TRUSTED,
		[REFUSAL_LOCAL] = ENDING_NONE,
	};

	if (conn->ours)
		return ENDING_NONE;
	if (refusal == REFUSAL_HANDSHAKE)
		return handshake_ending(conn);
	/* dane-only: no certificate could have been good enough */
	if (refusal == REFUSAL_NOT_VERIFIED && conn->tlsa_unusable)
		return ENDING_TLSA_UNUSABLE;
	return by_refusal[refusal];
}

void smtp_tracker_take_mx_failed(const struct step *step)
{
	const struct fact *fact = step->fact;
	struct tracked_process *process = step->process;
	struct tracked_conn *conn = &process->conn;
	struct tracked_peer peer;
	bool named = tracked_peer_of(fact, &peer);
	enum tracked_ending ending;

	/* a handshake that failed is not the connection that is up */
	if (conn->open &&
	    (conn->up ? fact->refusal == REFUSAL_HANDSHAKE
	              : named && !tracked_peer_is(&conn->peer, peer.ip,
	                                          peer.port)))
		tracked_conn_close(process);
	if (!conn->open && named)
		tracked_conn_begin(step, conn, &peer);
	else if (!conn->open)
		tracked_conn_begin_failed(step, conn);
	conn->time = step->line->time;
	ending = refusal_ending(fact->refusal, conn);
	if (ending != ENDING_NONE)
		tracked_attempt_add(process, conn, ending, fact->queue_id);
	memset(conn, 0, sizeof(*conn));
}

static bool is_unmet(const struct tls_feature *tls)
{
	return tls->unmet || tls->no_starttls || tls->no_match;
}

/* A delivery line that no line about TLS came before. */
static enum tracked_ending silent_ending(const struct step *step,
                                         const struct tracked_peer *peer)
{
	struct smtp_tracker *tracker = step->tracker;
	const struct tls_feature *tls = &step->fact->tls;
	bool believed;

	if (step->process->no_engine)
		return ENDING_NONE;
	if (tls->said) { /* Postfix 3.11 says it outright */
		if (tls->unmet || tls->undecided || tls->wanted == LEVEL_NONE)
			return ENDING_NONE;
		return tls->got == LEVEL_NONE ? ENDING_PLAIN : ENDING_TLS;
	}
	if (!step->fact->past_tls ||
	    !tracked_peer_is_counted(peer, tracker->options.count_private))
		return ENDING_NONE;
	believed = smtp_tracker_has_loglevel(tracker);
	if (tracker->plain_run < UINT32_MAX)
		tracker->plain_run++;
	return believed ? ENDING_PLAIN : ENDING_NONE;
}

static enum tracked_ending delivery_ending(const struct step *step,
                                           const struct tracked_peer *peer,
                                           bool tried)
{
	const struct fact *fact = step->fact;
	struct tracked_process *process = step->process;
	struct tracked_conn *conn = &process->conn;

	if (fact->reused || conn->reused)
		return ENDING_NONE;
	if (!conn->open) {
		if (tracked_queue_id_is(process->last_id, fact->queue_id) &&
		    (process->last_ip[0] == '\0' ||
		     tracked_peer_is(peer, process->last_ip,
		                     process->last_port)))
			return ENDING_NONE;
		if (conn->unwanted)
			return ENDING_NONE;
		tracked_conn_begin(step, conn, peer);
		if (fact->refusal == REFUSAL_NONE && !is_unmet(&fact->tls))
			return tried ? ENDING_NONE : silent_ending(step, peer);
	}
	if (fact->refusal != REFUSAL_NONE)
		return refusal_ending(fact->refusal, conn);
	/* a policy was not met, for a reason in other words than ours */
	if (is_unmet(&fact->tls) && fact->tls.no_starttls)
		return ENDING_NO_STARTTLS;
	if (is_unmet(&fact->tls))
		return fact->tls.no_match || conn->up ? ENDING_NOT_VERIFIED
		                                      : ENDING_NONE;
	if (conn->broken)
		return conn->ours ? ENDING_NONE : ENDING_HANDSHAKE;
	/* a certificate was seen, so there was TLS, at log level 0 */
	return conn->up || fact->past_tls ? ENDING_TLS : ENDING_NONE;
}

void smtp_tracker_take_delivery(const struct step *step)
{
	const struct fact *fact = step->fact;
	struct tracked_process *process = step->process;
	struct tracked_conn *conn = &process->conn;
	struct tracked_peer peer;
	bool has_peer = fact->has_relay && tracked_peer_of(fact, &peer), tried;

	if (conn->open &&
	    !(has_peer && tracked_peer_is(&conn->peer, peer.ip, peer.port)))
		tracked_conn_close(process);
	tried = has_peer && was_tried(step, &peer);
	attempts_hand_out(step);
	if (has_peer)
		hand_out(step, step->line->time, conn,
		         delivery_ending(step, &peer, tried), fact->tls.wanted);
	memset(conn, 0, sizeof(*conn));
	if (!has_peer)
		return;
	tracked_queue_id_copy(process->last_id, fact->queue_id);
	memcpy(process->last_ip, peer.ip, sizeof(peer.ip));
	process->last_port = peer.port;
}

/* Whose session it was cannot be told, so it is nobody's; nor is it another
 * one when the next recipients' lines can be read. */
void smtp_tracker_take_unclear(const struct step *step)
{
	struct tracked_process *process = step->process;

	attempts_drop(process);
	memset(&process->conn, 0, sizeof(process->conn));
	tracked_queue_id_copy(process->last_id, step->fact->queue_id);
	process->last_ip[0] = '\0';
	process->last_port = 0;
}
