#include "fleet/day_export.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/day.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/tally_seal.h"
#include "store/tally_table.h"

enum { BATCH_DOMAINS = 500, BATCH_BYTES = 4 * 1024 * 1024 };

struct export
{
	struct db *db;
	int64_t now;
	struct sealed_head head;
	struct sealed_writer *writer;
	struct strbuf lines;
	struct arena mem;
	char at[TALLY_DOMAIN_TEXT]; /* exported up to this domain */
	struct day_export_result *result;
};

static int begin(struct export *e, const struct conf *conf, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(e->db);
	enum closing closing = closing_of_own(txn, conf, e->head.day, e->now,
	                                      e->result->behind);
	char day[DAY_TEXT];

	if (closing == CLOSING_NOT_YET)
		return err_set(err, ERR_BUSY, "%s cannot be exported yet: %s",
		               day_format(e->head.day, day), e->result->behind);
	e->head.store_id = db_store_id(e->db);
	e->head.epoch = change_epoch(txn);
	e->head.generation = day_table_revision(txn, e->head.day);
	e->head.sealed_at = e->now;
	e->head.reports = conf->report.mode != MODE_OFF;
	return db_failure(txn, err);
}

/* So many of the next domains; 0 at the day's end. */
static int batch(struct export *e, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(e->db);
	int32_t day = e->head.day;
	struct tally_head head;
	int count = 0;

	while (count < BATCH_DOMAINS && e->lines.len < BATCH_BYTES &&
	       tally_head_next(txn, &day, e->at, &head) && day == e->head.day) {
		struct sealed_domain domain;

		arena_reset(&e->mem);
		if (!tally_seal(txn, day, e->at, &e->mem, &domain))
			break;
		domain.waits = closing_waits(txn, day, e->at, e->now);
		if (sealed_write_domain(e->writer, &domain, &e->lines, err) < 0)
			return err->class;
		sealed_totals_add(&e->result->totals, &domain);
		count++;
	}
	return db_failed(txn) ? db_failure(txn, err) : count;
}

/* Half of the old counts and half of the new would be neither. */
static int check_unchanged(struct export *e, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(e->db);
	char day[DAY_TEXT];

	if (day_table_revision(txn, e->head.day) != e->head.generation)
		return err_set(err, ERR_BUSY,
		               "the counts of %s changed meanwhile: export it "
		               "again",
		               day_format(e->head.day, day));
	return db_failure(txn, err);
}

static int export_lines(struct export *e, day_export_fn *write, void *arg,
                        struct err *err)
{
	int count = 1, rc = 0;

	sealed_write_head(e->writer, &e->head, &e->lines);
	while (rc == 0 && count > 0) {
		count = batch(e, err);
		if (count < 0)
			return count;
		if (count == 0) {
			if (check_unchanged(e, err) < 0)
				return err->class;
			sealed_write_end(e->writer, &e->lines);
		}
		rc = write(arg, e->lines.data, e->lines.len, err);
		strbuf_reset(&e->lines);
	}
	return rc;
}

int day_export(struct db *db, const struct conf *conf, struct clock *clock,
               const char *host, int32_t day, day_export_fn *write, void *arg,
               struct day_export_result *result, struct err *err)
{
	struct export e = {
		.db = db,
		.now = clock_secs(clock),
		.head.day = day,
		.result = result,
	};
	int rc;

	memset(result, 0, sizeof(*result));
	snprintf(e.head.host, sizeof(e.head.host), "%s", host);
	rc = begin(&e, conf, err);
	if (rc < 0)
		return rc;
	e.writer = sealed_writer_new();
	strbuf_init(&e.lines, 0);
	arena_init(&e.mem);
	rc = export_lines(&e, write, arg, err);
	sealed_writer_free(&e.writer);
	strbuf_clear(&e.lines);
	arena_clear(&e.mem);
	return rc;
}
