/*
 * log_fates - what became of lines, counted between two commits
 */
#ifndef TLSTALLY_INTAKE_LOG_FATES_H
#define TLSTALLY_INTAKE_LOG_FATES_H

#include "base/span.h"
#include "store/day_table.h"

/* Users told apart; the lines of more are as of the last. */
enum { LOG_FATES_USERS = 8 };

struct log_fates {
	uint64_t n[LINE_FATES]; /* all users' together */
	char first[LINE_FATES][LINE_TEXT];
	struct day_lines users[LOG_FATES_USERS]; /* of LINE_FOREIGN */
	size_t user_count;
};

/* One more line; its text is kept when it is the first. */
void log_fates_note(struct log_fates *fates, enum line_fate fate,
                    struct span text);
void log_fates_note_foreign(struct log_fates *fates, int64_t uid,
                            struct span text);

/* Adds what others are to the sum. */
void log_fates_add(struct log_fates *sum, const struct log_fates *others);

void log_fates_put(const struct log_fates *fates, struct db_txn *txn,
                   int32_t day);

#endif
