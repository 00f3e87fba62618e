/*
 * change_table - what changed, for clients that ask what is new
 *
 * Each kind of object has a number that grows with every change: its state.
 * Beside it stands a log of the last CHANGE_LOG_MAX changes, so that a client
 * that was here at state 17 learns what became of what since.
 *
 * Table modules note their changes themselves; what was written as it stood
 * already is none, and what a transaction does to one object one after the
 * other is one.  Of counters (CHANGE_DOMAIN, CHANGE_INBOUND) there is a state
 * but no log: they change all the time.
 */
#ifndef TLSTALLY_STORE_CHANGE_TABLE_H
#define TLSTALLY_STORE_CHANGE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "store/db.h"

/* The numbers are stored. */
enum change_type {
	CHANGE_REPORT = 1, /* of the outbox */
	CHANGE_SENT = 2,   /* of the archive */
	CHANGE_SUPPRESSION = 3,
	CHANGE_DOMAIN = 4,
	CHANGE_INBOUND = 5,
	CHANGE_RECEIVED = 6, /* what others report about us */
};

enum change_what {
	CHANGE_CREATED = 1,
	CHANGE_UPDATED = 2,
	CHANGE_DESTROYED = 3,
};

enum { CHANGE_LOG_MAX = 50000, CHANGE_ID_MAX = 400 };

struct change {
	uint64_t state; /* that it led to */
	enum change_what what;
	size_t id_len;
	uint8_t id[CHANGE_ID_MAX]; /* a u64, big-endian, or a text */
};

/* id: what the rows of the type have for a key. */
void change_note(struct db_txn *txn, enum change_type type,
                 enum change_what what, const void *id, size_t id_len);
void change_note_id(struct db_txn *txn, enum change_type type,
                    enum change_what what, uint64_t id);

/* A new state, which it returns, and nothing for the log. */
uint64_t change_touch(struct db_txn *txn, enum change_type type);

uint64_t change_state(struct db_txn *txn, enum change_type type);

/*
 * A random number made with the store and again by a restore, after which the
 * states begin anew where they were at the backup: together with it, no state
 * comes twice.  0 in stores that are older than it.
 */
uint64_t change_epoch(struct db_txn *txn);
void change_epoch_renew(struct db_txn *txn);

/* The change that led on from the state: 1, or 0 when it is not in the log
 * (any more). */
int change_after(struct db_txn *txn, enum change_type type, uint64_t state,
                 struct change *change);

#endif
