/*
 * finding_table - since when `tlstally doctor` finds something
 *
 * A row for each check, and each instance of Postfix or the like that it is
 * about, that was not good when the doctor last looked: "socket",
 * "level /etc/postfix-out".  A row begins anew when its grade changes.
 */
#ifndef TLSTALLY_STORE_FINDING_TABLE_H
#define TLSTALLY_STORE_FINDING_TABLE_H

#include <stdint.h>

#include "store/db.h"

struct finding_seen {
	int64_t since; /* secs */
	int grade;     /* enum doctor_grade */
};

int finding_get(struct db_txn *txn, const char *name,
                struct finding_seen *seen);
void finding_put(struct db_txn *txn, const char *name,
                 const struct finding_seen *seen);
/* It is good now. */
void finding_delete(struct db_txn *txn, const char *name);

/* The next name after that one (begin with ""), into name; 0 at the end. */
int finding_next(struct db_txn *txn, char name[DB_KEY_MAX + 1]);

#endif
