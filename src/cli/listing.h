/*
 * listing - a long list of objects, printed while they come
 *
 * A day has 1,000,000 domains, and no list of them is kept: what an order finds
 * is asked for in parts, and each is printed before the next one is.
 *
 *     struct listing list = {.cli = cli, .doc = doc, .member = "domains", ...};
 *
 *     return listing_print(&list, &order, err);
 *
 * With --json it is one document, with --csv lines, else a table for people.
 * What was printed before something failed stands, and a document is ended.
 */
#ifndef TLSTALLY_CLI_LISTING_H
#define TLSTALLY_CLI_LISTING_H

#include "cli/cli.h"
#include "cli/object_order.h"
#include "cli/table.h"

struct listing {
	struct cli *cli;
	/* What --json says beside the list, and the list's name there; doc
	 * NULL: the document is the list. */
	const json_t *doc;
	const char *member;
	const char *names; /* columns of --csv, with commas */
	const struct table_column *columns;
	size_t column_count;
	/* What is told people before the table; NULL: nothing.  Then the order
	 * is asked how many there are. */
	void (*print_title)(const json_t *doc, uint64_t count,
	                    struct strbuf *out);
	/* NULL: all; else those that are not wanted do not count, and `most`
	 * are printed. */
	bool (*wants)(const struct cli *cli, const json_t *row);
	uint64_t most;
	void (*add_members)(json_t *row); /* to all forms; NULL */
	void (*add_words)(json_t *row);   /* to the table; NULL */

	/* its own */
	struct table_parts table;
	bool is_begun;
	uint64_t printed;
};

/* All that the order finds, with its fields. */
int listing_print(struct listing *list, struct object_order *order,
                  struct err *err);

/* For who has a part: it may change it.  `all`: how many there are in all. */
int listing_add(struct listing *list, json_t *rows, uint64_t all,
                struct err *err);
/* Nothing is printed after it. */
void listing_end(struct listing *list);

#endif
