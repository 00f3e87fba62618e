/*
 * jmap_filter - the filter of a /query (RFC 8620 section 5.5)
 *
 *     {"operator":"AND","conditions":[{"status":"deferred"},
 *                                     {"domain":"example.com"}]}
 *
 * Read once, then asked about the facts of each object.  A condition with
 * several members wants all of them; {} and null take everything.
 */
#ifndef TLSTALLY_ADMIN_JMAP_FILTER_H
#define TLSTALLY_ADMIN_JMAP_FILTER_H

#include "admin/jmap_type.h"

struct jmap_filter;

/* In the arena.  NULL: unsupportedFilter, or invalidArguments. */
const struct jmap_filter *jmap_filter_read(const struct jmap_type *type,
                                           json_t *json, struct arena *mem,
                                           struct jmap_failure *failure);

bool jmap_filter_takes(const struct jmap_filter *filter, const void *facts);

/* True, and the day and where it stands in the facts, when the filter takes
 * nothing of another day.  Only types that go from day to day have such a
 * condition, so all others need not be looked at. */
bool jmap_filter_day(const struct jmap_filter *filter, int32_t *day,
                     size_t *offset);

#endif
