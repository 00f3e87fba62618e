/*
 * answer_group - destinations that met the same answer are one line
 *
 *     expired, mail, 199 times: connect to 192.0.2.1:25: Connection refused
 *
 * Whoever looks after a night in which a relay was down wants to read that
 * once.  Destinations belong together when their state, the transport, the
 * stage, the code and the wording of the last answer are the same
 * (reply/wording.h).  Those that were settled without being delivered are
 * counted by the day on which they were: table day, at most
 * ANSWER_GROUPS_MAX groups of a day, what is more as one.
 */
#ifndef TLSTALLY_STORE_ANSWER_GROUP_H
#define TLSTALLY_STORE_ANSWER_GROUP_H

#include "store/outbox_table.h"

enum { ANSWER_GROUPS_MAX = 100 };

struct answer_group {
	uint64_t key; /* 0: from before the first */
	enum delivery_state state;
	enum rua_kind kind;
	enum delivery_stage stage;
	int code;
	bool our_fault;
	uint64_t n;
	int64_t first, last; /* secs: attempts */
	int64_t due;         /* the earliest next one; 0: none.  Not kept */
	char domain[DOMAIN_TEXT]; /* of one of them */
	char answer[256];         /* that it got */
};

/* The group of one destination of a report about that domain. */
void answer_group_of(const struct outbox_destination *destination,
                     const char *domain, struct answer_group *group);
/* Adds one that has the same key, or that finds no place of its own. */
void answer_group_merge(struct answer_group *into,
                        const struct answer_group *more);

/* A row of one, whatever its key is: 1, or 0. */
int answer_group_read(struct db_txn *txn, const struct db_row *row,
                      struct answer_group *group);
void answer_group_write(const struct answer_group *group, struct strbuf *out);

void answer_group_add(struct db_txn *txn, int32_t day,
                      const struct answer_group *group);
/* The day's next one; 0 at the end. */
int answer_group_next(struct db_txn *txn, int32_t day,
                      struct answer_group *group);

#endif
