/*
 * letter - what goes out about a report to one of its destinations
 *
 *     mail         a whole message (report/report_mail.h)
 *     https        the report, gzip
 *     directory    the same, and the name of the file
 *
 * Made of the report, the destination and the settings alone.  What must not
 * change from one attempt to the next, token, date and sender, was fixed in the
 * destination when it was claimed first: so the same destination always gives
 * the same bytes, in a later run after a crash too.  For who only looks it is
 * fixed for the moment, with "preview" for the token.
 */
#ifndef TLSTALLY_OUTBOX_LETTER_H
#define TLSTALLY_OUTBOX_LETTER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/gzip.h"
#include "conf/conf.h"
#include "reply/ports.h"
#include "store/outbox_table.h"

/* Date, token, and for a mail who it is from ("local+token@domain" with verp),
 * by the settings of the moment. */
void letter_fix(const struct conf *conf, struct outbox_destination *dest,
                const char *token, int64_t now);

/* All lent, until the job is done. */
struct letter {
	const struct conf *conf;
	struct gzip *gzip;
	const struct outbox_head *head;
	const struct outbox_destination *dest; /* NULL: the report alone */
	const void *report;                    /* as it is stored */
	size_t report_len;
};

/*
 * Fills in where the job goes and what it carries; new bytes are in the arena.
 * A report that holds what cannot be sent (report/report_json.h) is written
 * anew.
 */
int letter_make(const struct letter *letter, struct arena *mem,
                struct delivery_job *job, struct err *err);

#endif
