/*
 * counter_table - numbers that only grow, for monitoring
 *
 *     counter_add(txn, "deliveries/https/accepted", 1);
 */
#ifndef TLSTALLY_STORE_COUNTER_TABLE_H
#define TLSTALLY_STORE_COUNTER_TABLE_H

#include <stdint.h>

#include "store/db.h"

enum { COUNTER_NAME_TEXT = 64 };

struct counter {
	char name[COUNTER_NAME_TEXT];
	uint64_t n;
};

void counter_add(struct db_txn *txn, const char *name, uint64_t n);
/* 0 for one that was never added to. */
uint64_t counter_get(struct db_txn *txn, const char *name);
/* The next by name after counter->name (begin with ""); 1 or 0. */
int counter_next(struct db_txn *txn, struct counter *counter);

/* What became of an attempt to deliver: in "deliveries/TRANSPORT/RESULT". */
#define COUNTER_DELIVERIES "deliveries/"

#endif
