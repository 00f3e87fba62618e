/*
 * policy_client - one connection of Postfix
 */
#ifndef TLSTALLY_POLICYD_POLICY_CLIENT_H
#define TLSTALLY_POLICYD_POLICY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "policyd/policy_request.h"

struct waiting_domain;

struct policy_client {
	int fd;
	uint64_t id;                         /* never the same again */
	struct policy_client *older, *newer; /* by when it last asked */
	struct strbuf in, out;
	size_t sent;     /* of out */
	uint32_t events; /* that epoll tells of */
	bool is_closed;  /* it is on its way out */
	bool has_ended;  /* it sends no more; what it asked is answered */
	/* Its question waits: of a domain, in a list, or for an explanation. */
	enum policy_map_asked map;
	struct waiting_domain *waits_for;
	struct policy_client *next_waiting, *before_waiting;
	bool is_explained;
};

struct policy_client *policy_client_new(int fd, uint64_t id);
void policy_client_free(struct policy_client **client);

/* Its next question is not looked at before this is over. */
bool policy_client_waits(const struct policy_client *client);

/* What it has sent, behind what is there already.  False: it failed. */
bool policy_client_read(struct policy_client *client);

/* Sends what it can.  False: it failed. */
bool policy_client_send(struct policy_client *client);

/* More is kept for it than it should read before it asks again. */
bool policy_client_is_slow(const struct policy_client *client);

/* What is to be heard of it: more questions, room for replies. */
uint32_t policy_client_events(const struct policy_client *client);

/* The first `len` bytes of what it sent are done with. */
void policy_client_drop(struct policy_client *client, size_t len);

#endif
