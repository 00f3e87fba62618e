#include "store/schema.h"

#include <inttypes.h>

#include "base/auto.h"
#include "base/hash.h"
#include "store/change_table.h"
#include "store/derived.h"
#include "store/meta_table.h"

/* The tables of the mail log and of policies, which are made when the store is
 * opened.  A program that does not know them must not close days: sessions
 * may be waiting. */
static void add_log_tables(struct db_txn *txn)
{
	(void)txn;
}

/* The milter's tables and the log of changes.  A program that does not know the
 * state `bounced` must not read destinations, and one that does not note its
 * changes must not make any. */
static void add_milter_tables(struct db_txn *txn)
{
	(void)txn;
}

/* The catch-all of a day's sums, the table of addresses in doubt, and sessions
 * of the log that wait with who chose their host.  Sums and indexes of days and
 * of the outbox.  A program that does not know them would write the sums
 * without it, what it sees accepted would be missing in the table, and such
 * sessions would be damaged to it. */
static void add_catch_all_and_doubt(struct db_txn *txn)
{
	derived_upgrade_outbox(txn);
}

static const struct schema_step steps[] = {
	{.from = 1, .run = add_log_tables},
	{.from = 2, .run = add_milter_tables},
	{.from = 3,
         .prepare = derived_upgrade_tally,
         .run = add_catch_all_and_doubt},
};

/* A change of store/keys.h adds a row there and one to the version. */
const struct schema_plan schema_plan = {
	.version = 4,
	.steps = steps,
	.step_count = sizeof(steps) / sizeof(steps[0]),
};

/* 1 and the version; 0: none yet. */
static int read_version(struct db *db, uint64_t *version, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	*version = meta_get(txn, META_SCHEMA);
	return db_failed(txn) ? db_failure(txn, err) : *version != 0;
}

int schema_check(struct db *db, const struct schema_plan *plan, struct err *err)
{
	uint64_t version = 0;
	int found = read_version(db, &version, err);

	if (found < 0)
		return found;
	if (version <= plan->version)
		return 0;
	return err_set(err, ERR_IO,
	               "the store has schema version %" PRIu64
	               ", but this program supports %" PRIu32
	               ": upgrade tlstally",
	               version, plan->version);
}

static uint64_t random_u64(void)
{
	uint64_t v;

	hash_random_bytes(&v, sizeof(v));
	return v;
}

static int create(struct db *db, const struct schema_plan *plan,
                  struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);

	/* somebody else may have been first */
	if (meta_get(txn, META_SCHEMA) != 0)
		return 0;
	meta_put(txn, META_STORE_ID, random_u64());
	meta_put(txn, META_SEED, random_u64());
	change_epoch_renew(txn);
	meta_put(txn, META_SCHEMA, plan->version);
	return db_commit(&txn, err);
}

static const struct schema_step *step_from(const struct schema_plan *plan,
                                           uint64_t version)
{
	for (size_t i = 0; i < plan->step_count; i++)
		if (plan->steps[i].from == version)
			return &plan->steps[i];
	return NULL;
}

static int run_step(struct db *db, const struct schema_plan *plan,
                    uint64_t version, struct err *err)
{
	const struct schema_step *step = step_from(plan, version);
	auto_(db_abort) struct db_txn *txn = NULL;

	if (step != NULL && step->prepare != NULL && step->prepare(db, err) < 0)
		return err->class;
	txn = db_begin_write(db);
	if (step == NULL)
		db_fail(txn, ERR_IO,
		        "the store has schema version %" PRIu64
		        ", which this program cannot upgrade to %" PRIu32,
		        version, plan->version);
	if (!db_failed(txn))
		step->run(txn);
	meta_put(txn, META_SCHEMA, version + 1);
	return db_commit(&txn, err);
}

static int upgrade(struct db *db, const struct schema_plan *plan,
                   uint64_t version, struct err *err)
{
	int rc = db_lock(db, true, err);

	if (rc != 0)
		return err_prefix(
			err,
			"cannot upgrade the store from schema version %" PRIu64
			" to %" PRIu32,
			version, plan->version);
	/* between two looks another process may have done it */
	rc = read_version(db, &version, err);
	while (rc >= 0 && version < plan->version)
		rc = run_step(db, plan, version++, err);
	if (rc < 0)
		return rc;
	return db_lock(db, false, err);
}

static int read_ids(struct db *db, struct schema_ids *ids, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);

	ids->store_id = meta_get(txn, META_STORE_ID);
	ids->seed = meta_get(txn, META_SEED);
	if (ids->store_id == 0 || ids->seed == 0)
		db_fail(txn, ERR_IO,
		        "the store has no id: it was not made by tlstally, or "
		        "it is damaged");
	return db_failure(txn, err);
}

int schema_open(struct db *db, const struct schema_plan *plan,
                struct schema_ids *ids, struct err *err)
{
	uint64_t version = plan->version;
	int rc = schema_check(db, plan, err);

	if (rc == 0)
		rc = read_version(db, &version, err);
	if (rc == 0 && !db_is_read_only(db))
		rc = create(db, plan, err);
	else if (rc > 0 && version < plan->version)
		rc = db_is_read_only(db)
		             ? err_set(err, ERR_BUSY,
		                       "the store has schema version %" PRIu64
		                       ", but this program needs %" PRIu32
		                       ": start a daemon or `tlstally run`, "
		                       "which upgrades it",
		                       version, plan->version)
		             : upgrade(db, plan, version, err);
	return rc < 0 ? rc : read_ids(db, ids, err);
}
