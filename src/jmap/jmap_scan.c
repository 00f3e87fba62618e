/* Walks over the objects of a type. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "jmap/jmap_type.h"

enum {
	PAGE_ROWS = 5000,
	PAGED_TRIES = 2, /* before all is looked at in one transaction */
};

void jmap_scan_on(struct db_txn *txn, const struct jmap_type *type, void *facts,
                  struct jmap_scan *scan)
{
	scan->txn = txn;
	if (scan->order != NULL) {
		type->walk.each_in_order(txn, facts, scan);
		return;
	}
	if (scan->bounds != NULL && type->walk.next_within != NULL) {
		while (type->walk.next_within(txn, type, facts, scan->bounds) &&
		       scan->visit(scan, facts))
			;
		return;
	}
	if (type->walk.each != NULL) {
		type->walk.each(txn, facts, scan);
		return;
	}
	while (type->walk.next(txn, facts) && scan->visit(scan, facts))
		;
}

/* One page of a scan. */
struct page {
	struct jmap_scan scan;
	struct jmap_scan *all;
	const struct jmap_type *type;
	void *place; /* the facts that it ended at */
	size_t rows, max;
	bool full;
};

static bool visit_in_page(struct jmap_scan *scan, const void *facts)
{
	struct page *page = (struct page *)scan;

	page->all->txn = scan->txn;
	if (!page->all->visit(page->all, facts))
		return false;
	page->full = ++page->rows >= page->max;
	if (page->full && facts != page->place)
		memcpy(page->place, facts, page->type->walk.facts_size);
	return !page->full;
}

/* 1: all is visited; 0: it changed meanwhile. */
static int try_scan(struct db *db, struct page *page,
                    char state[JMAP_STATE_TEXT], struct err *err)
{
	char now[JMAP_STATE_TEXT];
	bool first = true;

	memset(page->place, 0, page->type->walk.facts_size);
	do {
		auto_(db_abort) struct db_txn *txn = db_begin_read(db);

		jmap_state_now(txn, page->type, now);
		if (!first && strcmp(now, state) != 0)
			return db_failed(txn) ? db_failure(txn, err) : 0;
		strcpy(state, now);
		first = false;
		page->full = false;
		page->rows = 0;
		jmap_scan_on(txn, page->type, page->place, &page->scan);
		if (db_failed(txn))
			return db_failure(txn, err);
	} while (page->full);
	return 1;
}

int jmap_scan_all(struct db *db, const struct jmap_type *type,
                  struct jmap_scan *scan, char state[JMAP_STATE_TEXT],
                  struct err *err)
{
	struct page page = {
		.scan = {.visit = visit_in_page,
	                 .bounds = scan->bounds,
	                 .order = scan->order,
	                 .compared = scan->compared},
		.all = scan,
		.type = type,
		.place = xcalloc(1, type->walk.facts_size),
	};
	int rc = 0;

	for (int i = 0; rc == 0; i++) {
		page.max = i < PAGED_TRIES && !type->walk.begins_slowly
		                   ? PAGE_ROWS
		                   : SIZE_MAX;
		if (i > 0)
			scan->again(scan);
		rc = try_scan(db, &page, state, err);
	}
	free(page.place);
	return rc < 0 ? rc : 0;
}

int jmap_scan_for(struct db_txn *txn, const struct jmap_type *type,
                  const char *id, size_t prefix, void *facts)
{
	char each[JMAP_ID_TEXT];

	while (type->walk.next(txn, facts)) {
		auto_(arena_clear) struct arena mem = {0};
		struct jmap_key key = type->walk.id_key(facts, &mem);

		type->walk.id_text(&key, each);
		if (strcmp(each, id) == 0)
			return 1;
		if (strncmp(each, id, prefix) != 0)
			return 0;
	}
	return 0;
}
