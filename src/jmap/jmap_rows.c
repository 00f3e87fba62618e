#include "jmap/jmap_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* --- keys --- */

static uint64_t rank_of(const char *text, size_t len)
{
	uint64_t rank = 0;

	for (size_t i = 0; i < 8; i++)
		rank = rank << 8 | (i < len ? (unsigned char)text[i] : 0);
	return rank;
}

static struct jmap_key text_key(const char *text, size_t len)
{
	struct jmap_key key = {.rank = rank_of(text, len), .text = ""};

	if (len > 8)
		key.more = rank_of(text + 8, len - 8);
	if (len > 16)
		key.text = text + 16;
	return key;
}

/* As i;ascii-casemap compares (RFC 4790 section 9.2): in capitals. */
static struct jmap_key casemap_key(const char *text, struct arena *mem)
{
	size_t len = strlen(text);
	char *capitals = arena_strndup(mem, text, len);

	for (char *c = capitals; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
	return text_key(capitals, len);
}

/* So that the order of the unsigned is that of the signed. */
static uint64_t signed_rank(int64_t value)
{
	return (uint64_t)value ^ (UINT64_C(1) << 63);
}

/* Texts of the key are in the arena, or lent by the facts. */
static struct jmap_key key_of(const struct jmap_type *type,
                              const struct jmap_comparator *by,
                              const void *facts, struct arena *mem)
{
	const struct jmap_sort *sort = by->sort;
	const void *field = (const char *)facts + sort->offset;

	switch (sort->field) {
	case FIELD_TEXT:
		return casemap_key(field, mem);
	case FIELD_DOMAIN:
		return by->casemap ? casemap_key(field, mem)
		                   : text_key(field, strlen(field));
	case FIELD_INT64:
		return (struct jmap_key){
			.rank = signed_rank(*(const int64_t *)field)};
	case FIELD_UINT64:
		return (struct jmap_key){.rank = *(const uint64_t *)field};
	case FIELD_INT32:
		return (struct jmap_key){
			.rank = signed_rank(*(const int32_t *)field)};
	case FIELD_ID:
		break;
	}
	return type->walk.id_key(facts, mem);
}

static int compare_keys(const struct jmap_key *a, const struct jmap_key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->more != b->more)
		return a->more < b->more ? -1 : 1;
	return a->text != NULL && b->text != NULL ? strcmp(a->text, b->text)
	                                          : 0;
}

/* By the comparator of that number, from 1 on. */
static int compare_by(const struct jmap_rows *rows, size_t i,
                      const struct jmap_key *a, const struct jmap_key *b)
{
	int order = compare_keys(a, b);

	return rows->order->by[i - 1].descending ? -order : order;
}

/* What is equal in everything asked for stands by its id, so that the order
 * is the same each time. */
static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct jmap_key *a = left, *b = right;
	const struct jmap_rows *rows = arg;

	for (size_t i = 1; i < rows->width; i++) {
		int order = compare_by(rows, i, &a[i], &b[i]);

		if (order != 0)
			return order;
	}
	return compare_keys(&a[0], &b[0]);
}

/* How the object compares with a row; a key is made when it is needed. */
static int compare_facts(struct jmap_rows *rows, const void *facts,
                         const struct jmap_key *row)
{
	struct jmap_key key;

	arena_reset(&rows->scratch);
	for (size_t i = 1; i < rows->width; i++) {
		int order;

		key = key_of(rows->type, &rows->order->by[i - 1], facts,
		             &rows->scratch);
		order = compare_by(rows, i, &key, &row[i]);
		if (order != 0)
			return order;
	}
	key = rows->type->walk.id_key(facts, &rows->scratch);
	return compare_keys(&key, &row[0]);
}

/* --- rows --- */

static struct jmap_key *row_at(const struct jmap_rows *rows, size_t i)
{
	return &rows->keys[i * rows->width];
}

const struct jmap_key *jmap_rows_at(const struct jmap_rows *rows, size_t i)
{
	return row_at(rows, i);
}

void jmap_rows_begin(struct jmap_rows *rows, const struct jmap_type *type,
                     const struct jmap_order *order, size_t most)
{
	rows->type = type;
	rows->order = order;
	rows->most = most;
	rows->width = 1 + order->count;
	rows->count = 0;
	rows->was_cut = false;
	arena_reset(&rows->mem);
}

void jmap_rows_clear(struct jmap_rows *rows)
{
	free(rows->keys);
	arena_clear(&rows->mem);
	arena_clear(&rows->moved);
	arena_clear(&rows->scratch);
}

static void sort_rows(struct jmap_rows *rows)
{
	if (rows->count > 0)
		qsort_r(rows->keys, rows->count,
		        rows->width * sizeof(*rows->keys), compare_rows, rows);
}

static void keep_texts(struct jmap_key *keys, size_t count, struct arena *mem)
{
	for (; count > 0; keys++, count--)
		if (keys->text != NULL)
			keys->text = keys->text[0] != '\0'
			                     ? arena_strdup(mem, keys->text)
			                     : "";
}

/* To the first rows, and so with their texts. */
static void cut(struct jmap_rows *rows)
{
	struct arena before = rows->mem;

	sort_rows(rows);
	rows->count = rows->most;
	rows->was_cut = true;
	arena_reset(&rows->moved);
	keep_texts(rows->keys, rows->count * rows->width, &rows->moved);
	rows->mem = rows->moved;
	rows->moved = before;
}

/* Room for one more: rows that are past those wanted go first, once there are
 * as many of them. */
static void make_room(struct jmap_rows *rows)
{
	if (rows->count < rows->room)
		return;
	if (rows->most <= rows->count / 2) {
		cut(rows);
		return;
	}
	rows->room = rows->room ? 2 * rows->room : 1024;
	rows->keys = xrealloc(rows->keys, rows->room,
	                      rows->width * sizeof(*rows->keys));
}

void jmap_rows_append(struct jmap_rows *rows, const void *facts)
{
	struct jmap_key *row;

	make_room(rows);
	row = row_at(rows, rows->count++);
	row[0] = rows->type->walk.id_key(facts, &rows->mem);
	arena_reset(&rows->scratch);
	for (size_t i = 1; i < rows->width; i++)
		row[i] = key_of(rows->type, &rows->order->by[i - 1], facts,
		                &rows->scratch);
	keep_texts(row + 1, rows->width - 1, &rows->mem);
}

/* Of a million objects nearly all stand behind the last one that is wanted. */
void jmap_rows_add(struct jmap_rows *rows, const void *facts)
{
	if (rows->most == 0 ||
	    (rows->was_cut &&
	     compare_facts(rows, facts, row_at(rows, rows->most - 1)) > 0))
		return;
	jmap_rows_append(rows, facts);
}

void jmap_rows_end(struct jmap_rows *rows)
{
	if (rows->order->count > 0)
		sort_rows(rows);
	if (rows->count > rows->most)
		rows->count = rows->most;
}

bool jmap_rows_is_before_first(struct jmap_rows *rows, const void *facts)
{
	return compare_facts(rows, facts, row_at(rows, 0)) < 0;
}

bool jmap_rows_is_first(struct jmap_rows *rows, const void *facts)
{
	struct jmap_key key;

	arena_reset(&rows->scratch);
	key = rows->type->walk.id_key(facts, &rows->scratch);
	return compare_keys(&key, row_at(rows, 0)) == 0;
}
