#include "jmap/day_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_id(int32_t day, const char *domain, char out[JMAP_ID_TEXT])
{
	char text[JMAP_ID_TEXT];

	id_text_write(domain, text);
	snprintf(out, JMAP_ID_TEXT, "d%d-%.*s", day,
	         JMAP_ID_MAX - ID_TEXT_PREFIX, text);
}

struct jmap_key day_row_id_key(const void *facts, struct arena *mem)
{
	const struct day_row *row = facts;

	return (struct jmap_key){.rank = (uint64_t)row->day,
	                         .text = arena_strdup(mem, row->domain)};
}

void day_row_id_text(const struct jmap_key *key, char out[JMAP_ID_TEXT])
{
	write_id((int32_t)key->rank, key->text, out);
}

void day_row_show(const struct day_row *row, struct day_row_shown *shown)
{
	write_id(row->day, row->domain, shown->id_text);
	shown->id = shown->id_text;
	shown->day = day_format(row->day, shown->day_text);
	shown->domain = row->domain;
}

/* Of one domain there is a row a day at most; days without any row are leapt
 * over. */
static int next_of_domain(struct db_txn *txn, const struct jmap_walk *walk,
                          void *facts, const struct jmap_bounds *bounds)
{
	struct day_row *row = facts;
	int32_t day = row->domain[0] != '\0' ? row->day + 1 : bounds->first_day;

	while (day <= bounds->last_day) {
		row->day = day++;
		snprintf(row->domain, sizeof(row->domain), "%s",
		         bounds->domain);
		if (walk->at(txn, facts))
			return 1;
		if (!walk->next(txn, facts))
			return 0;
		if (row->day > day)
			day = row->day;
	}
	return 0;
}

int day_row_next_within(struct db_txn *txn, const struct jmap_type *type,
                        void *facts, const struct jmap_bounds *bounds)
{
	struct day_row *row = facts;

	if (bounds->domain != NULL)
		return next_of_domain(txn, &type->walk, facts, bounds);
	if (row->day < bounds->first_day) {
		row->day = bounds->first_day;
		row->domain[0] = '\0';
	}
	return type->walk.next(txn, facts) && row->day <= bounds->last_day;
}

/* What follows the day; NULL: it is no such id. */
static const char *read_day(const char *id, int32_t *day)
{
	size_t digits;

	if (*id++ != 'd')
		return NULL;
	digits = strspn(id, "0123456789");
	if (digits == 0 || digits > 6 || id[digits] != '-' ||
	    (digits > 1 && id[0] == '0'))
		return NULL;
	*day = (int32_t)strtol(id, NULL, 10);
	return id + digits + 1;
}

int day_row_find(struct db_txn *txn, const struct jmap_type *type,
                 const char *id, void *facts)
{
	struct day_row *row = facts;
	const char *rest = read_day(id, &row->day);
	bool hashed;

	if (rest == NULL)
		return 0;
	if (id_text_read(rest, row->domain, sizeof(row->domain), &hashed))
		return type->walk.at(txn, facts);
	row->domain[0] = '\0';
	return hashed ? jmap_scan_for(txn, type, id, (size_t)(rest - id), facts)
	              : 0;
}
