#include "store/received_table.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/moment.h"
#include "store/change_table.h"
#include "store/keys.h"
#include "store/meta_table.h"

enum { PART_BODY = 1, PART_ADDED = 2, PART_NAMES = 3 };

static struct db_key head_key(uint64_t id)
{
	return key_of_id(TABLE_RECEIVED, id);
}

static struct db_key expiry_key(int64_t expires_at, uint64_t id)
{
	struct db_key key =
		key_of_id(TABLE_RECEIVED_EXPIRY, (uint64_t)expires_at);

	key_u64(&key, id);
	return key;
}

static struct db_key part_key(uint64_t id, uint8_t part)
{
	struct db_key key = head_key(id);

	key_u8(&key, part);
	return key;
}

/* --- a report's row --- */

/* The texts, in the order in which they are stored. */
static const struct {
	size_t offset, room;
} texts[] = {
#define TEXT(member)                                                           \
	{                                                                      \
		offsetof(struct received_row, member),                         \
			sizeof(((struct received_row *)0)->member)             \
	}
	TEXT(domain), TEXT(submitter), TEXT(organization), TEXT(report_id),
	TEXT(from),   TEXT(to),        TEXT(subject),
#undef TEXT
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static void encode(const struct received_row *row, struct strbuf *out)
{
	strbuf_u64(out, (uint64_t)row->received_at);
	strbuf_u64(out, (uint64_t)row->expires_at);
	strbuf_u32(out, (uint32_t)row->day);
	strbuf_u8(out, (uint8_t)row->way);
	strbuf_u8(out, row->authenticated);
	strbuf_u8(out, row->counts);
	strbuf_varint(out, row->ours);
	strbuf_varint(out, row->foreign);
	strbuf_varint(out, row->problems);
	strbuf_varint(out, row->success);
	strbuf_varint(out, row->failure);
	strbuf_varint(out, row->results);
	strbuf_varint(out, row->bytes);
	for (size_t i = 0; i < TEXTS; i++)
		strbuf_str(out, (const char *)row + texts[i].offset);
}

static bool decode(struct reader value, struct received_row *row)
{
	unsigned way;

	row->received_at = (int64_t)reader_u64(&value);
	row->expires_at = (int64_t)reader_u64(&value);
	row->day = (int32_t)reader_u32(&value);
	way = reader_u8(&value);
	row->way = (enum received_way)way;
	row->authenticated = reader_u8(&value) != 0;
	row->counts = reader_u8(&value) != 0;
	row->ours = (uint32_t)reader_varint(&value);
	row->foreign = (uint32_t)reader_varint(&value);
	row->problems = (uint32_t)reader_varint(&value);
	row->success = reader_varint(&value);
	row->failure = reader_varint(&value);
	row->results = (uint32_t)reader_varint(&value);
	row->bytes = reader_varint(&value);
	for (size_t i = 0; i < TEXTS; i++)
		reader_text(&value, (char *)row + texts[i].offset,
		            texts[i].room);
	return reader_is_done(&value) && way < RECEIVED_WAYS;
}

int received_get(struct db_txn *txn, uint64_t id, struct received_row *row)
{
	struct db_key key = head_key(id);
	struct db_row found;

	row->id = id;
	return db_get(txn, &key, &found) &&
	       db_row_is(txn, &found, decode(db_row_value(&found), row));
}

int received_next(struct db_txn *txn, struct received_row *row)
{
	struct db_key from = head_key(row->id + 1);
	struct db_row found;
	struct reader key;

	if (row->id == UINT64_MAX || !db_get_from(txn, &from, &found))
		return 0;
	key = db_row_key(&found);
	row->id = reader_u64(&key);
	return db_row_is(txn, &found,
	                 reader_is_done(&key) &&
	                         decode(db_row_value(&found), row));
}

bool received_body(struct db_txn *txn, uint64_t id, struct strbuf *gzip)
{
	struct db_key key = part_key(id, PART_BODY);
	struct db_row row;

	if (!db_get(txn, &key, &row))
		return false;
	strbuf_add(gzip, row.value.data, row.value.len);
	return true;
}

/* --- what has come already --- */

/* Somebody vouches for its report-id, which is there. */
static bool has_name(const struct received_row *row)
{
	return row->authenticated && row->report_id[0] != '\0';
}

static bool same(const struct received_row *a, const struct received_row *b)
{
	return a->authenticated == b->authenticated && a->day == b->day &&
	       strcmp(a->submitter, b->submitter) == 0 &&
	       strcmp(a->organization, b->organization) == 0 &&
	       strcmp(a->report_id, b->report_id) == 0;
}

static bool same_body(struct db_txn *txn, uint64_t id, const void *gzip,
                      size_t len)
{
	struct db_key key = part_key(id, PART_BODY);
	struct db_row row;

	return db_get(txn, &key, &row) && row.value.len == len &&
	       memcmp(row.value.data, gzip, len) == 0;
}

/* What is hashed, and compared where the hash leads. */
static struct hash128 hash_of(struct db_txn *txn,
                              const struct received_row *row, const void *gzip,
                              size_t len)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	strbuf_u8(&text, row->authenticated);
	strbuf_u32(&text, (uint32_t)row->day);
	strbuf_str(&text, row->submitter);
	strbuf_str(&text, row->organization);
	strbuf_str(&text, row->report_id);
	if (!has_name(row))
		strbuf_add(&text, gzip, len);
	return hash128(db_seed(db_of(txn)), text.data, text.len);
}

/* Its rows are purged by it: one that is said to be about a day to come would
 * stay until then. */
static int32_t seen_day(const struct received_row *row)
{
	int32_t last = day_of(row->received_at) + 1;

	return row->day < 0 || row->day > last ? last : row->day;
}

/* 1 and the id of the one that came before; else 0, and the key is free for
 * this one. */
static int find_double(struct db_txn *txn, const struct received_row *row,
                       const void *gzip, size_t len, struct db_key *key,
                       uint64_t *id)
{
	struct hash128 hash = hash_of(txn, row, gzip, len);
	struct received_row before;
	struct db_row found;

	for (;; hash.low++) {
		*key = key_of_day(TABLE_RECEIVED_SEEN, seen_day(row));
		key_hash(key, hash);
		if (!db_get(txn, key, &found))
			return 0;
		*id = db_get_u64(txn, key);
		/* one that has expired is still in the sums */
		if (!received_get(txn, *id, &before))
			return !db_failed(txn);
		if (same(&before, row) &&
		    (has_name(row) || same_body(txn, *id, gzip, len)))
			return 1;
	}
}

/* --- its domains --- */

/* Most reports are about one domain, which stands in the row; of the others
 * the name, and whether it is ours. */
static void put_names(struct db_txn *txn, const struct received_row *row,
                      const struct received_domain *domains, size_t count)
{
	struct db_key key = part_key(row->id, PART_NAMES);
	auto_(strbuf_clear) struct strbuf value = {0};

	for (size_t i = 0; i < count && value.len < RECEIVED_NAMES_MAX; i++)
		if (strcmp(domains[i].domain, row->domain) != 0 &&
		    strlen(domains[i].domain) < DOMAIN_TEXT) {
			strbuf_str(&value, domains[i].domain);
			strbuf_u8(&value, domains[i].ours);
		}
	if (value.len > 0)
		db_put(txn, &key, &value);
}

static bool is_same(const char *name, const char *domain)
{
	return strcasecmp(name, domain) == 0;
}

static bool has_within(const char *name, const char *text)
{
	return strcasestr(name, text) != NULL;
}

static bool next_name(struct reader *value, char name[DOMAIN_TEXT], bool *ours)
{
	if (reader_left(value) == 0)
		return false;
	reader_text(value, name, DOMAIN_TEXT);
	*ours = reader_u8(value) != 0;
	return !value->failed;
}

static bool any_name(struct db_txn *txn, const struct received_row *row,
                     bool (*fits)(const char *name, const char *text),
                     const char *text)
{
	struct db_key key = part_key(row->id, PART_NAMES);
	char name[DOMAIN_TEXT];
	struct reader value;
	struct db_row found;
	bool ours;

	if (fits(row->domain, text))
		return true;
	if (row->ours + row->foreign < 2 || !db_get(txn, &key, &found))
		return false;
	value = db_row_value(&found);
	while (next_name(&value, name, &ours))
		if (fits(name, text))
			return true;
	return false;
}

bool received_is_about(struct db_txn *txn, const struct received_row *row,
                       const char *domain)
{
	return any_name(txn, row, is_same, domain);
}

bool received_names_have(struct db_txn *txn, const struct received_row *row,
                         const char *text)
{
	return any_name(txn, row, has_within, text);
}

size_t received_others(struct db_txn *txn, const struct received_row *row,
                       struct arena *mem, const char ***names)
{
	struct db_key key = part_key(row->id, PART_NAMES);
	char name[DOMAIN_TEXT];
	struct reader value;
	struct db_row found;
	size_t count = 0;
	bool ours;

	/* each policy has one at most */
	*names = arena_array(mem, row->foreign, sizeof(**names));
	if (row->ours == 0 && row->foreign > 0 && row->domain[0] != '\0')
		(*names)[count++] = arena_strdup(mem, row->domain);
	if (row->foreign == 0 || !db_get(txn, &key, &found))
		return count;
	value = db_row_value(&found);
	while (count < row->foreign && next_name(&value, name, &ours))
		if (!ours)
			(*names)[count++] = arena_strdup(mem, name);
	return count;
}

/* --- taking and giving away --- */

static void put_added(struct db_txn *txn, const struct received_row *row,
                      const struct received_domain *domains, size_t count)
{
	struct db_key key = part_key(row->id, PART_ADDED);
	auto_(strbuf_clear) struct strbuf value = {0};

	for (size_t i = 0; i < count; i++) {
		if (!domains[i].ours)
			continue;
		received_added_write(&domains[i], &value);
		received_sums_move(txn, row->day, row->organization,
		                   &domains[i], false);
	}
	db_put(txn, &key, &value);
}

int received_put(struct db_txn *txn, struct received_row *row, const void *gzip,
                 size_t len, const struct received_domain *domains,
                 size_t count)
{
	auto_(strbuf_clear) struct strbuf value = {0};
	struct db_key key, twice;

	if (find_double(txn, row, gzip, len, &twice, &row->id))
		return 0;
	row->id = meta_get(txn, META_LAST_RECEIVED_ID) + 1;
	meta_put(txn, META_LAST_RECEIVED_ID, row->id);
	db_put_u64(txn, &twice, row->id);
	key = head_key(row->id);
	encode(row, &value);
	db_put_last(txn, &key, &value);
	if (row->expires_at != 0) {
		key = expiry_key(row->expires_at, row->id);
		db_put_bytes(txn, &key, "", 0);
	}
	key = part_key(row->id, PART_BODY);
	db_put_bytes(txn, &key, gzip, len);
	if (row->counts)
		put_added(txn, row, domains, count);
	put_names(txn, row, domains, count);
	change_note_id(txn, CHANGE_RECEIVED, CHANGE_CREATED, row->id);
	return 1;
}

void received_added(struct db_txn *txn, uint64_t id, struct strbuf *added)
{
	struct db_key key = part_key(id, PART_ADDED);
	struct db_row found;

	if (db_get(txn, &key, &found))
		strbuf_add(added, found.value.data, found.value.len);
}

void received_move_added(struct db_txn *txn, const struct received_row *row,
                         bool away)
{
	auto_(strbuf_clear) struct strbuf copy = {0};
	struct received_added added;
	struct reader value;

	received_added(txn, row->id, &copy);
	reader_init(&value, copy.data, copy.len);
	while (received_added_next(&value, &added)) {
		const struct received_domain domain = {.domain = added.domain,
		                                       .sums = added.sums,
		                                       .faults = &added.faults};

		received_sums_move(txn, row->day, row->organization, &domain,
		                   away);
	}
	if (value.failed)
		db_fail(txn, ERR_IO,
		        "received: the sums of report %" PRIu64 " are damaged",
		        row->id);
}

/* With its row of the list of those that expire. */
static void remove_rows(struct db_txn *txn, const struct received_row *row)
{
	struct db_key parts = head_key(row->id);
	struct db_key expiry = expiry_key(row->expires_at, row->id);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &parts);

	while (db_rows_next(&rows))
		db_rows_delete(&rows);
	db_delete(txn, &expiry);
	change_note_id(txn, CHANGE_RECEIVED, CHANGE_DESTROYED, row->id);
}

/* It may come again. */
static void forget(struct db_txn *txn, const struct received_row *row)
{
	auto_(strbuf_clear) struct strbuf gzip = {0};
	struct db_key seen;
	uint64_t id;

	if (received_body(txn, row->id, &gzip) &&
	    find_double(txn, row, gzip.data, gzip.len, &seen, &id) &&
	    id == row->id)
		db_delete(txn, &seen);
}

int received_delete(struct db_txn *txn, uint64_t id)
{
	struct received_row row;

	if (!received_get(txn, id, &row))
		return 0;
	received_move_added(txn, &row, true);
	forget(txn, &row);
	remove_rows(txn, &row);
	return 1;
}

int32_t received_purged_day(struct db_txn *txn)
{
	uint64_t day = meta_get(txn, META_RECEIVED_PURGED);

	return day == 0 ? INT32_MIN : (int32_t)(day - 1);
}

static void note_purged(struct db_txn *txn, const struct received_row *row)
{
	if (row->counts && row->day >= 0 && row->day > received_purged_day(txn))
		meta_put(txn, META_RECEIVED_PURGED, (uint64_t)row->day + 1);
}

int received_purge(struct db_txn *txn, int64_t now, uint64_t *rows)
{
	struct db_key from = key_of(TABLE_RECEIVED_EXPIRY);
	auto_(db_rows_end) struct db_rows list = db_rows(txn, &from);
	struct received_row row;
	uint64_t n = 0;

	while (n < DB_BATCH_ROWS && db_rows_next(&list)) {
		struct reader key = db_row_key(&list.row);
		int64_t expires_at = (int64_t)reader_u64(&key);
		uint64_t id = reader_u64(&key);

		if (!moment_has_come(expires_at, now, MOMENT_STANDS))
			break;
		if (!db_row_is(txn, &list.row, received_get(txn, id, &row)))
			break;
		note_purged(txn, &row);
		remove_rows(txn, &row);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}

int received_seen_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_RECEIVED_SEEN, before, rows);
}

static bool is_good_expiry(struct db_txn *txn, const struct db_row *row)
{
	struct reader key = db_row_key(row);
	int64_t expires_at = (int64_t)reader_u64(&key);
	uint64_t id = reader_u64(&key);
	struct received_row head;

	return reader_is_done(&key) && row->value.len == 0 &&
	       received_get(txn, id, &head) && head.expires_at == expires_at;
}

static bool has_expiry(struct db_txn *txn, const struct received_row *row)
{
	struct db_key key = expiry_key(row->expires_at, row->id);
	struct db_row found;

	return row->expires_at == 0 || db_get(txn, &key, &found);
}

static bool is_good(struct db_txn *txn, const struct db_row *row)
{
	struct reader key = db_row_key(row), value = db_row_value(row);
	struct received_added added;
	struct received_row head;
	char name[DOMAIN_TEXT];
	unsigned part;
	bool ours;

	if (row->table == TABLE_RECEIVED_SEEN)
		return reader_left(&key) ==
		               sizeof(uint32_t) + sizeof(struct hash128) &&
		       reader_left(&value) == sizeof(uint64_t);
	if (row->table == TABLE_RECEIVED_EXPIRY)
		return is_good_expiry(txn, row);
	head.id = reader_u64(&key);
	if (key.failed)
		return false;
	if (reader_left(&key) == 0)
		return decode(value, &head) && has_expiry(txn, &head);
	/* a part needs its report */
	part = reader_u8(&key);
	if (!reader_is_done(&key) || !received_get(txn, head.id, &head))
		return false;
	while (part == PART_ADDED && received_added_next(&value, &added))
		;
	while (part == PART_NAMES && next_name(&value, name, &ours))
		;
	return !value.failed && part >= PART_BODY && part <= PART_NAMES;
}

void received_check(struct db_txn *txn, const struct db_row *row)
{
	if (row->table == TABLE_RECEIVED_SUM)
		received_sums_check(txn, row);
	else
		db_row_is(txn, row, is_good(txn, row));
}
