/*
 * day_export - a day that is over, on its way to the host that reports
 *
 * Everything that this host counted on that day, in the lines of
 * sealed/sealed_day.h.  A day can be exported once every feed has counted past
 * its end (rollup/closing.h), the same rule by which its reports are made.
 */
#ifndef TLSTALLY_FLEET_DAY_EXPORT_H
#define TLSTALLY_FLEET_DAY_EXPORT_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "rollup/closing.h"
#include "sealed/sealed_day.h"
#include "store/db.h"

struct day_export_result {
	struct sealed_totals totals;
	char behind[CLOSING_WORDS]; /* which feed was, in words; "" */
};

/* Takes some lines; what it returns below 0 ends the export. */
typedef int day_export_fn(void *arg, const char *data, size_t len,
                          struct err *err);

/* ERR_BUSY: the day is not over, or was counted on meanwhile. */
int day_export(struct db *db, const struct conf *conf, struct clock *clock,
               const char *host, int32_t day, day_export_fn *write, void *arg,
               struct day_export_result *result, struct err *err);

/* A day left this store for a host that reports: `tlstally doctor` says when
 * this one reports, too.  Nothing is lost when it cannot be noted. */
void day_export_note(struct db *db, int64_t now);

#endif
