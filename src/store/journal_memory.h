/*
 * journal_memory - the journal of counts, as a process has it in memory
 *
 * Rows by day, and within a day by domain: each with the counts of that domain
 * that rows have, in their order, and with what policies and failure details
 * are called there.  It is read on where the journal grew, and a day whose rows
 * are gone is forgotten.
 *
 *     journal_memory_lock(memory)
 *       journal_memory_find()     rows of a day, read to a transaction's last
 *       ...                       what they say, under the lock
 *     journal_memory_unlock(memory)
 *
 * A day's rows only grow while anybody uses them, so what was found stays where
 * it is.  What a transaction sees of them is store/journal_view.h's to know:
 * nobody else includes this.
 */
#ifndef TLSTALLY_STORE_JOURNAL_MEMORY_H
#define TLSTALLY_STORE_JOURNAL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/db.h"
#include "store/journal_row.h"
#include "store/journal_scan.h"
#include "store/journal_table.h"

/* One commit's counts of a domain, to be read by journal_counts_read(). */
struct journal_entry {
	struct journal_entry *next;
	uint64_t number; /* of the row */
	int64_t at;      /* secs, the same */
	const uint8_t *counts;
	uint32_t len;
};

struct journal_domain {
	uint64_t hash; /* of the name */
	const char *name;
	struct journal_entry *first, *last;
	const char *record;     /* the last said; NULL: none */
	uint64_t record_number; /* of the row that says so */
};

/* The bytes of a policy or a failure detail. */
struct journal_blob {
	uint64_t hash;   /* of the bytes */
	uint64_t id;     /* the first that it had */
	uint64_t number; /* of the last row that says so */
	const void *bytes;
	size_t len;
};

/* Rows of a day, shared by all that use them. */
struct journal_rows;

/* Of a process: an object of db_memory(). */
struct journal_memory;
void *journal_memory_new(void);
void journal_memory_free(void *memory);

void journal_memory_lock(struct journal_memory *memory);
void journal_memory_unlock(struct journal_memory *memory);

/* --- under the lock --- */

/* Rows of the day that begin with the range's first and reach its last, or
 * further.  A row that is damaged is none of them. */
struct journal_rows *journal_memory_find(struct journal_memory *memory,
                                         struct db_txn *txn, int32_t day,
                                         const struct journal_range *range);
/* Days that the transaction has no rows of need no memory. */
void journal_memory_forget(struct journal_memory *memory, struct db_txn *txn);

/* None yet: of somebody alone. */
struct journal_rows *journal_rows_new(int32_t day);
void journal_rows_leave(struct journal_rows *rows);

/* A row that was read: its domains are whole. */
void journal_rows_add(struct journal_rows *rows, uint64_t number,
                      const struct journal_head *head,
                      const struct reader *domains);

/* What there is of rows that may be NULL. */
struct journal_domain *journal_rows_domain(const struct journal_rows *rows,
                                           const char *name);
struct journal_blob *journal_rows_blob(const struct journal_rows *rows,
                                       const void *bytes, size_t len);
struct journal_blob *journal_rows_blob_of(const struct journal_rows *rows,
                                          uint64_t id);
/* The first domain after the name. */
const char *journal_rows_after(struct journal_rows *rows, const char *name);
/* That domain by name, from 0 on; NULL: there are no more. */
const struct journal_domain *journal_rows_at(struct journal_rows *rows,
                                             size_t i);

struct journal_size journal_rows_size(const struct journal_rows *rows);

#endif
