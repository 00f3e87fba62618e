/*
 * fleet_rule - what is to be done, by what the ledger says
 *
 * Pure: no database, no store, no clock.  What the ledger says is a struct
 * ledger_view; what this host knows of a day of its own is a struct
 * fleet_own_day.
 */
#ifndef TLSTALLY_FLEET_FLEET_RULE_H
#define TLSTALLY_FLEET_FLEET_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "ledger/ledger.h"

enum {
	FLEET_DAYS = 8,        /* that are shipped: today, and so many before */
	FLEET_EXPECT_DAYS = 2, /* who shipped one of so many days before it */
	FLEET_SEAL_SECS = 3600, /* from the first seal of a day on, at least */
	FLEET_LEASE_SECS = 20 * 60,
	FLEET_CLOCK_SECS = 10 * 60, /* that a clock may be off, unsaid */
	FLEET_RELAY_SECS = 30 * 60, /* that a relay is known to fail */
};

/* The connection can be read on its way: what to do. */
extern const char fleet_exposed_words[];

/* --- finding in a view; NULL: there is none --- */

const struct ledger_host *fleet_host(const struct ledger_view *view,
                                     const char *name);
const struct ledger_host_day *fleet_host_day(const struct ledger_view *view,
                                             int32_t day, const char *host);
const struct ledger_day *fleet_day(const struct ledger_view *view, int32_t day);

/* --- shipping --- */

struct fleet_own_day {
	int32_t day;
	uint64_t revision; /* of its counts */
	bool complete;     /* over, and all feeds are past it */
	uint64_t waiting;  /* domains that wait for their policies */
};

enum fleet_ship {
	FLEET_SHIP_NOTHING,
	FLEET_SHIP_COUNTS, /* as they are by now */
	FLEET_SHIP_SEALED,
};

enum fleet_ship fleet_ship_what(const struct ledger_view *view,
                                const char *name,
                                const struct ledger_life *life,
                                const struct fleet_own_day *own,
                                int64_t every_secs);

/* --- is the row of our name ours? --- */

enum fleet_row {
	FLEET_ROW_NONE,
	FLEET_ROW_OURS,      /* as the store left it */
	FLEET_ROW_CONFIRMED, /* by the shipment whose answer we never got */
	FLEET_ROW_RESTORED,  /* by the store that ours is a backup of */
	FLEET_ROW_COPIED,    /* by a copy of our store, or ours was set back */
	FLEET_ROW_OTHERS,    /* by a host with another store */
};

/* mark and next: what the store knows of its last and its next shipment. */
enum fleet_row fleet_row_of(const struct ledger_view *view, const char *name,
                            const struct ledger_life *life, uint64_t mark,
                            uint64_t next);

/* --- leading --- */

/* Who asks whether it may lead. */
struct fleet_candidate {
	const char *name;
	uint64_t store_id;
	const char *settings; /* digest */
	int64_t relay_at;     /* its relay failed, by its own clock; 0 */
	int64_t now;          /* by that, too */
	bool leaves;
};

enum fleet_lead {
	FLEET_LEAD_MAY,
	FLEET_LEAD_LEAVES,   /* the fleet, and others stay */
	FLEET_LEAD_SETTINGS, /* are not those of the host that led last */
	FLEET_LEAD_RELAY,    /* fails, and another host could do it */
};

/* What a host that leaves has to do yet. */
struct fleet_left {
	uint64_t to_seal;   /* days */
	uint64_t to_decide; /* sealed ones with domains that wait */
	uint64_t to_take;   /* days whose reports another host must take over */
	int32_t last_day;   /* of them; 0: there is none */
};

void fleet_left(const struct ledger_view *view, const char *name,
                const struct ledger_life *life, int32_t first, int32_t until,
                struct fleet_left *left);

enum fleet_lead fleet_may_lead(const struct ledger_view *view,
                               const struct fleet_candidate *me);

/* The host that leads or led last, and whose settings the others must have;
 * NULL when it is gone, or has not said which it has. */
const struct ledger_host *fleet_model(const struct ledger_view *view);

/* --- reporting --- */

/* Is the day waited for until this host has sealed it?  expect: [fleet] expect;
 * when it is empty, all that shipped lately. */
bool fleet_is_expected(const struct ledger_view *view,
                       const struct conf_list *expect,
                       const struct ledger_host *host, int32_t day);

/* The names of expected hosts that have not sealed the day, with commas; "". */
void fleet_day_missing(const struct ledger_view *view, const struct conf *conf,
                       int32_t day, char missing[LEDGER_MISSING]);

/* Adds one to such names. */
void fleet_add_name(char missing[LEDGER_MISSING], const char *name);

/* After it a day is reported without who has not sealed it. */
bool fleet_deadline_is_over(const struct ledger_view *view,
                            const struct conf *conf, int32_t day);

enum fleet_ready {
	FLEET_READY_NOT_YET,
	FLEET_READY_WHOLE,
	FLEET_READY_INCOMPLETE, /* the deadline is over */
};

/* missing: fleet_day_missing(). */
enum fleet_ready fleet_day_ready(const struct ledger_view *view,
                                 const struct conf *conf, int32_t day,
                                 char missing[LEDGER_MISSING]);

#endif
