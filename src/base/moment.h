/*
 * moment - has a moment that stands in the store come?
 *
 * "Try again at 14:20" is right as long as the clock that wrote it was.  One
 * that was a year ahead for a minute leaves moments that are a year off, and
 * what waits for them would wait for a year.  But each rule looks ahead only
 * so far: a lease is over within the day, a look-up that failed is repeated
 * within the hour.  What is further off than its rule could have written was
 * written by a clock that proved wrong, and has come.
 *
 * A moment that a person wrote (deliverAt, the end of a suppression or of a
 * token) may be as far off as it likes: it stands.
 */
#ifndef TLSTALLY_BASE_MOMENT_H
#define TLSTALLY_BASE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/* For `longest`: a person wrote it. */
#define MOMENT_STANDS INT64_MAX

/* All in seconds.  `longest` is how far ahead of its present the rule that
 * wrote the moment looks at most. */
bool moment_has_come(int64_t moment, int64_t now, int64_t longest);

/* Of what is written when it happens: is it yet to come?  Then a clock that
 * proved wrong has written it. */
bool moment_is_to_come(int64_t since, int64_t now);

/* How long ago it happened, 0 or more.  Of what is yet to come nobody knows:
 * longer ago than any rule asks for. */
int64_t moment_age(int64_t since, int64_t now);

#endif
