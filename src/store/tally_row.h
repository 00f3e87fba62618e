/*
 * tally_row - the rows of the tally table and their bytes
 *
 * Details are rows of store/counted.h.
 *
 * For the modules of store/ that read or write counts; nobody else includes
 * it.
 */
#ifndef TLSTALLY_STORE_TALLY_ROW_H
#define TLSTALLY_STORE_TALLY_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"
#include "store/journal_view.h"
#include "store/tally_table.h"

enum tally_kind { TALLY_HEAD = 1, TALLY_POLICY = 2, TALLY_DETAIL = 3 };

/* The domain's is key_of_domain() of the table; the others go on from it. */
struct db_key tally_domain_key(int32_t day, const char *domain);
struct db_key tally_policy_key(const struct db_key *domain, uint64_t policy_id);
/* Of the details of a policy: counted_find() makes it a row's. */
struct db_key tally_details_key(const struct db_key *domain,
                                uint64_t policy_id);

/* A row's key taken apart; false when it is none of the table's: then the
 * transaction has failed. */
struct tally_row {
	int32_t day;
	const char *domain; /* lent, ends with the key's 0x00 */
	enum tally_kind kind;
	uint64_t policy_id; /* but for heads */
};
bool tally_row_read(struct db_txn *txn, const struct db_row *from,
                    struct tally_row *row);

/* As tally_head_next(), without what the journal has. */
int tally_head_next_applied(struct db_txn *txn, int32_t *day,
                            char domain[TALLY_DOMAIN_TEXT],
                            struct tally_head *head);
/* 1 and the head, or 0. */
int tally_head_at(struct db_txn *txn, const struct db_key *domain,
                  struct tally_head *head);
/* One that was not there: on a closed day it is late from the beginning. */
void tally_head_begin(struct db_txn *txn, int32_t day, struct tally_head *head);
/* Is it of schema version 3 or before?  Then it has no kinds. */
bool tally_head_is_old(const struct db_row *row);
bool tally_head_read(const struct db_row *row, struct tally_head *head);
/* Has no report been made?  An old log may be read while its days are closed,
 * one after the other: of them none was, so nothing comes too late. */
bool tally_head_is_open(const struct tally_head *head);

/* NULL: none was seen.  Of the same as before the time stays, unless it was
 * another meanwhile. */
void tally_head_take_record(struct tally_head *head, const char *record,
                            int64_t at, bool changed);

/* What the journal has of it is added, as it will be when it is applied. */
void tally_head_add_journal(struct tally_head *head,
                            const struct journal_sums *sums);

/*
 * The one place through which a head is written: what is derived of it changes
 * with it, in the same transaction.  `before` is what stands there, NULL:
 * nothing does.  `scratch` is the caller's, that many need but one.
 */
void tally_head_put(struct db_txn *txn, const struct db_key *domain,
                    const struct tally_head *before,
                    const struct tally_head *head, struct strbuf *scratch);

struct tally_sums {
	uint64_t success;
	uint64_t failure;
	uint64_t unjudged;
};
void tally_sums_put(struct db_txn *txn, const struct db_key *policy,
                    const struct tally_sums *sums, struct strbuf *scratch);
bool tally_sums_read(const struct db_row *row, struct tally_sums *sums);

#endif
