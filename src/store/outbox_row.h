/*
 * outbox_row - the rows of a report, in the outbox and in the archive
 *
 * What outbox_table.c and archive_table.c share; nobody else includes it.
 */
#ifndef TLSTALLY_STORE_OUTBOX_ROW_H
#define TLSTALLY_STORE_OUTBOX_ROW_H

#include "base/strbuf.h"
#include "store/keys.h"
#include "store/outbox_table.h"

/* The id of the head does not stand in its row. */
void outbox_head_write(const struct outbox_head *head, struct strbuf *out);
bool outbox_head_read(struct db_value value, struct outbox_head *head);

void outbox_destination_write(const struct outbox_destination *destination,
                              struct strbuf *out);
bool outbox_destination_read(struct db_value value,
                             struct outbox_destination *destination);

/* Everything is lent but the ids, which go into the arena; NULL ids: not
 * wanted. */
bool outbox_body_read(struct db_value value, struct arena *arena,
                      struct db_value *body, const uint64_t **policy_ids,
                      size_t *policy_id_count);

#endif
