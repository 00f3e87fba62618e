/*
 * ports - what a layer asks of its neighbours, as structs of functions
 *
 * The outbox hands reports to transports without knowing curl; the tests hand
 * it a transport that answers as the scenario says.  Policy discovery asks a
 * resolver without knowing ldns; the tests have one that answers from a file.
 */
#ifndef TLSTALLY_REPLY_PORTS_H
#define TLSTALLY_REPLY_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/lease.h"
#include "domain/domain_view.h"
#include "domain/rua.h"
#include "reply/delivery_state.h"

/*
 * One transfer.  The job and all it points to belong to whoever submitted it
 * and stay as they are until done() was called for it.
 */
struct delivery_job {
	const struct rua *rua; /* where to */
	const char *mail_from; /* mail: envelope sender */
	const void *body;      /* mail: the message; else the gzip bytes */
	size_t body_len;
	const char *file_name; /* directory: a name of at most 200 bytes */
	struct lease begin_by; /* when it is over nothing is sent any more */
	void *owner;           /* the submitter's */
};

struct delivery_answer {
	enum delivery_event event; /* ACCEPTED TEMPORARY UNCERTAIN REFUSED
	                              BAD_ADDRESS RELEASE */
	enum delivery_stage stage;
	int code;            /* SMTP reply, HTTP status, exit status; 0 */
	int64_t retry_after; /* secs from now; 0: not asked for */
	bool our_fault;      /* the operator should look */
	uint32_t doubt;      /* REFUSED: the address may be dead, by this code
	                        (reply/doubt.h); 0: not said of the address */
	char text[256];      /* one printable line for people */
};

typedef void delivery_done_fn(void *arg, struct delivery_job *job,
                              const struct delivery_answer *answer);

struct transport {
	/* Takes the job; done() is called from wait() later, exactly once. */
	void (*submit)(struct transport *self, struct delivery_job *job);

	/* Works for at most timeout_ms, calls done() for what ended. */
	void (*wait)(struct transport *self, int timeout_ms,
	             delivery_done_fn *done, void *arg);

	void (*free)(struct transport **self);
};

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52
};

/* One record of the type asked for, at the end of any CNAMEs.  TXT: the
 * strings joined; MX: preference and host; others: RDATA as it is. */
struct dns_record {
	const unsigned char *data;
	size_t len;
	unsigned preference; /* MX */
	const char *host;    /* MX: canonical or "." (RFC 7505); NULL: odd */
};

struct dns_answer {
	enum view_status status; /* OK NONE TEMPFAIL BOGUS */
	bool secure;             /* validated by DNSSEC, CNAMEs included */
	uint32_t ttl;            /* secs; negative answers: SOA minimum */
	const char *owner;       /* canonical name after CNAMEs */
	struct dns_record *records;
	size_t count;
	const char *problem; /* words for TEMPFAIL and BOGUS; NULL */
};

/*
 * One question to DNS.  It belongs to whoever asks, and stays where it is until
 * done() was called, which may be from within ask(), or it was dropped.
 */
struct dns_call {
	const char *name;
	enum dns_type type;
	bool background; /* behind those that somebody waits for */
	uint64_t share;  /* whose part of the sockets it takes; 0: nobody's */
	struct arena *arena; /* of all that is in the answer */
	struct dns_answer answer;
	/* Once; a failure is an answer of status TEMPFAIL. */
	void (*done)(struct dns_call *self);
	void *owner; /* whoever asks */
	void *work;  /* the resolver's */
};

struct resolver {
	void (*ask)(struct resolver *self, struct dns_call *call);
	/* Nobody wants the answer any more. */
	void (*drop)(struct resolver *self, struct dns_call *call);
	/* Would another question have to wait for others of its kind?  NULL:
	 * never. */
	bool (*is_full)(struct resolver *self, bool background);
	void (*free)(struct resolver **self);
};

#endif
