#include "store/page.h"

#include <inttypes.h>
#include <string.h>

enum {
	MAGIC = (int)0xbeefc0de,
	VERSION_OF_DATA = 1,
	/* page flags */
	IS_BRANCH = 0x01,
	IS_LEAF = 0x02,
	IS_OVERFLOW = 0x04,
	IS_META = 0x08,
	IS_DIRTY = 0x10,
	/* node flags */
	BIG_DATA = 0x01,
	SUB_DATA = 0x02,
	/* tree flags */
	FIXED_MAP = 0x01,
	INTEGER_KEY = 0x08,
};

#define NO_PAGE ((uint64_t)SIZE_MAX)

/* As they stand in the file; size_t is as wide as LMDB's page numbers. */
struct raw_head {
	size_t number;
	uint16_t pad;
	uint16_t flags;
	union {
		struct {
			uint16_t lower; /* end of the list of offsets */
			uint16_t upper; /* beginning of the nodes */
		};
		uint32_t pages; /* of overflow */
	};
};

struct raw_tree {
	uint32_t pad; /* of the free tree: the page size */
	uint16_t flags;
	uint16_t depth;
	size_t branches, leaves, overflows;
	size_t entries;
	size_t root;
};

struct raw_meta {
	uint32_t magic;
	uint32_t version;
	size_t address;
	size_t map_size;
	struct raw_tree trees[2];
	size_t last_page;
	size_t txn_id;
};

struct raw_node {
	uint16_t low, high; /* of data size or child page */
	uint16_t flags;     /* of a branch: the child's highest bits */
	uint16_t key_len;
};

static int damaged(struct err *err, const struct page_frame *frame,
                   const char *what)
{
	return err_set(err, ERR_IO, "page %" PRIu64 ": %s", frame->number,
	               what);
}

static int tree_take(const struct raw_tree *raw, uint64_t last_page,
                     struct page_tree *tree, struct err *err)
{
	bool is_empty = (uint64_t)raw->root == NO_PAGE;

	*tree = (struct page_tree){.depth = raw->depth,
	                           .root = raw->root,
	                           .entries = raw->entries};
	if (is_empty != (raw->depth == 0) || raw->depth > PAGE_DEPTH_MAX ||
	    (!is_empty && (raw->root < PAGE_FIRST || raw->root > last_page)))
		return err_set(err, ERR_IO,
		               "the root of a tree is page %" PRIu64
		               ", its depth %u, of %" PRIu64 " pages",
		               (uint64_t)raw->root, raw->depth, last_page + 1);
	return 0;
}

int page_meta_read(const void *bytes, size_t len, unsigned number,
                   struct page_meta *meta, struct err *err)
{
	struct page_frame frame = {.number = number};
	struct raw_head head;
	struct raw_meta raw;

	memset(meta, 0, sizeof(*meta));
	if (len < sizeof(head) + sizeof(raw))
		return damaged(err, &frame, "unexpected end of the file");
	memcpy(&head, bytes, sizeof(head));
	memcpy(&raw, (const char *)bytes + sizeof(head), sizeof(raw));
	if (raw.magic != (uint32_t)MAGIC || !(head.flags & IS_META))
		return damaged(err, &frame,
		               "not the beginning of an LMDB file");
	if (raw.version != VERSION_OF_DATA)
		return damaged(err, &frame,
		               "another version of the LMDB file format");
	/* the page size, a power of 2 */
	if (raw.trees[0].pad < PAGE_SIZE_MIN ||
	    raw.trees[0].pad > PAGE_SIZE_MAX ||
	    (raw.trees[0].pad & (raw.trees[0].pad - 1)) != 0 ||
	    (raw.trees[0].flags & ~FIXED_MAP) != INTEGER_KEY ||
	    raw.trees[1].flags != 0 || raw.last_page < PAGE_FIRST - 1 ||
	    (uint64_t)raw.last_page >= SIZE_MAX / PAGE_SIZE_MAX)
		return damaged(err, &frame, "its numbers are inconsistent");
	/* transaction n writes page n % 2; a new file has two of number 0 */
	if (raw.txn_id != 0 && raw.txn_id % 2 != number)
		return damaged(err, &frame,
		               "it has the number of the other page");
	meta->page_size = raw.trees[0].pad;
	meta->last_page = raw.last_page;
	meta->txn_id = raw.txn_id;
	if (tree_take(&raw.trees[0], raw.last_page, &meta->free, err) != 0 ||
	    tree_take(&raw.trees[1], raw.last_page, &meta->tables, err) != 0)
		return err_prefix(err, "page %u", number);
	return 0;
}

int page_tree_read(const void *data, size_t len, uint64_t last_page,
                   struct page_tree *tree, struct err *err)
{
	struct raw_tree raw;

	if (len != sizeof(raw))
		return err_set(err, ERR_IO, "a table's root has %zu bytes",
		               len);
	memcpy(&raw, data, sizeof(raw));
	if (raw.flags != 0)
		return err_set(err, ERR_IO, "a table's root has flags %x",
		               raw.flags);
	return tree_take(&raw, last_page, tree, err);
}

static struct raw_head head_of(const void *page)
{
	struct raw_head head;

	memcpy(&head, page, sizeof(head));
	return head;
}

static uint16_t offset_of(const void *page, unsigned index)
{
	uint16_t offset;

	memcpy(&offset,
	       (const char *)page + sizeof(struct raw_head) +
	               index * sizeof(offset),
	       sizeof(offset));
	return offset;
}

void page_node_read(const void *page, enum page_kind kind, unsigned index,
                    struct page_node *node)
{
	const char *at = (const char *)page + offset_of(page, index);
	struct raw_node raw;
	size_t overflow;
	uint32_t size;

	memcpy(&raw, at, sizeof(raw));
	size = raw.low | (uint32_t)raw.high << 16;
	*node = (struct page_node){.key = at + sizeof(raw),
	                           .key_len = raw.key_len};
	if (kind == PAGE_BRANCH) {
		node->child = size;
		if (sizeof(size_t) > 4)
			node->child |= (uint64_t)raw.flags << 32;
		return;
	}
	node->data = at + sizeof(raw) + raw.key_len;
	node->data_len = size;
	node->is_big = raw.flags & BIG_DATA;
	node->is_table = raw.flags & SUB_DATA;
	if (node->is_big) {
		memcpy(&overflow, node->data, sizeof(overflow));
		node->overflow = overflow;
	}
}

/* Of a node at that offset, with the byte that makes it even. */
static size_t node_len(const void *page, enum page_kind kind, size_t at)
{
	struct raw_node raw;
	size_t len;

	memcpy(&raw, (const char *)page + at, sizeof(raw));
	len = sizeof(raw) + raw.key_len;
	if (kind == PAGE_LEAF)
		len += raw.flags & BIG_DATA ? sizeof(size_t)
		                            : raw.low | (size_t)raw.high << 16;
	return len + len % 2;
}

/* Does the node lie within the page? */
static bool fits(const void *page, size_t size, const struct raw_head *head,
                 enum page_kind kind, unsigned index)
{
	size_t at = offset_of(page, index);
	struct raw_node raw;

	if (at < head->upper || at + sizeof(raw) > size || at % 2 != 0)
		return false;
	memcpy(&raw, (const char *)page + at, sizeof(raw));
	return raw.key_len <= PAGE_KEY_MAX &&
	       at + node_len(page, kind, at) <= size;
}

/* Nodes lie one behind the other from `upper` to the page's end.  LMDB moves
 * them about by their lengths, and beyond the page when two of them overlap. */
static bool is_packed(const void *page, size_t size,
                      const struct raw_head *head, enum page_kind kind,
                      unsigned count)
{
	uint8_t begins[PAGE_SIZE_MAX / 16 + 1]; /* a bit for each even offset */
	size_t sum = 0, lowest = size, at;

	memset(begins, 0, size / 16 + 1);
	for (unsigned i = 0; i < count; i++) {
		at = offset_of(page, i);
		begins[at / 16] |= (uint8_t)(1U << (at / 2 % 8));
		sum += node_len(page, kind, at);
		lowest = at < lowest ? at : lowest;
	}
	for (unsigned i = 0; i < count; i++) {
		at = offset_of(page, i);
		at += node_len(page, kind, at);
		if (at != size && !(begins[at / 16] & 1U << (at / 2 % 8)))
			return false;
	}
	return lowest == head->upper && sum == size - lowest;
}

static bool is_node(const struct page_frame *frame, enum page_kind kind,
                    unsigned index, const struct page_node *node)
{
	uint16_t flags;

	if (kind == PAGE_BRANCH)
		return node->child >= PAGE_FIRST &&
		       node->child <= frame->last_page &&
		       (node->key_len > 0) == (index > 0);
	memcpy(&flags, (const char *)node->key - 4, sizeof(flags));
	if (node->key_len == 0 || (flags & ~(BIG_DATA | SUB_DATA)) != 0 ||
	    node->is_table != frame->is_table_tree ||
	    (node->is_table && node->is_big))
		return false;
	return !node->is_big || (node->overflow >= PAGE_FIRST &&
	                         node->overflow <= frame->last_page);
}

int page_key_compare(const struct page_frame *frame, const void *a,
                     size_t a_len, const void *b, size_t b_len)
{
	size_t x = 0, y = 0;
	int order;

	if (frame->is_free_tree) {
		memcpy(&x, a, a_len < sizeof(x) ? a_len : sizeof(x));
		memcpy(&y, b, b_len < sizeof(y) ? b_len : sizeof(y));
		return x < y ? -1 : x > y;
	}
	order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return order != 0 ? order : a_len < b_len ? -1 : a_len > b_len;
}

static int check_nodes(const void *page, size_t size,
                       const struct page_frame *frame,
                       const struct raw_head *head, enum page_kind kind,
                       unsigned count, struct err *err)
{
	/* a branch's first key is empty, and below all others */
	unsigned first = kind == PAGE_BRANCH ? 1 : 0;
	struct page_node node, before = {0};

	for (unsigned i = 0; i < count; i++) {
		if (!fits(page, size, head, kind, i))
			return damaged(err, frame,
			               "an entry is outside of the page");
		page_node_read(page, kind, i, &node);
		if (!is_node(frame, kind, i, &node))
			return damaged(err, frame,
			               "an entry does not belong to this tree");
		if (i > first &&
		    page_key_compare(frame, before.key, before.key_len,
		                     node.key, node.key_len) >= 0)
			return damaged(err, frame, "keys are out of order");
		before = node;
	}
	if (!is_packed(page, size, head, kind, count))
		return damaged(err, frame, "its entries overlap");
	return (int)count;
}

int page_check(const void *page, size_t size, const struct page_frame *frame,
               enum page_kind *kind, struct err *err)
{
	struct raw_head head = head_of(page);
	unsigned flags = head.flags & ~(unsigned)IS_DIRTY, count;

	if (head.number != frame->number)
		return damaged(err, frame, "it has the number of another page");
	if (flags != IS_BRANCH && flags != IS_LEAF)
		return damaged(err, frame, "it is not a page of a tree");
	*kind = flags == IS_BRANCH ? PAGE_BRANCH : PAGE_LEAF;
	if (head.lower < sizeof(head) || head.lower % 2 != 0 ||
	    head.lower > head.upper || head.upper > size)
		return damaged(err, frame, "its bounds are inconsistent");
	count = (head.lower - sizeof(head)) / sizeof(uint16_t);
	if (count == 0 ||
	    (count == 1 && *kind == PAGE_BRANCH && !frame->is_free_tree))
		return damaged(err, frame, "it has too few entries");
	return check_nodes(page, size, frame, &head, *kind, count, err);
}

int page_overflow_check(const void *page, size_t size,
                        const struct page_frame *frame, size_t data_len,
                        uint64_t *pages, struct err *err)
{
	struct raw_head head = head_of(page);

	*pages = head.pages;
	if (head.number != frame->number || !(head.flags & IS_OVERFLOW) ||
	    head.pages == 0 ||
	    head.pages - 1 > frame->last_page - frame->number)
		return damaged(err, frame, "it is not an overflow page");
	if (data_len > (uint64_t)head.pages * size - sizeof(head))
		return damaged(err, frame, "the data is longer than its pages");
	return 0;
}

size_t page_overflow_data(void)
{
	return sizeof(struct raw_head);
}
