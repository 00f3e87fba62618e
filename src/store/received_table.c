#include "store/received_table.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/moment.h"
#include "store/change_table.h"
#include "store/keys.h"
#include "store/meta_table.h"

enum { PART_BODY = 1, PART_ADDED = 2, PART_NAMES = 3 };

static struct db_key head_key(uint64_t id)
{
	return key_of_id(TABLE_RECEIVED, id);
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

/* --- the sums of a day, domain and organization --- */

static struct db_key sum_key(int32_t day, const char *domain,
                             const char *organization)
{
	struct db_key key = key_of_domain(TABLE_RECEIVED_SUM, day, domain);

	/* a key has room for it: DOMAIN_MAX and these are below DB_KEY_MAX */
	key_bytes(&key, organization,
	          strnlen(organization, DB_KEY_MAX - key.len));
	return key;
}

/* struct received_sums is u64s. */
enum { SUMS = sizeof(struct received_sums) / sizeof(uint64_t) };

static void encode_sums(const struct received_sums *sums, struct strbuf *out)
{
	uint64_t each[SUMS];

	memcpy(each, sums, sizeof(each));
	for (size_t i = 0; i < SUMS; i++)
		strbuf_varint(out, each[i]);
}

static void decode_sums(struct reader *value, struct received_sums *sums)
{
	uint64_t each[SUMS];

	for (size_t i = 0; i < SUMS; i++)
		each[i] = reader_varint(value);
	memcpy(sums, each, sizeof(*sums));
}

/* Counts come from strangers: a sum stays at the most there is, and below
 * nothing at nothing. */
static uint64_t moved(uint64_t sum, uint64_t by, bool away)
{
	if (away)
		return by > sum ? 0 : sum - by;
	return __builtin_add_overflow(sum, by, &sum) ? UINT64_MAX : sum;
}

static void move_sums(struct db_txn *txn, const struct received_row *row,
                      const struct received_domain *domain, bool away)
{
	struct db_key key =
		sum_key(row->day, domain->domain, row->organization);
	auto_(strbuf_clear) struct strbuf value = {0};
	struct received_sums sums = {0};
	uint64_t each[SUMS], by[SUMS];
	struct db_row found;

	if (db_get(txn, &key, &found)) {
		struct reader reader = db_row_value(&found);

		decode_sums(&reader, &sums);
		if (!db_row_is(txn, &found, reader_is_done(&reader)))
			return;
	}
	memcpy(each, &sums, sizeof(each));
	memcpy(by, &domain->sums, sizeof(by));
	for (size_t i = 0; i < SUMS; i++)
		each[i] = moved(each[i], by[i], away);
	memcpy(&sums, each, sizeof(sums));
	encode_sums(&sums, &value);
	if (sums.reports == 0)
		db_delete(txn, &key);
	else
		db_put(txn, &key, &value);
}

static int read_sum(struct db_txn *txn, const struct db_row *found,
                    struct received_sum_row *row)
{
	struct reader key = db_row_key(found), value = db_row_value(found);

	if (!key_read_domain(txn, found, &row->day, row->domain,
	                     sizeof(row->domain)))
		return 0;
	reader_bytes(&key, sizeof(uint32_t) + strlen(row->domain) + 1);
	reader_rest(&key, row->organization, sizeof(row->organization));
	decode_sums(&value, &row->sums);
	return db_row_is(txn, found, !key.failed && reader_is_done(&value));
}

int received_sums_next(struct db_txn *txn, struct received_sum_row *row)
{
	struct db_key from =
		row->domain[0] == '\0'
			? key_after_domain(TABLE_RECEIVED_SUM, row->day, "")
			: sum_key(row->day, row->domain, row->organization);
	struct db_row found;

	if (row->domain[0] != '\0')
		key_u8(&from, 0); /* what comes after it */
	return db_get_from(txn, &from, &found) && read_sum(txn, &found, row);
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
		*key = key_of_day(TABLE_RECEIVED_SEEN, row->day);
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

/* Most reports are about one domain, which stands in the row. */
static void put_names(struct db_txn *txn, const struct received_row *row,
                      const struct received_domain *domains, size_t count)
{
	struct db_key key = part_key(row->id, PART_NAMES);
	auto_(strbuf_clear) struct strbuf value = {0};

	for (size_t i = 0; i < count && value.len < RECEIVED_NAMES_MAX; i++)
		if (strcmp(domains[i].domain, row->domain) != 0 &&
		    strlen(domains[i].domain) < DOMAIN_TEXT)
			strbuf_str(&value, domains[i].domain);
	if (value.len > 0)
		db_put(txn, &key, &value);
}

bool received_is_about(struct db_txn *txn, const struct received_row *row,
                       const char *domain)
{
	struct db_key key = part_key(row->id, PART_NAMES);
	char name[DOMAIN_TEXT];
	struct reader value;
	struct db_row found;

	if (strcasecmp(row->domain, domain) == 0)
		return true;
	if (row->ours + row->foreign < 2 || !db_get(txn, &key, &found))
		return false;
	value = db_row_value(&found);
	while (reader_left(&value) > 0 && !value.failed) {
		reader_text(&value, name, sizeof(name));
		if (!value.failed && strcasecmp(name, domain) == 0)
			return true;
	}
	return false;
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
		strbuf_str(&value, domains[i].domain);
		encode_sums(&domains[i].sums, &value);
		move_sums(txn, row, &domains[i], false);
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
	key = part_key(row->id, PART_BODY);
	db_put_bytes(txn, &key, gzip, len);
	if (row->counts)
		put_added(txn, row, domains, count);
	put_names(txn, row, domains, count);
	change_note_id(txn, CHANGE_RECEIVED, CHANGE_CREATED, row->id);
	return 1;
}

/* The next of what a report added; false at the end, or where it is damaged. */
static bool next_added(struct reader *value, char name[DOMAIN_TEXT],
                       struct received_domain *domain)
{
	if (reader_left(value) == 0)
		return false;
	reader_text(value, name, DOMAIN_TEXT);
	decode_sums(value, &domain->sums);
	domain->domain = name;
	return !value->failed;
}

static void take_added(struct db_txn *txn, const struct received_row *row)
{
	struct db_key key = part_key(row->id, PART_ADDED);
	auto_(strbuf_clear) struct strbuf copy = {0};
	struct received_domain domain;
	char name[DOMAIN_TEXT];
	struct db_row found;
	struct reader value;

	if (!db_get(txn, &key, &found))
		return;
	strbuf_add(&copy, found.value.data, found.value.len);
	reader_init(&value, copy.data, copy.len);
	while (next_added(&value, name, &domain))
		move_sums(txn, row, &domain, true);
	if (value.failed)
		db_fail(txn, ERR_IO,
		        "received: the sums of report %" PRIu64 " are damaged",
		        row->id);
}

static void remove_rows(struct db_txn *txn, uint64_t id)
{
	struct db_key parts = head_key(id);
	auto_(db_rows_end) struct db_rows rows = db_rows(txn, &parts);

	while (db_rows_next(&rows))
		db_rows_delete(&rows);
	change_note_id(txn, CHANGE_RECEIVED, CHANGE_DESTROYED, id);
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
	take_added(txn, &row);
	forget(txn, &row);
	remove_rows(txn, id);
	return 1;
}

int received_purge(struct db_txn *txn, int64_t now, uint64_t *rows)
{
	struct received_row row = {.id = 0};
	uint64_t n = 0;

	while (n < DB_BATCH_ROWS && received_next(txn, &row)) {
		if (row.expires_at == 0 ||
		    !moment_has_come(row.expires_at, now, MOMENT_STANDS))
			continue;
		remove_rows(txn, row.id);
		n++;
	}
	*rows += n;
	return n == DB_BATCH_ROWS;
}

int received_sums_purge(struct db_txn *txn, int32_t before, uint64_t *rows)
{
	return key_purge_days(txn, TABLE_RECEIVED_SUM, before, rows) |
	       key_purge_days(txn, TABLE_RECEIVED_SEEN, before, rows);
}

static bool is_good(struct db_txn *txn, const struct db_row *row)
{
	struct reader key = db_row_key(row), value = db_row_value(row);
	struct received_row head;
	struct received_domain domain;
	char name[DOMAIN_TEXT];
	unsigned part;

	if (row->table == TABLE_RECEIVED_SEEN)
		return reader_left(&key) ==
		               sizeof(uint32_t) + sizeof(struct hash128) &&
		       reader_left(&value) == sizeof(uint64_t);
	head.id = reader_u64(&key);
	if (key.failed)
		return false;
	if (reader_left(&key) == 0)
		return decode(value, &head);
	/* a part needs its report */
	part = reader_u8(&key);
	if (!reader_is_done(&key) || !received_get(txn, head.id, &head))
		return false;
	while (part == PART_ADDED && next_added(&value, name, &domain))
		;
	while (part == PART_NAMES && !value.failed && reader_left(&value) > 0)
		reader_text(&value, name, sizeof(name));
	return !value.failed && part >= PART_BODY && part <= PART_NAMES;
}

void received_check(struct db_txn *txn, const struct db_row *row)
{
	struct received_sum_row sum;

	if (row->table == TABLE_RECEIVED_SUM)
		read_sum(txn, row, &sum);
	else
		db_row_is(txn, row, is_good(txn, row));
}
