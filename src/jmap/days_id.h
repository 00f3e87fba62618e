/*
 * days_id - the id of a view of some days: "d2026-03-01_2026-03-30"
 */
#ifndef TLSTALLY_JMAP_DAYS_ID_H
#define TLSTALLY_JMAP_DAYS_ID_H

#include <stdint.h>

#include "jmap/jmap_view.h"

enum { DAYS_ID_MAX = 400 };

/* 1; 0: it is no such id; negative: too many days, in look->failure. */
int days_id_read(struct jmap_look *look, const char *id, int32_t *first,
                 int32_t *last);

#endif
