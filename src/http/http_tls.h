/*
 * http_tls - the certificate that is shown, and its key
 *
 * A certificate is renewed while the server runs: whoever renews it renames
 * new files over the old ones.  From then on new connections get the new one,
 * and those that are under way keep theirs.  Two files do not change at one
 * moment, so a pair that does not belong together is no fault yet: the old one
 * is kept until the new one is whole.
 *
 * libmicrohttpd asks in each handshake by GnuTLS's callback.
 */
#ifndef TLSTALLY_HTTP_HTTP_TLS_H
#define TLSTALLY_HTTP_HTTP_TLS_H

#include <stdbool.h>

#include <gnutls/abstract.h>

#include "base/clock.h"
#include "base/err.h"

struct http_tls;

/* Reads both files; ERR_IO: not, or they do not belong together. */
int http_tls_open(struct http_tls **tls, const char *cert, const char *key,
                  struct clock *clock, struct err *err);
/* When nobody shakes hands any more. */
void http_tls_free(struct http_tls **tls);

/* Looks whether the files are others, a few times a minute, whoever often it is
 * called; from one thread.  1: there is a new certificate.  Negative: it cannot
 * be used for a while now; said once of a pair of files. */
int http_tls_refresh(struct http_tls *tls, struct err *err);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK, which has no argument of its own: of the
 * one that is open. */
int http_tls_choose(gnutls_session_t session, const gnutls_datum_t *authorities,
                    int authority_count, const gnutls_pk_algorithm_t *keys,
                    int key_count, gnutls_pcert_st **certs,
                    unsigned int *cert_count, gnutls_privkey_t *key);

#endif
