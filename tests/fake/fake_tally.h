/* A tally into the store, in transactions of at most DB_BATCH_ROWS domains, as
 * a daemon's committing thread does it. */
#ifndef TLSTALLY_TESTS_FAKE_FAKE_TALLY_H
#define TLSTALLY_TESTS_FAKE_FAKE_TALLY_H

#include "base/auto.h"
#include "store/tally_table.h"

static inline int fake_tally_commit(struct db *db, struct tally *tally,
                                    const struct tally_limits *limits,
                                    struct err *err)
{
	size_t count = tally_domain_count(tally), at = 0;
	struct tally_domain **domains = tally_sorted(tally);

	while (at < count) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);

		do
			tally_apply(txn, domains[at++], limits);
		while (at < count && at % DB_BATCH_ROWS != 0);
		if (db_commit(&txn, err) < 0)
			return err->class;
	}
	return 0;
}

#endif
