/*
 * day_import - a day that another host sealed, into the store
 *
 *     import = day_import_new(db, &options)
 *     day_import_feed(import, data, len, &err)      as it comes
 *     day_import_finish(import, &result, &err)
 *     day_import_free(&import)
 *
 * The whole day takes the place of what the host had sent of that day before,
 * in one transaction at the end: cut off, damaged or killed, an import changes
 * nothing, and it can be repeated.  Refused in words are a day of this host's
 * own, two hosts of one name, counts that are older than what is there, and a
 * file of a day that goes through a ledger: who reports it would not have it.
 *
 * After a restore a store has another epoch.  What it counted up to the backup
 * is in what it exported before, too; so its day takes the place of that one
 * like any other, and nothing counts twice.
 */
#ifndef TLSTALLY_FLEET_DAY_IMPORT_H
#define TLSTALLY_FLEET_DAY_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sealed/sealed_day.h"
#include "store/db.h"

struct day_import_options {
	const char *host; /* our own name */
	int64_t now;      /* secs */
	int32_t oldest;   /* day that is kept */
	bool replace;     /* the host has another store than it had */
	bool from_ledger; /* else a day of the fleet is refused */
};

enum day_import_what {
	DAY_IMPORT_NEW,
	DAY_IMPORT_REPLACED,
	DAY_IMPORT_SAME, /* it was there already: nothing was written */
};

struct day_import_result {
	struct sealed_head head;
	struct sealed_totals totals;
	enum day_import_what what;
	bool late; /* reports of that day were made without some of it */
};

struct day_import;

struct day_import *day_import_new(struct db *db,
                                  const struct day_import_options *options);
void day_import_free(struct day_import **import);

/* ERR_PARSE, ERR_LIMIT: what was sent is no sealed day, with the line;
 * ERR_BUSY: it is refused, or the disk is full; ERR_IO. */
int day_import_feed(struct day_import *import, const char *data, size_t len,
                    struct err *err);
int day_import_finish(struct day_import *import,
                      struct day_import_result *result, struct err *err);

#endif
