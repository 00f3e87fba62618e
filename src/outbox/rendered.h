/*
 * rendered - a report as the bytes that go out, for who wants to look at them
 *
 * By the code that delivers (outbox/letter.h), from what it has fixed: of a
 * destination that was claimed already the very message, of one that was not
 * the message as it would be now, with "preview" for the token that is yet to
 * be drawn.
 */
#ifndef TLSTALLY_OUTBOX_RENDERED_H
#define TLSTALLY_OUTBOX_RENDERED_H

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "outbox/blob_id.h"
#include "outbox/shown.h"

struct rendered {
	const char *type;
	struct strbuf data;
};

/* 1, 0 when there is no such report or destination, or negative. */
int rendered_load(struct db_txn *txn, const struct conf *conf,
                  enum shown_where where, uint64_t report, enum blob_form form,
                  uint16_t index, int64_t now, struct rendered *out,
                  struct err *err);
void rendered_clear(struct rendered *rendered);

#endif
