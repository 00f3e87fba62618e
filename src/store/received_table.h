/*
 * received_table - what others report about us
 *
 * A row a report, beside it the report itself as it came, gzipped: what is
 * shown of it is read again (received/received_report.h), so nothing of it is
 * ever lost; and when it expires.  What those that count say is summed up
 * (store/received_sums.h).
 *
 * The same report may come several times.  Of one that is authenticated the
 * first by submitter, organization, report-id and day is kept; of the others,
 * who say what they like, and of those without a report-id, each that has other
 * bytes, so that nobody can take the place of somebody else.
 */
#ifndef TLSTALLY_STORE_RECEIVED_TABLE_H
#define TLSTALLY_STORE_RECEIVED_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "store/db.h"
#include "store/received_sums.h"
#include "words/words.h"

enum { RECEIVED_NAMES_MAX = 1024 * 1024 };

struct received_row {
	uint64_t id;         /* rising; set by received_put() */
	int64_t received_at; /* secs */
	int64_t expires_at;  /* secs: when it is purged; 0: never */
	int32_t day;         /* UTC, that it is about */
	enum received_way way;
	bool authenticated;
	bool counts;      /* in the sums */
	uint32_t ours;    /* policies about domains of ours */
	uint32_t foreign; /* and others */
	uint32_t problems;
	uint64_t success, failure; /* sessions of the policies that are ours;
	                              of all when none is */
	uint32_t results;          /* bits: those that sessions failed with */
	uint64_t bytes;            /* of the report, unpacked */
	/* Cut at a character's end; "": absent. */
	char domain[DOMAIN_TEXT]; /* the first that is ours, else the first */
	char submitter[DOMAIN_TEXT]; /* who signed; else as the mail says */
	char organization[RECEIVED_TEXT];
	char report_id[RECEIVED_TEXT];
	char from[RECEIVED_TEXT];
	char to[RECEIVED_TEXT];
	char subject[RECEIVED_TEXT];
};

/* The next by id (begin with 0), or that one: 1 or 0. */
int received_next(struct db_txn *txn, struct received_row *row);
int received_get(struct db_txn *txn, uint64_t id, struct received_row *row);

/* Appends the report as it came, gzipped; false: there is none. */
bool received_body(struct db_txn *txn, uint64_t id, struct strbuf *gzip);

/* Appends what it added to the sums (received_added_next()). */
void received_added(struct db_txn *txn, uint64_t id, struct strbuf *added);
/* Adds that to the sums once more, or takes it away. */
void received_move_added(struct db_txn *txn, const struct received_row *row,
                         bool away);

/* 1: it is new, and row->id its id; 0: it has come before, and row->id is that
 * of the first.  The sums of those that are ours are added when row->counts;
 * the names are kept of all, within RECEIVED_NAMES_MAX bytes. */
int received_put(struct db_txn *txn, struct received_row *row, const void *gzip,
                 size_t len, const struct received_domain *domains,
                 size_t count);

/* Is the report, of which this is the row, also about that domain (capitals
 * make no difference)? */
bool received_is_about(struct db_txn *txn, const struct received_row *row,
                       const char *domain);
/* Or about one that has this in its name? */
bool received_names_have(struct db_txn *txn, const struct received_row *row,
                         const char *text);

/* The domains in it that are not ours, as it came, in `mem`; how many.  Not
 * more than fit RECEIVED_NAMES_MAX. */
size_t received_others(struct db_txn *txn, const struct received_row *row,
                       struct arena *mem, const char ***names);

/* Takes it away, and what it added to the sums.  1, or 0: there is none. */
int received_delete(struct db_txn *txn, uint64_t id);

/* Reports that have expired, whose sums stay, at most DB_BATCH_ROWS; and what
 * has come already, of days before, at most DB_PURGE_ROWS.  1: there is more.
 */
int received_purge(struct db_txn *txn, int64_t now, uint64_t *rows);
int received_seen_purge(struct db_txn *txn, int32_t before, uint64_t *rows);

/* The newest day of which a report that counted has expired; INT32_MIN. */
int32_t received_purged_day(struct db_txn *txn);

/* Reads a row of its tables; one that cannot be read fails the transaction
 * (row_check.h). */
void received_check(struct db_txn *txn, const struct db_row *row);

#endif
