/*
 * maillog - one line of the mail log: what it says about TLS, or nothing
 *
 * A server somewhere writes part of these lines (its name, its answers), so
 * they are foreign bytes like any others.  A line is taken apart from the
 * left, where Postfix stands, and nothing that a remote end may write decides
 * what kind of line it is.  The forms are those of Postfix 3.4 to 3.11.
 *
 *     Nov 23 12:33:14 mx postfix/smtp[29869]: Untrusted TLS connection
 *         established to mx.example.com[192.0.2.1]:25: TLSv1.3 with cipher ...
 */
#ifndef TLSTALLY_MAILLOG_MAILLOG_H
#define TLSTALLY_MAILLOG_MAILLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "maillog/log_session.h"
#include "words/words.h"

enum log_line_kind {
	LOG_LINE_READ,
	LOG_LINE_NOTHING, /* blank, "last message repeated 2 times" */
	LOG_LINE_UNREAD,  /* of no form that is known */
	LOG_LINE_FOREIGN, /* of a user of the journal who is not Postfix */
};

/* A line without its time stamp: from a file by maillog_line_split(), from the
 * journal field by field. */
struct log_line {
	enum log_line_kind kind;
	int64_t time;        /* secs, UTC */
	struct span host;    /* who wrote it; empty: not told */
	struct span program; /* "postfix/smtp", "postfix-out/smtp" */
	int64_t pid;         /* 0: the line has none */
	struct span message; /* UNREAD: all of the line */
	int64_t uid;         /* FOREIGN: whose it is, -1: nobody's */
};

/*
 * What a time stamp without year and zone needs to know.  `now` is when the
 * line was read (live), or the file's mtime: a stamp more than a day after it
 * belongs to the year before.  The zone is the system's; in the hour that a
 * clock shows twice in autumn, time goes on and not back.
 */
struct log_clock {
	int64_t now;
	/* the last "Nov 23 12:33" and its time: lines come in runs */
	char minute[16];
	int64_t minute_time;
	/* the last "2026-11-23T12:33", and its time in UTC */
	char iso_minute[16];
	int64_t iso_time;
};

/* What people are told to expect. */
#define LOG_LINE_EXAMPLE "Nov 23 12:33:14 HOST postfix/smtp[PID]: TEXT"

/*
 * Takes a line of a file apart:
 *
 *     Nov 23 12:33:14 host program[pid]: message     syslogd, postlogd
 *     Nov 23 12:33:14.123 ...                        with a fraction
 *     2026-11-23T12:33:14.123456+01:00 ...           rsyslog, journalctl
 *     1795437194.123456 ...                          seconds since 1970
 *     ... host mail.info program[pid]: message       BusyBox, FreeBSD, AIX
 *     ... program[pid]: message                      without a host
 *     <22>1 2026-11-23T12:33:14Z host program pid - - message    RFC 5424
 *
 * each with "<22>" before it or without, and the same behind "postfix-1  | "
 * (docker compose) or another time stamp (docker).  True when it could be read.
 * The text needs no NUL at its end.
 */
bool maillog_line_split(const char *text, size_t len, struct log_clock *clock,
                        struct log_line *line);

enum fact_kind {
	FACT_NONE,
	FACT_TLS_UP,           /* "... TLS connection established to" */
	FACT_TLS_REUSED,       /* "... TLS connection reused to" */
	FACT_TLS_ERROR,        /* "SSL_connect error to" */
	FACT_TLS_LIBRARY,      /* "TLS library problem:" */
	FACT_NOT_VERIFIED,     /* "certificate verification failed for" */
	FACT_SESSION_BAD,      /* "re-using session with untrusted" */
	FACT_TLSA_UNUSABLE,    /* "all TLSA records unusable" */
	FACT_TLSA_UNSUPPORTED, /* "unsupported TLSA certificate usage" */
	FACT_POLICY_LOOKUP,    /* "TLS policy lookup for DEST/HOST: REASON" */
	FACT_TLSA_PROBLEM,     /* "DANE TLSA lookup problem:" */
	FACT_MX_MISMATCH,      /* "MX name ... does not match STS MX pattern" */
	FACT_OUR_FAULT,        /* "Invalid TLS protocol list": about a peer, and
	                          not its fault */
	FACT_NO_ENGINE,  /* "disabling TLS support": this smtp(8) has none */
	FACT_TAKEN,      /* tlsproxy: "CONNECT to [ADDRESS]:PORT" */
	FACT_EVENT_SENT, /* "TLSRPT: status=": this host sends datagrams, and
	                    has sent one about this session */
	FACT_NO_EVENTS,  /* "TLSRPT is not compiled in": it only was told to */
	FACT_NOT_WANTED, /* "Host offered STARTTLS:" at level none */
	FACT_DELIVERY,   /* "QID: to=<...>, relay=..., status=..."; of a line
	                    that was cut off what there is */
	FACT_UNCLEAR,    /* the same, and it cannot be told to whom */
	FACT_MX_FAILED,  /* "QID: REASON" about one MX of several, when it is
	                    about TLS */
	FACT_MAIL_FROM,  /* qmgr: "QID: from=<...>" */
	FACT_MAIL_GONE,  /* qmgr: "QID: removed" */
	FACT_KINDS
};

/* "Anonymous", "Untrusted", "Trusted", "Verified" of a TLS_UP line. */
enum tls_trust {
	TRUST_ANONYMOUS,
	TRUST_UNTRUSTED,
	TRUST_TRUSTED,
	TRUST_VERIFIED
};

/* REASON of a POLICY_LOOKUP line. */
enum lookup_reason {
	LOOKUP_OTHER,
	LOOKUP_TLSA_ERROR, /* TLSA lookup error: dnssec-invalid */
	LOOKUP_NO_TLSA,    /* no TLSA records found */
	LOOKUP_NOT_DNSSEC, /* non DNSSEC destination, insecure MX RRset */
	LOOKUP_UNUSABLE,   /* TLSA records unusable */
	LOOKUP_LOCAL,      /* client TLS configuration problem */
};

/*
 * tls= of a delivery line (Postfix 3.11): the level that was wanted and what
 * came of it, and after a "/" the same about REQUIRETLS.
 *
 *     tls=may                          as wanted
 *     tls=may:none, dane:encrypt       with less
 *     tls=!dane                        not met, and nothing was sent
 *     tls=may?                         the session never came to it
 *     tls=may?/!requiretls:nostarttls  REQUIRETLS was not met
 */
struct tls_feature {
	bool said; /* the line has one */
	enum tls_level wanted, got;
	bool unmet, undecided;
	bool no_starttls, no_match; /* REQUIRETLS was not met for want of it */
};

/* Why a session had no TLS, in the text of a delivery or MX line. */
enum tls_refusal {
	REFUSAL_NONE,         /* says nothing about TLS */
	REFUSAL_NOT_OFFERED,  /* "TLS is required, but was not offered" */
	REFUSAL_REFUSED,      /* "... refused to start TLS" */
	REFUSAL_HANDSHAKE,    /* "Cannot start TLS: handshake failure" */
	REFUSAL_NOT_VERIFIED, /* "Server certificate not verified" */
	REFUSAL_NOT_TRUSTED,  /* "Server certificate not trusted" (<= 3.5) */
	REFUSAL_LOCAL,        /* our TLS engine: nobody else's fault */
};

struct fact {
	enum fact_kind kind;
	bool proxied;         /* by tlsproxy(8), for an smtp(8) not named */
	struct span queue_id; /* DELIVERY, MX_FAILED, MAIL_* */
	struct span domain;   /* DELIVERY: recipient's; POLICY_LOOKUP: DEST;
	                         MAIL_FROM: see address */
	struct span address;  /* MAIL_FROM: the envelope sender */
	struct span host;     /* MX host name */
	struct span ip;
	int port;
	enum tls_trust trust;    /* TLS_UP */
	enum result_type result; /* NOT_VERIFIED */
	/* NOT_VERIFIED: OpenSSL's words; TLS_ERROR, TLS_LIBRARY, TLSA_PROBLEM:
	 * for people */
	struct span reason;
	/* TLS_ERROR, TLS_LIBRARY, NOT_VERIFIED: the trouble is of this host */
	bool our_fault;
	bool event_failed; /* EVENT_SENT: about a failure */
	bool fallback;     /* TLSA_UNUSABLE: goes on unauthenticated */
	enum lookup_reason lookup;
	bool dest_is_host; /* POLICY_LOOKUP: DEST is "[host]" */
	bool no_match;     /* NOT_VERIFIED: "num=65", no TLSA record matches */
	enum tls_refusal refusal; /* DELIVERY, MX_FAILED */
	bool reused;              /* DELIVERY: conn_use= */
	/* DELIVERY: orig_to= is there, or the recipient's local part has it:
	 * "x@victim.example>, orig_to=<q" @real.example */
	bool rewritten;
	bool delivered;         /* DELIVERY: status=sent, deliverable */
	bool past_tls;          /* DELIVERY: came past EHLO and STARTTLS */
	bool has_relay;         /* DELIVERY: relay= is there and not none */
	struct tls_feature tls; /* DELIVERY */
};

/* What is known of the Postfix that wrote the log, beside the log. */
struct maillog_site {
	/* An odd address is logged in quotes: Postfix 3.5 or later, with
	 * info_log_address_format = external (the default). */
	bool quotes_addresses;
	/* What its instances and services are called (syslog_name), up to a
	 * slash. */
	const char *const *names;
	size_t name_count;
};

/*
 * What the line says; FACT_NONE when nothing.  The program's last part is the
 * service ("smtp" of "mx1/smtp" and of "postfix/relay/smtp"): lines of others
 * than smtp, tlsproxy and qmgr say nothing, whatever stands before it.  In
 * RFC 5424's form rsyslog leaves the service out: there the program is
 * "postfix..." or one of the site's names, and what tells smtp's line from
 * lmtp's, smtpd's and pipe's is a session with port 25 of some address.  Fast
 * for lines that say nothing: those are nearly all.  Without a site (NULL)
 * nothing is known of it. Spans of the fact point into the line or to
 * constants.
 */
enum fact_kind maillog_read(const struct log_line *line,
                            const struct maillog_site *site, struct fact *fact);

/* Is the program's last part one of these services? */
bool maillog_names_service(struct span program);

/* Is it Postfix's, saying nothing only because its sender is not to be told:
 * without a pid, or a whole line in the message of somebody else's, as
 * "docker[32360]: Nov 23 12:33:14 mx postfix/smtp[811]: ..." is? */
bool maillog_is_lost(const struct log_line *line);

#endif
