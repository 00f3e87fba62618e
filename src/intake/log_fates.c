#include "intake/log_fates.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static void note_first(char first[LINE_TEXT], struct span text)
{
	if (first[0] == '\0')
		log_escape(first, LINE_TEXT, text.at, text.len);
}

void log_fates_note(struct log_fates *fates, enum line_fate fate,
                    struct span text)
{
	fates->n[fate]++;
	note_first(fates->first[fate], text);
}

static struct day_lines *user_of(struct log_fates *fates, int64_t uid)
{
	size_t i = 0;

	while (i < fates->user_count && fates->users[i].uid != uid)
		i++;
	if (i == LOG_FATES_USERS)
		i--;
	if (i == fates->user_count) {
		fates->users[fates->user_count++] =
			(struct day_lines){.fate = LINE_FOREIGN, .uid = uid};
	}
	return &fates->users[i];
}

void log_fates_note_foreign(struct log_fates *fates, int64_t uid,
                            struct span text)
{
	struct day_lines *user = user_of(fates, uid);

	log_fates_note(fates, LINE_FOREIGN, text);
	user->n++;
	note_first(user->first, text);
}

void log_fates_add(struct log_fates *sum, const struct log_fates *others)
{
	for (int i = 0; i < LINE_FATES; i++) {
		sum->n[i] += others->n[i];
		if (sum->first[i][0] == '\0')
			memcpy(sum->first[i], others->first[i], LINE_TEXT);
	}
	for (size_t i = 0; i < others->user_count; i++) {
		const struct day_lines *from = &others->users[i];
		struct day_lines *user = user_of(sum, from->uid);

		user->n += from->n;
		if (user->first[0] == '\0')
			memcpy(user->first, from->first, LINE_TEXT);
	}
}

void log_fates_put(const struct log_fates *fates, struct db_txn *txn,
                   int32_t day)
{
	for (int i = LINE_READ; i < LINE_FATES; i++) {
		struct day_lines row = {.fate = i, .n = fates->n[i]};

		/* those of foreign lines are the users' */
		if (row.n == 0 || i == LINE_FOREIGN)
			continue;
		memcpy(row.first, fates->first[i], LINE_TEXT);
		day_table_lines_add(txn, day, &row);
	}
	for (size_t i = 0; i < fates->user_count; i++)
		day_table_lines_add(txn, day, &fates->users[i]);
}
