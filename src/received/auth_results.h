/*
 * auth_results - an Authentication-Results header field (RFC 8601 section 2.2)
 *
 *     mx.example.com; spf=pass smtp.mailfrom=example.net;
 *       dkim=pass (2048-bit key) header.d=example.net header.s=mail;
 *       dkim=fail reason="signature verification failed" header.d=example.org
 *
 * Only what it says about DKIM is kept: a report must be signed with it
 * (RFC 8460 section 3).  Whether the field may be believed is for the caller
 * to know.
 */
#ifndef TLSTALLY_RECEIVED_AUTH_RESULTS_H
#define TLSTALLY_RECEIVED_AUTH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/domain.h"
#include "base/err.h"

enum { AUTH_SIGNATURES_MAX = 16 };

struct auth_signature {
	bool passed;
	char domain[DOMAIN_TEXT]; /* header.d, else that of header.i; "" */
};

struct auth_results {
	char server[DOMAIN_TEXT]; /* authserv-id, in lower case */
	struct auth_signature signatures[AUTH_SIGNATURES_MAX];
	size_t count; /* those after the first AUTH_SIGNATURES_MAX are left
	                 out */
};

/*
 * The field's body, folded or not.  ERR_PARSE: it is malformed; what stood
 * before the place is not kept either, for half of such a line may say the
 * opposite of all of it.
 */
int auth_results_read(const char *text, size_t len,
                      struct auth_results *results, struct err *err);

#endif
