/*
 * session - the one normal form of how a TLS handshake went
 *
 * Datagrams and log lines both become this.  A session names the domain it
 * was for, the TLSRPT record seen at that time, and for each policy that
 * applied how it ended and what went wrong.  Equal sessions have equal bytes
 * once session_canonicalize() was here:
 *
 *   domains       A-labels, lower case, no final dot
 *   TLSA strings  "3 1 1 HEX", single spaces, upper-case hex, sorted, once
 *   STS strings   in the policy file's order
 *   HELO          the host name only, never the complete EHLO reply
 *   addresses     RFC 5952
 *   all           valid UTF-8 without control characters, capped
 *
 * All strings and arrays live in the session's arena; session_reset() ends
 * them together.
 */
#ifndef TLSTALLY_SESSION_SESSION_H
#define TLSTALLY_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "words/words.h"

enum {
	SESSION_STRING_MAX = 255, /* bytes of a remote string */
	SESSION_REASON_MAX = 1024,
	SESSION_POLICY_STRING_MAX = 4096,
	SESSION_RECORD_MAX = 4096,
	SESSION_POLICIES_MAX = 16,  /* policies of one session */
	SESSION_STRINGS_MAX = 100,  /* strings, or MX patterns, of a policy */
	SESSION_FAILURES_MAX = 100, /* failure details of a policy */
};

/* RFC 8460 section 4.3; every string may be NULL. */
struct failure_detail {
	enum result_type result;
	const char *sending_ip;
	const char *mx_host;
	const char *mx_helo;
	const char *receiving_ip;
	const char *additional; /* additional-information: a URI */
	const char *reason;     /* failure-reason-code */
};

struct session_policy {
	enum policy_type type;
	const char *domain;
	const char **strings;
	size_t string_count;
	const char **mx_hosts;
	size_t mx_count;
	struct failure_detail *failures;
	size_t failure_count;
	bool failed; /* how the session ended for this policy */
	/* It went on, and whether as the policy asks nobody looked: neither a
	 * success nor a failure. */
	bool unjudged;
};

struct session {
	const char *domain;
	const char *record; /* the TLSRPT record; NULL: not known */
	struct session_policy *policies;
	size_t policy_count;
	bool valid;   /* the domain is one a report can be made for */
	bool named;   /* a no-policy-found came with its policy-domain */
	bool unnamed; /* ... and without (Postfix before 3.10.5) */
	struct arena mem;
};

void session_init(struct session *session);
void session_reset(struct session *session);
void session_clear(struct session *session);

/* Brings what a decoder filled in to the normal form.  ERR_PARSE when there
 * is no domain or no policy left. */
int session_canonicalize(struct session *session, struct err *err);

/* The domain of a session from foreign text: canonical, or, for what is no
 * domain name and still counts, cleaned, lower case, no final dot.  NULL when
 * nothing is left. */
const char *session_domain(struct arena *mem, const char *text);

/* A copy whose strings and arrays live in the arena given (its own is not
 * used). */
struct session *session_dup(struct arena *arena, const struct session *src);

/* MTA-STS, and nothing is known of the policy but that there is one: it could
 * not be had. */
bool session_policy_is_bare(const struct session_policy *policy);

/* Did the session fail for any of its policies? */
bool session_failed(const struct session *session);
/* If not, did nobody look whether it meets one of them? */
bool session_is_unjudged(const struct session *session);

/*
 * The stored forms of a policy (type, domain, strings, MX patterns) and of a
 * failure detail: equal things have equal bytes.  The readers are for bytes
 * from the store; strings go into the arena.  ERR_PARSE for damaged bytes.
 */
void session_policy_encode(const struct session_policy *policy,
                           struct strbuf *out);
int session_policy_decode(const void *data, size_t len, struct arena *arena,
                          struct session_policy *policy, struct err *err);
enum policy_type session_policy_type(const void *data, size_t len);
void session_failure_encode(const struct failure_detail *detail,
                            struct strbuf *out);
int session_failure_decode(const void *data, size_t len, struct arena *arena,
                           struct failure_detail *detail, struct err *err);

/* Folding (DESIGN: cardinality): level 1 leaves out HELO, receiving IP,
 * additional information and reason; level 2 leaves the result type alone. */
enum fold_level { FOLD_NONE, FOLD_PEER, FOLD_TYPE };
struct failure_detail
session_failure_folded(const struct failure_detail *detail,
                       enum fold_level level);

/* The policy that a policy past the cap counts under: its type, the session's
 * domain, no strings. */
struct session_policy session_policy_folded(const struct session_policy *policy,
                                            const char *domain);

#endif
