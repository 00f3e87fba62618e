#include "fleet/day_export.h"

#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/strbuf.h"
#include "fleet/day_text.h"
#include "store/meta_table.h"

static int check_closing(struct db *db, const struct conf *conf, int32_t day,
                         int64_t now, struct day_export_result *result,
                         struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	enum closing closing =
		closing_of_own(txn, conf, day, now, result->behind);
	char text[DAY_TEXT];

	if (closing == CLOSING_NOT_YET)
		return err_set(err, ERR_BUSY, "%s cannot be exported yet: %s",
		               day_format(day, text), result->behind);
	return db_failure(txn, err);
}

/* Half of the old counts and half of the new would be neither. */
static int check_unchanged(struct day_text *lines, struct err *err)
{
	char day[DAY_TEXT];
	bool unchanged;

	if (day_text_unchanged(lines, &unchanged, err) < 0)
		return err->class;
	return unchanged ? 0
	                 : err_set(err, ERR_BUSY,
	                           "the counts of %s changed meanwhile: export "
	                           "it again",
	                           day_format(day_text_head(lines)->day, day));
}

static void put_line(struct strbuf *out, const char *line, size_t len)
{
	strbuf_add(out, line, len);
	strbuf_putc(out, '\n');
}

static int export_lines(struct day_text *lines, day_export_fn *write, void *arg,
                        struct err *err)
{
	auto_(strbuf_clear) struct strbuf out = {0};
	const char *text = day_text_head_text(lines);
	int count = 1, rc = 0;

	put_line(&out, text, strlen(text));
	while (rc == 0 && count > 0) {
		count = day_text_next(lines, err);
		if (count < 0)
			return count;
		for (int i = 0; i < count; i++)
			put_line(&out, day_text_at(lines)[i].line,
			         day_text_at(lines)[i].len);
		if (count == 0) {
			if (check_unchanged(lines, err) < 0)
				return err->class;
			text = day_text_end_text(lines);
			put_line(&out, text, strlen(text));
		}
		rc = write(arg, out.data, out.len, err);
		strbuf_reset(&out);
	}
	return rc;
}

void day_export_note(struct db *db, int64_t now)
{
	struct db_txn *txn = db_begin_write(db);

	meta_put(txn, META_EXPORTED, (uint64_t)now);
	db_commit(&txn, NULL);
}

int day_export(struct db *db, const struct conf *conf, struct clock *clock,
               const char *host, int32_t day, day_export_fn *write, void *arg,
               struct day_export_result *result, struct err *err)
{
	auto_(day_text_free) struct day_text *lines = NULL;
	int64_t now = clock_secs(clock);
	int rc;

	memset(result, 0, sizeof(*result));
	if (check_closing(db, conf, day, now, result, err) < 0 ||
	    day_text_begin(&lines, db, conf, host, day, now, err) < 0)
		return err->class;
	rc = export_lines(lines, write, arg, err);
	result->totals = *day_text_totals(lines);
	if (rc == 0)
		day_export_note(db, now);
	return rc;
}
