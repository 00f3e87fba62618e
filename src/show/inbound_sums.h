/*
 * inbound_sums - rows of the inbound table, brought together
 *
 * Lines are added as they come, most of them with a name that was there
 * already; inbound_sums_sort() makes one line of those that are alike and puts
 * the worst first: the most messages in clear text or with TLS older than 1.2,
 * then the most messages.
 */
#ifndef TLSTALLY_SHOW_INBOUND_SUMS_H
#define TLSTALLY_SHOW_INBOUND_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "inmail/inbound.h"

struct inbound_mix {
	uint64_t tls[INBOUND_TLS_VERSIONS]; /* messages from other sites */
	uint64_t submitted; /* from authenticated and local clients */
	uint64_t filtered;  /* a before-queue filter handed them back */
};

uint64_t inbound_mix_sum(const struct inbound_mix *mix);
uint64_t inbound_mix_weak(const struct inbound_mix *mix);
/* SSL 3, TLS 1.0 and 1.1. */
uint64_t inbound_mix_old(const struct inbound_mix *mix);

struct inbound_line {
	char *name;
	struct inbound_mix mix;
};

struct inbound_sums {
	struct inbound_line *lines;
	size_t count, room;
};

/* Takes the outcome of so many messages under the name. */
void inbound_sums_add(struct inbound_sums *sums, const char *name,
                      const struct inbound *inbound, uint64_t messages);
void inbound_sums_sort(struct inbound_sums *sums);
void inbound_sums_clear(struct inbound_sums *sums);

#endif
