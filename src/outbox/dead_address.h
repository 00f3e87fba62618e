/*
 * dead_address - after all that was said of it, is an address dead?
 *
 * Answers of a server (outbox/settle.h) and bounces (outbox/bounce.h) come
 * here.  What is beyond doubt suppresses at once; what is in doubt when it was
 * said of reports of several days (reply/doubt.h).
 */
#ifndef TLSTALLY_OUTBOX_DEAD_ADDRESS_H
#define TLSTALLY_OUTBOX_DEAD_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "store/outbox_table.h"

/* The address of one destination of a report. */
struct dead_address {
	struct db_txn *txn;
	const struct outbox_head *head;
	const char *address;
	int64_t now;
};

void dead_address_suppress(const struct dead_address *of, const char *answer);

/* It was refused with that code (doubt_code()).  True when that was enough: it
 * is suppressed now. */
bool dead_address_doubt(const struct dead_address *of, uint32_t code,
                        const char *answer);

/* The report was accepted; or it was, and came back whatever for. */
void dead_address_accepted(const struct dead_address *of);
void dead_address_came_back(const struct dead_address *of);

#endif
