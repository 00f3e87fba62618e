/*
 * host_day_table - days that other hosts sealed (sealed/sealed_day.h)
 *
 * A host's day comes as a whole and takes the place of the one it had sent
 * before.  It may have a million domains, so it is written in many
 * transactions: into a slot of its own, which counts for nothing until the
 * last one makes it the host's.  An import that was killed, and a day that was
 * replaced, leave a slot that is nobody's any more and is purged.
 *
 *     slot = host_day_begin(txn, day, now)
 *     host_day_domain_put(txn, day, slot, domain, bytes, len)   ...
 *     host_day_put(txn, &host_day)
 */
#ifndef TLSTALLY_STORE_HOST_DAY_TABLE_H
#define TLSTALLY_STORE_HOST_DAY_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "sealed/sealed_day.h"
#include "store/db.h"
#include "store/tally_table.h"

struct host_day {
	struct sealed_head head;
	struct sealed_totals totals;
	int64_t imported_at; /* secs */
	uint32_t slot;
	bool late; /* reports of the day were made without some of it */
};

/* --- importing --- */

/* A new slot of the day. */
uint32_t host_day_begin(struct db_txn *txn, int32_t day, int64_t now);
/* The bytes of a domain's row, made without a transaction: what comes over a
 * slow line must not keep others from writing. */
void host_day_domain_encode(const struct sealed_domain *domain,
                            struct strbuf *out);
void host_day_domain_put(struct db_txn *txn, int32_t day, uint32_t slot,
                         const char *domain, const void *bytes, size_t len);
/* The slot will not become a host's: the next purge takes it. */
void host_day_give_up(struct db_txn *txn, int32_t day, uint32_t slot);
/* From now on the slot is what the host counted on that day. */
void host_day_put(struct db_txn *txn, const struct host_day *host_day);

/* --- reading --- */

/* 1 or 0. */
int host_day_get(struct db_txn *txn, int32_t day, const char *host,
                 struct host_day *host_day);
/* The day's next host after host_day->head.host; begin with "". */
int host_day_next(struct db_txn *txn, int32_t day, struct host_day *host_day);

/* First and last day with any row; 0: there is none. */
int host_day_range(struct db_txn *txn, int32_t *first, int32_t *last);

/* A domain of a slot, its strings and lists in the arena. */
int host_day_domain_get(struct db_txn *txn, int32_t day, uint32_t slot,
                        const char *name, struct arena *arena,
                        struct sealed_domain *domain);
/* The name of the slot's next domain; begin with "". */
int host_day_domain_next(struct db_txn *txn, int32_t day, uint32_t slot,
                         char name[TALLY_DOMAIN_TEXT]);

/* --- fetching: a day that is asked for domain by domain, in several runs ---
 */

struct host_fetch {
	char host[DOMAIN_TEXT];
	int32_t day;
	uint32_t slot;       /* that it is written to; 0: none, or it is done */
	int64_t tried_at;    /* secs */
	int64_t busy_until;  /* secs: another run is at it */
	int64_t ahead;       /* secs that the other host's clock is ahead */
	uint64_t done, of;   /* domains */
	uint64_t unreadable; /* of those done: its counts are not known */
	char words[256];     /* why it is not here yet; "" */
};

/* 1, or 0 and all else 0: it was not tried yet. */
int host_day_fetch_get(struct db_txn *txn, int32_t day, const char *host,
                       struct host_fetch *fetch);
void host_day_fetch_put(struct db_txn *txn, const struct host_fetch *fetch);
/* Is the slot one that was begun, and not given up? */
bool host_day_is_begun(struct db_txn *txn, int32_t day, uint32_t slot);
/* It goes on being written to: it is not purged yet. */
void host_day_go_on(struct db_txn *txn, int32_t day, uint32_t slot,
                    int64_t now);

/* --- purging: at most DB_BATCH_ROWS, 1: there is more --- */

/* Slots that are nobody's: replaced, or begun HOST_DAY_IMPORT_SECS ago and
 * never made a host's. */
enum { HOST_DAY_IMPORT_SECS = 6 * 3600 };
int host_day_purge_slots(struct db_txn *txn, int64_t now, uint64_t *rows);
/* Days before. */
int host_day_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* Can the row be read?  For store/row_check.h; else the transaction fails. */
void host_day_check(struct db_txn *txn, const struct db_row *row);

#endif
