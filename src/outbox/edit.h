/*
 * edit - reports of the outbox made, changed and taken away by a person
 *
 * In the caller's write transaction, so that several edits are one.  An edit
 * that is refused has written nothing and leaves the transaction good: its
 * words are for whoever asked.  A store that fails fails the transaction.
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

#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "model/object.h"
#include "store/db.h"

/* ERR_LIMIT: its JSON is larger than [report] max_report_size. */
int edit_create(struct db_txn *txn, const struct conf *conf,
                const struct internal_report *object, int64_t now_ms,
                uint64_t *id, struct err *err);

/*
 * `before` is the report as it is in this transaction, `after` what it is to
 * be.  ERR_BUSY, ERR_LIMIT, ERR_NOTFOUND.
 */
int edit_update(struct db_txn *txn, const struct conf *conf,
                const struct internal_report *before,
                struct internal_report *after, int64_t now, struct err *err);

/* ERR_BUSY, ERR_NOTFOUND. */
int edit_destroy(struct db_txn *txn, uint64_t id, int64_t now, struct err *err);

#endif
