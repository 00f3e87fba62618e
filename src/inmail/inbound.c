#include "inmail/inbound.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"

/* As SSL_get_version(3) says it. */
static const struct {
	const char *name;
	enum inbound_tls tls;
} versions[] = {
	{"TLSv1.3", INBOUND_TLS13}, {"TLSv1.2", INBOUND_TLS12},
	{"TLSv1.1", INBOUND_TLS11}, {"TLSv1.0", INBOUND_TLS10},
	{"TLSv1", INBOUND_TLS10},   {"SSLv3", INBOUND_SSL3},
};

bool inbound_is_weak(enum inbound_tls tls)
{
	return tls <= INBOUND_TLS11;
}

bool inbound_came_weak(const struct inbound *inbound)
{
	return inbound->client != INBOUND_FILTERED &&
	       inbound_is_weak(inbound->tls);
}

static bool given(const char *macro)
{
	return macro != NULL && macro[0] != '\0';
}

static enum inbound_tls version_of(const char *text)
{
	if (!given(text))
		return INBOUND_CLEAR;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (strcasecmp(text, versions[i].name) == 0)
			return versions[i].tls;
	return INBOUND_TLS_OTHER;
}

/* Sendmail gives {verify}; Postfix does not, and names the subject only of a
 * certificate that it trusts (smtpd_milter.c, IF_TRUSTED). */
static enum inbound_certificate
certificate_of(const struct inbound_macros *macros)
{
	if (given(macros->verify)) {
		if (strcasecmp(macros->verify, "OK") == 0)
			return INBOUND_CERT_VERIFIED;
		if (strcasecmp(macros->verify, "FAIL") == 0 ||
		    given(macros->cert_subject))
			return INBOUND_CERT_UNVERIFIED;
		return INBOUND_CERT_NONE;
	}
	return given(macros->cert_subject) ? INBOUND_CERT_VERIFIED
	                                   : INBOUND_CERT_NONE;
}

static uint16_t bits_of(const char *text)
{
	unsigned bits = 0;

	if (!given(text))
		return 0;
	for (; ascii_is_digit(*text); text++) {
		bits = bits * 10 + (unsigned)(*text - '0');
		if (bits > UINT16_MAX)
			return 0;
	}
	return *text == '\0' ? (uint16_t)bits : 0;
}

/* A cipher's name is its library's; what is not printable did not come from
 * there. */
static void set_cipher(char out[INBOUND_CIPHER_TEXT], const char *text)
{
	size_t len = 0;

	for (; given(text) && len < INBOUND_CIPHER_TEXT - 1; text++)
		out[len++] = *text > ' ' && *text <= '~' ? *text : '?';
	out[len] = '\0';
}

void inbound_set(struct inbound *inbound, const struct inbound_macros *macros,
                 enum inbound_client client)
{
	inbound->client = given(macros->auth_type) || given(macros->auth_authen)
	                          ? INBOUND_AUTHENTICATED
	                          : client;
	inbound->other_senders = false;
	inbound->tls = version_of(macros->tls_version);
	inbound->certificate = INBOUND_CERT_NONE;
	inbound->bits = 0;
	inbound->cipher[0] = '\0';
	if (inbound->tls == INBOUND_CLEAR)
		return;
	inbound->certificate = certificate_of(macros);
	inbound->bits = bits_of(macros->cipher_bits);
	set_cipher(inbound->cipher, macros->cipher);
}
