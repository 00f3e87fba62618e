/*
 * curl_easy - what each libcurl handle of ours is told alike
 *
 * Of a handle for mail only curl_trust() and the words.
 */
#ifndef TLSTALLY_BASE_CURL_EASY_H
#define TLSTALLY_BASE_CURL_EASY_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

/* Only https:// (and http:// where the caller says so), also after a
 * redirect. */
void curl_only_https(CURL *easy, bool http_too);

/*
 * Whoever is in this file (PEM), and nobody else: libcurl alone would trust
 * the system's directory beside it.  NULL and "": the system's list.
 */
void curl_trust(CURL *easy, const char *ca_file);

/*
 * Why a transfer failed, for people: what curl wrote into the handle's
 * CURLOPT_ERRORBUFFER ("SSL certificate problem: certificate has expired"),
 * else its general words for the code ("SSL peer certificate was not OK").
 * Parts of that are a stranger's: out is printable.  Returns out.
 */
const char *curl_words(const char *buffer, CURLcode result, char *out,
                       size_t room);

#endif
