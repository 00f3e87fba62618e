/*
 * lease - for how long something is this process's alone
 *
 * Another process compares the end that stands in the store with its own wall
 * clock and takes over what is past it.  So the owner must know when that has
 * happened, also after a sleep that it did not notice.  The wall clock tells,
 * unless somebody set it; the boot clock goes on while the host is suspended,
 * but stands while a hypervisor pauses the guest.  Whichever is past the end
 * ends the lease.
 */
#ifndef TLSTALLY_BASE_LEASE_H
#define TLSTALLY_BASE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct lease {
	int64_t wall_ms; /* both 0: it does not end */
	int64_t boot_ms;
};

/* From now on so many seconds. */
struct lease lease_from(struct clock *clock, int64_t secs);

/* The same lease, so much shorter. */
struct lease lease_less(const struct lease *lease, int64_t secs);

bool lease_is_over(const struct lease *lease, struct clock *clock);

#endif
