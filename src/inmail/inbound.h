/*
 * inbound - how a message came in: TLS or clear text
 *
 * What Postfix tells a milter in macros ({tls_version}, {cipher},
 * {cipher_bits}, {cert_subject}, {verify}, {auth_type}) in one normal form.
 * Counted by day, by the recipient's domain (ours) and by the domain of the
 * envelope sender: it tells a domain owner who still delivers without TLS
 * before he goes to MTA-STS enforce.
 */
#ifndef TLSTALLY_INMAIL_INBOUND_H
#define TLSTALLY_INMAIL_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/domain.h"
#include "words/words.h"

enum { INBOUND_CIPHER_TEXT = 64 };

struct inbound {
	char sender[DOMAIN_TEXT]; /* canonical; "" for <>, and for the fold */
	enum inbound_client client;
	enum inbound_tls tls;
	enum inbound_certificate certificate;
	uint16_t bits;
	char cipher[INBOUND_CIPHER_TEXT]; /* "" in clear text */
	bool other_senders;               /* the row that holds what is past
	                                     the cap */
};

/* Clear text, or older than TLS 1.2 (RFC 8996). */
bool inbound_is_weak(enum inbound_tls tls);
/* Did it come in so?  Of what a filter handed back nobody knows. */
bool inbound_came_weak(const struct inbound *inbound);

/* The macros as Postfix gives them; NULL for one that it did not give. */
struct inbound_macros {
	const char *tls_version; /* "TLSv1.3" */
	const char *cipher;
	const char *cipher_bits;
	const char *cert_subject;
	const char *verify; /* "OK", "FAIL", "NO", "NONE" */
	const char *auth_type;
	const char *auth_authen;
};
/* `client` as its address says. */
void inbound_set(struct inbound *inbound, const struct inbound_macros *macros,
                 enum inbound_client client);

#endif
