/*
 * world - what a scenario happens in
 *
 * A temporary store, settings, a clock that stands until `now` moves it, and
 * receivers that answer as they are told.  The counting, the rollup and the
 * outbox are the real ones.
 */
#ifndef TLSTALLY_TESTS_SCENARIO_WORLD_H
#define TLSTALLY_TESTS_SCENARIO_WORLD_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/clock_record.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "conf/conf.h"
#include "fake/fake_transport.h"
#include "outbox/outbox.h"
#include "rollup/rollup.h"
#include "scenario/words.h"
#include "store/db.h"
#include "store/purge.h"

/* Every scenario is lived through four times: as it is told; with a tlstallyd
 * that is killed whenever it has committed, so that its counts wait in the
 * journal; and so with the clock set a year ahead, or back, for a moment each
 * time that time passes. */
enum disturbance {
	UNDISTURBED,
	DISTURBED_KILLED,
	DISTURBED_AHEAD,
	DISTURBED_BACK,
	DISTURBANCES
};

struct world {
	const char *tests; /* where the data is: the folder tests */
	char *directory;
	struct db *db;
	struct conf conf;
	struct clock clock;
	int64_t paused_ms; /* by the hypervisor: the boot clock missed it */
	unsigned boots;
	bool synchronised; /* says the kernel of the clock */
	bool unwatched;    /* nobody asks whether the time is right */
	struct clock_record clock_record;
	enum disturbance disturbed;
	bool leaves_journal;
	bool daemon_stands; /* no watermark but what `feed` says */
	bool daemon_seen;
	bool logd_seen;
	struct fake_world receivers;
	size_t sent_before; /* the last `deliver` */
	struct rollup_result rolled;
	struct outbox_result delivered;
	struct strbuf log;     /* lines that nobody expected yet */
	bool postfix_known;    /* `postfix` has told how it is set */
	struct strbuf main_cf; /* as postconf prints it */
	struct strbuf services;
	struct strbuf overrides;
};

int world_open(struct world *world, const char *tests,
               enum disturbance disturbed, struct err *err);
void world_close(struct world *world);

/* NAME in tests/scenario/data, tests/golden, tests/data/datagrams or
 * tests/data/maillog, whichever is there. */
int world_read_file(const struct world *world, const char *name,
                    struct strbuf *out, struct err *err);

/* A verb: its words in, 0 or why not. */
typedef int verb_fn(struct world *world, struct words *words, struct err *err);

struct verb {
	const char *name;
	const char *usage;
	verb_fn *run;
};

/* Tables, ended by a row without a name: what can be done, and what can be
 * looked at ("expect ..."). */
extern const struct verb act_verbs[];
extern const struct verb expect_verbs[];

/* clock.c */
verb_fn act_clock, act_purge, expect_clock;
/* What time it is, whatever the clock says. */
int64_t world_true_ms(const struct world *world);
/* As the programs do when they begin, and daemons once a minute. */
int world_watch(struct world *world, struct err *err);
int world_disturb(struct world *world, struct err *err);

/* act_verbs' ways of counting. */
verb_fn act_datagram, act_event;
/* The same by the mail log: sessions, what look-ups found, and both brought
 * together (logged.c). */
verb_fn act_milter, act_seen, act_accepted, act_inbound,
	act_optional;                /* milter.c */
verb_fn act_bounce;                  /* bounced.c */
verb_fn act_postfix, expect_nobodys; /* logged.c */
verb_fn act_logged, act_log, act_known, act_unanswered, act_apply;
verb_fn act_told;
verb_fn act_policyd;

/* tlstally-logd has read the log up to now. */
int logged_up_to(struct world *world, struct err *err);

/* Finds the verb by its first word and runs it; words left over are an
 * error. */
int verb_run(const struct verb *verbs, struct world *world, struct words *words,
             struct err *err);

#endif
