/*
 * report_facts - what /query knows of a report: its head row
 *
 * Shared by the reports that wait and those that were sent.
 */
#ifndef TLSTALLY_JMAP_REPORT_FACTS_H
#define TLSTALLY_JMAP_REPORT_FACTS_H

#include "jmap/jmap_type.h"
#include "outbox/shown.h"

enum { REPORT_SORTS = 7, REPORT_CONDITIONS = 11 };

extern const struct jmap_sort report_sorts[REPORT_SORTS];
extern const struct jmap_condition report_conditions[REPORT_CONDITIONS];

struct jmap_key report_id_key(const void *facts, struct arena *mem);
void report_id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT]);
void report_change_id(const struct change *change, char out[JMAP_ID_TEXT]);

#define REPORT_FACTS                                                           \
	.sorts = report_sorts, .sort_count = REPORT_SORTS,                     \
	.conditions = report_conditions, .condition_count = REPORT_CONDITIONS, \
	.facts_size = sizeof(struct outbox_head), .id_key = report_id_key,     \
	.id_text = report_id_text, .change_id = report_change_id

/* The body is read only when something of it is wanted. */
int report_facts_load(struct db_txn *txn, enum shown_where where,
                      const char *id, const json_t *wanted, json_t **object,
                      struct err *err);

#endif
