/*
 * tally_row - the rows of the tally table and their bytes
 *
 * What tally_table.c, tally_apply.c and day_sums.c share; nobody else includes
 * it.
 */
#ifndef TLSTALLY_STORE_TALLY_ROW_H
#define TLSTALLY_STORE_TALLY_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "store/keys.h"
#include "store/tally_table.h"

/* Each adds to key_of_domain(). */
struct key tally_head_key(const struct key *domain);
struct key tally_policy_key(const struct key *domain, uint64_t policy_id);
struct key tally_detail_key(const struct key *domain, uint64_t policy_id,
                            struct hash128 hash);

/* A row's key taken apart; false when it is none of the table's. */
struct tally_row {
	int32_t day;
	const char *domain; /* lent, ends with the key's 0x00 */
	enum tally_kind kind;
	uint64_t policy_id; /* but for heads */
};
bool tally_row_read(const struct db_value *key, struct tally_row *row);

/* 1 and the head, or 0. */
int tally_head_at(struct db_txn *txn, const struct key *domain,
                  struct tally_head *head);
void tally_head_put(struct db_txn *txn, const struct key *domain,
                    const struct tally_head *head, struct strbuf *scratch);
bool tally_head_read(struct db_value value, struct tally_head *head);

struct tally_sums {
	uint64_t success;
	uint64_t failure;
};
bool tally_sums_read(struct db_value value, struct tally_sums *sums);

/* A detail: its count, and its blob lent. */
bool tally_detail_read(struct db_value value, uint64_t *count,
                       struct db_value *blob);

#endif
