/*
 * page - a page of data.mdb, looked at without LMDB
 *
 * LMDB believes what stands in its file: a byte that flipped ends the process
 * that follows it.  So what decides whether the file can be trusted reads it
 * here, with every offset compared with the page's end.
 *
 * The form is that of LMDB 0.9: numbers in the machine's own order and width,
 * pages of the system's size.  Pages 0 and 1 are meta pages, the newer of which
 * has the roots of two trees: the free pages by transaction, and the tables by
 * name.  A tree's inner pages are branches, its last ones leaves; data too long
 * for a leaf lies on overflow pages, one after the other.
 */
#ifndef TLSTALLY_STORE_PAGE_H
#define TLSTALLY_STORE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	PAGE_META_BYTES =
		16 + 2 * 4 + 4 * sizeof(size_t) + 2 * (8 + 5 * sizeof(size_t)),
	PAGE_SIZE_MIN = 512,
	PAGE_SIZE_MAX = 32768,
	PAGE_KEY_MAX = 511,
	PAGE_DEPTH_MAX = 32,
	PAGE_FIRST = 2, /* that is no meta page */
};

struct page_tree {
	unsigned depth; /* 0: empty */
	uint64_t root;
	uint64_t entries;
};

struct page_meta {
	uint32_t page_size;
	uint64_t last_page;
	uint64_t txn_id;
	struct page_tree free;
	struct page_tree tables;
};

/* The meta page of that number, 0 or 1, from at least PAGE_META_BYTES of it.
 * ERR_IO, in words, when it cannot be right. */
int page_meta_read(const void *bytes, size_t len, unsigned number,
                   struct page_meta *meta, struct err *err);

enum page_kind { PAGE_BRANCH, PAGE_LEAF };

/* What a page is read as. */
struct page_frame {
	uint64_t number;
	uint64_t last_page;
	bool is_free_tree;  /* keys are numbers; a branch may have one child */
	bool is_table_tree; /* data may be the root of a table */
};

/* One entry; key and data point into the page. */
struct page_node {
	const void *key;
	size_t key_len;
	uint64_t child; /* of a branch */
	const void *data;
	size_t data_len; /* also of what lies on overflow pages */
	bool is_big;
	uint64_t overflow; /* is_big: the first page */
	bool is_table;
};

/* Checks the whole page: header, offsets, the order of its keys.  The number
 * of its entries, or ERR_IO. */
int page_check(const void *page, size_t size, const struct page_frame *frame,
               enum page_kind *kind, struct err *err);

/* An entry of a page that was checked. */
void page_node_read(const void *page, enum page_kind kind, unsigned index,
                    struct page_node *node);

/* The first of `pages` overflow pages for so many bytes of data. */
int page_overflow_check(const void *page, size_t size,
                        const struct page_frame *frame, size_t data_len,
                        uint64_t *pages, struct err *err);
size_t page_overflow_data(void); /* where the data begins */

/* The data of an entry of the tree of tables. */
int page_tree_read(const void *data, size_t len, uint64_t last_page,
                   struct page_tree *tree, struct err *err);

/* Below, equal or above 0, as LMDB sorts them. */
int page_key_compare(const struct page_frame *frame, const void *a,
                     size_t a_len, const void *b, size_t b_len);

#endif
