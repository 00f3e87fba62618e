/*
 * retry - when to try again (RFC 8460 section 5.5)
 *
 * Exponential backoff with jitter: about 5, 10, 20, 40, 80, 160 minutes, then
 * every 4 hours, until 24 hours (a setting) after the first attempt.
 */
#ifndef TLSTALLY_REPLY_RETRY_H
#define TLSTALLY_REPLY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The moment of the next attempt after `attempts` (1 or more) of them, the
 * last at `now`.  retry_after_secs is what the receiver asked for, 0 when it
 * did not.  Until `end`, the end of the period, that is honoured: "come back in
 * a week" must not be the end of a report of which the receiver said that it
 * wants it later.  The jitter, a tenth up or down, comes from the seed.
 */
int64_t retry_next(int64_t now, unsigned attempts, int64_t retry_after_secs,
                   int64_t end, uint64_t seed);

/* Would that be past the period in which we retry? */
bool retry_is_over(int64_t first_attempt, int64_t next, int64_t retry_for);

/* Retry-After: seconds or an HTTP-date (RFC 9110 section 10.2.3) to seconds
 * from now; 0 when it cannot be read or lies in the past. */
int64_t retry_after_parse(const char *text, int64_t now);

#endif
