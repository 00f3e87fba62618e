/*
 * report_facts - what /query knows of a report: its head row
 *
 * Shared by the reports that wait and those that were sent.
 */
#ifndef TLSTALLY_JMAP_REPORT_FACTS_H
#define TLSTALLY_JMAP_REPORT_FACTS_H

#include "jmap/jmap_type.h"
#include "outbox/shown.h"

extern const struct jmap_sort report_facts_sorts[];
extern const struct jmap_condition report_facts_conditions[];

struct jmap_key report_facts_id_key(const void *facts, struct arena *mem);
void report_facts_id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT]);
void report_facts_change_id(const struct change *change,
                            char out[JMAP_ID_TEXT]);

/* In the type's walk, beside `next`. */
#define REPORT_WALK                                                            \
	.sorts = report_facts_sorts, .conditions = report_facts_conditions,    \
	.facts_size = sizeof(struct outbox_head),                              \
	.id_key = report_facts_id_key, .id_text = report_facts_id_text

/* The body is read only when something of it is wanted. */
int report_facts_load(struct db_txn *txn, enum shown_where where,
                      const char *id, const json_t *wanted, json_t **object,
                      struct err *err);

#endif
