/*
 * jmap_types - the list of types, and of views
 *
 * A type is its module (type_NAME.c), a word here and a line of Makefile.inc;
 * methods, permissions, the command line and its completion go by its row.
 */
#ifndef TLSTALLY_JMAP_JMAP_TYPES_H
#define TLSTALLY_JMAP_JMAP_TYPES_H

#include "jmap/jmap_type.h"
#include "jmap/jmap_view.h"

/* clang-format off */
#define JMAP_TYPES(TYPE)                                                       \
	TYPE(report) TYPE(sent) TYPE(suppression) TYPE(domain)         \
	TYPE(domain_period) TYPE(inbound) TYPE(received)
#define JMAP_VIEWS(VIEW)                                                       \
	VIEW(status) VIEW(doctor) VIEW(overview) VIEW(lookup) VIEW(preview) \
	VIEW(inbound) VIEW(posture) VIEW(postures)

#define JMAP_DECLARE_TYPE(name) extern const struct jmap_type type_##name;
#define JMAP_DECLARE_VIEW(name) extern const struct jmap_view view_##name;
JMAP_TYPES(JMAP_DECLARE_TYPE)
JMAP_VIEWS(JMAP_DECLARE_VIEW)
/* clang-format on */

/* The i-th; NULL past the last. */
const struct jmap_type *jmap_type_at(size_t i);
const struct jmap_view *jmap_view_at(size_t i);

/* Of "tally:Domain", in all or the beginning of a longer text; NULL: none of
 * that name. */
const struct jmap_type *jmap_type_find(const char *name, size_t len);
const struct jmap_view *jmap_view_find(const char *name, size_t len);

#endif
