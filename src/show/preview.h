/*
 * preview - the report, and the mail, that a domain's counters would give now
 *
 * By the code that makes and delivers reports, whatever the day's mark and
 * [report] mode: settings that hold reports back do not count, those that say
 * where they go do.  The mail's token, yet to be drawn, is "preview".
 */
#ifndef TLSTALLY_SHOW_PREVIEW_H
#define TLSTALLY_SHOW_PREVIEW_H

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "report/report.h"
#include "rollup/decide.h"
#include "store/db.h"
#include "store/tally_table.h"

struct preview {
	struct report *report;
	struct rua ruas[DECIDE_RUA_MAX];
	size_t rua_count;
	char reason[256]; /* why it would go nowhere; "" */
};

/* 1; 0: nothing was counted; or negative.  The caller frees it in any case. */
int preview_make(struct db *db, struct db_txn *txn, const struct conf *conf,
                 int32_t day, const char *domain, int64_t now,
                 struct preview **preview, struct err *err);
void preview_free(struct preview **preview);

/* The first mail that would go out; ERR_NOTFOUND in words: none would. */
int preview_mail(const struct preview *preview, const struct conf *conf,
                 const char *domain, int64_t now, struct strbuf *out,
                 struct err *err);

#endif
