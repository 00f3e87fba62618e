/*
 * rendered - a report as the bytes that go out, for who wants to look at them
 *
 * By the code that delivers (outbox/message.h), from what it has fixed: of a
 * destination that was claimed already the very message, of one that was not
 * the message as it would be now, with "preview" for the token that is yet to
 * be drawn.
 *
 * Each form has a blobId (RFC 8620 section 6.2), which are the report's id and
 * the form: "a0000000002gk-json", "a0000000002gk-gzip", and for what goes to
 * its third destination "a0000000002gk-2".
 */
#ifndef TLSTALLY_OUTBOX_RENDERED_H
#define TLSTALLY_OUTBOX_RENDERED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "outbox/shown.h"

enum rendered_form {
	RENDERED_JSON,    /* application/tlsrpt+json */
	RENDERED_GZIP,    /* application/tlsrpt+gzip */
	RENDERED_MESSAGE, /* to one destination: message/rfc822, or the gzip */
};

struct rendered {
	const char *type;
	struct strbuf data;
};

const char *rendered_id(uint64_t report, enum rendered_form form,
                        uint16_t index, struct arena *mem);
bool rendered_id_parse(const char *text, uint64_t *report,
                       enum rendered_form *form, uint16_t *index);

/* 1, 0 when there is no such report or destination, or negative. */
int rendered_load(struct db_txn *txn, const struct conf *conf,
                  enum shown_where where, uint64_t report,
                  enum rendered_form form, uint16_t index, int64_t now,
                  struct rendered *out, struct err *err);
void rendered_clear(struct rendered *rendered);

#endif
