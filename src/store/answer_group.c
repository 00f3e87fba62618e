#include "store/answer_group.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "reply/wording.h"
#include "store/keys.h"

/* Of the rows of a day (store/keys.h). */
enum { DAY_ANSWERS = 9 };

/* Of what finds no place of its own. */
static const uint64_t the_rest = UINT64_MAX;

/* What was said by the receiver, not by us when we gave up. */
static const char *answer_of(const struct outbox_destination *dest)
{
	if (dest->state == DELIVERY_EXPIRED)
		for (size_t i = dest->try_count; i > 0; i--)
			if (dest->tries[i - 1].answer[0] != '\0')
				return dest->tries[i - 1].answer;
	return dest->answer;
}

void answer_group_of(const struct outbox_destination *dest, const char *domain,
                     struct answer_group *group)
{
	uint64_t seed =
		(((uint64_t)dest->state * 8 + (uint64_t)dest->rua.kind) * 16 +
	         (uint64_t)dest->stage) *
			1000 +
		(uint64_t)dest->code;

	*group = (struct answer_group){
		.state = dest->state,
		.kind = dest->rua.kind,
		.stage = dest->stage,
		.code = dest->code,
		.our_fault = dest->our_fault,
		.n = 1,
		.first = dest->first_attempt,
		.last = dest->last_attempt,
		.due = dest->due,
	};
	snprintf(group->domain, sizeof(group->domain), "%s", domain);
	snprintf(group->answer, sizeof(group->answer), "%s", answer_of(dest));
	group->key = wording_hash(seed, group->answer) % (the_rest - 1) + 1;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a != 0 && (b == 0 || a < b) ? a : b;
}

void answer_group_merge(struct answer_group *into,
                        const struct answer_group *more)
{
	into->n += more->n;
	into->our_fault |= more->our_fault;
	into->first = earlier(into->first, more->first);
	into->due = earlier(into->due, more->due);
	if (into->last < more->last)
		into->last = more->last;
}

/* --- the table --- */

static struct db_key group_key(int32_t day, uint64_t key)
{
	struct db_key at = key_of_day(TABLE_DAY, day);

	key_u8(&at, DAY_ANSWERS);
	key_u64(&at, key);
	return at;
}

int answer_group_read(struct db_txn *txn, const struct db_row *row,
                      struct answer_group *group)
{
	struct reader value = db_row_value(row);

	group->state = reader_u8(&value);
	group->kind = reader_u8(&value);
	group->stage = reader_u8(&value);
	group->our_fault = reader_u8(&value) != 0;
	group->code = (int)reader_u32(&value);
	group->n = reader_u64(&value);
	group->first = (int64_t)reader_u64(&value);
	group->last = (int64_t)reader_u64(&value);
	group->due = 0;
	reader_text(&value, group->domain, sizeof(group->domain));
	reader_text(&value, group->answer, sizeof(group->answer));
	return db_row_is(txn, row,
	                 !value.failed && group->state < DELIVERY_STATES &&
	                         group->stage < DELIVERY_STAGES &&
	                         group->kind >= RUA_MAIL &&
	                         group->kind <= RUA_DIRECTORY);
}

void answer_group_write(const struct answer_group *group, struct strbuf *out)
{
	strbuf_u8(out, (uint8_t)group->state);
	strbuf_u8(out, (uint8_t)group->kind);
	strbuf_u8(out, (uint8_t)group->stage);
	strbuf_u8(out, group->our_fault);
	strbuf_u32(out, (uint32_t)group->code);
	strbuf_u64(out, group->n);
	strbuf_u64(out, (uint64_t)group->first);
	strbuf_u64(out, (uint64_t)group->last);
	strbuf_str(out, group->domain);
	strbuf_str(out, group->answer);
}

static int read_group(struct db_txn *txn, const struct db_row *row,
                      struct answer_group *group)
{
	struct reader key = db_row_key(row);

	reader_u32(&key);
	reader_u8(&key);
	group->key = reader_u64(&key);
	return db_row_is(txn, row, reader_is_done(&key)) &&
	       answer_group_read(txn, row, group);
}

static void put_group(struct db_txn *txn, int32_t day,
                      const struct answer_group *group)
{
	struct db_key key = group_key(day, group->key);
	auto_(strbuf_clear) struct strbuf out = {0};

	answer_group_write(group, &out);
	db_put(txn, &key, &out);
}

static int get_group(struct db_txn *txn, int32_t day, uint64_t key,
                     struct answer_group *group)
{
	struct db_key at = group_key(day, key);
	struct db_row row;

	return db_get(txn, &at, &row) && read_group(txn, &row, group);
}

int answer_group_next(struct db_txn *txn, int32_t day,
                      struct answer_group *group)
{
	struct db_key from = group_key(day, group->key + 1);
	size_t prefix = from.len - sizeof(uint64_t);
	struct db_row row;

	return group->key != the_rest && db_get_from(txn, &from, &row) &&
	       row.key.len > prefix &&
	       memcmp(row.key.data, from.bytes, prefix) == 0 &&
	       read_group(txn, &row, group);
}

void answer_group_add(struct db_txn *txn, int32_t day,
                      const struct answer_group *group)
{
	struct answer_group at = {.key = 0}, sum = *group;
	size_t others = 0;

	if (!get_group(txn, day, sum.key, &at)) {
		while (answer_group_next(txn, day, &at))
			others++;
		if (others >= ANSWER_GROUPS_MAX)
			sum.key = the_rest;
		if (others < ANSWER_GROUPS_MAX ||
		    !get_group(txn, day, the_rest, &at)) {
			put_group(txn, day, &sum);
			return;
		}
	}
	answer_group_merge(&at, &sum);
	put_group(txn, day, &at);
}
