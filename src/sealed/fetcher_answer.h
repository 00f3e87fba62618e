/*
 * fetcher_answer - what a tlsrpt-fetcher answers (sys4's tlsrpt-reporter 0.6)
 *
 * Its reportd asks each collector for the domains of a day, and then for each
 * domain:
 *
 *     $ tlsrpt-fetcher 2026-03-01            $ tlsrpt-fetcher 2026-03-01
 * a.example TLSRPT FETCHER v1devel-c domain list   { 2026-03-02 00:10:00 "d":
 * "a.example", 2026-03-01                                 "policies": {
 *     a.example                                      RECORD: {
 *     .                                                  POLICY: {
 *                                                            "cntrtotal": 2,
 *                                                            ...
 *
 * The lines of the list are the protocol's version, the collector's clock, the
 * last day that it has whole, the domains, and a dot.  RECORD is the text of
 * the TLSRPT record; POLICY and each FAILURE are the JSON of an event's members
 * in a string: byte for byte what Python's json.dumps() writes, for reportd
 * adds up what is equal.
 *
 * Writing and reading are pure.  What is read is foreign.
 */
#ifndef TLSTALLY_SEALED_FETCHER_ANSWER_H
#define TLSTALLY_SEALED_FETCHER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "sealed/sealed_day.h"

#define FETCHER_VERSION "TLSRPT FETCHER v1devel-c domain list"

/* --- writing: each appends to out --- */

/* The lines before the first domain; `complete` is the last day that is
 * whole. */
void fetcher_write_head(int64_t now, int32_t complete, struct strbuf *out);
/* reportd hands the name to a command, and ssh(1) to a shell: a canonical one
 * (base/domain.h). */
void fetcher_write_name(const char *domain, struct strbuf *out);
void fetcher_write_end(struct strbuf *out);

/* A domain's counts; sessions of which nobody knows whether they met their
 * policy are left out, as in our own reports.  What would be longer than an
 * answer may be is folded (sealed/sealed_merge.h).  ERR_PARSE: the counts came
 * damaged from the store. */
int fetcher_write_domain(const struct sealed_domain *domain, struct strbuf *out,
                         struct err *err);
/* Of one that was not counted. */
void fetcher_write_nothing(const char *domain, struct strbuf *out);

/* --- reading --- */

enum {
	FETCHER_ANSWER_MAX = SEALED_LINE_MAX, /* bytes, of a domain */
	FETCHER_LIST_MAX = 64 * 1024 * 1024,
	FETCHER_NAMES_MAX = 4 * 1000 * 1000, /* of a list */
};

struct fetcher_list {
	int64_t clock;      /* secs: the other host's */
	bool has_complete;  /* else it has no day at all */
	int32_t complete;   /* its last whole day */
	const char **names; /* ascending, once each, in the arena */
	size_t count;
	uint64_t unusable; /* names that are no domains: nobody asks for them */
};

/* ERR_PARSE: it is no such list, or cut off; ERR_LIMIT: too many names. */
int fetcher_read_list(const char *text, size_t len, struct arena *arena,
                      struct fetcher_list *list, struct err *err);

struct fetcher_reader;

/* Within these caps. */
struct fetcher_reader *fetcher_reader_new(const struct tally_limits *caps);
void fetcher_reader_free(struct fetcher_reader **reader);

/*
 * The counts of the domain that was asked for, lent until the next answer; NULL
 * when there are none.  What an event says of each policy is read as the event
 * itself would be (session/datagram.h).
 *
 * The answer counts the sessions of a policy, so one that had two counts twice:
 * Postfix sends one.  It has a text for each record that was seen, and does not
 * tell which one was the last: the valid one is taken.
 */
int fetcher_read_domain(struct fetcher_reader *reader, const char *domain,
                        const char *text, size_t len,
                        const struct sealed_domain **counts, struct err *err);

#endif
