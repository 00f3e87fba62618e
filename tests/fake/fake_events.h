/*
 * fake_events - datagrams into a store, the way tlstallyd does it
 *
 * Each call is the life of a small tlstallyd: a real collector decodes,
 * counts, commits with the feed's watermark, and ends.  No socket.
 */
#ifndef TLSTALLY_TESTS_FAKE_FAKE_EVENTS_H
#define TLSTALLY_TESTS_FAKE_FAKE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "store/db.h"

struct fake_events {
	struct db *db;
	const struct conf *conf;
	struct clock *clock;
	const char *feed; /* "events" */
	/* What they count waits to be applied: collector.h. */
	bool leaves_journal;
};

/* The i-th datagram, in a buffer that stays until the next one is asked for;
 * sets *len. */
typedef const char *fake_datagram_fn(void *arg, size_t i, size_t *len);

/* Counts so many datagrams; 0 of them: only the watermark moves on.
 * ERR_PARSE for one that tlstallyd would call bad, after counting it so. */
int fake_events_send(const struct fake_events *events, fake_datagram_fn *next,
                     void *arg, size_t count, struct err *err);

/* The same for one datagram, so many times. */
int fake_events_repeat(const struct fake_events *events, const char *datagram,
                       size_t count, struct err *err);

#endif
