/*
 * curl_easy - what each libcurl handle of ours is told alike
 *
 * Of a handle for mail only the second.
 */
#ifndef TLSTALLY_BASE_CURL_EASY_H
#define TLSTALLY_BASE_CURL_EASY_H

#include <stdbool.h>

#include <curl/curl.h>

/* Only https:// (and http:// where the caller says so), also after a
 * redirect. */
void curl_only_https(CURL *easy, bool http_too);

/*
 * Whoever is in this file (PEM), and nobody else: libcurl alone would trust
 * the system's directory beside it.  NULL and "": the system's list.
 */
void curl_trust(CURL *easy, const char *ca_file);

#endif
