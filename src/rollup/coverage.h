/*
 * coverage - mail went out, and was a TLS session counted?
 *
 * The milter counts messages accepted for other sites; a feed counts their TLS
 * sessions.  Mail to a domain and no session of it is a sign that the feed is
 * broken: smtp_tlsrpt_enable lost in an upgrade, another socket, a log that
 * goes elsewhere.  One such domain proves nothing: its mail may be in the queue
 * still, or went over a connection that was open for another domain.  All of
 * them, and COVERAGE_MESSAGES_MIN messages, are told as a broken feed.
 *
 * Postfix sends events only for a policy domain (the next hop) that has a
 * TLSRPT record, so on that feed only domains are judged that are known to have
 * one: by the policy cache, or since they were counted with it within a week.
 * The log has lines for every domain; next hops that [log] count_private may
 * leave out are not judged.
 *
 * Mail gets COVERAGE_QUIET_SECS to leave the queue: so long after its end a day
 * that is over is looked at, and what was counted since counts for it, too;
 * today is once the feed has been quiet for that time.
 */
#ifndef TLSTALLY_ROLLUP_COVERAGE_H
#define TLSTALLY_ROLLUP_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/domain.h"
#include "conf/conf.h"
#include "store/db.h"
#include "words/feed.h"

enum {
	COVERAGE_MESSAGES_MIN = 5,
	COVERAGE_QUIET_SECS = 3 * 3600,
	COVERAGE_LIST_MAX = 20,
};

struct coverage_item {
	char domain[DOMAIN_TEXT];
	char next_hop[DOMAIN_TEXT];
	uint64_t messages;
};

struct coverage {
	int32_t day;
	bool looked;                  /* false: it is too early for that day */
	const struct feed_kind *feed; /* which one is looked at */
	uint64_t domains;             /* judged */
	uint64_t messages;            /* to those */
	uint64_t uncovered;           /* of those, without a session */
	uint64_t unjudged;            /* other domains */
	bool broken;
	size_t listed; /* uncovered, the most messages first */
	struct coverage_item list[COVERAGE_LIST_MAX];
};

int coverage_look(struct db *db, const struct conf *conf, int32_t day,
                  int64_t now, struct coverage *coverage, struct err *err);

#endif
