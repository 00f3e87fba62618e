#include "base/curl_easy.h"

#include <string.h>

#include "base/utf8.h"

void curl_only_https(CURL *easy, bool http_too)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	const char *names = http_too ? "https,http" : "https";

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, names);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, names);
#else
	long bits = CURLPROTO_HTTPS | (http_too ? CURLPROTO_HTTP : 0);

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, bits);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, bits);
#endif
}

void curl_trust(CURL *easy, const char *ca_file)
{
	if (ca_file == NULL || ca_file[0] == '\0')
		return;
	curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

const char *curl_words(const char *buffer, CURLcode result, char *out,
                       size_t room)
{
	const char *words =
		buffer[0] != '\0' ? buffer : curl_easy_strerror(result);

	return utf8_show(out, room, words, strlen(words));
}
