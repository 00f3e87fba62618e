/*
 * posture - how a domain of ours stands with those who send it mail
 *
 * By day, what senders say of it (store/received_sums.h) beside what the milter
 * saw come in (store/inbound_table.h); by MX host and result, what fails and
 * since when; who says so.  Facts go in, in the order of days, and one document
 * comes out: days, organizations, faults, hosts.  What it means is said by
 * show/posture_verdict.h.
 *
 *     posture = posture_new("example.com", first, last);
 *     posture_add_sums(posture, &row, NULL);
 *     posture_add_inbound(posture, day, &inbound, 12);
 *     posture_doc(posture, doc);
 *
 * Pure, but for posture_read(), which asks the store for the facts.
 */
#ifndef TLSTALLY_SHOW_POSTURE_H
#define TLSTALLY_SHOW_POSTURE_H

#include <stdint.h>

#include <jansson.h>

#include "inmail/inbound.h"
#include "store/db.h"
#include "store/received_sums.h"

enum {
	POSTURE_DAYS_MAX = 400,
	POSTURE_DAYS = 30,            /* where nobody says how many */
	POSTURE_ORGANIZATIONS = 1000, /* past that they count without name */
	POSTURE_FAULTS = 1000,
	POSTURE_NAMES = 10, /* organizations of a fault that are named */
};

struct posture;

/* At most POSTURE_DAYS_MAX days. */
struct posture *posture_new(const char *domain, int32_t first, int32_t last);
void posture_free(struct posture **posture);

/* An MX host that the domain publishes, or published until that day. */
void posture_add_host(struct posture *posture, const char *host, int32_t seen);

/* A row of the sums: of the domain, or of that host of it (NULL: none), whose
 * sums are those of all domains that have it. */
void posture_add_sums(struct posture *posture,
                      const struct received_sum_row *row, const char *host);

void posture_add_inbound(struct posture *posture, int32_t day,
                         const struct inbound *inbound, uint64_t messages);

void posture_doc(const struct posture *posture, json_t *doc);

/* All of that from the store, a transaction a day, for what posture_new() was
 * given. */
int posture_read(struct db *db, struct posture *posture, const char *domain,
                 int32_t first, int32_t last, struct err *err);

#endif
