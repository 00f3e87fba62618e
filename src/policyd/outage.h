/*
 * outage - has the resolver stopped to answer everybody?
 *
 * One domain whose servers are dead is that domain's matter.  When for a
 * minute nothing that was looked up has had an answer, it is ours: Postfix has
 * another resolver, or will say so itself, and must not wait for us.  Pure: the
 * time is handed in, in milliseconds of the monotonic clock.
 */
#ifndef TLSTALLY_POLICYD_OUTAGE_H
#define TLSTALLY_POLICYD_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

enum { OUTAGE_AFTER_MS = 60 * 1000 };

struct outage {
	int64_t failing_since_ms; /* 0: the last lookup had its answers */
	uint64_t first_domain;    /* a hash */
	bool of_several;          /* domains */
};

/* A lookup ended; `domain` is the hash of its name. */
void outage_note(struct outage *outage, bool answered, uint64_t domain,
                 int64_t now_ms);

/* It was on before this process began. */
void outage_begin(struct outage *outage, int64_t now_ms);

/* From when on it is; INT64_MAX: it is not, and will not be. */
int64_t outage_from_ms(const struct outage *outage);
bool outage_is_on(const struct outage *outage, int64_t now_ms);

/* Lookups fail, and it would be good to know of one more. */
bool outage_is_suspected(const struct outage *outage);

#endif
