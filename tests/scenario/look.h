/*
 * look - reports, wherever they are by now
 */
#ifndef TLSTALLY_TESTS_SCENARIO_LOOK_H
#define TLSTALLY_TESTS_SCENARIO_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "store/db.h"
#include "store/outbox_table.h"

struct look {
	struct db_txn *txn;
	struct outbox_head head;
	bool archived;
};

/* The domain's newest report (of that day; 0: of any). */
int look_report(struct db_txn *txn, const char *domain, int32_t day,
                struct look *look, struct err *err);
int look_report_id(struct db *db, const char *domain, uint64_t *id,
                   struct err *err);

/* How many there are of the domain; NULL: of all; in the outbox alone, or
 * also in the archive. */
size_t look_count(struct db_txn *txn, const char *domain, bool archive);

int look_destination(const struct look *look, uint16_t index,
                     struct outbox_destination *destination, struct err *err);

/* The report as JSON text, unpacked. */
int look_json(const struct look *look, struct strbuf *json, struct err *err);

#endif
