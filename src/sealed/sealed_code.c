#include "sealed/sealed_code.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/xalloc.h"

#define TOTAL(member)                                                          \
	{                                                                      \
#member, offsetof(struct sealed_totals, member)                \
	}

const struct sealed_total sealed_total_rows[SEALED_TOTALS] = {
	TOTAL(domains), TOTAL(policies), TOTAL(details), TOTAL(success),
	TOTAL(failure), TOTAL(unjudged), TOTAL(waiting),
};

uint64_t *sealed_total_at(struct sealed_totals *totals,
                          const struct sealed_total *row)
{
	return (uint64_t *)((char *)totals + row->offset);
}

void sealed_totals_add(struct sealed_totals *totals,
                       const struct sealed_domain *domain)
{
	totals->domains++;
	totals->policies += domain->counts.policy_count;
	totals->details += domain->counts.detail_count;
	totals->success += domain->counts.success;
	totals->failure += domain->counts.failure;
	totals->unjudged += domain->counts.unjudged;
	totals->waiting += domain->waits;
}

const char *sealed_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

struct sealed_digest {
	EVP_MD_CTX *context;
};

struct sealed_digest *sealed_digest_new(void)
{
	struct sealed_digest *digest = xcalloc(1, sizeof(*digest));

	digest->context = EVP_MD_CTX_new();
	if (digest->context == NULL ||
	    !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL))
		abort();
	return digest;
}

void sealed_digest_free(struct sealed_digest **digest)
{
	if (*digest == NULL)
		return;
	EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}

void sealed_digest_add(struct sealed_digest *digest, const void *data,
                       size_t len)
{
	if (!EVP_DigestUpdate(digest->context, data, len))
		abort();
}

void sealed_digest_end(struct sealed_digest *digest, uint8_t out[SEALED_HASH])
{
	if (!EVP_DigestFinal_ex(digest->context, out, NULL))
		abort();
}

void sealed_hash(const void *bytes, size_t len, uint8_t hash[SEALED_HASH])
{
	if (!EVP_Digest(bytes, len, hash, NULL, EVP_sha256(), NULL))
		abort();
}
