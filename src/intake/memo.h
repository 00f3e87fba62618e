/*
 * memo - datagrams that came before, and what they count for
 *
 * Postfix sends the same bytes for the same outcome, so nearly every datagram
 * is one that was decoded already.  The memo leads from a datagram's bytes to
 * its session: one hash, one comparison, one addition.
 *
 *   - The hash (XXH3-128) has a random seed, and on a hit the bytes are
 *     compared: nobody can make his datagram count as another.
 *   - A datagram is admitted at its second sight; those that come once (each
 *     failure with its own text) do not push out those that come again.
 *   - Hits are counted in one of two arrays.  A commit takes one away and
 *     leaves the other; slots carry an index into both and never a pointer,
 *     so nothing in a slot changes with a commit.
 *   - Two generations: when the young one is full it becomes the old one, and
 *     what was still old is forgotten.  Only memo_swap() does that, and what
 *     is forgotten is kept until the commit that may still count it has
 *     ended.
 *
 * memo_hit(), memo_miss() and memo_swap() are called by the receiving thread,
 * or with its lock held; memo_each() and memo_forget() by the committing one
 * for the side that it took.
 */
#ifndef TLSTALLY_INTAKE_MEMO_H
#define TLSTALLY_INTAKE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "session/session.h"

struct memo_limits {
	size_t entries; /* of one generation */
	size_t bytes;   /* of one generation */
};

struct memo;

struct memo *memo_new(uint64_t seed, const struct memo_limits *limits);
void memo_free(struct memo **memo);

/* A datagram and, once prepared, its hash. */
struct memo_event {
	const void *data;
	size_t len;
	struct hash128 hash;
};

/*
 * Hashes a batch and asks for what the memo has of it, so that the waits for
 * memory, which are most of what a known datagram costs, go on side by side.
 */
void memo_prepare(const struct memo *memo, struct memo_event *events,
                  size_t count);

/* Counts the datagram when it is known. */
bool memo_hit(struct memo *memo, const struct memo_event *event);

/* Tells of a datagram that was decoded into a session: admits it when it was
 * seen before and there is room. */
void memo_miss(struct memo *memo, const struct memo_event *event,
               const struct session *session);

/* Hits now go to the other side; what is old may be forgotten.  The side that
 * was left is to be read by memo_each() and ended by memo_forget(). */
void memo_swap(struct memo *memo);

/* Each session of the side that was left, with its hits (never 0). */
void memo_each(struct memo *memo,
               void (*each)(void *arg, const struct session *session,
                            uint64_t hits),
               void *arg);

/* The same for the side hits go to now, whose hits are 0 afterwards: at
 * midnight, when no swap is possible. */
void memo_drain(struct memo *memo,
                void (*each)(void *arg, const struct session *session,
                             uint64_t hits),
                void *arg);

/* The side that was left is done with. */
void memo_forget(struct memo *memo);

#endif
