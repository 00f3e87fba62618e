/*
 * alpn - does this server speak HTTP/2, and nothing else?
 *
 * HTTP/1.1 fails in many ways at one who does not speak it, and a server that
 * is out of order fails alike.  The TLS handshake tells them apart: which of
 * the protocols we named did the server agree to (RFC 7301)?  A server that
 * agreed to HTTP/1.1 has it.  At another the transfer is begun again with
 * HTTP/2 named too, and goes on only when the server agrees to that
 * (https_post.c).  So nobody gets a report twice in a row by this.
 *
 * libcurl says what was agreed on in its debug output alone.
 */
#ifndef TLSTALLY_DELIVER_ALPN_H
#define TLSTALLY_DELIVER_ALPN_H

#include <stdbool.h>

#include <curl/curl.h>

/* What the server agreed to when the transfer connected; on a connection that
 * was used before nothing is heard. */
struct alpn {
	bool http1;
	bool h2;
};

/* From now on, for each transfer of this handle. */
void alpn_hear(struct alpn *alpn, CURL *easy);

/* Can a transfer be made to depend on what is agreed to?  Not with a libcurl
 * older than 7.80 or built without HTTP/2. */
bool alpn_can_h2(void);

/* Of the next transfer: with HTTP/2 or HTTP/1.1 alone, on a new connection or
 * any. */
void alpn_use(struct alpn *alpn, CURL *easy, bool is_h2, bool is_new);

#endif
