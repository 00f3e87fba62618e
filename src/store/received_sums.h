/*
 * received_sums - what others say of us, summed up by day, domain of ours and
 * organization
 *
 * Charts and the posture of a domain (show/posture.h) read these rows and no
 * report:
 *
 *     2026-03-01  example.com  "Google Inc."   sessions 1200, failed 3
 *                              certificate-expired at mx2.example.com 3
 *
 * A report adds to them when it comes and takes it back when it is destroyed,
 * in the same transaction (store/received_table.c).  When it expires they stay,
 * until their day is purged.
 */
#ifndef TLSTALLY_STORE_RECEIVED_SUMS_H
#define TLSTALLY_STORE_RECEIVED_SUMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/domain.h"
#include "store/db.h"
#include "words/words.h"

enum {
	RECEIVED_TEXT = 256,
	RECEIVED_SUMS_RESULTS = 16,
	RECEIVED_FAULTS_NAMED = 36, /* hosts of a row; past that without */
	RECEIVED_FAULTS_MAX = RECEIVED_FAULTS_NAMED + RECEIVED_SUMS_RESULTS,
};

/* What it says of a domain of ours. */
struct received_sums {
	uint64_t reports;
	uint64_t success, failure; /* sessions */
	/* failed sessions by result, and all by the policy's type */
	uint64_t results[RECEIVED_SUMS_RESULTS];
	uint64_t policies[POLICY_TYPES];
};

/* The failed sessions by result, once more, and by MX host. */
struct received_faults {
	size_t count;
	struct received_fault {
		enum result_type result;
		char host[DOMAIN_TEXT]; /* or address; "": not known */
		uint64_t sessions;
	} at[RECEIVED_FAULTS_MAX];
};

/* Strangers say how many: a sum stays at the most there is. */
void received_sums_add(struct received_sums *sums,
                       const struct received_sums *by);

/* NULL: not known, and so is one that finds no room. */
void received_faults_add(struct received_faults *faults,
                         enum result_type result, const char *host,
                         uint64_t sessions);

/* One that a report is about. */
struct received_domain {
	const char *domain; /* canonical, or as it came */
	bool ours;
	struct received_sums sums;
	const struct received_faults *faults; /* NULL: none */
};

struct received_sum_row {
	int32_t day;
	char domain[DOMAIN_TEXT];
	char organization[RECEIVED_TEXT];
	struct received_sums sums;
	struct received_faults faults;
};

/* The next one; begin with day INT32_MIN and "".  1 or 0. */
int received_sums_next(struct db_txn *txn, struct received_sum_row *row);

/* Hands all of a domain's day to each(). */
typedef void received_sums_fn(void *arg, const struct received_sum_row *row);
void received_sums_of(struct db_txn *txn, int32_t day, const char *domain,
                      received_sums_fn *each, void *arg);

/* Adds what a report says of a domain, or takes it away. */
void received_sums_move(struct db_txn *txn, int32_t day,
                        const char *organization,
                        const struct received_domain *domain, bool away);

/* What one report added, beside it; the next of them, false at the end or where
 * it cannot be read (value->failed). */
void received_added_write(const struct received_domain *domain,
                          struct strbuf *out);
struct received_added {
	char domain[DOMAIN_TEXT];
	struct received_sums sums;
	struct received_faults faults;
};
bool received_added_next(struct reader *value, struct received_added *added);

/* Days before; at most DB_PURGE_ROWS rows, 1: there is more. */
int received_sums_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* Reads a row; one that cannot be read fails the transaction. */
void received_sums_check(struct db_txn *txn, const struct db_row *row);

#endif
