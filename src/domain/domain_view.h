/*
 * domain_view - what a domain's DNS and web server say about mail and TLS
 *
 * The result of policy/discover: kept in the policy cache, shown by
 * `tlstally lookup`, and the base of every judgement about a session from the
 * log.  Answers and failures to answer are different things: NXDOMAIN and
 * NODATA are facts, SERVFAIL and timeouts (LOOKUP_TEMPFAIL) are not, and never
 * take the place of an earlier fact.
 */
#ifndef TLSTALLY_DOMAIN_DOMAIN_VIEW_H
#define TLSTALLY_DOMAIN_DOMAIN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "domain/sts_policy.h"
#include "words/words.h"

/* An answer: NONE, OK, BAD. */
bool domain_view_is_fact(enum view_status status);

struct view_mx {
	const char *host; /* canonical */
	unsigned preference;
	enum view_status tlsa;     /* OK: at least one can be used; BAD: none */
	const char **tlsa_strings; /* all that were found, sorted */
	size_t tlsa_count;
};

struct domain_view {
	const char *domain;
	int64_t checked_at; /* secs */
	int64_t expires_at; /* by the shortest TTL, VIEW_KEEP_MAX at most */

	enum view_status tlsrpt;
	const char *tlsrpt_record;  /* OK, BAD: the text; NULL: several */
	const char *tlsrpt_problem; /* words; NULL */

	enum view_status sts_record;
	const char *sts_id;
	enum view_status sts; /* of the policy in force: OK also when an older
	                         one from the cache still is */
	struct sts_policy sts_policy;
	int64_t sts_expires_at;
	int64_t sts_enforced_until; /* secs: a policy of mode enforce was, or
	                               is, in force until then, and its domain
	                               has not taken it back; 0: none */
	enum view_status sts_fetch; /* of the last fetch; UNKNOWN: none since
	                               there is a record; TEMPFAIL: it was slow
	                               and others had to wait */
	int64_t sts_fetched_at;     /* secs, whatever came of it; 0: never */
	const char *sts_problem;    /* words; NULL */

	enum view_status mx;
	int64_t mx_checked_at; /* secs: when DNS last answered about it */
	bool mx_doubted;       /* mail went to a host that is not in it: it is
	                          to be looked up anew */
	bool mx_anew;          /* it was, for such a doubt */
	bool mx_secure;        /* the MX RRset (or, without MX, the address) was
	                          validated by DNSSEC */
	bool null_mx;          /* RFC 7505 */
	struct view_mx *mxs;   /* by preference, then name */
	size_t mx_count;
	const char *mx_problem;

	bool unvouched; /* looked up while nothing was believed that the
	                   resolver says of DNSSEC */
};

/* secs: a view is good for so long at most, however long its TTLs are. */
enum { VIEW_KEEP_MAX = 60 * 60 };

/* Is it good at `now`, or was it at the moment of a day that is over? */
bool domain_view_is_good(const struct domain_view *view, int64_t now);
bool domain_view_was_good(const struct domain_view *view, int64_t moment,
                          int64_t now);

/* The result type of a policy that could not be fetched, or not be used;
 * RESULT_OTHER: nothing failed. */
enum result_type domain_view_fetch_result(enum view_status sts_fetch);

/* Is the policy that it has still in force (RFC 8461 section 3.2: for max_age
 * after it was fetched)? */
bool domain_view_sts_in_force(const struct domain_view *view, int64_t now);

/* The MX of this (canonical) name, or NULL. */
const struct view_mx *domain_view_mx(const struct domain_view *view,
                                     const char *host);

/* Stored form; readers get strings in the arena.  ERR_PARSE when damaged. */
void domain_view_encode(const struct domain_view *view, struct strbuf *out);
int domain_view_decode(const void *data, size_t len, struct arena *arena,
                       struct domain_view *view, struct err *err);

/* Has every part that judging needs an answer, even an old one?  "Bogus" for
 * MX and TLSA, and a policy that could not be fetched, are such, for they are
 * reported. */
bool domain_view_is_complete(const struct domain_view *view, bool dane,
                             bool sts);

/* One sentence a problem, for `tlstally lookup`; returns how many. */
size_t domain_view_problems(const struct domain_view *view, struct arena *arena,
                            const char ***problems);

#endif
