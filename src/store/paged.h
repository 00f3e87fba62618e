/*
 * paged - a long look at the store in short transactions
 *
 * A read transaction that lasts keeps LMDB from using freed pages again, so
 * a scan of many rows asks for its transaction at every row and gets a new
 * one now and then.  What it sees may change between two pages.
 *
 *     struct paged paged = {.db = db};
 *
 *     while (tally_head_next(paged_txn(&paged), &day, domain, &head))
 *             ...
 *     return paged_end(&paged, err);
 */
#ifndef TLSTALLY_STORE_PAGED_H
#define TLSTALLY_STORE_PAGED_H

#include "base/err.h"
#include "store/db.h"

struct paged {
	struct db *db;
	struct db_txn *txn;
	unsigned rows;
};

/* Never NULL.  One that failed stays, so the scan ends. */
struct db_txn *paged_txn(struct paged *paged);

/* 0, or why the scan ended. */
int paged_end(struct paged *paged, struct err *err);

#endif
