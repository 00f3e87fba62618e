#include "base/reader.h"

#include <endian.h>
#include <string.h>

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

/* Copies the next bytes, or leaves zeros. */
static void take(struct reader *reader, void *out, size_t len)
{
	const void *p = reader_bytes(reader, len);

	if (p != NULL)
		memcpy(out, p, len);
}

uint8_t reader_u8(struct reader *reader)
{
	uint8_t v = 0;

	take(reader, &v, sizeof(v));
	return v;
}

uint16_t reader_u16(struct reader *reader)
{
	uint16_t v = 0;

	take(reader, &v, sizeof(v));
	return be16toh(v);
}

uint32_t reader_u32(struct reader *reader)
{
	uint32_t v = 0;

	take(reader, &v, sizeof(v));
	return be32toh(v);
}

uint64_t reader_u64(struct reader *reader)
{
	uint64_t v = 0;

	take(reader, &v, sizeof(v));
	return be64toh(v);
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
