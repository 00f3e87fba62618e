/*
 * day_text - a day of this store as lines (sealed/sealed_day.h)
 *
 *     day_text_begin(&lines, db, conf, host, day, now, &err)
 *     while ((n = day_text_next(lines, &err)) > 0)
 *             day_text_at(lines)[0 .. n - 1]
 *     day_text_end(lines)
 *     day_text_free(&lines)
 *
 * Some domains at a time, each batch of its own read transaction.  So a day
 * that is counted on meanwhile gives lines that are each right at their moment,
 * and whoever wants a day that is whole asks at its end whether it has changed.
 */
#ifndef TLSTALLY_FLEET_DAY_TEXT_H
#define TLSTALLY_FLEET_DAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "ledger/ledger.h"
#include "sealed/sealed_day.h"
#include "store/db.h"

struct day_text;

/* What its head says, and its own text (without a newline, like all of
 * these). */
int day_text_begin(struct day_text **lines, struct db *db,
                   const struct conf *conf, const char *host, int32_t day,
                   int64_t now, struct err *err);
void day_text_free(struct day_text **lines);

const struct sealed_head *day_text_head(const struct day_text *lines);
const char *day_text_head_text(const struct day_text *lines);

/* The number of lines, 0 at the end of the day, or a class. */
int day_text_next(struct day_text *lines, struct err *err);
/* Those, until the next call. */
const struct ledger_line *day_text_at(const struct day_text *lines);

/* Sums of all lines so far. */
const struct sealed_totals *day_text_totals(const struct day_text *lines);
const char *day_text_end_text(struct day_text *lines);

/* Was nothing counted on that day since it was begun? */
int day_text_unchanged(struct day_text *lines, bool *unchanged,
                       struct err *err);

#endif
