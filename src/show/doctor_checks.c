#include "show/doctor_checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "store/feed_table.h"

void doctor_tell(struct finding *finding, enum grade grade, const char *fmt,
                 ...)
{
	va_list ap;

	finding->grade = grade;
	va_start(ap, fmt);
	vsnprintf(finding->words, sizeof(finding->words), fmt, ap);
	va_end(ap);
}

void doctor_look_at_feed(const struct status_of *of,
                         const struct feed_kind *kind, struct finding *finding)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	auto_(strbuf_clear) struct strbuf words = {0};
	int64_t now = of->now;
	struct feed feed = {0};
	enum feed_state state;

	feed_table_get(txn, kind->name, &feed);
	state = feed_state(&feed, now);
	feed_tell(&feed, kind, now, &words);
	doctor_tell(finding,
	            !feed_is_up(state)       ? BAD
	            : state == FEED_COUNTING ? GOOD
	                                     : NOTE,
	            "%s", strbuf_text(&words));
}

bool doctor_counts_by(const struct status_of *of, const char *feed_name)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	struct feed feed = {0};
	bool any = false;

	while (feed_table_next(txn, &feed)) {
		if (strcmp(feed.name, feed_name) == 0)
			return true;
		any |= feed_kind(feed.name)->counts_sessions;
	}
	return !any && feed_kind(feed_name) == &feed_kinds[0];
}
