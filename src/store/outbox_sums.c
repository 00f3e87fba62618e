#include "store/outbox_sums.h"

#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "store/keys.h"
#include "store/numbers.h"

static_assert((int)OUTBOX_STATUSES <= (int)OUTBOX_SUMS_STATUSES &&
                      (int)DELIVERY_STATES <= (int)OUTBOX_SUMS_STATES,
              "a row of sums has room for all words");

enum kind { SUMS = 1, TROUBLE = 2, GROUP = 3, MEMBER = 4 };

/* Of what finds no group of its own. */
static const uint64_t the_rest = UINT64_MAX;

static struct db_key kind_key(enum kind kind)
{
	struct db_key key = key_of(TABLE_OUTBOX_INDEX);

	key_u8(&key, (uint8_t)kind);
	return key;
}

/* --- sums --- */

void outbox_sums_get(struct db_txn *txn, struct outbox_sums *sums)
{
	struct db_key key = kind_key(SUMS);

	numbers_get(txn, &key, sums, sizeof(*sums));
}

static void add(struct db_txn *txn, const struct outbox_sums *delta)
{
	static const struct outbox_sums none;
	struct db_key key = kind_key(SUMS);

	if (memcmp(delta, &none, sizeof(none)) != 0)
		numbers_add(txn, &key, delta, sizeof(*delta));
}

void outbox_sums_add_head(struct outbox_sums *sums,
                          const struct outbox_head *head, int64_t times)
{
	sums->reports[head->status] += (uint64_t)times;
}

void outbox_sums_head(struct db_txn *txn, const struct outbox_head *before,
                      const struct outbox_head *head)
{
	struct outbox_sums delta = {0};

	if (before != NULL)
		outbox_sums_add_head(&delta, before, -1);
	if (head != NULL)
		outbox_sums_add_head(&delta, head, 1);
	add(txn, &delta);
}

static bool is_trouble(const struct outbox_destination *dest)
{
	return dest->state == DELIVERY_DEFERRED && dest->attempts > 0 &&
	       !dest->is_copy;
}

void outbox_sums_add_destination(struct outbox_sums *sums,
                                 const struct outbox_destination *dest,
                                 int64_t times)
{
	if (dest->is_copy)
		sums->copies[dest->state] += (uint64_t)times;
	else
		sums->destinations[dest->state] += (uint64_t)times;
	if (is_trouble(dest))
		sums->trouble += (uint64_t)times;
}

/* --- trouble --- */

static struct db_key trouble_key(int64_t last_attempt, uint64_t id,
                                 uint16_t index)
{
	struct db_key key = kind_key(TROUBLE);

	key_u64(&key, ~(uint64_t)last_attempt);
	key_u64(&key, id);
	key_u16(&key, index);
	return key;
}

int outbox_sums_trouble(struct db_txn *txn, struct outbox_trouble *at)
{
	struct db_key from = trouble_key(at->last_attempt, at->id, at->index);
	struct reader key;
	struct db_row row;

	if (at->id != 0)
		key_u8(&from, 0);
	if (!db_get_from(txn, &from, &row))
		return 0;
	key = db_row_key(&row);
	if (reader_u8(&key) != TROUBLE)
		return 0;
	at->last_attempt = (int64_t)~reader_u64(&key);
	at->id = reader_u64(&key);
	at->index = reader_u16(&key);
	return db_row_is(txn, &row, reader_is_done(&key));
}

uint64_t outbox_sums_trouble_rows(struct db_txn *txn)
{
	struct outbox_trouble at = {.last_attempt = INT64_MAX};
	uint64_t n = 0;

	while (outbox_sums_trouble(txn, &at))
		n++;
	return n;
}

/* --- groups of answers --- */

bool outbox_sums_is_answered(const struct outbox_destination *dest)
{
	return dest->attempts > 0 && dest->state != DELIVERY_DELIVERED &&
	       dest->state != DELIVERY_INFLIGHT && !dest->is_copy;
}

static struct db_key group_key(uint64_t group)
{
	struct db_key key = kind_key(GROUP);

	key_u64(&key, group);
	return key;
}

/* One that waits for its receiver's turn has no time of its own. */
static struct db_key member_key(uint64_t group, uint64_t id,
                                const struct outbox_destination *dest)
{
	struct db_key key = kind_key(MEMBER);

	key_u64(&key, group);
	key_u64(&key, dest->due > 0 ? (uint64_t)dest->due : 0);
	key_u64(&key, id);
	key_u16(&key, dest->index);
	return key;
}

static int get_group(struct db_txn *txn, uint64_t group,
                     struct answer_group *found)
{
	struct db_key key = group_key(group);
	struct db_row row;

	if (!db_get(txn, &key, &row))
		return 0;
	found->key = group;
	return answer_group_read(txn, &row, found);
}

static void put_group(struct db_txn *txn, const struct answer_group *group)
{
	struct db_key key = group_key(group->key);
	auto_(strbuf_clear) struct strbuf out = {0};

	answer_group_write(group, &out);
	db_put(txn, &key, &out);
}

static bool has(struct db_txn *txn, const struct db_key *key)
{
	struct db_row row;

	return db_get(txn, key, &row);
}

static void enter_group(struct db_txn *txn, uint64_t id, const char *domain,
                        const struct outbox_destination *dest,
                        struct outbox_sums *delta)
{
	struct answer_group group, at;
	struct outbox_sums sums;
	struct db_key member;

	answer_group_of(dest, domain, &group);
	if (!get_group(txn, group.key, &at)) {
		outbox_sums_get(txn, &sums);
		if (sums.groups + delta->groups >= ANSWER_GROUPS_MAX)
			group.key = the_rest;
	}
	member = member_key(group.key, id, dest);
	db_put_bytes(txn, &member, "", 0);
	if (get_group(txn, group.key, &at)) {
		answer_group_merge(&at, &group);
		put_group(txn, &at);
	} else {
		put_group(txn, &group);
		delta->groups++;
	}
}

static void leave_group(struct db_txn *txn, uint64_t id,
                        const struct outbox_destination *dest,
                        struct outbox_sums *delta)
{
	struct answer_group group;
	struct db_key member, key;

	answer_group_of(dest, "", &group);
	member = member_key(group.key, id, dest);
	if (!has(txn, &member)) {
		group.key = the_rest;
		member = member_key(group.key, id, dest);
	}
	if (!db_delete(txn, &member) || !get_group(txn, group.key, &group))
		return;
	if (--group.n > 0) {
		put_group(txn, &group);
		return;
	}
	key = group_key(group.key);
	db_delete(txn, &key);
	delta->groups--;
}

/* When the first of the group is tried next; 0: none is. */
static int64_t group_due(struct db_txn *txn, uint64_t group)
{
	struct db_key from = kind_key(MEMBER);
	struct reader key;
	struct db_row row;

	key_u64(&from, group);
	key_u64(&from, 1);
	if (!db_get_from(txn, &from, &row))
		return 0;
	key = db_row_key(&row);
	if (reader_u8(&key) != MEMBER || reader_u64(&key) != group)
		return 0;
	return (int64_t)reader_u64(&key);
}

int outbox_sums_group(struct db_txn *txn, struct answer_group *group)
{
	struct db_key from = group_key(group->key + 1);
	struct reader key;
	struct db_row row;

	if (group->key == the_rest || !db_get_from(txn, &from, &row))
		return 0;
	key = db_row_key(&row);
	if (reader_u8(&key) != GROUP)
		return 0;
	group->key = reader_u64(&key);
	if (!answer_group_read(txn, &row, group))
		return 0;
	group->due = group_due(txn, group->key);
	return 1;
}

/* --- a destination --- */

void outbox_sums_destination(struct db_txn *txn, uint64_t id,
                             const char *domain,
                             const struct outbox_destination *before,
                             const struct outbox_destination *dest)
{
	struct outbox_sums delta = {0};
	struct db_key key;

	if (before != NULL) {
		outbox_sums_add_destination(&delta, before, -1);
		if (outbox_sums_is_answered(before))
			leave_group(txn, id, before, &delta);
		if (is_trouble(before)) {
			key = trouble_key(before->last_attempt, id,
			                  before->index);
			db_delete(txn, &key);
		}
	}
	if (dest != NULL) {
		outbox_sums_add_destination(&delta, dest, 1);
		if (outbox_sums_is_answered(dest))
			enter_group(txn, id, domain, dest, &delta);
		if (is_trouble(dest)) {
			key = trouble_key(dest->last_attempt, id, dest->index);
			db_put_bytes(txn, &key, "", 0);
		}
	}
	add(txn, &delta);
}

bool outbox_sums_has(struct db_txn *txn, uint64_t id,
                     const struct outbox_destination *dest)
{
	struct db_key trouble =
		trouble_key(dest->last_attempt, id, dest->index);
	struct answer_group group;
	struct db_key own, rest;

	answer_group_of(dest, "", &group);
	own = member_key(group.key, id, dest);
	rest = member_key(the_rest, id, dest);
	return (!is_trouble(dest) || has(txn, &trouble)) &&
	       (!outbox_sums_is_answered(dest) || has(txn, &own) ||
	        has(txn, &rest));
}
