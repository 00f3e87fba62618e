#include "store/log_state_table.h"

#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "store/keys.h"

/* A path may be longer than a key; its hash then tells it from others that
 * begin alike. */
enum { SOURCE_TEXT_MAX = 400 };

static struct db_key source_key(const struct db *db, const char *source)
{
	struct db_key key = key_of(TABLE_LOG_STATE);
	size_t len = strlen(source);

	if (len <= SOURCE_TEXT_MAX) {
		key_bytes(&key, source, len);
	} else {
		key_bytes(&key, source, SOURCE_TEXT_MAX);
		key_hash(&key, hash128(db_seed(db), source, len));
	}
	return key;
}

/* A blob of the row, copied; NULL when it is empty. */
static const void *copy_blob(struct reader *reader, struct arena *arena,
                             size_t *len)
{
	const void *data = reader_blob32(reader, len);

	if (data == NULL || *len == 0) {
		*len = 0;
		return NULL;
	}
	return memcpy(arena_alloc(arena, *len), data, *len);
}

int log_state_get(struct db_txn *txn, const char *source, struct arena *arena,
                  struct log_state *state)
{
	struct db_key key = source_key(db_of(txn), source);
	struct reader reader;
	struct db_row row;

	memset(state, 0, sizeof(*state));
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	state->position = copy_blob(&reader, arena, &state->position_len);
	state->tracker = copy_blob(&reader, arena, &state->tracker_len);
	return db_row_is(txn, &row, !reader.failed);
}

void log_state_put(struct db_txn *txn, const char *source,
                   const struct log_state *state)
{
	struct db_key key = source_key(db_of(txn), source);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_blob32(&value, state->position, state->position_len);
	strbuf_blob32(&value, state->tracker, state->tracker_len);
	db_put(txn, &key, &value);
}
