/*
 * jmap_view - what is found out when somebody asks for it
 *
 * Not every answer is a row of the store: the state of everything, the sums of
 * some days, what DNS says about a domain now.  A view is asked for with /get
 * (RFC 8620 section 5.1) and has no other method; it is another each time, and
 * so is its state.  No transaction is open while it is made: each opens short
 * ones of its own, for one of them may take a while.
 *
 *     tally:Status    jmap/view_status.c    "singleton"
 *     tally:Doctor    jmap/view_status.c    "singleton"
 *     tally:Overview  jmap/view_overview.c  "d2026-03-01_2026-03-30"
 *     tally:InboundOverview  jmap/view_inbound.c  as tally:Overview
 *     tally:Lookup    jmap/view_lookup.c    "example_com"
 *     tally:Posture   jmap/view_posture.c "d2026-03-01_2026-03-30-example_com"
 *     tally:PostureOverview  jmap/view_posture.c  as tally:Overview
 *     tally:Preview   jmap/view_preview.c   "d20513-example_com"
 */
#ifndef TLSTALLY_JMAP_JMAP_VIEW_H
#define TLSTALLY_JMAP_JMAP_VIEW_H

#include "jmap/jmap_method.h"

/* One /get at work. */
struct jmap_look {
	struct jmap_run *run;
	const json_t *wanted; /* names of properties; NULL: all */
	bool refresh;
	struct jmap_failure *failure;
};

struct jmap_view {
	const char *name;
	enum jmap_permission get;
	const char *const *properties; /* beside the id; NULL at the end */
	size_t max_ids;                /* of one /get */
	const char *only_id; /* what "ids: null" means; NULL: nothing */
	bool can_refresh;    /* "refresh: true": nothing that is kept will do */
	/* 1 and the object without its id, 0: there is none, negative:
	 * look->failure. */
	int (*look)(struct jmap_look *look, const char *id, json_t **object);
};

json_t *jmap_view_get(struct jmap_run *run, const struct jmap_view *view,
                      json_t *args, struct jmap_failure *failure);

#endif
