/*
 * tally - counters in memory between two commits
 *
 * The receiving thread adds sessions here; the committing thread takes the
 * whole table away and writes it to the store.  Equal policies and equal
 * failure details count together; keys are their encoded bytes
 * (session/session.h).
 *
 * Bounded: past max_policies and max_details of a domain, and past
 * soft_bytes in all, details fold (FOLD_PEER, then FOLD_TYPE) and policies
 * lose their strings; past hard_bytes tally_add() refuses what it would have to
 * keep anything new for, be it a domain or another detail of a known one.  Sums
 * of what it accepted never get lost, and what it refused belongs into a
 * catch-all, so that the sums of a day are never cut.
 */
#ifndef TLSTALLY_SESSION_TALLY_H
#define TLSTALLY_SESSION_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/session.h"

enum { TALLY_POLICY_TYPES = 8 };

/* What a policy or a detail is known by. */
struct tally_key {
	uint64_t hash;     /* first, for base/slots.h */
	const void *owner; /* its domain, or its policy */
	const void
		*bytes; /* session_policy_encode(), session_failure_encode() */
	size_t len;
};

struct tally_detail {
	struct tally_key key;
	struct tally_detail *next; /* of the same policy */
	uint64_t count;
};

struct tally_policy {
	struct tally_key key;
	uint64_t id; /* that the store has given it; 0: none yet */
	struct tally_policy *next; /* of the same domain */
	struct tally_detail *details;
	uint64_t success;
	uint64_t failure;
	uint64_t unjudged;
	/* What Postfix was told is not known yet (intake/policy_told.h), of
	 * those that are judged, and of those that are not. */
	bool untold, untold_unjudged;
};

struct tally_domain {
	uint64_t hash; /* first, for base/slots.h */
	int32_t day;
	bool valid;        /* a report can be made for the domain */
	bool named;        /* no-policy-found came with its policy-domain */
	bool unnamed;      /* ... and without (Postfix before 3.10.5) */
	uint64_t success;  /* sessions that met all policies */
	uint64_t failure;  /* sessions that failed for any */
	uint64_t unjudged; /* neither: session_is_unjudged() */
	const char *domain;
	const char *record;  /* the one seen last; NULL: none */
	int64_t record_at;   /* secs: since when; 0: not known */
	bool record_changed; /* it was another meanwhile */
	struct tally_policy *policies;
	size_t policy_count;
	size_t detail_count; /* of all policies */
	uint32_t commits;    /* that it was counted in; 0: this one */
};

struct tally_limits {
	size_t max_policies; /* per day and domain */
	size_t max_details;  /* per day and domain, in all */
	size_t soft_bytes;
	size_t hard_bytes;
};

/* Sessions that were counted without their domain: the totals of a day have
 * them, and no domain's report.  All members are u64: they are stored. */
struct tally_catch_all {
	uint64_t success; /* sessions */
	uint64_t failure;
	/* by policy type, of all policies that applied to a session; room for
	 * types to come */
	uint64_t policy_success[TALLY_POLICY_TYPES];
	uint64_t policy_failure[TALLY_POLICY_TYPES];
};

struct tally;

struct tally *tally_new(uint64_t seed, const struct tally_limits *limits);
void tally_free(struct tally **tally);

/* Empties it and keeps its memory for the next interval. */
void tally_reset(struct tally *tally);

/* Counts the session n times on that day.  False when it was refused because
 * the table is at hard_bytes. */
bool tally_add(struct tally *tally, int32_t day, const struct session *session,
               uint64_t n);

/*
 * Adds what another table, or the store, counted for a domain: its sums, equal
 * policies and equal details (by their bytes) together, nothing folded.  Its
 * record takes the place of the one that is there, unless it is NULL.  False,
 * and nothing is added, when the table is at hard_bytes.
 */
bool tally_add_counts(struct tally *tally, const struct tally_domain *from);

/* The same within the caps of a domain, in the order of its lists: what is past
 * them folds, as in tally_add().  False, too, when the bytes are damaged. */
bool tally_add_folded(struct tally *tally, const struct tally_domain *from);

/* So many sessions of a policy that were added have that failure, too: it
 * changes no sum. */
void tally_add_detail(struct tally *tally, struct tally_domain *domain,
                      struct tally_policy *policy,
                      const struct failure_detail *detail, uint64_t n);

/* Counts a session that tally_add() refused. */
void tally_catch_all_add(struct tally_catch_all *all,
                         const struct session *session, uint64_t n);

size_t tally_domain_count(const struct tally *tally);
size_t tally_bytes(const struct tally *tally);

/* All domains, sorted by day, then domain: the order of the store.  The array
 * is the tally's, until the next tally_add() or tally_reset(). */
struct tally_domain **tally_sorted(struct tally *tally);

#endif
