/*
 * meta_table - what stands in a store once
 *
 * Numbers, the record of when the host's clocks last agreed
 * (base/clock_record.h), how the last report that the milter saw was signed,
 * how tlstally-policyd is, the ledger of a fleet, and how much of a day came
 * from strangers.
 */
#ifndef TLSTALLY_STORE_META_TABLE_H
#define TLSTALLY_STORE_META_TABLE_H

#include "base/clock_record.h"
#include "base/day.h"
#include "base/domain.h"
#include "domain/dkim.h"
#include "domain/site_level.h"
#include "store/db.h"

#define META_SCHEMA "schema"
#define META_STORE_ID "store-id"
#define META_SEED "seed"
#define META_EPOCH "epoch"
#define META_LAST_POLICY_ID "last-policy-id"
#define META_LAST_OUTBOX_ID "last-outbox-id"
#define META_LAST_RECEIVED_ID "last-received-id"
#define META_RECEIVED_PURGED "received-purged" /* a day + 1 */
#define META_CLOCK "clock"
#define META_LAST_RUN "last-run" /* secs */
#define META_EXPORTED "exported" /* secs: a day was, or was fetched */
#define META_SIGNATURE "signature"
#define META_POLICYD "policyd"
#define META_FLEET "fleet"
#define META_TOLD_UNTIL "told-until" /* secs: told_until() */

/* The number of that name; 0: there is none, and none of them is 0. */
uint64_t meta_get(struct db_txn *txn, const char *name);
void meta_put(struct db_txn *txn, const char *name, uint64_t v);

/* 1, or 0: there is none yet. */
int meta_clock_get(struct db_txn *txn, struct clock_record *record);
void meta_clock_put(struct db_txn *txn, const struct clock_record *record);
/* The store has come to another host, or back from long ago. */
void meta_clock_forget(struct db_txn *txn);

/* Of reports of ours that went through the milter. */
struct signature_seen {
	int64_t seen_at;   /* secs: the last one; 0: none */
	int64_t signed_at; /* secs: the last one with our signature; 0: none */
	bool is_signed;    /* the last one, by the submitter's domain */
	/* Of the last signature, "" when there was none: whose, and under
	 * which name its key is. */
	struct dkim_name by;
};

int meta_signature_get(struct db_txn *txn, struct signature_seen *seen);
void meta_signature_put(struct db_txn *txn, const struct signature_seen *seen);

/* Of tlstally-policyd. */
struct policyd_seen {
	int64_t seen_at;         /* secs: it ran; written every ten seconds */
	int64_t outage_since;    /* secs: the resolver answers it nothing; 0 */
	int64_t unreached_since; /* secs: no policy host does; 0 */
	bool validates;          /* the resolver has validated by DNSSEC */
	bool does_dane;   /* Postfix does, by postconf or [policyd] level */
	bool leaves_out;  /* TLSRPT, since this Postfix cannot read it */
	uint64_t answers; /* ready in memory */
	/* policy_site's, where SITE_LEVELS stands for levels that differ */
	enum site_level level;
	unsigned own;
	bool verifies_host;
};

enum {
	POLICYD_SILENT_SECS = 60,
	POLICYD_IN_USE_SECS = 2 * DAY_SECS, /* not seen for so long: given up */
};
bool meta_policyd_is_up(const struct policyd_seen *seen, int64_t now);
bool meta_policyd_is_in_use(const struct policyd_seen *seen, int64_t now);

/* Of the ledger ([fleet] ledger), as the last run found it. */
struct fleet_seen {
	uint64_t id;         /* of the fleet; 0: it was never reached */
	int32_t since;       /* the first day that is the fleet's; 0: none */
	uint64_t mark;       /* of our last shipment there; 0: none */
	uint64_t next;       /* of the one that may be on its way; 0 */
	int64_t seen_at;     /* secs: it was reached */
	int64_t trouble_at;  /* secs: since when it cannot be, or is not fed */
	int64_t lease_until; /* secs: of the host that leads */
	uint64_t fence;      /* under which this host does; 0: it does not */
	/* It leaves: the first day that is its own again.  When it has left,
	 * since is 0. */
	int32_t until;
	int64_t ahead;    /* secs: this clock is, of the database's; or < 0 */
	int64_t relay_at; /* secs: its own mail relay took nothing; 0 */
	bool exposed;     /* others on the way can read what is shipped */
	char leader[DOMAIN_TEXT];
	char trouble[256]; /* "": none */
	/* Names of settings that the leader has otherwise; "": none. */
	char differs[256];
	/* The store's when it last met the ledger: a restore begins another
	 * one, and what stands here of the ledger is older than the ledger
	 * then. */
	uint64_t epoch;
	/* Up to where suppressions are shared: the store's state of them, in
	 * that epoch, and the ledger's time (secs). */
	uint64_t suppress_epoch, suppress_state;
	int64_t suppress_at;
	int64_t claims_trouble_at; /* secs: since when reports wait for it */
	char claims_trouble[256];  /* and why; "": they do not */
	/* Reports that could not be read there when their day was taken. */
	uint64_t left_out;
	int64_t left_out_at; /* secs; 0: never */
	char left_out_first[512];
};

/* 1; or 0, and it is all zero. */
int meta_fleet_get(struct db_txn *txn, struct fleet_seen *seen);
void meta_fleet_put(struct db_txn *txn, const struct fleet_seen *seen);

int meta_policyd_get(struct db_txn *txn, struct policyd_seen *seen);
void meta_policyd_put(struct db_txn *txn, const struct policyd_seen *seen);

#endif
