#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash64(uint64_t seed, const void *data, size_t len)
{
	return XXH3_64bits_withSeed(data, len, seed);
}

struct hash128 hash128(uint64_t seed, const void *data, size_t len)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(data, len, seed);

	return (struct hash128){.high = hash.high64, .low = hash.low64};
}

void hash_random_bytes(void *out, size_t len)
{
	char *p = out;

	while (len > 0) {
		ssize_t got = getrandom(p, len, 0);

		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			p += got;
			len -= (size_t)got;
		}
	}
}
