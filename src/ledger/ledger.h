/*
 * ledger - what the hosts of a fleet write down for each other, in PostgreSQL
 *
 * A host's day stands there as it would in a file (sealed/sealed_day.h): its
 * head, a line for each domain, its end.  So who pulls it reads it as if it
 * were imported, and finds out by its sums and its SHA-256 whether it is whole.
 *
 *     ledger_open(&ledger, &options, &err)
 *     ledger_look(ledger, day, &view, &err)       what there is, at one moment
 *     ledger_ship_begin(), _lines() ..., _end()   a day of ours: all or nothing
 *     ledger_pull(ledger, day, host, take, ...)   a day of another host
 *     ledger_take_day(ledger, ...)                we make its reports
 *     ledger_close(&ledger)
 *
 * Here is what is asked and how it hangs together; what is to be done about it
 * is decided in fleet/.  Nothing here knows the store or the settings.
 *
 * Time: the database's, but in a ledger made for rehearsals (`fleet init
 * --rehearsal`), where it is what --now says.
 */
#ifndef TLSTALLY_LEDGER_LEDGER_H
#define TLSTALLY_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "sealed/sealed_day.h"
#include "words/words.h"

enum {
	LEDGER_SCHEMA = 1, /* the version that we know */
	LEDGER_TEXT = 128,
	LEDGER_MISSING = 512,
	LEDGER_DIGEST_TEXT = 65,
	/* of one ledger_ship_lines(), which costs some statements */
	LEDGER_BATCH_LINES = 2000,
	LEDGER_BATCH_BYTES = 4 * 1024 * 1024,
	LEDGER_BATCH_REPORTS = 256, /* of one ledger_reports() */
};

/* One life of a store: a restore begins another. */
struct ledger_life {
	uint64_t store_id;
	uint64_t epoch;
};

static inline bool ledger_life_is(const struct ledger_life *a,
                                  const struct ledger_life *b)
{
	return a->store_id == b->store_id && a->epoch == b->epoch;
}

struct ledger_host {
	char name[DOMAIN_TEXT];
	struct ledger_life life;
	uint64_t mark;       /* random: of its last shipment */
	uint64_t generation; /* shipments so far */
	int32_t since;       /* the first day that is the fleet's */
	int64_t seen_at;     /* secs, as all times here */
	bool retired;
	bool leaves;               /* it gives no more days */
	char version[LEDGER_TEXT]; /* of tlstally there */
	/* Digest of its settings; "": an older tlstally did not say it. */
	char settings[LEDGER_DIGEST_TEXT];
	int64_t ahead; /* secs: its clock is, of the database's; or < 0 */
};

/* What there is of a host's day. */
struct ledger_host_day {
	int32_t day;
	char host[DOMAIN_TEXT];
	struct ledger_life life;
	uint64_t revision; /* of the day's counts in that store */
	int64_t shipped_at;
	int64_t sealed_at; /* 0: not yet */
	struct sealed_totals totals;
};

/* A day of the fleet. */
struct ledger_day {
	int32_t day;
	int64_t first_seal_at;      /* 0: none has come */
	char reporter[DOMAIN_TEXT]; /* who makes its reports; "": nobody yet */
	uint64_t reporter_store;
	char missing[LEDGER_MISSING]; /* hosts that it was taken without */
	int64_t closed_at;            /* 0: some domains wait yet */
	int64_t done_at;              /* 0: some reports are not settled */
};

struct ledger_view {
	int64_t now;
	uint64_t fleet_id;
	bool rehearsal;
	char leader[DOMAIN_TEXT]; /* "": nobody */
	uint64_t leader_store;
	uint64_t fence;            /* grows with each change of the leader */
	int64_t lease_until;       /* of the leader */
	struct ledger_host *hosts; /* in the order of their names */
	size_t host_count;
	/* From the day asked for on, in the order of days and names. */
	struct ledger_host_day *host_days;
	size_t host_day_count;
	struct ledger_day *days;
	size_t day_count;
	struct arena mem;
};

void ledger_view_clear(struct ledger_view *view);

/* --- the ledger itself --- */

struct ledger_options {
	const char *url;
	int64_t told_now; /* of --now; 0: the database's clock */
};

struct ledger;

/* ERR_IO: it cannot be reached, is none, is another version's, or is for
 * rehearsals and there is no --now, or the other way round. */
int ledger_open(struct ledger **ledger, const struct ledger_options *options,
                struct err *err);
void ledger_close(struct ledger **ledger);
/* Nobody on the way can read it. */
bool ledger_is_private(struct ledger *ledger);

struct ledger_made {
	uint64_t fleet_id;
	bool rehearsal;
	bool was_there;
	int was_version, version; /* of the schema; was: 0 when it was not */
	char user[LEDGER_TEXT];   /* who owns it */
};

/* Makes it, or brings one of an older version up to date. */
int ledger_init(const char *url, bool rehearsal, struct ledger_made *made,
                struct err *err);

/* Clear it, or all zero. */
int ledger_look(struct ledger *ledger, int32_t from_day,
                struct ledger_view *view, struct err *err);

/* --- this host --- */

struct ledger_self {
	const char *name;
	struct ledger_life life;
	int32_t since;
	const char *version;
	uint64_t mark; /* of our last shipment, 0: none */
	uint64_t next; /* of the one to come */
	int64_t ahead; /* as in struct ledger_host */
	bool leaves;
};

/* Those of a host that say what a report is like, in the order of their
 * names. */
struct ledger_settings {
	char digest[LEDGER_DIGEST_TEXT];
	struct ledger_setting {
		const char *name, *value;
	} * list;
	size_t count;
	struct arena mem;
};

void ledger_settings_clear(struct ledger_settings *settings);

/* That we came by; nothing if we have no row yet.  settings: NULL when the
 * ledger has them as they are. */
int ledger_greet(struct ledger *ledger, const struct ledger_self *self,
                 const struct ledger_settings *settings, struct err *err);
/* Those that a host has greeted with.  Clear it, or all zero. */
int ledger_settings_get(struct ledger *ledger, const char *digest,
                        struct ledger_settings *settings, struct err *err);

/* May we begin to lead, or go on? */
struct ledger_lease {
	const char *name;
	uint64_t store_id;
	int64_t secs;
	bool now; /* whoever leads: `tlstally fleet lead` */
};
/* 1: we do, with a new fence if we did not before; 0: another one does. */
int ledger_lead(struct ledger *ledger, const struct ledger_lease *lease,
                struct err *err);
/* Not any more, if we did: who comes next may. */
int ledger_let_go(struct ledger *ledger, const struct ledger_lease *lease,
                  struct err *err);

/* --- shipping: one transaction, so nobody sees half a shipment --- */

/* ERR_NOTFOUND: the host's row is another's, or not what we left: ship nothing
 * and look again. */
int ledger_ship_begin(struct ledger *ledger, const struct ledger_self *self,
                      struct err *err);

/* A domain with its line of sealed_write_domain(), without its newline. */
struct ledger_line {
	const char *domain;
	const char *line;
	size_t len;
	const struct sealed_domain *counts;
};

/*
 * The domains of our day after `after` ("": from the first on), up to the last
 * of the lines or, with `last`, to the end: what differs is written, and what
 * is not among the lines any more goes.  *written is raised by those that were.
 */
int ledger_ship_lines(struct ledger *ledger, const char *host, int32_t day,
                      const char *after, const struct ledger_line *lines,
                      size_t count, bool last, uint64_t *written,
                      struct err *err);

/* The lines without their newlines. */
int ledger_ship_end(struct ledger *ledger, const struct ledger_self *self,
                    const struct ledger_host_day *host_day, const char *head,
                    const char *end, struct err *err);
/* Gives a shipment up that was begun. */
void ledger_ship_abort(struct ledger *ledger);

/* --- the host that reports --- */

/* Takes some lines, each with its newline. */
typedef int ledger_lines_fn(void *arg, const char *data, size_t len,
                            struct err *err);

/* The day as that host shipped it last, sealed or not.  ERR_NOTFOUND: it
 * shipped none of it. */
int ledger_pull(struct ledger *ledger, int32_t day, const char *host,
                ledger_lines_fn *take, void *arg, struct err *err);

/* Under the lease: the day is ours to report from now on, also when a host that
 * led before has left it half done.  1; 0: all of it is done, or we do not lead
 * any more. */
int ledger_take_day(struct ledger *ledger, const struct ledger_lease *lease,
                    uint64_t fence, int32_t day, const char *missing,
                    struct err *err);
/* All its reports are made. */
int ledger_close_day(struct ledger *ledger, uint64_t store_id, int32_t day,
                     struct err *err);
/* And settled. */
int ledger_end_day(struct ledger *ledger, uint64_t store_id, int32_t day,
                   struct err *err);

/* --- its reports, from the first claim of each on --- */

/* One of the places to which a report goes. */
struct ledger_destination {
	uint16_t place; /* its index in the report */
	const char *uri;
	bool is_copy;
	const char *token, *sender, *envelope; /* "" before the first claim */
	int64_t date;
	enum delivery_state state;
	bool uncertain;
	uint32_t attempts;
	int64_t first_attempt, last_attempt, due;
	const char *answer;
	/* For ledger_claim(): this run is to send it; and what came of that:
	 * it is known to be sent, or given up, and is not to be sent again. */
	bool is_claimed, is_known;
	uint64_t fence; /* under which it was claimed; for ledger_settle() */
};

enum ledger_report_state {
	LEDGER_REPORT_OPEN,
	LEDGER_REPORT_HELD,
	LEDGER_REPORT_DELETED, /* by a person */
	LEDGER_REPORT_DONE,    /* all its destinations are settled */
	LEDGER_REPORT_STATES
};

/* Who takes a day over sends what stands here, and makes the others anew. */
struct ledger_report {
	int32_t day;
	const char *domain;
	const char *report_id;
	enum ledger_report_state state;
	const void *body; /* gzip; NULL: it is done, or cannot be read */
	size_t body_len;
	int64_t deliver_at;
	uint64_t outbox_id; /* in the store that claims it */
	struct ledger_destination *destinations;
	size_t destination_count;
};

/*
 * Writes the reports down, all or none, under the lease and its fence, and
 * renews the lease: what is_claimed may be sent then, unless it is_known.  1;
 * 0: we do not lead any more, and nothing may be sent.
 */
int ledger_claim(struct ledger *ledger, const struct ledger_lease *lease,
                 uint64_t fence, struct ledger_report *reports, size_t count,
                 struct err *err);
/* What came of it, unless somebody has taken it over; bodies of what is settled
 * go. */
int ledger_settle(struct ledger *ledger, uint64_t store_id,
                  const struct ledger_report *reports, size_t count,
                  struct err *err);
/* We still lead, and go on.  As ledger_claim() of nothing. */
int ledger_keep(struct ledger *ledger, const struct ledger_lease *lease,
                uint64_t fence, struct err *err);

struct ledger_reports {
	struct ledger_report *list; /* in the order of their domains */
	size_t count;
	struct arena mem;
};

void ledger_reports_clear(struct ledger_reports *reports);
/* Of a day, those after the domain ("": from the first on);
 * LEDGER_BATCH_REPORTS of them, or the last ones.  Clear it, or all zero. */
int ledger_reports(struct ledger *ledger, int32_t day, const char *after,
                   struct ledger_reports *reports, struct err *err);
/* Those that are in flight by claims of that store, without their other
 * destinations. */
int ledger_reports_in_flight(struct ledger *ledger, uint64_t store_id,
                             struct ledger_reports *reports, struct err *err);

/* --- what the hosts know together --- */

struct ledger_suppression {
	const char *address;
	int64_t since, until;
	bool by_hand;
	const char *reason;
	bool is_deleted;
	int64_t changed_at; /* there */
};

struct ledger_suppressions {
	struct ledger_suppression *list;
	size_t count;
	struct arena mem;
};

/* only_new: what the ledger knows of such addresses stays. */
int ledger_suppress(struct ledger *ledger,
                    const struct ledger_suppression *rows, size_t count,
                    bool only_new, struct err *err);
/* That changed then or later.  Clear them, or all zero. */
int ledger_suppressions_since(struct ledger *ledger, int64_t since,
                              struct ledger_suppressions *got, struct err *err);
void ledger_suppressions_clear(struct ledger_suppressions *suppressions);

/* Attempts to deliver; receiver "": all of them. */
struct ledger_rate {
	const char *receiver;
	uint64_t attempts;
};

struct ledger_rates {
	struct ledger_rate *list;
	size_t count;
	struct arena mem;
};

/* Those of a host in an hour (secs / 3600), as many as there are by now. */
int ledger_rates_put(struct ledger *ledger, const char *host, int64_t hour,
                     const struct ledger_rate *rates, size_t count,
                     struct err *err);
/* Those of all other hosts added up; only_sum: of all receivers.  Clear them,
 * or all zero. */
int ledger_rates_of_others(struct ledger *ledger, const char *host,
                           int64_t hour, bool only_sum,
                           struct ledger_rates *got, struct err *err);
void ledger_rates_clear(struct ledger_rates *rates);

/* What is older than that (secs) and of no use. */
int ledger_purge_shared(struct ledger *ledger, int64_t before, struct err *err);

/* --- bounces that came to hosts which did not send what bounces --- */

enum { LEDGER_TOKEN_TEXT = 64 };

struct ledger_bounce {
	const char *token;
	const char *text; /* of inmail/dsn_kept.h */
};

struct ledger_bounces {
	struct ledger_bounce *list; /* in the order of their tokens */
	size_t count;
	struct arena mem;
};

/* One whose token is that of no destination is not written. */
int ledger_put_bounce(struct ledger *ledger, const char *host,
                      const char *token, const char *text, struct err *err);
void ledger_bounces_clear(struct ledger_bounces *bounces);
/* Some, after that token; none: these were all.  Clear it, or all zero. */
int ledger_bounces(struct ledger *ledger, const char *after,
                   struct ledger_bounces *bounces, struct err *err);
/* It was taken; bounced: so its destination stands there as that, too. */
int ledger_end_bounce(struct ledger *ledger, const char *token, bool bounced,
                      const char *answer, struct err *err);

/* --- the operator --- */

/* 1; 0: there is no such host. */
int ledger_retire(struct ledger *ledger, const char *host, struct err *err);

/* Deletes what is of days before, a host's day at a time; 1: there is more. */
int ledger_purge(struct ledger *ledger, int32_t before, struct err *err);

#endif
