/*
 * curl_handle - what each libcurl handle of ours is told alike
 *
 * Nothing of the environment decides where we go: no proxy, no netrc.  No
 * signals, sockets closed on exec, and a name server that does not answer does
 * not hold up the end of a transfer.  HTTP has more (base/http_transfer.h).
 */
#ifndef TLSTALLY_BASE_CURL_HANDLE_H
#define TLSTALLY_BASE_CURL_HANDLE_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

CURL *curl_handle_new(void);

/*
 * Shall the server's certificate be verified, and by whose word?  Whoever is in
 * this file (PEM), and nobody else: libcurl alone would trust the system's
 * directory beside it.  NULL and "": the system's list, the file where there is
 * one, which is read again after an hour.
 */
void curl_handle_verify(CURL *easy, bool verify, const char *ca_file);

/* A socket that no child inherits, for CURLOPT_OPENSOCKETFUNCTION. */
curl_socket_t curl_handle_open_socket(void *arg, curlsocktype purpose,
                                      struct curl_sockaddr *address);

/*
 * Why a transfer failed, for people: what curl wrote into the handle's
 * CURLOPT_ERRORBUFFER ("SSL certificate problem: certificate has expired"),
 * else its general words for the code ("SSL peer certificate was not OK").
 * Parts of that are a stranger's: out is printable.  Returns out.
 */
const char *curl_handle_words(const char *buffer, CURLcode result, char *out,
                              size_t room);

#endif
