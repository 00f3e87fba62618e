#include "show/inbound_mix.h"

static uint64_t *count_of(struct inbound_mix *mix,
                          const struct inbound *inbound)
{
	if (inbound->client == INBOUND_FILTERED)
		return &mix->filtered;
	if (inbound->client != INBOUND_MX)
		return &mix->submitted;
	if (inbound->tls == INBOUND_CLEAR)
		return &mix->clear;
	if (inbound_is_weak(inbound->tls))
		return &mix->old;
	return inbound->tls == INBOUND_TLS12   ? &mix->tls12
	       : inbound->tls == INBOUND_TLS13 ? &mix->tls13
	                                       : &mix->other;
}

void inbound_mix_add(struct inbound_mix *mix, const struct inbound *inbound,
                     uint64_t messages)
{
	mix->messages += messages;
	if (inbound_came_weak(inbound))
		mix->weak += messages;
	*count_of(mix, inbound) += messages;
}
