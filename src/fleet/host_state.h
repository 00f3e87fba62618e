/*
 * host_state - how each of several hosts stands: is its last day here?
 *
 * Those of the section [fleet] in the order of the settings, then others that
 * sent a day lately.  What is asked for is yesterday.
 */
#ifndef TLSTALLY_FLEET_HOST_STATE_H
#define TLSTALLY_FLEET_HOST_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/fleet_hosts.h"
#include "store/db.h"
#include "store/host_day_table.h"
#include "words/words.h"

enum { HOST_STATE_DAYS = 7, HOST_STATE_WORDS = 512 };

struct host_state {
	char name[DOMAIN_TEXT];
	bool is_expected; /* [fleet] names it */
	bool is_fetched;
	enum host_status status;
	struct host_day last;    /* the last day that is here; slot 0: none */
	struct host_fetch fetch; /* of yesterday, where it is fetched */
	char words[HOST_STATE_WORDS]; /* how it stands, and what to do; "" */
};

/* The next one; begin with *place 0.  False: there are no more, or the
 * transaction has failed. */
bool host_state_next(struct db_txn *txn, const struct conf *conf, int64_t now,
                     size_t *place, struct host_state *state);

#endif
