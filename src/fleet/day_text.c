#include "fleet/day_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/xalloc.h"
#include "rollup/closing.h"
#include "store/change_table.h"
#include "store/day_table.h"
#include "store/log_pending_table.h"
#include "store/tally_seal.h"
#include "store/tally_table.h"

enum { BATCH_DOMAINS = LEDGER_BATCH_LINES, BATCH_BYTES = LEDGER_BATCH_BYTES };

struct day_text {
	struct db *db;
	int64_t now;
	struct sealed_head head;
	struct sealed_writer *writer;
	struct strbuf head_text, end_text, text; /* of the batch's lines */
	struct arena mem;                        /* of its counts */
	struct ledger_line lines[BATCH_DOMAINS];
	size_t starts[BATCH_DOMAINS]; /* in text */
	int count;
	char at[TALLY_DOMAIN_TEXT]; /* so far */
};

/* Without the newline that the writer put there. */
static void end_line(struct strbuf *text)
{
	text->data[--text->len] = '\0';
}

static int read_head(struct day_text *lines, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(lines->db);

	lines->head.epoch = change_epoch(txn);
	lines->head.generation = day_table_revision(txn, lines->head.day);
	return db_failure(txn, err);
}

int day_text_begin(struct day_text **lines, struct db *db,
                   const struct conf *conf, const char *host, int32_t day,
                   int64_t now, struct err *err)
{
	struct day_text *l = xcalloc(1, sizeof(*l));

	*lines = l;
	l->db = db;
	l->now = now;
	l->head.day = day;
	l->head.store_id = db_store_id(db);
	l->head.sealed_at = now;
	l->head.reports = conf->report.mode != MODE_OFF;
	snprintf(l->head.host, sizeof(l->head.host), "%s", host);
	l->writer = sealed_writer_new();
	arena_init(&l->mem);
	if (read_head(l, err) < 0) {
		day_text_free(lines);
		return err->class;
	}
	sealed_write_head(l->writer, &l->head, &l->head_text);
	end_line(&l->head_text);
	return 0;
}

void day_text_free(struct day_text **lines)
{
	if (*lines == NULL)
		return;
	sealed_writer_free(&(*lines)->writer);
	strbuf_clear(&(*lines)->head_text);
	strbuf_clear(&(*lines)->end_text);
	strbuf_clear(&(*lines)->text);
	arena_clear(&(*lines)->mem);
	free(*lines);
	*lines = NULL;
}

const struct sealed_head *day_text_head(const struct day_text *lines)
{
	return &lines->head;
}

const char *day_text_head_text(const struct day_text *lines)
{
	return strbuf_text(&lines->head_text);
}

/* The next domain that was counted or waits for its policy with nothing counted
 * yet: that one must be named, or the day would be closed without it. */
static bool next_domain(struct day_text *lines, struct db_txn *txn)
{
	char counted[TALLY_DOMAIN_TEXT], waiting[TALLY_DOMAIN_TEXT];
	int32_t day = lines->head.day, counted_day = day, waiting_day = day;
	struct tally_head head;
	bool counts, waits;

	strcpy(counted, lines->at);
	strcpy(waiting, lines->at);
	counts = tally_head_next(txn, &counted_day, counted, &head) &&
	         counted_day == day;
	waits = log_pending_next(txn, &waiting_day, waiting) &&
	        waiting_day == day &&
	        closing_waits(txn, day, waiting, lines->now);
	if (counts && waits)
		counts = strcmp(counted, waiting) <= 0;
	strcpy(lines->at, counts ? counted : waiting);
	return (counts || waits) && !db_failed(txn);
}

static int add_line(struct day_text *lines, struct db_txn *txn, struct err *err)
{
	struct sealed_domain *domain =
		arena_alloc(&lines->mem, sizeof(*domain));
	struct ledger_line *line = &lines->lines[lines->count];
	const int32_t day = lines->head.day;

	if (!tally_seal(txn, day, lines->at, &lines->mem, domain) &&
	    db_failed(txn))
		return db_failure(txn, err);
	domain->waits = closing_waits(txn, day, lines->at, lines->now);
	lines->starts[lines->count++] = lines->text.len;
	if (sealed_write_domain(lines->writer, domain, &lines->text, err) < 0)
		return err->class;
	end_line(&lines->text);
	*line = (struct ledger_line){
		.domain = domain->counts.domain,
		.len = lines->text.len - lines->starts[lines->count - 1],
		.counts = domain,
	};
	return 0;
}

int day_text_next(struct day_text *lines, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(lines->db);

	lines->count = 0;
	strbuf_reset(&lines->text);
	arena_reset(&lines->mem);
	while (lines->count < BATCH_DOMAINS && lines->text.len < BATCH_BYTES &&
	       next_domain(lines, txn))
		if (add_line(lines, txn, err) < 0)
			return err->class;
	/* only now the text stays where it is */
	for (int i = 0; i < lines->count; i++)
		lines->lines[i].line = lines->text.data + lines->starts[i];
	return db_failed(txn) ? db_failure(txn, err) : lines->count;
}

const struct ledger_line *day_text_at(const struct day_text *lines)
{
	return lines->lines;
}

const struct sealed_totals *day_text_totals(const struct day_text *lines)
{
	return sealed_writer_totals(lines->writer);
}

const char *day_text_end_text(struct day_text *lines)
{
	if (lines->end_text.len == 0) {
		sealed_write_end(lines->writer, &lines->end_text);
		end_line(&lines->end_text);
	}
	return strbuf_text(&lines->end_text);
}

int day_text_unchanged(struct day_text *lines, bool *unchanged, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(lines->db);

	*unchanged = day_table_revision(txn, lines->head.day) ==
	             lines->head.generation;
	return db_failure(txn, err);
}
