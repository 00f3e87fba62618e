/*
 * outbox_row - the rows of a report, in the outbox and in the archive
 *
 * What outbox_table.c and archive_table.c share; nobody else but row_check.c
 * includes it.
 */
#ifndef TLSTALLY_STORE_OUTBOX_ROW_H
#define TLSTALLY_STORE_OUTBOX_ROW_H

#include "store/db.h"
#include "store/outbox_table.h"

/* The id of the head does not stand in its row. */
void outbox_head_write(const struct outbox_head *head, struct strbuf *out);
void outbox_destination_write(const struct outbox_destination *destination,
                              struct strbuf *out);

enum archive_kind {
	ARCHIVE_HEAD = 1,
	ARCHIVE_DESTINATION = 2,
	ARCHIVE_BODY = 3
};

/* Of the outbox. */
struct db_key outbox_destination_key(uint64_t id, uint16_t index);

/* The rows of those keys: 1, or 0. */
int outbox_head_at(struct db_txn *txn, const struct db_key *key, uint64_t id,
                   struct outbox_head *head);
int outbox_destination_at(struct db_txn *txn, const struct db_key *key,
                          struct outbox_destination *destination);
/* The body is copied into the arena; NULL ids: not wanted. */
int outbox_body_at(struct db_txn *txn, const struct db_key *key,
                   struct arena *arena, const void **body, size_t *len,
                   const uint64_t **policy_ids, size_t *policy_id_count);

/* False: it is none. */
bool outbox_head_read(const struct db_row *row, struct outbox_head *head);

#endif
