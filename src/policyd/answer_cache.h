/*
 * answer_cache - answers that are ready, by domain
 *
 * What most queries are answered from, without the store and without a lock:
 * it belongs to one thread.  It holds so many bytes at most; then what was not
 * asked for the longest goes, and comes back from the store's policy cache.
 *
 * One allocation an answer, for a site may have a hundred thousand of them;
 * base/lru.h has three.
 */
#ifndef TLSTALLY_POLICYD_ANSWER_CACHE_H
#define TLSTALLY_POLICYD_ANSWER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "words/words.h"

struct ready_answer {
	/* The cache's own. */
	struct ready_answer *chain, *older, *newer;
	uint32_t hash, packed_len;

	uint32_t text_len, plain_len; /* domain/policy_answer.h */
	/* Seconds of the monotonic clock. */
	uint32_t good_until, refresh_at, used_at;
	uint8_t kind;      /* enum told_kind */
	bool by_failure;   /* domain/policy_answer.h */
	bool is_looked_up; /* at present */
	uint8_t domain_len;
	char bytes[]; /* domain, packed text */
};

struct answer_cache;

struct answer_cache *answer_cache_new(size_t max_bytes);
void answer_cache_free(struct answer_cache **cache);
/* All, or those that failed lookups made, are from now on what was known
 * before, no more. */
void answer_cache_expire(struct answer_cache *cache);
void answer_cache_expire_failures(struct answer_cache *cache);
size_t answer_cache_count(const struct answer_cache *cache);
size_t answer_cache_bytes(const struct answer_cache *cache);

/* Lent until something is put; NULL.  It is the newest now. */
struct ready_answer *answer_cache_find(struct answer_cache *cache,
                                       const char *domain, size_t len);

/* What is put in the place of the domain's answer, if there was one; the text
 * is packed already (policyd/answer_text.h).  The caller sets the rest. */
struct ready_answer *answer_cache_put(struct answer_cache *cache,
                                      const char *domain, size_t len,
                                      const char *packed, size_t packed_len);

/* Appends the first `len` bytes of its text. */
void answer_cache_text(const struct ready_answer *answer, size_t len,
                       struct strbuf *out);

/* Goes on through all answers, a part of them at a time: about 1/`parts` of
 * them each, from where it was. */
void answer_cache_walk(struct answer_cache *cache, unsigned parts,
                       void (*see)(void *arg, struct ready_answer *answer),
                       void *arg);

#endif
