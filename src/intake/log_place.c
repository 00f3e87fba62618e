#include "intake/log_place.h"

#include "base/reader.h"

enum { PLACE_VERSION = 1 };

/* Places outlive a process, so this seed cannot be its own; whoever could
 * make two logs with equal hashes writes the log. */
static const uint64_t HEAD_SEED = 0x6c6f675f68656164;

static struct hash128 head_hash(const struct log_input *input, size_t len)
{
	return hash128(HEAD_SEED, input->head, len);
}

struct log_place log_place_of(const struct log_input *input, uint64_t offset)
{
	/* of a file of which nothing was read all that it begins with */
	size_t len = offset > 0 && input->head_len > offset ? offset
	                                                    : input->head_len;

	return (struct log_place){
		.dev = input->dev,
		.ino = input->ino,
		.offset = offset,
		.head_len = (uint32_t)len,
		.head = head_hash(input, len),
	};
}

bool log_place_is_before_all(const struct log_place *place)
{
	return place->head_len == 0;
}

void log_place_encode(const struct log_place *place, struct strbuf *out)
{
	strbuf_u8(out, PLACE_VERSION);
	strbuf_u64(out, place->dev);
	strbuf_u64(out, place->ino);
	strbuf_u64(out, place->offset);
	strbuf_u32(out, place->head_len);
	strbuf_u64(out, place->head.high);
	strbuf_u64(out, place->head.low);
	strbuf_u64(out, (uint64_t)place->time);
}

int log_place_decode(const void *data, size_t len, struct log_place *place,
                     struct err *err)
{
	struct reader reader;
	uint8_t version;

	reader_init(&reader, data, len);
	version = reader_u8(&reader);
	place->dev = reader_u64(&reader);
	place->ino = reader_u64(&reader);
	place->offset = reader_u64(&reader);
	place->head_len = reader_u32(&reader);
	place->head.high = reader_u64(&reader);
	place->head.low = reader_u64(&reader);
	place->time = (int64_t)reader_u64(&reader);
	if (reader.failed || version != PLACE_VERSION || reader_left(&reader) ||
	    place->head_len > LOG_HEAD)
		return err_set(err, ERR_PARSE,
		               "the stored position in the log is damaged");
	return 0;
}

/* An inode alone says little: it is used again once its file is gone, and a
 * copy has another. */
bool log_place_is_in(const struct log_place *place,
                     const struct log_input *input)
{
	struct hash128 head;

	if (place->head_len == 0 || place->head_len > input->head_len ||
	    (input->gz == NULL && input->size < place->offset))
		return false;
	head = head_hash(input, place->head_len);
	return head.high == place->head.high && head.low == place->head.low;
}
