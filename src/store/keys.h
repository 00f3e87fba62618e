/*
 * keys - what stands in the store
 *
 * Numbers are big-endian, so that the order of the bytes is the order wanted;
 * "text" is its bytes without an end.  Strings in values are strbuf_str()'s
 * (u32 length, bytes), blobs take the rest of the value.
 *
 *   table        key                                  value
 *   -----        ---                                  -----
 *   meta         "schema"                             u64 version
 *                "store-id"                           u64, random
 *                "seed"                               u64, random: of the
 *                                                     hashes in keys
 *                "epoch"                              u64, random: of the
 *                                                     states, until a restore
 *                "last-policy-id"                     u64, below 2^53
 *                "last-outbox-id"                     u64, below 2^63
 *                "clock"                              struct clock_record:
 *                                                     numbers, boot string
 *   tally        day u32, domain text, 0x00, 1        head: mark u8, valid u8,
 *                                                     success failure
 *                                                     late_success
 *                                                     late_failure u64,
 *                                                     policies details u32,
 *                                                     folded outbox_id u64,
 *                                                     revision u32, record
 *                                                     and reason strings
 *                ..., 2, policy id u64                success failure u64
 *                ..., 3, policy id u64, hash128       count u64, blob of the
 *                                                     failure detail
 *   intern       day u32, 1, hash128                  policy id u64
 *                day u32, 2, policy id u64            blob of the policy
 *   day          day u32                              struct day_stats as u64s
 *                day u32, 1                           nothing: it is closed
 *                day u32, 2                           nothing: it was read from
 *                                                     an old log
 *                day u32, 3                           revision u64
 *                day u32, 4                           struct day_sums: format
 *                                                     u8, u64s, the worst
 *                day u32, 5                           struct day_settled as
 *                                                     u64s
 *                day u32, 6, fate u8, uid+1 u64       lines of the log u64, the
 *                                                     first of them text
 *                day u32, 7                           sessions u64, host
 *                                                     string: this site chose
 *                                                     it, and they are nobody's
 *                day u32, 8                           struct log_levels as u64s
 *   feed         name text                            watermark seen_at
 *                                                     last_event events u64,
 *                                                     trouble text
 *   outbox       id u64                               head: numbers, then
 *                                                     domain and report id
 *   destination  id u64, index u16                    destination: numbers,
 *                                                     then strings
 *   body         id u64                               count u32, policy ids
 *                                                     u64, then gzip
 *   due          due u64, id u64, index u16           nothing
 *   archive      id u64, 1                            as in outbox
 *                id u64, 2, index u16                 as in destination
 *                id u64, 3                            as in body
 *   suppress     address text                         since until u64, by_hand
 *                                                     u8, reason string
 *   doubt        address text                         for each day: day code
 *                                                     accepted u32
 *   rate         hour u64, receiver text              attempts u64
 *   own-report   day u32, domain text                 attempts u64
 *   log-state    source text, or its beginning and    position blob, tracker
 *                hash128 when it is long              blob, u32 lengths before
 *   log-pending  day u32, domain text, 0x00, hash128  count u64, blob of the
 *                                                     session
 *   policy       domain text                          checked_at
 *                                                     sts_expires_at u64, blob
 *                                                     of the view
 *   wanted       domain text                          due u64, failures u32
 *   token        token text                           report id u64, index u16
 *   inbound      day u32, domain text, 0x00, 1        rows u32
 *                ..., 2, hash128                      messages u64, blob of the
 *                                                     outcome
 *   mail         day u32, domain text                 messages u64, next hop
 *                                                     string
 *   own-seen     day u32, domain text                 messages u64
 *                day u32                              secs until u32: the
 *                                                     milter ran so long, and
 *                                                     until then
 *   change       type u8                              state u64
 *                type u8, state u64                   what u8, then the key of
 *                                                     what changed
 *   api-token    name text                            hash 32 bytes,
 *                                                     permissions u32, created
 *                                                     expires u64
 *   counter      name text                            u64, only ever grows
 *   tls-optional day u32, queue id text               nothing
 *                day u32                              u64: how many of the day
 *
 * A hash in a key only finds: the blob it leads to is compared, and what
 * collides stands at the next free hash.  All rows of a day, of a domain's
 * day or of an archived report are one range.
 */
#ifndef TLSTALLY_STORE_KEYS_H
#define TLSTALLY_STORE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/reader.h"
#include "store/db.h"

/* LMDB's own limit.  A longer key keeps a len past it, which the store
 * refuses in words. */
enum { KEY_MAX = 511 };

enum tally_kind { TALLY_HEAD = 1, TALLY_POLICY = 2, TALLY_DETAIL = 3 };
enum intern_kind { INTERN_HASH = 1, INTERN_ID = 2 };
enum archive_kind {
	ARCHIVE_HEAD = 1,
	ARCHIVE_DESTINATION = 2,
	ARCHIVE_BODY = 3
};

#define META_SCHEMA "schema"
#define META_STORE_ID "store-id"
#define META_SEED "seed"
#define META_EPOCH "epoch"
#define META_LAST_POLICY_ID "last-policy-id"
#define META_LAST_OUTBOX_ID "last-outbox-id"
#define META_CLOCK "clock"

/*
 * Builds a key piece by piece:
 *
 *     key_init(&key);
 *     key_u32(&key, day);
 *     key_text(&key, domain);
 */
struct key {
	size_t len;
	uint8_t bytes[KEY_MAX];
};

void key_init(struct key *key);
void key_bytes(struct key *key, const void *data, size_t len);
void key_text(struct key *key, const char *text);
void key_u8(struct key *key, uint8_t v);
void key_u16(struct key *key, uint16_t v);
void key_u32(struct key *key, uint32_t v);
void key_u64(struct key *key, uint64_t v);
void key_hash(struct key *key, struct hash128 hash);

/* The keys that several functions build. */
struct key key_of_day(int32_t day);
struct key key_of_id(uint64_t id);
struct key key_of_text(const char *text);
/* All rows of a domain's day begin with this. */
struct key key_of_domain(int32_t day, const char *domain);

/* Does the row's key begin with these bytes? */
bool key_has_prefix(const struct db_value *key, const struct key *prefix);

/* Deletes rows whose key is before `end`, at most max; returns how many. */
size_t delete_before(struct db_txn *txn, enum db_table table,
                     const struct key *end, size_t max);

/* Deletes the rows whose key is not before `start`; has_from(): is there one?
 */
void delete_from(struct db_txn *txn, enum db_table table,
                 const struct key *start);
bool has_from(struct db_txn *txn, enum db_table table, const struct key *start);

/* The same for tables whose keys begin with a day: rows of days before go, at
 * most DB_BATCH_ROWS.  1: there is more. */
int purge_days(struct db_txn *txn, enum db_table table, int32_t before,
               uint64_t *rows);

/* Takes a key that begins as key_of_domain() apart; false when it does not, or
 * the domain finds no room. */
bool key_read_domain(const struct db_value *key, int32_t *day, char *domain,
                     size_t room);

/* The hash to try when another blob stands at this one. */
struct hash128 hash_next(struct hash128 hash);

/* A row that is one number, as several tables have them: false when the value
 * is something else. */
bool read_u64(struct db_value value, uint64_t *v);
void put_u64(struct db_txn *txn, enum db_table table, const struct key *key,
             uint64_t v);

/* A string of a row into a buffer of that room, with a NUL; one that does not
 * fit fails the reader.  Only what is used is written. */
void read_text(struct reader *reader, char *out, size_t room);

/* A number under a name of TABLE_META: 1, or 0 when it is not there. */
int meta_get(struct db_txn *txn, const char *name, uint64_t *v);
void meta_put(struct db_txn *txn, const char *name, uint64_t v);

#endif
