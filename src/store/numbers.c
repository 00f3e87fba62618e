#include "store/numbers.h"

#include <string.h>

#include "base/auto.h"

enum { NUMBER = sizeof(uint64_t) };

int numbers_get(struct db_txn *txn, const struct db_key *key, void *numbers,
                size_t size)
{
	struct reader reader;
	struct db_row row;

	memset(numbers, 0, size);
	if (!db_get(txn, key, &row))
		return 0;
	reader = db_row_value(&row);
	for (size_t i = 0; i < size && reader_left(&reader) > 0; i += NUMBER) {
		uint64_t v = reader_u64(&reader);

		memcpy((char *)numbers + i, &v, NUMBER);
	}
	return db_row_is(txn, &row, !reader.failed);
}

void numbers_add(struct db_txn *txn, const struct db_key *key,
                 const void *delta, size_t size)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct reader reader = {0};
	struct db_row row;

	if (db_get(txn, key, &row))
		reader = db_row_value(&row);
	for (size_t i = 0; i < size; i += NUMBER) {
		uint64_t v;

		memcpy(&v, (const char *)delta + i, NUMBER);
		if (reader_left(&reader) > 0)
			v += reader_u64(&reader);
		strbuf_u64(&value, v);
	}
	if (!reader.failed || db_row_is(txn, &row, false))
		db_put(txn, key, &value);
}

void numbers_pack(const uint64_t *numbers, int count, struct strbuf *out)
{
	uint64_t bits = 0;

	for (int i = 0; i < count; i++)
		bits |= (uint64_t)(numbers[i] > 0) << i;
	strbuf_varint(out, bits);
	for (int i = 0; i < count; i++)
		if (numbers[i] > 0)
			strbuf_varint(out, numbers[i]);
}

void numbers_unpack(struct reader *reader, uint64_t *numbers, int count)
{
	uint64_t bits = reader_varint(reader);

	memset(numbers, 0, (size_t)count * sizeof(*numbers));
	if (count < 64 && bits >> count != 0)
		reader->failed = true;
	for (; bits != 0 && !reader->failed; bits &= bits - 1)
		numbers[__builtin_ctzll(bits)] = reader_varint(reader);
}

void numbers_sum(void *numbers, const void *delta, size_t size)
{
	uint64_t a, b;

	for (size_t i = 0; i < size; i += NUMBER) {
		memcpy(&a, (char *)numbers + i, NUMBER);
		memcpy(&b, (const char *)delta + i, NUMBER);
		a += b;
		memcpy((char *)numbers + i, &a, NUMBER);
	}
}
