/*
 * be - big-endian numbers of one to eight bytes
 *
 * So stored, numbers sort as their bytes do.
 */
#ifndef TLSTALLY_BASE_BE_H
#define TLSTALLY_BASE_BE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void be_put(uint8_t *out, uint64_t v, size_t bytes)
{
	v = htobe64(v);
	memcpy(out, (const uint8_t *)&v + sizeof(v) - bytes, bytes);
}

static inline uint64_t be_get(const uint8_t *in, size_t bytes)
{
	uint64_t v = 0;

	memcpy((uint8_t *)&v + sizeof(v) - bytes, in, bytes);
	return be64toh(v);
}

#endif
