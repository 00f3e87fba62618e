/*
 * ports - what a layer asks of its neighbours, as structs of functions
 *
 * The outbox hands reports to transports without knowing curl; the tests hand
 * it a transport that answers as the scenario says.
 */
#ifndef TLSTALLY_REPLY_PORTS_H
#define TLSTALLY_REPLY_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "reply/delivery_state.h"
#include "base/lease.h"
#include "domain/rua.h"

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

#endif
