/*
 * merged - the domains of a day, of all hosts that report through this one
 *
 *     merged_begin(merged, txn, day)
 *     while (merged_next(merged, txn, domain, &head))
 *             merged_load(merged, txn, domain, report, &err)
 *
 * Mostly there is this host alone: then these are its own heads and counts
 * (store/tally_table.h).  Where other hosts sent theirs
 * (store/host_day_table.h) a domain's day is the sum of all
 * (sealed/sealed_merge.h), and what became of it stands in
 * store/merged_table.h.
 */
#ifndef TLSTALLY_ROLLUP_MERGED_H
#define TLSTALLY_ROLLUP_MERGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "report/report.h"
#include "sealed/sealed_merge.h"
#include "store/db.h"
#include "store/host_day_table.h"
#include "store/merged_table.h"
#include "store/tally_table.h"

enum { MERGED_HOSTS_MAX = 64 };

struct merged {
	int32_t day;
	uint64_t fleet_id; /* whose day it is (store/day_table.h); 0 */
	struct host_day hosts[MERGED_HOSTS_MAX]; /* the others */
	size_t host_count;
	struct sealed_merge *merge;
	struct arena mem; /* of the counts of one domain */
	struct tally_head own;
	/* Of the domain at hand. */
	bool is_own; /* this host has a head of it, with `revision` */
	uint32_t revision;
	bool waits;   /* another host waits for its policy */
	bool is_late; /* this host's counts came after the sum was reported */
	struct merged_row row;
	const struct sealed_domain *sum; /* NULL: of none */
};

struct merged *merged_new(const struct conf *conf);
void merged_free(struct merged **merged);

/* Whose counts of the day there are, by now. */
void merged_begin(struct merged *merged, struct db_txn *txn, int32_t day);
/* First and last day with counts of any host; 0: there is none. */
int merged_day_range(struct db_txn *txn, int32_t *first, int32_t *last);
/* The last not after that day. */
int merged_days_until(struct db_txn *txn, int32_t day, int32_t *first,
                      int32_t *last);

/* What report-ids are made of: the fleet's id on its days, else this store's.
 */
uint64_t merged_seed(const struct merged *merged, uint64_t store_id);
/* May one more host send the day?  With too many it could never be closed. */
int merged_check_room(struct db_txn *txn, int32_t day, struct err *err);
/* Was a report of the domain made? */
bool merged_is_reported(struct db_txn *txn, int32_t day, const char *domain);

/* Are there others, and still the same days of the same ones? */
bool merged_has_others(const struct merged *merged);
bool merged_is_current(const struct merged *merged, struct db_txn *txn);
/* Domains of which some host says that it waits for their policies. */
uint64_t merged_waiting(const struct merged *merged);

/* The next domain after that one ("": the first) and its head: of all hosts its
 * counts, its record and its mark.  0: there are no more, or the transaction
 * has failed. */
int merged_next(struct merged *merged, struct db_txn *txn,
                char domain[TALLY_DOMAIN_TEXT], struct tally_head *head);
/* The same of the domain given; 0: nobody counted it. */
int merged_head(struct merged *merged, struct db_txn *txn, const char *domain,
                struct tally_head *head);

/* Policies and details of the domain given, as tally_load(). */
int merged_load(struct merged *merged, struct db_txn *txn, const char *domain,
                struct report *report, struct err *err);

/* What became of the domain, in a write transaction: for this host's head, if
 * it has one, with its revision, and for the sum. */
struct merged_mark {
	const char *domain;
	bool is_own;
	bool is_late; /* only this host's head gets a mark: TALLY_LATE */
	uint32_t revision;
	struct merged_row row;
};
void merged_mark_set(struct db_txn *txn, int32_t day, bool has_others,
                     const struct merged_mark *mark);

#endif
