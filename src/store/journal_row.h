/*
 * journal_row - the bytes of a row of the journal of counts
 *
 *     form u8 1, time it was committed at
 *     feed: name, watermark, seen_at, last_event, events, trouble; name "":
 *         none, another row of the commit has it
 *     struct day_stats: how many numbers, then of each that is not 0 its place
 *         after the one before and itself
 *     struct day_domains in the same way: domains that the day did not have
 *         before the row, and what came late
 *     domains, by name:
 *         how many bytes of the name before it go on, length and bytes of the
 *         others
 *         bits u8, success, failure, unjudged, record
 *         policies: how many, of each its reference and type, success,
 *             failure, unjudged, and details: how many, of each its reference,
 *             result type and count
 *
 *     hash of all before it and of the row's number, u64: in this place in
 *         whatever form
 *
 * Numbers are of strbuf_varint(), texts and blobs have their length before
 * them.  Bits leave out what is 0 or not there, and the policies' numbers where
 * there is one policy, without details, that has the domain's.
 *
 * A reference is twice an id, and one more where the blob follows: it is the
 * first of that id on that day.  Ids are of store/intern.h; so are those of
 * details, which end with the journal.
 *
 * Reading is pure, strict and allocates nothing.
 */
#ifndef TLSTALLY_STORE_JOURNAL_ROW_H
#define TLSTALLY_STORE_JOURNAL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"
#include "base/strbuf.h"
#include "store/day_sums.h"
#include "store/day_table.h"
#include "store/tally_table.h"
#include "words/feed.h"

/* Puts the hash behind a row that is complete; and takes it off, if it is
 * right.  ERR_PARSE, in words. */
void journal_row_seal(struct strbuf *row, uint64_t number);
int journal_row_open(struct reader *row, uint64_t number, struct err *err);

/* What a row has beside domains. */
struct journal_head {
	int64_t at;       /* secs */
	struct feed feed; /* name "": none */
	struct day_stats stats;
	struct day_domains domains;
};

void journal_head_put(struct strbuf *out, const struct journal_head *head);

/* ERR_PARSE, and in words what is wrong; ERR_LIMIT: a later version wrote it.
 */
int journal_head_read(struct reader *in, struct journal_head *head,
                      struct err *err);

/* What a policy or a detail is known by. */
struct journal_ref {
	uint64_t id;
	const void *blob; /* NULL: it came before, or is interned */
	size_t len;
};

struct journal_policy {
	struct journal_ref ref;
	enum policy_type type;
	uint64_t success, failure, unjudged;
	uint64_t details; /* that follow */
};

struct journal_detail {
	struct journal_ref ref;
	enum result_type result;
	uint64_t count;
};

/* A domain's, after its name. */
struct journal_counts {
	bool valid;
	bool is_plain; /* one policy, which has these numbers and no details */
	uint64_t success, failure, unjudged;
	const char *record; /* ends in a NUL; NULL: as it was */
	uint64_t policies;  /* that follow */
};

void journal_counts_put(struct strbuf *out,
                        const struct journal_counts *counts);
void journal_policy_put(struct strbuf *out, const struct journal_counts *of,
                        const struct journal_policy *policy);
void journal_detail_put(struct strbuf *out,
                        const struct journal_detail *detail);

/* One after the other, as many as there are; the reader fails where they are
 * none. */
void journal_counts_read(struct reader *in, struct journal_counts *counts);
void journal_policy_read(struct reader *in, const struct journal_counts *of,
                         struct journal_policy *policy);
void journal_detail_read(struct reader *in, struct journal_detail *detail);

/* Of the name: domain is the one before, or "", and becomes the next. */
void journal_name_put(struct strbuf *out, char domain[TALLY_DOMAIN_TEXT],
                      const char *next);
void journal_name_read(struct reader *in, char domain[TALLY_DOMAIN_TEXT]);

/* Are all domains of a row what they should be, to its last byte? */
bool journal_domains_are_whole(struct reader in);

#endif
