/*
 * counts - things of a day and domain, counted between two commits
 *
 * Equal sessions of the log (maillog/log_session.h), or whatever the milter has
 * brought to bytes (intake/milter_counts.h), count together.  When it is full,
 * commit: what it holds then still fits one transaction.
 */
#ifndef TLSTALLY_INTAKE_COUNTS_H
#define TLSTALLY_INTAKE_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct count_row {
	uint64_t hash; /* first, for base/slots.h */
	int32_t day;
	uint32_t len; /* of the bytes */
	uint64_t n;
	const char *domain;
	const void *bytes;
};

struct counts;

struct counts *counts_new(void);
void counts_free(struct counts **counts);
void counts_reset(struct counts *counts);

/* False when it found no room: past twice what is full nothing new is taken.
 * Who commits when it is full needs not ask. */
bool counts_add(struct counts *counts, int32_t day, const char *domain,
                const void *bytes, size_t len);
bool counts_full(const struct counts *counts);

/* All of them, in the order of the store: by day, domain and bytes.  Lent
 * until the next add or reset. */
struct count_row **counts_sorted(struct counts *counts, size_t *count);

#endif
