#include "policyd/answer_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "policyd/answer_text.h"

enum {
	FIRST_BUCKETS = 1024,
	MALLOC_BYTES = 16, /* of its own, an allocation */
};

struct answer_cache {
	struct ready_answer **buckets;
	size_t bucket_count; /* a power of two */
	size_t count, bytes, max_bytes;
	size_t walked; /* buckets */
	uint64_t seed;
	struct ready_answer *oldest, *newest;
};

struct answer_cache *answer_cache_new(size_t max_bytes)
{
	struct answer_cache *cache = xcalloc(1, sizeof(*cache));

	cache->max_bytes = max_bytes;
	cache->bucket_count = FIRST_BUCKETS;
	cache->buckets = xcalloc(FIRST_BUCKETS, sizeof(*cache->buckets));
	hash_random_bytes(&cache->seed, sizeof(cache->seed));
	return cache;
}

size_t answer_cache_count(const struct answer_cache *cache)
{
	return cache->count;
}

size_t answer_cache_bytes(const struct answer_cache *cache)
{
	return cache->bytes;
}

static size_t size_of(const struct ready_answer *answer)
{
	return sizeof(*answer) + answer->domain_len + answer->packed_len +
	       MALLOC_BYTES;
}

static struct ready_answer **bucket_of(const struct answer_cache *cache,
                                       uint32_t hash)
{
	return &cache->buckets[hash & (cache->bucket_count - 1)];
}

static struct ready_answer **find_place(const struct answer_cache *cache,
                                        uint32_t hash, const char *domain,
                                        size_t len)
{
	struct ready_answer **at = bucket_of(cache, hash);

	while (*at != NULL &&
	       ((*at)->hash != hash || (*at)->domain_len != len ||
	        memcmp((*at)->bytes, domain, len) != 0))
		at = &(*at)->chain;
	return at;
}

static void unlink_age(struct answer_cache *cache, struct ready_answer *answer)
{
	*(answer->older ? &answer->older->newer : &cache->oldest) =
		answer->newer;
	*(answer->newer ? &answer->newer->older : &cache->newest) =
		answer->older;
}

static void link_newest(struct answer_cache *cache, struct ready_answer *answer)
{
	answer->newer = NULL;
	answer->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = answer;
	cache->newest = answer;
}

static void drop(struct answer_cache *cache, struct ready_answer **at)
{
	struct ready_answer *answer = *at;

	*at = answer->chain;
	unlink_age(cache, answer);
	cache->count--;
	cache->bytes -= size_of(answer);
	free(answer);
}

static void drop_oldest(struct answer_cache *cache)
{
	struct ready_answer *oldest = cache->oldest;

	drop(cache, find_place(cache, oldest->hash, oldest->bytes,
	                       oldest->domain_len));
}

static void grow(struct answer_cache *cache)
{
	free(cache->buckets);
	cache->bucket_count *= 2;
	cache->buckets = xcalloc(cache->bucket_count, sizeof(*cache->buckets));
	for (struct ready_answer *a = cache->oldest; a != NULL; a = a->newer) {
		struct ready_answer **at = bucket_of(cache, a->hash);

		a->chain = *at;
		*at = a;
	}
}

struct ready_answer *answer_cache_find(struct answer_cache *cache,
                                       const char *domain, size_t len)
{
	uint32_t hash = (uint32_t)hash64(cache->seed, domain, len);
	struct ready_answer *answer = *find_place(cache, hash, domain, len);

	if (answer != NULL && answer != cache->newest) {
		unlink_age(cache, answer);
		link_newest(cache, answer);
	}
	return answer;
}

struct ready_answer *answer_cache_put(struct answer_cache *cache,
                                      const char *domain, size_t len,
                                      const char *packed, size_t packed_len)
{
	uint32_t hash = (uint32_t)hash64(cache->seed, domain, len);
	struct ready_answer **at = find_place(cache, hash, domain, len);
	struct ready_answer *answer =
		xmalloc(sizeof(*answer) + len + packed_len);

	*answer = (struct ready_answer){.hash = hash,
	                                .domain_len = (uint8_t)len,
	                                .packed_len = (uint32_t)packed_len};
	memcpy(answer->bytes, domain, len);
	memcpy(answer->bytes + len, packed, packed_len);
	if (*at != NULL)
		drop(cache, at);
	if (cache->count >= cache->bucket_count)
		grow(cache);
	at = bucket_of(cache, hash);
	answer->chain = *at;
	*at = answer;
	link_newest(cache, answer);
	cache->count++;
	cache->bytes += size_of(answer);
	while (cache->bytes > cache->max_bytes && cache->oldest != answer)
		drop_oldest(cache);
	return answer;
}

void answer_cache_text(const struct ready_answer *answer, size_t len,
                       struct strbuf *out)
{
	answer_text_unpack(answer->bytes + answer->domain_len,
	                   answer->packed_len, len, out);
}

void answer_cache_walk(struct answer_cache *cache, unsigned parts,
                       void (*see)(void *arg, struct ready_answer *answer),
                       void *arg)
{
	size_t n = cache->bucket_count / parts + 1;

	for (; n > 0; n--) {
		cache->walked = (cache->walked + 1) & (cache->bucket_count - 1);
		for (struct ready_answer *a = cache->buckets[cache->walked];
		     a != NULL; a = a->chain)
			see(arg, a);
	}
}

void answer_cache_expire(struct answer_cache *cache)
{
	struct ready_answer *answer;

	for (answer = cache->oldest; answer != NULL; answer = answer->newer)
		answer->good_until = 0;
}

void answer_cache_expire_failures(struct answer_cache *cache)
{
	struct ready_answer *answer;

	for (answer = cache->oldest; answer != NULL; answer = answer->newer)
		if (answer->by_failure)
			answer->good_until = 0;
}

void answer_cache_free(struct answer_cache **cache)
{
	if (*cache == NULL)
		return;
	while ((*cache)->oldest != NULL)
		drop_oldest(*cache);
	free((*cache)->buckets);
	free(*cache);
	*cache = NULL;
}
