/* A feed of the log from the start to the end of its source. */
#ifndef TLSTALLY_TESTS_FAKE_FAKE_LOG_FEED_H
#define TLSTALLY_TESTS_FAKE_FAKE_LOG_FEED_H

#include "base/wait.h"
#include "intake/log_feed.h"

static inline int fake_log_feed_run(struct log_source *source,
                                    const struct log_feed_options *options,
                                    struct log_feed_state *state,
                                    struct err *err)
{
	struct log_feed *feed;

	if (log_feed_start(&feed, source, options, err) < 0)
		return err->class;
	do
		wait_ms(1);
	while (!(*state = log_feed_state(feed)).ended);
	return log_feed_stop(&feed, err);
}

#endif
