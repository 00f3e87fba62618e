/*
 * tracked - what the parts of maillog/smtp_tracker share
 */
#ifndef TLSTALLY_MAILLOG_TRACKED_H
#define TLSTALLY_MAILLOG_TRACKED_H

#include <netinet/in.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/lru.h"
#include "maillog/smtp_tracker.h"

enum {
	TRACKED_ATTEMPTS_MAX = 16, /* of one message, in one process */
	TRACKED_PROXIED_MAX = 256, /* handshakes of tlsproxy not yet claimed */
	TRACKED_REASON = 96,
	TRACKED_QUEUE_ID = 32,
	TRACKED_KEY_MAX = 256,
};

/* An MX: canonical name and address; "" and 0 where not known. */
struct tracked_peer {
	char host[DOMAIN_TEXT];
	char ip[INET6_ADDRSTRLEN];
	uint16_t port;
};

/* A connection, as far as its lines tell. */
struct tracked_conn {
	bool open;     /* there was a line about it */
	bool up;       /* "TLS connection established" */
	bool reused;   /* somebody else's session */
	bool broken;   /* "SSL_connect error" */
	bool taken;    /* by tlsproxy(8), which need not say what went wrong */
	bool ours;     /* and what went wrong is our own fault */
	bool unwanted; /* not open, and will be without TLS by our wish */
	bool tlsa_unusable;
	/* not open: about the connection to peer.ip that is to come */
	enum log_event event;
	bool no_match; /* "num=65" */
	bool has_complaint;
	enum result_type complaint; /* the first */
	char complaint_reason[TRACKED_REASON];
	enum tls_trust trust;
	int64_t time; /* of its last line */
	struct tracked_peer peer;
	/* the next hop, where a line has named it; "" */
	char dest[DOMAIN_TEXT];
	bool dest_is_host; /* "[mx.example.com]" */
};

/* How a session ended.  The numbers are saved. */
enum tracked_ending {
	ENDING_NONE = 0, /* no session */
	ENDING_TLS,
	ENDING_PLAIN,
	ENDING_NO_STARTTLS,
	ENDING_HANDSHAKE,
	ENDING_NOT_VERIFIED,
	ENDING_TLSA_UNUSABLE,
	ENDING_TLSA_ERROR,
	ENDING_NO_TLSA,
	ENDING_MX_MISMATCH,
	ENDING_NOT_TRUSTED, /* as Postfix up to 3.5 says it */
	ENDINGS
};

/* A session that ended before its domain was known. */
struct tracked_attempt {
	enum tracked_ending ending;
	char queue_id[TRACKED_QUEUE_ID]; /* "": the line had none */
	struct tracked_conn conn;
};

struct tracked_process {
	uint64_t at_fact; /* its last, as the tracker counts them */
	struct tracked_conn conn;
	bool no_engine; /* it cannot do TLS, whatever servers offer */
	struct tracked_attempt *attempts;
	size_t attempt_count;
	/* the last delivery line: more to= lines of it may follow */
	char last_id[TRACKED_QUEUE_ID];
	char last_ip[INET6_ADDRSTRLEN]; /* "": with whom is not known */
	uint16_t last_port;
};

struct smtp_tracker {
	struct smtp_tracker_options options;
	char *own_sender;
	uint64_t facts; /* taken so far */
	bool summary_seen, event_seen, no_events_seen;
	uint64_t unlogged;     /* sessions of services that log no TLS */
	uint32_t plain_run;    /* sessions without TLS since the last summary */
	struct lru *processes; /* host, 0, program, 0, pid -> struct
	                          tracked_process */
	struct lru *proxied; /* instance, 0, ip, port -> struct tracked_conn */
	struct lru *own_ids; /* instance, 0, queue id -> nothing */
	struct arena scratch;
};

/* What a line is worked on with. */
struct step {
	struct smtp_tracker *tracker;
	const struct log_line *line;
	const struct fact *fact;
	struct tracked_process
		*process; /* NULL for lines of qmgr and tlsproxy */
	log_session_fn *done;
	void *arg;
};

void smtp_tracker_empty(struct smtp_tracker *tracker);
void tracked_process_clear(void *process);
/* Has it nothing more to say? */
bool tracked_process_is_over(const struct tracked_process *process,
                             uint64_t facts);

/* Keys of the tables; one that is too long is no key. */
struct tracked_key {
	char at[TRACKED_KEY_MAX];
	size_t len;
};
bool tracked_process_key(const struct log_line *line, struct tracked_key *key);
bool tracked_queue_key(const struct log_line *line, struct span queue_id,
                       struct tracked_key *key);
bool tracked_peer_key(const struct log_line *line,
                      const struct tracked_peer *peer, struct tracked_key *key);
/* What all keys of the line's instance begin with. */
bool tracked_instance_key(const struct log_line *line, struct tracked_key *key);

/* The fact's MX; false when it is no internet address: "mx[private/lmtp]". */
bool tracked_peer_of(const struct fact *fact, struct tracked_peer *peer);
void tracked_peer_set_host(struct tracked_peer *peer, struct span host);
/* Port 0 is any: the text of a refusal names none. */
bool tracked_peer_is(const struct tracked_peer *peer, const char *ip,
                     uint16_t port);
/* Are sessions with it anybody's business? */
bool tracked_peer_is_counted(const struct tracked_peer *peer,
                             bool count_private);

void tracked_queue_id_copy(char out[TRACKED_QUEUE_ID], struct span id);
bool tracked_queue_id_is(const char *id, struct span span);

/* The connection that a line about TLS belongs to; NULL when it names no
 * internet address. */
struct tracked_conn *tracked_conn_of(const struct step *step);

/* A connection that begins with the line, and with what tlsproxy(8) said
 * about the peer before. */
void tracked_conn_begin(const struct step *step, struct tracked_conn *conn,
                        const struct tracked_peer *peer);

/* The same with the newest peer whose handshake tlsproxy(8) gave up. */
void tracked_conn_begin_failed(const struct step *step,
                               struct tracked_conn *conn);

/* Postfix went on to another host, or to another connection. */
void tracked_conn_close(struct tracked_process *process);

/* Keeps the first: that is the one Postfix reports. */
void tracked_conn_complain(struct tracked_conn *conn, enum result_type result,
                           struct span reason);

void tracked_attempt_add(struct tracked_process *process,
                         const struct tracked_conn *conn,
                         enum tracked_ending ending, struct span queue_id);

/* FACT_DELIVERY, FACT_UNCLEAR and FACT_MX_FAILED. */
void smtp_tracker_take_delivery(const struct step *step);
void smtp_tracker_take_unclear(const struct step *step);
void smtp_tracker_take_mx_failed(const struct step *step);

/* The session for its domain; strings are the connection's and constants. */
struct log_session tracked_session(const struct tracked_conn *conn,
                                   enum tracked_ending ending,
                                   const char *domain);

#endif
