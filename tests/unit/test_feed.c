#include "unit/test.h"

#include "base/auto.h"
#include "words/feed.h"

enum { NOW = 1772359200 }; /* 2026-03-01T10:00:00Z */

static void test_is_it_alive(void **state)
{
	static const struct {
		const char *name;
		struct feed feed; /* times: secs before now, 0 stays 0 */
		enum feed_state want;
		const char *words;
	} rows[] = {
		{"all is well",
	         {.watermark = 1, .seen_at = 1, .last_event = 60},
	         FEED_COUNTING,
	         "counting; the last session was received at "
	         "2026-03-01T09:59:00Z"},
		{"it has never run",
	         {.watermark = 0},
	         FEED_NOT_RUNNING,
	         "tlstally-logd has never counted into this store"},
		{"the daemon is gone",
	         {.watermark = 121, .seen_at = 121, .last_event = 121},
	         FEED_NOT_RUNNING,
	         "tlstally-logd has counted nothing since "
	         "2026-03-01T09:57:59Z: it is not running, or it cannot write "
	         "to the store"},
		{"it was late by a few commits",
	         {.watermark = 120, .seen_at = 120, .last_event = 120},
	         FEED_COUNTING,
	         "counting"},
		{"it ran by a clock that was ahead",
	         {.watermark = -3600, .seen_at = -3600, .last_event = 60},
	         FEED_NOT_RUNNING,
	         "since 2026-03-01T11:00:00Z"},
		{"two clocks of which one is a bit ahead",
	         {.watermark = -60, .seen_at = -60, .last_event = 60},
	         FEED_COUNTING,
	         "counting"},
		{"it may not read the log",
	         {.watermark = 9000,
	          .seen_at = 1,
	          .last_event = 9000,
	          .trouble = "mail.log: Permission denied"},
	         FEED_IN_TROUBLE,
	         "tlstally-logd is not counting: mail.log: Permission denied"},
		{"it could not, when it ran",
	         {.seen_at = 500, .trouble = "mail.log: Permission denied"},
	         FEED_NOT_RUNNING,
	         "since"},
		{"it has just started, and is not behind 1970",
	         {.seen_at = 1},
	         FEED_STARTING,
	         "tlstally-logd has started and has not yet counted anything"},
		{"it reads what came meanwhile",
	         {.watermark = 10800, .seen_at = 1, .last_event = 1},
	         FEED_BEHIND,
	         "tlstally-logd is behind: it has counted until "
	         "2026-03-01T07:00:00Z and is catching up"},
		{"nothing has ever come",
	         {.watermark = 1, .seen_at = 1},
	         FEED_EMPTY,
	         "no session has been received yet: are smtp_tls_loglevel = 1"},
		{"a quiet site",
	         {.watermark = 1, .seen_at = 1, .last_event = 86401},
	         FEED_QUIET,
	         "the last session was received at 2026-02-28T09:59:59Z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(strbuf_clear) struct strbuf words = {0};
		struct feed feed = rows[i].feed;

		ROW(&rows[i]);
		feed.watermark = feed.watermark ? NOW - feed.watermark : 0;
		feed.seen_at = feed.seen_at ? NOW - feed.seen_at : 0;
		feed.last_event = feed.last_event ? NOW - feed.last_event : 0;
		assert_int_equal(feed_state(&feed, NOW), rows[i].want);
		assert_int_equal(feed_is_up(rows[i].want),
		                 rows[i].want != FEED_NOT_RUNNING &&
		                         rows[i].want != FEED_IN_TROUBLE);
		feed_tell(&feed, feed_kind(FEED_LOG), NOW, &words);
		if (strstr(strbuf_text(&words), rows[i].words) == NULL)
			fail_msg("%s", strbuf_text(&words));
	}
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < FEED_KINDS; i++)
		assert_ptr_equal(feed_kind(feed_kinds[i].name), &feed_kinds[i]);
	assert_string_equal(feed_kind(FEED_EVENTS)->daemon, "tlstallyd");
	assert_string_equal(feed_kind(FEED_LOG)->daemon, "tlstally-logd");
	assert_string_equal(feed_kind(FEED_MILTER)->daemon, "tlstally-milter");
	assert_false(feed_kind(FEED_MILTER)->counts_sessions);
	/* of a later version: a day waits for it */
	assert_true(feed_kind("policyd")->counts_sessions);
	assert_string_equal(feed_kind("policyd")->daemon, "its daemon");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_it_alive),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
