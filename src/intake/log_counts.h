/*
 * log_counts - things of a day and domain, counted between two commits
 *
 * Equal sessions of the log (maillog/log_session.h), or of whatever else has a
 * form in bytes, count together.  When it is full, commit: what it holds then
 * still fits one transaction.
 */
#ifndef TLSTALLY_INTAKE_LOG_COUNTS_H
#define TLSTALLY_INTAKE_LOG_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_count {
	int32_t day;
	uint32_t len; /* of the encoded session */
	uint64_t hash;
	uint64_t n;
	const char *domain;
	const void *session;
};

struct log_counts;

struct log_counts *log_counts_new(void);
void log_counts_free(struct log_counts **counts);
void log_counts_reset(struct log_counts *counts);

void log_counts_add(struct log_counts *counts, int32_t day, const char *domain,
                    const void *session, size_t len);
/* The same for who cannot wait for a commit: past twice what is full nothing
 * new is taken, and it says false. */
bool log_counts_add_if_room(struct log_counts *counts, int32_t day,
                            const char *domain, const void *session,
                            size_t len);
bool log_counts_full(const struct log_counts *counts);

/* All of them, in the order of the store: by day, domain and bytes.  Lent
 * until the next add or reset. */
struct log_count **log_counts_sorted(struct log_counts *counts, size_t *count);

#endif
