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
 *                "last-received-id"                   u64, below 2^63
 *                "received-purged"                    u64, a day + 1
 *                "clock"                              struct clock_record:
 *                                                     numbers, boot string
 *                "last-run"                           u64, secs
 *                "exported"                           u64, secs
 *                "signature"                          struct signature_seen:
 *                                                     u64s, u8, strings
 *                "policyd"                            struct policyd_seen:
 *                                                     u64s, u8s, u64
 *                "told-until"                         u64, secs
 *                "fleet"                              struct fleet_seen: u64s,
 *                                                     strings
 *   tally        day u32, domain text, 0x00, 1        head: mark | 0x80 u8,
 *                                                     valid u8, success
 *                                                     failure unjudged
 *                                                     late_success
 *                                                     late_failure policies
 *                                                     details folded
 *                                                     outbox_id revision
 *                                                     record_at varints, record
 *                                                     and reason texts with
 *                                                     0x00, of each array of
 *                                                     struct tally_kinds bits
 *                                                     varint, and those that
 *                                                     are not 0
 *                ..., 2, policy id u64                success failure u64,
 *                                                     unjudged u64 or nothing
 *                ..., 3, policy id u64, hash128       count u64, blob of the
 *                                                     failure detail
 *   intern       day u32, 1, hash128                  policy id u64: until
 *                                                     schema version 3
 *                day u32, 2, policy id u64            blob of the policy
 *                day u32, 3, its first 16 bytes,      policy id u64
 *                hash u64
 *   day          day u32                              struct day_stats as u64s
 *                day u32, 1                           nothing: it is closed
 *                day u32, 2                           nothing: it was read from
 *                                                     an old log
 *                day u32, 3                           revision u64
 *                day u32, 5                           struct day_settled as
 *                                                     u64s
 *                day u32, 6, fate u8, uid+1 u64       lines of the log u64, the
 *                                                     first of them text
 *                day u32, 7                           sessions u64, host
 *                                                     string: this site chose
 *                                                     it, and they are nobody's
 *                day u32, 8                           struct day_levels as u64s
 *                day u32, 9, group u64                struct answer_group:
 *                                                     numbers, domain, answer
 *                day u32, 10                          struct day_sums as u64s
 *                day u32, 11                          struct day_given: u8,
 *                                                     u64, missing string
 *                day u32, 12, domain text             nothing: a person took
 *                                                     its report away
 *   domain-index day u32, 1, ~failures u64, domain    nothing
 *                text
 *                day u32, 2, mark u8, domain text     nothing: no report, for a
 *                                                     reason of the domain's
 *   domain-history first day of 32 u32, domain text   struct history_marks:
 *                                                     u32s; of each day that
 *                                                     is marked its struct
 *                                                     domain_day: bits, and
 *                                                     what is not 0, varints
 *   outbox-index 1                                    struct outbox_sums: u64s
 *                2, ~last attempt u64, id u64,        nothing: it met trouble
 *                index u16
 *                3, group u64                         struct answer_group:
 *                                                     numbers, domain, answer
 *                4, group u64, due u64, id u64,       nothing: one of the group
 *                index u16
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
 *                due u64, 0 u64, 0 u16, receiver      nothing: it has a queue
 *                text
 *   queue        receiver text, 0x00                  due u64
 *                ..., id u64, index u16               nothing
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
 *   log-completing as log-pending                     count u64, blob: form
 *                                                     flags u8, until u64, the
 *                                                     session
 *   policy       domain text                          checked_at
 *                                                     sts_expires_at u64, blob
 *                                                     of the view
 *   wanted       domain text                          due u64, failures u32
 *   token        1, token text: it begins with its    report id u64, index u16
 *                time in hex
 *                2, token text                         a bounce that is another
 *                                                     host's: inmail/dsn_kept
 *                token text, of chance alone           as above; older versions
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
 *   sign-in      id 12 bytes                          token string, its hash 32
 *                                                     bytes, client redirect
 *                                                     strings, challenge
 *                                                     browser 32 bytes, created
 *                                                     u64, count u8, for each
 *                                                     secret kind u8, hash 32
 *                                                     bytes, expires used u64
 *   counter      name text                            u64, only ever grows
 *   host-day     day u32, 1, host text                struct host_day: slot
 *                                                     u32, u64s, u8
 *                day u32, 2                           the last slot, u64
 *                day u32, 3, slot u32                 u64: it is nobody's, and
 *                                                     since when
 *                day u32, 4, host text                struct host_fetch: slot
 *                                                     u32, u64s, words string
 *   host-count   day u32, slot u32, domain text       struct sealed_domain:
 *                                                     u8s, u64s, record;
 *                                                     policies and details
 *   merged       day u32, domain text, 0x00           struct merged_row: mark
 *                                                     u8, numbers, reason
 *                day u32                              struct merged_totals
 *   tls-optional day u32, queue id text               nothing
 *                day u32                              u64: how many of the day
 *   finding      check text                           since u64, grade u8
 *   told         domain text, 0x00, not since u64     kind u8, sts_fetch u8,
 *                                                     problem and sts_id
 *                                                     strings
 *   untold       moment u64, day u32, domain text,    count since_boot_ms u64,
 *                0x00, hash128                        unjudged u8, blob of the
 *                                                     policy
 *   received     id u64                               struct received_row:
 *                                                     numbers, strings
 *                id u64, 1                            gzip of the report
 *                id u64, 2                            what it added to
 *                                                     received-sum: domains
 *                                                     and sums
 *                id u64, 3                            its other domains: text,
 *                                                     u8: is it ours
 *   received-sum day u32, domain text, 0x00,          struct received_sums and
 *                organization text                    _faults: varints,
 *                                                     strings
 *   received-expiry secs u64, id u64                  nothing
 *   own-host     domain text, 0x00, MX host text      day u32: seen last
 *                domain text, 0x00                    day u32: looked up last
 *   received-rate day u32, submitter text or nothing  kept bytes dropped u64
 *   received-seen day u32, hash128                    id u64: the report that
 *                                                     has come already
 *   journal      day u32, number u64                  store/journal_row.h
 *                day u32, 0 u64, 1, number u64,       nothing: it is applied up
 *                domain text                          to there
 *                day u32, 0 u64, 2, domain text,      nothing: the domain is
 *                0x00, number u64                     applied up to there
 *                day u32, 0 u64, 3                    why it is not applied:
 *                                                     text
 *                day u32, 0 u64, 4, number u64        what was set aside: why
 *                                                     text, 0x00, its value
 *                day u32, 0 u64, 5, domain or other   the same of a row of that
 *                text, 0x00, table u8, its key        table: state u64, why
 *                without day and domain               text, 0x00, its value
 *                day u32, 0 u64, 6                    doubted u64, struct
 *                                                     day_domains as u64s: what
 *                                                     is applied of it
 *
 * A hash in a key only finds: the blob it leads to is compared, and what
 * collides stands at the next free hash.  All rows of a day, of a domain's
 * day or of an archived report are one range.
 */
#ifndef TLSTALLY_STORE_KEYS_H
#define TLSTALLY_STORE_KEYS_H

#include "base/hash.h"
#include "store/db.h"

/* A key begins as one of these, and goes on piece by piece:
 *
 *     struct db_key key = key_of_day(TABLE_DAY, day);
 *
 *     key_u8(&key, DAY_SUMS);
 */
struct db_key key_of(enum db_table table);
struct db_key key_of_day(enum db_table table, int32_t day);
struct db_key key_of_id(enum db_table table, uint64_t id);
struct db_key key_of_text(enum db_table table, const char *text);
struct db_key key_of_day_text(enum db_table table, int32_t day,
                              const char *text);
/* All rows of a domain's day begin with this. */
struct db_key key_of_domain(enum db_table table, int32_t day,
                            const char *domain);

/* The first key after that of the text, or after those of the domain's day.
 * With "" the table's, or the day's, first; with a day below 0, too, the
 * table's. */
struct db_key key_after_text(enum db_table table, const char *text);
struct db_key key_after_domain(enum db_table table, int32_t day,
                               const char *domain);

void key_bytes(struct db_key *key, const void *data, size_t len);
void key_text(struct db_key *key, const char *text);
void key_u8(struct db_key *key, uint8_t v);
void key_u16(struct db_key *key, uint16_t v);
void key_u32(struct db_key *key, uint32_t v);
void key_u64(struct db_key *key, uint64_t v);
void key_hash(struct db_key *key, struct hash128 hash);

/* Takes the key of a row that begins as key_of_domain() apart; false when it
 * does not, or the domain finds no room: then the transaction has failed. */
bool key_read_domain(struct db_txn *txn, const struct db_row *row, int32_t *day,
                     char *domain, size_t room);

/* Deletes a table's rows of days before that one, at most DB_PURGE_ROWS, none
 * when it is below 1: a clock that says 1970 must not cost everything.  1:
 * there is more. */
int key_purge_days(struct db_txn *txn, enum db_table table, int32_t before,
                   uint64_t *rows);

#endif
