/*
 * sealed_day - one host's counts of a UTC day, as they leave its store
 *
 *     {"sealedDay":1,"host":"mx1.example.org","day":"2026-03-01",...}
 *     {"domain":"example.net","success":17,...,"policies":[...]}
 *     {"domain":"example.org",...}
 *     {"end":{"domains":2,"success":30,...,"sha256":"..."}}
 *
 * A line of JSON each: the head, the domains in the order of their bytes, the
 * end with sums and the SHA-256 of all bytes before it, so that a day that was
 * cut off or changed on its way is never taken for a whole one.  A domain
 * that still waits for its policy says so.
 *
 * Policies and failure details are in the normal form of session/session.h.
 * A hash that leaves a store is SHA-256 over its encoded bytes, and the version
 * of the normal form stands in the head: who knows another refuses the day.
 *
 * What is read is foreign.  Writing and reading are pure; a line at a time.
 */
#ifndef TLSTALLY_SEALED_SEALED_DAY_H
#define TLSTALLY_SEALED_SEALED_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "session/tally.h"

enum {
	SEALED_FORMAT = 1,
	SEALED_NORMAL_FORM = 1,
	SEALED_HASH = 32, /* bytes of SHA-256 */
	/* Of a line.  A domain with the usual bounds, 32 policies and 1,000
	 * details, needs about 1 MB of it; the tree that jansson makes of
	 * SEALED_VALUES_MAX values takes some 60 MB. */
	SEALED_LINE_MAX = 8 * 1024 * 1024,
	SEALED_VALUES_MAX = 256 * 1024,
};

struct sealed_head {
	char host[DOMAIN_TEXT]; /* canonical */
	/* Which store it was, and which life of it (restore begins another). */
	uint64_t store_id;
	uint64_t epoch;
	int32_t day;
	uint64_t generation; /* grows with each change of the day's counts */
	int64_t sealed_at;   /* secs */
	bool reports;        /* the host makes reports of its own */
};

struct sealed_totals {
	uint64_t domains;
	uint64_t policies; /* rows, of all domains */
	uint64_t details;
	uint64_t success; /* sessions */
	uint64_t failure;
	uint64_t unjudged;
	uint64_t waiting; /* domains that wait for their policies */
};

struct sealed_domain {
	struct tally_domain counts;
	int64_t record_at; /* secs: since when counts.record is seen; 0 */
	uint64_t folded;   /* details that had lost their particulars */
	bool waits;        /* some of its sessions wait for their policy */
};

void sealed_totals_add(struct sealed_totals *totals,
                       const struct sealed_domain *domain);

/* SHA-256 of a policy's or a detail's encoded bytes. */
void sealed_hash(const void *bytes, size_t len, uint8_t hash[SEALED_HASH]);

/* --- writing: each appends one line to out --- */

struct sealed_writer;

struct sealed_writer *sealed_writer_new(void);
void sealed_writer_free(struct sealed_writer **writer);

void sealed_write_head(struct sealed_writer *writer,
                       const struct sealed_head *head, struct strbuf *out);
/* In ascending order of their bytes.  A domain whose line would be longer than
 * a line may be is folded until it fits (sealed/sealed_merge.h).  ERR_PARSE:
 * the counts came damaged from the store. */
int sealed_write_domain(struct sealed_writer *writer,
                        const struct sealed_domain *domain, struct strbuf *out,
                        struct err *err);
void sealed_write_end(struct sealed_writer *writer, struct strbuf *out);
/* Of the lines so far; lent. */
const struct sealed_totals *
sealed_writer_totals(const struct sealed_writer *writer);

/* --- reading --- */

enum sealed_line { SEALED_LINE_HEAD, SEALED_LINE_DOMAIN, SEALED_LINE_END };

struct sealed_reader;

struct sealed_reader *sealed_reader_new(void);
void sealed_reader_free(struct sealed_reader **reader);

/* The next line, without its newline; ERR_PARSE or ERR_LIMIT in words that
 * begin with "line N". */
int sealed_read_line(struct sealed_reader *reader, const char *line, size_t len,
                     enum sealed_line *what, struct err *err);

/* Lent; the domain until the next line. */
const struct sealed_head *
sealed_reader_head(const struct sealed_reader *reader);
const struct sealed_domain *
sealed_reader_domain(const struct sealed_reader *reader);
const struct sealed_totals *
sealed_reader_totals(const struct sealed_reader *reader);

/* There are no more lines: ERR_PARSE unless the last one was the end. */
int sealed_reader_finish(const struct sealed_reader *reader, struct err *err);

#endif
