/*
 * line_table - what became of the lines of the log, day by day
 *
 *     1204113 were read, 3021 of them told of sessions
 *     2000 were not understood, the first: "web-1 | GET /"
 *
 * The day is that on which they were read: a line that is not understood has no
 * time.
 */
#ifndef TLSTALLY_STORE_LINE_TABLE_H
#define TLSTALLY_STORE_LINE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

/* The numbers are stored. */
enum line_fate {
	LINE_READ = 1,    /* by its form, whatever it said */
	LINE_TELLS = 2,   /* of them, those that told of a session */
	LINE_UNREAD = 3,  /* of no form that is known */
	LINE_UNCLEAR = 4, /* a delivery, and it cannot be told to whom */
	LINE_FOREIGN = 5, /* of a user of the journal who is not Postfix */
	LINE_OURS = 6,    /* of what keeps this host's Postfix from TLS */
	LINE_FATES
};

enum { LINE_TEXT = 161, LINE_UID_NONE = -1 };

struct line_count {
	enum line_fate fate;
	int64_t uid; /* FOREIGN: whose, or LINE_UID_NONE; else 0 */
	uint64_t n;
	char first[LINE_TEXT]; /* in printable ASCII, shortened; "" */
};

/* Adds to what is there; the first stays the first. */
void line_count_add(struct db_txn *txn, int32_t day,
                    const struct line_count *delta);

/* The day's next after row's fate and uid; begin with all zero.  0 at the
 * end. */
int line_count_next(struct db_txn *txn, int32_t day, struct line_count *row);

#endif
