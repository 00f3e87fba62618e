/*
 * jmap_rows - the first rows of a result, in their order
 *
 * A /query looks at 1,000,000 objects and answers with 50 ids.  It gives each
 * object here, in any order, and so many of the first ones are kept: memory is
 * that of the rows wanted, however many there are.
 *
 *     jmap_rows_begin(&rows, type, &order, 50);
 *     ... jmap_rows_add(&rows, facts); ...
 *     jmap_rows_end(&rows);
 *     for (size_t i = 0; i < rows.count; i++)
 *             type->walk.id_text(jmap_rows_at(&rows, i), id);
 */
#ifndef TLSTALLY_JMAP_JMAP_ROWS_H
#define TLSTALLY_JMAP_JMAP_ROWS_H

#include "jmap/jmap_type.h"

struct jmap_rows {
	const struct jmap_type *type;
	const struct jmap_order *order;
	size_t most;
	/* Rows of `width` keys: the id, then what they are sorted by. */
	struct jmap_key *keys;
	size_t width, count, room;
	bool was_cut; /* the last row kept is the last one wanted */
	struct arena mem, moved, scratch;
};

/* What was in it is forgotten.  To be cleared. */
void jmap_rows_begin(struct jmap_rows *rows, const struct jmap_type *type,
                     const struct jmap_order *order, size_t most);
void jmap_rows_clear(struct jmap_rows *rows);

void jmap_rows_add(struct jmap_rows *rows, const void *facts);
/* The same, and the caller knows that it comes after all that there are. */
void jmap_rows_append(struct jmap_rows *rows, const void *facts);
/* Those wanted, in their order. */
void jmap_rows_end(struct jmap_rows *rows);

/* The key of its id. */
const struct jmap_key *jmap_rows_at(const struct jmap_rows *rows, size_t i);

/* Is the object before that of the first row, in the order? */
bool jmap_rows_is_before_first(struct jmap_rows *rows, const void *facts);
/* Is it that one? */
bool jmap_rows_is_first(struct jmap_rows *rows, const void *facts);

#endif
