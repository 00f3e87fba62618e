/*
 * jmap_filter - the filter of a /query (RFC 8620 section 5.5)
 *
 *     {"operator":"AND","conditions":[{"status":"deferred"},
 *                                     {"domain":"example.com"}]}
 *
 * Read once, then asked about the facts of each object.  A condition with
 * several members wants all of them; {} and null take everything.
 */
#ifndef TLSTALLY_JMAP_JMAP_FILTER_H
#define TLSTALLY_JMAP_JMAP_FILTER_H

#include "jmap/jmap_type.h"

struct jmap_filter;

/* In the arena.  NULL: unsupportedFilter, or invalidArguments. */
const struct jmap_filter *jmap_filter_read(const struct jmap_type *type,
                                           json_t *json, struct arena *mem,
                                           struct jmap_failure *failure);

bool jmap_filter_takes(const struct jmap_filter *filter, struct db_txn *txn,
                       const void *facts);

/* By the conditions that all must hold, as far as they are about a day, the
 * domain or failures. */
struct jmap_bounds jmap_filter_bounds(const struct jmap_filter *filter,
                                      struct arena *mem);

/* Do they say all of it, without a domain? */
bool jmap_filter_is_bounds(const struct jmap_filter *filter);

#endif
