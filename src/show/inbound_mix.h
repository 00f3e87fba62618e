/*
 * inbound_mix - messages by how they came in: tally:Inbound,
 * tally:InboundOverview and the posture of a domain
 */
#ifndef TLSTALLY_SHOW_INBOUND_MIX_H
#define TLSTALLY_SHOW_INBOUND_MIX_H

#include <stdint.h>

#include "inmail/inbound.h"

/* How those of other sites came in, and those of our own. */
struct inbound_mix {
	uint64_t messages;
	uint64_t weak; /* clear text, or older than TLS 1.2; our users', too */
	uint64_t clear, old, tls12, tls13, other;
	uint64_t submitted; /* from authenticated and local clients */
	uint64_t filtered;  /* a before-queue filter handed them back */
};

void inbound_mix_add(struct inbound_mix *mix, const struct inbound *inbound,
                     uint64_t messages);

#endif
