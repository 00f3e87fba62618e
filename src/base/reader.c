#include "base/reader.h"

#include <string.h>

#include "base/be.h"

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

bool reader_is_done(const struct reader *reader)
{
	return !reader->failed && reader->at == reader->end;
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

/* Past the end: 0. */
static uint64_t read_be(struct reader *reader, size_t bytes)
{
	const uint8_t *p = reader_bytes(reader, bytes);

	return p == NULL ? 0 : be_get(p, bytes);
}

uint8_t reader_u8(struct reader *reader)
{
	return (uint8_t)read_be(reader, 1);
}

uint16_t reader_u16(struct reader *reader)
{
	return (uint16_t)read_be(reader, 2);
}

uint32_t reader_u32(struct reader *reader)
{
	return (uint32_t)read_be(reader, 4);
}

uint64_t reader_u64(struct reader *reader)
{
	return read_be(reader, 8);
}

uint64_t reader_varint(struct reader *reader)
{
	uint64_t v = 0;

	/* most are small */
	if (reader->at < reader->end && *reader->at < 0x80)
		return *reader->at++;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = reader_u8(reader);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte >= 0x80)
			continue;
		if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1))
			break;
		return v;
	}
	reader->failed = true;
	return 0;
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

static void copy_text(struct reader *reader, const void *text, size_t len,
                      char *out, size_t room)
{
	if (text == NULL || len >= room) {
		reader->failed = true;
		len = 0;
	}
	if (len > 0)
		memmove(out, text, len);
	out[len] = '\0';
}

void reader_text(struct reader *reader, char *out, size_t room)
{
	size_t len;
	const void *text = reader_blob32(reader, &len);

	copy_text(reader, text, len, out, room);
}

void reader_rest(struct reader *reader, char *out, size_t room)
{
	size_t len = reader_left(reader);

	copy_text(reader, reader_bytes(reader, len), len, out, room);
}

const char *reader_to_nul(struct reader *reader)
{
	const void *text = reader->at;
	size_t left = reader_left(reader);
	const uint8_t *end = left == 0 ? NULL : memchr(text, '\0', left);

	if (end == NULL) {
		reader->failed = true;
		return NULL;
	}
	reader->at = end + 1;
	return text;
}
