/*
 * edit - reports of the outbox made, changed and taken away by a person
 *
 *     edit_look()    the report as it is, in a read transaction
 *     ->after        filled by the caller
 *     edit_pack()    what goes out, compressed; no transaction
 *     edit_write()   in the caller's write transaction, so that several edits
 *                    are one; if the report is not as it was looked at, that
 *                    is told and the caller begins again
 *
 * A report that is made has organization, contact and report-id of the settings
 * where the caller gave none; one that is changed gets a report-id again.
 *
 * An edit that is refused has written nothing and leaves the transaction good:
 * its words are for whoever asked.  A store that fails fails the transaction.
 *
 * What a change does to the destinations:
 *
 *     report or domain    other bytes go out: all of them, delivered ones
 *                         too, begin anew at deliverAt; when the old bytes
 *                         may have arrived somewhere and the report-id was
 *                         not changed with them, the report gets a new one
 *     deliverAt           all but the delivered begin anew then
 *     mailRua, httpRua    new ones wait for deliverAt, gone ones are stopped,
 *                         the others stay as they are
 *     anything else       nothing
 *
 * A report that has no destinations stays (OUTBOX_IDLE); one whose last
 * waiting destination was taken away moves to the archive, since nothing will
 * happen to it any more.  With mode = preview it is held, as all are.
 *
 * While a destination is in flight nobody can tell whether the old bytes
 * arrive, so until the lease of the run that has it ends the report is
 * neither changed nor destroyed: ERR_BUSY.
 */
#ifndef TLSTALLY_OUTBOX_EDIT_H
#define TLSTALLY_OUTBOX_EDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/object.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "store/db.h"

struct edit {
	struct internal_report *before; /* id 0: it is to be made */
	struct internal_report *after;  /* what it is to be: fill it */
	size_t size;                    /* of its JSON, bytes */

	/* private */
	struct hash128 digest; /* of what was looked at */
	bool arrived;          /* the bytes have, or may have, somewhere */
	bool bytes;            /* other bytes go out */
	bool deliver_at;       /* at another time */
	struct strbuf packed;
};

struct edit *edit_new(void);
void edit_free(struct edit **edit);

/* Fills `before`.  ERR_NOTFOUND, ERR_BUSY. */
int edit_look(struct edit *edit, struct db_txn *txn, uint64_t id, int64_t now,
              struct err *err);

/* ERR_LIMIT: its JSON is larger than [report] max_report_size. */
int edit_pack(struct edit *edit, const struct conf *conf, struct err *err);

/* 0 and after->id, or 1: somebody changed it since edit_look(), and nothing is
 * written.  ERR_BUSY, ERR_NOTFOUND. */
int edit_write(struct edit *edit, struct db_txn *txn, const struct conf *conf,
               int64_t now_ms, struct err *err);

/* After edit_write(), in its transaction: `before` becomes what the report is
 * now.  1, or 0 when it has moved to the archive. */
int edit_result(struct edit *edit, struct db_txn *txn, struct err *err);

/* ERR_BUSY, ERR_NOTFOUND. */
int edit_destroy(struct db_txn *txn, uint64_t id, int64_t now, struct err *err);

#endif
