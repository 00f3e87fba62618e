/*
 * metrics - what a monitoring system wants to know (Prometheus text format)
 *
 *     tlstally_datagrams_total{fate="counted"} 1042
 *
 * Counters are of this UTC day or since the store was made; either may begin
 * anew, as counters may.
 */
#ifndef TLSTALLY_SHOW_METRICS_H
#define TLSTALLY_SHOW_METRICS_H

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "store/db.h"

/* What the server itself counts. */
struct metrics_http {
	uint64_t requests;
	uint64_t problems;
};

int metrics_write(struct db *db, const struct conf *conf, int64_t now,
                  const struct metrics_http *http, struct strbuf *out,
                  struct err *err);

#endif
