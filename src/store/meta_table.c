#include "store/meta_table.h"

#include "base/auto.h"
#include "store/keys.h"

uint64_t meta_get(struct db_txn *txn, const char *name)
{
	struct db_key key = key_of_text(TABLE_META, name);

	return db_get_u64(txn, &key);
}

void meta_put(struct db_txn *txn, const char *name, uint64_t v)
{
	struct db_key key = key_of_text(TABLE_META, name);

	db_put_u64(txn, &key, v);
}

int meta_clock_get(struct db_txn *txn, struct clock_record *record)
{
	struct db_key key = key_of_text(TABLE_META, META_CLOCK);
	struct reader reader;
	struct db_row row;

	*record = (struct clock_record){.wall_ms = 0};
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	record->wall_ms = (int64_t)reader_u64(&reader);
	record->boot_ms = (int64_t)reader_u64(&reader);
	record->carried = reader_u8(&reader) != 0;
	record->vouched = reader_u8(&reader) != 0;
	record->doubted = reader_u8(&reader) != 0;
	record->doubt_wall_ms = (int64_t)reader_u64(&reader);
	record->doubt_boot_ms = (int64_t)reader_u64(&reader);
	reader_text(&reader, record->boot, sizeof(record->boot));
	if (reader_left(&reader) > 0)
		record->since_ms = (int64_t)reader_u64(&reader);
	return db_row_is(txn, &row, reader_is_done(&reader));
}

void meta_clock_put(struct db_txn *txn, const struct clock_record *record)
{
	struct db_key key = key_of_text(TABLE_META, META_CLOCK);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)record->wall_ms);
	strbuf_u64(&value, (uint64_t)record->boot_ms);
	strbuf_u8(&value, record->carried);
	strbuf_u8(&value, record->vouched);
	strbuf_u8(&value, record->doubted);
	strbuf_u64(&value, (uint64_t)record->doubt_wall_ms);
	strbuf_u64(&value, (uint64_t)record->doubt_boot_ms);
	strbuf_str(&value, record->boot);
	strbuf_u64(&value, (uint64_t)record->since_ms);
	db_put(txn, &key, &value);
}

void meta_clock_forget(struct db_txn *txn)
{
	struct db_key key = key_of_text(TABLE_META, META_CLOCK);

	db_delete(txn, &key);
}

int meta_signature_get(struct db_txn *txn, struct signature_seen *seen)
{
	struct db_key key = key_of_text(TABLE_META, META_SIGNATURE);
	struct reader reader;
	struct db_row row;

	*seen = (struct signature_seen){.seen_at = 0};
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	seen->seen_at = (int64_t)reader_u64(&reader);
	seen->signed_at = (int64_t)reader_u64(&reader);
	seen->is_signed = reader_u8(&reader) != 0;
	reader_text(&reader, seen->by.domain, sizeof(seen->by.domain));
	reader_text(&reader, seen->by.selector, sizeof(seen->by.selector));
	return db_row_is(txn, &row, reader_is_done(&reader));
}

void meta_signature_put(struct db_txn *txn, const struct signature_seen *seen)
{
	struct db_key key = key_of_text(TABLE_META, META_SIGNATURE);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)seen->seen_at);
	strbuf_u64(&value, (uint64_t)seen->signed_at);
	strbuf_u8(&value, seen->is_signed);
	strbuf_str(&value, seen->by.domain);
	strbuf_str(&value, seen->by.selector);
	db_put(txn, &key, &value);
}

bool meta_policyd_is_up(const struct policyd_seen *seen, int64_t now)
{
	return seen->seen_at > now - POLICYD_SILENT_SECS;
}

bool meta_policyd_is_in_use(const struct policyd_seen *seen, int64_t now)
{
	return seen->seen_at > now - POLICYD_IN_USE_SECS;
}

int meta_policyd_get(struct db_txn *txn, struct policyd_seen *seen)
{
	struct db_key key = key_of_text(TABLE_META, META_POLICYD);
	struct reader reader;
	struct db_row row;
	uint8_t level;

	*seen = (struct policyd_seen){.seen_at = 0};
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	seen->seen_at = (int64_t)reader_u64(&reader);
	seen->outage_since = (int64_t)reader_u64(&reader);
	seen->unreached_since = (int64_t)reader_u64(&reader);
	seen->validates = reader_u8(&reader) != 0;
	seen->does_dane = reader_u8(&reader) != 0;
	seen->leaves_out = reader_u8(&reader) != 0;
	seen->answers = reader_u64(&reader);
	level = reader_u8(&reader);
	seen->level = level < SITE_LEVELS ? level : SITE_LEVELS;
	seen->own = reader_u8(&reader);
	seen->verifies_host = reader_u8(&reader) != 0;
	return db_row_is(txn, &row,
	                 reader_is_done(&reader) && level <= SITE_LEVELS);
}

void meta_policyd_put(struct db_txn *txn, const struct policyd_seen *seen)
{
	struct db_key key = key_of_text(TABLE_META, META_POLICYD);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, (uint64_t)seen->seen_at);
	strbuf_u64(&value, (uint64_t)seen->outage_since);
	strbuf_u64(&value, (uint64_t)seen->unreached_since);
	strbuf_u8(&value, seen->validates);
	strbuf_u8(&value, seen->does_dane);
	strbuf_u8(&value, seen->leaves_out);
	strbuf_u64(&value, seen->answers);
	strbuf_u8(&value, (uint8_t)seen->level);
	strbuf_u8(&value, (uint8_t)seen->own);
	strbuf_u8(&value, seen->verifies_host);
	db_put(txn, &key, &value);
}

int meta_fleet_get(struct db_txn *txn, struct fleet_seen *seen)
{
	struct db_key key = key_of_text(TABLE_META, META_FLEET);
	struct reader reader;
	struct db_row row;

	*seen = (struct fleet_seen){.id = 0};
	if (!db_get(txn, &key, &row))
		return 0;
	reader = db_row_value(&row);
	seen->id = reader_u64(&reader);
	seen->since = (int32_t)reader_u32(&reader);
	seen->mark = reader_u64(&reader);
	seen->next = reader_u64(&reader);
	seen->seen_at = (int64_t)reader_u64(&reader);
	seen->trouble_at = (int64_t)reader_u64(&reader);
	seen->lease_until = (int64_t)reader_u64(&reader);
	reader_text(&reader, seen->leader, sizeof(seen->leader));
	reader_text(&reader, seen->trouble, sizeof(seen->trouble));
	seen->fence = reader_u64(&reader);
	seen->until = (int32_t)reader_u32(&reader);
	seen->ahead = (int64_t)reader_u64(&reader);
	seen->relay_at = (int64_t)reader_u64(&reader);
	seen->exposed = reader_u8(&reader) != 0;
	seen->suppress_epoch = reader_u64(&reader);
	seen->suppress_state = reader_u64(&reader);
	seen->suppress_at = (int64_t)reader_u64(&reader);
	reader_text(&reader, seen->differs, sizeof(seen->differs));
	seen->epoch = reader_u64(&reader);
	seen->claims_trouble_at = (int64_t)reader_u64(&reader);
	reader_text(&reader, seen->claims_trouble,
	            sizeof(seen->claims_trouble));
	seen->left_out = reader_u64(&reader);
	seen->left_out_at = (int64_t)reader_u64(&reader);
	reader_text(&reader, seen->left_out_first,
	            sizeof(seen->left_out_first));
	return db_row_is(txn, &row, reader_is_done(&reader));
}

void meta_fleet_put(struct db_txn *txn, const struct fleet_seen *seen)
{
	struct db_key key = key_of_text(TABLE_META, META_FLEET);
	auto_(strbuf_clear) struct strbuf value = {0};

	strbuf_u64(&value, seen->id);
	strbuf_u32(&value, (uint32_t)seen->since);
	strbuf_u64(&value, seen->mark);
	strbuf_u64(&value, seen->next);
	strbuf_u64(&value, (uint64_t)seen->seen_at);
	strbuf_u64(&value, (uint64_t)seen->trouble_at);
	strbuf_u64(&value, (uint64_t)seen->lease_until);
	strbuf_str(&value, seen->leader);
	strbuf_str(&value, seen->trouble);
	strbuf_u64(&value, seen->fence);
	strbuf_u32(&value, (uint32_t)seen->until);
	strbuf_u64(&value, (uint64_t)seen->ahead);
	strbuf_u64(&value, (uint64_t)seen->relay_at);
	strbuf_u8(&value, seen->exposed);
	strbuf_u64(&value, seen->suppress_epoch);
	strbuf_u64(&value, seen->suppress_state);
	strbuf_u64(&value, (uint64_t)seen->suppress_at);
	strbuf_str(&value, seen->differs);
	strbuf_u64(&value, seen->epoch);
	strbuf_u64(&value, (uint64_t)seen->claims_trouble_at);
	strbuf_str(&value, seen->claims_trouble);
	strbuf_u64(&value, seen->left_out);
	strbuf_u64(&value, (uint64_t)seen->left_out_at);
	strbuf_str(&value, seen->left_out_first);
	db_put(txn, &key, &value);
}
