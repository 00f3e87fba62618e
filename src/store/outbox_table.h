/*
 * outbox_table - reports that wait, and each of their destinations
 *
 * One fixed-size head row a report (filters and sorts read heads only), one
 * row a destination, one body row (the gzipped JSON of report/report_json,
 * stored form); what is due when stands in store/due_table.h.  A destination in
 * flight stands there at the end of its lease: when the run that claimed it
 * dies, it comes up again by itself.
 */
#ifndef TLSTALLY_STORE_OUTBOX_TABLE_H
#define TLSTALLY_STORE_OUTBOX_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/hash.h"
#include "domain/rua.h"
#include "reply/delivery_state.h"
#include "reply/ports.h"
#include "report/report_id.h"
#include "store/db.h"
#include "words/words.h"

enum { OUTBOX_MISSING = 160 };

struct outbox_head {
	uint64_t id; /* time-ordered, below 2^63 */
	char domain[DOMAIN_TEXT];
	int32_t day;
	enum outbox_status status;
	bool frozen;  /* bytes were fixed by a first claim */
	bool planned; /* deliver_at is ours; else a person's */
	/* Of a day of the fleet: it goes only when the ledger knows of it
	 * (outbox/outbox.h). */
	bool of_fleet;
	int64_t created_at;
	int64_t deliver_at;
	int64_t done_at;           /* archive only */
	int64_t start, end;        /* of the report */
	uint64_t success, failure; /* sessions, of all policies */
	uint32_t policy_count;
	uint16_t destination_count;
	uint16_t delivered_count; /* without copies */
	uint32_t body_len;
	char report_id[REPORT_ID_TEXT];
	/* hosts that had not sent the day, with commas: what they counted is
	 * not in the report; "" */
	char missing[OUTBOX_MISSING];
};

enum { OUTBOX_TRIES = 10, OUTBOX_TOKEN_TEXT = 33 };

/* For `due`: when its receiver's turn comes (store/due_table.h). */
enum { OUTBOX_DUE_IN_TURN = -1 };

/* One attempt to deliver, and what came of it. */
struct outbox_try {
	int64_t at;
	char answer[256]; /* "": none came, or its run ended before it did */
};

struct outbox_destination {
	uint16_t index; /* in the report */
	struct rua rua;
	enum delivery_state state;
	uint32_t attempts;
	int64_t first_attempt;
	int64_t last_attempt;
	int64_t due;        /* next attempt, or end of the lease; 0: never;
	                       OUTBOX_DUE_IN_TURN */
	uint64_t lease_run; /* random id of the run that has it; 0 */
	/* hex, fixed at the first claim; "" before */
	char token[OUTBOX_TOKEN_TEXT];
	/* mail: From: and the envelope's sender, fixed with the token; "" */
	char from[RUA_ADDRESS_MAX + 1];
	char envelope[RUA_ADDRESS_MAX + 1];
	int64_t date;   /* of the mail, fixed at the first claim */
	bool uncertain; /* an answer was lost: it may have arrived */
	bool our_fault; /* what was answered last is this site's trouble */
	/* Final, and a day's sums (store/day_table.h) have it already: the
	 * report waits for others. */
	bool is_counted;
	/* Sent to the operator, beside the report itself ([report] bcc): it
	 * is in no sum of deliveries. */
	bool is_copy;
	enum delivery_stage stage;
	int code;
	char answer[256];
	/* the last ones, in their order */
	struct outbox_try tries[OUTBOX_TRIES];
	uint8_t try_count;
};

/* Of an attempt that begins; its answer, and that of the destination. */
void outbox_try_begin(struct outbox_destination *destination, int64_t now);
void outbox_try_end(struct outbox_destination *destination, const char *answer);

/* What a new report consists of. */
struct outbox_new {
	struct outbox_head head; /* id is given by outbox_add() */
	const struct rua *ruas;
	size_t rua_count;
	size_t copies;    /* of the ruas, the last ones */
	const void *body; /* gzip */
	size_t body_len;
	const uint64_t *policy_ids;
	size_t policy_id_count;
};

/*
 * How far ahead, in seconds, a rule of ours may set a destination's `due` at
 * most: the end of a lease, the next attempt, the next hour after a limit, a
 * moment within [deliver] spread.
 */
enum { OUTBOX_DUE_LONGEST = 24 * 3600 };

/* When the report was added, secs: its id says so. */
int64_t outbox_id_time(uint64_t id);
/* The least id of reports that were added then, secs, or later. */
uint64_t outbox_id_at(int64_t secs);

/* Adds it and gives its id; due at head.deliver_at unless held. */
uint64_t outbox_add(struct db_txn *txn, const struct outbox_new *report,
                    int64_t now_ms);

int outbox_head_get(struct db_txn *txn, uint64_t id, struct outbox_head *head);
void outbox_head_put(struct db_txn *txn, const struct outbox_head *head);

/* The next report with a greater id (begin with head->id = 0). */
int outbox_head_next(struct db_txn *txn, struct outbox_head *head);

/* All from that id on, in their order, until each() says no. */
void outbox_head_each(struct db_txn *txn, uint64_t from,
                      bool (*each)(void *arg, const struct outbox_head *head),
                      void *arg);

/* Of all that is kept of a report: another one when any of it was changed. */
struct hash128 outbox_digest(struct db_txn *txn, uint64_t id);

int outbox_destination_get(struct db_txn *txn, uint64_t id, uint16_t index,
                           struct outbox_destination *destination);
/* Writes the row and moves it in what is due. */
void outbox_destination_put(struct db_txn *txn, uint64_t id,
                            const struct outbox_destination *destination);

/* Copies the body into the arena. */
int outbox_body_get(struct db_txn *txn, uint64_t id, struct arena *arena,
                    const void **body, size_t *len, const uint64_t **policy_ids,
                    size_t *policy_id_count);

/* Replaces body and policy ids; the caller puts the head. */
void outbox_body_put(struct db_txn *txn, uint64_t id, const void *body,
                     size_t len, const uint64_t *policy_ids,
                     size_t policy_id_count);

/* Takes one destination away; the others keep their indexes.  The caller puts
 * the head. */
void outbox_destination_remove(struct db_txn *txn, uint64_t id, uint16_t index);

/* Takes the report, its destinations and body out of the outbox. */
void outbox_remove(struct db_txn *txn, uint64_t id);

/* When it is tried next, secs; 0: never, or it is in flight. */
int64_t outbox_next_attempt(struct db_txn *txn,
                            const struct outbox_destination *destination);

/*
 * Sets the destination's due time of all destinations of a held report and
 * its status to pending (or back).
 */
void outbox_release(struct db_txn *txn, uint64_t id, int64_t due);

/*
 * The archive: what left the outbox, with every answer, kept for a while.
 * Moved as it is; done_at is set by the caller in the head.
 */
void archive_move(struct db_txn *txn, const struct outbox_head *head);
/* Back into the outbox, with the id and all it had; for a person who wants it
 * sent again. */
void archive_move_back(struct db_txn *txn, const struct outbox_head *head);
int archive_head_get(struct db_txn *txn, uint64_t id, struct outbox_head *head);
int archive_head_next(struct db_txn *txn, struct outbox_head *head);
int archive_destination_get(struct db_txn *txn, uint64_t id, uint16_t index,
                            struct outbox_destination *destination);
/* What a bounce changes. */
void archive_head_put(struct db_txn *txn, const struct outbox_head *head);
void archive_destination_put(struct db_txn *txn, uint64_t id,
                             const struct outbox_destination *destination);
int archive_body_get(struct db_txn *txn, uint64_t id, struct arena *arena,
                     const void **body, size_t *len);
/* Deletes what was added before the time, at most DB_PURGE_ROWS; 1: more. */
int archive_purge(struct db_txn *txn, int64_t before, int64_t now,
                  uint64_t *rows);

#endif
