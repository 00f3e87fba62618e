/*
 * store_check - a store, or a backup of one, from end to end
 *
 * First the file's pages, without LMDB (page_walk.h); then, if these are in
 * order, each row as the module that owns it reads it (row_check.h).  It may
 * run while others write.
 */
#ifndef TLSTALLY_STORE_STORE_CHECK_H
#define TLSTALLY_STORE_STORE_CHECK_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

struct store_check {
	/* Called with each fault; table is "" where none is known.  And with
	 * what is no fault: a row of the journal of counts that was set aside.
	 */
	void (*note)(void *arg, const char *table, const char *words);
	void (*fault)(void *arg, const char *table, const char *words);
	void *arg;
	/* Results.  Of the faults, those that the rows can mend: what is kept
	 * beside them differs (store/derived.h). */
	uint64_t faults, derived_faults;
	uint64_t tables, rows, pages, free_pages;
};

/* Of a directory with a store.  0, whatever it finds: see faults. */
int store_check_run(struct store_check *check, const struct db_options *options,
                    struct err *err);

/* Of a backup: it is copied to a directory of its own within the one of the
 * options, and looked at there. */
int store_check_backup(struct store_check *check,
                       const struct db_options *options,
                       const struct db_backup *backup, struct err *err);

#endif
