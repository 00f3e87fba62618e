/*
 * edit_old - a report of the outbox as an edit finds it; edit.c and edit_plan.c
 * alone include this
 */
#ifndef TLSTALLY_OUTBOX_EDIT_OLD_H
#define TLSTALLY_OUTBOX_EDIT_OLD_H

#include "store/outbox_table.h"

struct edit_old {
	bool arrived; /* its bytes have, or may have, somewhere */
	struct outbox_head head;
	struct outbox_destination *destinations; /* owned */
	size_t count;
};

/* ERR_NOTFOUND, or ERR_BUSY while a destination is in flight. */
int edit_old_load(struct db_txn *txn, uint64_t id, int64_t now,
                  struct edit_old *old, struct err *err);
void edit_old_clear(struct edit_old *old);

#endif
