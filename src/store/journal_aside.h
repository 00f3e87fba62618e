/*
 * journal_aside - what the journal of counts could not do
 *
 * A row that cannot be read stops nothing: who reads passes it over, and who
 * applies its day sets it aside, with why, until the day is purged.  What it
 * counted is missing from the day, and nothing else is.
 *
 *     journal of counts: row 17 of 2026-03-01 cannot be read: its checksum is
 *     wrong
 *
 * Counts that were applied are set aside here, too, when they cannot be read
 * (store/tally_aside.h).
 *
 * When a day cannot be applied, the reason stands beside its rows until it
 * can.
 */
#ifndef TLSTALLY_STORE_JOURNAL_ASIDE_H
#define TLSTALLY_STORE_JOURNAL_ASIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "store/tally_table.h"

enum { JOURNAL_WORDS = 256 };

struct journal_aside {
	int32_t day;
	uint64_t number; /* of the row, or the state when it was set aside */
	/* a domain, or what else was counted with; "": a row of the journal */
	char what[TALLY_DOMAIN_TEXT];
	char words[JOURNAL_WORDS];
};

/* The next that was set aside, of all days: begin with zeroes. */
bool journal_aside_next(struct db_txn *txn, struct journal_aside *aside);
/* Is there one of that day, or a row that is to become one? */
bool journal_aside_has(struct db_txn *txn, int32_t day);

/* For people: "journal of counts: row 17 of 2026-03-01", "counts: example.com
 * of 2026-03-01". */
enum { JOURNAL_ASIDE_TEXT = TALLY_DOMAIN_TEXT + 64 };
const char *journal_aside_text(const struct journal_aside *aside,
                               char text[JOURNAL_ASIDE_TEXT]);

/* A row of another table, which goes from there: the state is a new one. */
void journal_aside_put_row(struct db_txn *txn, int32_t day, uint64_t number,
                           const char *what, const char *words,
                           const struct db_row *row);

/* Sets those up to that number aside, before they are deleted. */
void journal_aside_put(struct db_txn *txn, int32_t day, uint64_t until);

/* Why it is not applied; "": it is, as far as is known. */
void journal_trouble_get(struct db_txn *txn, int32_t day,
                         char words[JOURNAL_WORDS]);
/* NULL: it is applied. */
void journal_trouble_put(struct db_txn *txn, int32_t day, const char *words);

/* What waits to be applied, of all days. */
struct journal_waiting {
	size_t bytes;
	int64_t since;             /* secs: the oldest; 0: nothing waits */
	uint64_t damaged;          /* rows that cannot be read */
	char words[JOURNAL_WORDS]; /* why a day cannot be applied; "" */
};
void journal_waiting_get(struct db_txn *txn, struct journal_waiting *waiting);

#endif
