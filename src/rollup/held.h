/*
 * held - reports that mode = preview keeps back
 *
 * Once the operator has set another mode, those whose day is young enough
 * (max_report_age) are released; what is older is never sent and goes to the
 * archive as expired.
 */
#ifndef TLSTALLY_ROLLUP_HELD_H
#define TLSTALLY_ROLLUP_HELD_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/db.h"

int held_review(struct db *db, const struct conf *conf, struct clock *clock,
                uint64_t *released, uint64_t *lapsed, struct err *err);

#endif
