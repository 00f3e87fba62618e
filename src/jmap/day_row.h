/*
 * day_row - types whose objects are rows of a day: one of a day and a domain
 *
 * Ids, filters and sorts by day and domain, and the walk over the days that a
 * filter leaves, are the same for all of them.  Their ids are the day and the
 * domain (jmap/id_text.h): "d20513-example_com".  Such a type's facts, and what
 * it shows, begin with the struct of that name here.
 */
#ifndef TLSTALLY_JMAP_DAY_ROW_H
#define TLSTALLY_JMAP_DAY_ROW_H

#include "base/day.h"
#include "jmap/id_text.h"
#include "jmap/jmap_type.h"
#include "store/tally_table.h"

struct day_row {
	int32_t day;
	char domain[TALLY_DOMAIN_TEXT];
};

struct day_row_shown {
	const char *id, *day, *domain;
	char id_text[JMAP_ID_TEXT], day_text[DAY_TEXT];
};

/* clang-format off */
#define DAY_ROW_PROPERTIES                                                     \
	{"id", &property_word, .offset = offsetof(struct day_row_shown, id)},      \
	{"day", &property_word, .offset = offsetof(struct day_row_shown, day)},    \
	{"domain", &property_word,                                                 \
	 .offset = offsetof(struct day_row_shown, domain)}

#define DAY_ROW_SORTS                                                          \
	{"id", FIELD_ID, 0},                                                   \
	{"day", FIELD_INT32, offsetof(struct day_row, day)},                   \
	{"domain", FIELD_DOMAIN, offsetof(struct day_row, domain)}

#define DAY_ROW_CONDITIONS                                                     \
	{"day", MATCH_DAY, offsetof(struct day_row, day), 0, NULL, NULL},            \
	{"dayBefore", MATCH_DAY_BEFORE, offsetof(struct day_row, day), 0,      \
	 NULL, NULL},                                                                \
	{"dayAfter", MATCH_DAY_AFTER, offsetof(struct day_row, day), 0, NULL, NULL}, \
	{"domain", MATCH_EQUAL, offsetof(struct day_row, domain), 0, NULL, NULL},    \
	{"text", MATCH_CONTAINS, offsetof(struct day_row, domain), 0, NULL, NULL}
/* clang-format on */

/* In the type's walk, beside `next` and `at`. */
#define DAY_ROW_WALK                                                           \
	.next_within = day_row_next_within, .find = day_row_find,              \
	.id_key = day_row_id_key, .id_text = day_row_id_text

int day_row_next_within(struct db_txn *txn, const struct jmap_type *type,
                        void *facts, const struct jmap_bounds *bounds);
/* In the order of the walk: by day and domain. */
struct jmap_key day_row_id_key(const void *facts, struct arena *mem);
void day_row_id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT]);

/* The facts of an id: 1, or 0 when there is none. */
int day_row_find(struct db_txn *txn, const struct jmap_type *type,
                 const char *id, void *facts);

void day_row_show(const struct day_row *row, struct day_row_shown *shown);

#endif
