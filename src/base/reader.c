#include "base/reader.h"

void reader_init(struct reader *reader, const void *data, size_t len)
{
	reader->at = data;
	reader->end = reader->at + len;
	reader->failed = false;
}

size_t reader_left(const struct reader *reader)
{
	return reader->failed ? 0 : (size_t)(reader->end - reader->at);
}

const void *reader_bytes(struct reader *reader, size_t len)
{
	const uint8_t *p = reader->at;

	if (reader_left(reader) < len) {
		reader->failed = true;
		return NULL;
	}
	reader->at += len;
	return p;
}

static uint64_t get_be(struct reader *reader, size_t bytes)
{
	const uint8_t *p = reader_bytes(reader, bytes);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t reader_u8(struct reader *reader)
{
	return (uint8_t)get_be(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
	return (uint16_t)get_be(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
	return (uint32_t)get_be(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
	return get_be(reader, 8);
}

const void *reader_blob32(struct reader *reader, size_t *len)
{
	*len = reader_u32(reader);
	return reader_bytes(reader, *len);
}

char *reader_str(struct reader *reader, struct arena *arena)
{
	size_t len = reader_u32(reader);
	const char *p;

	if (len == UINT32_MAX)
		return NULL;
	p = reader_bytes(reader, len);
	return p == NULL ? NULL : arena_strndup(arena, p, len);
}
