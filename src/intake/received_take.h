/*
 * received_take - a report of others becomes a row of the store
 *
 * A mail (received/received_mail.h) or a file, unpacked, read and judged:
 *
 *     authenticated   a signature vouches for it (received/received_trust.h)
 *     ours            its policies about [received] domains and the MX hosts
 *                     that these publish, by what was last looked up: a DANE
 *                     policy's domain is the MX host (RFC 8460 section 4.4)
 *     counts          at least one is ours, and it is authenticated or
 *                     [received] count_unauthenticated says so, for HTTPS
 *                     count_https; never one about a day to come
 *
 * What does not count is kept and shown all the same.  Of what no person has
 * given, so much of a day is kept as [received] max_unauthenticated and its
 * size allow, and of a submitter, max_per_submitter and its.
 */
#ifndef TLSTALLY_INTAKE_RECEIVED_TAKE_H
#define TLSTALLY_INTAKE_RECEIVED_TAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "store/db.h"
#include "store/received_table.h"

struct received_taker;

/* Who we are is asked of the settings, which are lent, and of the store once.
 * ERR_IO. */
int received_taker_new(struct received_taker **taker, struct db *db,
                       const struct conf *conf, struct err *err);
void received_taker_free(struct received_taker **taker);

struct received_taken {
	bool is_new;     /* else it has come before */
	bool is_dropped; /* or there were too many like it: it is not kept */
	struct received_row row;
	struct err why; /* it is not authenticated, or does not count */
	/* What was odd, lent until the next report is taken. */
	const char *const *problems;
	size_t problem_count;
};

/* Hears of each report that was taken. */
typedef void received_taken_fn(void *arg, const struct received_taken *taken);

/* "report of 2026-03-01 about example.com by Sender Inc.: taken"; a line in the
 * log. */
void received_taken_log(const struct received_taken *taken);
/* What became of it: "taken", "taken, not counted: ..."; the caller's. */
char *received_taken_fate(const struct received_taken *taken);

/*
 * Takes the reports in a whole mail, or in a file of plain JSON, gzip or zip.
 * ERR_NOTFOUND: the mail has none; ERR_PARSE, ERR_LIMIT: what came cannot be
 * read, while reports before it, in the same archive, were taken; ERR_BUSY,
 * ERR_IO: the store.
 */
int received_take_mail(struct received_taker *taker, enum received_way way,
                       const void *message, size_t len, int64_t now,
                       received_taken_fn *each, void *arg, struct err *err);
int received_take_file(struct received_taker *taker, enum received_way way,
                       const void *data, size_t len, int64_t now,
                       received_taken_fn *each, void *arg, struct err *err);

#endif
