#include "fake/fake_events.h"

#include <string.h>

#include "base/auto.h"
#include "intake/collector.h"

enum { SOFT_BYTES = 16 * 1024 * 1024, HARD_BYTES = 24 * 1024 * 1024 };

/* As dgram.c does it for what came from the socket. */
static int count_one(struct collector *collector, struct session *session,
                     const char *data, size_t len, struct err *err)
{
	struct memo_event event = {.data = data, .len = len};
	enum bad_input bad;

	collector_prepare(collector, &event, 1);
	if (collector_recall(collector, &event))
		return 0;
	bad = datagram_decode(data, len, session, err);
	if (bad == BAD_NONE) {
		collector_learn(collector, &event, session);
		return 0;
	}
	collector_bad(collector, bad);
	return err_prefix(err, "%s", word_api(&words_bad_input, bad));
}

static int count_all(struct collector *collector, fake_datagram_fn *next,
                     void *arg, size_t count, struct err *err)
{
	auto_(session_clear) struct session session;
	int rc = 0;

	session_init(&session);
	collector_begin(collector);
	for (size_t i = 0; i < count; i++) {
		size_t len;
		const char *data = next(arg, i, &len);
		int one = count_one(collector, &session, data, len, err);

		rc = rc == 0 ? one : rc;
	}
	collector_end(collector);
	return rc;
}

int fake_events_send(const struct fake_events *events, fake_datagram_fn *next,
                     void *arg, size_t count, struct err *err)
{
	struct collector_options options = {
		.committer = {.feed = events->feed,
	                      .db = events->db,
	                      .clock = events->clock,
	                      .interval_ms = 10000},
		.limits = {events->conf->store.max_policies,
	                   events->conf->store.max_details, SOFT_BYTES,
	                   HARD_BYTES},
		.leaves_journal = events->leaves_journal,
	};
	auto_(collector_free) struct collector *collector =
		collector_new(&options);
	struct err stop_err = {0};
	int rc = 0;

	if (count > 0)
		rc = count_all(collector, next, arg, count, err);
	if (collector_start(collector, &stop_err) < 0 ||
	    collector_stop(collector, &stop_err) < 0)
		return err_set(err, stop_err.class, "%s", stop_err.text);
	return rc;
}

static const char *same_again(void *arg, size_t i, size_t *len)
{
	(void)i;
	*len = strlen(arg);
	return arg;
}

int fake_events_repeat(const struct fake_events *events, const char *datagram,
                       size_t count, struct err *err)
{
	return fake_events_send(events, same_again, (void *)(uintptr_t)datagram,
	                        count, err);
}
