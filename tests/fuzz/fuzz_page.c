/* Any bytes as a page of data.mdb: what passes the check can be read. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "check.h"
#include "store/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sum;

static void read_all(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
}

static void read_nodes(const void *page, enum page_kind kind, int count,
                       uint64_t last_page)
{
	struct page_node node;
	struct page_tree tree;
	struct err err;

	for (int i = 0; i < count; i++) {
		page_node_read(page, kind, (unsigned)i, &node);
		read_all(node.key, node.key_len);
		if (kind == PAGE_BRANCH)
			check(node.child <= last_page);
		else if (node.is_big)
			check(node.overflow <= last_page);
		else
			read_all(node.data, node.data_len);
		if (node.is_table &&
		    page_tree_read(node.data, node.data_len, last_page, &tree,
		                   &err) == 0 &&
		    tree.depth > 0)
			check(tree.root <= last_page);
	}
}

/* A page of exactly that size, so that a byte too far is seen. */
static void *page_of(const uint8_t *data, size_t size, size_t *page_size)
{
	uint8_t *page;

	*page_size = size > 4096 ? PAGE_SIZE_MAX : size > 512 ? 4096 : 512;
	page = calloc(1, *page_size);
	check(page != NULL);
	memcpy(page, data, size < *page_size ? size : *page_size);
	return page;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page_frame frame = {.last_page = 1000};
	size_t page_size, number = 0;
	struct page_meta meta;
	enum page_kind kind;
	uint64_t pages;
	struct err err;
	void *page;
	int count;

	for (unsigned i = 0; i < 2; i++)
		if (page_meta_read(data, size, i, &meta, &err) == 0)
			check(meta.page_size >= PAGE_SIZE_MIN &&
			      meta.page_size <= PAGE_SIZE_MAX);
	if (size < 16)
		return 0;
	memcpy(&number, data, sizeof(number));
	frame.number = number % 1000;
	frame.is_free_tree = data[8] & 1;
	frame.is_table_tree = data[8] & 2;
	page = page_of(data, size, &page_size);
	count = page_check(page, page_size, &frame, &kind, &err);
	if (count > 0)
		read_nodes(page, kind, count, frame.last_page);
	else
		check_words(err.text);
	if (page_overflow_check(page, page_size, &frame, size, &pages, &err) ==
	    0)
		check(frame.number + pages - 1 <= frame.last_page);
	free(page);
	return 0;
}
