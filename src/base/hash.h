/*
 * hash - seeded 64 and 128 bit hashes of bytes (XXH3)
 *
 * Not a cryptographic hash: an outsider who knows the seed can make two
 * texts meet.  So seeds are random and stay inside, and wherever a hash names
 * something, the bytes themselves are compared too.
 */
#ifndef TLSTALLY_BASE_HASH_H
#define TLSTALLY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash128 {
	uint64_t high;
	uint64_t low;
};

uint64_t hash64(uint64_t seed, const void *data, size_t len);
struct hash128 hash128(uint64_t seed, const void *data, size_t len);

/* len bytes from the kernel's random source; aborts when there is none. */
void hash_random_bytes(void *out, size_t len);

#endif
