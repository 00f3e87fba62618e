#include "store/page_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "store/page.h"

enum { TRIES = 50, PAUSE_MS = 20 };

/* A key that bounds a page's keys; len 0: none does. */
struct bound {
	size_t len;
	char bytes[PAGE_KEY_MAX];
};

struct walker {
	struct page_walk *walk;
	struct page_meta meta;
	uint64_t file_bytes;
	uint8_t *used; /* a bit a page */
	char table[64];
};

struct tree_walk {
	struct page_frame frame;
	uint64_t rows;
	bool is_whole; /* without a fault until now */
};

static void fault(struct walker *w, struct tree_walk *tree, const char *words)
{
	if (tree != NULL)
		tree->is_whole = false;
	w->walk->faults++;
	if (w->walk->fault != NULL)
		w->walk->fault(w->walk->arg, w->table, words);
}

static int read_at(int fd, void *buffer, size_t len, uint64_t at)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, (char *)buffer + got, len - got,
		                  (off_t)(at + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : (int)got;
		got += (size_t)n;
	}
	return (int)got;
}

/* Both meta pages, the newer one in *newest. */
static int read_metas(int fd, struct page_meta metas[2],
                      struct page_meta *newest, struct err *err)
{
	char bytes[PAGE_META_BYTES];

	for (unsigned i = 0; i < 2; i++) {
		uint64_t at = i * (uint64_t)metas[0].page_size;
		int got = read_at(fd, bytes, sizeof(bytes), at);

		if (got < 0)
			return err_errno(err, ERR_IO, "read");
		if (page_meta_read(bytes, (size_t)got, i, &metas[i], err) != 0)
			return err->class;
	}
	if (metas[0].page_size != metas[1].page_size)
		return err_set(err, ERR_IO, "the two heads of the file differ");
	*newest = metas[metas[1].txn_id > metas[0].txn_id];
	return 0;
}

static bool is_used(const struct walker *w, uint64_t page)
{
	return w->used[page / 8] & 1u << page % 8;
}

/* False when a page is something else's already. */
static bool use(struct walker *w, uint64_t page, uint64_t count)
{
	bool is_new = true;

	for (uint64_t i = page; i < page + count; i++) {
		is_new = is_new && !is_used(w, i);
		w->used[i / 8] |= (uint8_t)(1u << i % 8);
	}
	w->walk->pages += count;
	return is_new;
}

/* The page's bytes into `page`; false after a fault was told. */
static bool load(struct walker *w, struct tree_walk *tree, uint64_t number,
                 void *page)
{
	size_t size = w->meta.page_size;
	int got = read_at(w->walk->fd, page, size, number * size);
	char words[120];

	if (got == (int)size)
		return true;
	if (got < 0)
		snprintf(words, sizeof(words),
		         "page %" PRIu64 " cannot be read: %s", number,
		         strerror(errno));
	else
		snprintf(words, sizeof(words),
		         "page %" PRIu64 " is beyond the end of the file",
		         number);
	fault(w, tree, words);
	return false;
}

/* The list of pages of one transaction: their number, and they. */
static void take_free(struct walker *w, struct tree_walk *tree,
                      const char *list, size_t len)
{
	size_t count = 0, page;

	if (len >= sizeof(count))
		memcpy(&count, list, sizeof(count));
	if (len < sizeof(count) || count > len / sizeof(count) - 1) {
		fault(w, tree, "a list of free pages is longer than its row");
		return;
	}
	for (size_t i = 1; i <= count; i++) {
		memcpy(&page, list + i * sizeof(page), sizeof(page));
		if (page < PAGE_FIRST || page > w->meta.last_page) {
			fault(w, tree, "a free page is not a page of the file");
			return;
		}
		if (!use(w, page, 1)) {
			fault(w, tree, "a page is listed as free twice");
			return;
		}
		w->walk->pages--;
		w->walk->free_pages++;
	}
}

/* Data on overflow pages; the free tree's is read. */
static void take_overflow(struct walker *w, struct tree_walk *tree,
                          const struct page_node *node)
{
	struct page_frame frame = {.number = node->overflow,
	                           .last_page = w->meta.last_page};
	size_t size = w->meta.page_size, head = page_overflow_data();
	auto_(xfree_str) char *bytes = xmalloc(size);
	uint64_t pages;
	struct err err;

	if (!load(w, tree, node->overflow, bytes))
		return;
	if (page_overflow_check(bytes, size, &frame, node->data_len, &pages,
	                        &err) != 0) {
		fault(w, tree, err.text);
		return;
	}
	if (!use(w, node->overflow, pages))
		fault(w, tree, "a page is used twice");
	if ((node->overflow + pages) * size > w->file_bytes) {
		fault(w, tree, "long data is beyond the end of the file");
		return;
	}
	if (!tree->frame.is_free_tree)
		return;
	free(bytes);
	bytes = xmalloc(head + node->data_len);
	if (read_at(w->walk->fd, bytes, head + node->data_len,
	            node->overflow * size) == (int)(head + node->data_len))
		take_free(w, tree, bytes + head, node->data_len);
}

static void walk_table(struct walker *w, struct tree_walk *tables,
                       const struct page_node *node);

static bool within(const struct tree_walk *tree, const struct page_node *node,
                   const struct bound *low, const struct bound *high)
{
	const struct page_frame *frame = &tree->frame;

	return (low->len == 0 ||
	        page_key_compare(frame, node->key, node->key_len, low->bytes,
	                         low->len) >= 0) &&
	       (high->len == 0 ||
	        page_key_compare(frame, node->key, node->key_len, high->bytes,
	                         high->len) < 0);
}

static void bound_set(struct bound *bound, const struct page_node *node)
{
	bound->len = node->key_len;
	memcpy(bound->bytes, node->key, node->key_len);
}

static void walk_page(struct walker *w, struct tree_walk *tree, uint64_t number,
                      unsigned depth, const struct bound *low,
                      const struct bound *high);

static void walk_children(struct walker *w, struct tree_walk *tree,
                          const char *page, unsigned count, unsigned depth,
                          const struct bound *low, const struct bound *high)
{
	struct bound from = *low, to;
	struct page_node node;

	for (unsigned i = 0; i < count; i++) {
		uint64_t child;

		page_node_read(page, PAGE_BRANCH, i, &node);
		child = node.child;
		if (i > 0)
			bound_set(&from, &node);
		to = *high;
		if (i + 1 < count) {
			page_node_read(page, PAGE_BRANCH, i + 1, &node);
			bound_set(&to, &node);
		}
		walk_page(w, tree, child, depth - 1, &from, &to);
	}
}

static void walk_rows(struct walker *w, struct tree_walk *tree,
                      const char *page, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct page_node node;

		page_node_read(page, PAGE_LEAF, i, &node);
		tree->rows++;
		if (node.is_big)
			take_overflow(w, tree, &node);
		else if (tree->frame.is_free_tree)
			take_free(w, tree, node.data, node.data_len);
		else if (node.is_table)
			walk_table(w, tree, &node);
	}
}

/* "page 7: ..., rows after 'a' and before 'b' cannot be read" */
static void page_fault(struct walker *w, struct tree_walk *tree,
                       const char *words, const struct bound *low,
                       const struct bound *high)
{
	char text[500], from[100], to[100];

	if (tree->frame.is_free_tree || (low->len == 0 && high->len == 0))
		snprintf(text, sizeof(text), "%.200s", words);
	else
		snprintf(text, sizeof(text),
		         "%.200s; no row from '%s' to '%s' can be read", words,
		         log_escape(from, sizeof(from), low->bytes, low->len),
		         log_escape(to, sizeof(to), high->bytes, high->len));
	fault(w, tree, text);
}

static void walk_page(struct walker *w, struct tree_walk *tree, uint64_t number,
                      unsigned depth, const struct bound *low,
                      const struct bound *high)
{
	auto_(xfree_str) char *page = xmalloc(w->meta.page_size);
	enum page_kind kind = PAGE_LEAF;
	struct page_node node;
	struct err err;
	int count;

	tree->frame.number = number;
	if (!load(w, tree, number, page))
		return;
	count = page_check(page, w->meta.page_size, &tree->frame, &kind, &err);
	if (count > 0 && (kind == PAGE_LEAF) != (depth == 1))
		count = err_set(&err, ERR_IO,
		                "page %" PRIu64 ": it is at the wrong depth",
		                number);
	if (count > 0 && !use(w, number, 1))
		count = err_set(&err, ERR_IO, "page %" PRIu64 " is used twice",
		                number);
	for (int i = kind == PAGE_BRANCH; count > 0 && i < count; i++) {
		page_node_read(page, kind, (unsigned)i, &node);
		if (!within(tree, &node, low, high))
			count = err_set(
				&err, ERR_IO,
				"page %" PRIu64
				": it has keys that belong to another page",
				number);
	}
	if (count < 0)
		page_fault(w, tree, err.text, low, high);
	else if (kind == PAGE_BRANCH)
		walk_children(w, tree, page, (unsigned)count, depth, low, high);
	else
		walk_rows(w, tree, page, (unsigned)count);
}

static bool walk_tree(struct walker *w, struct tree_walk *tree,
                      const struct page_tree *from)
{
	static const struct bound none;
	char words[100];

	tree->is_whole = true;
	tree->frame.last_page = w->meta.last_page;
	if (from->depth > 0)
		walk_page(w, tree, from->root, from->depth, &none, &none);
	if (tree->is_whole && tree->rows != from->entries) {
		snprintf(words, sizeof(words),
		         "%" PRIu64 " rows found, but %" PRIu64 " were written",
		         tree->rows, from->entries);
		fault(w, tree, words);
	}
	return tree->is_whole;
}

static void walk_table(struct walker *w, struct tree_walk *tables,
                       const struct page_node *node)
{
	struct tree_walk tree = {0};
	struct page_tree from;
	struct err err;

	log_escape(w->table, sizeof(w->table), node->key, node->key_len);
	w->walk->tables++;
	if (page_tree_read(node->data, node->data_len, w->meta.last_page, &from,
	                   &err) != 0)
		fault(w, tables, err.text);
	else
		walk_tree(w, &tree, &from);
	w->walk->rows += tree.rows;
	w->table[0] = '\0';
}

static int walker_begin(struct walker *w, struct page_walk *walk,
                        struct err *err)
{
	struct page_meta metas[2] = {0};
	struct stat st;

	memset(w, 0, sizeof(*w));
	w->walk = walk;
	walk->faults = walk->pages = walk->free_pages = 0;
	walk->tables = walk->rows = 0;
	if (fstat(walk->fd, &st) != 0)
		return err_errno(err, ERR_IO, "fstat");
	w->file_bytes = (uint64_t)st.st_size;
	if (read_metas(walk->fd, metas, &w->meta, err) != 0)
		return err->class;
	if (walk->txn_id != 0) {
		w->meta = metas[walk->txn_id % 2];
		if (w->meta.txn_id != walk->txn_id)
			return err_set(
				err, ERR_BUSY,
				"other processes wrote to the store meanwhile");
	}
	/* a bound for memory: free pages at the end are few */
	if (w->meta.last_page > w->file_bytes)
		return err_set(err, ERR_IO,
		               "the file has %" PRIu64
		               " bytes, too few for %" PRIu64 " pages",
		               w->file_bytes, w->meta.last_page + 1);
	w->used = xcalloc(1, w->meta.last_page / 8 + 1);
	return 0;
}

static bool walk_free(struct walker *w)
{
	struct tree_walk tree = {.frame = {.is_free_tree = true}};

	snprintf(w->table, sizeof(w->table), "free pages");
	walk_tree(w, &tree, &w->meta.free);
	w->table[0] = '\0';
	return tree.is_whole;
}

/* Is what lies behind the end of the file free? */
static bool end_is_free(struct walker *w)
{
	uint64_t first = w->file_bytes / w->meta.page_size;
	bool is_free = walk_free(w);

	for (uint64_t i = first; is_free && i <= w->meta.last_page; i++)
		is_free = is_used(w, i);
	return is_free;
}

/* *txn_id: the newest transaction when it was looked at, 0: unknown. */
static int check_size(struct page_walk *walk, uint64_t *txn_id, struct err *err)
{
	struct walker w;
	uint64_t bytes;
	int rc = walker_begin(&w, walk, err);

	*txn_id = w.meta.txn_id;
	if (rc != 0)
		return rc;
	bytes = (w.meta.last_page + 1) * w.meta.page_size;
	if (w.file_bytes < bytes && !end_is_free(&w))
		rc = err_set(err, ERR_IO,
		             "the file has only %" PRIu64 " of %" PRIu64
		             " bytes",
		             w.file_bytes, bytes);
	free(w.used);
	return rc;
}

int page_walk_size(int fd, struct err *err)
{
	struct page_walk walk = {.fd = fd};
	uint64_t before = 0, now;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(err, ERR_IO, "fstat");
	if (st.st_size == 0)
		return 0;
	/* Somebody may be writing what we read: only what is found twice, with
	 * no commit in between, is so.  Who commits all the time has a file
	 * that can be written. */
	for (int i = 0; i < TRIES; i++) {
		if (check_size(&walk, &now, err) == 0)
			return 0;
		if (i > 0 && now == before)
			return err->class;
		before = now;
		wait_ms(PAUSE_MS);
	}
	return 0;
}

int page_walk_all(struct page_walk *walk, struct err *err)
{
	struct tree_walk tables = {.frame = {.is_table_tree = true}};
	struct walker w;
	int rc = walker_begin(&w, walk, err);

	if (rc != 0)
		return rc;
	walk_free(&w);
	walk_tree(&w, &tables, &w.meta.tables);
	free(w.used);
	return 0;
}
